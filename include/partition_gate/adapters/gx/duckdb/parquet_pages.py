"""The pages of a Parquet file: whether they are as their writer left them, and how they are encoded."""

from __future__ import annotations

import mmap
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pyarrow.parquet as pq

from partition_gate.adapters.gx.duckdb.thrift import STRUCT, ThriftReader
from partition_gate.core.record import Record

_KIND, _SIZE, _CHECKSUM = 1, 3, 4
_DATA_PAGES = {5: 2, 8: 4}  # the header of a data page, by version -> the field of its encoding
_BITS = 0xFFFFFFFF
_ENCODINGS = dict(
    enumerate(
        (
            *("PLAIN", "GROUP_VAR_INT", "PLAIN_DICTIONARY", "RLE", "BIT_PACKED", "DELTA_BINARY_PACKED"),
            *("DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY", "RLE_DICTIONARY", "BYTE_STREAM_SPLIT"),
        )
    )
)


class Page(Record):
    """`checksum` is that of the bytes from `start` to `end`; None if the writer left none. `encoding` is None for a
    dictionary.
    """

    start: int
    end: int
    checksum: int | None
    encoding: str | None


def damaged_column(path: str, metadata: pq.FileMetaData) -> str | None:
    """The first column with a page whose checksum is not that of its bytes; None if there is none.

    A row group whose first page has no checksum has none at all, so most files are not read here.
    """
    with _content(path) as content:
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            if group.num_columns and _has_checksums(content, group.column(0)):
                for column in map(group.column, range(group.num_columns)):
                    if any(_is_damaged(content, page) for page in _pages(content, column)):
                        return str(column.path_in_schema)
    return None


def encodings(path: str, metadata: pq.FileMetaData) -> Iterator[frozenset[str]]:
    """The encodings of the data pages of each column in each row group, in the order of the footer.

    IndexError or ValueError if there is no page where one should be.
    """
    with _content(path) as content:
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            for column in map(group.column, range(group.num_columns)):
                yield frozenset(page.encoding for page in _pages(content, column) if page.encoding is not None)


def _has_checksums(content: memoryview, column: pq.ColumnChunkMetaData) -> bool:
    try:
        return next(_pages(content, column)).checksum is not None
    except (IndexError, ValueError, StopIteration):
        return False  # whoever reads the values says what is wrong


def _is_damaged(content: memoryview, page: Page) -> bool:
    return page.checksum is not None and zlib.crc32(content[page.start : page.end]) != page.checksum


def _pages(content: memoryview, column: pq.ColumnChunkMetaData) -> Iterator[Page]:
    """The pages of a column in a row group; IndexError or ValueError if there is no page where one should be."""
    offsets = (column.dictionary_page_offset, column.data_page_offset)
    position = min(offset for offset in offsets if offset)
    end = position + column.total_compressed_size
    while position < end:
        page = _page(content, position)
        yield page
        position = page.end


def _page(content: memoryview, position: int) -> Page:
    reader = ThriftReader(content, position)
    numbers: dict[int, int] = {}
    encoding = None
    for field, kind in reader.fields():
        if field in _DATA_PAGES and kind == STRUCT:
            encoding = _encoding(reader, _DATA_PAGES[field])
        elif field in (_KIND, _SIZE, _CHECKSUM):
            numbers[field] = reader.integer()
        else:
            reader.skip(kind)
    start, size, checksum = reader.position, numbers.get(_SIZE, -1), numbers.get(_CHECKSUM)
    if size < 0 or start + size > len(content):
        raise IndexError("the page is not complete")
    return Page(
        start=start,
        end=start + size,
        checksum=None if checksum is None else checksum & _BITS,
        encoding=encoding,
    )


def _encoding(reader: ThriftReader, field_of_encoding: int) -> str:
    encoding = ""
    for field, kind in reader.fields():
        if field == field_of_encoding:
            number = reader.integer()
            encoding = _ENCODINGS.get(number, str(number))
        else:
            reader.skip(kind)
    return encoding


@contextmanager
def _content(path: str) -> Iterator[memoryview]:
    with (
        Path(path).open("rb") as file,
        closing(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)) as mapped,
        memoryview(mapped) as content,
    ):
        yield content
