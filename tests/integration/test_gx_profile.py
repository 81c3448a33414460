"""The counters of columns that a validation brings along are those of the rows, however they were counted."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partition_gate.adapters.gx.duckdb.scan import EngineOptions
from partition_gate.adapters.gx.validator import DuckDbValidator
from partition_gate.checks.expectations import CompiledSuite
from partition_gate.judging.profile import PartitionProfile
from partition_gate.judging.validation import PartitionScan
from partition_gate.testing.scans import a_scan, a_suite, parquet_bytes

an_example = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SMALL: tuple[str, dict[str, Any]] = ("expect_column_values_to_be_between", {"column": "n", "max_value": 5})
VALUES: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "byte": (pa.int8(), st.integers(-128, 127)),
    "long": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "unsigned": (pa.uint64(), st.integers(0, 2**64 - 1)),
    "double": (pa.float64(), st.floats(-1e6, 1e6)),
    "money": (pa.decimal128(12, 2), st.decimals(-(10**9), 10**9, places=2)),
    "day": (pa.date32(), st.dates()),
    "moment": (pa.timestamp("us", tz="UTC"), st.datetimes(timezones=st.just(UTC))),
    "text": (pa.string(), st.text(max_size=3)),
    "flag": (pa.bool_(), st.booleans()),
    "hour": (pa.time64("us"), st.times()),
}
IF_BIG = {"type": "comparison", "column": {"name": "n"}, "operator": ">", "parameter": 2}
ROUNDED = datetime(2024, 1, 1, microsecond=123457, tzinfo=UTC)
SUMMED = ("byte", "long", "unsigned", "double", "money")
ORDERED = (*SUMMED, "day", "moment")


@given(rows=st.lists(st.fixed_dictionaries({n: st.none() | v for n, (_, v) in VALUES.items()}), max_size=40))
@an_example
def test_counters_are_those_of_the_rows(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    known = ("expect_column_values_to_not_be_null", {"column": "byte"})
    scan = a_scan(tmp_path, pa.Table.from_pylist(rows, _schema()))

    found = _profile(scan, a_suite({"known": known}))

    assert found.row_count == len(rows)
    for column in found.columns:
        values = [row[column.column] for row in rows if row[column.column] is not None]
        assert (column.row_count, column.null_count) == (len(rows), len(rows) - len(values))
        ordered = values if column.column in ORDERED else []
        assert (column.minimum, column.maximum) == (min(ordered, default=None), max(ordered, default=None))
        if column.column not in SUMMED or not values:
            assert column.total is None
        elif column.column == "double":
            assert isinstance(column.total, float)
            assert math.isclose(column.total, math.fsum(values), rel_tol=1e-9, abs_tol=1e-3)
        else:
            assert column.total == sum(values)


@given(rows=st.lists(st.fixed_dictionaries({n: st.none() | v for n, (_, v) in VALUES.items()}), max_size=40))
@an_example
def test_distinct_values_are_counted_as_duckdb_counts_them(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    scan = a_scan(tmp_path, pa.Table.from_pylist(rows, _schema()))

    estimates = {column.column: column.distinct.estimate() for column in _profile(scan).columns if column.distinct}

    counted = [name for name in VALUES if name != "moment"]
    cells = ", ".join(f'approx_count_distinct("{name}")' for name in counted)
    expected = duckdb.execute(f"SELECT {cells} FROM read_parquet(?)", [str(scan.paths[0])]).fetchone()  # noqa: S608
    assert estimates == dict(zip(counted, expected or (), strict=True))


@pytest.mark.parametrize("rules", [{}, {"small": SMALL}], ids=["without a rule", "with a rule"])
def test_columns_with_dictionaries_count_as_those_without(tmp_path: Path, rules: dict[str, Any]) -> None:
    rows = pa.table(
        {
            "n": pa.array([1, 5, None, 7] * 6000, pa.int32()),
            "share": pa.array([0.25, None, -0.5, 1.0] * 6000),
            "word": ["a", "b", None, "a"] * 6000,
        }
    )
    types = {"n": "INTEGER", "share": "DOUBLE", "word": "VARCHAR"}

    with_dictionaries = _profile(a_scan(tmp_path / "with", rows, columns=types), a_suite(rules))
    without = _profile(a_scan(tmp_path / "without", parquet_bytes(rows), columns=types), a_suite(rules))

    assert with_dictionaries == without
    n, share, word = without.columns
    assert (n.null_count, n.minimum, n.maximum, n.total) == (6000, 1, 7, 78_000)
    assert (share.null_count, share.total, word.null_count) == (6000, 4500.0, 6000)


def test_invalid_rows_are_those_that_break_a_rule_on_the_column_alone(tmp_path: Path) -> None:
    rules: dict[str, tuple[str, dict[str, Any]]] = {
        "small": SMALL,
        "unique": ("expect_column_values_to_be_unique", {"column": "n"}),
        "known": ("expect_column_values_to_not_be_null", {"column": "n"}),
        "in order": ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "n", "column_B": "other"}),
        "other known": ("expect_column_values_to_not_be_null", {"column": "other"}),
        "few nulls": ("expect_column_values_to_not_be_null", {"column": "late", "mostly": 0.1}),
        "late small": ("expect_column_values_to_be_between", {"column": "late", "max_value": 1}),
        "if": ("expect_column_values_to_not_be_null", {"column": "free", "row_condition": IF_BIG}),
        "mean": ("expect_column_mean_to_be_between", {"column": "free", "max_value": 1}),
    }
    rows = pa.table({"n": [1, 9, 9, 3, None], "other": [5, 5, None, 5, 5], "late": [None, None, 2, 1, None]})
    rows = rows.append_column("free", pa.array([1, 2, 3, 4, None]))

    n, other, late, free = _profile(a_scan(tmp_path, rows), a_suite(rules)).columns

    assert (n.invalid_count, other.invalid_count, late.invalid_count) == (2, 0, 1)
    assert free.invalid_count is None


def test_a_sketch_names_the_hash_and_the_type_that_it_was_made_of(tmp_path: Path) -> None:
    found = _profile(a_scan(tmp_path, pa.table({"n": [1], "word": ["a"]})))

    made_of = [column.distinct and column.distinct.hashing for column in found.columns]
    assert made_of == [f"duckdb {duckdb.__version__} BIGINT", f"duckdb {duckdb.__version__} VARCHAR"]


def test_a_classified_column_gives_no_value(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, pa.table({"salary": [100, 200, None], "n": [1, 2, 3]}))
    salary, n = scan.table.columns
    secret = scan.table.model_copy(update={"columns": (salary.model_copy(update={"classified": True}), n)})

    found = _profile(scan.model_copy(update={"table": secret})).columns[0]

    assert (found.minimum, found.maximum, found.total) == (None, None, None)
    assert (found.null_count, found.distinct and found.distinct.estimate()) == (1, 2)


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("DOUBLE", "1.5, 'nan'::DOUBLE", (1.5, None, None)),
        ("DOUBLE", "1.5, '-inf'::DOUBLE", (None, 1.5, None)),
        ("FLOAT", "0.1::FLOAT", (0.1, 0.1, 0.10000000149011612)),
        ("DECIMAL(38,0)", f"{10**37}::DECIMAL(38,0)", (Decimal(10**37), Decimal(10**37), None)),
        ("TIMESTAMP", "'infinity'::TIMESTAMP", (None, None, None)),
        ("DATE", "DATE '0044-03-15 (BC)', DATE '2024-02-29'", (None, date(2024, 2, 29), None)),
        ("TIMESTAMP_NS", "'2024-01-01 00:00:00.123456789'::TIMESTAMP_NS", (ROUNDED, ROUNDED, None)),
        ("INTEGER[]", "[1, 2]", (None, None, None)),
        ("STRUCT(a INTEGER)", "{'a': 1}", (None, None, None)),
    ],
)  # fmt: skip
def test_values_that_have_no_number_or_moment_are_left_out(
    tmp_path: Path, kind: str, values: str, expected: tuple[Any, ...]
) -> None:
    file = tmp_path / "made.parquet"
    duckdb.execute(f"COPY (SELECT unnest([{values}]::{kind}[]) AS v) TO '{file}' (FORMAT parquet)")

    found = _profile(a_scan(tmp_path, file.read_bytes(), columns={"v": kind})).columns[0]

    assert (found.minimum, found.maximum, found.total) == expected


def test_whole_numbers_of_several_widths_have_no_sum(tmp_path: Path) -> None:
    first, second = pa.table({"v": pa.array([2**64 - 1], pa.uint64())}), pa.table({"v": [-1]})

    found = _profile(a_scan(tmp_path, first, second, columns={"v": "HUGEINT"})).columns[0]

    assert (found.minimum, found.maximum, found.total) == (-1, 2**64 - 1, None)


def test_columns_that_a_file_lacks_or_the_contract_does_not_name_are_not_counted(tmp_path: Path) -> None:
    first = pa.table({"n": [1], "late": [2], "unnamed": [3]})
    scan = a_scan(tmp_path, first, first.drop_columns(["late"]), columns={"n": "BIGINT", "late": "BIGINT"})

    assert [column.column for column in _profile(scan).columns] == ["n"]


def test_a_rule_that_cannot_be_judged_takes_no_counter_away(tmp_path: Path) -> None:
    broken: tuple[str, dict[str, Any]] = ("expect_column_values_to_match_regex", {"column": "word", "regex": "("})
    scan = a_scan(tmp_path, pa.table({"n": [1, 9], "word": ["a", None]}))

    n, word = _profile(scan, a_suite({"small": SMALL, "broken": broken})).columns

    assert (n.total, word.null_count) == (10, 1)


def test_a_file_that_cannot_be_read_leaves_no_profile(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, b"no parquet", columns={"n": "BIGINT"})

    assert DuckDbValidator().validate(scan, a_suite({"small": SMALL})).profile is None


def test_profiles_of_two_partitions_unite_to_that_of_both(tmp_path: Path) -> None:
    one = pa.table({"n": range(700), "word": [f"w{i % 90}" for i in range(700)]})
    two = pa.table({"n": range(500, 900), "word": [f"w{i}" for i in range(400)]})

    apart = [_profile(a_scan(tmp_path / str(number), rows)) for number, rows in enumerate((one, two))]
    together = _profile(a_scan(tmp_path / "both", one, two))

    assert apart[0].merged(apart[1]) == together


def _schema() -> pa.Schema:
    return pa.schema([(name, kind) for name, (kind, _) in VALUES.items()])


def _profile(scan: PartitionScan, suite: CompiledSuite | None = None) -> PartitionProfile:
    """The same by the rows and by the distinct values."""
    suite = suite or a_suite({})
    found = DuckDbValidator().validate(scan, suite).profile
    assert DuckDbValidator(options=EngineOptions(look_up_from_rows=0)).validate(scan, suite).profile == found
    assert found is not None
    return found
