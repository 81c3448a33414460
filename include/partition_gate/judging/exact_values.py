"""Numbers, dates and times that come back from text exactly: 1 stays a whole number, 1.10 keeps its zero."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator

# The sum of any number of DuckDB's decimals (38 digits) has far fewer digits; Python's own context rounds to 28.
EXACT = Context(prec=1000)

_FROM_TEXT: dict[str, Callable[[str], int | Decimal | float | date | datetime]] = {
    "int": int,
    "decimal": Decimal,
    "float": float,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
}
_KINDS: dict[type, str] = {int: "int", Decimal: "decimal", float: "float", date: "date", datetime: "datetime"}
_NUMBERS = (int, Decimal, float)


def as_text(value: int | Decimal | float | date | datetime) -> tuple[str, str]:
    """The kind and the text of a value; `from_text` gives back an equal value of the same type."""
    kind = _KINDS[type(value)]
    return kind, value.isoformat() if isinstance(value, date) else repr(value) if kind == "float" else str(value)


def from_text(kind: str, text: str) -> int | Decimal | float | date | datetime:
    """The value that `as_text` wrote.

    Raises:
        ValueError: the kind is unknown, or the text is none of that kind.
    """
    if kind not in _FROM_TEXT:
        raise ValueError(f"{kind!r} is no kind of value; the kinds are {', '.join(_FROM_TEXT)}")
    try:
        return _FROM_TEXT[kind](text)
    except ArithmeticError as error:
        raise ValueError(f"{text!r} is no {kind}") from error


def _extreme(value: object) -> int | Decimal | float | date | datetime:
    if isinstance(value, dict) and len(value) == 1:
        value = from_text(*next(iter(value.items())))
    # The exact types: a bool is an int to Python, and a datetime a date.
    if isinstance(value, datetime) and type(value) is datetime:
        if value.tzinfo is None:
            raise ValueError("a time without a time zone; give it in UTC")
        return value.astimezone(UTC)
    if isinstance(value, int | Decimal | float | date) and type(value) in _KINDS:
        if not isinstance(value, date) and math.isnan(value):
            raise ValueError("NaN has no place among the other numbers; leave the value out")
        return value
    raise ValueError(f"{type(value).__name__} is neither a number, nor a date, nor a time")


def _number(value: object) -> int | Decimal | float:
    number = _extreme(value)
    if not isinstance(number, _NUMBERS):
        raise ValueError(f"{type(number).__name__} is not a number")  # noqa: TRY004 - pydantic reports a ValueError only
    if not math.isfinite(number):
        raise ValueError("an infinite sum says nothing; leave it out")
    return number


def _json(value: int | Decimal | float | date | datetime) -> dict[str, str]:
    return dict([as_text(value)])


Number = Annotated[int | Decimal | float, PlainValidator(_number), PlainSerializer(_json, when_used="json")]
"""A finite number. Its JSON names its kind: `{"decimal": "1.10"}`."""

Extreme = Annotated[
    int | Decimal | float | date | datetime, PlainValidator(_extreme), PlainSerializer(_json, when_used="json")
]
"""A number (infinite, but not NaN), a date, or an aware time, which is kept in UTC. Its JSON names its kind."""


def lower(one: Extreme, other: Extreme) -> Extreme | None:
    """The lower of two values; None where they cannot be compared (a number and a date)."""
    return min(one, other, key=_rank) if _family(one) is _family(other) else None


def higher(one: Extreme, other: Extreme) -> Extreme | None:
    """The higher of two values; None where they cannot be compared (a number and a date)."""
    return max(one, other, key=_rank) if _family(one) is _family(other) else None


def added(one: Number, other: Number) -> Number | None:
    """The sum: exact unless one of the two is a float; None where it is too large for a float."""
    if isinstance(one, int) and isinstance(other, int):
        return one + other
    if isinstance(one, float) or isinstance(other, float):
        try:
            total = float(one) + float(other)
        except OverflowError:
            return None
        return total if math.isfinite(total) else None
    return EXACT.add(Decimal(one), Decimal(other))


def _family(value: Extreme) -> type:
    return type(value) if isinstance(value, date) else int


def _rank(value: Extreme) -> tuple[Extreme, tuple[str, str]]:
    # Equal values (1, 1.0 and 1.00) have one order too, so that the result does not depend on who comes first.
    return value, as_text(value)
