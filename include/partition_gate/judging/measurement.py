"""What a promise over time says in figures: promised, observed, and the margin between the two. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from partition_gate.checks.counts import Bounds
from partition_gate.core.record import Record

Unit = Literal["seconds", "fraction", "rows", "bytes"]


class State(StrEnum):
    """Whether a promise was kept for a partition."""

    KEPT = "kept"
    BROKEN = "broken"
    NOT_JUDGED = "not_judged"


class Amount(Record):
    """An amount in `unit` (a fraction is 0..1) and the bounds that were promised for it; None is unbounded.

    `is_outside`: the promise is that the amount is not between the bounds. `observed` is None if there was nothing to
    measure, because the partition is missing.
    """

    kind: Literal["amount"] = "amount"
    unit: Unit
    at_least: float | None = None
    at_most: float | None = None
    is_outside: bool = False
    observed: float | None = None

    @property
    def margin(self) -> float | None:
        """How far the amount is on the right side of the nearest bound, in `unit`; negative on the wrong side."""
        if self.observed is None or (self.at_least is None and self.at_most is None):
            return None
        above = [] if self.at_least is None else [self.observed - self.at_least]
        below = [] if self.at_most is None else [self.at_most - self.observed]
        room = min(*above, *below, float("inf"))
        return -room if self.is_outside else room


class Moment(Record):
    """The moment by which something was promised, and when it happened; `observed` is None if it has not happened."""

    kind: Literal["moment"] = "moment"
    promised: AwareDatetime
    observed: AwareDatetime | None = None

    @property
    def unit(self) -> Literal["seconds"]:
        """The unit of the margin."""
        return "seconds"

    @property
    def margin(self) -> float | None:
        """How many seconds before the promised moment it happened; negative if later."""
        return None if self.observed is None else (self.promised - self.observed).total_seconds()


Figures = Annotated[Amount | Moment, Field(discriminator="kind")]


class Measurement(Record):
    """One promise and one partition.

    `sentence` is what the check's result shows, and for NOT_JUDGED the reason. `figures` are None if nothing can be
    measured, or if the result was recorded before figures were.
    """

    rule_id: str
    state: State
    sentence: str
    figures: Figures | None = None

    @property
    def margin(self) -> float | None:
        """The margin of the figures, in their unit."""
        return self.figures.margin if self.figures else None


Measurements = Mapping[str, Measurement]  # by rule id


def amount_within(bounds: Bounds, number: Fraction, unit: Unit) -> Amount:
    """The amount and the bounds of a count or, if the bounds are percentages, of a fraction."""
    scale = 100 if bounds.is_percent else 1
    low, high = (None if bound is None else float(Fraction(str(bound)) / scale) for bound in (bounds.low, bounds.high))
    return Amount(unit=unit, at_least=low, at_most=high, is_outside=bounds.negated, observed=float(number))
