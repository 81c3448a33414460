"""Check results of attempts, with counters and column profiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from partition_gate.judging.attempt import ProfiledPartition
from partition_gate.judging.profile import PartitionProfile
from partition_gate.judging.verdict import CheckResult


class Results(Protocol):
    """Check results of attempts, with counters and column profiles. Every call is one transaction."""

    def record_validation(
        self,
        attempt_id: str,
        results: Sequence[CheckResult],
        *,
        document: str,
        profile: PartitionProfile | None = None,
    ) -> None:
        """Record check results with their counters, GX's result document and the column profile. Idempotent."""

    def results(self, attempt_id: str) -> tuple[CheckResult, ...]: ...

    def document(self, attempt_id: str) -> str | None: ...

    def profiles(self, dataset: str, keys: Sequence[str]) -> tuple[ProfiledPartition, ...]:
        """The visible ones among these partitions that have a profile, in the order of `keys`.

        The profile belongs to the newest attempt that became visible; an older attempt's profile never replaces a
        missing one. The cost depends on the number of keys and their attempts, not on the dataset's history.
        """
