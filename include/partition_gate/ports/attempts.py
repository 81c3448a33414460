"""Attempts at partitions, each with a fence."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from partition_gate.judging.attempt import Attempt, AttemptState, Claim, Intent, UnfinishedAttempt


class Attempts(Protocol):
    """Attempts at partitions, each with a fence. Every call is one transaction."""

    def fence(self, dataset: str, partition_key: str) -> int:
        """The fence of the partition's newest attempt; 0 where there was none."""

    def open_attempt(self, claim: Claim, *, idempotency_key: str, after_fence: int, now: datetime) -> Attempt | None:
        """A new attempt with the next fence (greater than `after_fence`), in state CLAIMED.

        None where another attempt was opened since `claim.seen_fence` was read: list landing again.
        """

    def advance(self, attempt_id: str, state: AttemptState, *, now: datetime) -> None: ...

    def hand_over(self, attempt_id: str) -> None:
        """The attempt waits for another process: until one means to publish it (`intend`), it has no owner."""

    def intend(self, attempt: Attempt, intent: Intent, *, now: datetime) -> bool:
        """Keep what will be recorded once the attempt's rows are visible; the attempt is then PUBLISHING, and its
        owner's.

        False where a newer attempt was opened: this one must not publish.
        """

    def intent(self, attempt_id: str) -> Intent | None:
        """What the attempt meant to record, until it has ended."""

    def unfinished(self) -> tuple[UnfinishedAttempt, ...]:
        """Attempts that have not ended, oldest first; a few hundred at most."""

    def failed_commits(self, *, before: datetime) -> tuple[UnfinishedAttempt, ...]:
        """Attempts that FAILED when they meant to publish, oldest first: since `before`, or followed by a newer one.

        Their rows may still wait for a commit that storage carries out later. A few hundred at most.
        """
