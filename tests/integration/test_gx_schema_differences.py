"""Files of one partition that differ in schema: judged as one column, or unknown with the file's name."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from partition_gate.adapters.gx.duckdb.types import comparable_type, exact_type
from partition_gate.adapters.gx.validator import DuckDbValidator
from partition_gate.core.errors import GateError
from partition_gate.judging.validation import Evaluated, Unknown
from partition_gate.testing.scans import a_scan, a_suite, some_labels

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)
Rule = tuple[str, dict[str, Any]]
UNIQUE: Rule = ("expect_column_values_to_be_unique", {})
KNOWN: Rule = ("expect_column_values_to_not_be_null", {})
TO_NOON: Rule = ("expect_column_values_to_be_between", {"max_value": "2024-06-01T12:00:00+00:00"})


def _inner(path: list[str], rule: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "expect_column_inner_values_to_keep_rule", {"path": path, "rule": rule}


def _money(text: str, digits: int, scale: int) -> pa.Array:
    return pa.array([Decimal(text)], pa.decimal128(digits, scale))


def _moment(unit: str, *, zone: str | None = None, value: datetime = NOON) -> pa.Array:
    return pa.array([value if zone else value.replace(tzinfo=None)], pa.timestamp(unit, tz=zone))


# Columns of two files, a rule, and the (file, row) that break it.
JUDGED: dict[str, tuple[pa.Array, pa.Array, tuple[str, dict[str, Any]], list[tuple[int, int]]]] = {
    "int32, int64": (pa.array([1, 2], pa.int32()), pa.array([2, 2**40]), UNIQUE, [(0, 1), (1, 0)]),
    "int64, uint64": (pa.array([2**53]), pa.array([2**53 + 1, 2**64 - 1], pa.uint64()), UNIQUE, []),
    "int64, decimal": (pa.array([2**53]), _money("9007199254740993", 20, 2), UNIQUE, []),
    "decimals, distinct": (_money("1.10", 10, 2), _money("1.1001", 12, 4), UNIQUE, []),
    "decimals, equal": (_money("1.10", 10, 2), _money("1.1000", 12, 4), UNIQUE, [(0, 0), (1, 0)]),
    "float, double": (pa.array([0.5], pa.float32()), pa.array([0.5, 0.25]), UNIQUE, [(0, 0), (1, 0)]),
    "ms, us": (_moment("ms"), _moment("us", value=NOON.replace(microsecond=1)), TO_NOON, [(1, 0)]),
    "us, ns": (_moment("us"), _moment("ns", value=NOON.replace(microsecond=1)), TO_NOON, [(1, 0)]),
    "naive, zone": (_moment("us"), _moment("us", zone="Asia/Tokyo"), UNIQUE, [(0, 0), (1, 0)]),
    "naive, later in a zone": (
        *(_moment("us"), _moment("us", zone="Asia/Tokyo", value=NOON.replace(hour=13))),
        *(TO_NOON, [(1, 0)]),
    ),
    "two zones": (_moment("us", zone="UTC"), _moment("us", zone="Asia/Tokyo"), UNIQUE, [(0, 0), (1, 0)]),
    "day, zone": (pa.array([date(2024, 6, 2)]), _moment("us", zone="UTC"), TO_NOON, [(0, 0)]),
    "structs, other width": (
        pa.array([{"a": 1}], pa.struct({"a": pa.int32()})),
        pa.array([{"a": 5}, {"a": 2**40}, None]),
        _inner(["a"], {"kind": "in_range", "high": 9}),
        [(1, 1)],
    ),
    "structs, one member more": (
        pa.array([{"a": 1}]),
        pa.array([{"a": 10, "b": "x"}, {"a": 1, "b": None}]),
        _inner(["a"], {"kind": "in_range", "high": 9}),
        [(1, 0)],
    ),
    "structs, other order": (
        *(
            pa.array([{"a": 1, "b": 2}]),
            pa.array([{"b": 2, "a": 1}, {"b": 1, "a": 2}], pa.struct({"b": pa.int64(), "a": pa.int64()})),
        ),
        *(UNIQUE, [(0, 0), (1, 0)]),
    ),
    "structs, nulls": (pa.array([{"a": 1}, None]), pa.array([{"a": 1, "b": 2}, None]), KNOWN, [(0, 1), (1, 1)]),
    "lists": (
        pa.array([[1], []], pa.list_(pa.int32())),
        pa.array([[1], [2**40]]),
        UNIQUE,
        [(0, 0), (1, 0)],
    ),
    "lists of structs": (
        pa.array([[{"a": 1}]]),
        pa.array([[{"a": 1, "b": 2}, {"a": 10, "b": 2}]]),
        _inner(["[]", "a"], {"kind": "in_range", "high": 9}),
        [(1, 0)],
    ),
    "maps": (
        pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int32())),
        pa.array([[("k", 10)]], pa.map_(pa.string(), pa.int64())),
        _inner(["{value}"], {"kind": "in_range", "high": 9}),
        [(1, 0)],
    ),
}


@pytest.mark.parametrize("case", JUDGED)
def test_columns_of_two_types_are_judged_as_one(tmp_path: Path, case: str) -> None:
    first, second, (kind, kwargs), broken = JUDGED[case]
    scan = a_scan(tmp_path, pa.table({"v": first}), pa.table({"other": second, "v": second}))

    validation = DuckDbValidator().validate(scan, a_suite({"rule": (kind, {"column": "v", **kwargs})}))

    blocking = validation.predicates
    rejected = DuckDbValidator().reject(scan, blocking=blocking, labels=some_labels(), into=tmp_path / "out")
    rows = "SELECT _gate_source_file, _gate_source_row FROM read_parquet(?) WHERE len(_gate_rule_ids) > 0"
    with duckdb.connect() as connection:
        found = connection.execute(rows, [str(rejected.quarantined)]).fetchall()
    assert sorted((scan.sources.index(source), row) for source, row in found) == broken
    assert [one.unexpected_count for one in validation.observations if isinstance(one, Evaluated)] == [len(broken)]


def test_a_member_that_one_file_lacks_is_unknown_with_the_files_name(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, pa.table({"v": [{"a": 1, "b": 1}]}), pa.table({"v": [{"a": 1}]}))
    rule = ("expect_column_inner_values_to_keep_rule", {"column": "v", "path": ["b"], "rule": {"kind": "not_null"}})

    observed = DuckDbValidator().validate(scan, a_suite({"rule": rule})).observations[0]

    assert observed == Unknown(rule_id="rule", why="v.b is missing in s3://landing/orders/part-1.parquet")


def test_structs_with_more_and_fewer_members_are_published_by_name(tmp_path: Path) -> None:
    files = (pa.table({"v": [{"b": "x", "c": 1}]}), pa.table({"v": [{"a": 2**40, "b": "y"}]}))
    scan = a_scan(tmp_path, *files, columns={"v": "STRUCT(a BIGINT, b VARCHAR)"})

    split = DuckDbValidator().split(scan, blocking=(), labels=some_labels(), into=tmp_path / "out")

    assert pq.read_table(split.passing[0])["v"].to_pylist() == [{"a": None, "b": "x"}, {"a": 2**40, "b": "y"}]


def test_a_struct_without_any_promised_member_is_rejected_whole_and_never_split(tmp_path: Path) -> None:
    columns = {"v": "STRUCT(a BIGINT, b VARCHAR)", "w": "STRUCT(a BIGINT)[]"}
    scan = a_scan(tmp_path, pa.table({"v": [{"c": 1}], "w": [[{"c": 1}]]}), columns=columns)
    validator = DuckDbValidator()

    rejected = validator.reject(scan, blocking=(), labels=some_labels(), into=tmp_path / "out")

    assert (rejected.rows_in, rejected.rows_quarantined) == (1, 1)
    with pytest.raises(GateError, match=r"orders\.v: a value cannot be cast to STRUCT"):
        validator.split(scan, blocking=(), labels=some_labels(), into=tmp_path / "out")


@pytest.mark.parametrize(
    ("kinds", "exact", "comparable"),
    [
        ({"DECIMAL(10,2)", "DECIMAL(12,4)"}, "DECIMAL(12,4)", "DECIMAL(12,4)"),
        ({"DECIMAL(38,2)", "DECIMAL(12,4)"}, "VARCHAR", "DOUBLE"),
        ({"DECIMAL(38,2)", "UBIGINT"}, "VARCHAR", "DECIMAL(38,2)"),
        ({"BIGINT", "VARCHAR"}, "VARCHAR", "VARCHAR"),
        ({"BIGINT", "BIGINT[]"}, "VARCHAR", "VARCHAR"),
        (
            {"STRUCT(a INTEGER)", "STRUCT(a BIGINT, b DATE)"},
            'STRUCT("a" BIGINT, "b" DATE)',
            'STRUCT("a" BIGINT, "b" DATE)',
        ),
        ({"STRUCT(a INTEGER)", "STRUCT(A INTEGER)"}, "VARCHAR", "VARCHAR"),
        ({"MAP(VARCHAR, INTEGER)", "INTEGER[]"}, "VARCHAR", "VARCHAR"),
        ({"FLOAT[3]", "DOUBLE[]"}, "DOUBLE[]", "DOUBLE[]"),
    ],
)
def test_types_meet_in_the_narrowest_type_that_holds_them(kinds: set[str], exact: str, comparable: str) -> None:
    assert (exact_type(kinds), comparable_type(kinds)) == (exact, comparable)
