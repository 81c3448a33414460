"""Which figures of a partition are unlike those of earlier, comparable partitions. Pure; nothing is blocked by it.

Median and MAD (Iglewicz and Hoaglin, 1993), because one bad day among the earlier ones must not hide the next.
docs/reference/anomalies.md has the formulas, and what was measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from statistics import median

from partition_gate.core.display import listed, percentage
from partition_gate.core.record import Record
from partition_gate.core.units import roughly
from partition_gate.judging.drift import Drift
from partition_gate.judging.profile import ColumnCounters, PartitionProfile

FEWEST_VALUES = 4
_MAD_OF_NORMAL = 1.4826  # makes the MAD of normally distributed values their standard deviation
_RELATIVE_FLOOR = 0.01
_SKETCH_ERROR = 0.0325 * math.sqrt(2)  # of the difference of two HyperLogLog estimates, relative
_ARRIVAL_FLOOR_SECONDS = 300.0  # the default quiet time of two minutes, and the wait between two looks at landing
_FEW_VALUES = 3.0
_RARE = 2
_DEVIATIONS_IN_RANGE = 6  # of about a thousand values with a bell-shaped distribution


class Metric(StrEnum):
    """A figure of a partition, or of one of its columns; shares are fractions (0..1), the arrival is in seconds."""

    ROWS = "rows"
    NULL_SHARE = "null share"
    DISTINCT_SHARE = "distinct share"
    MEAN = "mean"
    ARRIVAL = "arrival"


class Series(Record):
    """A metric of one column; `column` is None for rows and arrival."""

    metric: Metric
    column: str | None = None

    @property
    def cause(self) -> str:
        """Its name in incidents: `anomaly rows`, `anomaly dep_delay mean`."""
        return " ".join(("anomaly", *([self.column] if self.column else []), self.metric.value))


class Figures(Record):
    """What a partition is compared by. `arrival_seconds` counts from the end of its period; None: not measured."""

    profile: PartitionProfile
    arrival_seconds: float | None = None
    weeks_ago: int = 0


class Anomaly(Record):
    """A figure far from those of earlier, comparable partitions.

    `median`, `low` and `high` describe the `values` earlier figures, the oldest of them `weeks` weeks ago; `scale` is
    what z counts in. `like` names the comparable partitions (`Tuesdays`). `also`: columns of the same metric that are
    unusual as well.
    """

    metric: Metric
    column: str | None
    observed: float
    median: float
    low: float
    high: float
    scale: float
    values: int
    weeks: int
    z: float
    like: str
    also: tuple[str, ...] = ()

    @property
    def cause(self) -> str:
        """See `Series.cause`."""
        return Series(metric=self.metric, column=self.column).cause

    @property
    def sentence(self) -> str:
        """`412 rows; Tuesdays had 842 (780 to 915) in the last 9 weeks`."""
        shown, observed = _SHOWN[self.metric], _OBSERVED[self.metric]
        earlier = f"{self.like} had {shown(self.median)} ({shown(self.low)} to {shown(self.high)})"
        text = f"{observed(self)}; {earlier} in the last {self.weeks} week{'s' if self.weeks > 1 else ''}"
        if not self.also:
            return text
        return f"{text}; also {listed(self.also, 2)}"

    def limits(self, threshold: float) -> tuple[float, float]:
        """The lowest and the highest figure that is no anomaly; a count, a share or a time is never negative."""
        width = threshold * self.scale
        low, high = self.median - width, self.median + width
        if self.metric is Metric.MEAN:
            return low, high
        return max(low, 0.0), min(high, 1.0) if self.metric in _SHARES else high


class Comparison(Record):
    """The anomalies of a partition in table order, what has drifted, and the causes of the figures that are in order.

    `failure`: why the partition could not be compared with the pinned baseline; empty if it was, or there is none.
    """

    anomalies: tuple[Anomaly, ...] = ()
    drifts: tuple[Drift, ...] = ()
    in_order: frozenset[str] = frozenset()
    failure: str = ""


def compared(
    now: Figures, earlier: Sequence[Figures], *, like: str, threshold: float, without_mean: frozenset[str] = frozenset()
) -> Comparison:
    """The figures of a partition against those of earlier ones; `without_mean` are the classified columns.

    A figure with fewer than four earlier values is neither unusual nor in order. What follows from another anomaly is
    not told as well: distinct shares from the number of rows, the other figures of a column from its nulls. Of one
    metric, the first column is told and names the others.
    """
    found: dict[Series, Anomaly] = {}
    in_order: set[str] = set()
    before = [(past.weeks_ago, _figures(past, without_mean)) for past in earlier]
    for series, observed in _figures(now, without_mean).items():
        values = [(weeks, figures[series]) for weeks, figures in before if series in figures]
        anomaly = _measured(series, observed, values, like, now)
        if anomaly is not None and abs(anomaly.z) >= threshold and not _happened_before(anomaly, values):
            found[series] = anomaly
        elif anomaly is not None:
            in_order.add(series.cause)
    return Comparison(anomalies=tuple(_told(found)), in_order=frozenset(in_order))


def one_figure(
    cause: str, now: Figures, earlier: Sequence[Figures], *, like: str, without_mean: frozenset[str] = frozenset()
) -> Anomaly | None:
    """The figure with this cause, whether it is unusual or not; None if the partition has no such figure to compare."""
    before = [(past.weeks_ago, _figures(past, without_mean)) for past in earlier]
    for series, observed in _figures(now, without_mean).items():
        if series.cause == cause:
            return _measured(
                series, observed, [(weeks, values[series]) for weeks, values in before if series in values], like, now
            )
    return None


def _figures(partition: Figures, without_mean: frozenset[str]) -> dict[Series, float]:
    """Every figure that can be computed and is finite, in table order."""
    figures: dict[Series, float] = {Series(metric=Metric.ROWS): float(partition.profile.row_count)}
    if partition.arrival_seconds is not None:
        figures[Series(metric=Metric.ARRIVAL)] = partition.arrival_seconds
    for column in partition.profile.columns:
        for metric, value in _of_column(column, has_mean=column.column not in without_mean):
            if math.isfinite(value):
                figures[Series(metric=metric, column=column.column)] = value
    return figures


def _of_column(column: ColumnCounters, *, has_mean: bool) -> Iterator[tuple[Metric, float]]:
    if column.row_count:
        yield Metric.NULL_SHARE, column.null_count / column.row_count
    if column.distinct is not None and column.value_count:
        yield Metric.DISTINCT_SHARE, min(1.0, column.distinct.estimate() / column.value_count)
    # A column with one value in the whole partition (a year, a month) labels the partition and measures nothing.
    if has_mean and column.total is not None and column.value_count and column.minimum != column.maximum:
        yield Metric.MEAN, _ratio(column)


def _ratio(column: ColumnCounters) -> float:
    try:
        return float(Fraction(column.total or 0) / column.value_count)
    except OverflowError:
        return math.inf


def _measured(
    series: Series, observed: float, values: Sequence[tuple[int, float]], like: str, now: Figures
) -> Anomaly | None:
    """The figure and its z; None if too few earlier values are known, or they are too large to be compared."""
    earlier = [value for _, value in values]
    if len(earlier) < FEWEST_VALUES:
        return None
    middle = median(earlier)
    spread = _MAD_OF_NORMAL * median(abs(value - middle) for value in earlier)
    # The scale of few values is uncertain itself.
    scale = max(spread, _FLOORS[series.metric](middle, series, now)) * (1 + _FEW_VALUES / len(earlier))
    if not math.isfinite(scale) or not math.isfinite(observed - middle):
        return None
    return Anomaly(
        metric=series.metric,
        column=series.column,
        observed=observed,
        median=middle,
        low=min(earlier),
        high=max(earlier),
        scale=scale,
        values=len(earlier),
        weeks=max(weeks for weeks, _ in values),
        z=(observed - middle) / scale if scale else 0.0,
        like=like,
    )


def _happened_before(anomaly: Anomaly, values: Sequence[tuple[int, float]]) -> bool:
    """Whether two earlier values were at least as far on the same side: then it is rare, not unusual."""
    as_far = [value for _, value in values if (value - anomaly.observed) * anomaly.z >= 0]
    return len(as_far) >= _RARE


def _told(found: Mapping[Series, Anomaly]) -> Iterator[Anomaly]:
    """Without consequences; one anomaly for each metric, which names the other columns."""
    has_rows = Series(metric=Metric.ROWS) in found
    groups: dict[Metric, list[Anomaly]] = {}
    for series, anomaly in found.items():
        of_nulls = Series(metric=Metric.NULL_SHARE, column=series.column) in found
        follows = (series.metric is Metric.DISTINCT_SHARE and has_rows) or (series.metric in _OF_VALUES and of_nulls)
        if not follows:
            groups.setdefault(anomaly.metric, []).append(anomaly)
    for first, *others in groups.values():
        yield first.model_copy(update={"also": tuple(other.column for other in others if other.column)})


def _floor_of_rows(middle: float, _series: Series, _now: Figures) -> float:
    """The larger of 1 % and the sampling error of a count (Poisson)."""
    return max(_RELATIVE_FLOOR * middle, math.sqrt(middle))


def _floor_of_nulls(middle: float, series: Series, now: Figures) -> float:
    """The larger of 1 % and the sampling error of a share of so many rows, which is never 0 (Laplace)."""
    rows = _column(series, now).row_count
    probable = (middle * rows + 1) / (rows + 2)
    return max(_RELATIVE_FLOOR * middle, math.sqrt(probable * (1 - probable) / rows))


def _floor_of_distinct(middle: float, series: Series, now: Figures) -> float:
    """The larger of the error of two sketches and one value."""
    return max(_SKETCH_ERROR * middle, 1 / _column(series, now).value_count)


def _floor_of_mean(middle: float, series: Series, now: Figures) -> float:
    """The larger of 1 % and the sampling error of a mean, if the standard deviation is a sixth of the range."""
    column = _column(series, now)
    extremes = [float(value) for value in (column.minimum, column.maximum) if isinstance(value, int | float | Decimal)]
    deviation = (max(extremes) - min(extremes)) / _DEVIATIONS_IN_RANGE if extremes else 0.0
    return max(_RELATIVE_FLOOR * abs(middle), deviation / math.sqrt(column.value_count))


def _floor_of_arrival(middle: float, _series: Series, _now: Figures) -> float:
    return max(_RELATIVE_FLOOR * abs(middle), _ARRIVAL_FLOOR_SECONDS)


def _column(series: Series, now: Figures) -> ColumnCounters:
    return next(column for column in now.profile.columns if column.column == series.column)


_SHARES = frozenset({Metric.NULL_SHARE, Metric.DISTINCT_SHARE})
_OF_VALUES = frozenset({Metric.DISTINCT_SHARE, Metric.MEAN})
_FLOORS: dict[Metric, Callable[[float, Series, Figures], float]] = {
    Metric.ROWS: _floor_of_rows,
    Metric.NULL_SHARE: _floor_of_nulls,
    Metric.DISTINCT_SHARE: _floor_of_distinct,
    Metric.MEAN: _floor_of_mean,
    Metric.ARRIVAL: _floor_of_arrival,
}


def _number(mean: float) -> str:
    """Four digits, or every digit before the point."""
    return f"{mean:,.0f}" if 1000 <= abs(mean) < 1e15 else f"{mean:.4g}"


def _delay(seconds: float) -> str:
    return f"{roughly(timedelta(seconds=seconds))}{' before' if seconds < 0 else ''}"


_SHOWN: dict[Metric, Callable[[float], str]] = {
    Metric.ROWS: lambda rows: f"{rows:,.0f}",
    Metric.NULL_SHARE: percentage,
    Metric.DISTINCT_SHARE: percentage,
    Metric.MEAN: _number,
    Metric.ARRIVAL: _delay,
}
_OBSERVED: dict[Metric, Callable[[Anomaly], str]] = {
    Metric.ROWS: lambda found: f"{found.observed:,.0f} row{'s' if found.observed != 1 else ''}",
    Metric.NULL_SHARE: lambda found: f"{percentage(found.observed)} of {found.column} is null",
    Metric.DISTINCT_SHARE: lambda found: f"{percentage(found.observed)} of the values of {found.column} are distinct",
    Metric.MEAN: lambda found: f"the mean of {found.column} is {_number(found.observed)}",
    Metric.ARRIVAL: lambda found: (
        f"arrived {_delay(found.observed)}{'' if found.observed < 0 else ' after'} the end of the period"
    ),
}
