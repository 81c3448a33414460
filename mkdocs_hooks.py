"""Hooks of `make docs`: GitHub begins a list after any line, Python-Markdown only after an empty one."""

from __future__ import annotations

import re

_FENCE = re.compile(r"\s*(```|~~~)")
_ITEM = re.compile(r"([-*]|\d+\.) ")


def on_page_markdown(markdown: str, **_: object) -> str:
    """The page with an empty line before each list that follows a line of text."""
    lines: list[str] = []
    is_code = False
    for line in markdown.split("\n"):
        is_code ^= _FENCE.match(line) is not None
        before = lines[-1] if lines else ""
        if not is_code and _ITEM.match(line) and before.strip() and not (_ITEM.match(before) or before[0] == " "):
            lines.append("")
        lines.append(line)
    return "\n".join(lines)
