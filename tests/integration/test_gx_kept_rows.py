"""Rows come into quarantine with the types and values that they had, whether they were kept or are judged again."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa

from partition_gate.adapters.gx.validator import DuckDbValidator
from partition_gate.adapters.gx.worth import Worth
from partition_gate.judging.validation import PartitionScan, RowPredicate
from partition_gate.testing.scans import a_scan, a_suite, some_labels

ZONED, NESTED = pa.timestamp("us", tz="Europe/Berlin"), pa.struct([("a", pa.int64()), ("b", pa.list_(pa.string()))])
BROKEN = pa.table(
    {
        "id": [-1, -2],
        "small": pa.array([-128, None], pa.int8()),
        "large": pa.array([2**64 - 1, 0], pa.uint64()),
        "half": pa.array([1.5, -0.0], pa.float16()),
        "float": pa.array([float("nan"), -0.0], pa.float32()),
        "double": [-0.0, float("-inf")],
        "decimal": pa.array([Decimal("1.10"), None], pa.decimal128(38, 10)),
        "seconds": pa.array([1, 2**33], pa.timestamp("s")),
        "nanoseconds": pa.array([1, 2**60 + 1], pa.timestamp("ns")),
        "zoned": pa.array([1, None], ZONED),
        "clock": pa.array([1, 86_399_999], pa.time32("ms")),
        "fine_clock": pa.array([1001, 2], pa.time64("ns")),
        "day": pa.array([-800_000, None], pa.date32()),
        "span": pa.array([timedelta(days=-1), None], pa.duration("us")),
        "text": ["é\n", ""],
        "word": pa.array(["a", None]).dictionary_encode(),
        "bytes": pa.array([b"\x00\xff", b""], pa.binary()),
        "uuid": pa.array([uuid.UUID(int=1).bytes, None], pa.uuid()),
        "list": [[1, None], None],
        "vector": pa.array([[1.0, -0.0], [2.0, 3.0]], pa.list_(pa.float32(), 2)),
        "map": pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int32())),
        "nested": pa.array([{"a": 1, "b": ["x", None]}, None], NESTED),
        "nothing": pa.nulls(2),
    }
)
OTHER_TYPES = pa.table({"id": [-3], "large": [-1], "decimal": [2.5], "text": [7], "day": ["soon"]})
POSITIVE = {"positive": ("expect_column_values_to_be_between", {"column": "id", "min_value": 0})}


def test_kept_rows_are_quarantined_like_rows_that_are_judged_again(tmp_path: Path) -> None:
    files = (BROKEN, OTHER_TYPES, BROKEN.slice(1))
    scan = a_scan(tmp_path, *files, columns={"id": "BIGINT"}).model_copy(update={"scratch": tmp_path / "scratch"})
    blocking = DuckDbValidator(worth=Worth(footers=0)).validate(scan, a_suite(POSITIVE)).predicates

    again = _quarantined(scan.model_copy(update={"scratch": None}), blocking, tmp_path / "again")
    a_scan(tmp_path, *(rows.set_column(0, "id", pa.array([-9] * rows.num_rows)) for rows in files))
    kept = _quarantined(scan, blocking, tmp_path / "kept")  # it has the numbers of before, so the files were not read

    assert kept == again
    assert len(kept[1]) == 4


def _quarantined(
    scan: PartitionScan, blocking: tuple[RowPredicate, ...], into: Path
) -> tuple[list[tuple[str, str]], list[str]]:
    """(name, type) of the columns, and each row as text."""
    split = DuckDbValidator().split(scan, blocking=blocking, labels=some_labels(), into=into)
    with duckdb.connect() as connection:
        rows = connection.read_parquet(str(split.quarantined))
        types = [(name, str(kind)) for name, kind in zip(rows.columns, rows.types, strict=True)]
        return types, [str(row) for row in rows.order("_gate_source_file, _gate_source_row").fetchall()]
