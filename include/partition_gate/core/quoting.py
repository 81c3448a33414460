"""Quoting for SQL: the only place that quotes names and texts."""

from __future__ import annotations


def identifier(name: str) -> str:
    """A quoted name."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(text: str) -> str:
    """A quoted text. Backslashes are plain characters, as in the SQL standard and DuckDB."""
    return "'" + text.replace("'", "''") + "'"
