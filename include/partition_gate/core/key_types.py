"""The types that a partition key may have: their values, and the canonical text of each value. Pure.

A type has the name of its DuckDB type in the published table. Some floating point values have no canonical text (NaN,
-0.0, 0.1 + 0.2), and nested values and bytes have none: these types cannot be keys.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from functools import cache
from typing import Any, Generic, TypeVar

from partition_gate.core.integers import SIGNED_BITS

V = TypeVar("V")

# Names of the segments that folders and schedules write with two digits (`hour=07`).
TWO_DIGITS = frozenset({"hour", "month", "day"})
_MOST_DIGITS = 80
_DECIMAL = re.compile(r"DECIMAL\(([0-9]+),\s*([0-9]+)\)")
_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)|0[0-9]")
_FRACTIONAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:\.([0-9]{1,6})0*)?"
    r"(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)


class KeyType(ABC, Generic[V]):
    """One type of key. `noun` completes "is not ..."; `example` is the text of a value."""

    noun: str
    example: str

    @abstractmethod
    def parse(self, text: str) -> V:
        """The value of a text, which may be an unambiguous alternative spelling. Raises: ValueError."""

    @abstractmethod
    def format(self, value: V) -> str:
        """The canonical text of a value."""

    def stored(self, value: V) -> str:
        """The text that the reader of a Delta log and a CAST turn into this value."""
        return self.format(value)

    def landed(self, value: V) -> tuple[str, ...]:  # noqa: ARG002 -- other types use it
        """Alternative texts that producers use in the folder name of this value."""
        return ()


@dataclass(frozen=True)
class Text(KeyType[str]):
    """Any text except the empty one, which no reader can distinguish from a missing name."""

    noun = "text with at least one character"
    example = "EU"

    def parse(self, text: str) -> str:
        if not text:
            raise ValueError(text)
        return text

    def format(self, value: str) -> str:
        return value


@dataclass(frozen=True)
class WholeNumber(KeyType[int]):
    """A whole number of `bits` bits; `digits` is 2 for calendar parts."""

    bits: int
    digits: int = 1

    @property
    def noun(self) -> str:  # type: ignore[override]
        return f"a {self.bits}-bit whole number"

    @property
    def example(self) -> str:  # type: ignore[override]
        return f"{7:0{self.digits}d}"

    def parse(self, text: str) -> int:
        # Never call int() on a long text: its cost is quadratic.
        if len(text) > 20 or not _WHOLE.fullmatch(text) or not -(half := 1 << self.bits - 1) <= int(text) < half:
            raise ValueError(text)
        return int(text)

    def format(self, value: int) -> str:
        return str(value) if value < 0 else f"{value:0{self.digits}d}"

    def stored(self, value: int) -> str:
        return str(value)

    def landed(self, value: int) -> tuple[str, ...]:
        return (str(value), f"{value:02d}") if value >= 0 else (str(value),)


@dataclass(frozen=True)
class FixedDecimal(KeyType[Decimal]):
    """A decimal number with exactly `scale` digits after the point."""

    precision: int
    scale: int

    @property
    def noun(self) -> str:  # type: ignore[override]
        digits = f"a decimal number with at most {self.precision - self.scale} digits before the point"
        return f"{digits} and {self.scale} after it, and not negative if it has a fraction" if self.scale else digits

    @property
    def example(self) -> str:  # type: ignore[override]
        return self.format(Decimal("0.5") if self.scale == self.precision else Decimal(1))

    def parse(self, text: str) -> Decimal:
        whole, _, fraction = text.partition(".")
        digits, fraction = whole.lstrip("-0"), fraction.rstrip("0")
        fits = len(digits) <= self.precision - self.scale and len(fraction) <= self.scale
        # Delta's readers in Python turn -1.50 into `-1.-50`, and then cannot read the table at all (docs/adr/0023).
        if not fits or not _FRACTIONAL.fullmatch(text) or (fraction and text.startswith("-")):
            raise ValueError(text)
        return Decimal(text)

    def format(self, value: Decimal) -> str:
        exact = value.quantize(Decimal(1).scaleb(-self.scale), context=Context(prec=_MOST_DIGITS))
        return f"{exact if exact else abs(exact):f}"

    def landed(self, value: Decimal) -> tuple[str, ...]:
        text = self.format(value)
        return (text.rstrip("0").rstrip("."),) if self.scale else ()


@dataclass(frozen=True)
class Day(KeyType[date]):
    """A date in the years 1 to 9999."""

    noun = "a calendar date"
    example = "2026-01-31"

    def parse(self, text: str) -> date:
        if not _DAY.fullmatch(text):
            raise ValueError(text)
        return date.fromisoformat(text)

    def format(self, value: date) -> str:
        return value.isoformat()


@dataclass(frozen=True)
class Timestamp(KeyType[datetime]):
    """A date and time with microseconds: in UTC if the column has a time zone, else without a zone."""

    has_zone: bool

    @property
    def noun(self) -> str:  # type: ignore[override]
        return f"a date and time {'(UTC if it names no zone)' if self.has_zone else 'without a time zone'}"

    @property
    def example(self) -> str:  # type: ignore[override]
        return "2026-01-31T07:00:00" + self._zone

    def parse(self, text: str) -> datetime:
        match = _TIMESTAMP.fullmatch(text)
        if not match or (match[5] and not self.has_zone) or (match[4] and not match[3]):
            raise ValueError(text)
        day, minute, second, fraction, zone = match.groups()
        iso = f"{day}T{minute}{second or ':00'}.{(fraction or '').ljust(6, '0')}"
        if not self.has_zone:
            return datetime.fromisoformat(iso)
        try:
            return datetime.fromisoformat(iso + (zone or "Z")).astimezone(UTC)
        except OverflowError as error:
            raise ValueError(text) from error

    def format(self, value: datetime) -> str:
        return self._text(value, "T") + self._zone

    def stored(self, value: datetime) -> str:
        # Delta's kernel parses a timestamp without a zone only if a space separates date and time.
        return self.format(value) if self.has_zone else self._text(value, " ")

    def landed(self, value: datetime) -> tuple[str, ...]:
        """As Spark writes it, and as Arrow (and so pandas) writes it, with all digits of its unit."""
        whole = value.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
        return self._text(value, " "), self._text(value, " ") + self._zone, whole + self._zone

    def _text(self, value: datetime, between: str) -> str:
        text = value.replace(tzinfo=None).isoformat(sep=between)
        return text.rstrip("0") if value.microsecond else text

    @property
    def _zone(self) -> str:
        return "Z" if self.has_zone else ""


@dataclass(frozen=True)
class Boolean(KeyType[bool]):
    """True or false."""

    noun = "true or false"
    example = "true"

    def parse(self, text: str) -> bool:
        if text not in ("true", "false"):
            raise ValueError(text)
        return text == "true"

    def format(self, value: bool) -> str:  # noqa: FBT001 (the value itself)
        return "true" if value else "false"


@cache  # asked for each part of each key
def key_type(name: str, type_name: str) -> KeyType[Any] | None:
    """The key type of a segment with this name and DuckDB type; None if the type cannot be a key."""
    kind = " ".join(type_name.upper().split())
    if kind in SIGNED_BITS:
        return WholeNumber(SIGNED_BITS[kind], digits=2 if name.casefold() in TWO_DIGITS else 1)
    if decimal := _DECIMAL.fullmatch(kind):
        return FixedDecimal(int(decimal[1]), int(decimal[2]))
    make = _OTHERS.get(kind)
    return make() if make else None


_OTHERS: dict[str, Callable[[], KeyType[Any]]] = {
    "VARCHAR": Text,
    "DATE": Day,
    "BOOLEAN": Boolean,
    "TIMESTAMP": lambda: Timestamp(has_zone=False),
    "TIMESTAMP WITH TIME ZONE": lambda: Timestamp(has_zone=True),
}
