"""Partition keys: one canonical text for the values of a partition, whatever the folder name in landing. Pure.

A key consists of the values of the location's segments, joined with `/`. Each part is percent-encoded once, so that it
is a valid folder name and a valid URL segment: only `A-Z a-z 0-9 _ . : + -` are not encoded (docs/adr/0023).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

from partition_gate.core.display import counted
from partition_gate.core.errors import MalformedPartitionKey
from partition_gate.core.key_types import KeyType, key_type
from partition_gate.core.nearest_words import shown
from partition_gate.core.record import Record

# (segment, value in the form that CAST reads, None for null): the values of one partition's columns, in key order.
KeyValues = Sequence[tuple[str, str | None]]

NULL = "__HIVE_DEFAULT_PARTITION__"
LONGEST_PART_BYTES = 200
_LONGEST_NAME_BYTES = 255  # a folder name in most file systems
# Characters that Hive and Spark encode in a folder name. Source: Hive, FileUtils.charToEscape; Spark,
# ExternalCatalogUtils.
_HIVE_ENCODES = frozenset("\"#%'*/:=?\\\x7f{[]^") | {chr(code) for code in range(1, 32)}
_NUMBER = re.compile(r"\d+")


class Segment(Record):
    """One Hive segment `name=value` of a location; `type` is the DuckDB type of the published column."""

    name: str
    type: str

    @property
    def example(self) -> str:
        """An example of a valid part."""
        return self._type.example

    def part(self, text: str) -> str:
        """The canonical part of a text, which may be encoded or an alternative spelling of the value.

        Raises:
            MalformedPartitionKey: the text is not a value of the segment's type.
        """
        plain = self._plain(text)
        if plain == NULL:
            return NULL
        part = _encoded(self._type.format(self._value(plain)))
        longest = min(LONGEST_PART_BYTES, _LONGEST_NAME_BYTES - len(f"{self.name}=".encode()))
        if len(part) > longest:
            what = f"{counted(len(part), 'byte')} when encoded; the limit for a part of a key is {longest}"
            raise MalformedPartitionKey(f"{self.name}: {shown(plain)} has {what}; shorten the value")
        return part

    def landed_part(self, folder: str) -> str:
        """The canonical part of a folder `name=<folder>` in landing.

        Raises:
            MalformedPartitionKey: it is not a value of the segment's type, or not one of the value's `spellings`.
        """
        try:
            part = self.part(folder)
        except MalformedPartitionKey as error:
            if (meant := self.meant(folder)) is None:
                raise
            raise MalformedPartitionKey(f"{error}; rename the folder to {self.name}={meant}") from error
        if folder != part and folder not in self.spellings(part):
            what = f"not an accepted spelling of {part}; rename the folder to {self.name}={part}"
            raise MalformedPartitionKey(f"{self.name}: {shown(folder)} is {what}")
        return part

    def meant(self, folder: str) -> str | None:
        """The canonical part that a folder's name probably means (`2026-8-5`, `007`, `True`); None if none is known."""
        padded = _NUMBER.sub(lambda digits: digits[0].zfill(2), folder)
        for text in (folder, folder.lower(), padded, folder.lstrip("0") or "0"):
            with suppress(MalformedPartitionKey):
                return self.part(text)
        return None

    def is_canonical(self, part: str) -> bool:
        """Whether a text is already a canonical part of this segment."""
        try:
            return self.part(part) == part
        except MalformedPartitionKey:
            return False

    def spellings(self, part: str) -> tuple[str, ...]:
        """How a folder in landing may spell the value of a canonical part: the part first, then other tools' forms."""
        value = None if part == NULL else self._value(unquote(part))
        if value is None:
            return (NULL,)
        plain = (self._type.format(value), *self._type.landed(value))
        names = dict.fromkeys((part, *(name for text in plain for name in _folder_names(text))))
        return tuple(name for name in names if len(f"{self.name}={name}".encode()) <= _LONGEST_NAME_BYTES)

    def stored(self, part: str) -> str | None:
        """The value of a canonical part in the form that a Delta log and CAST read; None is null."""
        return None if part == NULL else self._type.stored(self._value(unquote(part)))

    def timestamp(self, part: str) -> datetime | None:
        """The date and time of a canonical part, in UTC or without a zone; None if the type is not a timestamp."""
        value = None if part == NULL else self._value(unquote(part))
        return value if isinstance(value, datetime) else None

    def order(self, part: str) -> tuple[bool, object]:
        """A sort key that orders canonical parts by their values, null last."""
        return (True, "") if part == NULL else (False, self._value(unquote(part)))

    @property
    def _type(self) -> KeyType[Any]:
        type_ = key_type(self.name, self.type)
        if type_ is None:
            raise MalformedPartitionKey(f"{self.name}: {why_not_key_type(self.type)}")
        return type_

    def _plain(self, text: str) -> str:
        try:
            plain = unquote(text, errors="strict")
            plain.encode()  # a file system may return bytes that are not text
        except UnicodeError as error:
            raise MalformedPartitionKey(f"{self.name}: {shown(text)} is not UTF-8; rename it") from error
        return plain

    def _value(self, plain: str) -> Any:
        try:
            return self._type.parse(plain)
        except ValueError as error:
            raise MalformedPartitionKey(f"{self.name}: {shown(plain)} is not {self._type.noun}") from error


def stored_values(table: str, segments: Sequence[Segment], parts: Sequence[str]) -> dict[str, str | None]:
    """Segment -> value in a table's canonical key, in the form that a Delta log and CAST read.

    Raises:
        MalformedPartitionKey: a part is not canonical. If a Delta log holds a value that its readers cannot parse as
            the column's type, nobody can load the table.
    """
    for segment, part in zip(segments, parts, strict=True):
        if (canonical := segment.part(part)) != part:
            raise MalformedPartitionKey(f"{table}: {shown(part)} is not canonical: {segment.name} must be {canonical}")
    return {segment.name: segment.stored(part) for segment, part in zip(segments, parts, strict=True)}


def is_key_type(type_name: str) -> bool:
    """Whether a column of this DuckDB type can be part of a key."""
    return key_type("", type_name) is not None


def why_not_key_type(type_name: str) -> str:
    """Why a column of this DuckDB type cannot be part of a key."""
    can = "text, a whole number, a decimal, a date, a timestamp or a boolean"
    return f"{type_name} cannot be a partition key, because its values have no canonical text; use {can}"


def _encoded(plain: str) -> str:
    part = quote(plain, safe=":+").replace("~", "%7E")
    return part.replace(".", "%2E") if part in {".", ".."} else part


def _folder_names(plain: str) -> tuple[str, ...]:
    """The text unchanged, encoded by Hive and Spark, and encoded by Arrow; only forms that decode to the same text."""
    hive = "".join(f"%{ord(character):02X}" if character in _HIVE_ENCODES else character for character in plain)
    names = (plain, hive, quote(plain, safe=""))
    return tuple(name for name in names if not {"/", "\0"} & set(name) and unquote(name) == plain)
