"""Splitting and rejecting: each row on exactly one side, with all its reasons."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partition_gate.adapters.gx.validator import DuckDbValidator
from partition_gate.core.errors import GateError
from partition_gate.core.table import TableColumn
from partition_gate.judging.validation import PartitionScan, RowPredicate, Split
from partition_gate.testing.scans import a_scan, a_suite, parquet_bytes, some_labels

POSITIVE = RowPredicate(rule_id="positive", sql='"id" <= 0')
NOTED = RowPredicate(rule_id="noted", sql='"note" IS NULL')
ORDERS = pa.table({"id": [1, 0, None, -1], "note": ["a", "b", "c", None]})
WHOLE = pa.table({"id": pa.array([1, 2], pa.int64()), "note": ["a", "b"]})


def test_each_row_goes_to_one_side_with_all_its_reasons_in_order(tmp_path: Path) -> None:
    split = _split(a_scan(tmp_path, ORDERS), POSITIVE, NOTED, positive="id must be positive")

    assert (split.rows_in, split.rows_passing, split.rows_quarantined) == (4, 2, 2)
    assert _rows(split.passing[0]) == [(1, "a"), (None, "c")]
    assert _rows(split.quarantined, "id, _gate_rule_ids, _gate_reasons") == [
        (0, ["positive"], ["id must be positive"]),
        (-1, ["positive", "noted"], ["id must be positive", "noted"]),
    ]


@given(rows=st.lists(st.tuples(st.none() | st.integers(-2, 2), st.none() | st.sampled_from("ab")), max_size=60))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_row_is_lost_or_doubled(tmp_path: Path, rows: list[tuple[int | None, str | None]]) -> None:
    schema = pa.schema({"id": pa.int64(), "note": pa.string()})
    table = pa.Table.from_pylist([{"id": id_, "note": note} for id_, note in rows], schema=schema)

    split = _split(a_scan(tmp_path, table.slice(0, 20), table.slice(20)), POSITIVE, NOTED)

    kept = [row for file in split.passing for row in _rows(file)]
    refused = [] if split.quarantined is None else _rows(split.quarantined, "id, note")
    assert sorted(kept + refused, key=str) == sorted(rows, key=str)
    assert split.rows_in == len(rows)


def test_a_quarantined_row_says_where_it_came_from(tmp_path: Path) -> None:
    split = _split(a_scan(tmp_path, WHOLE, ORDERS), POSITIVE)

    origin = "_gate_source_file, _gate_source_row, _gate_contract, _gate_contract_version, _gate_attempt"
    source = "s3://landing/orders/part-1.parquet"
    assert _rows(split.quarantined, origin) == [
        (source, 1, "orders", "1.0.0", "orders-1"),
        (source, 3, "orders", "1.0.0", "orders-1"),
    ]


def test_the_table_decides_what_passes_and_quarantine_keeps_every_input_column(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, pa.table({"extra": ["x", "y"], "order no": pa.array([1, 0], pa.int32())}))
    table = scan.table.model_copy(
        update={
            "columns": (
                TableColumn(name="id", source="order no", type="BIGINT"),
                TableColumn(name="added", source="added", type="DATE"),
            ),
            "partition_columns": (TableColumn(name="dt", source="dt", type="DATE"),),
        }
    )

    split = _split(scan.model_copy(update={"table": table, "partition_values": (("dt", "2013-01-03"),)}), POSITIVE)

    assert _columns(split.passing[0]) == {"id": "BIGINT", "added": "DATE"}
    assert list(_columns(split.quarantined).items())[:2] == [("extra", "VARCHAR"), ("order no", "INTEGER")]
    assert "dt" not in _columns(split.quarantined)


def test_a_side_without_rows_has_no_file(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, WHOLE)

    clean, broken = _split(scan, POSITIVE), _split(scan, RowPredicate(rule_id="all", sql="TRUE"))

    assert (clean.quarantined, clean.rows_passing) == (None, 2)
    assert (broken.passing, broken.rows_quarantined, broken.row_hash) == ((), 2, "0")


def test_nothing_blocking_lets_every_row_pass(tmp_path: Path) -> None:
    split = _split(a_scan(tmp_path, ORDERS))

    assert (split.rows_passing, split.quarantined) == (4, None)


def test_the_row_hash_depends_on_the_rows_and_not_on_their_order_or_files(tmp_path: Path) -> None:
    backwards = WHOLE.take([1, 0])
    changed = WHOLE.set_column(1, "note", pa.array(["a", "c"]))

    one, two, other = (
        _split(a_scan(tmp_path / name, *files), POSITIVE).row_hash
        for name, files in {
            "one": [WHOLE],
            "two": [backwards.slice(0, 1), backwards.slice(1)],
            "other": [changed],
        }.items()
    )

    assert one == two
    assert one != other


def test_a_value_that_cannot_be_cast_is_an_error_that_names_the_column_and_not_the_value(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, pa.table({"id": ["7", "Baudelaire"]}), columns={"id": "BIGINT"})

    with pytest.raises(GateError, match=r"orders\.id: a value cannot be cast to BIGINT") as raised:
        _split(scan)

    assert "Baudelaire" not in str(raised.value)
    assert list((tmp_path / "out").iterdir()) == []


def test_an_unreadable_file_is_never_split(tmp_path: Path) -> None:
    with pytest.raises(GateError, match=r"part-1\.parquet cannot be read"):
        _split(a_scan(tmp_path, WHOLE, b"garbage"), POSITIVE)


def test_columns_named_like_ours_and_like_duckdbs_come_through(tmp_path: Path) -> None:
    table = pa.table({"file_row_number": [7, 8], "_gate_reasons": ["old", "older"], "filename": ["f", "g"]})

    split = _split(a_scan(tmp_path, table), RowPredicate(rule_id="eight", sql='"file_row_number" = 8'))

    wanted = 'file_row_number, "_gate_reasons_1", filename, _gate_reasons, _gate_source_row'
    assert _rows(split.quarantined, wanted) == [(8, "older", "g", ["eight"], 1)]


def test_rows_that_landed_again_from_quarantine_are_split_by_their_own_numbers(tmp_path: Path) -> None:
    ours = ("_gate_row", "_gate_in_0", "_gate_source_row", "_gate_source_file")
    landed = ORDERS.append_column("_Gate_Breaks_0", pa.array([True] * 4))
    for name in ours:
        landed = landed.append_column(name, pa.array([3, 3, 3, 3]))
    scan = a_scan(tmp_path, landed, columns={"id": "BIGINT", "note": "VARCHAR"})
    scan = scan.model_copy(update={"scratch": tmp_path / "scratch"})
    rule = a_suite({"positive": ("expect_column_values_to_be_between", {"column": "id", "min_value": 1})})

    validation = DuckDbValidator().validate(scan, rule)
    split = _split(scan, *validation.predicates)

    assert _rows(split.passing[0]) == [(1, "a"), (None, "c")]
    assert _rows(split.quarantined, "id, note, _gate_source_row, _gate_source_file, _gate_source_row_1") == [
        (0, "b", 1, "s3://landing/orders/part-0.parquet", 3),
        (-1, None, 3, "s3://landing/orders/part-0.parquet", 3),
    ]


def test_a_rejected_partition_is_quarantined_whole_with_the_reasons_there_are(tmp_path: Path) -> None:
    split = _reject(a_scan(tmp_path, ORDERS), POSITIVE)

    assert (split.passing, split.rows_in, split.rows_passing, split.rows_quarantined) == ((), 4, 0, 4)
    assert _rows(split.quarantined, "_gate_rule_ids") == [([],), (["positive"],), ([],), (["positive"],)]


@pytest.mark.parametrize("damage", ["footer", "pages"])
def test_files_that_cannot_be_read_are_left_out_of_a_rejection(tmp_path: Path, damage: str) -> None:
    good = parquet_bytes(pa.table({"id": list(range(5000)), "note": [f"note {i}" for i in range(5000)]}))
    broken = b"garbage" if damage == "footer" else good[:4] + bytes(400) + good[404:]

    split = _reject(a_scan(tmp_path, ORDERS, broken))

    assert (split.rows_in, split.rows_quarantined) == (4, 4)


@pytest.mark.parametrize("damage", ["footer", "pages"])
def test_rows_get_their_own_reasons_although_a_file_before_theirs_can_no_longer_be_read(
    tmp_path: Path, damage: str
) -> None:
    good = parquet_bytes(pa.table({"id": list(range(5000)), "note": [f"note {i}" for i in range(5000)]}))
    scan = a_scan(tmp_path, good, ORDERS).model_copy(update={"scratch": tmp_path / "scratch"})
    positive = a_suite({"positive": ("expect_column_values_to_be_between", {"column": "id", "min_value": 1})})

    validation = DuckDbValidator().validate(scan, positive)
    scan.paths[0].write_bytes(b"garbage" if damage == "footer" else good[:4] + bytes(400) + good[404:])
    split = _reject(scan, *validation.predicates)

    assert _rows(split.quarantined, "id, _gate_rule_ids") == [
        (1, []),
        (0, ["positive"]),
        (None, []),
        (-1, ["positive"]),
    ]


def test_a_rejection_without_a_readable_file_has_no_rows(tmp_path: Path) -> None:
    split = _reject(a_scan(tmp_path, b"garbage", columns={"id": "BIGINT"}))

    assert (split.quarantined, split.rows_in) == (None, 0)


def test_files_that_disagree_about_a_type_are_quarantined_as_text(tmp_path: Path) -> None:
    files = (
        pa.table({"id": [1], "v": [1.5]}),
        pa.table({"id": ["two"], "w": [date(2013, 1, 1)]}),
        pa.table({"id": [[3]], "v": pa.array([2.5], pa.float32())}),
    )

    split = _reject(a_scan(tmp_path, *files))

    assert _rows(split.quarantined, "id, v, w") == [
        ("1", 1.5, None),
        ("two", None, date(2013, 1, 1)),
        ("[3]", 2.5, None),
    ]


def _split(scan: PartitionScan, *blocking: RowPredicate, **reasons: str) -> Split:
    into = scan.paths[0].parent / "out"
    return DuckDbValidator().split(scan, blocking=blocking, labels=some_labels(**reasons), into=into)


def _reject(scan: PartitionScan, *blocking: RowPredicate) -> Split:
    into = scan.paths[0].parent / "out"
    return DuckDbValidator().reject(scan, blocking=blocking, labels=some_labels(), into=into)


def _rows(path: Path | None, columns: str = "*") -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT {columns} FROM read_parquet(?)", [str(path)]).fetchall()  # noqa: S608 (ours)


def _columns(path: Path | None) -> dict[str, str]:
    with duckdb.connect() as connection:
        described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
    return {name: kind for name, kind, *_ in described}
