"""Every metric with every operator and unit, with counts just inside and just outside of the bound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from partition_gate.adapters.gx.validator import DuckDbValidator
from partition_gate.core.severity import Scope
from partition_gate.judging.verdict import CheckOutcome, CheckResult
from partition_gate.testing.builders import a_contract
from partition_gate.testing.contracts import scan_of, verdict_on
from partition_gate.testing.scans import some_labels

OUTCOME = {True: CheckOutcome.PASSED, False: CheckOutcome.FAILED}
# How many of 8 rows may be so: operator -> the counts that hold.
OPERATORS: list[tuple[dict[str, Any], set[int]]] = [
    ({"mustBe": 2}, {2}),
    ({"mustBe": 0}, {0}),
    ({"mustNotBe": 2}, {0, 3, 4}),
    ({"mustBeGreaterThan": 2}, {3, 4}),
    ({"mustBeGreaterOrEqualTo": 2}, {2, 3, 4}),
    ({"mustBeLessThan": 3}, {0, 2}),
    ({"mustBeLessOrEqualTo": 2}, {0, 2}),
    ({"mustBeLessThan": 2.5}, {0, 2}),
    ({"mustBeBetween": [2, 4]}, {3}),
    ({"mustBeBetween": [-1, 3]}, {0, 2}),
    ({"mustNotBeBetween": [2, 4]}, {0, 2, 4}),
]
METRICS: dict[str, dict[str, Any]] = {
    "nullValues": {"metric": "nullValues"},
    "missingValues": {"metric": "missingValues", "arguments": {"missingValues": [None, "", "N/A"]}},
    "validValues": {"metric": "invalidValues", "arguments": {"validValues": [*"abcdefgh"]}},
    "pattern": {"metric": "invalidValues", "arguments": {"pattern": "^[a-h]$"}},
    "both": {"metric": "invalidValues", "arguments": {"validValues": [*"abcdefgh", "99"], "pattern": "^[a-z]$"}},
    "duplicateValues": {"metric": "duplicateValues"},
}
BAD: dict[str, list[str | None]] = {
    "nullValues": [None] * 4,
    "missingValues": [None, "", "N/A", None],
    "validValues": ["x", "y", "z", "w"],
    "pattern": ["x", "y", "z", "w"],
    "both": ["x", "99", "z", "99"],
    "duplicateValues": ["q"] * 4,
}


def in_percent(operator: dict[str, Any]) -> dict[str, Any]:
    """The same bound as a share of 8 rows."""
    ((name, bound),) = operator.items()
    return {name: [one * 12.5 for one in bound] if isinstance(bound, list) else bound * 12.5}


IN_PERCENT = [(in_percent(operator), counts) for operator, counts in OPERATORS]


def some_rules(operators: list[tuple[dict[str, Any], set[int]]], **rule: Any) -> list[dict[str, Any]]:
    return [{"id": f"rule{i}", **rule, **operator} for i, (operator, _) in enumerate(operators)]


def column(metric: str, count: int) -> list[str | None]:
    """Eight values, of which so many are what the metric counts."""
    return [*BAD[metric][:count], *"abcdefgh"[: 8 - count]]


def judged(folder: Path, rule: dict[str, Any], values: list[str | None]) -> CheckResult:
    contract = a_contract([{"name": "v", "logicalType": "string", "quality": [{"id": "rule", **rule}]}])
    assert contract.compilation.not_executable == ()
    (result,) = [r for r in verdict_on(contract, folder, pa.table({"v": values})).results if r.rule_id == "rule"]
    return result


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(("operators", "unit"), [(OPERATORS, "rows"), (IN_PERCENT, "percent")], ids=["rows", "percent"])
def test_a_metric_keeps_each_operators_bound_exactly(
    tmp_path: Path, metric: str, operators: list[tuple[dict[str, Any], set[int]]], unit: str
) -> None:
    rules = [
        {"id": f"rule{i}", "unit": unit, **METRICS[metric], **operator} for i, (operator, _) in enumerate(operators)
    ]
    contract = a_contract([{"name": "v", "logicalType": "string", "quality": rules}])
    for count in (0, 2, 3, 4):
        found = verdict_on(contract, tmp_path / str(count), pa.table({"v": column(metric, count)}))
        seen = {r.rule_id: r.outcome for r in found.results if r.rule_id.startswith("rule")}

        assert seen == {f"rule{i}": OUTCOME[count in counts] for i, (_, counts) in enumerate(operators)}


@pytest.mark.parametrize("unit", ["rows", "percent"])
def test_rows_that_share_two_values_are_counted_against_each_operator(tmp_path: Path, unit: str) -> None:
    operators = OPERATORS if unit == "rows" else IN_PERCENT
    rule = {"metric": "duplicateValues", "unit": unit, "arguments": {"properties": ["a", "b"]}}
    rules = [{"id": f"rule{i}", **rule, **operator} for i, (operator, _) in enumerate(operators)]
    contract = a_contract(
        [{"name": "a", "logicalType": "integer"}, {"name": "b", "logicalType": "string"}], quality=rules
    )
    for count in (0, 2, 3, 4):
        table = pa.table({"a": [1] * 8, "b": column("duplicateValues", count)})
        found = verdict_on(contract, tmp_path / str(count), table)
        seen = {r.rule_id: r.outcome for r in found.results if r.rule_id.startswith("rule")}

        assert seen == {f"rule{i}": OUTCOME[count in counts] for i, (_, counts) in enumerate(operators)}


@pytest.mark.parametrize(("operator", "counts"), OPERATORS)
def test_a_row_count_keeps_each_operators_bound(tmp_path: Path, operator: dict[str, Any], counts: set[int]) -> None:
    contract = a_contract(
        [{"name": "v", "logicalType": "integer"}], quality=[{"id": "n", "metric": "rowCount", **operator}]
    )
    for count in (0, 2, 3, 4):
        table = pa.table({"v": pa.array(range(count), pa.int64())})
        (result,) = [r for r in verdict_on(contract, tmp_path / str(count), table).results if r.rule_id == "n"]

        assert (result.outcome, result.scope) == (OUTCOME[count in counts], Scope.PARTITION)


def test_too_many_rows_are_quarantined_and_too_few_reject_the_partition(tmp_path: Path) -> None:
    at_most = judged(tmp_path / "most", {"metric": "nullValues", "mustBeLessThan": 2}, [None, None, "a"])
    at_least = judged(tmp_path / "least", {"metric": "nullValues", "mustBeGreaterThan": 2}, [None, None, "a"])

    assert (at_most.scope, at_most.outcome, at_most.unexpected_count) == (Scope.ROW, CheckOutcome.FAILED, 2)
    assert (at_least.scope, at_least.outcome) == (Scope.PARTITION, CheckOutcome.FAILED)


def test_the_rows_that_a_count_finds_are_those_that_the_split_quarantines(tmp_path: Path) -> None:
    rules = [{"id": name, **rule, "mustBeLessOrEqualTo": 1} for name, rule in METRICS.items()]
    contract = a_contract([{"name": "v", "logicalType": "string", "quality": rules}])
    scan = scan_of(contract, tmp_path, pa.table({"v": [None, None, "", "N/A", "q", "q", "a"]}))

    validation = DuckDbValidator().validate(scan, contract.suite)
    by_rule = {one.rule_id: one for one in validation.predicates}
    split = {
        name: DuckDbValidator().split(scan, blocking=[by_rule[name]], labels=some_labels(), into=tmp_path / name)
        for name in METRICS
    }

    expected = {"nullValues": 2, "missingValues": 4, "validValues": 4, "pattern": 4, "both": 4, "duplicateValues": 2}
    assert {name: one.rows_quarantined for name, one in split.items()} == expected


def test_a_null_is_missing_only_where_it_is_listed(tmp_path: Path) -> None:
    rule = {"metric": "missingValues", "mustBe": 1, "arguments": {"missingValues": ["N/A"]}}

    assert judged(tmp_path, rule, [None, "N/A", "a"]).outcome is CheckOutcome.PASSED


def test_numbers_and_text_stand_for_missing_values_of_any_column(tmp_path: Path) -> None:
    rule = {"id": "rule", "metric": "missingValues", "mustBe": 2, "arguments": {"missingValues": [-999, "", "N/A"]}}
    contract = a_contract([{"name": "v", "logicalType": "number", "quality": [rule]}])

    verdict = verdict_on(contract, tmp_path, pa.table({"v": [-999.0, 1.0, -999.0, None]}))

    assert {r.rule_id: r.outcome for r in verdict.results}["rule"] is CheckOutcome.PASSED


@pytest.mark.parametrize(("bound", "holds"), [(33.3, False), (33.4, True)])
def test_a_share_is_compared_exactly(tmp_path: Path, *, bound: float, holds: bool) -> None:
    rule = {"metric": "duplicateValues", "mustBeLessThan": bound, "unit": "percent"}

    assert judged(tmp_path, rule, [*"aabcde"]).outcome is OUTCOME[holds]


def test_the_report_prints_the_bounds_that_are_used(tmp_path: Path) -> None:
    result = judged(tmp_path, {"metric": "nullValues", "mustBeBetween": [2, 4]}, [None, None, "a"])

    assert result.expected == "more than 2 and less than 4 rows with a null"
    assert result.observed == "2 of 3 rows (66.67%)"
