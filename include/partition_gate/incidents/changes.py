"""What one look at a dataset does to its incidents: opens, repeats, reopens or resolves them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from partition_gate.core.units import roughly
from partition_gate.incidents.model import (
    Assessment,
    Change,
    Event,
    EventKind,
    Incident,
    IncidentState,
    Problem,
)

# A problem that comes back within this time is the same incident. Source: the product's promise on incidents.
REOPENED_WITHIN = timedelta(hours=24)
# Partitions of a problem that blocks nothing; older ones only count.
KEYS_KEPT = 400


def assessed(incidents: Sequence[Incident], assessment: Assessment, now: datetime) -> tuple[Change, ...]:
    """The incidents that change. `incidents` are those of the dataset that are active or may be reopened."""
    known = {incident.cause: incident for incident in sorted(incidents, key=lambda each: each.id)}
    causes = {problem.cause for problem in assessment.problems}
    found = (_with_problem(known.get(problem.cause), problem, assessment, now) for problem in assessment.problems)
    gone = (
        _in_order(incident, assessment, now)
        for cause, incident in known.items()
        if incident.is_active and cause not in causes and cause in assessment.in_order
    )
    return _without_consequences(change for change in (*found, *gone) if change is not None)


def _without_consequences(changes: Iterable[Change]) -> tuple[Change, ...]:
    """A known problem that begins to block is no news if a new one blocks as well: that one is why it blocks."""
    changed = tuple(changes)
    opened = any(_is(change, EventKind.OPENED) and change.incident.blocked for change in changed)
    return tuple(
        change.model_copy(update={"event": None, "is_news": False})
        if opened and change.is_news and _is(change, EventKind.AGAIN)
        else change
        for change in changed
    )


def _is(change: Change, kind: EventKind) -> bool:
    return change.event is not None and change.event.kind is kind


def forgotten(incidents: Sequence[Incident], partition_key: str, now: datetime) -> tuple[Change, ...]:
    """The incidents that change because the partition's outcome was removed: as if it had never had a problem."""
    having = (each for each in incidents if each.is_active and partition_key in {*each.keys, *each.blocked})
    return tuple(
        _resolved_if_over(_without(incident, partition_key), is_over=True, text="its outcome was removed", now=now)
        for incident in having
    )


def _with_problem(before: Incident | None, problem: Problem, assessment: Assessment, now: datetime) -> Change | None:
    if before is None:
        return _opened(problem, assessment, now)
    if before.is_active:
        return _again(before, problem, assessment, now)
    if before.resolved_at and now - before.resolved_at > REOPENED_WITHIN:
        return _opened(problem, assessment, now)
    return _reopened(before, problem, assessment, now)


def _opened(problem: Problem, assessment: Assessment, now: datetime) -> Change:
    key = assessment.partition_key
    incident = Incident(
        dataset=assessment.dataset,
        contract=assessment.contract,
        cause=problem.cause,
        kind=problem.kind,
        state=IncidentState.OPEN,
        finding=problem.finding,
        opened_at=now,
        began_at=problem.began_at,
        is_quiet=assessment.is_quiet,
        since=key,
        last_key=key,
        last_position=assessment.position,
        last_at=now,
        keys=(key,),
        blocked=(key,) if problem.blocks else (),
        partitions=1,
    )
    return Change(incident=incident, event=_event(EventKind.OPENED, assessment, now, problem.finding), is_news=True)


def _reopened(before: Incident, problem: Problem, assessment: Assessment, now: datetime) -> Change:
    older = before.model_copy(update={"last_position": ""})  # what was resolved since is no longer the newest
    after = _having(older, problem, assessment, now).model_copy(
        update={
            "state": IncidentState.OPEN,
            "resolved_at": None,
            "who": "",
            "why": "",
            "times_reopened": before.times_reopened + 1,
        }
    )
    return Change(incident=after, event=_event(EventKind.REOPENED, assessment, now, problem.finding))


def _again(before: Incident, problem: Problem, assessment: Assessment, now: datetime) -> Change | None:
    """None if nothing is new. An incident that begins to block is news, because it used to be harmless."""
    after = _having(before, problem, assessment, now)
    if after.model_copy(update={"last_at": before.last_at}) == before:
        return None
    begins_to_block = bool(after.blocked) and not before.blocked
    blocks_more = len(after.blocked) > len(before.blocked)
    is_silent = before.state is not IncidentState.OPEN
    event = _event(EventKind.AGAIN, assessment, now, problem.finding) if blocks_more and not is_silent else None
    return Change(incident=after, event=event, is_news=begins_to_block and not is_silent)


def _having(before: Incident, problem: Problem, assessment: Assessment, now: datetime) -> Incident:
    """The incident with the problem in this partition; the newest partition gives the finding."""
    key = assessment.partition_key
    is_new = key not in before.keys
    others = tuple(each for each in before.blocked if each != key)
    stays = before.blocked if key in before.blocked else (*others, key)
    after = before.model_copy(
        update={
            "keys": (*before.keys, key)[-KEYS_KEPT:] if is_new else before.keys,
            "blocked": stays if problem.blocks else others,
            "partitions": before.partitions + is_new,
        }
    )
    if assessment.position < before.last_position:
        return after
    newest = {"last_key": key, "last_position": assessment.position, "last_at": now, "finding": problem.finding}
    return after.model_copy(update=newest)


def _in_order(before: Incident, assessment: Assessment, now: datetime) -> Change | None:
    """A blocked partition keeps its incident open until it is visible; otherwise a newer partition without it ends it.

    None if nothing changes.
    """
    after = _without(before, assessment.partition_key)
    is_newer = assessment.position >= before.last_position
    over = _resolved_if_over(after, is_over=is_newer or not after.keys, text=assessment.summary, now=now)
    if over.event:
        event = over.event.model_copy(update=_where(assessment))
        return over.model_copy(update={"event": event})
    return over if over.incident != before else None


def _without(before: Incident, key: str) -> Incident:
    keys, blocked = (tuple(each for each in those if each != key) for those in (before.keys, before.blocked))
    after = {"keys": keys, "blocked": blocked, "partitions": before.partitions - (key in before.keys)}
    if key == before.last_key and keys:  # what was found in it is over; the others' findings are on their pages
        after |= {"last_key": keys[-1], "finding": f"see the page of {keys[-1]}"}
    return before.model_copy(update=after)


def _resolved_if_over(after: Incident, *, is_over: bool, text: str, now: datetime) -> Change:
    if after.blocked or not is_over:
        return Change(incident=after)
    resolved = after.model_copy(
        update={"state": IncidentState.RESOLVED, "resolved_at": now, "muted_until": None, "blocked": ()}
    )
    lasted = f"after {roughly(now - after.opened_at)}"
    return Change(
        incident=resolved,
        event=Event(kind=EventKind.RESOLVED, at=now, text=f"{lasted}: {text}" if text else lasted),
    )


def _event(kind: EventKind, assessment: Assessment, now: datetime, text: str) -> Event:
    return Event(kind=kind, at=now, text=text, **_where(assessment))


def _where(assessment: Assessment) -> dict[str, str]:
    return {"partition_key": assessment.partition_key, "attempt_id": assessment.attempt_id}
