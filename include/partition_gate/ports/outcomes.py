"""The outcomes of partitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from partition_gate.core.units import Month
from partition_gate.incidents.model import Assessment
from partition_gate.judging.attempt import Forgotten, HeldDecision, PublishedPartition, RecordedOutcome, Settlement


class Outcomes(Protocol):
    """The outcomes of partitions. Every call is one transaction."""

    def settle(self, settlement: Settlement, assessment: Assessment | None = None, *, is_finished: bool = True) -> None:
        """Record how the attempt ended and, if it is the partition's outcome, what that does to incidents. Idempotent.

        A partition's outcome is that of the attempt with the greatest fence; a superseded attempt does not change it.
        `is_finished=False` leaves the attempt unfinished, because work remains (refreshing a view).
        """

    def outcome(self, dataset: str, partition_key: str) -> Settlement | None:
        """The partition's current outcome."""

    def forget(self, forgotten: Forgotten) -> None:
        """Remove the partition's current outcome, also from its incidents; who did it, when and why is recorded."""

    def decide(self, decision: HeldDecision) -> None:
        """Record a person's decision about a held version; a later one replaces it."""

    def decision(self, dataset: str, partition_key: str, idempotency_key: str) -> HeldDecision | None:
        """The decision about exactly this version."""

    def settlement(self, attempt_id: str) -> Settlement | None: ...

    def settlements(self, dataset: str, partition_key: str) -> tuple[Settlement, ...]:
        """How every attempt of a partition ended, the newest last."""

    def settled_in(self, dataset: str, month: Month) -> tuple[Settlement, ...]:
        """How the attempts of a dataset ended that were settled in a month (UTC), the newest last.

        The cost does not depend on the dataset's history.
        """

    def beside(self, dataset: str, partition_key: str) -> tuple[str | None, str | None]:
        """The keys before and after this one, in text order, of partitions that have an outcome."""

    def latest(self, dataset: str | None = None) -> tuple[Settlement, ...]:
        """The current outcome of each (dataset, partition), by dataset and key."""

    def current(self, dataset: str, keys: Sequence[str]) -> tuple[Settlement, ...]:
        """The current outcomes of these partitions, by key; without those that have none.

        The cost depends on the number of keys, not on the dataset's history.
        """

    def recorded_keys(self, dataset: str, *, limit: int | None = None, up_to: str | None = None) -> tuple[str, ...]:
        """The keys of the partitions that have an outcome, in text order: all, or the last `limit` up to `up_to`.

        With a limit, the cost does not depend on the dataset's history.
        """

    def visible(self, dataset: str) -> tuple[Settlement, ...]:
        """Per partition, by key: the newest settlement that made rows visible, whatever happened later."""

    def outcomes(self, dataset: str, keys: Sequence[str]) -> tuple[RecordedOutcome, ...]:
        """The current outcomes of these partitions, in the order of `keys`; without those that have none.

        The cost depends on the number of keys and their attempts, not on the dataset's history.
        """

    def published(
        self, dataset: str, keys: Sequence[str], *, rule_ids: Sequence[str]
    ) -> tuple[PublishedPartition, ...]:
        """The visible ones among these partitions, in the order of `keys`, with the results of these rules.

        Everything comes from the newest attempt that became visible. The cost depends on the number of keys and their
        attempts, not on the dataset's history.
        """
