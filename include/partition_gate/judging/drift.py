"""Whether the columns of a partition are distributed as in the pinned baseline. Pure; nothing is blocked by it.

The figure is the population stability index (PSI) over fixed bins. docs/reference/anomalies.md has the formulas, and
what was measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import starmap
from typing import Annotated

from pydantic import AwareDatetime, Field

from partition_gate.core.display import percentage
from partition_gate.core.record import Record
from partition_gate.judging.distribution import BinnedColumn, BinnedPartition, Bins

COMPARISON_FAILED = "baseline comparison"  # no column is named so, because their causes begin with `drift`
_CAUSE = "drift "
FEWEST_COMPARED = 50
_PSEUDO_COUNT = 0.5  # in each bin (Jeffreys), so that an empty bin of a small partition says little
DEVIATIONS = 3.0
_SHOWN_BINS = 2


class PinnedColumn(Record):
    """A column of the baseline: its rows over its bins, and how much the pinned partitions differ among themselves.

    `usual` is the mean of their PSI, each against the others, plus three standard deviations; 0 for one partition.
    """

    bins: Bins
    binned: BinnedColumn
    usual: float = 0.0

    @property
    def column(self) -> str:
        return self.binned.column


class LeftOut(Record):
    """A column that is not compared, and the reason."""

    column: str
    why: str


class Baseline(Record):
    """The distribution of a dataset's columns in the partitions that a person pinned; at most one per dataset.

    `keys` are the partitions, oldest first; `row_count` counts their published rows.
    """

    dataset: str
    keys: Annotated[tuple[str, ...], Field(min_length=1)]
    row_count: int
    who: str
    why: str
    at: AwareDatetime
    columns: tuple[PinnedColumn, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def label(self) -> str:
        """`2013-01-01..2013-01-31`, or the only key."""
        return self.keys[0] if len(self.keys) == 1 else f"{self.keys[0]}..{self.keys[-1]}"


class Shift(Record):
    """The share of the rows in one bin: in the baseline and in the partition (0..1)."""

    label: str
    before: float
    now: float


class Drift(Record):
    """A column whose distribution is far from that of the baseline. `shifts`: the bins that contribute most."""

    column: str
    baseline: str
    psi: float
    limit: float
    shifts: tuple[Shift, ...]

    @property
    def cause(self) -> str:
        """Its name in incidents: `drift carrier`."""
        return cause_of(self.column)

    @property
    def sentence(self) -> str:
        """`carrier has drifted from the baseline 2013-01-01..2013-01-31 (PSI 0.31, limit 0.27; AA 10% → 31%, …)`."""
        shifts = ", ".join(f"{shift.label} {' → '.join(_percents(shift.before, shift.now))}" for shift in self.shifts)
        figures = f"PSI {self.psi:.2f}, limit {self.limit:.2f}; {shifts}"
        return f"{self.column} has drifted from the baseline {self.baseline} ({figures})"


class DriftComparison(Record):
    """The columns that have drifted, in the baseline's order, and the causes of those that have not."""

    drifts: tuple[Drift, ...] = ()
    in_order: frozenset[str] = frozenset()


def cause_of(column: str) -> str:
    """The name of a column's drift in incidents."""
    return f"{_CAUSE}{column}"


def is_cause(cause: str) -> bool:
    """Whether an incident with this cause comes from the comparison with a baseline."""
    return cause == COMPARISON_FAILED or cause.startswith(_CAUSE)


def compared(
    baseline: Baseline, partition: BinnedPartition, *, columns: Sequence[PinnedColumn], threshold: float
) -> DriftComparison:
    """The partition's `columns`, counted over the bins of the baseline in the same order.

    A partition with fewer than 50 rows says nothing about its distribution.
    """
    found: list[Drift] = []
    in_order: set[str] = set()
    if partition.row_count < FEWEST_COMPARED:
        return DriftComparison()
    for column, now in zip(columns, partition.columns, strict=True):
        drift = measured(baseline, column, now, threshold=threshold)
        if drift.psi >= drift.limit:
            found.append(drift)
        else:
            in_order.add(drift.cause)
    return DriftComparison(drifts=tuple(found), in_order=frozenset(in_order))


def measured(baseline: Baseline, column: PinnedColumn, now: BinnedColumn, *, threshold: float) -> Drift:
    """The figure of one column, whether it has drifted or not."""
    before, after = shares(column.binned.all), shares(now.all)
    parts = list(starmap(_contribution, zip(before, after, strict=True)))
    largest = sorted(range(len(parts)), key=lambda number: (-parts[number], number))[:_SHOWN_BINS]
    return Drift(
        column=column.column,
        baseline=baseline.label,
        psi=sum(parts),
        limit=limit_of(column, now, threshold=threshold),
        shifts=tuple(_shift(number, column, now) for number in largest),
    )


def limit_of(column: PinnedColumn, now: BinnedColumn, *, threshold: float) -> float:
    """The PSI from which a column has drifted: the threshold or what is usual, plus the sampling error."""
    bins = sum(1 for rows in column.binned.all if rows)
    return max(threshold, column.usual) + noise(bins, sum(column.binned.all), sum(now.all))


def psi(before: Sequence[int], now: Sequence[int]) -> float:
    """The population stability index of two counts over the same bins: never negative, and 0 if they are equal."""
    return sum(starmap(_contribution, zip(shares(before), shares(now), strict=True)))


def shares(counts: Sequence[int]) -> list[float]:
    """The share of each bin, with half a row more in each, so that none is 0."""
    whole = sum(counts) + _PSEUDO_COUNT * len(counts)
    return [(count + _PSEUDO_COUNT) / whole for count in counts]


def noise(bins: int, before: int, now: int) -> float:
    """The PSI of two samples of the same distribution: its expectation plus three standard deviations.

    Source: Yurdakul, Statistical Properties of Population Stability Index (2018): PSI / (1/n + 1/m) is about
    chi-squared with bins - 1 degrees of freedom.
    """
    freedom = max(bins - 1, 1)
    return (freedom + DEVIATIONS * math.sqrt(2 * freedom)) * (1 / before + 1 / now)


def _contribution(before: float, now: float) -> float:
    return (now - before) * math.log(now / before)


def _shift(number: int, column: PinnedColumn, now: BinnedColumn) -> Shift:
    label = column.bins.label(number) if number < column.bins.count else "no value"
    before = column.binned.all
    return Shift(label=label, before=before[number] / sum(before), now=now.all[number] / sum(now.all))


def _percents(before: float, now: float) -> tuple[str, str]:
    """Whole percentages, with more digits if both would look the same."""
    whole = (_whole_percent(before), _whole_percent(now))
    return whole if whole[0] != whole[1] else (percentage(before), percentage(now))


def _whole_percent(share: float) -> str:
    return "<1%" if 0 < share < 0.01 else ">99%" if 0.99 < share < 1 else f"{share:.0%}"
