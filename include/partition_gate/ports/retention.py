"""What the ledger knows about removal by age."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from partition_gate.judging.attempt import Settlement
from partition_gate.judging.retention import Mark, PublishedRemoval, QuarantineRemoval, Subject


class Retention(Protocol):
    """Attempts by age, and what was removed of them. Every call is one transaction."""

    def aged(
        self, before: datetime, *, after: Mark | None, limit: int, in_quarantine: bool = False
    ) -> tuple[Settlement, ...]:
        """How attempts ended that were settled before a moment, oldest first; the first `limit` after a mark.

        `in_quarantine`: only those with a quarantine folder. The cost depends on `limit`, not on the history.
        """

    def retention_mark(self, subject: Subject) -> Mark | None:
        """How far removal has come; None if it has not begun, or begins again."""

    def mark_retention(self, subject: Subject, mark: Mark | None) -> None:
        """Record how far removal has come."""

    def details(self, attempt_ids: Sequence[str]) -> Mapping[str, int]:
        """The size in bytes of the recorded documents of these attempts; without attempts that have none."""

    def remove_details(self, attempt_ids: Sequence[str]) -> None:
        """Remove results, counters, profiles, measurements and inputs of these attempts; how they ended stays.

        Idempotent.
        """

    def remove_quarantine(self, removal: QuarantineRemoval) -> None:
        """Record that the folder of an attempt's quarantined rows was removed: its settlement no longer names it.

        Idempotent: the first record of an attempt stays.
        """

    def quarantine_removal(self, attempt_id: str) -> QuarantineRemoval | None:
        """The removal of the attempt's quarantined rows; None if they were never removed by age."""

    def remove_published(self, removal: PublishedRemoval) -> None:
        """Record that a visible version was removed from its table; the reason becomes one of its settlement.

        Idempotent: the first record of an attempt stays.
        """

    def published_removals(self, dataset: str) -> Mapping[str, PublishedRemoval]:
        """The removed versions of a dataset, by attempt."""
