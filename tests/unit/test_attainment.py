"""Attainment, error budgets and burn rates over partitions: exact, and silent unless a budget really burns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partition_gate.judging.attainment import JudgedPartition, Target, attainment, worst
from partition_gate.judging.burn_rate import BurnAlert, BurnSeverity, burn_alert, burn_rate
from partition_gate.judging.measurement import Amount, Figures, Measurement, State
from partition_gate.testing.builders import NOON

STATES = {"k": State.KEPT, "b": State.BROKEN, "u": State.NOT_JUDGED}
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
HISTORIES = st.text("kbu", max_size=60)


def partitions(history: str, *, step: timedelta = DAY, series: int = 1) -> list[JudgedPartition]:
    """One partition per letter, oldest first: kept, broken or unknown; `series` of them in each period."""
    return [
        JudgedPartition(
            partition_key=f"{number:04}",
            ended_at=NOON + number // series * step,
            measurement=Measurement(rule_id="latency", state=STATES[letter], sentence=""),
        )
        for number, letter in enumerate(history)
    ]


def a_partition(key: str, figures: Figures | None, state: State = State.BROKEN) -> JudgedPartition:
    measurement = Measurement(rule_id="latency", state=state, sentence="", figures=figures)
    return JudgedPartition(partition_key=key, ended_at=NOON, measurement=measurement)


def target(fraction: float) -> Target:
    return Target(fraction=fraction, is_default=False)


def alert(history: str, *, of: float = 0.99, step: timedelta = DAY, series: int = 1) -> BurnAlert:
    return burn_alert(partitions(history, step=step, series=series), target(of), period=step)


def severity(history: str, *, of: float = 0.99, step: timedelta = DAY, series: int = 1) -> str:
    return alert(history, of=of, step=step, series=series).severity.value


# Attainment and budget


def test_attainment_is_the_share_of_the_judged_partitions_that_kept_the_promise() -> None:
    found = attainment(partitions("k" * 97 + "bbb" + "uu"), target(0.98))

    assert (found.kept, found.broken, found.unknown, found.judged) == (97, 3, 2, 100)
    assert (found.fraction, found.is_met) == (0.97, False)
    assert (found.budget.allowed, found.budget.used, found.budget.left) == (2, 3, -1)


def test_without_a_judged_partition_there_is_no_attainment_and_no_missed_target() -> None:
    found = attainment(partitions("uu"), target(0.99))

    assert (found.fraction, found.is_met, found.budget.allowed) == (None, True, 0)


@pytest.mark.parametrize(("fraction", "count", "allowed"), [(0.9, 10, 1), (0.7, 10, 3), (0.999, 1000, 1), (1, 50, 0)])
def test_a_budget_is_counted_exactly(fraction: float, count: int, allowed: int) -> None:
    assert attainment(partitions("k" * count), target(fraction)).budget.allowed == allowed


@given(HISTORIES, st.integers(0, 1000))
def test_a_target_is_met_exactly_while_the_budget_lasts(history: str, thousandths: int) -> None:
    found = attainment(partitions(history), target(thousandths / 1000))

    assert found.is_met == (found.budget.left >= 0)
    assert found.kept + found.broken + found.unknown == len(history)


def test_the_default_target_says_that_it_is_one() -> None:
    assert (Target().fraction, Target().is_default) == (0.99, True)


def test_the_worst_partition_is_one_that_never_came_then_the_one_with_the_smallest_margin() -> None:
    late, early = (Amount(unit="seconds", at_most=10, observed=observed) for observed in (30, 5))
    never = Amount(unit="seconds", at_most=10)
    found = [a_partition("late", late), a_partition("early", early, State.KEPT), a_partition("old", None)]

    assert (worst(found) or found[1]).partition_key == "late"
    assert (worst([*found, a_partition("never", never)]) or found[1]).partition_key == "never"
    assert worst([a_partition("old", None)]) is None


# Burn rates


def test_a_burn_rate_of_one_uses_the_budget_exactly() -> None:
    found = burn_rate(partitions("k" * 99 + "b"), target(0.99), periods=100)

    assert (found.rate, found.broken, found.judged, found.periods) == (1.0, 1, 100, 100)


def test_a_target_of_a_hundred_percent_allows_no_rate() -> None:
    assert math.isinf(burn_rate(partitions("kb"), target(1), periods=2).rate)
    assert burn_rate(partitions("kk"), target(1), periods=2).rate == 0


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ("k" * 90, "none"),
        ("k" * 89 + "b", "ticket"),  # one broken partition is an event, not a rate
        ("k" * 87 + "bkb", "page"),
        ("k" * 88 + "bb", "page"),
        ("k" * 86 + "bbkk", "ticket"),  # it has stopped: the newest period is kept
        ("k" * 85 + "bbkkk", "none"),
        ("k" * 85 + "bkkkb", "page"),  # the second rule: two of six
        ("k" * 84 + "bkkkkkb", "ticket"),
        ("k" * 70 + "b" * 10 + "k" * 10, "none"),
        ("b", "ticket"),
        ("bb", "page"),
        ("u" * 90, "none"),
        ("", "none"),
    ],
)
def test_daily_partitions_page_for_two_broken_days_and_open_a_ticket_for_one(history: str, expected: str) -> None:
    assert severity(history) == expected


@pytest.mark.parametrize(("of", "expected"), [(0.9, "page"), (0.5, "page"), (1, "page")])
def test_a_complete_failure_pages_at_every_target(of: float, expected: str) -> None:
    assert severity("k" * 20 + "b" * 6, of=of) == expected


def test_a_low_target_takes_more_broken_partitions_to_page() -> None:
    assert [severity("k" * 20 + end, of=0.9) for end in ("kkkkbb", "kkbbbb")] == ["ticket", "page"]


def test_windows_of_frequent_partitions_are_those_of_the_workbook() -> None:
    steady = "k" * 4320
    found = alert(steady, step=MINUTE)

    assert (found.threshold, found.long.periods, found.short.periods) == (1, 4320, 360)
    assert severity(steady + "k" * 50 + "b" * 10, step=MINUTE) == "page"
    assert severity(steady + "k" * 55 + "b" * 5, step=MINUTE) == "none"


def test_hours_are_counted_in_windows_of_at_least_three_of_them() -> None:
    found = alert("k" * 100 + "bb", step=HOUR)

    assert (found.severity, found.long.periods, found.short.periods) == (BurnSeverity.PAGE, 3, 1)


def test_the_partitions_of_one_period_count_together() -> None:
    assert severity("kkkk" * 30 + "kkbk" * 2, series=4) == "page"
    assert alert("kkkk" * 30 + "kkbk" * 2, series=4).long.judged == 12


def test_the_figures_are_in_the_sentence() -> None:
    assert alert("k" * 88 + "bb").sentence == (
        "2 of 3 partitions of the last 3 periods broke it: 66.7x the allowed rate, and 100.0x in the last "
        "period (target 99%; page at 14.4x)"
    )
    assert alert("kkk").sentence == "0 of 3 partitions of the last 3 periods broke it"
    assert alert("u").sentence == "no partition was judged"


def ranks(history: str) -> int:
    return list(BurnSeverity)[::-1].index(alert(history).severity)


@given(HISTORIES, st.data())
def test_another_broken_partition_never_lowers_the_severity(history: str, data: st.DataObject) -> None:
    kept = [index for index, letter in enumerate(history) if letter == "k"]
    if kept:
        index = data.draw(st.sampled_from(kept))
        assert ranks(history[:index] + "b" + history[index + 1 :]) >= ranks(history)


@given(st.text("ku", max_size=60))
def test_nothing_burns_while_nothing_is_broken(history: str) -> None:
    found = alert(history)

    assert (found.severity, found.long.rate, found.short.rate) == (BurnSeverity.NONE, 0, 0)


@given(HISTORIES)
def test_an_alert_ends_once_three_periods_keep_the_promise(history: str) -> None:
    assert alert(history + "kkk").severity is BurnSeverity.NONE


def test_keys_without_a_date_count_as_one_period_each() -> None:
    undated: Sequence[JudgedPartition] = [each.model_copy(update={"ended_at": None}) for each in partitions("kkbb")]

    assert burn_alert(undated, Target(), period=None).long.periods == 3
