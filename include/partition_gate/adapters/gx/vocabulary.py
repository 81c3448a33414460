"""Conditions on one text column, judged by its distinct values where the files keep these as dictionaries.

A condition that no distinct value meets is met by no row; one that a few meet is met by the rows with those values.
Both are exact whatever the footers say, as the values are read from the pages; the footers say only where it pays.
Of 5 million rows, the distinct values of a dictionary column cost 0.01-0.05 CPU s, a pattern 0.2, a set 0.1.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import duckdb
import sqlalchemy as sa

from partition_gate.adapters.gx.footers import READ_ERRORS
from partition_gate.adapters.gx.scan import SWEPT, Scanned
from partition_gate.adapters.gx.sql import identifier, literal, select

_FEWEST_ROWS = 20_000  # below, a statement more costs more than it spares
_MOST_VALUES = 8
# A writer gives a row group up that has too many values for a dictionary, which is often the last, smaller one.
_DICTIONARIES = """
    SELECT path_in_schema FROM parquet_metadata($paths) GROUP BY path_in_schema
    HAVING sum(num_values) FILTER (type = 'BYTE_ARRAY' AND len(encoding_stats) > 0 AND len(list_filter(encoding_stats,
        lambda page: page.page_type <> 'DICTIONARY_PAGE' AND NOT ends_with(page.encoding, 'DICTIONARY'))) = 0)
        >= 0.9 * sum(num_values)
"""


class Vocabularies:
    """The distinct values of a partition's dictionary columns, each looked for once and kept in a temporary table."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        partition: Scanned,
        to_sql: Callable[[sa.ClauseElement], str],
        *,
        fewest_rows: int = _FEWEST_ROWS,
    ) -> None:
        self._connection = connection
        self._partition = partition
        self._to_sql = to_sql
        self._fewest_rows = fewest_rows
        self._tables: dict[str, str] = {}

    def sql(self, condition: sa.ColumnElement[bool]) -> str:
        """SQL that is true for the same rows of the partition as the condition."""
        sql, column = self._to_sql(condition), _only_column(condition)
        if column not in self._columns:
            return sql
        try:
            meeting = select([identifier(column)], self._table(column), where=f"{sql} LIMIT {_MOST_VALUES + 1}")
            values = [row[0] for row in self._connection.execute(meeting).fetchall()]
        except READ_ERRORS:
            return sql
        return _is_one_of(column, values) if len(values) <= _MOST_VALUES and all(map(_is_plain, values)) else sql

    @cached_property
    def _columns(self) -> frozenset[str]:
        """Names in the view of the columns of text whose pages refer to dictionaries, almost all."""
        if self._partition.footers.row_count < self._fewest_rows:
            return frozenset()
        paths = [file.path for file in self._partition.footers.files]
        sources = {row[0] for row in self._connection.execute(_DICTIONARIES, {"paths": paths}).fetchall()}
        return frozenset(name for name in self._partition.columns if self._partition.source(name) in sources)

    def _table(self, column: str) -> str:
        if column not in self._tables:
            name = f"_gate_vocabulary_{len(self._tables)}"
            values = select([f"DISTINCT {identifier(column)}"], SWEPT)
            self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {values}")
            self._tables[column] = name
        return self._tables[column]


def _only_column(condition: sa.ColumnElement[bool]) -> str:
    """The one column that the condition names; empty where it names more. What plain SQL text in it names is not seen,
    but the table of values has no other column.
    """
    elements = sa.sql.visitors.iterate(condition)
    names = {element.name for element in elements if isinstance(element, sa.ColumnClause)}
    return names.pop() if len(names) == 1 else ""


def _is_plain(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.isprintable())


def _is_one_of(column: str, values: list[str | None]) -> str:
    known = [literal(value) for value in values if value is not None]
    tests = [f"{identifier(column)} IN ({', '.join(known)})"] if known else []
    tests += [f"{identifier(column)} IS NULL"] if None in values else []
    return " OR ".join(tests) or "FALSE"
