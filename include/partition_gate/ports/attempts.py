"""Attempts at partitions, each with a fence."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from partition_gate.judging.attempt import Attempt, AttemptState, Claim, Intent, UnfinishedAttempt
from partition_gate.judging.lineage import Inputs


class Attempts(Protocol):
    """Attempts at partitions, each with a fence. Every call is one transaction."""

    def fence(self, dataset: str, partition_key: str) -> int:
        """The fence of the partition's newest attempt; 0 if there was none."""

    def open_attempt(self, claim: Claim, *, idempotency_key: str, after_fence: int, now: datetime) -> Attempt | None:
        """A new attempt with the next fence (greater than `after_fence`), in state CLAIMED.

        None if another attempt was opened after `claim.seen_fence` was read: list landing again.
        """

    def record_inputs(self, inputs: Inputs) -> None:
        """Record what the attempt is about to judge. Idempotent: the first record of an attempt stays."""

    def inputs(self, attempt_id: str) -> Inputs | None:
        """What the attempt was about to judge; None if it judged nothing, or ran before this was recorded."""

    def advance(self, attempt_id: str, state: AttemptState, *, now: datetime) -> None: ...

    def hand_over(self, attempt_id: str) -> None:
        """Release the attempt to another process: it has no owner until a process intends to publish it (`intend`)."""

    def intend(self, attempt: Attempt, intent: Intent, *, now: datetime) -> bool:
        """Store what will be recorded once the attempt's rows are visible. The attempt is then PUBLISHING and belongs
        to `attempt.owner`.

        False if a newer attempt was opened: this one must not publish.
        """

    def intent(self, attempt_id: str) -> Intent | None:
        """What the attempt intends to record; None once it has ended."""

    def unfinished(self) -> tuple[UnfinishedAttempt, ...]:
        """Attempts that have not ended, oldest first; a few hundred at most."""

    def failed_commits(self, *, before: datetime) -> tuple[UnfinishedAttempt, ...]:
        """Attempts that FAILED while publishing, oldest first: before `before`, or with a newer attempt after them.

        Their staged rows may still be there, because storage may carry out a commit late. A few hundred at most.
        """
