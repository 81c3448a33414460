"""Promises over time: judged over several partitions or against the clock; they never block a partition."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Annotated, Literal

from pydantic import Field

from partition_gate.checks.counts import Bounds
from partition_gate.core.record import Record

# Judging a partition reads every partition in its window.
LONGEST_WINDOW = timedelta(days=366)


class OverWindow(Record):
    """A count of rows, summed over the partitions in the time span that ends with the judged partition.

    `counts` names the counter that is compared with the bounds.
    """

    kind: Literal["over_window"] = "over_window"
    span: timedelta
    counts: Literal["element_count", "unexpected_count"]
    bounds: Bounds


class Element(Record):
    """A column of moments. `zone` applies to values without a zone: the contract's zone for dates, else UTC."""

    column: str
    zone: str


class ArrivedWithin(Record):
    """The newest file landed within the span after the partition's period ended."""

    kind: Literal["arrived_within"] = "arrived_within"
    span: timedelta


class TrailsWithin(Record):
    """The newest file landed within the span after the newest moment in the rows."""

    kind: Literal["trails_within"] = "trails_within"
    span: timedelta
    element: Element


class PublishedBy(Record):
    """Published before the clock first shows this time after the period ends; in the contract's zone by default."""

    kind: Literal["published_by"] = "published_by"
    clock: time


class FreshWithin(Record):
    """When the partition is published, the newest moment in the rows is not older than the span."""

    kind: Literal["fresh_within"] = "fresh_within"
    span: timedelta
    element: Element


class NotOlderThan(Record):
    """The oldest moment in the rows (without an element: the end of the period) is not older than the span."""

    kind: Literal["not_older_than"] = "not_older_than"
    span: timedelta
    element: Element | None = None


class Attained(Record):
    """The percentage of the span's expected partitions that were published on time (met every such promise)."""

    kind: Literal["attained"] = "attained"
    span: timedelta
    target: Bounds


class Volume(Record):
    """The number of rows or bytes in a partition."""

    kind: Literal["volume"] = "volume"
    unit: Literal["rows", "bytes"]
    bounds: Bounds


class SupportedUntil(Record):
    """The day on which support for the data ends."""

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
    """A promise that no scan can measure; the sentence represents it in the suite."""

    kind: Literal["promised"] = "promised"
    sentence: str
