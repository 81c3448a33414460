"""Problems of a dataset as a whole: broken promises, its life cycle, folders that nobody judges. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from partition_gate.checks.expectations import Check, Suite
from partition_gate.checks.promises import FreshWithin, PublishedBy
from partition_gate.contract.calendar import clock_after, local_day, period
from partition_gate.contract.model import Dataset, Status
from partition_gate.core.partition import SNAPSHOT
from partition_gate.core.record import Record
from partition_gate.core.severity import Severity
from partition_gate.core.units import in_words
from partition_gate.incidents.model import Incident, Problem, ProblemKind
from partition_gate.judging.disposition import VISIBLE
from partition_gate.watching.heartbeat import STOPPED
from partition_gate.watching.partitions import Outcomes, Window

FOLDERS_NAMED = 20
LIFECYCLE_NOTICE = timedelta(days=14)
# Only these contracts promise anything to anybody.
_PROMISING = frozenset({Status.ACTIVE, Status.DEPRECATED})
_ENDS = {"endOfSupport": "support ends", "endOfLife": "the data's life ends"}
UNREADABLE, _MORE_FOLDERS = "landing unreadable", "more folders"
_FOLDER, _CONTRACT = "folder ", "contract "
_LINE = "\n"


class Seen(Record):
    """What a pass found out about a dataset: its problems, and every cause that was examined.

    An examined cause that ends with a space stands for all causes that begin with it.
    """

    problems: tuple[Problem, ...]
    examined: frozenset[str]


class News(Record):
    """Problems to record, and the causes of recorded problems that are in order again."""

    problems: tuple[Problem, ...]
    in_order: frozenset[str]


def unreadable(why: str) -> Seen:
    """Landing cannot be listed, so nothing else was examined."""
    problem = Problem(cause=UNREADABLE, kind=ProblemKind.OPERATIONS, finding=f"landing could not be looked at: {why}")
    return Seen(problems=(problem,), examined=frozenset({UNREADABLE}))


def of_contracts(broken: Iterable[tuple[str, str]]) -> Seen:
    """The problems of the gate itself as a running watch sees it: contract files, each with why it cannot be used."""
    problems = (
        Problem(
            cause=f"{_CONTRACT}{file}",
            kind=ProblemKind.OPERATIONS,
            finding=f"{file} cannot be used, so its partitions are not judged: {why.partition(_LINE)[0]}",
        )
        for file, why in broken
    )
    return Seen(problems=tuple(problems), examined=frozenset({STOPPED, _CONTRACT}))


def seen(
    dataset: Dataset,
    suite: Suite,
    found: Window,
    promises: Sequence[Sequence[str]],
    outcomes: Outcomes,
    *,
    now: datetime,
) -> Seen:
    """Every problem of the dataset as a whole. `promises` are the promised keys of each series, oldest first."""
    checks = [check for check in suite.checks if isinstance(check.promise, FreshWithin | PublishedBy)]
    problems = [*_folders(dataset, found)]
    if dataset.contract.status in _PROMISING:
        problems += _promises(dataset, checks, promises, outcomes, now)
        problems += _lifecycle(dataset, found, now)
    # A folder whose name was not read may still be there.
    folders = () if found.has_unread else (_FOLDER, _MORE_FOLDERS)
    examined = {UNREADABLE, *folders, *_ENDS, *(check.rule_id for check in checks)}
    return Seen(problems=tuple(problems), examined=frozenset(examined))


def news(seen_now: Seen, active: Iterable[Incident]) -> News | None:
    """What a pass says that is not recorded yet; None if nothing is new.

    `active` are the dataset's active incidents. A folder has a cause of its own (`folder dt=x`), so one that is gone
    is known only from its incident.
    """
    own = {incident.cause: incident for incident in active if "" in incident.keys}
    problems = tuple(p for p in seen_now.problems if p.cause not in own or own[p.cause].finding != p.finding)
    broken = {problem.cause for problem in seen_now.problems}
    named = tuple(examined for examined in seen_now.examined if examined.endswith(" "))
    in_order = {cause for cause in own.keys() - broken if cause in seen_now.examined or cause.startswith(named)}
    return News(problems=problems, in_order=frozenset(in_order)) if problems or in_order else None


def _folders(dataset: Dataset, found: Window) -> Iterator[Problem]:
    """One problem for each of the first folders by name, and one that counts the others.

    What landed for a time after `endOfLife` is a problem of the contract's life cycle instead.
    """
    end = dataset.limits.end_of_life
    strays = [s for s in found.strays if s.key is None or end is None or not _begins_since(dataset, s.key, end)]
    for stray in sorted(strays, key=lambda stray: stray.folder)[:FOLDERS_NAMED]:
        finding = f"{stray.folder} is not judged: {stray.why}"
        yield Problem(cause=f"{_FOLDER}{stray.folder}", kind=ProblemKind.LANDING, finding=finding)
    if (more := len(strays) - FOLDERS_NAMED) > 0 and not found.has_unread:
        finding = f"{more:,} more folders are not judged" if more > 1 else "1 more folder is not judged"
        yield Problem(cause=_MORE_FOLDERS, kind=ProblemKind.LANDING, finding=finding)


def _promises(
    dataset: Dataset, checks: Sequence[Check], promises: Sequence[Sequence[str]], outcomes: Outcomes, now: datetime
) -> Iterator[Problem]:
    for check in checks:
        if check.severity is Severity.INFO:
            continue
        found = (_broken(dataset, check, keys, outcomes, now) for keys in promises)
        problem = next(filter(None, found), None) or _old_snapshot(check, outcomes, now)
        if problem:
            yield problem


def _broken(dataset: Dataset, check: Check, keys: Sequence[str], outcomes: Outcomes, now: datetime) -> Problem | None:
    """The problem if the partition after the newest published one should have been published by now."""
    published = [place for place, key in enumerate(keys) if key in outcomes and outcomes[key].is_visible]
    newest = published[-1] if published else -1
    if newest + 1 >= len(keys):
        return None
    awaited = keys[newest + 1]
    if awaited in outcomes:  # missing, rejected or held: its own incident says so, and this follows from it
        return None
    at = _published_by(dataset, check, awaited)
    if at is None or now <= at:
        return None
    before = f"the newest published partition is {keys[newest]}" if published else "nothing recent is published"
    finding = f"{awaited} is not published, and was due {at:%Y-%m-%d %H:%M} UTC ({check.expected}); {before}"
    return Problem(cause=check.rule_id, kind=ProblemKind.PROMISE, finding=finding, began_at=at)


def _published_by(dataset: Dataset, check: Check, key: str) -> datetime | None:
    """Until when the partition must be published, for the promise to hold whatever its rows are."""
    covered = period(dataset, key)
    match check.promise:
        case FreshWithin(span=span) if covered is not None:
            return covered[1].astimezone(UTC) + span
        case PublishedBy(clock=clock):
            return clock_after(dataset, key, clock)
    return None


def _old_snapshot(check: Check, outcomes: Outcomes, now: datetime) -> Problem | None:
    """A snapshot's rows are at most as new as its publication."""
    snapshot, promise = outcomes.get(SNAPSHOT), check.promise
    if snapshot is None or snapshot.outcome not in VISIBLE or not isinstance(promise, FreshWithin):
        return None
    published_at, span = snapshot.settled_at, promise.span
    if now - published_at <= span:
        return None
    finding = f"the snapshot is of {published_at:%Y-%m-%d %H:%M} UTC, more than {in_words(span)} ago"
    return Problem(cause=check.rule_id, kind=ProblemKind.PROMISE, finding=finding, began_at=published_at + span)


def _lifecycle(dataset: Dataset, found: Window, now: datetime) -> Iterator[Problem]:
    limits, today = dataset.limits, local_day(dataset, now)
    for cause, day in (("endOfSupport", limits.end_of_support), ("endOfLife", limits.end_of_life)):
        if day is None:
            continue
        if today < day <= today + LIFECYCLE_NOTICE:
            yield Problem(cause=cause, kind=ProblemKind.LIFECYCLE, finding=f"{_ENDS[cause]} on {day}")
        elif day <= today and (late := _landed_since(dataset, found, day)):
            finding = f"{_ENDS[cause].replace('ends', 'ended')} on {day}, but data still lands ({late})"
            yield Problem(cause=cause, kind=ProblemKind.LIFECYCLE, finding=finding)


def _landed_since(dataset: Dataset, found: Window, day: date) -> str | None:
    """The first landed partition of a period that begins on this day or later."""
    keys = (*found.landed, *(stray.key for stray in found.strays if stray.key is not None))
    return min((key for key in keys if _begins_since(dataset, key, day)), default=None)


def _begins_since(dataset: Dataset, key: str, day: date) -> bool:
    covered = period(dataset, key)
    return covered is not None and local_day(dataset, covered[0]) >= day
