"""The texts that a draft leaves for a person to replace: they explain a guess, and tell readers nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

GUESS, TO_DO = "Guess:", "To do:"
_LEFT = re.compile(rf"\s*(?:{GUESS}|{TO_DO})", re.IGNORECASE)


def is_draft_text(text: object) -> bool:
    """Whether a text is one that `gate init` wrote for the author."""
    return isinstance(text, str) and bool(_LEFT.match(text))


def stated(text: str | None) -> str:
    """A text for readers (comments of tables, exports, pages, reports): empty if it is that of a draft."""
    return "" if text is None or is_draft_text(text) else text


def places_of_draft_texts(node: Any, at: str = "") -> Iterator[str]:
    """The places of the texts of a draft in a document, in the file's order."""
    if isinstance(node, Mapping):
        for key, child in node.items():
            yield from places_of_draft_texts(child, f"{at}.{key}" if at else str(key))
    elif isinstance(node, list):
        for i, child in enumerate(node):
            yield from places_of_draft_texts(child, f"{at}[{i}]")
    elif is_draft_text(node):
        yield at
