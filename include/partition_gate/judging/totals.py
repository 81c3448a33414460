"""How many attempts of a dataset ended in which way: sums over history, without partitions. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from partition_gate.core.record import Record
from partition_gate.judging.disposition import PartitionOutcome


class SettledTotal(Record):
    """The attempts of a dataset that ended with one outcome, and their rows.

    `seconds` is the sum of the times between the beginning of an attempt and its settlement.
    """

    dataset: str
    outcome: PartitionOutcome
    attempts: int
    rows_published: int = 0
    rows_quarantined: int = 0
    seconds: float = 0.0


def summed(totals: Iterable[SettledTotal]) -> tuple[SettledTotal, ...]:
    """One total for each dataset and outcome, in this order."""
    sums: dict[tuple[str, str], SettledTotal] = {}
    for each in totals:
        own = (each.dataset, each.outcome.value)
        sums[own] = _added(sums[own], each) if own in sums else each
    return tuple(sums[own] for own in sorted(sums))


def _added(one: SettledTotal, other: SettledTotal) -> SettledTotal:
    return SettledTotal(
        dataset=one.dataset,
        outcome=one.outcome,
        attempts=one.attempts + other.attempts,
        rows_published=one.rows_published + other.rows_published,
        rows_quarantined=one.rows_quarantined + other.rows_quarantined,
        seconds=one.seconds + other.seconds,
    )
