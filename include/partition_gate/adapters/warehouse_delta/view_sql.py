"""SQL of one table's view over an explicit list of files, and of its comments."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from partition_gate.adapters.tables.sql import cast, type_name
from partition_gate.core.quoting import identifier, text_literal
from partition_gate.core.record import canonical_json
from partition_gate.core.table import TableColumn, TableSchema


def view(table: TableSchema, root: str, columns_of: Mapping[str, str]) -> str:
    """The view over the files below `root`. `columns_of`: path -> columns (canonical JSON of names and types).

    Files with the same columns are read together, so that no file is opened to find out its columns.
    """
    return f"CREATE OR REPLACE VIEW {identifier(table.name)} AS {rows(table, root, columns_of)}"


def rows(table: TableSchema, root: str, columns_of: Mapping[str, str]) -> str:
    """The SELECT of the view: the rows of these files as consumers see them."""
    by_columns: dict[str, list[str]] = {}
    for path, columns in columns_of.items():
        by_columns.setdefault(columns, []).append(path)
    selects = [_select(table, columns, _file_list(root, paths)) for columns, paths in by_columns.items()]
    return " UNION ALL ".join(selects) or _no_rows(table)


def comments(table: TableSchema) -> Iterator[str]:
    """One statement per description of the view and its columns."""
    name = identifier(table.name)
    if table.description:
        yield f"COMMENT ON VIEW {name} IS {text_literal(table.description)}"
    for column in _all(table):
        if column.description:
            yield f"COMMENT ON COLUMN {name}.{identifier(column.name)} IS {text_literal(column.description)}"


def columns_text(columns: Sequence[tuple[str, str]]) -> str:
    """A file's columns as text; equal columns have equal texts."""
    return canonical_json(columns)


def _file_list(root: str, paths: Sequence[str]) -> str:
    """A list of files as SQL. Whenever DuckDB opens the file that contains the view, it parses every literal of the
    view, even to read another view. So the whole list is one literal, and the common root another.
    """
    separator = next(mark for mark in "\n\t\r\x1f" if not any(mark in path for path in (root, *paths)))
    names, start, mark = text_literal(separator.join(paths)), text_literal(f"{root}/"), f"chr({ord(separator)})"
    return f"string_split({start} || replace({names}, {mark}, {mark} || {start}), {mark})"


def _select(table: TableSchema, columns: str, files: str) -> str:
    """The table's columns from files with the same columns; a missing column is its default, or null."""
    present = {name for name, _ in json.loads(columns)} | {column.name for column in table.partition_columns}
    cells = (_cell(column, _name_in_file(column, present)) for column in _all(table))
    return f"SELECT {', '.join(cells)} {_source(table, files)}"


def _no_rows(table: TableSchema) -> str:
    return f"SELECT {', '.join(_cell(column, None) for column in _all(table))} WHERE false"


def _all(table: TableSchema) -> tuple[TableColumn, ...]:
    return (*table.columns, *table.partition_columns)


def _name_in_file(column: TableColumn, present: set[str]) -> str | None:
    return next((identifier(name) for name in (column.name, *column.formerly) if name in present), None)


def _cell(column: TableColumn, expression: str | None) -> str:
    absent = "NULL" if column.default is None else text_literal(column.default)
    return f"{cast(expression or absent, column.type)} AS {identifier(column.name)}"


def _source(table: TableSchema, files: str) -> str:
    types = ", ".join(f"{text_literal(c.name)}: {text_literal(type_name(c.type))}" for c in table.partition_columns)
    hive = f", hive_types = {{{types}}}" if types else ""
    return f"FROM read_parquet({files}, hive_partitioning = {bool(types)}{hive})"
