"""Promised, observed, margin: each promise over time in figures, with a margin that says by how much it was kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.test_odcs import minimal, read
from tests.unit.test_service_levels import BERLIN, ENDS, HOUR, KEY, LATENCY, SECOND, a_contract

from partition_gate.checks.compiling.compiled import CompiledDataset, compiled
from partition_gate.checks.counts import Bounds
from partition_gate.core.partition import DataFile, Partition
from partition_gate.core.partition_key import NULL
from partition_gate.judging.absent_partition import measured_as_missing, measured_as_unrecorded, unpublished_since
from partition_gate.judging.attempt import PublishedPartition
from partition_gate.judging.measurement import Amount, Measurement, Moment, State, amount_within
from partition_gate.judging.promises import verdict_over_time
from partition_gate.judging.sla_context import SlaContext
from partition_gate.judging.validation import Evaluated, Validation

READY_BY = {"property": "timeOfAvailability", "value": "07:30"}
FRESH = {"property": "freshness", "value": "PT26H", "element": "at"}
AVAILABLE = {"property": "availability", "value": 75, "unit": "percent", "valueExt": "4d"}
SINCE = {"property": "startDate", "value": "2026-11-01"}
WINDOW = {"customProperties": [{"property": "window", "value": "7d"}]}


def measured(
    contract: CompiledDataset,
    *,
    landed: datetime = ENDS,
    now: datetime = ENDS + HOUR,
    seen: datetime | None = None,
    rows: int | None = None,
    broken: int | None = None,
    **known: Any,
) -> dict[str, Measurement]:
    """Every promise of a partition of 1,000 bytes, by rule id."""
    file = DataFile(path="/p", etag="1", size_bytes=1000, modified_at=landed)
    partition = Partition(dataset="orders", key=KEY, files=(file,))
    observations = tuple(
        Evaluated(
            rule_id=check.rule_id,
            success=True,
            observed=None,
            moment=seen,
            element_count=rows,
            unexpected_count=broken,
        )
        for check in contract.suite.suite.checks
    )
    validation = Validation(row_count=rows, observations=observations, predicates=(), document={"results": []})
    context = SlaContext(dataset=contract.dataset, partition=partition, now=now, **known)
    verdict = verdict_over_time(contract.suite.suite, validation, context)
    return {measurement.rule_id: measurement for measurement in verdict.measurements}


def the(rule: str, contract: CompiledDataset, **facts: Any) -> Measurement:
    return measured(contract, **facts)[rule]


def seconds(span: timedelta) -> float:
    return span.total_seconds()


def a_window(**quality: Any) -> CompiledDataset:
    columns = [{"name": "dt", "logicalType": "date", "partitioned": True}]
    rule = {"id": "nulls", "metric": "nullValues", **quality, **WINDOW}
    return compiled(read(minimal(schema=[{"name": "o", "properties": [*columns, {"name": "v", "quality": [rule]}]}])))


def test_a_latency_is_measured_in_seconds_after_the_end_of_the_period() -> None:
    kept, broken = (the("latency", a_contract(LATENCY), landed=ENDS + span) for span in (HOUR, 5 * HOUR))

    assert kept.figures == Amount(unit="seconds", at_most=4 * 3600, observed=3600)
    assert (kept.state, kept.margin) == (State.KEPT, 3 * 3600)
    assert (broken.state, broken.margin) == (State.BROKEN, -3600)
    assert broken.sentence == "landed 2026-11-09 05:00 UTC, 1 h 0 min late; due 2026-11-09 04:00 UTC"


@pytest.mark.parametrize(("hours", "state"), [(4, State.KEPT), (4.5, State.BROKEN)])
def test_a_latency_counts_real_hours_where_the_clocks_change(hours: float, state: State) -> None:
    contract = a_contract(LATENCY, custom=(BERLIN,))
    ended = datetime(2026, 10, 24, 22, tzinfo=UTC)  # three hours before the clocks go back
    file = DataFile(path="/p", etag="1", size_bytes=1, modified_at=ended + hours * HOUR)
    partition = Partition(dataset="orders", key="2026-10-24", files=(file,))
    seen = tuple(Evaluated(rule_id=each.rule_id, success=True, observed=None) for each in contract.suite.suite.checks)
    validation = Validation(row_count=1, observations=seen, predicates=(), document={"results": []})
    context = SlaContext(dataset=contract.dataset, partition=partition, now=ended + 5 * HOUR)

    (found,) = verdict_over_time(contract.suite.suite, validation, context).measurements

    assert (found.state, found.margin) == (state, (4 - hours) * 3600)


def test_a_time_of_availability_is_a_moment_in_the_contracts_time_zone() -> None:
    contract, due_at = a_contract(READY_BY, custom=(BERLIN,)), ENDS + timedelta(hours=6, minutes=30)

    late = the("timeOfAvailability", contract, now=due_at + SECOND)

    assert late.figures == Moment(promised=due_at, observed=due_at + SECOND)
    assert (late.state, late.margin) == (State.BROKEN, -1)


def test_what_is_not_published_has_no_margin_and_is_open_until_it_is_due() -> None:
    contract, due_at = a_contract(READY_BY), ENDS + timedelta(hours=7, minutes=30)

    before, after = (
        the("timeOfAvailability", contract, now=now, is_published=False) for now in (due_at, due_at + SECOND)
    )

    assert (before.state, before.figures, before.margin) == (State.NOT_JUDGED, Moment(promised=due_at), None)
    assert (after.state, after.figures) == (State.BROKEN, Moment(promised=due_at))
    assert unpublished_since(before, now=due_at).state is State.NOT_JUDGED
    assert unpublished_since(before, now=due_at + SECOND).state is State.BROKEN


@pytest.mark.parametrize(
    ("level", "rule", "room"),
    [
        (FRESH, "freshness.at", timedelta(hours=25)),
        ({**LATENCY, "element": "at"}, "latency.at", timedelta(hours=4)),
        ({"property": "retention", "value": 2, "unit": "d", "element": "at"}, "retention.at", timedelta(hours=47)),
        ({"property": "retention", "value": 2, "unit": "d"}, "retention", timedelta(hours=47)),
    ],
)
def test_ages_and_lags_are_measured_in_seconds(level: dict[str, Any], rule: str, room: timedelta) -> None:
    found = the(rule, a_contract(level), seen=ENDS, landed=ENDS, now=ENDS + HOUR)

    assert (found.state, found.margin) == (State.KEPT, seconds(room))


def test_a_share_of_partitions_is_a_fraction() -> None:
    in_time = tuple(PublishedPartition(partition_key=f"2026-11-0{day}", kept=("latency",)) for day in (5, 6))

    found = the("availability", a_contract(LATENCY, AVAILABLE, custom=(SINCE,)), published=in_time)

    assert found.figures == Amount(unit="fraction", at_least=0.75, observed=0.75)
    assert (found.state, found.margin) == (State.KEPT, 0)


def test_a_volume_is_measured_from_the_nearest_bound() -> None:
    level = {"property": "throughput", "value": 1000, "valueExt": 2000, "unit": "rows"}

    margins = [the("throughput", a_contract(level), rows=rows).margin for rows in (900, 1100, 1900, 2050)]
    of_bytes = the("throughput", a_contract({**level, "value": 1, "valueExt": None, "unit": "KB"})).figures

    assert margins == [-100, 100, 100, -50]
    assert of_bytes == Amount(unit="bytes", at_least=1000, observed=1000)


def test_a_window_is_measured_as_a_fraction_or_in_rows() -> None:
    percent = the("nulls", a_window(mustBeLessOrEqualTo=2.5, unit="percent"), rows=100, broken=4)
    rows = the("nulls", a_window(mustBeLessThan=4), rows=100, broken=4)

    assert percent.figures == Amount(unit="fraction", at_most=0.025, observed=0.04)
    assert percent.state is State.BROKEN
    assert percent.margin == pytest.approx(-0.015)
    assert (rows.state, rows.margin) == (State.BROKEN, 0)


def test_what_cannot_be_judged_says_why_and_has_no_figures() -> None:
    found = the("freshness.at", a_contract(FRESH), seen=None)

    assert (found.state, found.sentence, found.figures) == (State.NOT_JUDGED, "no row has a value in at", None)


@given(low=st.integers(-50, 50), width=st.integers(0, 50), number=st.integers(-200, 200), outside=st.booleans())
def test_a_margin_is_negative_exactly_where_bounds_are_broken_and_zero_only_at_a_bound(
    low: int, width: int, number: int, *, outside: bool
) -> None:
    bounds = Bounds(low=low, high=low + width, negated=outside)

    margin = amount_within(bounds, Fraction(number), "rows").margin

    assert margin is not None
    assert (margin == 0) == (number in {low, low + width})
    assert margin == 0 or (margin > 0) == bounds.allow(Fraction(number))


# Later versions of a partition


VISIBLE = (PublishedPartition(partition_key=KEY, broken=("latency",)),)


@pytest.mark.parametrize(("state", "late"), [(State.BROKEN, -3600.0), (State.KEPT, 3600.0)])
def test_a_later_version_takes_over_how_the_first_one_arrived(state: State, late: float) -> None:
    first = Measurement(
        rule_id="latency",
        state=state,
        sentence="first",
        figures=Amount(unit="seconds", at_most=4 * 3600, observed=4 * 3600 - late),
    )

    found = the("latency", a_contract(LATENCY), landed=ENDS + 50 * HOUR, published=VISIBLE, measured_before=(first,))

    assert found == first


def test_a_later_version_is_measured_by_its_own_rows() -> None:
    contract = a_contract({"property": "throughput", "value": 100, "unit": "rows"})
    first = Measurement(rule_id="throughput", state=State.BROKEN, sentence="90 rows")

    assert the("throughput", contract, rows=100, published=VISIBLE, measured_before=(first,)).state is State.KEPT


def test_a_promise_made_after_the_first_publication_does_not_apply_to_a_correction() -> None:
    assert measured(a_contract(LATENCY), published=VISIBLE, measured_before=()) == {}


def test_a_promise_that_could_not_be_judged_at_first_is_judged_with_the_correction() -> None:
    first = Measurement(rule_id="freshness.at", state=State.NOT_JUDGED, sentence="no row has a value in at")

    found = the("freshness.at", a_contract(FRESH), seen=ENDS, published=VISIBLE, measured_before=(first,))

    assert found.state is State.KEPT


def test_after_the_end_of_life_nothing_is_measured_about_time() -> None:
    contract = a_contract(LATENCY, READY_BY, {"property": "endOfLife", "value": "2026-11-09"})

    assert measured(contract) == {}
    assert measured_as_missing(contract.suite.suite, contract.dataset, KEY, now=ENDS + HOUR) == ()


# Partitions that were never judged


def test_a_missing_partition_breaks_its_promises_about_arrival_and_no_others() -> None:
    levels = ({**LATENCY, "element": "at"}, READY_BY, FRESH, {"property": "throughput", "value": 1, "unit": "rows"})
    contract = a_contract(*levels)

    found = measured_as_missing(contract.suite.suite, contract.dataset, KEY, now=ENDS + 8 * HOUR)

    states = {each.rule_id: each.state for each in found}
    arrival = ("latency", "latency.at", "timeOfAvailability", "freshness.at")
    assert states == {**dict.fromkeys(arrival, State.BROKEN), "throughput": State.NOT_JUDGED}
    assert {each.margin for each in found} == {None}


def test_a_missing_partition_may_still_be_published_on_time() -> None:
    contract = a_contract(LATENCY, READY_BY)

    found = measured_as_missing(contract.suite.suite, contract.dataset, KEY, now=ENDS + 5 * HOUR)

    assert [each.state for each in found] == [State.BROKEN, State.NOT_JUDGED]


def test_nothing_recorded_breaks_only_what_needed_a_publication() -> None:
    contract = a_contract(LATENCY, READY_BY, FRESH)

    found = measured_as_unrecorded(contract.suite.suite, contract.dataset, KEY, now=ENDS + 8 * HOUR)

    assert [each.state for each in found] == [State.NOT_JUDGED, State.BROKEN, State.NOT_JUDGED]
    assert found[0].sentence == "nothing is recorded for the partition"


def test_a_missing_partition_without_a_date_has_no_due_time() -> None:
    contract = a_contract(READY_BY)

    (found,) = measured_as_missing(contract.suite.suite, contract.dataset, NULL, now=ENDS)

    assert (found.state, found.figures) == (State.NOT_JUDGED, None)
