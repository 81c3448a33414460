"""From clauses to checks: each clause is a check, or is listed with the reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.test_odcs import minimal, read

from partition_gate.checks.compiling.compiled import compiled
from partition_gate.checks.expectations import Check, RowCount, UniqueTogether
from partition_gate.checks.values import InRange, InSet, NotNull
from partition_gate.contract.model import Dataset
from partition_gate.contracts.coverage.clauses import Treatment, clauses, cover
from partition_gate.contracts.odcs.reader import read_contract
from partition_gate.core.severity import Scope, Severity
from partition_gate.core.strict_yaml.reading import load_mapping

CONTRACTS = sorted(Path("include/contracts").glob("*.odcs.yaml"))


def contract_with(properties: list[dict[str, object]], **schema: object) -> Dataset:
    return read(minimal(schema=[{"name": "orders", "properties": properties, **schema}]))


def check_of(contract: Dataset, rule_id: str) -> Check:
    return {check.rule_id: check for check in compiled(contract).suite.suite.checks}[rule_id]


def quality_check(column: str = "a", **rule: object) -> Check:
    contract = contract_with([{"name": column, "quality": [{"id": "rule", **rule}]}])
    return check_of(contract, "rule")


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.name)
def test_every_clause_of_a_contract_is_covered_exactly_once(path):
    text = path.read_text()
    contract = read_contract(text, path=str(path))
    document = load_mapping(text, path=str(path))

    rows = cover(document, [compiled(dataset).compilation for dataset in contract.datasets])

    assert [row.clause for row in rows] == [clause for clause, _ in clauses(document)]
    assert len({row.clause for row in rows}) == len(rows)


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.name)
def test_every_check_stands_for_a_clause_that_is_in_the_file(path):
    text = path.read_text()
    known = {clause for clause, _ in clauses(load_mapping(text, path=str(path)))}

    for dataset in read_contract(text, path=str(path)).datasets:
        checks = compiled(dataset).suite.suite.checks

        assert {check.clause for check in checks} <= known
        assert len({check.rule_id for check in checks}) == len(checks)


def test_a_clause_that_cannot_run_is_listed_and_never_dropped():
    contract = contract_with([{"name": "a", "logicalType": "time", "logicalTypeOptions": {"timezone": True}}])

    refused = compiled(contract).compilation.not_executable

    assert [(r.clause, r.why) for r in refused] == [
        (
            "schema[0].properties[0].logicalTypeOptions.timezone",
            "Parquet cannot store a time of day with a time zone; use a timestamp",
        )
    ]


def test_a_pattern_that_re2_cannot_run_is_listed_with_the_reason():
    contract = contract_with([{"name": "a", "logicalType": "string", "logicalTypeOptions": {"pattern": "^(?!x)"}}])

    (refused,) = compiled(contract).compilation.not_executable

    assert "look-around" in refused.why


@pytest.mark.parametrize(("value", "treatment"), [("5min", Treatment.EXECUTED), ("soon", Treatment.NOT_EXECUTABLE)])
def test_a_response_time_is_executed_if_it_is_a_time_span(value: str, treatment: Treatment):
    text = minimal(slaProperties=[{"property": "timeToDetect", "value": value}])

    rows = cover(load_mapping(text, path="x"), [compiled(read(text)).compilation])

    assert [r.treatment for r in rows if r.clause == "slaProperties[0]"] == [treatment]


@pytest.mark.parametrize(
    ("operator", "bounds"),
    [
        ({"mustBe": 72}, (72, 72)),
        ({"mustBeGreaterThan": 10}, (11, None)),
        ({"mustBeGreaterOrEqualTo": 10}, (10, None)),
        ({"mustBeLessThan": 10}, (None, 9)),
        ({"mustBeLessOrEqualTo": 10}, (None, 10)),
        ({"mustBeBetween": [10, 20]}, (11, 19)),
        ({"mustBeGreaterThan": 9.5}, (10, None)),
        ({"mustBeLessThan": 9.5}, (None, 9)),
    ],
)
def test_row_count_operators_become_inclusive_bounds(operator, bounds):
    contract = contract_with([{"name": "a"}], quality=[{"id": "n", "metric": "rowCount", **operator}])

    check = check_of(contract, "n")

    assert check.expectation == RowCount(low=bounds[0], high=bounds[1])
    assert check.scope is Scope.PARTITION


@pytest.mark.parametrize(
    ("operator", "nulls", "rows", "holds"),
    [
        ({"mustBeLessOrEqualTo": 2.5}, 25, 1000, True),
        ({"mustBeLessOrEqualTo": 2.5}, 26, 1000, False),
        ({"mustBeLessThan": 2.5}, 25, 1000, False),
        ({"mustBeLessThan": 2.5}, 24, 1000, True),
        ({"mustBeLessOrEqualTo": 0.1}, 1, 1000, True),
        ({"mustBeLessOrEqualTo": 7}, 7, 100, True),
        ({"mustBeLessThan": 7}, 7, 100, False),
    ],
)
def test_a_null_budget_in_percent_is_exact_at_its_bound(operator, nulls, rows, holds):
    check = quality_check(metric="nullValues", unit="percent", **operator)

    assert isinstance(check.expectation, NotNull)
    assert ((rows - nulls) / rows >= check.expectation.mostly) is holds


def test_valid_values_become_a_set_and_warning_stays_a_warning():
    check = quality_check(metric="invalidValues", mustBe=0, severity="warning", arguments={"validValues": ["x", "y"]})

    assert check.expectation == InSet(column="a", values=("x", "y"))
    assert check.severity is Severity.WARNING


def test_a_compound_key_is_unique_as_a_tuple_in_the_key_order_and_not_null():
    contract = contract_with(
        [
            {"name": "a", "primaryKey": True, "primaryKeyPosition": 2},
            {"name": "b", "primaryKey": True, "primaryKeyPosition": 1},
        ]
    )

    assert check_of(contract, "primaryKey").expectation == UniqueTogether(columns=("b", "a"))
    assert check_of(contract, "a.primaryKey").expectation == NotNull(column="a")


def test_exclusive_bounds_stay_exclusive_in_the_suite_file():
    contract = contract_with([{"name": "a", "logicalType": "number", "logicalTypeOptions": {"exclusiveMinimum": 0}}])

    check = check_of(contract, "a.exclusiveMinimum")
    document = json.loads(compiled(contract).suite.document)

    assert check.expectation == InRange(column="a", low=0, low_is_exclusive=True)
    (written,) = [e for e in document["expectations"] if e["meta"]["rule_id"] == "a.exclusiveMinimum"]
    assert written["kwargs"] == {"column": "a", "min_value": 0, "strict_min": True}


def test_a_custom_great_expectations_rule_is_taken_as_it_is():
    check = quality_check(
        type="custom",
        engine="greatExpectations",
        implementation={"type": "expectColumnMeanToBeBetween", "kwargs": {"min_value": 1}},
    )

    assert check.expectation.kind == "core"
    assert (check.scope, json.loads(check.expectation.kwargs)) == (Scope.PARTITION, {"column": "a", "min_value": 1})


def test_the_suite_file_is_the_same_for_the_same_contract():
    first, second = (compiled(contract_with([{"name": "a"}])).suite.document for _ in range(2))

    assert first == second
