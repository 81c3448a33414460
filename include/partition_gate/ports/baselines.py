"""Baselines that people pinned."""

from __future__ import annotations

from typing import Protocol

from partition_gate.judging.drift import Baseline


class Baselines(Protocol):
    """The distributions that later partitions of a dataset are compared with. Every call is one transaction."""

    def pin(self, baseline: Baseline) -> None:
        """Store a dataset's baseline; it replaces an earlier one."""

    def unpin(self, dataset: str) -> bool:
        """Remove a dataset's baseline; whether there was one."""

    def baseline(self, dataset: str) -> Baseline | None:
        """The baseline of a dataset, None if it has none: one lookup, whatever is recorded."""

    def baselines(self) -> tuple[Baseline, ...]:
        """All baselines, by dataset."""
