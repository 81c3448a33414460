"""Check results of attempts, with counters, column profiles and measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from partition_gate.judging.attempt import CountedAttempt, MeasuredPartition, ProfiledPartition
from partition_gate.judging.measurement import Measurement
from partition_gate.judging.profile import PartitionProfile
from partition_gate.judging.verdict import CheckResult


class Results(Protocol):
    """Check results of attempts, with counters, column profiles and measurements. Every call is one transaction."""

    def record_validation(
        self,
        attempt_id: str,
        results: Sequence[CheckResult],
        *,
        document: str,
        profile: PartitionProfile | None = None,
        measurements: Sequence[Measurement] = (),
    ) -> None:
        """Record check results with their counters, GX's result document, the column profile and the measurements of
        promises over time. Idempotent.
        """

    def record_measurements(self, attempt_id: str, measurements: Sequence[Measurement]) -> None:
        """Record how the promises of a partition that was not validated were measured. Idempotent."""

    def results(self, attempt_id: str) -> tuple[CheckResult, ...]: ...

    def not_passed(self, attempt_ids: Sequence[str]) -> Mapping[str, tuple[CheckResult, ...]]:
        """The results other than passed of these attempts, by attempt and in suite order; without attempts that have
        none.
        """

    def document(self, attempt_id: str) -> str | None: ...

    def profiles(self, dataset: str, keys: Sequence[str]) -> tuple[ProfiledPartition, ...]:
        """The visible ones among these partitions that have a profile, in the order of `keys`.

        The profile belongs to the newest attempt that became visible; an older attempt's profile never replaces a
        missing one. The cost depends on the number of keys and their attempts, not on the dataset's history.
        """

    def counted(self, attempt_id: str) -> CountedAttempt | None:
        """The column profile and the measurements of one attempt, visible or not; None if it has no profile."""

    def measured(self, dataset: str, keys: Sequence[str]) -> tuple[MeasuredPartition, ...]:
        """Those of these partitions that have an outcome, in the order of `keys`, with their measurements by rule id.

        An outcome that was forgotten, and what was recorded before it, does not count. The cost depends on the number
        of keys and their attempts, not on the dataset's history.
        """
