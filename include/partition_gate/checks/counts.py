"""Expectations on how many rows are so, or on one number: the standard's metrics with their operators."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from partition_gate.core.record import Record
from partition_gate.core.values import ListedValue


class Bounds(Record):
    """Between which numbers a count lies; `None` is no bound. `negated`: it must not lie there.

    `is_percent`: the count is compared as its share of all rows, in percent.
    """

    low: float | int | None = None
    high: float | int | None = None
    low_is_exclusive: bool = False
    high_is_exclusive: bool = False
    negated: bool = False
    is_percent: bool = False

    def hold(self, number: Fraction) -> bool:
        """Whether a number keeps the bounds; a bound is the decimal that the contract shows, compared exactly."""
        return self._contain(number) is not self.negated

    def hold_for(self, count: int, *, of: int) -> bool:
        """Whether a count of rows keeps the bounds; of no rows, 0 percent are counted."""
        if not self.is_percent:
            return self.hold(Fraction(count))
        return self.hold(Fraction(100 * count, of) if of else Fraction(0))

    @property
    def is_open(self) -> bool:
        """Whether every number keeps them: rows are counted only."""
        return self.low is None and self.high is None

    @property
    def only_above(self) -> bool:
        """Whether a count can only break the bounds by being too great, so that some of its rows are too many."""
        return not self.negated and (self.low is None or self._contain_zero_at(self.low))

    @property
    def forbid_all(self) -> bool:
        """Whether the least count that breaks the bounds is one row, however many rows there are."""
        if not self.only_above or self.high is None or not self.hold(Fraction(0)):
            return False
        return self.high == 0 if self.is_percent else not self.hold(Fraction(1))

    def sentence(self, what: str) -> str:
        """`at most 2.5 % of the rows with a null`: the bounds that are used, and `what` is counted."""
        unit = "% of the rows" if self.is_percent else "rows"
        return " ".join(filter(None, (self.words, unit, what)))

    @property
    def words(self) -> str:
        """The bounds for a reader, with what they exclude."""
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
    """How many rows have one of the values that stand for a missing one; null only where it is listed."""

    kind: Literal["missing_count"] = "missing_count"
    column: str
    missing: tuple[ListedValue, ...]
    bounds: Bounds


class InvalidCount(Record):
    """How many rows have a value outside of the set, or one that the RE2 pattern does not match; null is neither."""

    kind: Literal["invalid_count"] = "invalid_count"
    column: str
    values: tuple[ListedValue, ...] | None = None
    pattern: str | None = None
    bounds: Bounds


class DuplicateCount(Record):
    """How many rows share their value with another row; null shares nothing."""

    kind: Literal["duplicate_count"] = "duplicate_count"
    column: str
    bounds: Bounds


class DuplicateTogetherCount(Record):
    """How many rows share their tuple of values with another row; a tuple with a null shares nothing."""

    kind: Literal["duplicate_together_count"] = "duplicate_together_count"
    columns: tuple[str, ...]
    bounds: Bounds


class RowCountWithin(Record):
    """The partition's number of rows, for bounds that `RowCount` cannot say."""

    kind: Literal["row_count_within"] = "row_count_within"
    bounds: Bounds


class Equals(Record):
    """The value itself, or any other where `negated`: for what is no number."""

    value: bool | str
    negated: bool = False


class SqlValue(Record):
    """The one value that a SELECT over the partition (and what is published) returns.

    `columns` are those of the contract that the query may read; `reads_published` says that it reads what consumers
    see now.
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
