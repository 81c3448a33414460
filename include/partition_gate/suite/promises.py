"""Promises over time: what is held against more than one partition, or against the clock, and never blocks one."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from partition_gate.record import Record
from partition_gate.suite.counts import Bounds


class OverWindow(Record):
    """A count of rows, summed over the partitions of the time span that ends with the one under judgement.

    `counts` is the number of an attempt's counters that is held against the bounds.
    """

    kind: Literal["over_window"] = "over_window"
    span: timedelta
    counts: Literal["element_count", "unexpected_count"]
    bounds: Bounds


Promise = OverWindow
