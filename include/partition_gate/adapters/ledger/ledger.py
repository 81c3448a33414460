"""The ledger in a SQL database: SQLite on one machine, PostgreSQL on several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from partition_gate.adapters.ledger import (
    attempts,
    incidents,
    outbox,
    profiles,
    published,
    responses,
    settlements,
    threads,
    validation_results,
    watched,
)
from partition_gate.adapters.ledger import measurements as measurement_rows
from partition_gate.adapters.ledger.database import TIMEOUT_S, Database
from partition_gate.adapters.ledger.migrate import migrate
from partition_gate.adapters.ledger.quarantine import SqlQuarantineRecords
from partition_gate.adapters.ledger.retention import SqlRetention
from partition_gate.core.units import Month
from partition_gate.incidents.actions import Action
from partition_gate.incidents.model import Assessment, Event, Incident, IncidentResponse, Thread, ThreadNews
from partition_gate.judging.attempt import (
    Attempt,
    AttemptState,
    Backlog,
    Claim,
    CountedAttempt,
    Forgotten,
    HeldDecision,
    Intent,
    MeasuredPartition,
    Message,
    OutboxEntry,
    ProfiledPartition,
    PublishedPartition,
    RecordedOutcome,
    Settlement,
    Silent,
    UnfinishedAttempt,
)
from partition_gate.judging.drift import Baseline
from partition_gate.judging.lineage import Inputs
from partition_gate.judging.measurement import Measurement
from partition_gate.judging.profile import PartitionProfile
from partition_gate.judging.totals import SettledTotal
from partition_gate.judging.verdict import CheckResult
from partition_gate.ports.outbox import NOBODY
from partition_gate.watching.heartbeat import Heartbeat

__all__ = ["SqlLedger", "migrate"]


class SqlLedger(SqlQuarantineRecords, SqlRetention):
    """The `Ledger` port on a database that `migrate(url)` prepared. Connects on first use; thread-safe.

    Every call is one transaction and raises LedgerUnusable if the database does not answer in time. In addition to the
    port: an attempt's first settlement is final, and an attempt that has ended does not advance.
    """

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        super().__init__(Database(url, timeout_s))

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def fence(self, dataset: str, partition_key: str) -> int:
        with self._database.reading() as connection:
            return attempts.newest_fence(connection, dataset, partition_key)

    def open_attempt(self, claim: Claim, *, idempotency_key: str, after_fence: int, now: datetime) -> Attempt | None:
        with self._database.writing() as connection:
            return attempts.open_attempt(
                connection, claim, idempotency_key=idempotency_key, after_fence=after_fence, now=now
            )

    def record_inputs(self, inputs: Inputs) -> None:
        with self._database.writing() as connection:
            attempts.record_inputs(connection, inputs)

    def inputs(self, attempt_id: str) -> Inputs | None:
        with self._database.reading() as connection:
            return attempts.inputs_of(connection, attempt_id)

    def advance(self, attempt_id: str, state: AttemptState, *, now: datetime) -> None:
        with self._database.writing() as connection:
            attempts.advance(connection, attempt_id, state, now)

    def hand_over(self, attempt_id: str) -> None:
        with self._database.writing() as connection:
            attempts.hand_over(connection, attempt_id)

    def record_validation(
        self,
        attempt_id: str,
        results: Sequence[CheckResult],
        *,
        document: str,
        profile: PartitionProfile | None = None,
        measurements: Sequence[Measurement] = (),
    ) -> None:
        with self._database.writing() as connection:
            is_first = validation_results.record(connection, attempt_id, results, document)
            if is_first and profile is not None:
                profiles.record(connection, attempt_id, profile)
            if is_first:
                measurement_rows.record(connection, attempt_id, measurements)

    def record_measurements(self, attempt_id: str, measurements: Sequence[Measurement]) -> None:
        with self._database.writing() as connection:
            measurement_rows.record(connection, attempt_id, measurements)

    def intend(self, attempt: Attempt, intent: Intent, *, now: datetime) -> bool:
        with self._database.writing() as connection:
            return attempts.intend(connection, attempt, intent, now)

    def intent(self, attempt_id: str) -> Intent | None:
        with self._database.reading() as connection:
            return attempts.intent(connection, attempt_id)

    def settle(self, settlement: Settlement, assessment: Assessment | None = None, *, is_finished: bool = True) -> None:
        with self._database.writing() as connection:
            attempts.lock_partition(connection, settlement.dataset, settlement.partition_key)
            settlements.settle(connection, settlement, assessment, is_finished=is_finished)

    def forget(self, forgotten: Forgotten) -> None:
        with self._database.writing() as connection:
            attempts.lock_partition(connection, forgotten.dataset, forgotten.partition_key)
            settlements.forget(connection, forgotten)

    def decide(self, decision: HeldDecision) -> None:
        with self._database.writing() as connection:
            settlements.decide(connection, decision)

    def decision(self, dataset: str, partition_key: str, idempotency_key: str) -> HeldDecision | None:
        with self._database.reading() as connection:
            return settlements.decision(connection, dataset, partition_key, idempotency_key)

    def outcome(self, dataset: str, partition_key: str) -> Settlement | None:
        with self._database.reading() as connection:
            return settlements.of_partition(connection, dataset, partition_key)

    def settlement(self, attempt_id: str) -> Settlement | None:
        with self._database.reading() as connection:
            return settlements.of_attempt(connection, attempt_id)

    def settlements(self, dataset: str, partition_key: str) -> tuple[Settlement, ...]:
        with self._database.reading() as connection:
            return settlements.of_attempts(connection, dataset, partition_key)

    def settled_in(self, dataset: str, month: Month) -> tuple[Settlement, ...]:
        with self._database.reading() as connection:
            return settlements.settled_in(connection, dataset, month)

    def settled_totals(
        self, *, since: datetime | None = None, before: datetime | None = None
    ) -> tuple[SettledTotal, ...]:
        with self._database.reading() as connection:
            return settlements.totals(connection, since, before)

    def beside(self, dataset: str, partition_key: str) -> tuple[str | None, str | None]:
        with self._database.reading() as connection:
            return settlements.beside(connection, dataset, partition_key)

    def latest(self, dataset: str | None = None) -> tuple[Settlement, ...]:
        with self._database.reading() as connection:
            return settlements.newest(connection, dataset)

    def current(self, dataset: str, keys: Sequence[str]) -> tuple[Settlement, ...]:
        with self._database.reading() as connection:
            return settlements.current(connection, dataset, keys)

    def recorded_keys(self, dataset: str, *, limit: int | None = None, up_to: str | None = None) -> tuple[str, ...]:
        with self._database.reading() as connection:
            return settlements.recorded_keys(connection, dataset, limit, up_to)

    def visible(self, dataset: str) -> tuple[Settlement, ...]:
        with self._database.reading() as connection:
            return settlements.visible(connection, dataset)

    def outcomes(self, dataset: str, keys: Sequence[str]) -> tuple[RecordedOutcome, ...]:
        with self._database.reading() as connection:
            return watched.outcomes(connection, dataset, keys)

    def published(
        self, dataset: str, keys: Sequence[str], *, rule_ids: Sequence[str]
    ) -> tuple[PublishedPartition, ...]:
        with self._database.reading() as connection:
            return published.published(connection, dataset, keys, rule_ids)

    def profiles(self, dataset: str, keys: Sequence[str]) -> tuple[ProfiledPartition, ...]:
        with self._database.reading() as connection:
            return profiles.profiles(connection, dataset, keys)

    def counted(self, attempt_id: str) -> CountedAttempt | None:
        with self._database.reading() as connection:
            profile = profiles.of_attempt(connection, attempt_id)
            if profile is None:
                return None
            return CountedAttempt(profile=profile, measurements=measurement_rows.of_attempt(connection, attempt_id))

    def measured(self, dataset: str, keys: Sequence[str]) -> tuple[MeasuredPartition, ...]:
        with self._database.reading() as connection:
            return measurement_rows.measured(connection, dataset, keys)

    def results(self, attempt_id: str) -> tuple[CheckResult, ...]:
        with self._database.reading() as connection:
            return validation_results.results(connection, attempt_id)

    def not_passed(self, attempt_ids: Sequence[str]) -> Mapping[str, tuple[CheckResult, ...]]:
        with self._database.reading() as connection:
            return validation_results.not_passed(connection, attempt_ids)

    def document(self, attempt_id: str) -> str | None:
        with self._database.reading() as connection:
            return validation_results.document(connection, attempt_id)

    def unfinished(self) -> tuple[UnfinishedAttempt, ...]:
        with self._database.reading() as connection:
            return attempts.unfinished(connection)

    def failed_commits(self, *, before: datetime) -> tuple[UnfinishedAttempt, ...]:
        with self._database.reading() as connection:
            return attempts.failed_commits(connection, before)

    def claim_message(self, *, now: datetime, lease: timedelta, silent: Silent = NOBODY) -> OutboxEntry | None:
        with self._database.writing() as connection:
            return outbox.claim(connection, now, lease, silent)

    def mark_sent(self, message_id: str, *, ts: str, now: datetime) -> None:
        with self._database.writing() as connection:
            outbox.mark_sent(connection, message_id, ts, now)

    def postpone(self, message_id: str, *, until: datetime, surely_unsent: bool, why: str = "") -> None:
        with self._database.writing() as connection:
            outbox.postpone(connection, message_id, until, surely_unsent=surely_unsent, why=why)

    def retry_now(self) -> None:
        with self._database.writing() as connection:
            outbox.retry_now(connection)

    def unsent(self) -> tuple[OutboxEntry, ...]:
        with self._database.reading() as connection:
            return outbox.unsent(connection)

    def backlog(self) -> tuple[Backlog, ...]:
        with self._database.reading() as connection:
            return outbox.backlog(connection)

    def messages(self, attempt_id: str | None = None) -> tuple[OutboxEntry, ...]:
        with self._database.reading() as connection:
            return outbox.entries(connection, attempt_id)

    def assess(self, assessment: Assessment, *, now: datetime) -> None:
        with self._database.writing() as connection:
            incidents.assess(connection, assessment, now)

    def incidents(self, dataset: str | None = None, *, active_only: bool = True) -> tuple[Incident, ...]:
        with self._database.reading() as connection:
            return incidents.listed(connection, dataset, active_only=active_only)

    def incident(self, incident_id: int) -> Incident | None:
        with self._database.reading() as connection:
            return incidents.of_id(connection, incident_id)

    def incident_events(self, incident_id: int) -> tuple[Event, ...]:
        with self._database.reading() as connection:
            return incidents.events(connection, [incident_id])

    def act(self, incident_id: int, action: Action, *, now: datetime) -> Incident:
        with self._database.writing() as connection:
            return incidents.act(connection, incident_id, action, now)

    def unmute_due(self, *, now: datetime) -> tuple[Incident, ...]:
        with self._database.writing() as connection:
            return incidents.unmute_due(connection, now)

    def threads(self, incident_id: int) -> tuple[Thread, ...]:
        with self._database.reading() as connection:
            return threads.of_incident(connection, incident_id)

    def unannounced(self, *, limit: int = 100) -> tuple[ThreadNews, ...]:
        with self._database.reading() as connection:
            return tuple(_news(connection, thread) for thread in threads.behind(connection, limit))

    def announce(
        self, news: ThreadNews, messages: Sequence[Message], *, now: datetime, told_by: str | None = None
    ) -> bool:
        with self._database.writing() as connection:
            is_first = threads.mark_announced(
                connection, news.thread, last_event=news.last_event, is_told=bool(messages)
            )
            if is_first:
                outbox.drop_older_edits(connection, news.thread.id)
                outbox.put(connection, messages, now)
                if told_by is not None:
                    shown = [incident.id for incident in news.incidents]
                    threads.mark_told(connection, news.thread.id, shown, told_by)
            return is_first

    def responses(self, dataset: str, *, since: datetime) -> tuple[IncidentResponse, ...]:
        with self._database.reading() as connection:
            return responses.responses(connection, dataset, since)

    def heartbeat(self) -> Heartbeat | None:
        with self._database.reading() as connection:
            return watched.heartbeat(connection)

    def beat(self, heartbeat: Heartbeat) -> None:
        with self._database.writing() as connection:
            watched.beat(connection, heartbeat)

    def pin(self, baseline: Baseline) -> None:
        with self._database.writing() as connection:
            profiles.pin(connection, baseline)

    def unpin(self, dataset: str) -> bool:
        with self._database.writing() as connection:
            return profiles.unpin(connection, dataset)

    def baseline(self, dataset: str) -> Baseline | None:
        with self._database.reading() as connection:
            return next(iter(profiles.baselines(connection, dataset)), None)

    def baselines(self) -> tuple[Baseline, ...]:
        with self._database.reading() as connection:
            return profiles.baselines(connection)


def _news(connection: Connection, thread: Thread) -> ThreadNews:
    ids = threads.incident_ids(connection, thread.id)
    return ThreadNews(
        thread=thread,
        incidents=incidents.of_ids(connection, ids),
        events=incidents.events(connection, ids, after=thread.announced_event),
    )
