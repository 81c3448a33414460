"""A preview of a Slack message: Block Kit JSON as a safe HTML fragment (style: presentation/static/slack.css).

The JSON is untrusted: every text is escaped, only http, https and relative addresses become links, and mentions are
marked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from html import escape
from urllib.parse import urlsplit

from partition_gate.alerts.slack_blocks import ZERO_WIDTH_SPACE, clean
from partition_gate.core.display import escaped

_DOTS = {"\U0001f534": "red", "\U0001f7e0": "orange", "\U0001f7e1": "yellow", "\u26aa": "white"}
# Drawn with CSS and letters, because not every machine has a font with these emoji.
_LETTERS = {"\u2705": ("green", "\u2713"), "\U0001f440": ("white", "\u25c9"), "\U0001f515": ("white", "\u2298")}
_MARK = re.compile("|".join([*_DOTS, *_LETTERS]))
_TOKEN = re.compile(r"```(?P<fence>.+?)```|`(?P<code>[^`\n]+)`|<(?P<angle>[^<>\n]+)>", re.DOTALL)
_STYLE = re.compile(r"(?<![\w*_~])([*_~])(?=\S)([^*_~\n]+)(?<=\S)\1(?![\w*_~])")
_STYLE_TAGS = {"*": "strong", "_": "em", "~": "s"}
_MENTIONS = {"!": "@", "@": "@", "#": "#"}


def preview(blocks: str) -> str:
    """An HTML fragment `<div class="slack-message">`; it says so if the text is not a list of blocks."""
    try:
        parsed = json.loads(blocks)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, list):
        return '<div class="slack-message"><p class="slack-unknown">This message has no readable blocks.</p></div>'
    html = f'<div class="slack-message">{"".join(_block(block) for block in parsed)}</div>'
    return html.encode("utf-8", "replace").decode()  # JSON may contain half a surrogate pair, but a page must not


def safe_address(url: str) -> str | None:
    """The address if it is a safe link target (http, https, or a path on this site), else None."""
    if url != clean(url, limit=3000) or "\\" in url or " " in url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    is_path = not parts.scheme and not parts.netloc and bool(url) and not url.startswith("//")
    return url if is_web or is_path else None


def mrkdwn(text: str) -> str:
    """Slack's mrkdwn as HTML: code, links, bold, italic, strike and line breaks."""
    html, position = [], 0
    for token in _TOKEN.finditer(text):
        html.append(_styled(text[position : token.start()]))
        html.append(_token(token))
        position = token.end()
    return "".join([*html, _styled(text[position:])])


def _token(token: re.Match[str]) -> str:
    if fence := token["fence"]:
        return f"<pre>{_text(fence)}</pre>"
    if code := token["code"]:
        return f"<code>{_text(code)}</code>"
    target, _, label = token["angle"].partition("|")
    if sign := _MENTIONS.get(target[0]):
        return f'<span class="slack-mention">{sign}{_text(label or target[1:])}</span>'
    address = safe_address(_unescaped(target))
    return _link(address, _text(label or target)) if address else _text(label or target)


def _styled(text: str) -> str:
    html = _text(text)
    return _STYLE.sub(lambda m: f"<{_STYLE_TAGS[m[1]]}>{m[2]}</{_STYLE_TAGS[m[1]]}>", html).replace("\n", "<br>")


def _text(text: str) -> str:
    return _visible(_unescaped(text))


def _visible(text: str) -> str:
    """The text for a page, with control characters and bidirectional marks shown as escapes.

    A zero-width space is ours: it keeps Slack from reading markup, and would be in every name that people copy.
    """
    return _MARK.sub(_mark, escape(escaped(text.replace(ZERO_WIDTH_SPACE, ""), but="\n\t")))


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _link(address: str, label: str, style: str = "") -> str:
    return f'<a{style} href="{escape(address)}" rel="noopener noreferrer">{label}</a>'


def _text_object(value: object) -> str:
    match value:
        case {"type": "mrkdwn", "text": str(text)}:
            return mrkdwn(text)
        case {"type": "plain_text", "text": str(text)}:
            return _visible(text).replace("\n", "<br>")
        case {"type": "image", "alt_text": str(text)}:
            return _visible(text)
        case _:
            return ""


def _header(block: Mapping[str, object]) -> str:
    return f'<h3 class="slack-header">{_text_object(block.get("text"))}</h3>'


def _mark(match: re.Match[str]) -> str:
    if colour := _DOTS.get(match.group()):
        return f'<span class="slack-dot slack-dot-{colour}" aria-hidden="true"></span>'
    colour, letter = _LETTERS[match.group()]
    return f'<span class="slack-mark slack-mark-{colour}" aria-hidden="true">{letter}</span>'


def _section(block: Mapping[str, object]) -> str:
    text = _text_object(block.get("text"))
    fields = [f'<div class="slack-field">{_text_object(field)}</div>' for field in _listed(block.get("fields"))]
    html = f'<div class="slack-text">{text}</div>' if text else ""
    return html + (f'<div class="slack-fields">{"".join(fields)}</div>' if fields else "")


def _context(block: Mapping[str, object]) -> str:
    elements = [f"<span>{_text_object(element)}</span>" for element in _listed(block.get("elements"))]
    return f'<div class="slack-context">{"".join(elements)}</div>'


def _actions(block: Mapping[str, object]) -> str:
    return f'<div class="slack-actions">{"".join(_button(element) for element in _listed(block.get("elements")))}</div>'


def _button(element: object) -> str:
    if not isinstance(element, dict):
        return ""
    label = _text_object(element.get("text"))
    address = safe_address(str(element.get("url", "")))
    kind = " slack-primary" if element.get("style") == "primary" else ""
    style = f' class="slack-button{kind}"'
    return _link(address, label, style) if address else f"<span{style}>{label}</span>"


def _divider(_block: Mapping[str, object]) -> str:
    return '<hr class="slack-divider">'


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _block(block: object) -> str:
    renderer = _RENDERERS.get(str(block.get("type"))) if isinstance(block, dict) else None
    if renderer is None or not isinstance(block, dict):
        return '<p class="slack-unknown">This preview cannot show this block.</p>'
    return renderer(block)


_RENDERERS: dict[str, Callable[[Mapping[str, object]], str]] = {
    "header": _header,
    "section": _section,
    "context": _context,
    "actions": _actions,
    "divider": _divider,
}
