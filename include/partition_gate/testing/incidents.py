"""Incidents and threads in memory, and an outbox that keeps the order of threads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from partition_gate.core.errors import CannotAct
from partition_gate.incidents.actions import Action, acted, unmuted
from partition_gate.incidents.changes import REOPENED_WITHIN, assessed, forgotten
from partition_gate.incidents.model import (
    Assessment,
    Change,
    Event,
    EventKind,
    Incident,
    IncidentResponse,
    Notice,
    Thread,
    ThreadKind,
    ThreadNews,
)
from partition_gate.incidents.threads import digests_end_before, tellings
from partition_gate.judging.attempt import LONGEST_POSTPONEMENT, Backlog, Message, OutboxEntry, Silent
from partition_gate.ports.outbox import NOBODY


class InMemoryOutbox:
    """The `Outbox` port on dictionaries; not thread-safe."""

    def __init__(self) -> None:
        self._outbox: dict[str, OutboxEntry] = {}
        self._free_at: dict[str, datetime] = {}
        self._errors: dict[str, str] = {}

    def claim_message(self, *, now: datetime, lease: timedelta, silent: Silent = NOBODY) -> OutboxEntry | None:
        for entry in self.unsent():
            if entry.message.tool in silent.tools or (entry.message.tool, entry.message.channel) in silent.channels:
                continue
            message_id = entry.message.id
            free_at = self._free_at.get(message_id, now)
            if not now < free_at <= now + LONGEST_POSTPONEMENT and not self._waits_for_another(entry):
                first_try_at = entry.first_try_at or now
                self._change(message_id, state="sending", tries=entry.tries + 1, first_try_at=first_try_at)
                self._free_at[message_id] = now + lease
                return entry
        return None

    def mark_sent(self, message_id: str, *, ts: str, now: datetime) -> None:
        self._change(message_id, state="sent", sent_ts=ts, sent_at=now)

    def postpone(self, message_id: str, *, until: datetime, surely_unsent: bool, why: str = "") -> None:
        self._free_at[message_id], self._errors[message_id] = until, why
        self._change(message_id, **({"state": "pending"} if surely_unsent else {}))

    def retry_now(self) -> None:
        for entry in self.unsent():
            if entry.state == "pending":
                self._free_at.pop(entry.message.id, None)

    def unsent(self) -> tuple[OutboxEntry, ...]:
        return tuple(self._with_root(entry) for entry in self._outbox.values() if entry.state != "sent")

    def backlog(self) -> tuple[Backlog, ...]:
        waiting: dict[tuple[str, str], list[OutboxEntry]] = {}
        for entry in self.unsent():
            waiting.setdefault((entry.message.tool, entry.message.channel), []).append(entry)
        found = (self._backlog(*where, entries) for where, entries in waiting.items())
        return tuple(sorted(found, key=lambda each: (each.since, each.tool, each.channel)))

    def messages(self, attempt_id: str | None = None) -> tuple[OutboxEntry, ...]:
        entries = (self._with_root(entry) for entry in reversed(self._outbox.values()))
        return tuple(entry for entry in entries if attempt_id in (None, entry.message.attempt_id))

    def put(self, messages: Iterable[Message], *, now: datetime) -> None:
        """Queue messages that are not queued yet."""
        for message in messages:
            pending = OutboxEntry(
                message=message, state="pending", tries=0, first_try_at=None, sent_ts=None, created_at=now
            )
            self._outbox.setdefault(message.id, pending)

    def drop_older_edits(self, root: str) -> None:
        """Forget the edits of a message that were never tried."""
        untried = [
            entry.message.id
            for entry in self.unsent()
            if entry.message.is_edit and entry.message.root == root and not entry.tries
        ]
        for message_id in untried:
            del self._outbox[message_id]

    def _backlog(self, tool: str, channel: str, entries: Sequence[OutboxEntry]) -> Backlog:
        errors = filter(None, (self._errors.get(entry.message.id) for entry in entries))
        return Backlog(
            tool=tool,
            channel=channel,
            messages=len(entries),
            since=min(entry.created_at for entry in entries),
            last_error=next(errors, ""),
        )

    def _with_root(self, entry: OutboxEntry) -> OutboxEntry:
        root = self._outbox.get(entry.message.root)
        about_root = {"root_ts": root.sent_ts, "root_text": root.message.text} if root else {}
        return entry.model_copy(update=about_root)

    def _waits_for_another(self, entry: OutboxEntry) -> bool:
        root = entry.message.root
        for other in self._outbox.values() if root else ():
            if other.message.id == entry.message.id:
                return False
            if root in {other.message.id, other.message.root} and other.state != "sent":
                return True
        return False

    def _change(self, message_id: str, **values: object) -> None:
        entry = self._outbox.get(message_id)
        if entry and entry.state != "sent":
            self._outbox[message_id] = entry.model_copy(update=values)


class InMemoryIncidents(InMemoryOutbox):
    """The `Incidents` port on dictionaries, by the same rules as the real ledger; not thread-safe."""

    def __init__(self) -> None:
        super().__init__()
        self._incidents: dict[int, Incident] = {}
        self._events: list[Event] = []
        self._threads: dict[str, Thread] = {}
        self._about: dict[str, set[int]] = {}
        self._told_by: dict[tuple[str, int], str] = {}

    def assess(self, assessment: Assessment, *, now: datetime) -> None:
        changes = [self._store(change) for change in assessed(self._of(assessment.dataset, now), assessment, now)]
        ids = {change.incident.cause: change.incident.id for change in changes}
        self._touch(ids.values(), now)
        for telling in tellings(assessment, changes, self._recent, now):
            self._extend(telling.thread, {ids[cause] for cause in telling.causes})

    def incidents(self, dataset: str | None = None, *, active_only: bool = True) -> tuple[Incident, ...]:
        wanted = (each for each in self._incidents.values() if dataset in (None, each.dataset))
        newest_first = sorted(wanted, key=lambda each: -each.id)
        return tuple(each for each in newest_first if each.is_active or not active_only)

    def incident(self, incident_id: int) -> Incident | None:
        return self._incidents.get(incident_id)

    def incident_events(self, incident_id: int) -> tuple[Event, ...]:
        return tuple(event for event in self._events if event.incident_id == incident_id)

    def act(self, incident_id: int, action: Action, *, now: datetime) -> Incident:
        if incident_id not in self._incidents:
            raise CannotAct(f"there is no incident {incident_id}; see `gate incidents list`")
        change = self._store(acted(self._incidents[incident_id], action, now))
        self._touch([incident_id], now)
        return change.incident

    def unmute_due(self, *, now: datetime) -> tuple[Incident, ...]:
        found = [unmuted(incident, now) for incident in self._incidents.values()]
        changes = [self._store(change) for change in found if change]
        self._touch((change.incident.id for change in changes), now)
        return tuple(change.incident for change in changes)

    def threads(self, incident_id: int) -> tuple[Thread, ...]:
        return tuple(thread for thread in self._threads.values() if incident_id in self._about[thread.id])

    def unannounced(self, *, limit: int = 100) -> tuple[ThreadNews, ...]:
        behind = [thread for thread in self._threads.values() if thread.revision > thread.announced]
        return tuple(self._news(thread) for thread in behind[:limit])

    def announce(
        self, news: ThreadNews, messages: Sequence[Message], *, now: datetime, told_by: str | None = None
    ) -> bool:
        stored = self._threads[news.thread.id]
        if stored.announced != news.thread.announced:
            return False
        self._threads[stored.id] = stored.model_copy(
            update={
                "announced": news.thread.revision,
                "announced_event": news.last_event,
                "is_told": stored.is_told or bool(messages),
            }
        )
        self.drop_older_edits(stored.id)
        self.put(messages, now=now)
        for incident in news.incidents if told_by is not None else ():
            about = (stored.id, incident.id)
            if self._told_by.get(about) not in self._outbox and told_by is not None:
                self._told_by[about] = told_by
        return True

    def responses(self, dataset: str, *, since: datetime) -> tuple[IncidentResponse, ...]:
        own = [each for each in self._incidents.values() if each.dataset == dataset and each.opened_at > since]
        return tuple(self._response(incident) for incident in own)

    def forget_problems(self, dataset: str, partition_key: str, now: datetime) -> None:
        """Remove the partition from the dataset's incidents."""
        changes = [self._store(change) for change in forgotten(self._of(dataset, now), partition_key, now)]
        self._touch((change.incident.id for change in changes), now)

    def _of(self, dataset: str, now: datetime) -> list[Incident]:
        own = [incident for incident in self._incidents.values() if incident.dataset == dataset]
        return [each for each in own if each.is_active or now - (each.resolved_at or now) <= REOPENED_WITHIN]

    def _store(self, change: Change) -> Change:
        number = change.incident.id or len(self._incidents) + 1
        incident = self._incidents[number] = change.incident.model_copy(update={"id": number})
        if change.event:
            numbers = {"number": len(self._events) + 1, "incident_id": number}
            self._events.append(change.event.model_copy(update=numbers))
        return change.model_copy(update={"incident": incident})

    def _response(self, incident: Incident) -> IncidentResponse:
        threads = [thread for thread in self.threads(incident.id) if thread.kind is not ThreadKind.DIGEST]
        shown = (self._outbox.get(self._told_by.get((thread.id, incident.id), "")) for thread in threads)
        queued = [entry for entry in shown if entry is not None]
        first = min(queued, key=lambda each: (each.sent_at is None, each.sent_at or each.created_at), default=None)
        return IncidentResponse(
            incident=incident,
            reopened_at=tuple(e.at for e in self.incident_events(incident.id) if e.kind is EventKind.REOPENED),
            is_told=bool(threads),
            queued_at=first.created_at if first else None,
            notified_at=first.sent_at if first else None,
        )

    def _touch(self, incident_ids: Iterable[int], now: datetime) -> None:
        changed = set(incident_ids)
        for thread in [thread for thread in self._threads.values() if self._about[thread.id] & changed]:
            if thread.kind is not ThreadKind.DIGEST or thread.opened_at >= digests_end_before(now):
                self._threads[thread.id] = thread.model_copy(update={"revision": thread.revision + 1})

    def _extend(self, thread: Thread, incident_ids: set[int]) -> None:
        known = self._threads.get(thread.id)
        newer = known.model_copy(update={"revision": known.revision + 1}) if known else thread
        self._threads[thread.id] = newer
        self._about.setdefault(thread.id, set()).update(incident_ids)

    def _recent(self, notice: Notice, since: datetime) -> Sequence[Thread]:
        where = (notice.tool, notice.channel, notice.audience)
        threads = self._threads.values()
        return [t for t in threads if (t.tool, t.channel, t.audience) == where and t.opened_at >= since]

    def _news(self, thread: Thread) -> ThreadNews:
        ids = self._about[thread.id]
        return ThreadNews(
            thread=thread,
            incidents=tuple(self._incidents[each] for each in sorted(ids)),
            events=tuple(e for e in self._events if e.incident_id in ids and e.number > thread.announced_event),
        )
