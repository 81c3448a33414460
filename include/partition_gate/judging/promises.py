"""Judges promises over time: a partition's measurements in the context of other partitions and the clock. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from partition_gate.checks.counts import Bounds
from partition_gate.checks.expectations import Check, Suite
from partition_gate.checks.promises import (
    ArrivedWithin,
    Attained,
    FreshWithin,
    OverWindow,
    Promise,
    PublishedBy,
    TrailsWithin,
    Volume,
)
from partition_gate.contract.calendar import is_expected, local_day, period, window_keys
from partition_gate.contract.model import Dataset
from partition_gate.core.display import counted, share
from partition_gate.core.severity import Severity
from partition_gate.judging import service_levels as level
from partition_gate.judging.attempt import Counts
from partition_gate.judging.measurement import Amount, Measurement, State, amount_within
from partition_gate.judging.sla_context import SlaContext
from partition_gate.judging.validation import Errored, Evaluated, NotJudged, Observation, Unknown, Validation
from partition_gate.judging.verdict import Verdict, reach_verdict

HISTORY = timedelta(days=30)
_IN_TIME = ArrivedWithin | PublishedBy
_ABOUT_ARRIVAL = _IN_TIME | TrailsWithin | FreshWithin
_ABOUT_DATA = OverWindow | Volume


def keys_under_promise(suite: Suite, dataset: Dataset, key: str) -> tuple[str, ...]:
    """The partitions that the suite's promises cover, oldest first; empty if the suite has no promise over time."""
    promises = [check.promise for check in suite.checks if check.promise is not None]
    spans = [promise.span for promise in promises if isinstance(promise, OverWindow | Attained)]
    return window_keys(dataset, key, max(spans, default=timedelta(0))) if promises else ()


def verdict_over_time(suite: Suite, validation: Validation, context: SlaContext) -> Verdict:
    """The verdict with each promise over time judged and measured. Counts remain the counts of the partition.

    A scan that failed to measure stays as it is.
    """
    promises = {check.rule_id: check.promise for check in suite.checks if check.promise is not None}
    timely = frozenset(rule for rule, promise in promises.items() if isinstance(promise, _IN_TIME))
    attained = frozenset(rule for rule, promise in promises.items() if isinstance(promise, Attained))
    single = {rule: promise for rule, promise in promises.items() if rule not in attained}
    judged = [_judged(single.get(each.rule_id), each, context) for each in validation.observations]
    arrived_in_time = all(isinstance(each, Evaluated) and each.success for each in judged if each.rule_id in timely)
    is_visible = context.is_published or context.before is not None
    whole = context.model_copy(update={"timely": timely, "in_time": arrived_in_time and is_visible})
    judged = [_judged(promises[each.rule_id] if each.rule_id in attained else None, each, whole) for each in judged]
    checks = tuple(_as_history(check, context) for check in suite.checks)
    verdict = reach_verdict(suite.model_copy(update={"checks": checks}), judged, row_count=validation.row_count)
    return verdict.model_copy(update={"measurements": tuple(_measurements(promises, judged, context))})


def has_ended(promise: Promise, dataset: Dataset, now: datetime) -> bool:
    """Whether the contract has reached its end of life, after which nothing is promised about time."""
    end = dataset.limits.end_of_life
    return end is not None and local_day(dataset, now) >= end and not isinstance(promise, _ABOUT_DATA)


def _judged(promise: Promise | None, observation: Observation, context: SlaContext) -> Observation:
    if promise is None or not isinstance(observation, Evaluated):
        return observation
    if excused := _excuse(promise, observation, context):
        return observation.model_copy(update={"success": True, "observed": excused})
    return _JUDGES[promise.kind](promise, observation, context)


def _excuse(promise: Promise, evaluated: Evaluated, context: SlaContext) -> str | None:
    """Why a promise counts as kept regardless of the measurement."""
    limits, before = context.dataset.limits, context.before
    if has_ended(promise, context.dataset, context.now):
        return f"the data reached its end of life on {limits.end_of_life}; nothing is promised after that day"
    if before and evaluated.rule_id not in before.broken and isinstance(promise, _ABOUT_ARRIVAL):
        return "kept when the partition was first published; this is a later version of it"
    return None


def _measurements(
    promises: Mapping[str, Promise], judged: Sequence[Observation], context: SlaContext
) -> Iterator[Measurement]:
    """The measurement of each promise that applies to the partition.

    A promise about arrival was kept or broken when the partition was first published, so later versions take over
    that measurement; if there is none, the promise was made later and does not apply.
    """
    before = {measurement.rule_id: measurement for measurement in context.measured_before or ()}
    for observation in judged:
        promise = promises.get(observation.rule_id)
        if promise is None or has_ended(promise, context.dataset, context.now):
            continue
        first = before.get(observation.rule_id) if isinstance(promise, _ABOUT_ARRIVAL) else None
        if first is not None and first.state is not State.NOT_JUDGED:
            yield first
        elif first is not None or context.measured_before is None or not isinstance(promise, _ABOUT_ARRIVAL):
            yield _measurement(observation)


def _measurement(observation: Observation) -> Measurement:
    rule_id = observation.rule_id
    match observation:
        case Evaluated(success=success, observed=observed, figures=figures):
            state = State.KEPT if success else State.BROKEN
            return Measurement(rule_id=rule_id, state=state, sentence=observed or "", figures=figures)
        case Unknown(why=why, figures=figures):
            return Measurement(rule_id=rule_id, state=State.NOT_JUDGED, sentence=why, figures=figures)
        case Errored(why=why) | NotJudged(why=why):
            return Measurement(rule_id=rule_id, state=State.NOT_JUDGED, sentence=why)


def _as_history(check: Check, context: SlaContext) -> Check:
    """A partition that was due long ago is a backfill: its lateness is recorded, but nobody is notified."""
    covered = period(context.dataset, context.partition.key)
    is_old = covered is not None and context.now - covered[1] > HISTORY
    if is_old and isinstance(check.promise, _ABOUT_ARRIVAL | Attained):
        return check.model_copy(update={"severity": Severity.INFO})
    return check


def _over_window(promise: OverWindow, evaluated: Evaluated, context: SlaContext) -> Observation:
    """The sums over the window's visible partitions, with the new counts of the judged partition."""
    dataset, key = context.dataset, context.partition.key
    if period(dataset, key) is None:
        return Unknown(rule_id=evaluated.rule_id, why=f"the partition key {key} names no date, so it has no window")
    keys = window_keys(dataset, key, promise.span)
    by_key = {
        key: Counts(rule_id=evaluated.rule_id, **evaluated.model_dump(include=_COUNTS)),
        **_before(evaluated, keys, context),
    }
    rows = sum(counts.element_count or 0 for counts in by_key.values())
    number = sum(getattr(counts, promise.counts) or 0 for counts in by_key.values())
    whole = len({expected for expected in keys if is_expected(dataset, expected)} | set(by_key))
    observed = counted(number, "row") if promise.counts == "element_count" else _of(number, rows)
    return evaluated.model_copy(
        update={
            "success": promise.bounds.allow_count(number, of=rows),
            "observed": f"{observed} in {len(by_key)} of {whole} partitions",
            "figures": _figures(promise.bounds, number, rows),
        }
    )


def _figures(bounds: Bounds, number: int, rows: int) -> Amount:
    """The number of rows, or its fraction of all rows if the bounds are percentages."""
    if bounds.is_percent:
        return amount_within(bounds, Fraction(number, rows) if rows else Fraction(0), "fraction")
    return amount_within(bounds, Fraction(number), "rows")


def _before(evaluated: Evaluated, keys: tuple[str, ...], context: SlaContext) -> dict[str, Counts]:
    """The counts of this rule in the other partitions of the window."""
    others = (partition for partition in context.published if partition.partition_key in keys[:-1])
    return {
        partition.partition_key: counts
        for partition in others
        for counts in partition.counts
        if counts.rule_id == evaluated.rule_id
    }


def _of(number: int, rows: int) -> str:
    return f"{number:,} of {rows:,} rows ({share(number, rows)})"


_COUNTS = {"element_count", "unexpected_count"}
_JUDGES: dict[str, Callable[[Any, Evaluated, SlaContext], Observation]] = {
    "over_window": _over_window,
    "arrived_within": level.arrived_within,
    "trails_within": level.trails_within,
    "published_by": level.published_by,
    "fresh_within": level.fresh_within,
    "not_older_than": level.not_older_than,
    "attained": level.attained,
    "volume": level.volume,
    "supported_until": level.supported_until,
}
