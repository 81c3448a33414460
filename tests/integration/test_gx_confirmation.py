"""Footers answer for rows in a verdict; all rows are read before it stands, and what they say prevails."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.integration.false_footers import plain, spliced, with_null_count

from partition_gate.adapters.gx.as_it_came import SMALL_FILE_BYTES
from partition_gate.adapters.gx.footers import read_footers
from partition_gate.adapters.gx.row_hash import keep_row_hash, kept_row_hash, row_hash
from partition_gate.adapters.gx.scan import Machine, create_view, open_connection
from partition_gate.adapters.gx.stated_columns import stated_columns
from partition_gate.adapters.gx.sweep import Sweep
from partition_gate.adapters.gx.validator import DuckDbValidator
from partition_gate.adapters.gx.worth import Worth
from partition_gate.judging.validation import Held, PartitionScan, Unknown, Validation
from partition_gate.testing.scans import a_scan, a_suite, parquet_bytes, some_labels

an_example = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
BY_FOOTERS = DuckDbValidator(worth=Worth(footers=0))
BY_ROWS = DuckDbValidator(worth=Worth(footers=0, trusted=False))
KNOWN: tuple[str, dict[str, Any]] = ("expect_column_values_to_not_be_null", {"column": "n"})
UP_TO_100: tuple[str, dict[str, Any]] = ("expect_column_values_to_be_between", {"column": "n", "max_value": 100})
UNIQUE: tuple[str, dict[str, Any]] = ("expect_column_values_to_be_unique", {"column": "n"})
SHARE: tuple[str, dict[str, Any]] = ("expect_column_values_to_be_between", {"column": "share", "max_value": 100})
RULES = a_suite({"known": KNOWN, "up to 100": UP_TO_100, "unique": UNIQUE, "share": SHARE})
FLOATS = st.none() | st.floats(-1, 101, width=32) | st.sampled_from([float("nan"), float("inf")])
A_ROW = st.fixed_dictionaries({"n": st.none() | st.integers(0, 101), "share": FLOATS})
SCHEMA = pa.schema({"n": pa.int64(), "share": pa.float64()})


@given(rows=st.lists(A_ROW, max_size=12), writer=st.sampled_from(["Arrow", "DuckDB"]))
@an_example
def test_a_confirmed_validation_is_that_of_the_rows(tmp_path: Path, rows: list[dict[str, Any]], writer: str) -> None:
    table = pa.Table.from_pylist(rows, SCHEMA)
    scan = a_scan(tmp_path, _by_duckdb(table, tmp_path) if writer == "DuckDB" else table)

    by_rows = BY_ROWS.validate(scan, RULES)
    by_footers = BY_FOOTERS.validate(scan, RULES)

    assert by_rows.unread is None
    assert by_footers.observations == by_rows.observations
    assert BY_FOOTERS.confirm(scan, RULES, by_footers) == by_rows


@given(rows=st.lists(A_ROW, min_size=1, max_size=9), cut=st.integers(0, 9))
@an_example
def test_footers_state_what_the_rows_are(tmp_path: Path, rows: list[dict[str, Any]], cut: int) -> None:
    table = pa.Table.from_pylist(rows, SCHEMA)
    scan = a_scan(tmp_path, *(_by_duckdb(file, tmp_path) for file in (table.slice(0, cut), table.slice(cut))))

    facts = _facts(scan)

    for name in ("n", "share"):
        known = [row[name] for row in rows if row[name] is not None]
        assert (facts[name].row_count, facts[name].null_count) == (len(rows), len(rows) - len(known))
        if not known or not all(map(math.isfinite, known)):
            assert facts[name].extremes is None
        else:
            assert facts[name].extremes == (min(known), max(known))


def test_extremes_of_floats_that_may_hide_nan_are_not_taken(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, pa.table({"n": [1, 2], "share": [0.5, float("nan")]}))

    assert _facts(scan)["n"].extremes == (1, 2)
    assert _facts(scan)["share"].extremes is None


def test_what_one_of_the_footers_does_not_state_is_not_known(tmp_path: Path) -> None:
    silent = pa.BufferOutputStream()
    pq.write_table(pa.table({"n": [1, None]}), silent, write_statistics=False)
    scan = a_scan(tmp_path, pa.table({"n": [1, None]}), bytes(silent.getvalue()))

    assert (_facts(scan)["n"].null_count, _facts(scan)["n"].extremes) == (None, None)


def test_nothing_is_read_where_nothing_is_left_to_ask() -> None:
    with duckdb.connect() as connection:
        assert Sweep().run(connection, broken="rows") == {}


def test_a_rule_that_the_footer_answers_is_left_for_the_reading(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, pa.table({"n": [1, 2, 100]}))

    found = BY_FOOTERS.validate(scan, a_suite({"known": KNOWN, "up to 100": UP_TO_100}))

    assert found.unread is not None
    assert dict(found.unread.assumed) == {
        'count(*) - count("n")': 0,
        'count_if("n" IS NOT NULL AND "n" > 100)': 0,
    }
    assert found.profile is None


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (pa.table({"n": pa.array([1, 2], pa.int32())}), "stored otherwise than the table"),
        (pa.table({"n": [1, 2], "more": [1, 2]}), "a column more"),
        (pa.table({"n": [1, None]}), "a rule is broken"),
    ],
)
def test_files_that_will_be_rewritten_are_read_at_once(tmp_path: Path, file: pa.Table, why: str) -> None:
    scan = a_scan(tmp_path, file, columns={"n": "BIGINT"})

    found = BY_FOOTERS.validate(scan, a_suite({"known": KNOWN}))

    assert found.unread is None, why
    assert found.profile is not None


def test_many_small_files_will_be_rewritten_so_they_are_read_at_once(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, pa.table({"n": [1]}), pa.table({"n": [2]}))

    assert BY_FOOTERS.validate(scan, a_suite({"known": KNOWN})).unread is None


def test_few_rows_are_read_at_once(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, pa.table({"n": [1, 2]}))

    assert DuckDbValidator().validate(scan, a_suite({"known": KNOWN})).unread is None


def test_many_rows_are_left_to_the_footers(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, pa.table({"n": range(20_000)}))

    assert DuckDbValidator().validate(scan, a_suite({"known": KNOWN})).unread is not None


def test_a_footer_with_false_extremes_is_found_out(tmp_path: Path) -> None:
    rule = a_suite({"up to 100": UP_TO_100})
    scan = a_scan(tmp_path, spliced(pages=plain([1, 2, 999]), footer=plain([1, 2, 3])))

    believed = BY_FOOTERS.validate(scan, rule)
    found = BY_FOOTERS.confirm(scan, rule, believed)

    assert _failures(believed) == {"up to 100": 0}
    assert _failures(found) == {"up to 100": 1}
    assert found == BY_ROWS.validate(scan, rule)


@pytest.mark.parametrize("last", [5, 999], ids=["true", "false"])
def test_of_several_large_files_each_footer_is_confirmed(tmp_path: Path, last: int) -> None:
    large = [1] * (SMALL_FILE_BYTES // 8)
    second = spliced(pages=plain([*large, last]), footer=plain([*large, 5]))
    scan = a_scan(tmp_path, plain(large), second)
    rule = a_suite({"known": KNOWN, "up to 100": UP_TO_100})

    believed = BY_FOOTERS.validate(scan, rule)
    found = BY_FOOTERS.confirm(scan, rule, believed)

    assert believed.unread is not None
    assert _failures(believed) == {"known": 0, "up to 100": 0}
    assert _failures(found) == {"known": 0, "up to 100": int(last > 100)}
    assert found == BY_ROWS.validate(scan, rule)


def test_a_footer_with_a_false_number_of_nulls_is_found_out(tmp_path: Path) -> None:
    rule = a_suite({"known": KNOWN})
    scan = a_scan(tmp_path, with_null_count(plain([1, None, None, None, 2]), 3, stated=0))

    believed = BY_FOOTERS.validate(scan, rule)
    found = BY_FOOTERS.confirm(scan, rule, believed)

    assert _failures(believed) == {"known": 0}
    assert _failures(found) == {"known": 3}


def test_nulls_that_no_rule_forbids_are_counted_again_too(tmp_path: Path) -> None:
    rule = a_suite({"up to 100": UP_TO_100})
    scan = a_scan(tmp_path, with_null_count(plain([1, None, None, None, 2]), 3, stated=4))

    found = BY_FOOTERS.confirm(scan, rule, BY_FOOTERS.validate(scan, rule))

    assert found == BY_ROWS.validate(scan, rule)
    assert found.profile is not None
    assert found.profile.columns[0].null_count == 3


def test_a_footer_may_be_false_about_what_nothing_asks(tmp_path: Path) -> None:
    rule = a_suite({"known": KNOWN})
    scan = a_scan(tmp_path, spliced(pages=plain([1, 2, 999]), footer=plain([1, 2, 3])))

    found = BY_FOOTERS.confirm(scan, rule, BY_FOOTERS.validate(scan, rule))

    assert _failures(found) == {"known": 0}
    assert found.profile is not None
    assert found.profile.columns[0].maximum == 999


def test_damage_in_a_column_that_the_verdict_did_not_read_is_found(tmp_path: Path) -> None:
    good = parquet_bytes(pa.table({"n": range(1000), "other": [f"text {i}" for i in range(1000)]}))
    metadata = pq.read_metadata(pa.BufferReader(good)).row_group(0).column(1)
    middle = metadata.data_page_offset + metadata.total_compressed_size // 2
    damaged = good[:middle] + bytes(byte ^ 0xFF for byte in good[middle : middle + 200]) + good[middle + 200 :]
    suite = a_suite({"known": KNOWN})
    scan = a_scan(tmp_path, damaged, columns={"n": "BIGINT", "other": "VARCHAR"})

    believed = BY_FOOTERS.validate(scan, suite)
    found = BY_FOOTERS.confirm(scan, suite, believed)

    assert _failures(believed) == {"known": 0}
    assert [type(one) for one in found.observations] == [Unknown]
    assert found.row_count is None


def test_the_reading_hashes_the_rows_as_the_split_would(tmp_path: Path) -> None:
    rows = pa.table({"n": [3, 1, 2], "word": ["b", None, "ä"], "share": [0.5, -0.0, None]})
    scan = a_scan(tmp_path, rows).model_copy(update={"scratch": tmp_path / "scratch"})
    suite = a_suite({"known": KNOWN})
    BY_FOOTERS.confirm(scan, suite, BY_FOOTERS.validate(scan, suite))
    with duckdb.connect() as connection:
        assert kept_row_hash(scan) == row_hash(connection, list(scan.paths))


def test_rows_that_will_be_rewritten_are_not_hashed(tmp_path: Path) -> None:
    rows = pa.table({"share": [0.5, 101.0]})  # by Arrow, so that the footer does not tell
    scan = a_scan(tmp_path, rows).model_copy(update={"scratch": tmp_path / "scratch"})
    suite = a_suite({"share": SHARE})
    found = BY_FOOTERS.confirm(scan, suite, BY_FOOTERS.validate(scan, suite))

    assert _failures(found) == {"share": 1}
    assert found.profile == BY_ROWS.validate(scan, suite).profile
    assert kept_row_hash(scan) is None


def test_the_split_takes_the_row_hash_that_was_left(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, pa.table({"n": [1, 2]})).model_copy(update={"scratch": tmp_path / "scratch"})
    keep_row_hash(scan, "12345", 2)

    split = BY_FOOTERS.split(scan, blocking=[], labels=some_labels(), into=tmp_path / "out")

    assert (split.row_hash, split.rows_passing, split.passing) == ("12345", 2, scan.paths)


def test_a_row_hash_of_other_files_is_not_taken(tmp_path: Path) -> None:
    suite, scratch = a_suite({"known": KNOWN}), tmp_path / "scratch"
    one = a_scan(tmp_path / "one", pa.table({"n": [1]})).model_copy(update={"scratch": scratch})
    other = a_scan(tmp_path / "other", pa.table({"n": [2]})).model_copy(update={"scratch": scratch})
    BY_FOOTERS.confirm(one, suite, BY_FOOTERS.validate(one, suite))

    split = BY_FOOTERS.split(other, blocking=[], labels=some_labels(), into=tmp_path / "out")

    with duckdb.connect() as connection:
        assert (split.row_hash, split.rows_passing) == row_hash(connection, list(other.paths))


def test_a_row_hash_of_other_rows_under_the_same_name_is_not_taken(tmp_path: Path) -> None:
    suite, scratch = a_suite({"known": KNOWN}), tmp_path / "scratch"
    before = a_scan(tmp_path, pa.table({"n": [1]})).model_copy(update={"scratch": scratch})
    BY_FOOTERS.confirm(before, suite, BY_FOOTERS.validate(before, suite))
    after = a_scan(tmp_path, pa.table({"n": [2, 3]})).model_copy(update={"scratch": scratch})
    assert after.paths == before.paths
    BY_ROWS.validate(after, suite)

    split = BY_ROWS.split(after, blocking=[], labels=some_labels(), into=tmp_path / "out")

    with duckdb.connect() as connection:
        assert (split.row_hash, split.rows_passing) == row_hash(connection, list(after.paths))


def test_broken_rows_of_other_rows_under_the_same_name_are_not_taken(tmp_path: Path) -> None:
    suite = a_suite({"known": KNOWN})
    scan = a_scan(tmp_path, pa.table({"n": [None, 2]})).model_copy(update={"scratch": tmp_path / "scratch"})
    blocking = BY_ROWS.validate(scan, suite).predicates
    again = a_scan(tmp_path, pa.table({"n": [1, 2]})).model_copy(update={"scratch": tmp_path / "scratch"})
    BY_ROWS.validate(again, suite)

    split = BY_ROWS.split(again, blocking=blocking, labels=some_labels(), into=tmp_path / "out")

    assert (split.rows_passing, split.rows_quarantined) == (2, 0)


def test_what_is_confirmed_already_stays(tmp_path: Path) -> None:
    scan, suite = a_scan(tmp_path, pa.table({"n": [1]})), a_suite({"known": KNOWN})
    found = BY_ROWS.validate(scan, suite)
    scan.paths[0].unlink()

    assert BY_ROWS.confirm(scan, suite, found) == found


def _facts(scan: PartitionScan) -> dict[str, Any]:
    with open_connection(Machine()) as connection:
        stated = stated_columns(connection, create_view(connection, scan, read_footers(scan)))
    return {name: column.facts for name, column in stated.items()}


def _failures(found: Validation) -> dict[str, int | None]:
    return {one.rule_id: one.unexpected_count for one in found.observations if isinstance(one, Held)}


def _by_duckdb(rows: pa.Table, folder: Path) -> bytes:
    target = folder / "by-duckdb.parquet"
    with duckdb.connect() as connection:
        connection.register("rows", rows)
        connection.execute(f"COPY rows TO '{target}' (FORMAT parquet, ROW_GROUP_SIZE 2048)")
    return target.read_bytes()
