"""Which threads tell people about changed incidents.

Each judgement that opens incidents starts one thread for each channel and audience. A problem that everybody knows is
not told again: its thread shows a new count. Old periods, anomalies and known problems appear in the digest of the day,
and when many problems open in one channel within an hour, one thread lists the further ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from partition_gate.core.addresses import shown_channel
from partition_gate.core.record import Record, digest
from partition_gate.incidents.model import Assessment, Change, IncidentState, Notice, Thread, ThreadKind

STORM_WINDOW = timedelta(hours=1)
# New threads in one channel within the window; the problems after that share one thread.
STORM_AFTER = 5
_MENTIONED_DAILY_DAYS, _MONDAY = 7, 0


class Telling(Record):
    """A thread, and the causes whose incidents it is about (in addition to those that it has)."""

    thread: Thread
    causes: frozenset[str]


RecentThreads = Callable[[Notice, datetime], Sequence[Thread]]


def tellings(
    assessment: Assessment, changes: Iterable[Change], recent: RecentThreads, now: datetime
) -> tuple[Telling, ...]:
    """The threads to start or extend. `recent` gives the threads of a notice's channel and audience since a moment."""
    changed = tuple(changes)
    causes = _Causes(
        news=_causes(change for change in changed if change.is_news),
        known=_causes(change for change in changed if not change.is_news and change.incident.is_active),
        daily=_causes(change for change in changed if _is_of_another_day(change, now)),
    )
    found = (_telling(notice, assessment, causes, recent, now) for notice in assessment.notices)
    return tuple(telling for telling in found if telling is not None)


class _Causes(Record):
    """The causes whose incidents are new, known, and known since an earlier day."""

    news: frozenset[str]
    known: frozenset[str]
    daily: frozenset[str]


def _causes(changes: Iterable[Change]) -> frozenset[str]:
    return frozenset(change.incident.cause for change in changes)


def _is_of_another_day(change: Change, now: datetime) -> bool:
    """Whether the digest mentions it: a problem of an earlier day that nobody has acknowledged or muted.

    After a week everybody knows it, so it is mentioned on Mondays only.
    """
    incident = change.incident
    is_open = incident.state is IncidentState.OPEN and not change.is_news
    days = (now.date() - incident.opened_at.date()).days
    return is_open and (0 < days <= _MENTIONED_DAILY_DAYS or (days > 0 and now.weekday() == _MONDAY))


def _telling(
    notice: Notice, assessment: Assessment, causes: _Causes, recent: RecentThreads, now: datetime
) -> Telling | None:
    news = causes.news & notice.causes
    if news and not notice.is_digest and not assessment.is_quiet:
        return Telling(thread=_thread(notice, assessment, news, recent(notice, now - STORM_WINDOW), now), causes=news)
    mentioned = (news | (causes.known if assessment.is_quiet else causes.daily)) & notice.causes
    return Telling(thread=_digest(notice, now), causes=mentioned) if mentioned else None


def _thread(
    notice: Notice, assessment: Assessment, causes: frozenset[str], recent: Sequence[Thread], now: datetime
) -> Thread:
    """The thread of new problems: its own, or that of the storm."""
    single = [thread for thread in recent if thread.kind is ThreadKind.INCIDENT]
    if len(single) < STORM_AFTER:
        identity = [assessment.dataset, assessment.partition_key, *sorted(causes), now.isoformat()]
        thread = _new(ThreadKind.INCIDENT, notice, identity, now)
        return thread.model_copy(update={"content": _content(notice, causes), "attempt_id": assessment.attempt_id})
    storms = (thread for thread in recent if thread.kind is ThreadKind.STORM)
    return next(storms, None) or _new(ThreadKind.STORM, notice, [now.isoformat()], now)


def _content(notice: Notice, news: frozenset[str]) -> str:
    contents = dict(notice.minor)
    if news <= contents.keys():
        return next(content for cause, content in notice.minor if cause in news)
    return notice.content


def digests_end_before(now: datetime) -> datetime:
    """Digests opened before this moment are never edited again.

    Otherwise each further day of a problem would edit one more message.
    """
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _digest(notice: Notice, now: datetime) -> Thread:
    return _new(ThreadKind.DIGEST, notice, [now.date().isoformat()], now)


def _new(kind: ThreadKind, notice: Notice, identity: list[str], now: datetime) -> Thread:
    return Thread(
        id=digest([kind, notice.tool, notice.channel, notice.audience, *identity]),
        kind=kind,
        tool=notice.tool,
        channel=notice.channel,
        audience=notice.audience,
        opened_at=now,
    )


def channels_told(threads: Iterable[Thread]) -> Iterator[str]:
    """One line for each channel and audience: `told: #orders (producers): 2013-01-02 08:00 UTC, 3 digests`."""
    channels: dict[str, list[Thread]] = {}
    for thread in (thread for thread in threads if thread.is_told):
        channel = f"{shown_channel(thread.tool, thread.channel)} ({thread.audience.value})"
        channels.setdefault(channel, []).append(thread)
    for channel, told in sorted(channels.items()):
        own = [f"{thread.opened_at:%Y-%m-%d %H:%M} UTC" for thread in told if thread.kind is not ThreadKind.DIGEST]
        digests = len(told) - len(own)
        counted = f"{digests:,} digest{'s' if digests != 1 else ''}"
        yield f"told: {channel}: {', '.join([*own, *([counted] if digests else [])])}"
