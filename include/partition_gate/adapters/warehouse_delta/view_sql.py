"""The SQL of one table's view over an explicit list of files, and of its comments."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from partition_gate.adapters.warehouse_delta.sql import cast, type_name
from partition_gate.core.quoting import identifier, text_literal
from partition_gate.core.record import canonical_json
from partition_gate.core.table import TableColumn, TableSchema


def view(table: TableSchema, root: str, columns_of: Mapping[str, str]) -> str:
    """The view over the files below `root`, each with the columns that it holds (canonical JSON of name and type).

    Files that hold the same columns are read together, so that no file is opened to learn what it holds.
    """
    alike: dict[str, list[str]] = {}
    for path, columns in columns_of.items():
        alike.setdefault(columns, []).append(path)
    selects = [_select(table, columns, _file_list(root, paths)) for columns, paths in alike.items()]
    return f"CREATE OR REPLACE VIEW {identifier(table.name)} AS {' UNION ALL '.join(selects) or _no_rows(table)}"


def comments(table: TableSchema) -> Iterator[str]:
    """One statement for each description, of the view and of its columns."""
    name = identifier(table.name)
    if table.description:
        yield f"COMMENT ON VIEW {name} IS {text_literal(table.description)}"
    for column in _all(table):
        if column.description:
            yield f"COMMENT ON COLUMN {name}.{identifier(column.name)} IS {text_literal(column.description)}"


def columns_text(columns: Sequence[tuple[str, str]]) -> str:
    """What a file holds, as one text that is the same for the same columns."""
    return canonical_json(columns)


def _file_list(root: str, paths: Sequence[str]) -> str:
    """A list of files as SQL. DuckDB builds an expression of each literal whenever it opens the file that holds the
    view, even to read another one. So the list is one literal, and the root, which all share, another.
    """
    separator = next(mark for mark in "\n\t\r\x1f" if not any(mark in path for path in (root, *paths)))
    names, start, mark = text_literal(separator.join(paths)), text_literal(f"{root}/"), f"chr({ord(separator)})"
    return f"string_split({start} || replace({names}, {mark}, {mark} || {start}), {mark})"


def _select(table: TableSchema, columns: str, files: str) -> str:
    """The table's columns from files that hold the same ones; what they lack is its default, or null."""
    held = {name for name, _ in json.loads(columns)} | {column.name for column in table.partition_columns}
    cells = (_cell(column, _held_as(column, held)) for column in _all(table))
    return f"SELECT {', '.join(cells)} {_source(table, files)}"


def _no_rows(table: TableSchema) -> str:
    return f"SELECT {', '.join(_cell(column, None) for column in _all(table))} WHERE false"


def _all(table: TableSchema) -> tuple[TableColumn, ...]:
    return (*table.columns, *table.partition_columns)


def _held_as(column: TableColumn, held: set[str]) -> str | None:
    return next((identifier(name) for name in (column.name, *column.formerly) if name in held), None)


def _cell(column: TableColumn, expression: str | None) -> str:
    absent = "NULL" if column.default is None else text_literal(column.default)
    return f"{cast(expression or absent, column.type)} AS {identifier(column.name)}"


def _source(table: TableSchema, files: str) -> str:
    types = ", ".join(f"{text_literal(c.name)}: {text_literal(type_name(c.type))}" for c in table.partition_columns)
    hive = f", hive_types = {{{types}}}" if types else ""
    return f"FROM read_parquet({files}, hive_partitioning = {bool(types)}{hive})"
