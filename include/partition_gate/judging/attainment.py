"""How often a promise was kept over many partitions: attainment and error budget. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from operator import itemgetter

from pydantic import AwareDatetime

from partition_gate.core.record import Record
from partition_gate.judging.measurement import Measurement, State

DEFAULT_TARGET = 0.99


class Target(Record):
    """The fraction (0..1) of the partitions for which a promise must be kept.

    `is_default`: the contract states no target for the promise, so it is DEFAULT_TARGET.
    """

    fraction: float = DEFAULT_TARGET
    is_default: bool = True

    @property
    def words(self) -> str:
        """The target as a percentage: `99.5%`."""
        return f"{self.fraction * 100:.10g}%"

    @property
    def exact(self) -> Fraction:
        """The decimal number in the contract."""
        return Fraction(str(self.fraction))


class JudgedPartition(Record):
    """How one promise was kept for one partition. `ended_at`: the end of its period; None if its key names no date."""

    partition_key: str
    ended_at: AwareDatetime | None
    measurement: Measurement


class ErrorBudget(Record):
    """How many partitions may break a promise (`allowed`), and how many did (`used`)."""

    allowed: int
    used: int

    @property
    def left(self) -> int:
        """Negative if more partitions broke the promise than are allowed."""
        return self.allowed - self.used


class Attainment(Record):
    """Counts of partitions. UNKNOWN ones could not be judged: they are in no rate, but they are shown.

    attainment = kept / (kept + broken); allowed = floor((1 - target) x (kept + broken)).
    """

    target: Target
    kept: int
    broken: int
    unknown: int

    @property
    def judged(self) -> int:
        """The partitions that are known to have kept or broken the promise."""
        return self.kept + self.broken

    @property
    def fraction(self) -> float | None:
        """The fraction (0..1) of the judged partitions that kept the promise; None if none was judged."""
        return self.kept / self.judged if self.judged else None

    @property
    def is_met(self) -> bool:
        """Whether the target is reached, compared exactly; true if no partition was judged."""
        return self.kept >= self.target.exact * self.judged

    @property
    def budget(self) -> ErrorBudget:
        """The error budget of these partitions, in whole partitions."""
        return ErrorBudget(allowed=int((1 - self.target.exact) * self.judged), used=self.broken)


def attainment(partitions: Sequence[JudgedPartition], target: Target) -> Attainment:
    """The counts of the partitions for one promise."""
    states = [partition.measurement.state for partition in partitions]
    return Attainment(
        target=target,
        kept=states.count(State.KEPT),
        broken=states.count(State.BROKEN),
        unknown=states.count(State.NOT_JUDGED),
    )


def worst(partitions: Sequence[JudgedPartition]) -> JudgedPartition | None:
    """The first partition that broke the promise because nothing came; without one, that with the smallest margin.

    None if no partition has a margin.
    """
    absent = (each for each in partitions if _never_came(each.measurement))
    margins = [(margin, each) for each in partitions if (margin := each.measurement.margin) is not None]
    return next(absent, None) or min(margins, key=itemgetter(0), default=(0.0, None))[1]


def _never_came(measurement: Measurement) -> bool:
    """Whether the promise was broken although nothing was observed; not known if it was recorded without figures."""
    return measurement.state is State.BROKEN and measurement.figures is not None and measurement.margin is None
