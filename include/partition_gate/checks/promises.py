"""Promises over time: what is held against more than one partition, or against the clock, and never blocks one."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Annotated, Literal

from pydantic import Field

from partition_gate.checks.counts import Bounds
from partition_gate.core.record import Record

# Every partition of a window is looked up when one of them is judged.
LONGEST_WINDOW = timedelta(days=366)


class OverWindow(Record):
    """A count of rows, summed over the partitions of the time span that ends with the one under judgement.

    `counts` is the number of an attempt's counters that is held against the bounds.
    """

    kind: Literal["over_window"] = "over_window"
    span: timedelta
    counts: Literal["element_count", "unexpected_count"]
    bounds: Bounds


class Element(Record):
    """A column that says when something happened. `zone` is of values without one: UTC, and the contract's of dates."""

    column: str
    zone: str


class ArrivedWithin(Record):
    """The newest file landed within the span after the partition's period ended."""

    kind: Literal["arrived_within"] = "arrived_within"
    span: timedelta


class TrailsWithin(Record):
    """The newest file landed within the span after the newest moment that the rows tell of."""

    kind: Literal["trails_within"] = "trails_within"
    span: timedelta
    element: Element


class PublishedBy(Record):
    """Published before a clock first shows this time after the period ended; the contract's clock if it has no zone."""

    kind: Literal["published_by"] = "published_by"
    clock: time


class FreshWithin(Record):
    """The newest moment that the rows tell of is not older than the span, when the partition is published."""

    kind: Literal["fresh_within"] = "fresh_within"
    span: timedelta
    element: Element


class NotOlderThan(Record):
    """The oldest moment that the rows tell of, or else the end of the period, is not older than the span."""

    kind: Literal["not_older_than"] = "not_older_than"
    span: timedelta
    element: Element | None = None


class Attained(Record):
    """The share of the span's expected partitions that were published in time (every promise about that was kept)."""

    kind: Literal["attained"] = "attained"
    span: timedelta
    target: Bounds


class Volume(Record):
    """How many rows or bytes a partition has."""

    kind: Literal["volume"] = "volume"
    unit: Literal["rows", "bytes"]
    bounds: Bounds


class SupportedUntil(Record):
    """The day from which on nobody supports the data any more."""

    kind: Literal["supported_until"] = "supported_until"
    day: date


Promise = Annotated[
    OverWindow
    | ArrivedWithin
    | TrailsWithin
    | PublishedBy
    | FreshWithin
    | NotOlderThan
    | Attained
    | Volume
    | SupportedUntil,
    Field(discriminator="kind"),
]


class Promised(Record):
    """What no scan of a partition can measure; the sentence stands for it in the suite."""

    kind: Literal["promised"] = "promised"
    sentence: str
