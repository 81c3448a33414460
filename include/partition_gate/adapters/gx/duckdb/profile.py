"""The counters of a partition's columns, out of the same SELECT as the verdict where there is one."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb

from partition_gate.adapters.gx.duckdb.distinct_values import COUNT
from partition_gate.adapters.gx.duckdb.parquet_files import READ_ERRORS
from partition_gate.adapters.gx.duckdb.scan import UNFILTERED, Scanned
from partition_gate.adapters.gx.duckdb.sql import select
from partition_gate.core.integers import DIGITS
from partition_gate.core.quoting import identifier
from partition_gate.judging.exact_values import Extreme, Number
from partition_gate.judging.profile import ColumnCounters, DistinctSketch, PartitionProfile

_ROWS = ("", "rows")
_INTEGERS = frozenset(DIGITS)
_HUGE = frozenset({"HUGEINT", "UHUGEINT"})
_FLOATS = frozenset({"FLOAT", "DOUBLE"})
_MOMENTS = frozenset({"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"})
_WITHOUT_ORDER = frozenset({"VARCHAR", "BOOLEAN", "BLOB", "UUID", "TIME", "TIME_NS", "TIME WITH TIME ZONE"})
_DECIMAL = re.compile(r"DECIMAL\((\d+),\d+\)")
_SUMMABLE_DIGITS = 28  # 10**10 of them fit into the 38 digits of a sum

CellKey = tuple[str, str]  # a column's name, and which of its counters


@dataclass(frozen=True)
class _Column:
    """A column of the table and its DuckDB type."""

    name: str
    kind: str
    classified: bool

    def cells(self, *, by_value: bool) -> Iterator[tuple[str, str]]:
        """(counter, its SQL over all rows, or over the distinct values and their counts).

        Numbers and moments are shown as text, as not every one of DuckDB's is a Python value.
        """
        quoted = identifier(self.name)
        if by_value:
            yield "rows", f"coalesce(sum({COUNT}), 0)::BIGINT"
            yield "known", f"coalesce(sum({COUNT}) FILTER (WHERE {quoted} IS NOT NULL), 0)::BIGINT"
        else:
            yield "known", f"count({quoted})"
        if not (self.is_number or self.is_moment or self.kind in _WITHOUT_ORDER):
            return
        if self.kind not in _MOMENTS:  # they hardly repeat, and say more by their extremes
            yield "distinct", f"approx_count_distinct({quoted}) EXPORT_STATE"
        if self.classified or self.kind in _WITHOUT_ORDER:
            return
        kind = "TIMESTAMP" if self.kind in _MOMENTS else self.kind
        for counter, function in (("minimum", "min"), ("maximum", "max")):
            yield counter, f"TRY_CAST({function}({quoted}) AS {kind})::VARCHAR"
        if self.is_summable:
            yield "total", f"sum({self._summed(by_value=by_value)})::VARCHAR"

    def _summed(self, *, by_value: bool) -> str:
        quoted, is_float = identifier(self.name), self.kind in _FLOATS
        if by_value:
            return f"{quoted}::{'DOUBLE' if is_float else 'HUGEINT'} * {COUNT}"
        return f"{quoted}::DOUBLE" if is_float else quoted

    @property
    def is_moment(self) -> bool:
        return self.kind in _MOMENTS or self.kind == "DATE"

    @property
    def is_number(self) -> bool:
        return self.kind in _INTEGERS | _FLOATS | _HUGE or _DECIMAL.fullmatch(self.kind) is not None

    @property
    def is_summable(self) -> bool:
        decimal = _DECIMAL.fullmatch(self.kind)
        return self.kind in _INTEGERS | _FLOATS or (decimal is not None and int(decimal[1]) <= _SUMMABLE_DIGITS)

    def value(self, text: str | None) -> Number | None:
        """A number as DuckDB shows it; None if it is none, or not finite."""
        if text is None:
            return None
        if self.kind in _FLOATS:
            return float(text) if math.isfinite(float(text)) else None
        return Decimal(text) if self.kind.startswith("DECIMAL") else int(text)

    def extreme(self, text: str | None) -> Extreme | None:
        """A value as DuckDB shows it; None if it is none, not finite, or beyond Python's years."""
        if text is None or not self.is_moment:
            return self.value(text)
        try:
            if self.kind == "DATE":
                return date.fromisoformat(text)
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
        except ValueError:
            return None


class Profiler:
    """Counts each column of the table once: by its distinct values where they are known, else in a SELECT of all."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, partition: Scanned) -> None:
        self._connection = connection
        self._columns = _columns(partition)
        self._found: dict[CellKey, Any] = {}

    def cells(self, *, but: Iterable[str]) -> dict[CellKey, str]:
        """The SQL over `unfiltered` of what is not counted yet, `but` of some columns."""
        left_out = set(but)
        columns = [column for column in self._columns if column.name not in left_out]
        return self._open({_ROWS: "count(*)"} | _cells(columns, by_value=False))

    def take(self, found: Mapping[CellKey, Any]) -> None:
        """What those cells were."""
        self._found.update(found)

    def profile(self, values: Mapping[str, str]) -> PartitionProfile:
        """The profile without `invalid_count`; what was not taken is counted now, by `values` (column -> the table of
        its distinct values) or by the rows.

        Raises:
            duckdb.Error: it cannot be counted.
        """
        for column in self._columns:
            if column.name in values:
                self._count_values(column, values[column.name])
        self._found.update(self._counted(self.cells(but=()), UNFILTERED))
        return PartitionProfile(
            row_count=self._found[_ROWS], columns=tuple(self._counters(column) for column in self._columns)
        )

    def _count_values(self, column: _Column, table: str) -> None:
        # What cannot be counted so is counted by the rows.
        with suppress(*READ_ERRORS):
            self._found.update(self._counted(self._open(_cells([column], by_value=True)), table))

    def _open(self, cells: Mapping[CellKey, str]) -> dict[CellKey, str]:
        return {key: sql for key, sql in cells.items() if key not in self._found}

    def _counted(self, cells: Mapping[CellKey, str], relation: str) -> dict[CellKey, Any]:
        if not cells:
            return {}
        [row] = self._connection.execute(select(cells.values(), relation)).fetchall()
        return dict(zip(cells, row, strict=True))

    def _counters(self, column: _Column) -> ColumnCounters:
        def found(counter: str) -> Any:
            return self._found.get((column.name, counter))

        state = found("distinct")
        row_count = self._found[_ROWS] if found("rows") is None else found("rows")
        return ColumnCounters(
            column=column.name,
            row_count=row_count,
            null_count=row_count - found("known"),
            minimum=column.extreme(found("minimum")),
            maximum=column.extreme(found("maximum")),
            total=column.value(found("total")),
            distinct=None if state is None else _sketch(state["registers"], column.kind),
        )


def _columns(partition: Scanned) -> list[_Column]:
    """Those of the contract that every file has; a partition column may be in no file."""
    named = [column for column in partition.scan.table.columns if not partition.lacking(column.name)]
    kinds = partition.types
    return [_Column(one.name, kinds[one.name], bool(one.classified)) for one in named if one.name in kinds]


def _cells(columns: Iterable[_Column], *, by_value: bool) -> dict[CellKey, str]:
    return {(column.name, name): sql for column in columns for name, sql in column.cells(by_value=by_value)}


def _sketch(registers: Sequence[int], kind: str) -> DistinctSketch:
    return DistinctSketch(registers=bytes(registers), hashing=f"duckdb {duckdb.__version__} {kind}")
