"""Which values of a partition a result may show, and how: everything that leaves the validator goes through here."""

from __future__ import annotations

from typing import Any

from partition_gate.adapters.gx.duckdb.parquet_files import READ_ERRORS
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
    """Which columns' values may be seen, and the key of the hashes that stand for the others.

    `is_open`: every column of the partition may be seen.
    """

    masking: Masking
    is_open: bool
    key: bytes

    def hides(self, planned: Planned) -> bool:
        """Whether what the expectation observed may be a value of a column that must not be seen."""
        return planned.type not in _OF_FILES and any(self.masking.hides(column) for column in planned.columns)

    def hides_texts(self, planned: Planned) -> bool:
        """The same for rows and texts: a query, or a rule that names no column, may read any of them."""
        if planned.type in ABOUT_FILES:
            return False
        may_read_all = not planned.columns or planned.type == SQL_VALUE
        return self.hides(planned) or (may_read_all and not self.is_open)

    def sample(self, planned: Planned, value: object) -> Any:
        """A value, or a row (column -> value), that an expectation found unexpected."""
        match value:
            case dict():
                return {str(name): self.masking.shown(str(name), one, self.key) for name, one in value.items()}
            case list() | tuple():  # of a pair of columns, in their order
                named = zip(planned.columns, value, strict=False)
                return [self.masking.shown(name, one, self.key) for name, one in named]
            case _:
                return self.shown(planned, value)

    def shown(self, planned: Planned, value: object) -> str | None:
        """A value of the expectation's columns."""
        if self.hides(planned):
            return pseudonym(value, self.key)
        return self.masking.shown(planned.columns[0], value, self.key)


def mask_of(partition: Scanned, key: bytes) -> Mask:
    """The mask of a partition; a column that the contract does not name is hidden as one that it classifies."""
    table = partition.scan.table
    classifies = any(column.classified for column in (*table.columns, *table.partition_columns))
    return Mask(masking=masking_of_rules(table), is_open=partition.all_named and not classifies, key=key)


def failing_values(engine: DuckDBExecutionEngine, planned: Planned, mask: Mask) -> tuple[FailingValue, ...]:
    """The most frequent values that break a rule on one column, counted over all rows; none if all are null."""
    column, predicate = planned.kwargs.get("column"), row_predicate(engine, planned.rule_id)
    if column is None or predicate is None or planned.type == INNER_RULE:
        return ()
    kept = engine.broken_rows.numbers(engine.rules[planned.rule_id])
    cells = [f"{identifier(column)} AS value", "count(*) AS rows"]
    if kept:
        counts = select(cells, f"{SCANNED} SEMI JOIN ({kept}) USING ({ROW})")
    else:
        counts = select(cells, SCANNED, where=predicate)
    query = f"{counts} GROUP BY value ORDER BY rows DESC, value LIMIT {FAILING_VALUES_SHOWN}"
    try:
        found = engine.duckdb_connection.execute(query).fetchall()
    except READ_ERRORS:  # they say more of a failed check, they decide nothing
        return ()
    if all(value is None for value, _ in found):
        return ()
    return tuple(FailingValue(value=mask.shown(planned, value), count=count) for value, count in found)
