"""Whether one service level is kept, on the context of a partition's judgement: one small pure function a kind."""

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
from partition_gate.core.display import share
from partition_gate.core.units import roughly
from partition_gate.judging.sla_context import SlaContext
from partition_gate.judging.validation import Evaluated, Observation, Unknown

_NOT_PUBLISHED = "nothing of the partition is published now"


def arrived_within(promise: ArrivedWithin, evaluated: Evaluated, context: SlaContext) -> Observation:
    """Counted from the end of the period to the newest file's time in landing."""
    covered = period(context.dataset, context.partition.key)
    if covered is None:
        return _no_date(evaluated, context)
    return _by(evaluated, "landed", context.partition.arrived_at, covered[1] + promise.span, context)


def trails_within(promise: TrailsWithin, evaluated: Evaluated, context: SlaContext) -> Observation:
    """Counted from the newest moment in the rows to the newest file's time in landing."""
    newest = _moment(evaluated.observed, promise.element)
    if newest is None:
        return _no_value(evaluated, promise.element)
    lag = context.partition.arrived_at - newest
    return _found(evaluated, f"landed {_apart(lag)} its newest {promise.element.column}", kept=lag <= promise.span)


def published_by(promise: PublishedBy, evaluated: Evaluated, context: SlaContext) -> Observation:
    """A partition that is not published has not kept it once the time has passed; before that, nobody knows."""
    deadline = clock_after(context.dataset, context.partition.key, promise.clock)
    if deadline is None:
        return _no_date(evaluated, context)
    if context.is_published:
        return _by(evaluated, "published", context.now, deadline, context)
    if context.now > deadline:
        return _found(evaluated, f"not published; it was due {_shown(deadline, context)}", kept=False)
    return Unknown(rule_id=evaluated.rule_id, why=f"{_NOT_PUBLISHED}; it is due {_shown(deadline, context)}")


def fresh_within(promise: FreshWithin, evaluated: Evaluated, context: SlaContext) -> Observation:
    """The age of what is published, at the moment of publishing."""
    newest = _moment(evaluated.observed, promise.element)
    if newest is None:
        return _no_value(evaluated, promise.element)
    if not context.is_published:
        return Unknown(rule_id=evaluated.rule_id, why=_NOT_PUBLISHED)
    age = context.now - newest
    found = f"published {_apart(age)} its newest {promise.element.column}"
    return _found(evaluated, found, kept=age <= promise.span)


def not_older_than(promise: NotOlderThan, evaluated: Evaluated, context: SlaContext) -> Observation:
    """The age of the oldest moment in the rows, or of the period where there is no element."""
    if promise.element is not None:
        oldest, what = _moment(evaluated.observed, promise.element), f"its oldest {promise.element.column}"
        if oldest is None:
            return _no_value(evaluated, promise.element)
    else:
        covered = period(context.dataset, context.partition.key)
        if covered is None:
            return _no_date(evaluated, context)
        oldest, what = covered[1], "the end of its period"
    age = context.now - oldest
    return _found(evaluated, f"judged {_apart(age)} {what}", kept=age <= promise.span)


def attained(promise: Attained, evaluated: Evaluated, context: SlaContext) -> Observation:
    """The share of the expected partitions that are due; one that was never judged under these promises is left out."""
    dataset, own = context.dataset, context.partition.key
    if period(dataset, own) is None:
        return _no_date(evaluated, context)
    in_time = {one.partition_key: _came_in_time(one.kept, one.broken, context) for one in context.published}
    in_time[own] = context.in_time
    keys = [key for key in window_keys(dataset, own, promise.span) if _counts(key, context)]
    if dataset.limits.start_date is None:  # nobody says since when there are partitions: since the first that came
        keys = list(dropwhile(lambda key: key not in in_time, keys))
    known = [one for one in (in_time.get(key, False) for key in keys) if one is not None]
    kept, whole = sum(known), len(known)
    allowed = whole - _least(promise, whole)
    found = (
        f"{kept:,} of {whole:,} partitions in time ({share(kept, whole)}); {whole - kept:,} late, {allowed:,} allowed"
    )
    return _found(evaluated, found, kept=not whole or promise.target.hold_for(kept, of=whole))


def volume(promise: Volume, evaluated: Evaluated, context: SlaContext) -> Observation:
    """The rows of the partition, or the bytes of its files."""
    number = (evaluated.element_count or 0) if promise.unit == "rows" else context.partition.size_bytes
    return _found(evaluated, f"{number:,} {promise.unit}", kept=promise.bounds.hold(Fraction(number)))


def supported_until(promise: SupportedUntil, evaluated: Evaluated, context: SlaContext) -> Observation:
    """Kept until the day comes, in the contract's time zone."""
    kept = local_day(context.dataset, context.now) < promise.day
    return _found(evaluated, "supported" if kept else f"not supported since {promise.day}", kept=kept)


def _counts(key: str, context: SlaContext) -> bool:
    """Whether a partition is expected and due by now, and was promised to everybody."""
    dataset, deadline = context.dataset, due(context.dataset, key)
    if key == context.partition.key:
        return True
    if deadline is None or deadline > context.now or not is_expected(dataset, key):
        return False
    start = dataset.limits.general_availability
    return start is None or local_day(dataset, deadline) >= start


def _came_in_time(kept: tuple[str, ...], broken: tuple[str, ...], context: SlaContext) -> bool | None:
    """None where nobody judged it; true where nothing is promised but that it is published."""
    if context.timely - {*kept, *broken}:
        return None
    return context.timely.isdisjoint(broken)


def _least(promise: Attained, whole: int) -> int:
    """How many of them must be in time at least."""
    return next((count for count in range(whole + 1) if promise.target.hold_for(count, of=whole)), whole)


def _by(evaluated: Evaluated, what: str, moment: datetime, deadline: datetime, context: SlaContext) -> Observation:
    delay = moment - deadline
    late = f", {roughly(delay)} late" if delay > timedelta(0) else ""
    found = f"{what} {_shown(moment, context)}{late}; due {_shown(deadline, context)}"
    return _found(evaluated, found, kept=not late)


def _apart(span: timedelta) -> str:
    return f"{roughly(span)} {'after' if span >= timedelta(0) else 'before'}"


def _moment(observed: str | None, element: Element) -> datetime | None:
    """The value as Great Expectations tells it; a date lasts until its day ends."""
    if observed is None:
        return None
    zone = ZoneInfo(element.zone)
    if len(observed) == len("2026-01-31"):
        next_day = date.fromisoformat(observed) + timedelta(days=1)
        return datetime.combine(next_day, time(0), tzinfo=zone).astimezone(UTC)
    moment = datetime.fromisoformat(observed)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _found(evaluated: Evaluated, observed: str, *, kept: bool) -> Evaluated:
    return evaluated.model_copy(update={"success": kept, "observed": observed})


def _no_date(evaluated: Evaluated, context: SlaContext) -> Unknown:
    why = f"the partition key {context.partition.key} names no date, so nobody knows when it was due"
    return Unknown(rule_id=evaluated.rule_id, why=why)


def _no_value(evaluated: Evaluated, element: Element) -> Unknown:
    return Unknown(rule_id=evaluated.rule_id, why=f"no row has a value in {element.column}")


def _shown(moment: datetime, context: SlaContext) -> str:
    return f"{moment.astimezone(ZoneInfo(context.dataset.limits.timezone)):%Y-%m-%d %H:%M %Z}"
