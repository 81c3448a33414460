"""What a scan counts of each column: counters that can be added over partitions. They decide nothing."""

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

    `hashing` names the hash function and the type that it hashed, like `duckdb 2.0.0 BIGINT`: only registers of equal
    hashing can be united, as the same value has another hash elsewhere.
    """

    registers: Registers
    hashing: str

    def estimate(self) -> int:
        """About how many distinct values there are, nulls not counted; the standard error is 3.25 %."""
        return round(estimate(self.registers))

    def united(self, other: DistinctSketch) -> DistinctSketch | None:
        """The sketch of both sides' values together; None where the two were hashed otherwise."""
        if self.hashing != other.hashing:
            return None
        registers = bytes(map(max, self.registers, other.registers))
        return DistinctSketch(registers=registers, hashing=self.hashing)


class ColumnCounters(Record):
    """One column over the rows of a partition, or of several that were united. None: not counted.

    `row_count` counts the rows in which the column was there. `invalid_count` counts the rows that break a row-level
    rule on this column alone; a null is not one of them. `minimum` and `maximum` are of numbers, dates and times only,
    never of text, of a classified column, or where a value is NaN. `total` is the sum, of numbers only, None where a
    value is NaN or infinite.
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
            raise ValueError(f"column {self.column}: {self.null_count} nulls in {self.row_count} rows")
        return self

    @property
    def value_count(self) -> int:
        """How many rows have a value, rather than null."""
        return self.row_count - self.null_count

    def united(self, other: ColumnCounters) -> ColumnCounters:
        """The counters of both sides' rows together, in either order; `other` is of the same column.

        What one side lacks, the union lacks: half of a sum would pass for the whole. But a side without any value has
        nothing to add to minimum, maximum, total and distinct, so there the other side's is the whole. Totals are
        exact unless they are floats.
        """
        return ColumnCounters(
            column=self.column,
            row_count=self.row_count + other.row_count,
            null_count=self.null_count + other.null_count,
            invalid_count=_both(self.invalid_count, other.invalid_count, int.__add__),
            minimum=self._of_values(other, self.minimum, other.minimum, lower),
            maximum=self._of_values(other, self.maximum, other.maximum, higher),
            total=self._of_values(other, self.total, other.total, added),
            distinct=self._of_values(other, self.distinct, other.distinct, DistinctSketch.united),
        )

    def _of_values(
        self, other: ColumnCounters, mine: Part | None, theirs: Part | None, unite: Callable[[Part, Part], Part | None]
    ) -> Part | None:
        if self.value_count and other.value_count:
            return _both(mine, theirs, unite)
        if self.value_count or other.value_count:
            return mine if self.value_count else theirs
        return _both(mine, theirs, unite)


class BrokenRows(Record):
    """How many rows break a row-level rule on one column alone; None where they were not counted together.

    `with_nulls`: a null breaks one of the rules too, so that every row without a value is among them.
    """

    column: str
    rows: RowCount | None
    with_nulls: bool


class PartitionProfile(Record):
    """The counters of a partition's columns, in the table's order, over all its rows as they came.

    `row_count` is the partition's. A united profile is of all rows of several partitions.
    """

    row_count: RowCount
    columns: tuple[ColumnCounters, ...]

    def with_invalid(self, broken: Iterable[BrokenRows]) -> PartitionProfile:
        """The profile with the `invalid_count` of these columns."""
        by_column = {one.column: one for one in broken}
        columns = (
            column.model_copy(update={"invalid_count": _invalid(column, by_column[column.column])})
            if column.column in by_column
            else column
            for column in self.columns
        )
        return self.model_copy(update={"columns": tuple(columns)})

    def united(self, other: PartitionProfile) -> PartitionProfile:
        """The profile of both sides' rows: this side's columns in their order, then those that only the other has.

        A column that only one side has is kept, with its own side's `row_count`: a window over a contract's change can
        so say a fraction of the rows in which the column was there, and tells by `row_count` below the profile's that
        it was not there in all of them.
        """
        mine = {column.column: column for column in self.columns}
        theirs = {column.column: column for column in other.columns}
        shared = {name: column.united(theirs[name]) for name, column in mine.items() if name in theirs}
        return PartitionProfile(
            row_count=self.row_count + other.row_count, columns=tuple((mine | theirs | shared).values())
        )


def _invalid(column: ColumnCounters, broken: BrokenRows) -> int | None:
    if broken.rows is None:
        return None
    return broken.rows - (column.null_count if broken.with_nulls else 0)


def _both(mine: Part | None, theirs: Part | None, unite: Callable[[Part, Part], Part | None]) -> Part | None:
    return None if mine is None or theirs is None else unite(mine, theirs)


PRECISION = 10
REGISTERS = 1 << PRECISION
HIGHEST = 64 - PRECISION + 1  # the rank of a 64-bit hash of which the 54 bits after the register's number are all zero


def estimate(registers: bytes) -> float:
    """The improved estimator over 1024 registers of 0 to 55: standard error 1.04 / sqrt(1024) = 3.25 %."""
    counts = [registers.count(rank) for rank in range(HIGHEST + 1)]
    denominator = 0.0
    for count in reversed(counts[1:HIGHEST]):
        denominator = (denominator + count) / 2
    denominator += REGISTERS * _sigma(counts[0] / REGISTERS)
    if not denominator:  # every register is full: all the hashes that there are
        return float(1 << 64)
    return REGISTERS * REGISTERS / (2 * math.log(2) * denominator)


def _sigma(x: float) -> float:
    """The correction for registers that no value has met (the share `x` of all)."""
    if x == 1:
        return math.inf
    term, total, before = 1.0, x, math.nan
    while total != before:
        x, before = x * x, total
        total, term = total + x * term, term * 2
    return total
