"""Judging and splitting rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from partition_gate.checks.expectations import CompiledSuite
from partition_gate.judging.validation import PartitionScan, RowPredicate, Split, SplitLabels, Validation


class Validator(Protocol):
    """Judges a scan against a suite. Knows nothing of severity or disposition."""

    def validate(self, scan: PartitionScan, suite: CompiledSuite) -> Validation:
        """One observation per check, the row-level rules as predicates, and the column profile."""

    def split(self, scan: PartitionScan, *, blocking: Sequence[RowPredicate], labels: SplitLabels, into: Path) -> Split:
        """Separate the rows that break no blocking predicate from the others, which get all their reasons."""

    def reject(
        self, scan: PartitionScan, *, blocking: Sequence[RowPredicate], labels: SplitLabels, into: Path
    ) -> Split:
        """Quarantine every row; those that break a predicate get their reasons. Unreadable files are left out."""
