"""Names and texts as SQL: the only place that quotes them."""

from __future__ import annotations


def identifier(name: str) -> str:
    """A quoted name."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(text: str) -> str:
    """A text between quotes. Backslashes are plain characters, as the standard and DuckDB have it."""
    return "'" + text.replace("'", "''") + "'"
