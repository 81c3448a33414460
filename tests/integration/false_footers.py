"""Parquet files whose footers do not tell the truth."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq


def plain(values: Sequence[int | None], name: str = "n") -> bytes:
    """A file of one column of whole numbers, laid out the same for as many numbers."""
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({name: pa.array(values, pa.int64())}), sink, use_dictionary=False, compression="none")
    return bytes(sink.getvalue())


def spliced(*, pages: bytes, footer: bytes) -> bytes:
    """The rows of one file under the footer of another that is laid out the same."""
    length = int.from_bytes(footer[-8:-4], "little") + 8
    assert len(pages) == len(footer)
    return pages[:-length] + footer[-length:]


def with_null_count(file: bytes, count: int, *, stated: int) -> bytes:
    """The file with another number of nulls in its footer: field 3 of Thrift's Statistics, a zigzag integer."""
    length = int.from_bytes(file[-8:-4], "little") + 8
    before, after = (b"\x16" + bytes([2 * one]) + b"\x28\x08" for one in (count, stated))
    assert file[-length:].count(before) == 1
    return file[:-length] + file[-length:].replace(before, after)
