"""Every shortcut of the engine gives what the long way gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partition_gate.adapters.gx.duckdb.scan import EngineOptions, Machine
from partition_gate.adapters.gx.duckdb.single_scan import SingleScan
from partition_gate.adapters.gx.duckdb.unchanged_files import SMALL_FILE_BYTES
from partition_gate.adapters.gx.validator import DuckDbValidator
from partition_gate.core.table import TableColumn
from partition_gate.judging.validation import Evaluated, PartitionScan, RowPredicate, Split, Validation
from partition_gate.testing.scans import a_scan, a_suite, some_labels

RULES: dict[str, tuple[str, dict[str, Any]]] = {
    "id_unique": ("expect_column_values_to_be_unique", {"column": "id"}),
    "key_unique": ("expect_compound_columns_to_be_unique", {"column_list": ["id", "line"]}),
    "id_known": ("expect_column_values_to_not_be_null", {"column": "id"}),
    "ratio": ("expect_column_values_to_be_between", {"column": "ratio", "min_value": 0, "max_value": 1}),
    "ordered": ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "id", "column_B": "line"}),
    "some": ("expect_column_values_to_be_between", {"column": "line", "max_value": 1, "row_condition": None}),
}
SCHEMA = pa.schema({"id": pa.int64(), "line": pa.int32(), "ratio": pa.float64()})
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.none() | st.integers(-3, 30),
            "line": st.none() | st.integers(0, 3),
            "ratio": st.none() | st.sampled_from([0.0, -0.0, 0.5, 2.0, float("nan"), float("inf")]),
        }
    ),
    max_size=40,
)
CLEAN = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "note": ["a", "b", None]})
PROMISED = {"id": "BIGINT", "note": "VARCHAR"}
an_example = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(
    rows=ROWS,
    cut=st.integers(0, 40),
    is_sorted=st.booleans(),
    named=st.booleans(),
    kept_bytes=st.sampled_from([2**18, 2**30]),
)
@an_example
def test_a_split_that_looks_up_the_findings_is_the_split_that_judges_again(
    tmp_path: Path, rows: list[dict[str, Any]], cut: int, kept_bytes: int, *, is_sorted: bool, named: bool
) -> None:
    rows = sorted(rows, key=lambda row: (row["id"] is None, row["id"] or 0)) if is_sorted else rows
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    files = (table.slice(0, cut), table.slice(cut).append_column("more", pa.array([[2.5]] * len(rows[cut:]))))
    scan = a_scan(tmp_path, *files, columns=None if named else {"id": "BIGINT", "line": "INTEGER", "ratio": "DOUBLE"})
    kept = scan.model_copy(update={"scratch": tmp_path / "scratch"})

    once, again = _validate(kept, kept_bytes=kept_bytes, read_bytes=0), _validate(scan)

    found, judged = _split(kept, once, into=tmp_path / "found"), _split(scan, again, into=tmp_path / "judged")
    assert _numbers(found) == _numbers(judged)
    assert _contents(found.quarantined) == _contents(judged.quarantined)
    found, judged = _reject(kept, once, into=tmp_path / "all"), _reject(scan, again, into=tmp_path / "all_judged")
    assert _contents(found.quarantined) == _contents(judged.quarantined)


@pytest.mark.parametrize(
    ("kept_bytes", "read_bytes", "quarantined"),
    [
        (2**24, 0, 99_999),
        (2**18, 0, 100_000),
        (0, 2**22, 99_999),  # of two columns, in each of three threads
        (0, 2**14, 100_000),
    ],
)
def test_memory_decides_whether_the_numbers_of_failing_rows_are_kept_for_the_split(
    tmp_path: Path, kept_bytes: int, read_bytes: int, quarantined: int
) -> None:
    rows = pa.table({"id": [-1] * 99_999 + [3], "long": ["a" * 2**23, "b" * 2**23] + ["c"] * 99_998})
    scan = a_scan(tmp_path, rows, columns={"id": "BIGINT"}).model_copy(update={"scratch": tmp_path / "scratch"})
    positive = {"positive": ("expect_column_values_to_be_between", {"column": "id", "min_value": 0})}

    found = _validate(scan, positive, machine=Machine(threads=3), kept_bytes=kept_bytes, read_bytes=read_bytes)
    a_scan(tmp_path, rows.set_column(0, "id", pa.array([-7] * 100_000)))  # a split that judges again finds one more
    split = _split(scan, found, into=tmp_path / "out")

    assert split.rows_quarantined == quarantined
    assert [one.unexpected_count for one in found.observations if isinstance(one, Evaluated)] == [99_999]


def test_findings_about_other_rules_are_not_used(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, CLEAN).model_copy(update={"scratch": tmp_path / "scratch"})
    _validate(scan, {"known": ("expect_column_values_to_not_be_null", {"column": "id"})})

    other = (RowPredicate(rule_id="small", sql='"id" > 2'),)
    split = DuckDbValidator().split(scan, blocking=other, labels=some_labels(), into=tmp_path / "out")

    assert (split.rows_passing, split.rows_quarantined) == (2, 1)


def test_samples_are_the_values_that_break_the_rule_most_often(tmp_path: Path) -> None:
    rows = pa.table({"id": [*range(5000), 7, 8, 9], "line": [0] * 5003, "ratio": [0.5] * 5003})

    found = _validate(a_scan(tmp_path, rows.slice(0, 10), rows.slice(10)), {"id": RULES["id_unique"]})

    assert found.document["results"][0]["result"]["partial_unexpected_list"] == ["7", "8", "9"]


def test_findings_about_other_rows_under_the_same_name_are_not_used(tmp_path: Path) -> None:
    known = {"known": ("expect_column_values_to_not_be_null", {"column": "id"})}
    scan = a_scan(tmp_path, pa.table({"id": [None, 2]})).model_copy(update={"scratch": tmp_path / "scratch"})
    before = _validate(scan, known)
    a_scan(tmp_path, pa.table({"id": [1, 2]}))
    _validate(scan, known)

    split = _split(scan, before, into=tmp_path / "out")

    assert (split.rows_passing, split.rows_quarantined) == (2, 0)


def test_nothing_is_read_where_nothing_is_left_to_ask() -> None:
    with duckdb.connect() as connection:
        assert SingleScan().run(connection, broken="rows") == {}


def test_samples_are_the_first_rows_that_break_the_rule(tmp_path: Path) -> None:
    broken = [7, 8, 9, 5000, 5001, 5002]
    rows = pa.table({"id": range(5003), "line": [9999 if row in broken else -1 for row in range(5003)]})

    found = _validate(a_scan(tmp_path, rows.slice(0, 10), rows.slice(10)), {"ordered": RULES["ordered"]})

    sample = found.document["results"][0]["result"]["partial_unexpected_list"]
    assert [int(first) for first, _ in sample] == broken


def test_a_file_that_keeps_every_promise_is_published_unchanged(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, CLEAN)
    rewritten = a_scan(tmp_path / "extra", CLEAN.append_column("extra", pa.array([1, 2, 3])), columns=PROMISED)

    split, other = _split(scan, None, into=tmp_path / "a"), _split(rewritten, None, into=tmp_path / "b")

    assert split.passing == scan.paths
    assert other.passing == (tmp_path / "b" / "passing.parquet",)
    assert _numbers(split) == _numbers(other)


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        (CLEAN.select(["note", "id"]), PROMISED),
        (CLEAN, {"id": "INTEGER", "note": "VARCHAR"}),
        (CLEAN.rename_columns(["ID", "note"]), PROMISED),
        (pa.table({"at": pa.array([1], pa.timestamp("ns"))}), {"at": "TIMESTAMP"}),
        (pa.table({"at": pa.array([1], pa.timestamp("us", tz="Europe/Berlin"))}), {"at": "TIMESTAMP WITH TIME ZONE"}),
        (pa.table({"tags": pa.array([["a"]])}), {"tags": "VARCHAR[]"}),
        (pa.table({"word": pa.array(["a"]).dictionary_encode()}), {"word": "VARCHAR"}),
        (CLEAN.slice(0, 0), PROMISED),
    ],
)
def test_any_other_file_is_rewritten(tmp_path: Path, rows: pa.Table, columns: dict[str, str]) -> None:
    scan = a_scan(tmp_path, rows, columns=columns)

    assert _split(scan, None, into=tmp_path / "out").passing != scan.paths


def test_old_timestamps_are_rewritten(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, pa.table({"at": pa.array([1], pa.timestamp("us"))}), columns={"at": "TIMESTAMP"})
    pq.write_table(pq.read_table(scan.paths[0]), scan.paths[0], use_deprecated_int96_timestamps=True)

    assert _split(scan, None, into=tmp_path / "out").passing != scan.paths


def test_several_large_files_are_published_unchanged(tmp_path: Path) -> None:
    noise = pa.table({"id": np.random.default_rng(7).random(SMALL_FILE_BYTES // 8)})
    scan = a_scan(tmp_path, noise, noise.slice(10))
    rewritten = a_scan(tmp_path / "extra", noise.append_column("extra", noise["id"]), noise, columns={"id": "DOUBLE"})

    split, other = _split(scan, None, into=tmp_path / "a"), _split(rewritten, None, into=tmp_path / "b")

    assert split.passing == scan.paths
    assert other.passing == (tmp_path / "b" / "passing.parquet",)
    assert split.rows_passing == noise.num_rows * 2 - 10
    assert int(split.row_hash) == 2 * int(
        _split(a_scan(tmp_path / "one", noise), None, into=tmp_path / "c").row_hash
    ) - int(_split(a_scan(tmp_path / "cut", noise.slice(0, 10)), None, into=tmp_path / "d").row_hash)


def test_several_small_files_are_rewritten_as_one(tmp_path: Path) -> None:
    split = _split(a_scan(tmp_path, CLEAN, CLEAN), None, into=tmp_path / "out")

    assert split.passing == (tmp_path / "out" / "passing.parquet",)
    assert split.rows_passing == 6


def test_a_renamed_column_is_rewritten(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, CLEAN.select(["id"]), columns={"id": "BIGINT"})
    renamed = scan.table.model_copy(update={"columns": (TableColumn(name="key", source="id", type="BIGINT"),)})

    split = _split(scan.model_copy(update={"table": renamed}), None, into=tmp_path / "out")

    assert pq.read_schema(split.passing[0]).names == ["key"]


def _validate(
    scan: PartitionScan, rules: dict[str, Any] | None = None, *, machine: Machine | None = None, **options: int
) -> Validation:
    validation = DuckDbValidator(machine, options=EngineOptions(**options)).validate(
        scan, a_suite(RULES if rules is None else rules)
    )
    assert all(isinstance(one, Evaluated) for one in validation.observations), validation.observations
    return validation


def _split(scan: PartitionScan, validation: Validation | None, *, into: Path) -> Split:
    return DuckDbValidator().split(scan, blocking=_broken(validation), labels=some_labels(), into=into)


def _reject(scan: PartitionScan, validation: Validation, *, into: Path) -> Split:
    return DuckDbValidator().reject(scan, blocking=_broken(validation), labels=some_labels(), into=into)


def _broken(validation: Validation | None) -> list[RowPredicate]:
    """The rules that block, as a disposition has them: those that some row breaks."""
    if validation is None:
        return []
    broken = {one.rule_id for one in validation.observations if isinstance(one, Evaluated) and not one.success}
    return [one for one in validation.predicates if one.rule_id in broken]


def _numbers(split: Split) -> tuple[int, int, int, str]:
    return split.rows_in, split.rows_passing, split.rows_quarantined, split.row_hash


def _contents(path: Path | None) -> list[str]:
    return [] if path is None else sorted(str(row) for row in pq.read_table(path).to_pylist())
