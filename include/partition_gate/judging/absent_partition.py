"""Measures the promises of a partition that was never judged: it is missing, or nothing is recorded for it. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from partition_gate.checks.expectations import Suite
from partition_gate.checks.promises import ArrivedWithin, FreshWithin, Promise, PublishedBy, TrailsWithin
from partition_gate.contract.calendar import clock_after
from partition_gate.contract.model import Dataset
from partition_gate.judging.measurement import Amount, Measurement, Moment, State
from partition_gate.judging.promises import has_ended
from partition_gate.judging.service_levels import shown_moment

MISSING = "the partition is missing"
NOT_RECORDED = "nothing is recorded for the partition"


def measured_as_missing(suite: Suite, dataset: Dataset, key: str, *, now: datetime) -> tuple[Measurement, ...]:
    """Latency and freshness are broken, and timeOfAvailability is once its time has passed; others are not judged."""
    broken = {check.rule_id: span for check in suite.checks if (span := _span(check.promise)) is not None}
    return tuple(
        _missed(measurement.rule_id, broken[measurement.rule_id]) if measurement.rule_id in broken else measurement
        for measurement in measured_as_unrecorded(suite, dataset, key, now=now, why=MISSING)
    )


def measured_as_unrecorded(
    suite: Suite, dataset: Dataset, key: str, *, now: datetime, why: str = NOT_RECORDED
) -> tuple[Measurement, ...]:
    """timeOfAvailability is broken once its time has passed, because nothing was published; others are not judged."""
    promises = [(check.rule_id, check.promise) for check in suite.checks if check.promise is not None]
    return tuple(
        _unpublished(rule_id, promise, dataset, key, now=now)
        if isinstance(promise, PublishedBy)
        else Measurement(rule_id=rule_id, state=State.NOT_JUDGED, sentence=why)
        for rule_id, promise in promises
        if not has_ended(promise, dataset, now)
    )


def unpublished_since(measurement: Measurement, *, now: datetime) -> Measurement:
    """The measurement of a partition that is still not published: a promised moment that has passed is broken."""
    match measurement:
        case Measurement(state=State.NOT_JUDGED, figures=Moment(promised=promised, observed=None)) if now > promised:
            return measurement.model_copy(update={"state": State.BROKEN})
        case _:
            return measurement


def _span(promise: Promise | None) -> timedelta | None:
    """The span of a promise that a missing partition breaks."""
    return promise.span if isinstance(promise, ArrivedWithin | TrailsWithin | FreshWithin) else None


def _missed(rule_id: str, span: timedelta) -> Measurement:
    figures = Amount(unit="seconds", at_most=span.total_seconds())
    return Measurement(rule_id=rule_id, state=State.BROKEN, sentence=MISSING, figures=figures)


def _unpublished(rule_id: str, promise: PublishedBy, dataset: Dataset, key: str, *, now: datetime) -> Measurement:
    deadline = clock_after(dataset, key, promise.clock)
    if deadline is None:
        why = f"the partition key {key} names no date, so it has no due time"
        return Measurement(rule_id=rule_id, state=State.NOT_JUDGED, sentence=why)
    state = State.BROKEN if now > deadline else State.NOT_JUDGED
    sentence = f"not published; due {shown_moment(deadline, dataset)}"
    return Measurement(rule_id=rule_id, state=state, sentence=sentence, figures=Moment(promised=deadline))
