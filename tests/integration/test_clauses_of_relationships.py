"""Relationships of several columns, and rules of `type: custom`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from partition_gate.adapters.gx.validator import DuckDbValidator
from partition_gate.core.severity import Scope
from partition_gate.judging.verdict import CheckOutcome, reach_verdict
from partition_gate.testing.builders import a_contract
from partition_gate.testing.contracts import broken_rows, scan_of, verdict_on
from partition_gate.testing.scans import a_reference, some_labels

COLUMNS = [{"name": "a", "logicalType": "integer"}, {"name": "b", "logicalType": "string"}]


def test_a_compound_relationship_finds_the_tuples_without_a_parent(tmp_path: Path) -> None:
    relationship = {"from": ["orders.a", "orders.b"], "to": ["parents.x", "parents.y"]}
    contract = a_contract(COLUMNS, relationships=[relationship])
    parents = a_reference(tmp_path, "parents", pa.table({"x": [1, 1, None], "y": ["p", "q", "r"]}))
    rows = pa.table({"a": [1, 1, 2, None, 1], "b": ["p", "r", "p", "p", None]})
    scan = scan_of(contract, tmp_path, rows).model_copy(update={"references": (parents,)})

    validation = DuckDbValidator().validate(scan, contract.suite)
    verdict = reach_verdict(contract.suite.suite, validation.observations, row_count=5)
    predicates = [one for one in validation.predicates if one.rule_id == "a+b.in_parents"]
    split = DuckDbValidator().split(scan, blocking=predicates, labels=some_labels(), into=tmp_path / "out")

    assert contract.referenced_datasets == ("parents",)
    assert (broken_rows(verdict, "a+b.in_parents"), split.rows_quarantined) == (2, 2)


@pytest.mark.parametrize(
    ("implementation", "scope", "outcome"),
    [
        ("type: expect_column_values_to_be_between\nkwargs:\n  minValue: 2\n", Scope.ROW, CheckOutcome.FAILED),
        ({"type": "expectColumnValuesToBeBetween", "kwargs": {"maxValue": 3}}, Scope.ROW, CheckOutcome.PASSED),
        (
            {"type": "expect_column_mean_to_be_between", "kwargs": {"min_value": 2}},
            Scope.PARTITION,
            CheckOutcome.PASSED,
        ),
        (
            {"type": "expect_column_pair_values_to_be_equal", "kwargs": {"columnA": "a", "columnB": "a"}},
            Scope.ROW,
            CheckOutcome.PASSED,
        ),
        ({"type": "expect_column_max_to_be_between", "kwargs": {"max_value": 2}}, Scope.PARTITION, CheckOutcome.FAILED),
    ],
)
def test_a_custom_rule_is_any_expectation_in_yaml_or_as_a_mapping(
    tmp_path: Path, implementation: Any, scope: Scope, outcome: CheckOutcome
) -> None:
    rule = {"id": "rule", "type": "custom", "engine": "great-expectations", "implementation": implementation}
    contract = a_contract([{"name": "a", "logicalType": "integer", "quality": [rule]}])

    verdict = verdict_on(contract, tmp_path, pa.table({"a": [1, 2, 3]}))

    (result,) = [r for r in verdict.results if r.rule_id == "rule"]
    assert (result.scope, result.outcome) == (scope, outcome)


def test_a_custom_rule_of_another_engine_is_listed_with_the_reason() -> None:
    rule = {"type": "custom", "engine": "soda", "implementation": "type: duplicate_percent"}

    (refused,) = a_contract(COLUMNS, quality=[rule]).compilation.not_executable

    assert "'soda' is not supported" in refused.why


def test_a_type_rule_blames_no_row_so_it_judges_the_partition() -> None:
    body = {"type": "expect_column_values_to_be_of_type", "kwargs": {"type_": "BIGINT"}}
    rule = {"id": "rule", "type": "custom", "engine": "greatExpectations", "implementation": body}
    contract = a_contract([{"name": "a", "logicalType": "integer", "quality": [rule]}])

    assert {check.rule_id: check.scope for check in contract.suite.suite.checks}["rule"] is Scope.PARTITION


def test_a_quality_rule_inside_of_a_column_is_judged_there(tmp_path: Path) -> None:
    rules = [
        {"id": "set", "metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": ["x"]}},
        {"id": "null", "metric": "nullValues", "mustBe": 0},
    ]
    item = {"logicalType": "object", "properties": [{"name": "code", "logicalType": "string", "quality": rules}]}
    contract = a_contract([{"name": "v", "logicalType": "array", "items": item}])
    rows = [[{"code": "x"}], [{"code": "x"}, {"code": "y"}], [{"code": None}], None]

    verdict = verdict_on(contract, tmp_path, pa.table({"v": rows}))

    assert (broken_rows(verdict, "set"), broken_rows(verdict, "null")) == (1, 1)


def test_a_count_inside_of_a_column_is_listed_with_the_reason() -> None:
    rule = {"metric": "nullValues", "mustBeLessThan": 5}
    item = {"logicalType": "string", "quality": [rule]}

    (refused,) = a_contract([{"name": "v", "logicalType": "array", "items": item}]).compilation.not_executable

    assert "top-level property" in refused.why
