"""What became of partitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from partition_gate.judging.attempt import Forgotten, Message, PublishedPartition, Settlement


class Outcomes(Protocol):
    """What became of partitions. Every call is one transaction."""

    def settle(self, settlement: Settlement, messages: Sequence[Message], *, is_finished: bool = True) -> None:
        """The attempt's end and, if it changes the partition's outcome, its messages, together; repeating it changes
        nothing.

        The outcome of a partition is that of its greatest fence; one that was superseded changes nothing. Not
        `is_finished`: something is still to be done (a view), so the attempt stays unfinished.
        """

    def outcome(self, dataset: str, partition_key: str) -> Settlement | None:
        """The partition's current outcome."""

    def forget(self, forgotten: Forgotten) -> None:
        """Remove the partition's current outcome and its unsent messages; who, when and why is kept."""

    def settlement(self, attempt_id: str) -> Settlement | None: ...

    def latest(self, dataset: str | None = None) -> tuple[Settlement, ...]:
        """The current outcome of each (dataset, partition), by dataset and key."""

    def visible(self, dataset: str) -> tuple[Settlement, ...]:
        """The newest settlement of each partition that made rows visible, by key; whatever became of it later."""

    def published(
        self, dataset: str, keys: Sequence[str], *, rule_ids: Sequence[str]
    ) -> tuple[PublishedPartition, ...]:
        """Those of the partitions that are visible, in the order of `keys`, with what became of these rules.

        All of it is of the newest attempt that became visible. What it costs follows the number of keys and
        of their attempts, not the history of the dataset.
        """
