"""Which partitions of a dataset are overdue, wait for a run, may have changed, or fit no calendar. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, dropwhile
from zlib import crc32
from zoneinfo import ZoneInfo

from partition_gate.contract.calendar import (
    clock_after,
    deadline,
    due,
    is_expected,
    local_day,
    newest_ended,
    period,
    window_keys,
)
from partition_gate.contract.model import Dataset
from partition_gate.contract.schedule import schedule_of
from partition_gate.core.errors import MalformedPartitionKey
from partition_gate.core.partition import LandedKeys, Partition
from partition_gate.core.record import Record
from partition_gate.judging.attempt import RecordedOutcome
from partition_gate.judging.disposition import PartitionOutcome

LOOK_BACK = timedelta(days=30)
# Keys without a date have no age, so only the last of them are looked at.
UNDATED_KEYS = 1_000
# Of a dataset with a partition every few minutes, only the newest periods of the look-back.
LONGEST_SERIES = 1_000
_A_DAY = timedelta(days=1)

Outcomes = Mapping[str, RecordedOutcome]


class Stray(Record):
    """A folder in landing that is not judged by itself. `key` is None if its name has no canonical form."""

    folder: str
    key: str | None
    why: str


class Window(Record):
    """The partitions of a dataset that the watch looks at.

    `series` are the keys of the periods that ended within the look-back, oldest first: one tuple, or one for each
    region that landed. `landed` are the keys in landing, oldest first; `has_earlier`: older ones landed, too.
    `has_unread`: there may be strays among the names that were not read.
    """

    series: tuple[tuple[str, ...], ...]
    landed: tuple[str, ...]
    strays: tuple[Stray, ...]
    has_earlier: bool
    has_unread: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """All of them, each once: the partitions whose outcomes the watch asks for."""
        return tuple(dict.fromkeys((*(key for keys in self.series for key in keys), *self.landed)))


def window(dataset: Dataset, landed: LandedKeys, *, now: datetime, look_back: timedelta = LOOK_BACK) -> Window:
    """The partitions to look at. What landed for a period that ended before the look-back is left out."""
    series = _scheduled(dataset, now, look_back)
    in_series, recent, undated, has_earlier = {*chain(*series)}, [], [], landed.has_earlier
    for key in landed.keys:
        covered = None if key in in_series else period(dataset, key)
        if covered is None and key not in in_series:
            undated.append(key)
        elif covered is not None and covered[1] < now - look_back:
            has_earlier = True
        else:
            recent.append(key)
    return Window(
        series=series or _regional(dataset, recent, now, look_back),
        landed=(*undated[-UNDATED_KEYS:], *recent),
        strays=tuple(Stray(folder=name, key=None, why=why) for name, why in landed.refused),
        has_earlier=has_earlier,
        has_unread=landed.has_unread,
    )


def without_strays(dataset: Dataset, found: Window, outcomes: Outcomes, *, now: datetime) -> Window:
    """The window without landed partitions that no calendar expects; those are strays.

    One that has an outcome is none: a person has run it.
    """
    unsettled = (key for key in found.landed if key not in outcomes)
    why_not = {key: why for key in unsettled if (why := _why_stray(dataset, key, now)) is not None}
    strays = (Stray(folder=_folder(dataset, key), key=key, why=why) for key, why in why_not.items())
    return found.model_copy(
        update={
            "landed": tuple(key for key in found.landed if key not in why_not),
            "strays": (*found.strays, *strays),
        }
    )


def first_day(dataset: Dataset, *, now: datetime, look_back: timedelta = LOOK_BACK) -> datetime:
    """The moment from which on names of folders matter, in the contract's time zone."""
    return (now - look_back - _A_DAY).astimezone(ZoneInfo(dataset.limits.timezone))


def promised(dataset: Dataset, found: Window, outcomes: Outcomes, *, now: datetime) -> tuple[tuple[str, ...], ...]:
    """The keys of each series that the contract promises and that are due by now, and those that have an outcome.

    They begin at `startDate`; without one, at the first partition that ever landed or was recorded. A newly installed
    contract without `startDate` and without data promises nothing yet.
    """
    known = {*found.landed, *outcomes}
    begins = dataset.limits.start_date is not None or found.has_earlier
    started = (keys if begins else tuple(dropwhile(lambda key: key not in known, keys)) for keys in found.series)
    return tuple(tuple(key for key in keys if key in outcomes or _is_promised(dataset, key, now)) for keys in started)


def overdue(
    version_of: Callable[[str], Dataset], promises: Iterable[Sequence[str]], outcomes: Outcomes, *, now: datetime
) -> tuple[str, ...]:
    """Promised keys without an outcome whose deadline has passed. `version_of` a key is the version that judges it."""
    unsettled = (key for keys in promises for key in keys if key not in outcomes)
    return tuple(key for key in unsettled if (at := overdue_at(version_of(key), key)) is not None and at <= now)


def overdue_at(dataset: Dataset, key: str) -> datetime | None:
    """When a partition that is not complete in landing is missing; None if its key names no date.

    Its `latency` deadline, else its `timeOfAvailability`. A contract with neither promises no time: its partition is
    missing once the next one could be complete, too (a day is missing at the end of the next day).
    """
    covered, clock = period(dataset, key), dataset.limits.available_by
    if covered is None:
        return None
    promised_at = deadline(dataset, key) or (clock_after(dataset, key, clock) if clock else None)
    return promised_at or covered[1] + (covered[1] - covered[0])


def waiting(found: Window, outcomes: Outcomes, unfinished: frozenset[str]) -> tuple[str, ...]:
    """Landed keys without an outcome, or whose outcome is MISSING, that no run works on; oldest first."""
    return tuple(
        key
        for key in found.landed
        if key not in unfinished and (key not in outcomes or outcomes[key].outcome is PartitionOutcome.MISSING)
    )


def to_compare(
    found: Window, outcomes: Outcomes, unfinished: frozenset[str], *, number: int, interval: timedelta
) -> tuple[str, ...]:
    """Settled keys in landing whose files this pass compares with those that were judged.

    The newest in every pass, each other one once a day or more often: one in `slots` passes, where `number` counts
    the passes. So a pass lists few folders, however many there are.
    """
    settled = [
        key
        for key in found.landed
        if key not in unfinished and key in outcomes and outcomes[key].outcome is not PartitionOutcome.MISSING
    ]
    others, newest = settled[:-1], settled[-1:]
    slots = max(1, min(len(others), math.floor(_A_DAY / interval)))
    return (*(key for key in others if crc32(key.encode()) % slots == number % slots), *newest)


def has_changed(outcome: RecordedOutcome, partition: Partition) -> bool:
    """Whether the files in landing are not the ones that were judged.

    An attempt of an older version of the gate has no fingerprint; then a file that landed after it is a change. An
    attempt that failed before it had listed the files has none either, and the person who repairs the cause runs the
    partition again.
    """
    if outcome.fingerprint:
        return outcome.fingerprint != partition.fingerprint
    return outcome.outcome is not PartitionOutcome.ERRORED and partition.arrived_at > outcome.settled_at


def _scheduled(dataset: Dataset, now: datetime, look_back: timedelta) -> tuple[tuple[str, ...], ...]:
    """The only series of a dataset whose keys are times; none for others."""
    key_format = schedule_of(dataset).key_format
    if key_format is None or not dataset.location.segments:
        return ()
    try:
        like = dataset.location.key(now.astimezone(ZoneInfo(dataset.limits.timezone)).strftime(key_format))
    except MalformedPartitionKey:  # a single segment that is no date
        return ()
    return (_periods(dataset, like, now, look_back),)


def _regional(
    dataset: Dataset, recent: Sequence[str], now: datetime, look_back: timedelta
) -> tuple[tuple[str, ...], ...]:
    """A series for each region (any part that is no time) that landed within the look-back."""
    newest = {newest_ended(dataset, key, now=now) for key in recent}
    return tuple(_periods(dataset, key, now, look_back) for key in sorted(key for key in newest if key is not None))


def _periods(dataset: Dataset, like: str, now: datetime, look_back: timedelta) -> tuple[str, ...]:
    """The keys of the periods that ended within the look-back, oldest first."""
    newest = newest_ended(dataset, like, now=now)
    covered = period(dataset, newest) if newest is not None else None
    if newest is None or covered is None:
        return ()
    longest = LONGEST_SERIES * (covered[1].astimezone(UTC) - covered[0].astimezone(UTC))
    return window_keys(dataset, newest, min(look_back, longest))


def _is_promised(dataset: Dataset, key: str, now: datetime) -> bool:
    """Whether it is expected, and due between `generalAvailability` and now."""
    available, moment = dataset.limits.general_availability, due(dataset, key)
    if moment is None or moment > now or not is_expected(dataset, key):
        return False
    return available is None or local_day(dataset, moment) >= available


def _why_stray(dataset: Dataset, key: str, now: datetime) -> str | None:
    covered = period(dataset, key)
    if covered is not None and covered[0] > now + _A_DAY:
        return f"the period of {key} begins on {covered[0]:%Y-%m-%d}, in the future"
    return None if is_expected(dataset, key) else f"the contract's calendar does not expect {key}"


def _folder(dataset: Dataset, key: str) -> str:
    return dataset.location.place(key).removeprefix(f"{dataset.location.shown_root}/")
