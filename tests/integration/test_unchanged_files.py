"""Files that are published as they came: consumers' engines believe their footers, so nothing in them may be false."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from partition_gate.adapters.gx.duckdb.unchanged_files import SMALL_FILE_BYTES
from partition_gate.adapters.gx.validator import DuckDbValidator
from partition_gate.judging.validation import PartitionScan, Split
from partition_gate.testing.scans import a_scan, some_labels

NAN = float("nan")
ROWS = pa.table({"id": [1, 2, 3, 4, 5, 6], "city": ["Bonn", "Bonn", "Rome", "Rome", "Rome", "Oslo"]})


@pytest.mark.parametrize(
    ("rows", "claimed", "searched"),
    [
        ([1, 2, 999, 4], [1, 2, 3, 4], "= 999"),
        ([1, -7, 3, 4], [1, 2, 3, 4], "= -7"),
        ([1.5, 2.5, 9.5, 4.5], [1.5, 2.5, 3.5, 4.5], "= 9.5"),
        ([1.5, 2.5, NAN, 4.5], [1.5, 2.5, 3.5, 4.5], "= 'nan'"),
        (["b", "c", "z", "e"], ["b", "c", "d", "e"], "= 'z'"),
        (["b", "c", "ä", "e"], ["b", "c", "dd", "e"], "= 'ä'"),
        ([True, True, False, True], [True, True, True, True], "= false"),
        ([b"b", b"c", b"\xff", b"e"], [b"b", b"c", b"d", b"e"], "= '\\xFF'::BLOB"),
    ],
)
def test_a_row_outside_the_extremes_of_its_footer_is_found_in_what_is_published(
    tmp_path: Path, rows: list[Any], claimed: list[Any], searched: str
) -> None:
    scan = a_scan(tmp_path, _pages_and_footer(_written(v=rows), _written(v=claimed)))

    split = _split(scan, tmp_path)

    assert split.passing != scan.paths
    assert _count(split, f"v {searched}") == 1


@pytest.mark.parametrize(("rows", "claimed", "searched"), [([1, None], [1, 1], "IS NULL"), ([1, 1], [1, None], "= 1")])
def test_a_wrong_number_of_nulls_is_not_published(
    tmp_path: Path, rows: list[Any], claimed: list[Any], searched: str
) -> None:
    field = pa.schema([pa.field("v", pa.int64())])
    pages, footer = (_written(pa.table({"v": values}, schema=field)) for values in (rows, claimed))
    scan = a_scan(tmp_path, _pages_and_footer(pages, footer))

    split = _split(scan, tmp_path)

    assert split.passing != scan.paths
    assert _count(split, f"v {searched}") == rows.count(1 if "1" in searched else None)


def test_one_false_row_group_of_many_is_found(tmp_path: Path) -> None:
    right = list(range(7_350))
    wrong = [*right[:3_210], 9_999_999, *right[3_211:]]
    sizes = [1_000, 10, 2_500, 40, 3_800]
    scan = a_scan(tmp_path, _pages_and_footer(_in_groups(wrong, sizes), _in_groups(right, sizes)))

    split = _split(scan, tmp_path)

    assert split.passing != scan.paths
    assert _count(split, "v = 9999999") == 1


def test_row_groups_of_any_size_are_published_unchanged_if_they_are_true(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, _in_groups(list(range(7_350)), [1_000, 10, 2_500, 40, 3_800]))

    assert _split(scan, tmp_path).passing == scan.paths


def test_a_false_footer_of_one_file_rewrites_all(tmp_path: Path) -> None:
    many = list(range(SMALL_FILE_BYTES // 7))
    right = _written(v=many)
    scan = a_scan(tmp_path, right, _pages_and_footer(_written(v=[*many[:-1], 10**9]), right))

    split = _split(scan, tmp_path)

    assert len(split.passing) == 1
    assert _count(split, "v = 1000000000") == 1


def test_zeros_of_either_sign_and_long_texts_are_true(tmp_path: Path) -> None:
    rows = pa.table({"zero": [0.0, -0.0, 0.0], "long": ["a" * 3_000, "b", "ü" * 3_000]})
    by_duckdb = tmp_path / "by_duckdb.parquet"
    duckdb.from_arrow(rows).write_parquet(str(by_duckdb))

    for number, file in enumerate((rows, by_duckdb.read_bytes())):
        scan = a_scan(tmp_path / f"{number}", file)
        assert _split(scan, tmp_path).passing == scan.paths


@pytest.mark.parametrize(
    "options",
    [{"write_page_index": True}, {"sorting_columns": [pq.SortingColumn(0)]}],
    ids=["page index", "sort order"],
)
def test_what_is_not_compared_with_the_rows_is_left_out_of_the_published_footer(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    scan = a_scan(tmp_path, _written(ROWS, **options))

    split = _split(scan, tmp_path)

    (published,) = split.passing
    metadata, landed = pq.read_metadata(published), pq.read_metadata(scan.paths[0])
    column = metadata.row_group(0).column(0)
    assert (column.has_column_index, column.has_offset_index, metadata.row_group(0).sorting_columns) == (
        False,
        False,
        (),
    )
    assert column.statistics == landed.row_group(0).column(0).statistics
    assert (
        published.read_bytes()[: column.total_compressed_size]
        == scan.paths[0].read_bytes()[: column.total_compressed_size]
    )
    assert pq.read_table(published).equals(ROWS)
    assert split.row_hash == _split(a_scan(tmp_path / "plain", ROWS), tmp_path).row_hash


def test_a_bloom_filter_that_excludes_a_value_hides_no_row(tmp_path: Path) -> None:
    landed = tmp_path / "landed.parquet"
    numbers = duckdb.table_function("range", [5000]).select("range AS i, 'city ' || range % 50 AS city")
    numbers.write_parquet(str(landed))
    scan = a_scan(tmp_path / "scan", _with_empty_bloom_filters(landed))

    split = _split(scan, tmp_path)

    assert _count(split, "city = 'city 7'") == 100
    assert split.rows_passing == 5_000


def test_a_footer_that_says_all_values_are_in_the_dictionary_is_compared_with_the_pages(tmp_path: Path) -> None:
    texts = [f"a city with a long name {i}" for i in range(3_000)]
    mixed = _written(city=texts, use_dictionary=True, dictionary_pagesize_limit=2_000, data_page_size=2_000)
    scan = a_scan(tmp_path, _said_to_be_in_the_dictionary(mixed))

    true = a_scan(tmp_path / "true", mixed)
    assert _split(true, tmp_path).passing == true.paths
    assert _split(scan, tmp_path).passing != scan.paths


def _written(table: pa.Table | None = None, *, use_dictionary: bool = False, **options: Any) -> bytes:
    """A file in memory; its columns may be named instead of a table."""
    columns = {name: options.pop(name) for name in ("v", "city") if name in options}
    sink = pa.BufferOutputStream()
    rows = pa.table(columns) if table is None else table
    pq.write_table(rows, sink, use_dictionary=use_dictionary, compression="none", **options)
    return bytes(sink.getvalue())


def _in_groups(values: Sequence[int], sizes: Sequence[int]) -> bytes:
    sink, start = pa.BufferOutputStream(), 0
    with pq.ParquetWriter(sink, pa.schema({"v": pa.int64()}), use_dictionary=False, compression="none") as writer:
        for size in sizes:
            writer.write_table(pa.table({"v": values[start : start + size]}))
            start += size
    return bytes(sink.getvalue())


def _pages_and_footer(pages: bytes, footer: bytes) -> bytes:
    """The pages of one file under the footer of another."""
    return pages[: -_footer_bytes(pages)] + footer[-_footer_bytes(footer) :]


def _footer_bytes(file: bytes) -> int:
    return int.from_bytes(file[-8:-4], "little") + 8


def _with_empty_bloom_filters(path: Path) -> bytes:
    content = bytearray(path.read_bytes())
    query = "SELECT bloom_filter_offset, bloom_filter_length FROM parquet_metadata(?) WHERE bloom_filter_offset > 0"
    filters = duckdb.execute(query, [str(path)]).fetchall()
    assert filters
    for offset, length in filters:
        bits = (length - 1) // 32 * 32
        content[offset + length - bits : offset + length] = bytes(bits)
    return bytes(content)


def _said_to_be_in_the_dictionary(file: bytes) -> bytes:
    """The file with a footer that names no PLAIN page (Thrift's 0), neither of the column nor of its pages."""
    pages, footer = file[: -_footer_bytes(file)], file[-_footer_bytes(file) :]
    listed, counted = b"\x19\x35\x00\x06\x10", b"\x15\x00\x15\x00\x15"
    assert (footer.count(listed), footer.count(counted)) == (1, 1)
    footer = footer.replace(listed, b"\x19\x35\x06\x06\x10").replace(counted, b"\x15\x00\x15\x10\x15")
    return pages + footer


def _split(scan: PartitionScan, folder: Path) -> Split:
    return DuckDbValidator().split(scan, blocking=(), labels=some_labels(), into=folder / "out")


def _count(split: Split, condition: str) -> int:
    """How many of the published rows a consumer finds."""
    paths = [str(path) for path in split.passing]
    return len(duckdb.read_parquet(paths).filter(condition))
