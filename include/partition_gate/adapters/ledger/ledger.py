"""The ledger in a SQL database: SQLite for one machine, PostgreSQL for many."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from partition_gate.adapters.ledger import attempts, findings, outbox, profiles, published, settlements
from partition_gate.adapters.ledger.database import Database
from partition_gate.adapters.ledger.migrate import migrate
from partition_gate.judging.attempt import (
    Attempt,
    AttemptState,
    Message,
    OutboxEntry,
    ProfiledPartition,
    PublishedPartition,
    Settlement,
    attempt_id,
)
from partition_gate.judging.profile import PartitionProfile
from partition_gate.judging.verdict import CheckResult
from partition_gate.partition import Partition

__all__ = ["SqlLedger", "migrate"]


class SqlLedger:
    """The `Ledger` port on a database that `migrate(url)` prepared. Connects on first use; safe for threads.

    Every call is one transaction and raises OperatorError where the database does not answer. What the port leaves
    open: an attempt's first settlement stands; an attempt that ended does not advance.
    """

    def __init__(self, url: str) -> None:
        self._database = Database(url)

    def close(self) -> None:
        """Give the connections back."""
        self._database.close()

    def open_attempt(
        self,
        partition: Partition,
        *,
        contract: str,
        version: str,
        idempotency_key: str,
        after_fence: int,
        now: datetime,
    ) -> Attempt:
        dataset, key = partition.dataset, partition.key
        with self._database.writing() as connection:
            fence = attempts.next_fence(connection, dataset, key, after=after_fence)
            attempt = Attempt(
                id=attempt_id(dataset, key, fence),
                dataset=dataset,
                partition_key=key,
                contract=contract,
                version=version,
                idempotency_key=idempotency_key,
                fence=fence,
                started_at=now,
            )
            attempts.insert(connection, attempt)
        return attempt

    def advance(self, attempt_id: str, state: AttemptState, *, now: datetime) -> None:
        with self._database.writing() as connection:
            attempts.advance(connection, attempt_id, state, now)

    def record_validation(
        self,
        attempt_id: str,
        results: Sequence[CheckResult],
        *,
        document: str,
        profile: PartitionProfile | None = None,
    ) -> None:
        with self._database.writing() as connection:
            is_first = findings.record(connection, attempt_id, results, document)
            if is_first and profile is not None:
                profiles.record(connection, attempt_id, profile)

    def settle(self, settlement: Settlement, messages: Sequence[Message]) -> None:
        with self._database.writing() as connection:
            attempts.take_turns(connection, settlement.dataset, settlement.partition_key)
            if settlements.insert(connection, settlement):
                end = settlements.END_OF[settlement.outcome]
                attempts.advance(connection, settlement.attempt_id, end, settlement.settled_at)
                outbox.put(connection, messages, settlement.settled_at)

    def record_missing(self, settlement: Settlement, messages: Sequence[Message]) -> None:
        """As the port says. What happens again after a judged attempt is a new event: it is told once more."""
        with self._database.writing() as connection:
            attempts.take_turns(connection, settlement.dataset, settlement.partition_key)
            before = settlements.newest_id(connection, settlement)
            if settlements.insert_unjudged(connection, settlement):
                was_judged = before is not None and attempts.fence_of(connection, before) > 0
                put = outbox.put_again if was_judged else outbox.put
                put(connection, messages, settlement.settled_at)

    def settled(self, idempotency_key: str) -> Settlement | None:
        with self._database.reading() as connection:
            return settlements.of_key(connection, idempotency_key)

    def settlement(self, attempt_id: str) -> Settlement | None:
        with self._database.reading() as connection:
            return settlements.of_attempt(connection, attempt_id)

    def latest(self, dataset: str | None = None) -> tuple[Settlement, ...]:
        with self._database.reading() as connection:
            return settlements.newest(connection, dataset)

    def published(
        self, dataset: str, keys: Sequence[str], *, rule_ids: Sequence[str]
    ) -> tuple[PublishedPartition, ...]:
        with self._database.reading() as connection:
            return published.published(connection, dataset, keys, rule_ids)

    def profiles(self, dataset: str, keys: Sequence[str]) -> tuple[ProfiledPartition, ...]:
        with self._database.reading() as connection:
            return profiles.profiles(connection, dataset, keys)

    def results(self, attempt_id: str) -> tuple[CheckResult, ...]:
        with self._database.reading() as connection:
            return findings.results(connection, attempt_id)

    def document(self, attempt_id: str) -> str | None:
        with self._database.reading() as connection:
            return findings.document(connection, attempt_id)

    def unfinished(self) -> tuple[Attempt, ...]:
        with self._database.reading() as connection:
            return attempts.unfinished(connection)

    def claim_message(self, *, now: datetime, lease: timedelta) -> OutboxEntry | None:
        with self._database.writing() as connection:
            return outbox.claim(connection, now, lease)

    def mark_sent(self, message_id: str, *, ts: str) -> None:
        with self._database.writing() as connection:
            outbox.mark_sent(connection, message_id, ts)

    def postpone(self, message_id: str, *, until: datetime, surely_unsent: bool) -> None:
        with self._database.writing() as connection:
            outbox.postpone(connection, message_id, until, surely_unsent=surely_unsent)

    def messages(self, attempt_id: str | None = None) -> tuple[OutboxEntry, ...]:
        with self._database.reading() as connection:
            return outbox.entries(connection, attempt_id)
