"""Expectations on a count of rows or on a single value: the standard's metrics with their operators."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from partition_gate.core.record import Record
from partition_gate.core.values import ListedValue


class Bounds(Record):
    """The numbers that a count must lie between; `None` is unbounded. `negated`: it must not lie between them.

    `is_percent`: the count is compared as a percentage of all rows.
    """

    low: float | int | None = None
    high: float | int | None = None
    low_is_exclusive: bool = False
    high_is_exclusive: bool = False
    negated: bool = False
    is_percent: bool = False

    def allow(self, number: Fraction) -> bool:
        """Whether a number satisfies the bounds; the decimals in the contract are compared exactly."""
        return self._contain(number) is not self.negated

    def allow_count(self, count: int, *, of: int) -> bool:
        """Whether a count of rows satisfies the bounds; in percent, a count of no rows is 0."""
        if not self.is_percent:
            return self.allow(Fraction(count))
        return self.allow(Fraction(100 * count, of) if of else Fraction(0))

    @property
    def is_open(self) -> bool:
        """Whether every number satisfies the bounds, so that the rows are only counted."""
        return self.low is None and self.high is None

    @property
    def only_above(self) -> bool:
        """Whether a count can break the bounds only by being too large, so that some of its rows are too many."""
        return not self.negated and (self.low is None or self._contain_zero_at(self.low))

    @property
    def allow_none(self) -> bool:
        """Whether a single row breaks the bounds, however many rows there are."""
        if not self.only_above or self.high is None or not self.allow(Fraction(0)):
            return False
        return self.high == 0 if self.is_percent else not self.allow(Fraction(1))

    def sentence(self, what: str) -> str:
        """`at most 2.5 % of the rows with a null`: the bounds, and `what` they count."""
        unit = "% of the rows" if self.is_percent else "rows"
        return " ".join(filter(None, (self.words, unit, what)))

    @property
    def words(self) -> str:
        """The bounds in words for readers."""
        if self.low is not None and self.low == self.high:
            return f"{'not exactly' if self.negated else 'exactly'} {_shown(self.low)}"
        if self.negated:
            return f"not between {_shown(self.low)} and {_shown(self.high)} (the bounds themselves are allowed)"
        low = "" if self.low is None else f"{'more than' if self.low_is_exclusive else 'at least'} {_shown(self.low)}"
        high = (
            "" if self.high is None else f"{'less than' if self.high_is_exclusive else 'at most'} {_shown(self.high)}"
        )
        return " and ".join(filter(None, (low, high)))

    def _contain(self, number: Fraction) -> bool:
        low = self.low is None or _beyond(number, _exact(self.low), exclusive=self.low_is_exclusive)
        return low and (self.high is None or _beyond(_exact(self.high), number, exclusive=self.high_is_exclusive))

    def _contain_zero_at(self, low: float) -> bool:
        return _beyond(Fraction(0), _exact(low), exclusive=self.low_is_exclusive)


class MissingCount(Record):
    """How many rows have one of the values that mean missing; null counts only if it is listed."""

    kind: Literal["missing_count"] = "missing_count"
    column: str
    missing: tuple[ListedValue, ...]
    bounds: Bounds


class InvalidCount(Record):
    """How many rows have a value that is not in the set or does not match the RE2 pattern; null never counts."""

    kind: Literal["invalid_count"] = "invalid_count"
    column: str
    values: tuple[ListedValue, ...] | None = None
    pattern: str | None = None
    bounds: Bounds


class DuplicateCount(Record):
    """How many rows share their value with another row; nulls never count."""

    kind: Literal["duplicate_count"] = "duplicate_count"
    column: str
    bounds: Bounds


class DuplicateTogetherCount(Record):
    """How many rows share their tuple of values with another row; tuples with a null never count."""

    kind: Literal["duplicate_together_count"] = "duplicate_together_count"
    columns: tuple[str, ...]
    bounds: Bounds


class RowCountWithin(Record):
    """The partition's number of rows, for bounds that `RowCount` cannot express."""

    kind: Literal["row_count_within"] = "row_count_within"
    bounds: Bounds


class Equals(Record):
    """Equal to the value, or not equal if `negated`: for text and booleans."""

    value: bool | str
    negated: bool = False


class SqlValue(Record):
    """The single value that a SELECT over the partition (and the published rows) returns.

    `columns` are the contract's columns that the query may read; `reads_published`: it reads the published rows.
    """

    kind: Literal["sql_value"] = "sql_value"
    query: str
    columns: tuple[str, ...]
    reads_published: bool
    must: Bounds | Equals


Counted = MissingCount | InvalidCount | DuplicateCount | DuplicateTogetherCount | RowCountWithin


def _exact(bound: float) -> Fraction:
    return Fraction(str(bound))


def _beyond(number: Fraction, bound: Fraction, *, exclusive: bool) -> bool:
    return number > bound if exclusive else number >= bound


def _shown(bound: float | None) -> str:
    return "" if bound is None else f"{bound:,}"
