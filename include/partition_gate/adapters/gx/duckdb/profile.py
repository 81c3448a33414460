"""The column counters of a partition, from the same SELECT as the verdict if possible."""

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
_SUMMABLE_DIGITS = 28  # the sum of 10**10 such numbers has at most 38 digits

CellKey = tuple[str, str]  # a column's name, and the name of a counter


@dataclass(frozen=True)
class _Column:
    """A column of the table and its DuckDB type."""

    name: str
    kind: str
    classified: bool

    def cells(self, *, by_value: bool) -> Iterator[tuple[str, str]]:
        """(counter, SQL over all rows, or over the distinct values and their counts).

        Numbers and moments are returned as text, because Python cannot represent all of DuckDB's.
        """
        quoted = identifier(self.name)
        if by_value:
            yield "rows", f"coalesce(sum({COUNT}), 0)::BIGINT"
            yield "known", f"coalesce(sum({COUNT}) FILTER (WHERE {quoted} IS NOT NULL), 0)::BIGINT"
        else:
            yield "known", f"count({quoted})"
        if not (self.is_number or self.is_moment or self.kind in _WITHOUT_ORDER):
            return
        if self.kind not in _MOMENTS:  # they rarely repeat, and their extremes are more informative
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
        """Parse a number in DuckDB's text form; None if it is null or not finite."""
        if text is None:
            return None
        if self.kind in _FLOATS:
            return float(text) if math.isfinite(float(text)) else None
        return Decimal(text) if self.kind.startswith("DECIMAL") else int(text)

    def extreme(self, text: str | None) -> Extreme | None:
        """Parse a value in DuckDB's text form; None if it is null, not finite, or outside Python's range of years."""
        if text is None or not self.is_moment:
            return self.value(text)
        try:
            if self.kind == "DATE":
                return date.fromisoformat(text)
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
        except ValueError:
            return None


class Profiler:
    """Counts each column once: from its distinct values if they are known, otherwise in one SELECT over all rows."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, partition: Scanned) -> None:
        self._connection = connection
        self._columns = _columns(partition)
        self._values: dict[CellKey, Any] = {}

    def cells(self, *, but: Iterable[str]) -> dict[CellKey, str]:
        """SQL over `unfiltered` of the counters that are still missing, except those of the columns in `but`."""
        excluded = set(but)
        columns = [column for column in self._columns if column.name not in excluded]
        return self._missing({_ROWS: "count(*)"} | _cells(columns, by_value=False))

    def add_values(self, values: Mapping[CellKey, Any]) -> None:
        """Add the values of cells."""
        self._values.update(values)

    def profile(self, values: Mapping[str, str]) -> PartitionProfile:
        """The profile without `invalid_count`. Missing counters are computed now, from `values` (column -> the table of
        its distinct values) or from the rows.

        Raises:
            duckdb.Error: a counter cannot be computed.
        """
        for column in self._columns:
            if column.name in values:
                self._count_values(column, values[column.name])
        self._values.update(self._counted(self.cells(but=()), UNFILTERED))
        return PartitionProfile(
            row_count=self._values[_ROWS], columns=tuple(self._counters(column) for column in self._columns)
        )

    def _count_values(self, column: _Column, table: str) -> None:
        # On an error, the counters are computed from the rows later.
        with suppress(*READ_ERRORS):
            self._values.update(self._counted(self._missing(_cells([column], by_value=True)), table))

    def _missing(self, cells: Mapping[CellKey, str]) -> dict[CellKey, str]:
        return {key: sql for key, sql in cells.items() if key not in self._values}

    def _counted(self, cells: Mapping[CellKey, str], relation: str) -> dict[CellKey, Any]:
        if not cells:
            return {}
        [row] = self._connection.execute(select(cells.values(), relation)).fetchall()
        return dict(zip(cells, row, strict=True))

    def _counters(self, column: _Column) -> ColumnCounters:
        def value(counter: str) -> Any:
            return self._values.get((column.name, counter))

        state = value("distinct")
        row_count = self._values[_ROWS] if value("rows") is None else value("rows")
        return ColumnCounters(
            column=column.name,
            row_count=row_count,
            null_count=row_count - value("known"),
            minimum=column.extreme(value("minimum")),
            maximum=column.extreme(value("maximum")),
            total=column.value(value("total")),
            distinct=None if state is None else _sketch(state["registers"], column.kind),
        )


def _columns(partition: Scanned) -> list[_Column]:
    """The contract's columns that every file has; a partition column need not be in the files."""
    named = [column for column in partition.scan.table.columns if not partition.lacking(column.name)]
    kinds = partition.types
    return [_Column(each.name, kinds[each.name], bool(each.classified)) for each in named if each.name in kinds]


def _cells(columns: Iterable[_Column], *, by_value: bool) -> dict[CellKey, str]:
    return {(column.name, name): sql for column in columns for name, sql in column.cells(by_value=by_value)}


def _sketch(registers: Sequence[int], kind: str) -> DistinctSketch:
    return DistinctSketch(registers=bytes(registers), hashing=f"duckdb {duckdb.__version__} {kind}")
