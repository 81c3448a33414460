"""Rolling windows: one metric over the partitions around the one that is judged."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.test_odcs import minimal, read

from partition_gate.checks.compiling.compiled import CompiledDataset, compiled
from partition_gate.contract.calendar import is_expected, window_keys
from partition_gate.core.errors import ContractError
from partition_gate.core.partition_key import NULL
from partition_gate.core.severity import Scope
from partition_gate.judging.attempt import Counts, PublishedPartition
from partition_gate.judging.promises import keys_under_promise, verdict_over_time
from partition_gate.judging.sla_context import SlaContext
from partition_gate.judging.validation import Errored, Evaluated, Unknown, Validation
from partition_gate.judging.verdict import CheckOutcome, CheckResult
from partition_gate.testing.builders import NOON, a_partition

WEEK = timedelta(days=7)
AN_EIGHTH = 12.5
NEW_YORK = {"property": "timezone", "value": "America/New_York"}
HOURLY = [{"server": "x", "type": "local", "path": "/d/dt=*/hour=*/*.parquet", "format": "parquet"}]
# How many of the 8 rows of the window's two partitions may be so: operator -> the counts that hold.
OPERATORS = [
    ({"mustBe": 2}, {2}),
    ({"mustNotBe": 2}, {1, 3, 4}),
    ({"mustBeGreaterThan": 2}, {3, 4}),
    ({"mustBeGreaterOrEqualTo": 2}, {2, 3, 4}),
    ({"mustBeLessThan": 3}, {1, 2}),
    ({"mustBeLessOrEqualTo": 2}, {1, 2}),
    ({"mustBeBetween": [2, 4]}, {3}),
    ({"mustNotBeBetween": [2, 4]}, {1, 2, 4}),
]


def a_contract(*, custom: list[dict[str, Any]] | None = None, window: Any = "7d", **rule: Any) -> CompiledDataset:
    operator = {} if any(name.startswith("must") for name in rule) else {"mustBe": 0}
    quality = {"id": "nulls", **({} if "type" in rule else {"metric": "nullValues"}), **operator, **rule}
    quality.setdefault("customProperties", [{"property": "window", "value": window}])
    columns = [{"name": "dt", "logicalType": "date", "partitioned": True}]
    where = {"quality": [quality]}
    is_whole = quality.get("metric") == "rowCount"
    schema = {"name": "orders", "properties": [*columns, {"name": "v", **({} if is_whole else where)}]}
    document = minimal(schema=[{**schema, **(where if is_whole else {})}], customProperties=custom or [])
    return compiled(read(document))


def counted(unexpected: int | None, rows: int = 4) -> Evaluated:
    return Evaluated(rule_id="nulls", success=True, observed="here", element_count=rows, unexpected_count=unexpected)


def earlier(key: str, unexpected: int | None, rows: int = 4, *, rule: str = "nulls") -> PublishedPartition:
    counts = Counts(rule_id=rule, element_count=rows, unexpected_count=unexpected)
    return PublishedPartition(partition_key=key, counts=(counts,))


def judged(contract: CompiledDataset, own: Any, *published: PublishedPartition, key: str = "2026-11-08") -> CheckResult:
    context = SlaContext(dataset=contract.dataset, partition=a_partition(key=key), now=NOON, published=tuple(published))
    validation = Validation(row_count=4, observations=(own,), predicates=(), document={"results": []})
    verdict = verdict_over_time(contract.suite.suite, validation, context)
    return next(result for result in verdict.results if result.rule_id == "nulls")


def kept(result: CheckResult) -> bool:
    return result.outcome is CheckOutcome.PASSED


def in_eighths(operator: dict[str, Any]) -> dict[str, Any]:
    ((name, bound),) = operator.items()
    return {name: [one * AN_EIGHTH for one in bound] if isinstance(bound, list) else bound * AN_EIGHTH}


@pytest.mark.parametrize("unit", ["rows", "percent"])
@pytest.mark.parametrize(("operator", "counts"), OPERATORS)
def test_a_sum_over_two_partitions_keeps_each_operators_bound_exactly(
    operator: dict[str, Any], counts: set[int], unit: str
) -> None:
    contract = a_contract(**(operator if unit == "rows" else in_eighths(operator)), unit=unit)

    holding = {n for n in (1, 2, 3, 4) if kept(judged(contract, counted(n - 1), earlier("2026-11-02", 1)))}

    assert holding == counts


@pytest.mark.parametrize(("operator", "counts"), OPERATORS)
def test_the_rows_of_two_partitions_keep_each_operators_bound(operator: dict[str, Any], counts: set[int]) -> None:
    contract = a_contract(metric="rowCount", **operator)

    before = earlier("2026-11-02", None, 1)
    holding = {n for n in (1, 2, 3, 4) if kept(judged(contract, counted(None, n - 1), before))}

    assert holding == counts


def test_a_share_is_of_the_rows_of_all_partitions_and_not_a_mean_of_shares() -> None:
    contract = a_contract(mustBeLessOrEqualTo=10, unit="percent")

    found = judged(contract, counted(5, 10), earlier("2026-11-07", 5, 90))

    assert (kept(found), found.observed) == (True, "10 of 100 rows (10.00%) in 2 of 7 partitions")


def test_a_first_partition_is_judged_alone_and_says_so() -> None:
    found = judged(a_contract(), counted(0))

    assert (kept(found), found.observed) == (True, "0 of 4 rows (0%) in 1 of 7 partitions")


def test_an_earlier_judgement_of_the_same_partition_is_replaced() -> None:
    found = judged(a_contract(), counted(0), earlier("2026-11-08", 3))

    assert (kept(found), found.observed) == (True, "0 of 4 rows (0%) in 1 of 7 partitions")


def test_what_lies_outside_of_the_window_or_was_counted_by_another_rule_is_left_out() -> None:
    others = (earlier("2026-11-01", 3), earlier("2026-11-09", 3), earlier("2026-11-07", 3, rule="another"))

    assert kept(judged(a_contract(), counted(0), *others))


def test_the_counters_of_a_partition_stay_its_own() -> None:
    found = judged(a_contract(), counted(1), earlier("2026-11-07", 3))

    assert (found.element_count, found.unexpected_count) == (4, 1)


def test_partitions_before_the_start_date_are_not_expected_in_the_window() -> None:
    contract = a_contract(custom=[{"property": "startDate", "value": "2026-11-06"}])

    assert judged(contract, counted(0)).observed == "0 of 4 rows (0%) in 1 of 3 partitions"


@pytest.mark.parametrize("seen", [Unknown(rule_id="nulls", why="no column"), Errored(rule_id="nulls", why="a fault")])
def test_what_could_not_be_counted_stays_so(seen: Any) -> None:
    found = judged(a_contract(), seen)

    assert (found.outcome.value, found.observed) == (type(seen).__name__.lower(), seen.why)


def test_a_window_around_a_key_without_a_date_is_unknown() -> None:
    assert judged(a_contract(), counted(0), key=NULL).outcome is CheckOutcome.UNKNOWN


def test_a_rule_with_a_window_only_counts_and_is_of_scope_sla() -> None:
    contract = a_contract(mustBeLessOrEqualTo=2.5, unit="percent")
    (check,) = [check for check in contract.suite.suite.checks if check.rule_id == "nulls"]
    (expectation,) = [e for e in json.loads(contract.suite.document)["expectations"] if e["meta"]["rule_id"] == "nulls"]

    assert (check.scope, check.expected) == (Scope.SLA, "at most 2.5 % null, over 7 days")
    assert expectation["kwargs"] == {"column": "v", "missing_values": [None], "unit": "rows"}
    assert expectation["meta"]["promise"]["span"] == "P7D"


def test_what_can_not_be_added_up_is_not_executable_and_says_why() -> None:
    (refused,) = a_contract(metric="duplicateValues").compilation.not_executable

    assert "cannot be summed" in refused.why


@pytest.mark.parametrize("window", ["7x", 0, "0d", -7, "-7d", None, [], "7", "367d", "9999999d"])
def test_a_window_that_is_none_is_an_error_that_names_its_place(window: Any) -> None:
    place = r"schema\[0\]\.properties\[1\]\.quality\[0\]\.customProperties\[0\]\.value: "
    with pytest.raises(ContractError, match=place):
        a_contract(window=window)


def test_a_second_window_of_a_rule_is_refused() -> None:
    with pytest.raises(ContractError, match=r"customProperties\[1\]: window is a duplicate"):
        a_contract(customProperties=[{"property": "window", "value": f"{days}d"} for days in (7, 8)])


def test_a_query_has_no_window() -> None:
    with pytest.raises(ContractError, match="only a library metric can have a window"):
        a_contract(type="sql", query="SELECT 1")


def test_a_window_ends_with_its_partition_and_has_as_many_days_as_it_says() -> None:
    keys = window_keys(a_contract(custom=[NEW_YORK]).dataset, "2026-11-03", WEEK)  # clocks change on the 1st

    assert (len(keys), keys[0], keys[-1]) == (7, "2026-10-28", "2026-11-03")


def test_a_window_of_hours_leaves_out_the_hour_that_no_clock_shows() -> None:
    contract = read(minimal(servers=HOURLY, customProperties=[NEW_YORK]))

    spring = window_keys(contract, "2026-03-08/04", timedelta(hours=4))
    autumn = window_keys(contract, "2026-11-01/03", timedelta(hours=4))

    assert spring == ("2026-03-08/01", "2026-03-08/03", "2026-03-08/04")
    assert autumn == ("2026-11-01/00", "2026-11-01/01", "2026-11-01/02", "2026-11-01/03")


@pytest.mark.parametrize(
    ("segments", "key", "before"),
    [
        ("dt=*", "20260301", "20260228"),
        ("year=*/month=*/day=*", "2026/03/01", "2026/02/28"),
        ("region=*/dt=*", "west/2026-03-01", "west/2026-02-28"),
    ],
)
def test_keys_of_a_window_are_written_as_the_partitions_own(segments: str, key: str, before: str) -> None:
    servers = [{"server": "x", "type": "local", "path": f"/d/{segments}/*.parquet", "format": "parquet"}]

    assert window_keys(read(minimal(servers=servers)), key, timedelta(days=2)) == (before, key)


def test_a_window_is_never_shorter_than_its_partition_nor_longer_than_time() -> None:
    contract = read(minimal())

    assert window_keys(contract, "2026-03-01", timedelta(hours=1)) == ("2026-03-01",)
    assert window_keys(contract, "0001-01-03", WEEK) == ("0001-01-02", "0001-01-03")


def test_a_partition_is_expected_from_its_start_date_until_its_end_of_life() -> None:
    end = [{"property": "endOfLife", "value": "2026-02-01"}]
    start = [{"property": "startDate", "value": "2026-01-01"}]
    contract = read(minimal(slaProperties=end, customProperties=start))

    days = ["2025-12-31", "2026-01-01", "2026-01-31", "2026-02-01"]
    assert [is_expected(contract, day) for day in days] == [False, True, True, False]


def test_only_the_widest_windows_partitions_are_looked_at() -> None:
    contract = a_contract()

    assert len(keys_under_promise(contract.suite.suite, contract.dataset, "2026-11-08")) == 7
    assert keys_under_promise(compiled(read(minimal())).suite.suite, contract.dataset, "2026-11-08") == ()
