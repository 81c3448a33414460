"""Whether one service level is kept, on the occasion of a partition's judgement: one small pure function a kind."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import dropwhile
from zoneinfo import ZoneInfo

from partition_gate.contract.calendar import clock_after, due, is_expected, local_day, period, window_keys
from partition_gate.judging.occasion import Occasion
from partition_gate.judging.validation import Held, Observation, Unknown
from partition_gate.suite.promises import (
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
from partition_gate.units import roughly

_NOT_PUBLISHED = "nothing of the partition is published now"


def arrived_within(promise: ArrivedWithin, held: Held, occasion: Occasion) -> Observation:
    """Counted from the end of the period to the newest file's time in landing."""
    covered = period(occasion.contract, occasion.partition.key)
    if covered is None:
        return _no_date(held, occasion)
    return _by(held, "landed", occasion.partition.arrived_at, covered[1] + promise.span, occasion)


def trails_within(promise: TrailsWithin, held: Held, occasion: Occasion) -> Observation:
    """Counted from the newest moment in the rows to the newest file's time in landing."""
    newest = _moment(held.observed, promise.element)
    if newest is None:
        return _no_value(held, promise.element)
    lag = occasion.partition.arrived_at - newest
    return _found(held, f"landed {_apart(lag)} its newest {promise.element.column}", kept=lag <= promise.span)


def published_by(promise: PublishedBy, held: Held, occasion: Occasion) -> Observation:
    """A partition that is not published has not kept it once the time has passed; before that, nobody knows."""
    deadline = clock_after(occasion.contract, occasion.partition.key, promise.clock)
    if deadline is None:
        return _no_date(held, occasion)
    if occasion.is_published:
        return _by(held, "published", occasion.now, deadline, occasion)
    if occasion.now > deadline:
        return _found(held, f"not published; it was due {_shown(deadline, occasion)}", kept=False)
    return Unknown(rule_id=held.rule_id, why=f"{_NOT_PUBLISHED}; it is due {_shown(deadline, occasion)}")


def fresh_within(promise: FreshWithin, held: Held, occasion: Occasion) -> Observation:
    """The age of what is published, at the moment of publishing."""
    newest = _moment(held.observed, promise.element)
    if newest is None:
        return _no_value(held, promise.element)
    if not occasion.is_published:
        return Unknown(rule_id=held.rule_id, why=_NOT_PUBLISHED)
    age = occasion.now - newest
    found = f"published {_apart(age)} its newest {promise.element.column}"
    return _found(held, found, kept=age <= promise.span)


def not_older_than(promise: NotOlderThan, held: Held, occasion: Occasion) -> Observation:
    """The age of the oldest moment in the rows, or of the period where there is no element."""
    if promise.element is not None:
        oldest, what = _moment(held.observed, promise.element), f"its oldest {promise.element.column}"
        if oldest is None:
            return _no_value(held, promise.element)
    else:
        covered = period(occasion.contract, occasion.partition.key)
        if covered is None:
            return _no_date(held, occasion)
        oldest, what = covered[1], "the end of its period"
    age = occasion.now - oldest
    return _found(held, f"judged {_apart(age)} {what}", kept=age <= promise.span)


def attained(promise: Attained, held: Held, occasion: Occasion) -> Observation:
    """The share of the expected partitions that are due; one that was never judged under these promises is left out."""
    contract, own = occasion.contract, occasion.partition.key
    if period(contract, own) is None:
        return _no_date(held, occasion)
    in_time = {one.partition_key: _came_in_time(one.kept, one.broken, occasion) for one in occasion.published}
    in_time[own] = occasion.in_time
    keys = [key for key in window_keys(contract, own, promise.span) if _counts(key, occasion)]
    if contract.limits.start_date is None:  # nobody says since when there are partitions: since the first that came
        keys = list(dropwhile(lambda key: key not in in_time, keys))
    known = [one for one in (in_time.get(key, False) for key in keys) if one is not None]
    kept, whole = sum(known), len(known)
    allowed = whole - _least(promise, whole)
    share = f" ({kept / whole:.2%})".replace("%", " %") if whole else ""
    found = f"{kept:,} of {whole:,} partitions in time{share}; {whole - kept:,} late, {allowed:,} allowed"
    return _found(held, found, kept=not whole or promise.target.hold_for(kept, of=whole))


def volume(promise: Volume, held: Held, occasion: Occasion) -> Observation:
    """The rows of the partition, or the bytes of its files."""
    number = (held.element_count or 0) if promise.unit == "rows" else occasion.partition.size_bytes
    return _found(held, f"{number:,} {promise.unit}", kept=promise.bounds.hold(Fraction(number)))


def supported_until(promise: SupportedUntil, held: Held, occasion: Occasion) -> Observation:
    """Kept until the day comes, in the contract's time zone."""
    kept = local_day(occasion.contract, occasion.now) < promise.day
    return _found(held, "supported" if kept else f"not supported since {promise.day}", kept=kept)


def _counts(key: str, occasion: Occasion) -> bool:
    """Whether a partition is expected and due by now, and was promised to everybody."""
    contract, deadline = occasion.contract, due(occasion.contract, key)
    if key == occasion.partition.key:
        return True
    if deadline is None or deadline > occasion.now or not is_expected(contract, key):
        return False
    start = contract.limits.general_availability
    return start is None or local_day(contract, deadline) >= start


def _came_in_time(kept: tuple[str, ...], broken: tuple[str, ...], occasion: Occasion) -> bool | None:
    """None where nobody judged it; true where nothing is promised but that it is published."""
    if occasion.timely - {*kept, *broken}:
        return None
    return occasion.timely.isdisjoint(broken)


def _least(promise: Attained, whole: int) -> int:
    """How many of them must be in time at least."""
    return next((count for count in range(whole + 1) if promise.target.hold_for(count, of=whole)), whole)


def _by(held: Held, what: str, moment: datetime, deadline: datetime, occasion: Occasion) -> Observation:
    delay = moment - deadline
    late = f", {roughly(delay)} late" if delay > timedelta(0) else ""
    found = f"{what} {_shown(moment, occasion)}{late}; due {_shown(deadline, occasion)}"
    return _found(held, found, kept=not late)


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


def _found(held: Held, observed: str, *, kept: bool) -> Held:
    return held.model_copy(update={"success": kept, "observed": observed})


def _no_date(held: Held, occasion: Occasion) -> Unknown:
    why = f"the partition key {occasion.partition.key} names no date, so nobody knows when it was due"
    return Unknown(rule_id=held.rule_id, why=why)


def _no_value(held: Held, element: Element) -> Unknown:
    return Unknown(rule_id=held.rule_id, why=f"no row has a value in {element.column}")


def _shown(moment: datetime, occasion: Occasion) -> str:
    return f"{moment.astimezone(ZoneInfo(occasion.contract.limits.timezone)):%Y-%m-%d %H:%M %Z}"
