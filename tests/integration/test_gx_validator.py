"""A suite is executed as its file says, and what cannot be judged stands alone."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    ExpectationSuiteValidationResultSchema,
)

from partition_gate.adapters.gx.validator import DuckDbValidator
from partition_gate.checks.expectations import CompiledSuite
from partition_gate.core.errors import ContractError
from partition_gate.core.table import TableColumn
from partition_gate.judging.validation import (
    Errored,
    Evaluated,
    FailingValue,
    PartitionScan,
    ReferenceFiles,
    Validation,
)
from partition_gate.testing.scans import a_reference, a_scan, a_suite

Rule = tuple[str, dict[str, Any]]
READABLE: Rule = ("expect_partition_files_to_be_readable", {})
HAS_ID: Rule = ("expect_partition_files_to_have_column", {"column": "id"})
ID_IS_INT: Rule = ("expect_partition_files_column_type_to_be_in_set", {"column": "id", "type_list": ["int32", "int64"]})
ID_NOT_NULL = ("expect_column_values_to_not_be_null", {"column": "id"})
ID_IN_PARENTS: Rule = (
    "expect_column_values_to_exist_in_reference",
    {"column": "id", "reference_dataset": "parents", "reference_column": "id"},
)
ORDERS = pa.table({"id": [1, 2, 3], "note": ["a", "b", None]})


def test_every_check_gets_one_observation_in_the_suites_order(tmp_path: Path) -> None:
    suite = a_suite({"b": ID_NOT_NULL, "a": READABLE, "c": HAS_ID})

    validation = _validate(a_scan(tmp_path, ORDERS), suite)

    assert [one.rule_id for one in validation.observations] == ["b", "a", "c"]
    assert all(isinstance(one, Evaluated) and one.success for one in validation.observations)
    assert validation.row_count == 3


def test_a_check_that_the_suite_file_does_not_have_is_errored(tmp_path: Path) -> None:
    suite = a_suite({"a": READABLE})
    emptied = suite.model_copy(update={"document": json.dumps({"name": "orders", "expectations": [], "meta": {}})})

    assert isinstance(_validate(a_scan(tmp_path, ORDERS), emptied).observations[0], Errored)


def test_an_expectation_without_a_rule_id_is_refused(tmp_path: Path) -> None:
    document = json.dumps({"name": "orders", "expectations": [{"type": READABLE[0], "kwargs": {}}]})

    with pytest.raises(ContractError, match=r"expectations\[0\] has no meta.rule_id"):
        _validate(a_scan(tmp_path, ORDERS), a_suite({}).model_copy(update={"document": document}))


def test_a_value_must_exist_in_the_referenced_dataset(tmp_path: Path) -> None:
    parents = a_reference(tmp_path, "parents", pa.table({"id": [1, 3, None]}))
    scan = a_scan(tmp_path, pa.table({"id": [1, 2, None]})).model_copy(update={"references": (parents,)})

    assert _observations(scan, {"rule": ID_IN_PARENTS})["rule"].model_dump()["unexpected_count"] == 1


@pytest.mark.parametrize("references", [(), (ReferenceFiles(dataset="parents", paths=()),)])
def test_a_referenced_dataset_without_a_version_is_our_error(
    tmp_path: Path, references: tuple[ReferenceFiles, ...]
) -> None:
    scan = a_scan(tmp_path, ORDERS).model_copy(update={"references": references})

    assert _observations(scan, {"rule": ID_IN_PARENTS})["rule"] == Errored(
        rule_id="rule", why="parents has no published version; publish it first: `gate watch`, or `gate run` with a key"
    )


@pytest.mark.parametrize(
    ("kind", "kwargs", "why"),
    [
        ("expect_column_values_to_match_regex", {"column": "note", "regex": "a("}, "not an RE2 regular expression"),
        ("expect_column_values_to_be_in_set", {"column": "id", "value_set": ["zzz"]}, "a value cannot be converted"),
        (
            "expect_column_values_to_match_json_schema",
            {"column": "note", "json_schema": {"type": "objct"}},
            "json_schema is not a valid JSON Schema",
        ),
        (
            "expect_column_values_to_be_between",
            {"column": "note", "min_value": 1},
            "computed on column of type VARCHAR",
        ),
        ("expect_column_values_to_be_between", {"column": "id", "min_value": "soon"}, "min_value: value is not"),
        ("expect_nothing_of_the_kind", {}, "expect_nothing_of_the_kind"),
    ],
)
def test_an_expectation_that_cannot_be_judged_is_errored_and_poisons_no_other(
    tmp_path: Path, kind: str, kwargs: dict[str, Any], why: str
) -> None:
    rules: dict[str, Rule] = {
        "before": ID_NOT_NULL,
        "bad": (kind, kwargs),
        "after": ("expect_column_values_to_be_unique", {"column": "id"}),
    }

    seen = _observations(a_scan(tmp_path, ORDERS), rules)

    assert isinstance(seen["before"], Evaluated)
    assert isinstance(seen["after"], Evaluated)
    assert isinstance(seen["bad"], Errored)
    assert re.search(why, seen["bad"].why)


@pytest.mark.parametrize(
    ("kind", "kwargs", "observed"),
    [
        ("expect_table_row_count_to_be_between", {"min_value": 1}, "3 rows"),
        ("expect_table_row_count_to_equal", {"value": 3}, "3 rows"),
        ("expect_column_mean_to_be_between", {"column": "id", "max_value": 2}, "2"),
        ("expect_column_min_to_be_between", {"column": "id", "min_value": 1}, "1"),
        ("expect_column_max_to_be_between", {"column": "id", "max_value": 3}, "3"),
        ("expect_column_sum_to_be_between", {"column": "id", "max_value": 6}, "6"),
        ("expect_column_median_to_be_between", {"column": "id", "max_value": 2}, "2"),
        ("expect_column_stdev_to_be_between", {"column": "id", "max_value": 1}, "1"),
        ("expect_column_unique_value_count_to_be_between", {"column": "id", "max_value": 3}, "3"),
        (
            "expect_column_distinct_values_to_equal_set",
            {"column": "id", "value_set": [1, 2, 3]},
            "0 unexpected values, 0 missing",
        ),
        ("expect_table_column_count_to_equal", {"value": 2}, "2"),
    ],
)
def test_an_aggregate_shows_what_was_observed(tmp_path: Path, kind: str, kwargs: dict[str, Any], observed: str) -> None:
    seen = _observations(a_scan(tmp_path, ORDERS), {"rule": (kind, kwargs)})["rule"]

    assert seen == Evaluated(rule_id="rule", success=True, observed=observed)


def test_an_aggregate_is_computed_from_the_rows_and_not_from_the_footers(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, pa.table({"v": [1.0, float("nan")]}))
    rule = ("expect_column_max_to_be_between", {"column": "v", "max_value": 1})

    assert _observations(scan, {"rule": rule})["rule"].model_dump()["success"] is False


def test_observed_texts_of_row_rules_hold_no_value(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, pa.table({"id": [1, 1], "name": ["Violet Baudelaire", "Klaus Baudelaire"]}))
    rules: dict[str, Rule] = {
        "regex": ("expect_column_values_to_match_regex", {"column": "name", "regex": "^Sunny"}),
        "set": ("expect_column_values_to_be_in_set", {"column": "name", "value_set": ["Sunny"]}),
        "cast": ("expect_column_values_to_be_in_set", {"column": "name", "value_set": [1]}),
        "key": ("expect_compound_columns_to_be_unique", {"column_list": ["id", "name"]}),
    }

    observed = [one.observed for one in _observations(scan, rules).values() if isinstance(one, Evaluated)]
    assert len(observed) == 3
    assert "Baudelaire" not in str(observed)


def test_the_most_frequent_failing_values_are_counted_over_all_rows(tmp_path: Path) -> None:
    codes = ["SJU"] * 20 + ["BQN"] * 3 + ["PSE", "PSE", "STT", None, "JFK"]
    rule = ("expect_column_values_to_be_in_set", {"column": "dest", "value_set": ["JFK"]})

    found = _observations(a_scan(tmp_path, pa.table({"dest": codes})), {"known": rule})["known"]

    assert isinstance(found, Evaluated)
    assert [(one.value, one.count) for one in found.failing_values] == [("SJU", 20), ("BQN", 3), ("PSE", 2)]


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ([None, None, 1], ("expect_column_values_to_not_be_null", {"column": "v"})),
        ([1, 2, 3], ("expect_column_values_to_be_in_set", {"column": "v", "value_set": [1, 2, 3]})),
        ([1, 2, 3], ("expect_column_values_to_be_in_set", {"column": "v", "value_set": [1, 2], "mostly": 0.5})),
    ],
)
def test_a_rule_that_holds_or_finds_only_nulls_has_no_failing_values(tmp_path: Path, values: Any, rule: Any) -> None:
    found = _observations(a_scan(tmp_path, pa.table({"v": values})), {"rule": rule})["rule"]

    assert isinstance(found, Evaluated)
    assert found.failing_values == ()


def test_failing_values_of_a_column_that_the_contract_does_not_name_are_hashes(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, pa.table({"id": [1, 1], "ssn": ["078-05-1120", "078-05-1120"]}))
    scan = scan.model_copy(update={"table": scan.table.model_copy(update={"columns": scan.table.columns[:1]})})
    unique = {name: ("expect_column_values_to_be_unique", {"column": name}) for name in ("id", "ssn")}

    found = _observations(scan, unique)

    shown = {name: one.failing_values for name, one in found.items() if isinstance(one, Evaluated)}
    assert shown["id"] == (FailingValue(value="1", count=2),)
    assert [(one.count, str(one.value)[0]) for one in shown["ssn"]] == [(2, "#")]


def test_values_of_classified_columns_are_not_in_the_document(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, pa.table({"name": ["Violet Baudelaire", "Klaus Baudelaire"]}))
    name = TableColumn(name="name", source="name", type="VARCHAR", classified=True)
    scan = scan.model_copy(update={"table": scan.table.model_copy(update={"columns": (name,)})})
    rules: dict[str, Rule] = {
        "regex": ("expect_column_values_to_match_regex", {"column": "name", "regex": "^Sunny"}),
        "max": ("expect_column_max_to_be_between", {"column": "name", "max_value": 1}),
        "set": ("expect_column_distinct_values_to_be_in_set", {"column": "name", "value_set": ["Sunny"]}),
        "query": (
            "unexpected_rows_expectation",
            {"unexpected_rows_query": "SELECT * FROM {batch} WHERE name LIKE 'Klaus%'"},
        ),
    }

    validation = _validate(scan, a_suite(rules))

    assert "Baudelaire" not in validation.model_dump_json()
    assert all(
        isinstance(one, Evaluated) and not one.success for one in validation.observations if one.rule_id != "max"
    )


def test_samples_are_short_and_plain_json(tmp_path: Path) -> None:
    table = pa.table({"blob": [b"\xff"], "text": ["x" * 100_000], "day": [date(2013, 1, 1)], "list": [[1.5]]})
    rules = {name: ("expect_column_values_to_be_null", {"column": name}) for name in table.column_names}

    validation = _validate(a_scan(tmp_path, table), a_suite(rules))

    assert len(validation.document) < 20_000
    assert [one["success"] for one in _results(validation)] == [False] * 4


def test_the_document_is_great_expectations_own_with_every_result_in_order(tmp_path: Path) -> None:
    suite = a_suite({"c": ID_NOT_NULL, "bad": ("expect_nothing", {}), "a": HAS_ID, "typed": ID_IS_INT})

    validation = _validate(a_scan(tmp_path, pa.table({"id": ["x"]})), suite)

    loaded = ExpectationSuiteValidationResultSchema().load(validation.document)
    assert [one["expectation_config"]["meta"]["rule_id"] for one in _results(validation)] == ["c", "bad", "a", "typed"]
    assert isinstance(loaded, ExpectationSuiteValidationResult)
    assert not loaded.success


def test_validations_do_not_see_each_other(tmp_path: Path) -> None:
    scans = [a_scan(tmp_path / str(i), pa.table({"id": [*range(100 + i), *[None] * i]})) for i in range(6)]
    suite, validator = a_suite({"rule": ID_NOT_NULL}), DuckDbValidator()

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda scan: validator.validate(scan, suite), scans * 2))

    assert [one.observations[0].model_dump()["unexpected_count"] for one in found] == [*range(6)] * 2


def _validate(scan: PartitionScan, suite: CompiledSuite) -> Validation:
    return DuckDbValidator().validate(scan, suite)


def _observations(scan: PartitionScan, rules: dict[str, tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    return {one.rule_id: one for one in _validate(scan, a_suite(rules)).observations}


def _results(validation: Validation) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = validation.document["results"]
    return results
