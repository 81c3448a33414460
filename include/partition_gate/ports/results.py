"""What the checks of an attempt found, with counters and profiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from partition_gate.judging.attempt import ProfiledPartition
from partition_gate.judging.profile import PartitionProfile
from partition_gate.judging.verdict import CheckResult


class Results(Protocol):
    """What the checks of an attempt found, with counters and profiles. Every call is one transaction."""

    def record_validation(
        self,
        attempt_id: str,
        results: Sequence[CheckResult],
        *,
        document: str,
        profile: PartitionProfile | None = None,
    ) -> None:
        """Check results, their counters, GX's result document and the columns' counters; repeating changes nothing."""

    def results(self, attempt_id: str) -> tuple[CheckResult, ...]: ...

    def document(self, attempt_id: str) -> str | None: ...

    def profiles(self, dataset: str, keys: Sequence[str]) -> tuple[ProfiledPartition, ...]:
        """Those of the partitions that are visible and have a profile, in the order of `keys`.

        The profile is of the newest attempt that became visible; where that one has none, an older one's is not
        given. What it costs follows the number of keys and of their attempts, not the history of the dataset.
        """
