"""Slack's rules for messages and its error codes. Source: docs.slack.dev, Block Kit reference and chat.postMessage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

_Json = Mapping[str, object]
_BLOCK_KEYS = {
    "header": {"type", "block_id", "text", "level"},
    "section": {"type", "block_id", "text", "fields", "accessory", "expand"},
    "context": {"type", "block_id", "elements"},
    "actions": {"type", "block_id", "elements"},
    "divider": {"type", "block_id"},
}
_BUTTON_KEYS = {"type", "text", "action_id", "url", "value", "style", "confirm", "accessibility_label"}


class Refused(Exception):  # named by what happened
    """Slack refuses a call; the message is Slack's error code."""


def check_post(arguments: _Json) -> None:
    """Raises: Refused, if Slack would answer `ok: false`."""
    blocks, text = arguments.get("blocks"), arguments.get("text")
    _require(bool(blocks) or bool(text), "no_text")
    _require(len(str(text or "")) <= 40_000, "msg_too_long")
    if blocks is not None:
        _require(isinstance(blocks, list), "invalid_blocks_format")
        _check_blocks(list(blocks) if isinstance(blocks, list) else [])
    if (metadata := arguments.get("metadata")) is not None:
        _check_metadata(metadata)


def _check_blocks(blocks: list[object]) -> None:
    _require(len(blocks) <= 50, "invalid_blocks")
    action_ids: list[object] = []
    total = 0
    for block in blocks:
        known = _mapping(block)
        check = _CHECKS.get(str(known.get("type")))
        _require(check is not None and set(known) <= _BLOCK_KEYS[str(known["type"])], "invalid_blocks")
        if check is not None:
            check(known)
        total += len(str(known))
        action_ids += [_mapping(element).get("action_id") for element in _elements(known, "elements")]
    named = [action_id for action_id in action_ids if action_id]
    _require(len(named) == len(set(named)), "invalid_blocks")
    _require(total <= 13_000 * 2, "msg_blocks_too_long")


def _check_metadata(metadata: object) -> None:
    known = _mapping(metadata)
    _require(isinstance(known.get("event_type"), str), "invalid_metadata_format")
    _require(isinstance(known.get("event_payload"), dict), "invalid_metadata_format")


def _header(block: _Json) -> None:
    _check_text(block.get("text"), kinds={"plain_text"}, longest=150)


def _section(block: _Json) -> None:
    _require("text" in block or "fields" in block, "invalid_blocks")
    if "text" in block:
        _check_text(block["text"], kinds={"plain_text", "mrkdwn"}, longest=3000)
    if "fields" in block:
        fields = _elements(block, "fields")
        _require(1 <= len(fields) <= 10, "invalid_blocks")
        for field in fields:
            _check_text(field, kinds={"plain_text", "mrkdwn"}, longest=2000)


def _context(block: _Json) -> None:
    elements = _elements(block, "elements")
    _require(1 <= len(elements) <= 10, "invalid_blocks")
    for element in elements:
        _check_text(element, kinds={"plain_text", "mrkdwn"}, longest=3000)


def _actions(block: _Json) -> None:
    elements = _elements(block, "elements")
    _require(1 <= len(elements) <= 25, "invalid_blocks")
    for element in elements:
        button = _mapping(element)
        _require(button.get("type") == "button" and set(button) <= _BUTTON_KEYS, "invalid_blocks")
        _check_text(button.get("text"), kinds={"plain_text"}, longest=75)
        _require(button.get("style", "primary") in {"primary", "danger"}, "invalid_blocks")
        _require(len(str(button.get("action_id", ""))) <= 255, "invalid_blocks")
        _require("action_id" in button or "url" in button, "invalid_blocks")
        _check_url(button.get("url"))


def _divider(_block: _Json) -> None:
    """Nothing to check."""


def _check_url(url: object) -> None:
    if url is not None:
        parts = urlsplit(str(url))
        _require(len(str(url)) <= 3000 and parts.scheme in {"http", "https"} and bool(parts.netloc), "invalid_blocks")


def _check_text(value: object, *, kinds: set[str], longest: int) -> None:
    text = _mapping(value)
    kind = str(text.get("type"))
    own = "emoji" if kind == "plain_text" else "verbatim"
    _require(kind in kinds and set(text) <= {"type", "text", own}, "invalid_blocks")
    _require(1 <= len(str(text.get("text", ""))) <= longest, "invalid_blocks")


def _elements(block: _Json, name: str) -> list[object]:
    elements = block.get(name, [])
    _require(isinstance(elements, list), "invalid_blocks")
    return list(elements) if isinstance(elements, list) else []


def _mapping(value: object) -> _Json:
    _require(isinstance(value, dict), "invalid_blocks")
    return value if isinstance(value, dict) else {}


def _require(holds: bool, code: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise Refused(code)


_CHECKS: dict[str, Callable[[_Json], None]] = {
    "header": _header,
    "section": _section,
    "context": _context,
    "actions": _actions,
    "divider": _divider,
}
