"""How fast an error budget is used up, and whether a person must act now: multi-window, multi-burn-rate alerts. Pure.

The rule is the one of the Google SRE workbook, chapter 5, "Alerting on SLOs" (6: Multiwindow, Multi-Burn-Rate Alerts).
The burn rate is the fraction of broken events divided by the fraction that the target allows; 1 uses up the budget
exactly in the window of the objective. An alert fires if both a long window (the budget is really being used) and a
short one (it still is) reach the rule's rate:

    severity   burn rate   long window   short window
    page            14.4           1 h          5 min
    page             6             6 h         30 min
    ticket           1             3 d            6 h

The workbook counts requests. Our events are partitions, and a dataset has few: with daily partitions an hour has none.
So three things are adapted (docs/adr/0033):

- Windows are counted in periods (days, hours) of expected partitions, never in hours of the clock. A window has as many
  periods as fit into the workbook's window, and at least 3 / 1, 6 / 1 and 12 / 3 (long / short). With partitions of a
  minute these are the workbook's windows; with daily ones the rules look at 3, 6 and 12 days.
- A page needs at least two broken partitions in its long window. One broken partition of three is 33 times the rate
  that a target of 99 % allows, but it is an event, not a rate: it opens a ticket.
- A rate that the target makes impossible is replaced by the highest possible rate (10 at a target of 90 %, where all
  partitions are broken), so that a complete failure pages at every target.

Partitions that could not be judged are in no window's rate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction

from partition_gate.core.record import Record
from partition_gate.judging.attainment import JudgedPartition, Target, attainment


class BurnSeverity(StrEnum):
    """What a burn rate asks for: a person now, a person in working hours, or nobody."""

    PAGE = "page"
    TICKET = "ticket"
    NONE = "none"


class BurnRate(Record):
    """The burn rate of the newest `periods`: broken / judged / (1 - target); infinite if the target allows none."""

    periods: int
    broken: int
    judged: int
    rate: float


class BurnAlert(Record):
    """The most severe rule that fires, else the ticket rule; `threshold` is its burn rate in both windows."""

    severity: BurnSeverity
    threshold: float
    long: BurnRate
    short: BurnRate
    target: Target

    @property
    def sentence(self) -> str:
        """The figures for people: `2 of 3 partitions of the last 3 periods broke it: 66.7x the allowed rate`."""
        if not self.long.judged:
            return "no partition was judged"
        broken = f"{self.long.broken:,} of {self.long.judged:,} partitions of the last {_periods(self.long)} broke it"
        if not self.long.broken:
            return broken
        rates = f"{_times(self.long)} the allowed rate, and {_times(self.short)} in the last {_periods(self.short)}"
        return f"{broken}: {rates} (target {self.target.words}; {self._level} at {self.threshold:g}x)"

    @property
    def _level(self) -> str:
        return BurnSeverity.TICKET.value if self.severity is BurnSeverity.NONE else self.severity.value


class _Rule(Record):
    severity: BurnSeverity
    rate: float
    long: timedelta
    short: timedelta
    fewest_periods: tuple[int, int]
    fewest_broken: int


_RULES = (
    _Rule(
        severity=BurnSeverity.PAGE,
        rate=14.4,
        long=timedelta(hours=1),
        short=timedelta(minutes=5),
        fewest_periods=(3, 1),
        fewest_broken=2,
    ),
    _Rule(
        severity=BurnSeverity.PAGE,
        rate=6,
        long=timedelta(hours=6),
        short=timedelta(minutes=30),
        fewest_periods=(6, 1),
        fewest_broken=2,
    ),
    _Rule(
        severity=BurnSeverity.TICKET,
        rate=1,
        long=timedelta(days=3),
        short=timedelta(hours=6),
        fewest_periods=(12, 3),
        fewest_broken=1,
    ),
)


def burn_alert(partitions: Sequence[JudgedPartition], target: Target, *, period: timedelta | None) -> BurnAlert:
    """The verdict of the rules on a promise's expected, due partitions, oldest first.

    `period` is the time between two partitions; None if their keys name no date, and then each counts as a period.
    """
    by_period = _by_period(partitions)
    *others, last = (_judged(rule, by_period, target, period) for rule in _RULES)
    return next((alert for alert in (*others, last) if alert.severity is not BurnSeverity.NONE), last)


def burn_rate(partitions: Sequence[JudgedPartition], target: Target, *, periods: int) -> BurnRate:
    """The burn rate of partitions that lie in so many periods; 0 if none of them was judged."""
    counted = attainment(partitions, target)
    allowed = 1 - target.exact
    if not counted.broken:
        rate = 0.0
    else:
        rate = float(Fraction(counted.broken, counted.judged) / allowed) if allowed else math.inf
    return BurnRate(periods=periods, broken=counted.broken, judged=counted.judged, rate=rate)


def _judged(
    rule: _Rule, by_period: Sequence[Sequence[JudgedPartition]], target: Target, period: timedelta | None
) -> BurnAlert:
    windows = zip((rule.long, rule.short), rule.fewest_periods, strict=True)
    sizes = [max(fewest, round(window / period) if period else 0) for window, fewest in windows]
    long, short = (burn_rate(_newest(by_period, size), target, periods=min(size, len(by_period))) for size in sizes)
    allowed = 1 - target.exact
    threshold = min(rule.rate, float(1 / allowed)) if allowed else rule.rate
    fires = long.broken >= rule.fewest_broken and min(long.rate, short.rate) >= threshold
    severity = rule.severity if fires else BurnSeverity.NONE
    return BurnAlert(severity=severity, threshold=threshold, long=long, short=short, target=target)


def _by_period(partitions: Sequence[JudgedPartition]) -> list[list[JudgedPartition]]:
    """The partitions of each period, oldest first; partitions of one period differ in a part that is not a time."""
    periods: dict[object, list[JudgedPartition]] = {}
    for partition in partitions:
        periods.setdefault(partition.ended_at or partition.partition_key, []).append(partition)
    return list(periods.values())


def _newest(by_period: Sequence[Sequence[JudgedPartition]], count: int) -> list[JudgedPartition]:
    return [partition for period in by_period[-count:] for partition in period]


def _periods(burn: BurnRate) -> str:
    return "period" if burn.periods == 1 else f"{burn.periods:,} periods"


def _times(burn: BurnRate) -> str:
    return "more than any multiple of" if math.isinf(burn.rate) else f"{burn.rate:,.1f}x"
