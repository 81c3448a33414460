"""Reads the Thrift structures of Parquet, and copies them without some of their fields.

Source: Thrift compact protocol; parquet.thrift of the Parquet format.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

# Parquet's structures have no sets and no maps.
_TRUE, _FALSE, _BYTE, _INT16, _INT32, _INT64, _DOUBLE, _BINARY, _LIST, _, _, STRUCT = range(1, 13)
_WIDTHS = {_TRUE: 0, _FALSE: 0, _BYTE: 1, _DOUBLE: 8}
_INTEGERS = (_INT16, _INT32, _INT64)
_MANY = 15  # a list's length that does not fit its header

Dropped = Mapping[int, "Dropped | None"]  # field -> what is dropped inside it; None drops the field itself


class ThriftReader:
    """A position in bytes that hold Thrift structures. Bytes that hold none raise IndexError or ValueError."""

    def __init__(self, content: memoryview, position: int = 0) -> None:
        self._content, self.position = content, position

    def fields(self) -> Iterator[tuple[int, int]]:
        """(number, type) of each field of the structure. Its value must be read before the next field is asked for."""
        number = 0
        while header := self._byte():
            number = number + (header >> 4) if header >> 4 else self.integer()
            yield number, header & 15

    def integer(self) -> int:
        """A signed whole number of any width."""
        raw = self._unsigned()
        return (raw >> 1) ^ -(raw & 1)

    def binary(self) -> bytes:
        """A value of any bytes."""
        length = self._unsigned()
        self._move(length)
        return bytes(self._content[self.position - length : self.position])

    def items(self) -> Iterator[int]:
        """The type of each item of a list. An item must be read before the next one is asked for."""
        length, kind = self._list_header()
        for _ in range(length):
            yield kind

    def skip(self, kind: int) -> None:
        """Move behind a value."""
        if kind in _WIDTHS:
            self._move(_WIDTHS[kind])
        elif kind in _INTEGERS:
            self._unsigned()
        elif kind == _BINARY:
            self._move(self._unsigned())
        else:
            self._skip_members(kind)

    def _skip_members(self, kind: int) -> None:
        if kind == STRUCT:
            for _, inner in self.fields():
                self.skip(inner)
        elif kind == _LIST:
            length, inner = self._list_header()
            self._skip_items(length, inner)
        else:
            raise ValueError(f"type {kind} is not in Parquet's structures")

    def without(self, dropped: Dropped) -> bytes:
        """The structure at this position without the dropped fields."""
        kept, previous = bytearray(), 0
        for number, kind in self.fields():
            inside, start = dropped.get(number, {}), self.position
            if inside is None:
                self.skip(kind)
                continue
            value = self._without(kind, inside) if inside else self._copied(kind, start)
            delta = number - previous
            kept += bytes([delta << 4 | kind]) if 0 < delta <= _MANY else bytes([kind]) + _zigzag(number)
            kept += value
            previous = number
        return bytes(kept) + b"\0"

    def _without(self, kind: int, inside: Dropped) -> bytes:
        if kind == STRUCT:
            return self.without(inside)
        start = self.position
        length, _ = self._list_header()
        header = bytes(self._content[start : self.position])
        return header + b"".join(self.without(inside) for _ in range(length))

    def _copied(self, kind: int, start: int) -> bytes:
        self.skip(kind)
        return bytes(self._content[start : self.position])

    def _skip_items(self, length: int, kind: int) -> None:
        if kind in (_TRUE, _FALSE):
            self._move(length)
            return
        for _ in range(length):
            self.skip(kind)

    def _list_header(self) -> tuple[int, int]:
        header = self._byte()
        length = header >> 4
        return (self._unsigned() if length == _MANY else length), header & 15

    def _unsigned(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 128:
            value |= (byte & 127) << shift
            shift += 7
        return value | byte << shift

    def _byte(self) -> int:
        self._move(1)
        return self._content[self.position - 1]

    def _move(self, length: int) -> None:
        self.position += length
        if self.position > len(self._content):
            raise IndexError("the structure is not complete")


def _zigzag(number: int) -> bytes:
    raw, written = (number << 1) ^ (number >> 31), bytearray()
    while raw > 127:
        written.append(raw & 127 | 128)
        raw >>= 7
    return bytes([*written, raw])
