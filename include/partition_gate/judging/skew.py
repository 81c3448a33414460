"""How much the same columns differ between two sides, such as training and serving data. Pure.

Figures are those of TensorFlow Data Validation: the L-infinity distance for texts, the Jensen-Shannon divergence for
numbers. docs/reference/compare.md has the formulas.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import starmap

from partition_gate.core.display import counted, listed, percentage
from partition_gate.core.record import Record
from partition_gate.judging.distribution import ColumnKind
from partition_gate.judging.drift import DEVIATIONS, noise

FEWEST_COMPARED = 50
_NAMED_VALUES = 3
# The Jensen-Shannon divergence of two similar distributions, in bits, is about PSI / (8 ln 2).
_PSI_IN_BITS = 8 * math.log(2)


class Measure(StrEnum):
    """How the distance of two distributions is measured; both are 0 (equal) to 1 (nothing in common)."""

    L_INFINITY = "l_infinity"
    JENSEN_SHANNON = "jensen_shannon"


class ColumnCounts(Record):
    """A column on one side: its rows, those without a value, and the rows in each bin."""

    row_count: int
    nulls: int
    counts: tuple[int, ...] = ()


class ColumnSides(Record):
    """A column on both sides, counted over the same bins.

    `labels` name the bins, and are empty if the column is classified. `are_values`: each bin is one value. `why_not`
    says why there are no bins.
    """

    column: str
    kind: ColumnKind | None
    labels: tuple[str, ...] = ()
    are_values: bool = False
    a: ColumnCounts
    b: ColumnCounts
    why_not: str = ""


class OneSided(Record):
    """Values that only one side has: how many, the share of its rows with a value (0..1), and the first of them.

    `values` is empty if the column is classified.
    """

    count: int = 0
    share: float = 0.0
    values: tuple[str, ...] = ()


class ColumnSkew(Record):
    """The figures of one column, and one sentence for each that is above its limit.

    `distance` is the one of the two figures that `measure` names; None if the distributions were not compared, which
    `why_not` explains. Shares are 0..1. Limits are the threshold plus the sampling error.
    """

    column: str
    measure: Measure | None = None
    distance: float | None = None
    limit: float | None = None
    l_infinity: float | None = None
    jensen_shannon: float | None = None
    null_share_a: float
    null_share_b: float
    null_limit: float
    only_in_a: OneSided = OneSided()
    only_in_b: OneSided = OneSided()
    reasons: tuple[str, ...] = ()
    why_not: str = ""

    @property
    def excess(self) -> float:
        """How far its worst figure is above (or below) its limit."""
        nulls = abs(self.null_share_a - self.null_share_b) - self.null_limit
        return nulls if self.distance is None or self.limit is None else max(nulls, self.distance - self.limit)


class SchemaDifference(Record):
    """A column that only one side has, or that has two types. `is_expected`: the contract excepts the environment."""

    column: str
    sentence: str
    is_expected: bool = False


class SideRows(Record):
    """One side: what was named, and its published rows. Keys are the first and the last of its partitions."""

    label: str
    contract: str
    version: str
    environment: str
    partition_count: int
    first_key: str
    last_key: str
    row_count: int


class Skew(Record):
    """How two sides differ; the columns that both have worst first."""

    a: SideRows
    b: SideRows
    threshold: float
    schema_differences: tuple[SchemaDifference, ...] = ()
    columns: tuple[ColumnSkew, ...] = ()

    @property
    def differing(self) -> int:
        """The number of columns that differ: in the schema, or by more than the limit."""
        return sum(not each.is_expected for each in self.schema_differences) + sum(
            bool(each.reasons) for each in self.columns
        )


def worst_first(columns: Iterable[ColumnSkew]) -> tuple[ColumnSkew, ...]:
    """The columns by how far they are above their limit; those without a distribution after those with one."""
    return tuple(sorted(columns, key=lambda each: (-each.excess, each.column)))


def skew_of(sides: ColumnSides, *, threshold: float) -> ColumnSkew:
    """The figures of a column that both sides have."""
    a, b = sides.a, sides.b
    nulls = (_share(a.nulls, a.row_count), _share(b.nulls, b.row_count))
    null_limit = threshold + _error_of_share(a.nulls + b.nulls, a.row_count, b.row_count)
    found = ColumnSkew(
        column=sides.column,
        null_share_a=nulls[0],
        null_share_b=nulls[1],
        null_limit=null_limit,
        why_not=_why_not(sides),
    )
    told = list(_null_reason(sides.column, nulls, null_limit))
    if not found.why_not:
        found = _with_distance(found, sides, threshold)
        told += _reasons(found, sides)
    return found.model_copy(update={"reasons": tuple(told)})


def l_infinity(a: Sequence[int], b: Sequence[int]) -> float:
    """The largest difference of two shares of one bin; 0 to 1."""
    return max(map(abs, _differences(a, b)), default=0.0)


def jensen_shannon(a: Sequence[int], b: Sequence[int]) -> float:
    """The Jensen-Shannon divergence of two counts over the same bins, in bits: 0 to 1, and symmetric."""
    return sum(starmap(_divergence, zip(_shares(a), _shares(b), strict=True)))


def _why_not(sides: ColumnSides) -> str:
    """Why the distributions cannot be compared; empty if they can."""
    if sides.why_not:
        return sides.why_not
    fewest = min(sum(sides.a.counts), sum(sides.b.counts))
    return f"{counted(fewest, 'value')} on one side, fewer than {FEWEST_COMPARED}" if fewest < FEWEST_COMPARED else ""


def _with_distance(found: ColumnSkew, sides: ColumnSides, threshold: float) -> ColumnSkew:
    a, b = sides.a.counts, sides.b.counts
    measure = Measure.L_INFINITY if sides.kind is ColumnKind.TEXT else Measure.JENSEN_SHANNON
    figures = {Measure.L_INFINITY: l_infinity(a, b), Measure.JENSEN_SHANNON: jensen_shannon(a, b)}
    return found.model_copy(
        update={
            **{each.value: figure for each, figure in figures.items()},
            "measure": measure,
            "distance": figures[measure],
            "limit": threshold + _sampling_error(measure, a, b),
            "only_in_a": _one_sided(sides, a, b),
            "only_in_b": _one_sided(sides, b, a),
        }
    )


def _sampling_error(measure: Measure, a: Sequence[int], b: Sequence[int]) -> float:
    """What two samples of one distribution may differ by: three standard deviations."""
    if measure is Measure.L_INFINITY:
        widest = _widest(a, b)
        return _error_of_share(a[widest] + b[widest], sum(a), sum(b))
    bins = sum(1 for mine, theirs in zip(a, b, strict=True) if mine or theirs)
    return noise(bins, sum(a), sum(b)) / _PSI_IN_BITS


def _error_of_share(rows: int, a: int, b: int) -> float:
    """Three standard deviations of the difference of one share between two samples."""
    if not a or not b:
        return 0.0
    pooled = rows / (a + b)
    return DEVIATIONS * math.sqrt(pooled * (1 - pooled) * (1 / a + 1 / b))


def _null_reason(column: str, nulls: tuple[float, float], limit: float) -> Iterator[str]:
    if abs(nulls[0] - nulls[1]) > limit:
        yield f"{column}: no value in {percentage(nulls[0])} of A and {percentage(nulls[1])} of B"


def _reasons(found: ColumnSkew, sides: ColumnSides) -> Iterator[str]:
    if found.distance is None or found.limit is None or found.distance <= found.limit:
        return
    name = "L-infinity" if found.measure is Measure.L_INFINITY else "Jensen-Shannon"
    figures = f"{name} {found.distance:.2f}, limit {found.limit:.2f}"
    number = _widest(sides.a.counts, sides.b.counts)
    shares = [percentage(_shares(side.counts)[number]) for side in (sides.a, sides.b)]
    what = sides.labels[number] if sides.labels else "one value" if sides.are_values else "one range of values"
    yield f"{found.column}: {what} is {shares[0]} of A and {shares[1]} of B ({figures})"
    for side, only in (("A", found.only_in_a), ("B", found.only_in_b)):
        if only.count:
            named = f": {listed(only.values, only.count)}" if len(only.values) == only.count else ""
            some = f", such as {', '.join(only.values)}" if only.values and not named else ""
            what = f"{counted(only.count, 'value')} ({percentage(only.share)} of its rows)"
            yield f"{found.column}: only {side} has {what}{named}{some}"


def _one_sided(sides: ColumnSides, own: Sequence[int], other: Sequence[int]) -> OneSided:
    """The values that `own` has and `other` has not, most frequent first."""
    if not sides.are_values:
        return OneSided()
    found = sorted(
        (number for number, rows in enumerate(own) if rows and not other[number]), key=lambda each: -own[each]
    )
    named = found[:_NAMED_VALUES] if sides.labels else []
    return OneSided(
        count=len(found),
        share=_share(sum(own[number] for number in found), sum(own)),
        values=tuple(sides.labels[number] for number in named),
    )


def _widest(a: Sequence[int], b: Sequence[int]) -> int:
    """The bin whose shares differ most."""
    differences = _differences(a, b)
    return max(range(len(differences)), key=lambda number: abs(differences[number]))


def _differences(a: Sequence[int], b: Sequence[int]) -> list[float]:
    return [mine - theirs for mine, theirs in zip(_shares(a), _shares(b), strict=True)]


def _shares(counts: Sequence[int]) -> list[float]:
    whole = sum(counts)
    return [_share(count, whole) for count in counts]


def _share(count: int, whole: int) -> float:
    return count / whole if whole else 0.0


def _divergence(a: float, b: float) -> float:
    """The contribution of one bin."""
    middle = (a + b) / 2
    return sum(share / 2 * math.log2(share / middle) for share in (a, b) if share)
