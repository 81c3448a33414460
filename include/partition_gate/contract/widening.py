"""Which types can hold every value of another type, and which texts a type can read: exact, without a database."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation

from partition_gate.core.integers import DIGITS, SIGNED_BITS

# Integers of this many bits are exact in the 24 and 53 binary digits of these floats.
_EXACT_BITS = {"FLOAT": 16, "DOUBLE": 32}
# Texts that Python and a database read in the same way; only Python also reads 1_000 and 2026-W05-6.
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CLOCK = re.compile(r"\d\d:\d\d:\d\d(\.\d{1,6})?", re.ASCII)
_MOMENT = re.compile(rf"{_DAY.pattern}[ T]{_CLOCK.pattern}(Z|[+-]\d\d:\d\d)?", re.ASCII)
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


def can_represent(wide: str, narrow: str) -> bool:
    """Whether the DuckDB type `wide` can represent each value of `narrow` exactly.

    A BIGINT is not always exact as a DOUBLE, and a DATE has no time of day, so these are not widening.
    """
    if wide == narrow or (narrow, wide) == ("FLOAT", "DOUBLE"):
        return True
    if narrow in SIGNED_BITS:
        if wide in SIGNED_BITS:
            return SIGNED_BITS[wide] > SIGNED_BITS[narrow]
        return SIGNED_BITS[narrow] <= _EXACT_BITS.get(wide, 0) or _holds_decimal(wide, DIGITS[narrow], 0)
    own = _digits(narrow)
    return own is not None and _holds_decimal(wide, *own)


def is_value(text: str, kind: str) -> bool:
    """Whether a text is an exact value of a DuckDB type: no rounding, no overflow. Never true for nested types."""
    try:
        if kind in SIGNED_BITS:
            half = 1 << (SIGNED_BITS[kind] - 1)
            return bool(_NUMBER.fullmatch(text)) and -half <= int(text) < half
        if own := _digits(kind):
            return bool(_NUMBER.fullmatch(text)) and _fits(Decimal(text), *own)
        return kind in _TEXTS and _TEXTS[kind](text)
    except (ValueError, InvalidOperation, OverflowError):
        return False


def _holds_decimal(wide: str, integer_digits: int, scale: int) -> bool:
    own = _digits(wide)
    return own is not None and own[0] >= integer_digits and own[1] >= scale


def _digits(kind: str) -> tuple[int, int] | None:
    """(digits before the point, digits after it) of a DECIMAL."""
    parts = _DECIMAL.fullmatch(kind)
    return (int(parts[1]) - int(parts[2]), int(parts[2])) if parts else None


def _fits(number: Decimal, integer_digits: int, scale: int) -> bool:
    return abs(number) < 10**integer_digits and number == round(number, scale)


def _is_float(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text)) and abs(float(text)) < float("inf")


def _is_date(text: str) -> bool:
    return bool(_DAY.fullmatch(text)) and bool(date.fromisoformat(text))


def _is_timestamp(text: str, *, with_zone: bool) -> bool:
    return bool(_MOMENT.fullmatch(text)) and (datetime.fromisoformat(text).tzinfo is not None) == with_zone


_TEXTS: dict[str, Callable[[str], bool]] = {
    "VARCHAR": lambda _: True,
    "BOOLEAN": lambda text: text.lower() in {"true", "false"},
    "FLOAT": _is_float,
    "DOUBLE": _is_float,
    "DATE": _is_date,
    "TIME": lambda text: bool(_CLOCK.fullmatch(text)) and time.fromisoformat(text).tzinfo is None,
    "TIMESTAMP": lambda text: _is_timestamp(text, with_zone=False),
    "TIMESTAMP WITH TIME ZONE": lambda text: _is_timestamp(text, with_zone=True),
}
