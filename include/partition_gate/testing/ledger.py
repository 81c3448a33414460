"""A ledger in memory that keeps the promises of the real one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from partition_gate.judging.attempt import (
    Attempt,
    AttemptState,
    Counts,
    Message,
    OutboxEntry,
    ProfiledPartition,
    PublishedPartition,
    Settlement,
    attempt_id,
)
from partition_gate.judging.disposition import VISIBLE, PartitionOutcome
from partition_gate.judging.profile import PartitionProfile
from partition_gate.judging.verdict import CheckOutcome, CheckResult
from partition_gate.partition import Partition

_FINAL = {*VISIBLE, PartitionOutcome.REJECTED, PartitionOutcome.HELD}
_ENDS = {
    PartitionOutcome.PUBLISHED: AttemptState.PUBLISHED,
    PartitionOutcome.PUBLISHED_WITH_QUARANTINE: AttemptState.PUBLISHED,
    PartitionOutcome.REJECTED: AttemptState.REJECTED,
    PartitionOutcome.HELD: AttemptState.HELD,
    PartitionOutcome.SUPERSEDED: AttemptState.SUPERSEDED,
    PartitionOutcome.ERRORED: AttemptState.FAILED,
}


class InMemoryLedger:
    """The `Ledger` port on dictionaries; for one thread."""

    def __init__(self) -> None:
        self.states: dict[str, AttemptState] = {}
        self._attempts: dict[str, Attempt] = {}
        self._fences: dict[tuple[str, str], int] = {}
        self._found: dict[str, tuple[tuple[CheckResult, ...], str, PartitionProfile | None]] = {}
        self._settlements: dict[str, Settlement] = {}
        self._latest: dict[tuple[str, str], str] = {}
        self._outbox: dict[str, OutboxEntry] = {}
        self._free_at: dict[str, datetime] = {}

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
        where = (partition.dataset, partition.key)
        fence = self._fences[where] = max(self._fences.get(where, 0), after_fence) + 1
        attempt = Attempt(
            id=attempt_id(partition.dataset, partition.key, fence),
            dataset=partition.dataset,
            partition_key=partition.key,
            contract=contract,
            version=version,
            idempotency_key=idempotency_key,
            fence=fence,
            started_at=now,
        )
        self._attempts[attempt.id], self.states[attempt.id] = attempt, AttemptState.CLAIMED
        return attempt

    def advance(self, attempt_id: str, state: AttemptState, *, now: datetime) -> None:  # noqa: ARG002 -- the port's
        if attempt_id in self.states and self.states[attempt_id] not in _ENDS.values():
            self.states[attempt_id] = state

    def record_validation(
        self,
        attempt_id: str,
        results: Sequence[CheckResult],
        *,
        document: str,
        profile: PartitionProfile | None = None,
    ) -> None:
        self._found.setdefault(attempt_id, (tuple(results), document, profile))

    def settle(self, settlement: Settlement, messages: Sequence[Message]) -> None:
        if settlement.attempt_id in self._settlements:
            return
        newest = self._newest(settlement)
        self._settlements[settlement.attempt_id] = settlement
        if newest is None or self._age(settlement) > self._age(newest):
            self._latest[settlement.dataset, settlement.partition_key] = settlement.attempt_id
        self.advance(settlement.attempt_id, _ENDS[settlement.outcome], now=settlement.settled_at)
        self._put(messages, settlement.settled_at)

    def record_missing(self, settlement: Settlement, messages: Sequence[Message]) -> None:
        newest = self._newest(settlement)
        if newest and newest.attempt_id == settlement.attempt_id:
            return
        self._settlements[settlement.attempt_id] = settlement
        self._latest[settlement.dataset, settlement.partition_key] = settlement.attempt_id
        if newest and newest.attempt_id in self._attempts:
            self._forget_sent(messages)
        self._put(messages, settlement.settled_at)

    def settled(self, idempotency_key: str) -> Settlement | None:
        same = [s for s in self._settlements.values() if s.idempotency_key == idempotency_key and s.outcome in _FINAL]
        return max(same, key=self._age, default=None)

    def settlement(self, attempt_id: str) -> Settlement | None:
        return self._settlements.get(attempt_id)

    def latest(self, dataset: str | None = None) -> tuple[Settlement, ...]:
        where = sorted(pair for pair in self._latest if dataset in (None, pair[0]))
        return tuple(self._settlements[self._latest[pair]] for pair in where)

    def published(
        self, dataset: str, keys: Sequence[str], *, rule_ids: Sequence[str]
    ) -> tuple[PublishedPartition, ...]:
        found = ((key, self._newest_visible(dataset, key)) for key in keys)
        return tuple(self._published(key, attempt_id, rule_ids) for key, attempt_id in found if attempt_id)

    def profiles(self, dataset: str, keys: Sequence[str]) -> tuple[ProfiledPartition, ...]:
        attempts = {key: self._newest_visible(dataset, key) for key in keys}
        found = {key: self._found[attempt][2] for key, attempt in attempts.items() if attempt in self._found}
        return tuple(ProfiledPartition(partition_key=key, profile=found[key]) for key in keys if found.get(key))

    def results(self, attempt_id: str) -> tuple[CheckResult, ...]:
        return self._found[attempt_id][0] if attempt_id in self._found else ()

    def document(self, attempt_id: str) -> str | None:
        return self._found[attempt_id][1] if attempt_id in self._found else None

    def unfinished(self) -> tuple[Attempt, ...]:
        running = [
            attempt
            for attempt in self._attempts.values()
            if self.states[attempt.id] not in _ENDS.values()
            and attempt.fence == self._fences[attempt.dataset, attempt.partition_key]
        ]
        return tuple(sorted(running, key=lambda attempt: (attempt.started_at, attempt.id)))

    def claim_message(self, *, now: datetime, lease: timedelta) -> OutboxEntry | None:
        for message_id, entry in self._outbox.items():
            if entry.state != "sent" and self._free_at.get(message_id, now) <= now:
                first_try_at = entry.first_try_at or now
                self._change(message_id, state="sending", tries=entry.tries + 1, first_try_at=first_try_at)
                self._free_at[message_id] = now + lease
                return entry
        return None

    def mark_sent(self, message_id: str, *, ts: str) -> None:
        self._change(message_id, state="sent", sent_ts=ts)

    def postpone(self, message_id: str, *, until: datetime, surely_unsent: bool) -> None:
        self._free_at[message_id] = until
        self._change(message_id, **({"state": "pending"} if surely_unsent else {}))

    def messages(self, attempt_id: str | None = None) -> tuple[OutboxEntry, ...]:
        entries = reversed(self._outbox.values())
        return tuple(entry for entry in entries if attempt_id in (None, entry.message.attempt_id))

    def _newest_visible(self, dataset: str, key: str) -> str | None:
        attempts = [a for a in self._attempts.values() if (a.dataset, a.partition_key) == (dataset, key)]
        ends = [self._settlements.get(one.id) for one in sorted(attempts, key=lambda one: one.fence)]
        visible = [one.attempt_id for one in ends if one is not None and one.outcome in VISIBLE]
        return visible[-1] if visible else None

    def _published(self, key: str, attempt_id: str, rule_ids: Sequence[str]) -> PublishedPartition:
        results = [result for result in self.results(attempt_id) if result.rule_id in rule_ids]
        passed = {result.rule_id: result.outcome is CheckOutcome.PASSED for result in results}
        counted = [r for r in results if (r.element_count, r.unexpected_count) != (None, None)]
        return PublishedPartition(
            partition_key=key,
            counts=tuple(
                Counts(rule_id=r.rule_id, element_count=r.element_count, unexpected_count=r.unexpected_count)
                for r in sorted(counted, key=lambda r: r.rule_id)
            ),
            kept=tuple(rule for rule, has_passed in passed.items() if has_passed),
            broken=tuple(rule for rule, has_passed in passed.items() if not has_passed),
        )

    def _newest(self, settlement: Settlement) -> Settlement | None:
        attempt_id = self._latest.get((settlement.dataset, settlement.partition_key))
        return self._settlements[attempt_id] if attempt_id else None

    def _age(self, settlement: Settlement) -> tuple[datetime, int]:
        attempt = self._attempts.get(settlement.attempt_id)
        return settlement.settled_at, attempt.fence if attempt else 0

    def _put(self, messages: Sequence[Message], now: datetime) -> None:
        for message in messages:
            waiting = OutboxEntry(
                message=message, state="pending", tries=0, first_try_at=None, sent_ts=None, created_at=now
            )
            self._outbox.setdefault(message.id, waiting)

    def _forget_sent(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if message.id in self._outbox and self._outbox[message.id].state == "sent":
                del self._outbox[message.id]
                self._free_at.pop(message.id, None)

    def _change(self, message_id: str, **values: object) -> None:
        entry = self._outbox.get(message_id)
        if entry and entry.state != "sent":
            self._outbox[message_id] = entry.model_copy(update=values)
