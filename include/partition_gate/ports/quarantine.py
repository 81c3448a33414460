"""What happened to quarantined rows after their attempt was settled."""

from __future__ import annotations

from typing import Protocol

from partition_gate.judging.attempt import Attempt
from partition_gate.judging.replay import Discard, Replay


class QuarantineRecords(Protocol):
    """Replays and discards; both are only ever added. Every call is one transaction."""

    def attempt(self, attempt_id: str) -> Attempt | None:
        """The attempt as it was opened, with its newest owner."""

    def record_replay(self, replay: Replay) -> None:
        """Record what the attempt is made from. Idempotent: the first record of an attempt stays."""

    def replay(self, attempt_id: str) -> Replay | None:
        """What the attempt is made from; None if it judged landed files."""

    def discard_rows(self, discard: Discard, *, seen_fence: int) -> bool:
        """Record a discard, and count its rows as discarded in the attempt's settlement.

        False, and nothing is recorded, if an attempt was opened since `seen_fence` was read, or if the attempt already
        has a discard of this number: read the rows again.
        """

    def discards(self, attempt_id: str) -> tuple[Discard, ...]:
        """The discards of an attempt, oldest first."""
