"""A message as plain text: Block Kit JSON as paragraphs, for the text part of an e-mail."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping

_ANGLE = re.compile(r"<([^<>\n]+)>")
# A zero width space before an asterisk says that it is text.
_BOLD = re.compile(r"(?<![\w*\u200b])\*(?=\S)([^*\n]+)(?<![\s\u200b])\*(?![\w*])")
_ZERO_WIDTH_SPACE = "\u200b"


def plain_text(blocks: str) -> str:
    """One paragraph for each block, without markup; empty if the text is not a list of blocks."""
    try:
        parsed = json.loads(blocks)
    except (ValueError, RecursionError):
        return ""
    listed = parsed if isinstance(parsed, list) else []
    paragraphs = (_paragraph(block) for block in listed if isinstance(block, dict))
    text = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
    return text.encode("utf-8", "replace").decode()  # JSON may contain half a surrogate pair


def _paragraph(block: Mapping[str, object]) -> str:
    lines = _LINES.get(str(block.get("type")))
    return "\n".join(line for line in lines(block) if line) if lines else ""


def _words(value: object) -> str:
    match value:
        case {"type": "mrkdwn", "text": str(text)}:
            return _without_markup(text)
        case {"type": "plain_text", "text": str(text)}:
            return text
        case _:
            return ""


def _without_markup(mrkdwn: str) -> str:
    shown = _ANGLE.sub(_link, _BOLD.sub(r"\1", mrkdwn)).replace("`", "").replace(_ZERO_WIDTH_SPACE, "")
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _link(match: re.Match[str]) -> str:
    target, _, label = match[1].partition("|")
    return f"{label} ({target})" if label else target


def _header(block: Mapping[str, object]) -> Iterator[str]:
    yield _words(block.get("text"))


def _section(block: Mapping[str, object]) -> Iterator[str]:
    yield _words(block.get("text"))
    for field in _listed(block.get("fields")):
        yield _words(field).replace("\n", ": ", 1)


def _context(block: Mapping[str, object]) -> Iterator[str]:
    yield " ".join(_words(element) for element in _listed(block.get("elements")))


def _actions(block: Mapping[str, object]) -> Iterator[str]:
    for element in _listed(block.get("elements")):
        if isinstance(element, dict) and element.get("url"):
            yield f"{_words(element.get('text'))}: {element['url']}"


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


_LINES: dict[str, Callable[[Mapping[str, object]], Iterator[str]]] = {
    "header": _header,
    "section": _section,
    "context": _context,
    "actions": _actions,
}
