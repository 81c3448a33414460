"""Sums over the history of all datasets, for metrics."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from partition_gate.judging.totals import SettledTotal


class Totals(Protocol):
    """Sums over the history of all datasets. Every call is one transaction."""

    def settled_totals(
        self, *, since: datetime | None = None, before: datetime | None = None
    ) -> tuple[SettledTotal, ...]:
        """The attempts that were settled at or after `since` and before `before`, by dataset and outcome.

        With `since`, the cost depends on the attempts after it, not on the history.
        """
