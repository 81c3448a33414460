"""Expectations on the values of one column."""

from __future__ import annotations

from typing import Literal

from partition_gate.core.record import Record
from partition_gate.core.values import Scalar


class NotNull(Record):
    """No value is null; `mostly` is the minimum fraction (0..1) of rows that must pass."""

    kind: Literal["not_null"] = "not_null"
    column: str
    mostly: float = 1.0


class InRange(Record):
    """Values lie between two bounds; `None` is unbounded. Dates and times are ISO 8601 text."""

    kind: Literal["in_range"] = "in_range"
    column: str
    low: float | int | str | None = None
    high: float | int | str | None = None
    low_is_exclusive: bool = False
    high_is_exclusive: bool = False
    mostly: float = 1.0


class LengthInRange(Record):
    """Text lengths, in characters, both bounds inclusive."""

    kind: Literal["length_in_range"] = "length_in_range"
    column: str
    low: int | None = None
    high: int | None = None
    mostly: float = 1.0


class Matches(Record):
    """The text contains a match of the RE2 pattern (anchor the pattern to match the whole text)."""

    kind: Literal["matches"] = "matches"
    column: str
    pattern: str
    mostly: float = 1.0


class MultipleOf(Record):
    """Values are integer multiples of a decimal number, which is stored as text to stay exact."""

    kind: Literal["multiple_of"] = "multiple_of"
    column: str
    divisor: str
    mostly: float = 1.0


class DateText(Record):
    """The text is a date or time in a strptime format."""

    kind: Literal["date_text"] = "date_text"
    column: str
    format: str
    mostly: float = 1.0


class InSet(Record):
    """Values are members of the set."""

    kind: Literal["in_set"] = "in_set"
    column: str
    values: tuple[Scalar, ...]
    mostly: float = 1.0
