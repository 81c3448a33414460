"""Problems of a dataset, the incidents that they open, and the threads in which people are told."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime

from partition_gate.core.record import Record


class Audience(StrEnum):
    """The people who deliver the data, those who use it, and those who run the gate."""

    PRODUCERS = "producers"
    CONSUMERS = "consumers"
    OPERATORS = "operators"


class ProblemKind(StrEnum):
    """What went wrong: a partition as a whole, one of its checks, a promise over time, or something around it.

    An anomaly breaks no promise: a figure is unlike those of earlier partitions.
    """

    MISSING = "missing"
    HELD = "held"
    ERRORED = "errored"
    RULE = "rule"
    PROMISE = "promise"
    LANDING = "landing"
    LIFECYCLE = "lifecycle"
    FAST_BURN = "fast burn"
    SLOW_BURN = "slow burn"
    OPERATIONS = "operations"
    DELIVERY = "delivery"
    ANOMALY = "anomaly"


class Problem(Record):
    """One cause in one partition, or in the dataset as a whole.

    `cause` identifies it within its dataset: a rule id, or a word such as `missing`. `blocks`: because of it, the
    partition's new version is not visible. `finding` is one line of clean text, with classified values masked.
    `began_at`: when the partition landed, or when what did not come was due; None if that is not known.
    """

    cause: str
    kind: ProblemKind
    finding: str
    blocks: bool = False
    began_at: AwareDatetime | None = None


class Notice(Record):
    """What one channel is told if one of `causes` is news. `content` is what `alerts` renders, as JSON text.

    `minor` holds (cause, content) of promises: if only they are news, the first one is rendered, as the rest is known.

    `is_digest`: it starts no thread of its own, and is told only in the digest of the day.
    """

    tool: str
    channel: str
    audience: Audience
    causes: frozenset[str]
    content: str
    minor: tuple[tuple[str, str], ...] = ()
    is_digest: bool = False


class Assessment(Record):
    """What one look at a dataset says about its problems; grain: one partition, or the dataset (an empty key).

    `position` orders the partitions of a dataset (the start of the period, else the key). `in_order` are the causes
    that were examined and are no problem. A quiet assessment (a backfill of an old period) is recorded, and is
    told only in the daily digest. `summary` says how the partition ended, for the message that a problem is over.
    """

    dataset: str
    contract: str
    partition_key: str
    position: str
    problems: tuple[Problem, ...] = ()
    in_order: frozenset[str] = frozenset()
    notices: tuple[Notice, ...] = ()
    is_quiet: bool = False
    attempt_id: str = ""
    summary: str = ""


class IncidentState(StrEnum):
    """Acknowledged and muted incidents are still open, but say less."""

    OPEN = "open"
    ACKED = "acked"
    MUTED = "muted"
    RESOLVED = "resolved"


class Incident(Record):
    """One lasting problem: at most one active incident per (dataset, cause). `id` is 0 until it is stored.

    `since` is the first partition that has the problem, `last_key` the newest one. `keys` are the partitions that have
    it now (of those that it does not block, the last 400), `blocked` those that are not visible because of it, and
    `partitions` counts all that had it and were not corrected. `began_at` is of the problem that opened it, and
    `is_quiet` says that a backfill of an old period did.
    """

    id: int = 0
    dataset: str
    contract: str
    cause: str
    kind: ProblemKind
    state: IncidentState
    finding: str
    opened_at: AwareDatetime
    began_at: AwareDatetime | None = None
    is_quiet: bool = False
    since: str
    last_key: str
    last_position: str
    last_at: AwareDatetime
    keys: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    partitions: int = 0
    who: str = ""
    why: str = ""
    muted_until: AwareDatetime | None = None
    resolved_at: AwareDatetime | None = None
    times_reopened: int = 0

    @property
    def is_active(self) -> bool:
        return self.state is not IncidentState.RESOLVED

    @property
    def extent(self) -> str:
        """Its partitions in words: `2013-01-13, 13 partitions since 2013-01-01`."""
        if not self.last_key:
            return "the whole dataset"
        since = f", {self.partitions:,} partitions since {self.since}" if self.partitions > 1 else ""
        return f"{self.last_key}{since}"


class EventKind(StrEnum):
    """What happened to an incident."""

    OPENED = "opened"
    AGAIN = "again"
    ACKED = "acked"
    MUTED = "muted"
    UNMUTED = "unmuted"
    RESOLVED = "resolved"
    REOPENED = "reopened"


class Event(Record):
    """One entry of an incident's history; `number` is 0 until it is stored. `who` is empty for the gate itself."""

    number: int = 0
    incident_id: int = 0
    kind: EventKind
    at: AwareDatetime
    partition_key: str = ""
    attempt_id: str = ""
    who: str = ""
    text: str = ""


class Change(Record):
    """An incident as it is now. `is_news`: people must be told in a new thread; `event`: what enters its history."""

    incident: Incident
    event: Event | None = None
    is_news: bool = False


class ThreadKind(StrEnum):
    """One problem, many problems at once, or the summary of a day."""

    INCIDENT = "incident"
    STORM = "storm"
    DIGEST = "digest"


class Thread(Record):
    """One root message with its replies, in one channel for one audience.

    Its id is the id of the root message. `revision` grows whenever one of its incidents changes; `announced` is the
    revision that its messages in the outbox show, and `announced_event` the last event that they tell.
    """

    id: str
    kind: ThreadKind
    tool: str
    channel: str
    audience: Audience
    opened_at: AwareDatetime
    attempt_id: str = ""
    content: str = ""
    revision: int = 1
    announced: int = 0
    announced_event: int = 0
    is_told: bool = False


class ThreadNews(Record):
    """A thread that does not show its newest revision yet: its incidents, and their events since `announced_event`."""

    thread: Thread
    incidents: tuple[Incident, ...]
    events: tuple[Event, ...]

    @property
    def last_event(self) -> int:
        """The number of the newest event that these news tell."""
        return max((event.number for event in self.events), default=self.thread.announced_event)


class IncidentResponse(Record):
    """An incident, and when people were told of it.

    `is_told`: it has a thread other than a digest, so somebody is told in a message at once. `queued_at` and
    `notified_at` are when the first message that shows it entered the outbox, and when its delivery was recorded.
    `reopened_at`: oldest first.
    """

    incident: Incident
    reopened_at: tuple[AwareDatetime, ...] = ()
    is_told: bool = False
    queued_at: AwareDatetime | None = None
    notified_at: AwareDatetime | None = None
