"""Numbers, dates and times with an exact text form: 1 stays a whole number, and 1.10 stays 1.10."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator

# Sums of DuckDB's decimals (38 digits) have far fewer digits; Python's default context rounds to 28.
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
    """The kind and the text of a value; `from_text` returns an equal value of the same type."""
    kind = _KINDS[type(value)]
    return kind, value.isoformat() if isinstance(value, date) else repr(value) if kind == "float" else str(value)


def from_text(kind: str, text: str) -> int | Decimal | float | date | datetime:
    """The value that `as_text` wrote.

    Raises:
        ValueError: the kind is unknown, or the text is not a value of that kind.
    """
    if kind not in _FROM_TEXT:
        raise ValueError(f"{kind!r} is not a kind of value; use one of {', '.join(_FROM_TEXT)}")
    try:
        return _FROM_TEXT[kind](text)
    except ArithmeticError as error:
        raise ValueError(f"{text!r} is not a valid {kind}") from error


def _extreme(value: object) -> int | Decimal | float | date | datetime:
    if isinstance(value, dict) and len(value) == 1:
        value = from_text(*next(iter(value.items())))
    # Compare exact types: in Python a bool is an int, and a datetime is a date.
    if isinstance(value, datetime) and type(value) is datetime:
        if value.tzinfo is None:
            raise ValueError("the time has no time zone; use UTC")
        return value.astimezone(UTC)
    if isinstance(value, int | Decimal | float | date) and type(value) in _KINDS:
        if not isinstance(value, date) and math.isnan(value):
            raise ValueError("NaN cannot be compared with other numbers; leave the value out")
        return value
    raise ValueError(f"{type(value).__name__} is not a number, a date or a time")


def _number(value: object) -> int | Decimal | float:
    number = _extreme(value)
    if not isinstance(number, _NUMBERS):
        raise ValueError(f"{type(number).__name__} is not a number")  # noqa: TRY004 - pydantic reports a ValueError only
    if not math.isfinite(number):
        raise ValueError("the sum is infinite; leave it out")
    return number


def _json(value: int | Decimal | float | date | datetime) -> dict[str, str]:
    return dict([as_text(value)])


Number = Annotated[int | Decimal | float, PlainValidator(_number), PlainSerializer(_json, when_used="json")]
"""A finite number. Its JSON names its kind: `{"decimal": "1.10"}`."""

Extreme = Annotated[
    int | Decimal | float | date | datetime, PlainValidator(_extreme), PlainSerializer(_json, when_used="json")
]
"""A number (possibly infinite, but not NaN), a date, or an aware time, stored in UTC. Its JSON names its kind."""


def lower(left: Extreme, right: Extreme) -> Extreme | None:
    """The lower of two values; None if they cannot be compared (a number and a date)."""
    return min(left, right, key=_rank) if _family(left) is _family(right) else None


def higher(left: Extreme, right: Extreme) -> Extreme | None:
    """The higher of two values; None if they cannot be compared (a number and a date)."""
    return max(left, right, key=_rank) if _family(left) is _family(right) else None


def added(left: Number, right: Number) -> Number | None:
    """The sum: exact unless one of the two is a float; None if it is too large for a float."""
    if isinstance(left, int) and isinstance(right, int):
        return left + right
    if isinstance(left, float) or isinstance(right, float):
        try:
            total = float(left) + float(right)
        except OverflowError:
            return None
        return total if math.isfinite(total) else None
    return EXACT.add(Decimal(left), Decimal(right))


def _family(value: Extreme) -> type:
    return type(value) if isinstance(value, date) else int


def _rank(value: Extreme) -> tuple[Extreme, tuple[str, str]]:
    # Equal values (1, 1.0 and 1.00) are ordered by their text, so the result does not depend on their order.
    return value, as_text(value)
