"""Which rows break which rules: stored by the single SELECT of a validation, and reused by the split."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

import duckdb
import sqlalchemy as sa

from partition_gate.adapters.gx.duckdb.scan import ROW, EngineOptions, Scanned
from partition_gate.adapters.gx.duckdb.single_scan import breaks
from partition_gate.adapters.gx.duckdb.sql import literal, read_parquet, select
from partition_gate.judging.validation import PartitionScan, RowPredicate

_FILE, _INDEX = "broken-rows.parquet", "broken-rows.json"
# More than is in use already: below that, DuckDB could not even execute the statement that raises the limit again.
_MEMORY = """
    SELECT limit_, least(parse_formatted_bytes(limit_), held + ? + ? * current_setting('threads'))::BIGINT
    FROM (SELECT current_setting('memory_limit') AS limit_, sum(memory_usage_bytes) AS held FROM duckdb_memory())
"""

ConditionKey = Any  # Great Expectations' id of a condition metric


class ScanMode(IntEnum):
    """What one SELECT computes: a part of the counts, all counts, or also the numbers of the rows that break rules."""

    PARTIAL = 0
    COUNTS = 1
    ROW_NUMBERS = 2


class BrokenRows:
    """Temporary tables, one per SELECT: the number of a row, and the value of each rule's condition."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, partition: Scanned, options: EngineOptions) -> None:
        self._connection = connection
        self._partition = partition
        self._options = options
        self._places: dict[ConditionKey, tuple[str, int]] = {}
        self._samples: dict[str, tuple[list[int], ...]] = {}
        self._unmet: set[ConditionKey] = set()
        self._tables = 0

    @contextmanager
    def within_memory(self, mode: ScanMode) -> Iterator[None]:
        """Limit the memory of a statement that stores row numbers, so that it fails before these take too much."""
        if mode < ScanMode.ROW_NUMBERS:
            yield
            return
        per_thread = self._options.read_bytes * len(self._partition.inputs)
        sizes = [self._options.kept_bytes, per_thread]
        [(limit, needed)] = self._connection.execute(_MEMORY, sizes).fetchall()
        self._connection.execute(f"SET memory_limit = '{needed} B'")
        try:
            yield
        finally:
            self._connection.execute(f"SET memory_limit = '{limit}'")

    def next_table(self) -> str:
        """A name for a new table."""
        self._tables += 1
        return f"_gate_broken_{self._tables}"

    def add(self, table: str, positions: Mapping[ConditionKey, int]) -> None:
        """Register the conditions of a table: each is the boolean at its position (from 0)."""
        self._places.update((key, (table, position)) for key, position in positions.items())

    def add_unmet(self, keys: Iterable[ConditionKey]) -> None:
        """Register conditions that no row meets."""
        self._unmet.update(keys)

    def first(self, key: ConditionKey, count: int) -> list[int] | None:
        """The numbers of the first rows that meet the condition; None if they were not stored."""
        if key not in self._places:
            return None
        table, position = self._places[key]
        if table not in self._samples:
            width = 1 + max(place for name, place in self._places.values() if name == table)
            firsts = select([f"min({ROW}, {count}) FILTER (WHERE {breaks(i)})" for i in range(width)], table)
            self._samples[table] = self._connection.execute(firsts).fetchone() or ()
        return self._samples[table][position] or []

    def numbers(self, key: ConditionKey) -> str | None:
        """SQL of the numbers of all rows that meet the condition; None if they were not stored."""
        if key not in self._places:
            return None
        table, position = self._places[key]
        return select([ROW], table, where=breaks(position))

    def count(self, keys: Sequence[ConditionKey]) -> int | None:
        """How many rows meet any of the conditions; None if they are not stored in one table."""
        places = [self._places.get(key) for key in keys if key not in self._unmet]
        tables = {place[0] for place in places if place}
        if not places:
            return 0
        if None in places or len(tables) != 1:
            return None
        any_rule = " OR ".join(breaks(place[1]) for place in places if place)
        [(count,)] = self._connection.execute(select([f"coalesce(count_if({any_rule}), 0)"], tables.pop())).fetchall()
        return int(count)

    def save(self, scan: PartitionScan, predicates: Mapping[ConditionKey, str]) -> None:
        """Save the broken rows to the scan's scratch folder, if it has one, for `saved_rows`."""
        broken = [key for key in predicates if key in self._places and key not in self._unmet]
        tables = {self._places[key][0] for key in broken}
        if scan.scratch is None or len(tables) != 1:
            return
        scan.scratch.mkdir(exist_ok=True)
        table = tables.pop()
        positions = {predicates[key]: self._places[key][1] for key in broken}
        target = literal(str(scan.scratch / _FILE))
        rows = select(["*"], table, where=f"TRUE ORDER BY {ROW}")
        self._connection.execute(f"COPY ({rows}) TO {target} (FORMAT parquet)")
        index = {"files": _files(scan), "positions": positions}
        (scan.scratch / _INDEX).write_text(json.dumps(index))


def saved_rows(scan: PartitionScan, predicates: Sequence[RowPredicate]) -> str | None:
    """SQL of the numbers of the rows that break any of the predicates, and of `_gate_breaks_<i>` for each, as saved by
    the validation; None if it saved nothing for these files and predicates.
    """
    if scan.scratch is None or not (scan.scratch / _INDEX).exists():
        return None
    index = json.loads((scan.scratch / _INDEX).read_text())
    positions = [index["positions"].get(predicate.sql) for predicate in predicates]
    if index["files"] != _files(scan) or None in positions:
        return None
    broken = [f"coalesce({breaks(position)}, FALSE)" for position in positions]
    cells = [f"{sql} AS _gate_breaks_{i}" for i, sql in enumerate(broken)]
    return select([ROW, *cells], read_parquet([str(scan.scratch / _FILE)]), where=" OR ".join(broken) or "FALSE")


def in_row_order(query: Any) -> Any:
    """Order a query that selects rows by their numbers: otherwise DuckDB returns the rows of several files in any
    order.
    """
    if not isinstance(query, sa.Select) or query.whereclause is None:
        return query
    elements = sa.sql.visitors.iterate(query.whereclause)
    by_number = any(isinstance(element, sa.ColumnClause) and element.name == ROW for element in elements)
    return query.order_by(sa.column(ROW)) if by_number else query


def _files(scan: PartitionScan) -> list[str]:
    return [str(path) for path in scan.paths]
