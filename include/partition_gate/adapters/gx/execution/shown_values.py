"""Which values of a partition a result may show, and how. Every value that leaves the validator passes through here."""

from __future__ import annotations

from typing import Any

from partition_gate.adapters.gx.duckdb.parquet_files import READ_ERRORS
from partition_gate.adapters.gx.duckdb.query_columns import reads_only
from partition_gate.adapters.gx.duckdb.scan import ROW, SCANNED, Scanned
from partition_gate.adapters.gx.duckdb.sql import select
from partition_gate.adapters.gx.engine.engine import DuckDBExecutionEngine
from partition_gate.adapters.gx.execution.predicates import row_predicate
from partition_gate.adapters.gx.execution.suite_file import ABOUT_FILES, INNER_RULE, SQL_VALUE, Planned
from partition_gate.core.masking import COUNTING, Masking, masking_of_rules, pseudonym
from partition_gate.core.quoting import identifier
from partition_gate.core.record import Record
from partition_gate.judging.validation import FailingValue

FAILING_VALUES_SHOWN = 3
_OF_FILES = frozenset({*ABOUT_FILES, *COUNTING})


class Mask(Record):
    """Which columns' values may be shown, and the key of the hashes that replace the others.

    `is_open`: every column of the partition may be shown.
    """

    masking: Masking
    is_open: bool
    key: bytes

    def hides(self, planned: Planned) -> bool:
        """Whether the observed value of the expectation may come from a hidden column."""
        if planned.type in _OF_FILES:
            return False
        return any(self.masking.hides(column) for column in planned.columns) or self._query_may_read_hidden(planned)

    def hides_texts(self, planned: Planned) -> bool:
        """The same for rows and texts: a query, or a rule without a column, may read any column."""
        if planned.type in ABOUT_FILES:
            return False
        may_read_all = not planned.columns or planned.type == SQL_VALUE
        return self.hides(planned) or (may_read_all and not self.is_open)

    def _query_may_read_hidden(self, planned: Planned) -> bool:
        if self.is_open or planned.type != SQL_VALUE:
            return False
        return not reads_only(str(planned.kwargs["query"]), lambda column: not self.masking.hides(column))

    def sample(self, planned: Planned, value: object) -> Any:
        """An unexpected value, or an unexpected row (column -> value), as it may be shown."""
        match value:
            case dict():
                return {str(name): self.masking.shown(str(name), cell, self.key) for name, cell in value.items()}
            case list() | tuple():  # a pair of columns, in order
                cells = zip(planned.columns, value, strict=False)
                return [self.masking.shown(name, cell, self.key) for name, cell in cells]
            case _:
                return self.shown(planned, value)

    def shown(self, planned: Planned, value: object) -> str | None:
        """A value of the expectation's columns, as it may be shown."""
        if self.hides(planned):
            return pseudonym(value, self.key)
        return self.masking.shown(planned.columns[0], value, self.key)


def mask_of(partition: Scanned, key: bytes) -> Mask:
    """The mask of a partition. Columns that the contract does not name are hidden like classified ones."""
    table = partition.scan.table
    classifies = any(column.classified for column in (*table.columns, *table.partition_columns))
    return Mask(masking=masking_of_rules(table), is_open=partition.all_named and not classifies, key=key)


def failing_values(engine: DuckDBExecutionEngine, planned: Planned, mask: Mask) -> tuple[FailingValue, ...]:
    """The most frequent values that break a rule on a single column, counted over all rows; none if all are null."""
    column, predicate = planned.kwargs.get("column"), row_predicate(engine, planned.rule_id)
    if column is None or predicate is None or planned.type == INNER_RULE:
        return ()
    row_numbers = engine.broken_rows.numbers(engine.rules[planned.rule_id])
    cells = [f"{identifier(column)} AS value", "count(*) AS rows"]
    if row_numbers:
        counts = select(cells, f"{SCANNED} SEMI JOIN ({row_numbers}) USING ({ROW})")
    else:
        counts = select(cells, SCANNED, where=predicate)
    query = f"{counts} GROUP BY value ORDER BY rows DESC, value LIMIT {FAILING_VALUES_SHOWN}"
    try:
        rows = engine.duckdb_connection.execute(query).fetchall()
    except READ_ERRORS:  # the values only illustrate a failed check
        return ()
    if all(value is None for value, _ in rows):
        return ()
    return tuple(FailingValue(value=mask.shown(planned, value), count=count) for value, count in rows)
