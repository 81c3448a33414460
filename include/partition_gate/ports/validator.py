"""Judging rows, and splitting them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from partition_gate.checks.expectations import CompiledSuite
from partition_gate.judging.validation import PartitionScan, RowPredicate, Split, SplitLabels, Validation


class Validator(Protocol):
    """Judges a scan against a suite. Knows nothing of severity or disposition."""

    def validate(self, scan: PartitionScan, suite: CompiledSuite) -> Validation:
        """One observation a check, the row-level rules as predicates, and the columns' profile."""

    def split(self, scan: PartitionScan, *, blocking: Sequence[RowPredicate], labels: SplitLabels, into: Path) -> Split:
        """Rows that break no blocking predicate, and the others with all their reasons."""

    def reject(
        self, scan: PartitionScan, *, blocking: Sequence[RowPredicate], labels: SplitLabels, into: Path
    ) -> Split:
        """All rows quarantined, those that break a predicate with their reasons; unreadable files are left out."""
