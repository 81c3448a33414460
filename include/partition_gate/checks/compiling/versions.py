"""The published table of a contract with several versions: every partition has the current names and types."""

from __future__ import annotations

from collections.abc import Sequence

from partition_gate.checks.compiling.compiler import table_schema
from partition_gate.contract.model import Dataset
from partition_gate.contract.versions import matching_columns
from partition_gate.core.table import TableColumn, TableSchema


def published_table(version: Dataset, newer: Sequence[Dataset]) -> TableSchema:
    """How rows of a version are published: its own columns, each with its current name and type.

    `newer` are the versions after it, oldest first. A removed column keeps the name and type of the last version that
    had it. Columns that were added later are not in these files: readers see null or the default.
    """
    own = table_schema(version)
    tables = [(newer_version, _by_name(table_schema(newer_version))) for newer_version in reversed(newer)]
    columns = []
    for column in own.columns:
        matches = ((matching_columns(version, other).get(column.name), by_name) for other, by_name in tables)
        newest = next((by_name[match.name] for match, by_name in matches if match), column)
        columns.append(_with_current_form(column, newest))
    current = table_schema(newer[-1]) if newer else own
    return current.model_copy(update={"columns": tuple(columns)})


def with_former_names(table: TableSchema, current: Dataset, earlier: Sequence[Dataset]) -> TableSchema:
    """The current table with the former names of its columns: files that were published before still use them."""
    former: dict[str, list[str]] = {}
    for version in reversed(earlier):
        for name, column in matching_columns(version, current).items():
            former.setdefault(column.name, []).append(name)
    return table.model_copy(
        update={"columns": tuple(_with_names(column, former.get(column.name, ())) for column in table.columns)}
    )


def _with_names(column: TableColumn, names: Sequence[str]) -> TableColumn:
    formerly = tuple(dict.fromkeys(name for name in names if name != column.name))
    return column.model_copy(update={"formerly": formerly}) if formerly else column


def _by_name(table: TableSchema) -> dict[str, TableColumn]:
    return {column.name: column for column in (*table.columns, *table.partition_columns)}


def _with_current_form(column: TableColumn, newest: TableColumn) -> TableColumn:
    return newest.model_copy(update={"source": column.source, "classified": column.classified or newest.classified})
