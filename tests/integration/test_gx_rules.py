"""Rules on rows: what breaks them, and that the predicate of a rule is the rule."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partition_gate.adapters.gx.validator import DuckDbValidator
from partition_gate.judging.validation import Evaluated, Observation, PartitionScan
from partition_gate.testing.scans import a_reference, a_scan, a_suite, some_labels

EPOCH = datetime(2013, 1, 1, tzinfo=UTC)
A_ROW = st.fixed_dictionaries(
    {
        "id": st.none() | st.integers(0, 6),
        "line": st.none() | st.integers(0, 2),
        "code": st.none() | st.sampled_from(["AA", "x'y", r"C\d", "", "pivot"]),
        "price": st.none() | st.sampled_from([0.1, 2.5, -1.0, float("nan"), float("inf"), 0.30000000000000004]),
        "ratio": st.none() | st.sampled_from([0.1, 0.25, 0.7]),
        "day": st.none() | st.dates(date(2013, 1, 1), date(2013, 1, 5)),
        "at": st.none() | st.integers(0, 4).map(lambda hours: EPOCH + timedelta(hours=hours)),
        "pivot": st.none() | st.booleans(),
    }
)
SCHEMA = pa.schema(
    {
        "id": pa.int64(),
        "line": pa.int32(),
        "code": pa.string(),
        "price": pa.float64(),
        "ratio": pa.float32(),
        "day": pa.date32(),
        "at": pa.timestamp("us", tz="UTC"),
        "pivot": pa.bool_(),
    }
)
WHEN_CODED = {"type": "nullity", "column": {"name": "code"}, "is_null": False}
RULES: dict[str, tuple[str, dict[str, Any]]] = {
    "not_null": ("expect_column_values_to_not_be_null", {"column": "code"}),
    "null": ("expect_column_values_to_be_null", {"column": "pivot", "mostly": 0.5}),
    "unique": ("expect_column_values_to_be_unique", {"column": "id"}),
    "unique_price": ("expect_column_values_to_be_unique", {"column": "price"}),
    "unique_if": ("expect_column_values_to_be_unique", {"column": "id", "row_condition": WHEN_CODED}),
    "key": ("expect_compound_columns_to_be_unique", {"column_list": ["id", "line"]}),
    "key_any": (
        "expect_compound_columns_to_be_unique",
        {"column_list": ["id", "line"], "ignore_row_if": "any_value_is_missing"},
    ),
    "key_never": ("expect_compound_columns_to_be_unique", {"column_list": ["id", "line"], "ignore_row_if": "never"}),
    "between": ("expect_column_values_to_be_between", {"column": "price", "min_value": 0, "max_value": 2.5}),
    "above": ("expect_column_values_to_be_between", {"column": "price", "min_value": 0.30000000000000004}),
    "single": ("expect_column_values_to_be_between", {"column": "ratio", "max_value": 0.1}),
    "strictly": (
        "expect_column_values_to_be_between",
        {"column": "id", "min_value": 1, "max_value": 5, "strict_min": True, "strict_max": True},
    ),
    "from_day": ("expect_column_values_to_be_between", {"column": "day", "min_value": "2013-01-03"}),
    "to_time": ("expect_column_values_to_be_between", {"column": "at", "max_value": "2013-01-01T02:00:00Z"}),
    "to_day": ("expect_column_values_to_be_between", {"column": "at", "max_value": "2013-01-01"}),
    "length": ("expect_column_value_lengths_to_be_between", {"column": "code", "min_value": 1, "max_value": 3}),
    "match": ("expect_column_values_to_match_regex", {"column": "code", "regex": "[A-Z]"}),
    "no_match": ("expect_column_values_to_not_match_regex", {"column": "code", "regex": r"\\d"}),
    "in_text": ("expect_column_values_to_be_in_set", {"column": "code", "value_set": ["AA", "x'y"]}),
    "in_numbers": ("expect_column_values_to_be_in_set", {"column": "id", "value_set": [1, 2, 3]}),
    "in_days": ("expect_column_values_to_be_in_set", {"column": "day", "value_set": ["2013-01-01"]}),
    "not_in": ("expect_column_values_to_not_be_in_set", {"column": "code", "value_set": ["", "pivot"]}),
    "like": ("expect_column_values_to_match_like_pattern", {"column": "code", "like_pattern": "%A%"}),
    "greater": ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "id", "column_B": "line"}),
    "equal": (
        "expect_column_pair_values_to_be_equal",
        {"column_A": "id", "column_B": "line", "ignore_row_if": "either_value_is_missing"},
    ),
    "parent": (
        "expect_column_values_to_exist_in_reference",
        {"column": "id", "reference_dataset": "parents", "reference_column": "id"},
    ),
}


@given(rows=st.lists(A_ROW, max_size=40), cut=st.integers(0, 40))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_predicate_holds_for_exactly_the_rows_that_great_expectations_counts(
    tmp_path: Path, rows: list[dict[str, Any]], cut: int
) -> None:
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    parents = a_reference(tmp_path, "parents", pa.table({"id": pa.array([0, 1, None], pa.int64())}))
    scan = a_scan(tmp_path, table.slice(0, cut), table.slice(cut)).model_copy(update={"references": (parents,)})

    validation = DuckDbValidator().validate(scan, a_suite(RULES))

    counted = {one.rule_id: one.unexpected_count for one in validation.observations if isinstance(one, Evaluated)}
    predicates = validation.predicates
    split = DuckDbValidator().reject(scan, blocking=predicates, labels=some_labels(), into=tmp_path / "out")
    broken = Counter(_broken_rules(split.quarantined))
    assert counted == {rule_id: broken[rule_id] for rule_id in RULES}


@pytest.mark.parametrize(
    ("rule", "values", "broken"),
    [
        (("expect_column_values_to_match_regex", {"regex": "b"}), ["abc", "xyz", None], 1),
        (("expect_column_values_to_match_regex", {"regex": r"^\d{2}$"}), ["12", "123", r"\d"], 2),
        (("expect_column_values_to_be_between", {"min_value": 1, "strict_min": True}), [1, 2, None], 1),
        (("expect_column_values_to_be_between", {"max_value": 9.5}), [float("nan"), 9.5, None], 1),
        (("expect_column_values_to_be_between", {"min_value": 9.5}), [float("nan"), 9.5, None], 0),
        (("expect_column_values_to_not_be_null", {}), [float("nan"), 1.0, None], 1),
        (("expect_column_values_to_be_unique", {}), [float("nan"), float("nan"), 1.0, None, None], 2),
        (("expect_column_values_to_be_in_set", {"value_set": ["it's", "b"]}), ["it's", "c", None], 1),
        (("expect_column_values_to_be_between", {"max_value": "2013-01-01"}), [date(2013, 1, 1), date(2013, 1, 2)], 1),
        (
            ("expect_column_values_to_be_between", {"max_value": "2013-01-01T02:00:00+02:00"}),
            [EPOCH, EPOCH + timedelta(seconds=1)],
            1,
        ),
    ],
)
def test_a_rule_counts_the_values_that_break_it(
    tmp_path: Path, rule: tuple[str, dict[str, Any]], values: list[Any], broken: int
) -> None:
    observation = _observe(a_scan(tmp_path, pa.table({"v": values})), rule[0], {"column": "v", **rule[1]})

    assert isinstance(observation, Evaluated)
    assert observation.unexpected_count == broken


def test_a_naive_timestamp_is_compared_in_utc(tmp_path: Path) -> None:
    moments = pa.array([datetime(2013, 1, 1), datetime(2013, 1, 1, 1)], pa.timestamp("us"))  # noqa: DTZ001 (the point)
    kwargs = {"column": "v", "max_value": "2013-01-01T02:00:00+02:00"}

    observation = _observe(a_scan(tmp_path, pa.table({"v": moments})), "expect_column_values_to_be_between", kwargs)

    assert isinstance(observation, Evaluated)
    assert observation.unexpected_count == 1


def test_a_single_precision_value_keeps_a_bound_that_reads_the_same(tmp_path: Path) -> None:
    table = pa.table({"v": pa.array([0.1], pa.float32())})

    observation = _observe(
        a_scan(tmp_path, table), "expect_column_values_to_be_between", {"column": "v", "max_value": 0.1}
    )

    assert isinstance(observation, Evaluated)
    assert observation.success


def test_a_key_with_a_null_member_duplicates_nothing(tmp_path: Path) -> None:
    table = pa.table({"a": [1, 1, 1, 1], "b": [None, None, 2, 2]})

    observation = _observe(a_scan(tmp_path, table), "expect_compound_columns_to_be_unique", {"column_list": ["a", "b"]})

    assert isinstance(observation, Evaluated)
    assert observation.unexpected_count == 2


def test_a_tolerance_that_holds_is_success_with_its_counts(tmp_path: Path) -> None:
    table = pa.table({"v": [*range(49), None]})

    observation = _observe(
        a_scan(tmp_path, table), "expect_column_values_to_not_be_null", {"column": "v", "mostly": 0.98}
    )

    assert observation == Evaluated(
        rule_id="rule",
        success=True,
        observed="1 of 50 values (2.00%) break the rule",
        element_count=50,
        unexpected_count=1,
    )


def _observe(scan: PartitionScan, kind: str, kwargs: dict[str, Any]) -> Observation:
    return DuckDbValidator().validate(scan, a_suite({"rule": (kind, kwargs)})).observations[0]


def _broken_rules(quarantined: Path | None) -> list[str]:
    if quarantined is None:
        return []
    with duckdb.connect() as connection:
        rows = connection.execute("SELECT unnest(_gate_rule_ids) FROM read_parquet(?)", [str(quarantined)]).fetchall()
    return [row[0] for row in rows]
