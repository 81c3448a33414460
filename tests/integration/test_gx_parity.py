"""Every core expectation gives on DuckDB what Great Expectations gives on pandas, or differs for a stated reason."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from great_expectations.expectations import core
from great_expectations.expectations.row_conditions import Column
from tests.integration.gx_parity import on_duckdb, on_pandas

from partition_gate.adapters.gx.validator import DuckDbValidator
from partition_gate.checks.core_expectations import REFUSED, RUN
from partition_gate.judging.validation import Evaluated
from partition_gate.testing.scans import a_scan, a_suite

# Great Expectations on pandas computes with infinities and empty histograms; only what it answers is compared.
pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")

REFERENCE = Path("docs/reference/engine.md")
ROWS = pa.table(
    {
        "n": pa.array([3, 1, 2, None, 5, 5, 9, 2], pa.int64()),
        "m": pa.array([3, 1, 4, None, 6, 1, 9, 0], pa.int64()),
        "u": pa.array([1, 2, 3, 4, 5, 6, 7, 8], pa.int64()),
        "f": [1.0, 2.5, None, -3.0, 0.0, 1e9, 2.5, 7.25],
        "s": ["a", "bb", None, "ccc", "é", "", "日本", "12"],
        "j": ['{"a":1}', '{"a":"x"}', None, "[]", "bad", "{}", '{"a":2}', '{"a":3}'],
        "d": ["2024-01-01", "2024-13-01", None, "x", "2024-02-29", "2023-02-29", "2024-01-01", "2024-01-02"],
    }
)
NULLABLE = [name for name in ROWS.column_names if name != "u"]
BATCHES = {
    "mixed": ROWS,
    "empty": ROWS.slice(0, 0),
    "one": ROWS.slice(0, 1),
    "one_null": ROWS.slice(3, 1).set_column(3, "f", pa.array([None], pa.float64())),
    "no_null": pa.Table.from_pylist([row for row in ROWS.to_pylist() if None not in row.values()], ROWS.schema),
    "all_null": pa.Table.from_pylist([{"u": row["u"]} for row in ROWS.to_pylist()], ROWS.schema),
    "infinite": ROWS.set_column(3, "f", pa.array([1.0, math.inf, None, -math.inf, 0.0, 1e9, 2.5, 7.25])),
}
NUMBERS = {"column": "n", "min_value": 1, "max_value": 9}
PAIR, LIST = {"column_A": "n", "column_B": "m"}, {"column_list": ["n", "m"]}
WEIGHTS = {"values": [1, 2, 3, 5, 9], "weights": [0.1, 0.3, 0.2, 0.3, 0.1]}
QUANTILES = {"quantiles": [0.1, 0.5, 0.9], "value_ranges": [[1, 2], [2, 4], [5, 9]]}
LATER = (Column("u") > 2).dict()

CASES: dict[str, dict[str, Any]] = {
    "expect_column_distinct_values_to_be_in_set": {"column": "n", "value_set": [1, 2, 3, 5, 9]},
    "expect_column_distinct_values_to_contain_set": {"column": "n", "value_set": [1, 2]},
    "expect_column_distinct_values_to_equal_set": {"column": "n", "value_set": [1, 2, 3, 5, 9]},
    "expect_column_kl_divergence_to_be_less_than": {"column": "n", "partition_object": WEIGHTS, "threshold": 0.6},
    "expect_column_max_to_be_between": NUMBERS,
    "expect_column_min_to_be_between": {"column": "f", "min_value": -5, "max_value": 9},
    "expect_column_mean_to_be_between": {"column": "f", "min_value": 1, "max_value": 9},
    "expect_column_median_to_be_between": NUMBERS,
    "expect_column_most_common_value_to_be_in_set": {"column": "n", "value_set": [5]},
    "expect_column_pair_values_a_to_be_greater_than_b": PAIR,
    "expect_column_pair_values_to_be_equal": PAIR,
    "expect_column_pair_values_to_be_in_set": {**PAIR, "value_pairs_set": [[3, 3], [1, 1]]},
    "expect_column_proportion_of_non_null_values_to_be_between": {"column": "n", "min_value": 0.5},
    "expect_column_proportion_of_unique_values_to_be_between": {"column": "n", "min_value": 0.5},
    "expect_column_quantile_values_to_be_between": {"column": "n", "quantile_ranges": QUANTILES},
    "expect_column_stdev_to_be_between": NUMBERS,
    "expect_column_sum_to_be_between": {"column": "n", "max_value": 90},
    "expect_column_to_exist": {"column": "n"},
    "expect_column_type_to_be": {"column": "n", "type_": "BIGINT"},
    "expect_column_unique_value_count_to_be_between": NUMBERS,
    "expect_column_value_lengths_to_be_between": {"column": "s", "min_value": 1, "max_value": 2},
    "expect_column_value_lengths_to_equal": {"column": "s", "value": 1},
    "expect_column_value_z_scores_to_be_less_than": {"column": "n", "threshold": 1.5, "double_sided": True},
    "expect_column_values_to_be_between": {"column": "n", "min_value": 2, "max_value": 5},
    "expect_column_values_to_be_dateutil_parseable": {"column": "d"},
    "expect_column_values_to_be_decreasing": {"column": "n"},
    "expect_column_values_to_be_in_set": {"column": "n", "value_set": [1, 2]},
    "expect_column_values_to_be_in_type_list": {"column": "n", "type_list": ["BIGINT"]},
    "expect_column_values_to_be_increasing": {"column": "n", "strictly": True},
    "expect_column_values_to_be_json_parseable": {"column": "j"},
    "expect_column_values_to_be_null": {"column": "n"},
    "expect_column_values_to_be_of_type": {"column": "s", "type_": "VARCHAR"},
    "expect_column_values_to_be_unique": {"column": "n"},
    "expect_column_values_to_match_json_schema": {"column": "j", "json_schema": {"type": "object"}},
    "expect_column_values_to_match_like_pattern": {"column": "s", "like_pattern": "%a%"},
    "expect_column_values_to_match_like_pattern_list": {"column": "s", "like_pattern_list": ["%a%", "%b%"]},
    "expect_column_values_to_match_regex": {"column": "s", "regex": "^[a-z]+$"},
    "expect_column_values_to_match_regex_list": {"column": "s", "regex_list": ["a", "b"], "match_on": "any"},
    "expect_column_values_to_match_strftime_format": {"column": "d", "strftime_format": "%Y-%m-%d"},
    "expect_column_values_to_not_be_in_set": {"column": "n", "value_set": [1, 2]},
    "expect_column_values_to_not_be_null": {"column": "n"},
    "expect_column_values_to_not_be_outliers": {"column": "f", "method": "iqr", "multiplier": 1.5},
    "expect_column_values_to_not_match_like_pattern": {"column": "s", "like_pattern": "%a%"},
    "expect_column_values_to_not_match_like_pattern_list": {"column": "s", "like_pattern_list": ["%a%"]},
    "expect_column_values_to_not_match_regex": {"column": "s", "regex": "a"},
    "expect_column_values_to_not_match_regex_list": {"column": "s", "regex_list": ["a", "b"]},
    "expect_compound_columns_to_be_unique": LIST,
    "expect_multicolumn_values_to_be_equal": LIST,
    "expect_multicolumn_sum_to_equal": {**LIST, "sum_total": 6},
    "expect_select_column_values_to_be_unique_within_record": LIST,
    "expect_table_column_count_to_be_between": {"min_value": 1, "max_value": 9},
    "expect_table_column_count_to_equal": {"value": 7},
    "expect_table_columns_to_match_ordered_list": {"column_list": ROWS.column_names},
    "expect_table_columns_to_match_set": {"column_set": ROWS.column_names},
    "expect_table_row_count_to_be_between": {"min_value": 1},
    "expect_table_row_count_to_equal": {"value": 8},
}
MORE: dict[str, tuple[str, dict[str, Any]]] = {
    **{
        f"{kind}, mostly": (kind, {**kwargs, "mostly": 0.5})
        for kind, kwargs in CASES.items()
        if kind.startswith("expect_column_values_to") and "type" not in kind
    },
    **{
        f"{kind}, row_condition": (kind, {**kwargs, "row_condition": LATER})
        for kind, kwargs in CASES.items()
        if "column" in kwargs and "type" not in kind and kind != "expect_column_to_exist"
    },
    **{
        f"{kind}, {ignored}": (kind, {**kwargs, "ignore_row_if": ignored})
        for kind, kwargs in CASES.items()
        for ignored in (
            ("either_value_is_missing", "neither")
            if "column_A" in kwargs
            else ("any_value_is_missing", "never")
            if kwargs is LIST or "sum_total" in kwargs
            else ()
        )
    },
    "outliers by deviation": (
        "expect_column_values_to_not_be_outliers",
        {"column": "n", "method": "std", "multiplier": 1.0},
    ),
    "not strictly increasing": ("expect_column_values_to_be_increasing", {"column": "n"}),
    "strictly decreasing": ("expect_column_values_to_be_decreasing", {"column": "n", "strictly": True}),
}
ALL = {kind: (kind, kwargs) for kind, kwargs in CASES.items()} | MORE

# What is different on purpose: a part of the case's name -> its row in the reference.
DIFFERENCES = {
    "quantile": "Quantiles are members of the column",
    "column_sum": "The sum of no values is unknown",
    "neither": "A comparison with a null is unknown",
    "json_schema": "Text that is not JSON fits no schema",
    "type": "Types are DuckDB's",
    "like_pattern": "LIKE patterns are judged",
    "nan": "NaN is a value",
    "kl_divergence": "The divergence of no values is unknown",
    "compound_columns_to_be_unique, never": "A compound key with a null member duplicates nothing",
}


def test_every_core_expectation_is_compared_or_refused_with_a_reason() -> None:
    classes = [getattr(core, name) for name in dir(core) if name.startswith(("Expect", "Unexpected"))]
    kinds = {one.expectation_type for one in classes if getattr(one, "expectation_type", "")}

    assert set(CASES) == RUN
    assert kinds == RUN | set(REFUSED)
    assert [kind for kind in REFUSED if kind not in REFERENCE.read_text()] == []


@pytest.mark.parametrize("batch", BATCHES)
def test_duckdb_gives_what_pandas_gives(tmp_path: Path, batch: str) -> None:
    ours, theirs = on_duckdb(tmp_path, BATCHES[batch], ALL), on_pandas(BATCHES[batch], ALL)

    compared = [name for name in ALL if not any(part in name for part in DIFFERENCES)]
    assert {name: ours[name] for name in compared} == {name: theirs[name] for name in compared}
    assert len(compared) > 90


@pytest.mark.parametrize("batch", ["mixed", "no_null", "infinite"])
def test_a_divergence_of_values_is_what_it_is_on_pandas(tmp_path: Path, batch: str) -> None:
    ours, theirs = on_duckdb(tmp_path, BATCHES[batch], ALL), on_pandas(BATCHES[batch], ALL)

    named = [name for name in ALL if "kl_divergence" in name]
    assert [ours[name] for name in named] == [theirs[name] for name in named]


def test_like_patterns_are_judged_by_rows_here_and_by_nothing_on_pandas(tmp_path: Path) -> None:
    ours, theirs = on_duckdb(tmp_path, ROWS, ALL), on_pandas(ROWS, ALL)

    counted = ours["expect_column_values_to_match_like_pattern"]
    assert counted is not None
    assert counted[2] == 6
    assert theirs["expect_column_values_to_match_like_pattern"] is None


def test_a_json_schema_is_judged_as_on_pandas(tmp_path: Path) -> None:
    rows = pa.table({"j": ['{"a": 1}', '{"a": "x"}', None, "[]", "1.0", '"é"', "null", '{"a": 12345678901234567890}']})
    schemas: list[dict[str, Any]] = [
        {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}},
        {"type": ["integer", "null"]},
        {"minLength": 1, "maxLength": 1},
        {"$ref": "#/$defs/list", "$defs": {"list": {"type": "array"}}},
        {},
    ]
    cases = {
        f"{schema}, {mostly}": (kind, {"column": "j", "json_schema": schema, "mostly": mostly})
        for kind in ("expect_column_values_to_match_json_schema",)
        for schema in schemas
        for mostly in (1, 0.5)
    }

    assert on_duckdb(tmp_path, rows, cases) == on_pandas(rows, cases)


def test_a_text_that_is_no_json_fits_no_schema(tmp_path: Path) -> None:
    rows = pa.table({"j": ["{}", "{", "", "[" * 100_000, None, "nan"]})
    cases = {"any": ("expect_column_values_to_match_json_schema", {"column": "j", "json_schema": {}})}

    assert on_duckdb(tmp_path, rows, cases)["any"] == [False, 6, 4, 80, 1, None]


def test_a_pattern_of_a_json_schema_cannot_hold_the_worker(tmp_path: Path) -> None:
    rows = pa.table({"j": [f'"{"a" * 50_000}!"']})
    slow = {"column": "j", "json_schema": {"pattern": "^(a+)+$"}}

    seen = on_duckdb(tmp_path, rows, {"slow": ("expect_column_values_to_match_json_schema", slow)})

    assert seen["slow"] == [False, 1, 1, 100, 0, None]


def test_nan_is_a_value_that_is_greater_than_every_number(tmp_path: Path) -> None:
    rows = pa.table({"f": [1.0, math.nan, math.nan, None]})
    rules: dict[str, tuple[str, dict[str, Any]]] = {
        "known": ("expect_column_values_to_not_be_null", {"column": "f"}),
        "below": ("expect_column_values_to_be_between", {"column": "f", "max_value": 9}),
        "above": ("expect_column_values_to_be_between", {"column": "f", "min_value": 0}),
        "unique": ("expect_column_values_to_be_unique", {"column": "f"}),
    }

    found = DuckDbValidator().validate(a_scan(tmp_path, rows), a_suite(rules)).observations

    assert [one.unexpected_count for one in found if isinstance(one, Evaluated)] == [1, 2, 0, 2]


def test_each_difference_is_in_the_reference() -> None:
    reference = REFERENCE.read_text()

    assert [sentence for sentence in DIFFERENCES.values() if f"| {sentence} |" not in reference] == []
