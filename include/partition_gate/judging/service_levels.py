"""Judges a single service level in the context of a partition: one small pure function per kind of promise."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import dropwhile
from zoneinfo import ZoneInfo

from partition_gate.checks.promises import (
    ArrivedWithin,
    Attained,
    Element,
    FreshWithin,
    NotOlderThan,
    PublishedBy,
    SupportedUntil,
    TrailsWithin,
    Volume,
)
from partition_gate.contract.calendar import clock_after, due, is_expected, local_day, period, window_keys
from partition_gate.contract.model import Dataset
from partition_gate.core.display import share
from partition_gate.core.units import roughly
from partition_gate.judging.measurement import Amount, Figures, Moment, amount_within
from partition_gate.judging.sla_context import SlaContext
from partition_gate.judging.validation import Evaluated, Observation, Unknown

_NOT_PUBLISHED = "nothing of the partition is published"


def arrived_within(promise: ArrivedWithin, evaluated: Evaluated, context: SlaContext) -> Observation:
    """Counted from the end of the period to the newest file's time in landing."""
    covered = period(context.dataset, context.partition.key)
    if covered is None:
        return _no_date(evaluated, context)
    ended, arrived = covered[1].astimezone(UTC), context.partition.arrived_at  # UTC: real hours, as for the deadline
    arrival, figures = Moment(promised=ended + promise.span, observed=arrived), _age(arrived - ended, promise.span)
    return _judged(evaluated, _sentence("landed", arrival, context), kept=_is_in_time(arrival), figures=figures)


def trails_within(promise: TrailsWithin, evaluated: Evaluated, context: SlaContext) -> Observation:
    """Counted from the newest moment in the rows to the newest file's time in landing."""
    newest = _moment(evaluated.moment, promise.element)
    if newest is None:
        return _no_value(evaluated, promise.element)
    lag = context.partition.arrived_at - newest
    observed = f"landed {_distance(lag)} its newest {promise.element.column}"
    return _judged(evaluated, observed, kept=lag <= promise.span, figures=_age(lag, promise.span))


def published_by(promise: PublishedBy, evaluated: Evaluated, context: SlaContext) -> Observation:
    """An unpublished partition breaks the promise once the deadline has passed; before that, it is unknown."""
    deadline = clock_after(context.dataset, context.partition.key, promise.clock)
    if deadline is None:
        return _no_date(evaluated, context)
    if context.is_published:
        figures = Moment(promised=deadline, observed=context.now)
        return _judged(evaluated, _sentence("published", figures, context), kept=_is_in_time(figures), figures=figures)
    due = f"due {shown_moment(deadline, context.dataset)}"
    if context.now > deadline:
        return _judged(evaluated, f"not published; it was {due}", kept=False, figures=Moment(promised=deadline))
    why = f"{_NOT_PUBLISHED}; it is {due}"
    return Unknown(rule_id=evaluated.rule_id, why=why, figures=Moment(promised=deadline))


def fresh_within(promise: FreshWithin, evaluated: Evaluated, context: SlaContext) -> Observation:
    """The age of the published rows at the moment of publishing."""
    newest = _moment(evaluated.moment, promise.element)
    if newest is None:
        return _no_value(evaluated, promise.element)
    if not context.is_published:
        return Unknown(rule_id=evaluated.rule_id, why=_NOT_PUBLISHED)
    age = context.now - newest
    observed = f"published {_distance(age)} its newest {promise.element.column}"
    return _judged(evaluated, observed, kept=age <= promise.span, figures=_age(age, promise.span))


def not_older_than(promise: NotOlderThan, evaluated: Evaluated, context: SlaContext) -> Observation:
    """The age of the oldest moment in the rows, or of the period if there is no element."""
    if promise.element is not None:
        oldest, what = _moment(evaluated.moment, promise.element), f"its oldest {promise.element.column}"
        if oldest is None:
            return _no_value(evaluated, promise.element)
    else:
        covered = period(context.dataset, context.partition.key)
        if covered is None:
            return _no_date(evaluated, context)
        oldest, what = covered[1], "the end of its period"
    age = context.now - oldest
    figures = _age(age, promise.span)
    return _judged(evaluated, f"judged {_distance(age)} {what}", kept=age <= promise.span, figures=figures)


def attained(promise: Attained, evaluated: Evaluated, context: SlaContext) -> Observation:
    """The percentage of the due, expected partitions; partitions never judged under these promises are left out."""
    dataset, own = context.dataset, context.partition.key
    if period(dataset, own) is None:
        return _no_date(evaluated, context)
    in_time = {each.partition_key: _was_in_time(each.kept, each.broken, context) for each in context.published}
    in_time[own] = context.in_time
    keys = [key for key in window_keys(dataset, own, promise.span) if _is_included(key, context)]
    if dataset.limits.start_date is None:  # the contract does not say when partitions start: start at the first
        keys = list(dropwhile(lambda key: key not in in_time, keys))
    known = [result for result in (in_time.get(key, False) for key in keys) if result is not None]
    kept, whole = sum(known), len(known)
    allowed = whole - _minimum_in_time(promise, whole)
    observed = (
        f"{kept:,} of {whole:,} partitions on time ({share(kept, whole)}); {whole - kept:,} late, {allowed:,} allowed"
    )
    figures = amount_within(promise.target, Fraction(kept, max(whole, 1)), "fraction")
    is_kept = not whole or promise.target.allow_count(kept, of=whole)
    return _judged(evaluated, observed, kept=is_kept, figures=figures)


def volume(promise: Volume, evaluated: Evaluated, context: SlaContext) -> Observation:
    """The rows of the partition, or the bytes of its files."""
    number = (evaluated.element_count or 0) if promise.unit == "rows" else context.partition.size_bytes
    figures = amount_within(promise.bounds, Fraction(number), promise.unit)
    kept = promise.bounds.allow(Fraction(number))
    return _judged(evaluated, f"{number:,} {promise.unit}", kept=kept, figures=figures)


def supported_until(promise: SupportedUntil, evaluated: Evaluated, context: SlaContext) -> Observation:
    """Kept until the day begins in the contract's time zone."""
    kept = local_day(context.dataset, context.now) < promise.day
    end = datetime.combine(promise.day, time(0), tzinfo=ZoneInfo(context.dataset.limits.timezone))
    figures = Moment(promised=end, observed=context.now)
    return _judged(evaluated, "supported" if kept else f"support ended on {promise.day}", kept=kept, figures=figures)


def shown_moment(moment: datetime, dataset: Dataset) -> str:
    """A moment to the minute, in the contract's time zone."""
    return f"{moment.astimezone(ZoneInfo(dataset.limits.timezone)):%Y-%m-%d %H:%M %Z}"


def _is_included(key: str, context: SlaContext) -> bool:
    """Whether a partition is expected, due by now, and due after general availability."""
    dataset, deadline = context.dataset, due(context.dataset, key)
    if key == context.partition.key:
        return True
    if deadline is None or deadline > context.now or not is_expected(dataset, key):
        return False
    start = dataset.limits.general_availability
    return start is None or local_day(dataset, deadline) >= start


def _was_in_time(kept: tuple[str, ...], broken: tuple[str, ...], context: SlaContext) -> bool | None:
    """None if it was not judged; true if the only promise is that the partition is published."""
    if context.timely - {*kept, *broken}:
        return None
    return context.timely.isdisjoint(broken)


def _minimum_in_time(promise: Attained, whole: int) -> int:
    """The minimum number of partitions that must be on time."""
    return next((count for count in range(whole + 1) if promise.target.allow_count(count, of=whole)), whole)


def _is_in_time(moment: Moment) -> bool:
    return moment.margin is not None and moment.margin >= 0


def _sentence(what: str, moment: Moment, context: SlaContext) -> str:
    dataset, observed = context.dataset, moment.observed or context.now
    late = "" if _is_in_time(moment) else f", {roughly(observed - moment.promised)} late"
    return f"{what} {shown_moment(observed, dataset)}{late}; due {shown_moment(moment.promised, dataset)}"


def _age(observed: timedelta, at_most: timedelta) -> Amount:
    return Amount(unit="seconds", at_most=at_most.total_seconds(), observed=observed.total_seconds())


def _distance(span: timedelta) -> str:
    return f"{roughly(span)} {'after' if span >= timedelta(0) else 'before'}"


def _moment(observed: datetime | date | None, element: Element) -> datetime | None:
    """The observed moment; a date means the end of its day."""
    if observed is None:
        return None
    zone = ZoneInfo(element.zone)
    if not isinstance(observed, datetime):
        return datetime.combine(observed + timedelta(days=1), time(0), tzinfo=zone).astimezone(UTC)
    return (observed if observed.tzinfo else observed.replace(tzinfo=zone)).astimezone(UTC)


def _judged(evaluated: Evaluated, observed: str, *, kept: bool, figures: Figures) -> Evaluated:
    return evaluated.model_copy(update={"success": kept, "observed": observed, "figures": figures})


def _no_date(evaluated: Evaluated, context: SlaContext) -> Unknown:
    why = f"the partition key {context.partition.key} names no date, so it has no due time"
    return Unknown(rule_id=evaluated.rule_id, why=why)


def _no_value(evaluated: Evaluated, element: Element) -> Unknown:
    if evaluated.observed is None:
        return Unknown(rule_id=evaluated.rule_id, why=f"no row has a value in {element.column}")
    return Unknown(rule_id=evaluated.rule_id, why=f"{element.column} is classified, so its age would show its values")
