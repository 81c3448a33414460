"""Partition keys: one canonical text for the values of a partition, whatever the folder in landing is called. Pure.

A key is the values of the location's segments, joined with `/`. Each part is percent-encoded once, so that it is one
name of a folder and one step of an address: only `A-Z a-z 0-9 _ . : + -` stand as they are (docs/adr/0023).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

from partition_gate.core.errors import MalformedPartitionKey
from partition_gate.core.key_types import KeyType, key_type
from partition_gate.core.nearest_words import shown
from partition_gate.core.record import Record

# Segment -> value as a CAST reads it, None for null: the values of one partition's columns, in the key's order.
KeyValues = Sequence[tuple[str, str | None]]

NULL = "__HIVE_DEFAULT_PARTITION__"
LONGEST_PART_BYTES = 200
_LONGEST_NAME_BYTES = 255  # of a folder, in most file systems
# What Hive and Spark encode in a folder's name. Source: Hive, FileUtils.charToEscape; Spark, ExternalCatalogUtils.
_HIVE_ENCODES = frozenset("\"#%'*/:=?\\\x7f{[]^") | {chr(code) for code in range(1, 32)}


class Segment(Record):
    """One Hive segment `name=value` of a location; `type` is the DuckDB type of the published column."""

    name: str
    type: str

    @property
    def example(self) -> str:
        """A part that this segment may have."""
        return self._type.example

    def part(self, text: str) -> str:
        """The canonical part of a text, which may be encoded or be another spelling of the value.

        Raises:
            MalformedPartitionKey: the text has no value of the segment's type.
        """
        plain = self._plain(text)
        if plain == NULL:
            return NULL
        part = _encoded(self._type.format(self._value(plain)))
        longest = min(LONGEST_PART_BYTES, _LONGEST_NAME_BYTES - len(f"{self.name}=".encode()))
        if len(part) > longest:
            what = f"{len(part)} bytes when encoded, and a part of a key has at most {longest}"
            raise MalformedPartitionKey(f"{self.name}: {shown(plain)} has {what}; shorten the value")
        return part

    def landed_part(self, folder: str) -> str:
        """The canonical part of a folder `name=<folder>` in landing.

        Raises:
            MalformedPartitionKey: it has no value, or is none of the value's `spellings`.
        """
        part = self.part(folder)
        if folder not in self.spellings(part):
            what = f"no accepted spelling of {part}; rename the folder to {self.name}={part}"
            raise MalformedPartitionKey(f"{self.name}: {shown(folder)} is {what}")
        return part

    def is_canonical(self, part: str) -> bool:
        """Whether a text is the canonical part of a value of this segment."""
        try:
            return self.part(part) == part
        except MalformedPartitionKey:
            return False

    def spellings(self, part: str) -> tuple[str, ...]:
        """How a folder in landing may write the value of a canonical part: the part itself, and what others write."""
        value = None if part == NULL else self._value(unquote(part))
        if value is None:
            return (NULL,)
        plain = (self._type.format(value), *self._type.landed(value))
        names = dict.fromkeys((part, *(name for text in plain for name in _folder_names(text))))
        return tuple(name for name in names if len(f"{self.name}={name}".encode()) <= _LONGEST_NAME_BYTES)

    def stored(self, part: str) -> str | None:
        """The value of a canonical part as a Delta log and a CAST read it; None is null."""
        return None if part == NULL else self._type.stored(self._value(unquote(part)))

    def timestamp(self, part: str) -> datetime | None:
        """The date and time of a canonical part, in UTC or without a zone; None where the type is no timestamp."""
        value = None if part == NULL else self._value(unquote(part))
        return value if isinstance(value, datetime) else None

    def order(self, part: str) -> tuple[bool, object]:
        """What sorts canonical parts by their values, null last."""
        return (True, "") if part == NULL else (False, self._value(unquote(part)))

    @property
    def _type(self) -> KeyType[Any]:
        found = key_type(self.name, self.type)
        if found is None:
            raise MalformedPartitionKey(f"{self.name}: {why_no_key(self.type)}")
        return found

    def _plain(self, text: str) -> str:
        try:
            plain = unquote(text, errors="strict")
            plain.encode()  # a file system may hand out bytes that are not text
        except UnicodeError as error:
            raise MalformedPartitionKey(f"{self.name}: {shown(text)} is not UTF-8; rename it") from error
        return plain

    def _value(self, plain: str) -> Any:
        try:
            return self._type.parse(plain)
        except ValueError as error:
            raise MalformedPartitionKey(f"{self.name}: {shown(plain)} is not {self._type.noun}") from error


def stored_values(table: str, segments: Sequence[Segment], parts: Sequence[str]) -> dict[str, str | None]:
    """Segment -> value of a table's canonical key, as a Delta log and a CAST read it.

    Raises:
        MalformedPartitionKey: a part that is not canonical. A Delta log with a value that its readers cannot parse as
            the column's type is a table that nobody can load.
    """
    for segment, part in zip(segments, parts, strict=True):
        if (canonical := segment.part(part)) != part:
            raise MalformedPartitionKey(f"{table}: {shown(part)} is not canonical: {segment.name} must be {canonical}")
    return {segment.name: segment.stored(part) for segment, part in zip(segments, parts, strict=True)}


def is_key_type(type_name: str) -> bool:
    """Whether a column of that DuckDB type can be part of a key."""
    return key_type("", type_name) is not None


def why_no_key(type_name: str) -> str:
    """Why a column of another type cannot."""
    can = "text, a whole number, a decimal, a date, a timestamp or a boolean"
    return f"{type_name} cannot be a partition key, because its values have no single text; use {can}"


def _encoded(plain: str) -> str:
    part = quote(plain, safe=":+").replace("~", "%7E")
    return part.replace(".", "%2E") if part in {".", ".."} else part


def _folder_names(plain: str) -> tuple[str, ...]:
    """A text as it is, as Hive and Spark encode it, and as Arrow does; each only if it reads back as the same text."""
    hive = "".join(f"%{ord(one):02X}" if one in _HIVE_ENCODES else one for one in plain)
    names = (plain, hive, quote(plain, safe=""))
    return tuple(name for name in names if not {"/", "\0"} & set(name) and unquote(name) == plain)
