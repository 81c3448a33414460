"""What a contract's query can read, from DuckDB's own parser: columns, files and settings."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator
from functools import cache
from typing import Any

import duckdb

# Other table functions may run text as a query, or name columns by text.
_TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest"})

_READS_OUTSIDE = re.compile(
    r"(read|parquet|duckdb|pragma|sniff)_\w+|\w+_scan|glob|which_secret|current_setting|getenv|getvariable",
    re.IGNORECASE,
)

Node = dict[str, Any]


def outside(query: str, tables: Collection[str]) -> str | None:
    """The first function or table in the query that is not one of these tables, but a file, a setting or a table of
    DuckDB's own; None if there is none.
    """
    try:
        nodes = list(_nodes(json.loads(_serialized(query))))
    except (duckdb.Error, ValueError, RecursionError):
        return None  # planning says what is wrong
    functions = [str(node["function_name"]) for node in nodes if node.get("class") == "FUNCTION"]
    if function := next((name for name in functions if _READS_OUTSIDE.fullmatch(name)), None):
        return function
    own = {name.casefold() for name in (*tables, *(str(node.get("key")) for node in nodes))}  # a key names a CTE
    read = [str(node["table_name"]) for node in nodes if node.get("type") == "BASE_TABLE"]
    return next((name for name in read if name.casefold() not in own), None)


def reads_only(query: str, is_open: Callable[[str], bool]) -> bool:
    """Whether the query reads no values but those of the columns that `is_open` accepts.

    False if this is not certain: for a reference to a whole row, a `*` (except in `count(*)`), a renamed, numbered or
    unpivoted column, and a query that DuckDB cannot parse.
    """
    try:
        parsed = json.loads(_serialized(query))
        nodes = list(_nodes(parsed))
    except (duckdb.Error, ValueError, RecursionError):
        return False
    if parsed["error"] or any(_renames(node) for node in nodes):
        return False
    relations = {name.casefold() for node in nodes for name in _relation_names(node)}
    aliases = {node["alias"].casefold() for node in nodes if "class" in node and node.get("alias")}
    references = [node["column_names"] for node in nodes if node.get("class") == "COLUMN_REF"]

    def is_safe(names: list[str]) -> bool:
        column = next((name for name in names if name.casefold() not in relations), None)
        return column is not None and (is_open(column) or (column.casefold() in aliases and len(names) == 1))

    return all(map(is_safe, references))


@cache
def _serialized(query: str) -> str:
    with _parser().cursor() as connection:
        row = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [query]).fetchone()
    return "" if row is None else str(row[0])


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    """An empty database that only parses. It is shared, because opening one costs 20 times as much as parsing."""
    return duckdb.connect(config={"threads": 1})


def _nodes(value: Any) -> Iterator[Node]:
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _nodes(part)


def _renames(node: Node) -> bool:
    """Whether the node gives columns other names, or reads them without their names."""
    if node.get("column_name_alias") or node.get("aliases"):
        return True
    if node.get("type") == "TABLE_FUNCTION":
        return node["function"]["function_name"] not in _TABLE_FUNCTIONS
    return node.get("type") in {"STAR", "PIVOT", "POSITIONAL_REFERENCE", "SHOW_REF"}


def _relation_names(node: Node) -> Iterator[str]:
    if "class" not in node:
        yield from (node[field] for field in ("alias", "table_name") if isinstance(node.get(field), str))
    if node.get("type") == "TABLE_FUNCTION":
        yield node["function"]["function_name"]
