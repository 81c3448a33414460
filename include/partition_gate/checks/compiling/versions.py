"""The published table of a contract with several versions: every partition in today's names and types."""

from __future__ import annotations

from collections.abc import Sequence

from partition_gate.checks.compiling.compiler import table_schema
from partition_gate.contract.model import Dataset
from partition_gate.contract.versions import columns_now
from partition_gate.core.table import TableColumn, TableSchema


def published_table(version: Dataset, newer: Sequence[Dataset]) -> TableSchema:
    """How rows of a version are published: its own columns, each under the name and type that it has now.

    `newer` are the versions after it, oldest first. A column that was removed keeps what the last version that had it
    said. Columns that were added later are not in these files: readers see null or their default.
    """
    own = table_schema(version)
    tables = [(each, _by_name(table_schema(each))) for each in reversed(newer)]
    columns = []
    for column in own.columns:
        found = (columns[now.name] for each, columns in tables if (now := columns_now(version, each).get(column.name)))
        columns.append(_as_now(column, next(found, column)))
    today = table_schema(newer[-1]) if newer else own
    return today.model_copy(update={"columns": tuple(columns)})


def with_former_names(table: TableSchema, today: Dataset, earlier: Sequence[Dataset]) -> TableSchema:
    """Today's table, whose columns know what they were called: files that were published before still say it."""
    former: dict[str, list[str]] = {}
    for version in reversed(earlier):
        for name, now in columns_now(version, today).items():
            former.setdefault(now.name, []).append(name)
    return table.model_copy(
        update={"columns": tuple(_with_names(column, former.get(column.name, ())) for column in table.columns)}
    )


def _with_names(column: TableColumn, names: Sequence[str]) -> TableColumn:
    formerly = tuple(dict.fromkeys(name for name in names if name != column.name))
    return column.model_copy(update={"formerly": formerly}) if formerly else column


def _by_name(table: TableSchema) -> dict[str, TableColumn]:
    return {column.name: column for column in (*table.columns, *table.partition_columns)}


def _as_now(column: TableColumn, now: TableColumn) -> TableColumn:
    return now.model_copy(update={"source": column.source, "classified": column.classified or now.classified})
