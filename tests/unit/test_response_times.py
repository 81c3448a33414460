"""timeToDetect, timeToNotify and timeToRepair from the moments of an incident."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partition_gate.judging.measurement import State
from partition_gate.judging.response_times import (
    RESPONSE_TIMES,
    IncidentMoments,
    response_measurement,
    time_to_detect,
    time_to_notify,
    time_to_repair,
)
from partition_gate.testing.builders import NOON

MINUTE = timedelta(minutes=1)
DETECTED, NOTIFIED, RESOLVED = NOON + 5 * MINUTE, NOON + 7 * MINUTE, NOON + 65 * MINUTE
OPEN = IncidentMoments(began_at=NOON, opened_at=DETECTED)
OVER = OPEN.model_copy(update={"notified_at": NOTIFIED, "resolved_at": RESOLVED})


def test_detection_counts_from_the_beginning_and_the_rest_from_detection() -> None:
    assert (time_to_detect(OVER), time_to_notify(OVER), time_to_repair(OVER)) == (5 * MINUTE, 2 * MINUTE, 60 * MINUTE)


def test_what_has_not_happened_has_no_time() -> None:
    assert (time_to_notify(OPEN), time_to_repair(OPEN)) == (None, None)


def test_what_is_noticed_before_it_is_due_took_no_time() -> None:
    assert time_to_detect(IncidentMoments(began_at=NOON + MINUTE, opened_at=NOON)) == timedelta(0)


@pytest.mark.parametrize(
    ("rule", "minutes", "state", "margin"),
    [
        ("timeToDetect", 5, State.KEPT, 0),
        ("timeToDetect", 4, State.BROKEN, -60),
        ("timeToNotify", 3, State.KEPT, 60),
        ("timeToRepair", 59, State.BROKEN, -60),
    ],
)
def test_a_response_is_measured_in_seconds(rule: str, minutes: int, state: State, margin: float) -> None:
    found = response_measurement(rule, OVER, within=minutes * MINUTE, now=RESOLVED)

    assert (found.rule_id, found.state, found.margin) == (rule, state, margin)


def test_an_open_incident_is_not_judged_until_the_time_has_passed() -> None:
    waiting, late = (
        response_measurement("timeToRepair", OPEN, within=60 * MINUTE, now=DETECTED + span)
        for span in (60 * MINUTE, 61 * MINUTE)
    )

    assert (waiting.state, waiting.sentence) == (State.NOT_JUDGED, "open for 1 h 0 min; promised within 1 hour")
    assert (late.state, late.sentence) == (State.BROKEN, "not done after 1 h 1 min; promised within 1 hour")


@given(st.lists(st.integers(-100, 100), min_size=4, max_size=4))
def test_no_response_time_is_negative(minutes: list[int]) -> None:
    began, opened, notified, resolved = (NOON + number * MINUTE for number in minutes)
    incident = IncidentMoments(began_at=began, opened_at=opened, notified_at=notified, resolved_at=resolved)

    assert all((measure(incident) or timedelta(0)) >= timedelta(0) for measure in RESPONSE_TIMES.values())
