"""Column counters of a scan, which can be merged over partitions. They do not influence any decision."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterable
from typing import Annotated, Self, TypeVar

from pydantic import Field, PlainSerializer, PlainValidator, model_validator

from partition_gate.core.record import Record
from partition_gate.judging.exact_values import Extreme, Number, added, higher, lower

Part = TypeVar("Part")
RowCount = Annotated[int, Field(ge=0)]


def _registers(value: object) -> bytes:
    registers = base64.b64decode(value, validate=True) if isinstance(value, str) else value
    if not isinstance(registers, bytes) or len(registers) != REGISTERS or max(registers) > HIGHEST:
        raise ValueError(f"HyperLogLog registers are {REGISTERS} bytes of 0 to {HIGHEST}")
    return registers


def _base64(registers: bytes) -> str:
    return base64.b64encode(registers).decode()


Registers = Annotated[bytes, PlainValidator(_registers), PlainSerializer(_base64, when_used="json")]


class DistinctSketch(Record):
    """The distinct values of a column as 1024 HyperLogLog registers, one byte each (base64 in JSON).

    `hashing` names the hash function and the type that it hashed, such as `duckdb 2.0.0 BIGINT`: only registers of
    equal hashing can be merged, because another function or type gives the same value another hash.
    """

    registers: Registers
    hashing: str

    def estimate(self) -> int:
        """The approximate number of distinct values, without nulls; the standard error is 3.25 %."""
        return round(estimate(self.registers))

    def merged(self, other: DistinctSketch) -> DistinctSketch | None:
        """The sketch of the values of both; None if their hashing differs."""
        if self.hashing != other.hashing:
            return None
        registers = bytes(map(max, self.registers, other.registers))
        return DistinctSketch(registers=registers, hashing=self.hashing)


class ColumnCounters(Record):
    """One column over the rows of a partition, or of several merged partitions. None: not counted.

    `row_count` counts the rows of files that have the column. `invalid_count` counts the rows that break a row-level
    rule on this column alone, without nulls. `minimum` and `maximum` exist only for numbers, dates and times, never for
    text, for a classified column, or if a value is NaN. `total` is the sum of numbers; None if a value is NaN or
    infinite.
    """

    column: str
    row_count: RowCount
    null_count: RowCount
    invalid_count: RowCount | None = None
    minimum: Extreme | None = None
    maximum: Extreme | None = None
    total: Number | None = None
    distinct: DistinctSketch | None = None

    @model_validator(mode="after")
    def _nulls_are_rows(self) -> Self:
        if self.null_count > self.row_count:
            raise ValueError(f"column {self.column}: {self.null_count} nulls in only {self.row_count} rows")
        return self

    @property
    def value_count(self) -> int:
        """The number of rows with a value other than null."""
        return self.row_count - self.null_count

    def merged(self, other: ColumnCounters) -> ColumnCounters:
        """The counters of the rows of both, in either order; `other` counts the same column.

        A counter that one of them lacks is None, because half a sum would look like the whole. If one of them has no
        values, minimum, maximum, total and distinct come from the other. Totals are exact unless they are floats.
        """
        return ColumnCounters(
            column=self.column,
            row_count=self.row_count + other.row_count,
            null_count=self.null_count + other.null_count,
            invalid_count=_both(self.invalid_count, other.invalid_count, int.__add__),
            minimum=self._of_values(other, self.minimum, other.minimum, lower),
            maximum=self._of_values(other, self.maximum, other.maximum, higher),
            total=self._of_values(other, self.total, other.total, added),
            distinct=self._of_values(other, self.distinct, other.distinct, DistinctSketch.merged),
        )

    def _of_values(
        self, other: ColumnCounters, mine: Part | None, theirs: Part | None, merge: Callable[[Part, Part], Part | None]
    ) -> Part | None:
        if self.value_count and other.value_count:
            return _both(mine, theirs, merge)
        if self.value_count or other.value_count:
            return mine if self.value_count else theirs
        return _both(mine, theirs, merge)


class BrokenRows(Record):
    """How many rows break a row-level rule on one column alone; None if they were not counted together.

    `with_nulls`: a null also breaks one of the rules, so the count includes every row without a value.
    """

    column: str
    rows: RowCount | None
    with_nulls: bool


class PartitionProfile(Record):
    """The counters of a partition's columns, in the table's order, over all delivered rows.

    `row_count` counts the rows of the partition. A merged profile covers the rows of several partitions.
    """

    row_count: RowCount
    columns: tuple[ColumnCounters, ...]

    def with_invalid(self, broken: Iterable[BrokenRows]) -> PartitionProfile:
        """The profile with the `invalid_count` of these columns."""
        by_column = {rows.column: rows for rows in broken}
        columns = (
            column.model_copy(update={"invalid_count": _invalid(column, by_column[column.column])})
            if column.column in by_column
            else column
            for column in self.columns
        )
        return self.model_copy(update={"columns": tuple(columns)})

    def merged(self, other: PartitionProfile) -> PartitionProfile:
        """The profile of the rows of both: this profile's columns in order, then columns that only the other has.

        A column that only one profile has stays, with its own `row_count`: if a window includes a change of the
        contract, its fractions refer to the rows that have the column, and a `row_count` below the profile's shows that
        some rows do not have it.
        """
        mine = {column.column: column for column in self.columns}
        theirs = {column.column: column for column in other.columns}
        shared = {name: column.merged(theirs[name]) for name, column in mine.items() if name in theirs}
        return PartitionProfile(
            row_count=self.row_count + other.row_count, columns=tuple((mine | theirs | shared).values())
        )


def _invalid(column: ColumnCounters, broken: BrokenRows) -> int | None:
    if broken.rows is None:
        return None
    return broken.rows - (column.null_count if broken.with_nulls else 0)


def _both(mine: Part | None, theirs: Part | None, merge: Callable[[Part, Part], Part | None]) -> Part | None:
    return None if mine is None or theirs is None else merge(mine, theirs)


PRECISION = 10
REGISTERS = 1 << PRECISION
HIGHEST = 64 - PRECISION + 1  # the rank of a 64-bit hash with only zeros in the 54 bits after the register's number


def estimate(registers: bytes) -> float:
    """The improved estimator over 1024 registers of 0 to 55: standard error 1.04 / sqrt(1024) = 3.25 %."""
    counts = [registers.count(rank) for rank in range(HIGHEST + 1)]
    denominator = 0.0
    for count in reversed(counts[1:HIGHEST]):
        denominator = (denominator + count) / 2
    denominator += REGISTERS * _sigma(counts[0] / REGISTERS)
    if not denominator:  # every register is full: all possible hashes
        return float(1 << 64)
    return REGISTERS * REGISTERS / (2 * math.log(2) * denominator)


def _sigma(x: float) -> float:
    """The correction for empty registers (the fraction `x` of all)."""
    if x == 1:
        return math.inf
    term, total, before = 1.0, x, math.nan
    while total != before:
        x, before = x * x, total
        total, term = total + x * term, term * 2
    return total
