"""Slack's Block Kit, built so that untrusted text can never become markup, a mention or a link.

The text of a `Section` is mrkdwn, built only with `plain`, `code` and `bold`; header, context and buttons are plain
text, which Slack shows unchanged. The limits are Slack's, except MAX_BLOCKS.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from urllib.parse import urlsplit

from partition_gate.core.record import Record

MAX_BLOCKS = 10
HEADER_LENGTH = 150
TEXT_LENGTH = 3000
FIELD_LENGTH = 2000
URL_LENGTH = 3000
MAX_FIELDS = 10
MAX_BUTTONS = 5
_LABEL_LENGTH = 75
_CUT = "\u2026"
ZERO_WIDTH_SPACE = "\u200b"
_ANGLE_QUOTES = str.maketrans({"<": "\u2039", ">": "\u203a"})
_MARKUP = re.compile(r"[*_~`]|:(?=[\w+'-]+:)")


class Header(Record):
    """One large plain line."""

    text: str


class Section(Record):
    """Lines of mrkdwn, then pairs of (label, mrkdwn value) in two columns."""

    lines: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()


class Context(Record):
    """One small plain line."""

    text: str


class Button(Record):
    """A link with a label."""

    label: str
    url: str


class Buttons(Record):
    """A row of links; the first is highlighted. At most one in a message: Slack wants unique ids of buttons."""

    buttons: tuple[Button, ...]


Block = Header | Section | Context | Buttons


def clean(text: str, *, limit: int = 200) -> str:
    """One line without control, bidirectional or invisible characters, cut to `limit` characters."""
    spaced = "".join(" " if character.isspace() else character for character in text)
    # Category C: control, format (bidirectional marks, zero width, tags), surrogates and unassigned.
    shown = "".join(character for character in spaced if unicodedata.category(character)[0] != "C")
    line = " ".join(shown.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + _CUT


def escape(text: str) -> str:
    """Slack's three escapes; without them `<!channel>` is a mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain(text: str, *, limit: int = 200) -> str:
    """The text as inert mrkdwn: a zero width space disables `* _ ~` and emoji colons."""
    return escape(_MARKUP.sub(lambda match: ZERO_WIDTH_SPACE + match.group(), clean(text, limit=limit)))


def code(text: str, *, limit: int = 200) -> str:
    """The text as a code span that can be copied exactly; only backticks are replaced."""
    return f"`{escape(clean(text, limit=limit).replace('`', chr(0x2019))) or '-'}`"


def bold(text: str) -> str:
    """The text in bold."""
    return f"*{plain(text)}*"


def block_kit(blocks: Sequence[Block]) -> str:
    """Block Kit JSON text of at most 10 blocks; text that exceeds Slack's limits is cut after a whole line.

    Empty sections, and buttons without an absolute http or https URL, are left out.
    """
    wired = [wire for block in blocks if (wire := _wire(block))]
    return json.dumps(wired[:MAX_BLOCKS], ensure_ascii=False)


def _wire(block: Block) -> dict[str, object] | None:
    match block:
        case Header(text=text):
            return {"type": "header", "text": _plain_text(text, limit=HEADER_LENGTH)}
        case Context(text=text):
            return {"type": "context", "elements": [_plain_text(text, limit=TEXT_LENGTH)]}
        case Buttons(buttons=buttons):
            return _actions(buttons)
        case Section(lines=lines, fields=fields):
            return _section(lines, fields)


def _section(lines: Sequence[str], fields: Sequence[tuple[str, str]]) -> dict[str, object] | None:
    wire: dict[str, object] = {"type": "section"}
    # Slack refuses a whole message because of one empty text or list.
    if text := fitting(lines).strip("\n"):
        wire["text"] = _mrkdwn(text)
    columns = [f"{bold(label)}\n{value}" for label, value in fields]
    if shown := [_mrkdwn(text) for text in columns if len(text) <= FIELD_LENGTH][:MAX_FIELDS]:
        wire["fields"] = shown
    return wire if len(wire) > 1 else None


def _actions(buttons: Sequence[Button]) -> dict[str, object] | None:
    shown = [button for button in buttons if _is_web_address(button.url)][:MAX_BUTTONS]
    elements: list[dict[str, object]] = [
        {
            "type": "button",
            "action_id": f"open_{position}",
            "text": _plain_text(button.label, limit=_LABEL_LENGTH),
            "url": button.url,
        }
        for position, button in enumerate(shown)
    ]
    if not elements:
        return None
    elements[0]["style"] = "primary"
    return {"type": "actions", "elements": elements}


def fitting(lines: Sequence[str], *, limit: int = TEXT_LENGTH) -> str:
    """As many whole lines as fit, so that no escape or code span is cut in the middle."""
    fitting_lines: list[str] = []
    room = limit - len(_CUT) - 1
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            return "\n".join([*fitting_lines, _CUT])
        fitting_lines.append(line)
    return "\n".join(fitting_lines)


def _plain_text(text: str, *, limit: int) -> dict[str, object]:
    # Angle quotes look similar and cannot become a mention, even if a client decodes escapes in plain text.
    inert = clean(text, limit=limit).translate(_ANGLE_QUOTES)
    return {"type": "plain_text", "text": inert or "-", "emoji": False}


def _mrkdwn(text: str) -> dict[str, object]:
    # verbatim: otherwise Slack turns bare addresses into links and bare names into mentions.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _is_web_address(url: str) -> bool:
    if len(url) > URL_LENGTH or url != clean(url, limit=URL_LENGTH) or " " in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
