"""SQL text for consumers' views. DDL cannot bind values, so these functions quote identifiers and literals."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from partition_gate.core.quoting import text_literal


def literals(texts: Iterable[str]) -> str:
    return "[" + ", ".join(text_literal(text) for text in texts) + "]"


def type_name(declared: str) -> str:
    """DuckDB's own spelling of a type. Parsing it ensures that the text is nothing but a type."""
    return str(duckdb.sqltype(declared))


def cast(expression: str, declared: str) -> str:
    return f"CAST({expression} AS {type_name(declared)})"
