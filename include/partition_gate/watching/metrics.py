"""What monitoring systems are told: the names of the metrics, their meaning and their labels. Pure.

No label has a partition key, a value of a row, an address or a person: labels are names from contracts, and words of a
short list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

PREFIX = "partition_gate_"
OTHERS = "_others"  # no dataset has this name, because names begin with a letter or a digit


class Kind(StrEnum):
    """How a metric behaves: a counter only grows, a summary has a count and a sum that only grow."""

    COUNTER = "counter"
    GAUGE = "gauge"
    SUMMARY = "summary"


class Definition(NamedTuple):
    """A metric: its kind, what it says, and the names of its labels. Names of metrics end with their unit."""

    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()


class Sample(NamedTuple):
    """One value; `observations` is the count of a summary, whose `value` is the sum."""

    labels: tuple[str, ...]
    value: float
    observations: int = 0


class Family(NamedTuple):
    """A metric with its samples. `name` has no prefix, and no suffix of its kind (`_total`, `_sum`)."""

    name: str
    definition: Definition
    samples: tuple[Sample, ...]


_COUNTER, _GAUGE, _SUMMARY = Kind.COUNTER, Kind.GAUGE, Kind.SUMMARY
_SLA = ("dataset", "sla")
METRICS: Mapping[str, Definition] = {
    "attempts": Definition(_COUNTER, "Attempts that ended, by their outcome.", ("dataset", "outcome")),
    "rows": Definition(_COUNTER, "Rows of ended attempts that were published or quarantined.", ("dataset", "state")),
    "attempt_seconds": Definition(
        _SUMMARY, "Time from the beginning of an attempt that judged rows to its settlement.", ("dataset",)
    ),
    "safe_through_lag_seconds": Definition(
        _GAUGE,
        "Time since the moment until which every expected partition is visible; absent if there is none.",
        ("dataset",),
    ),
    "lateness_seconds": Definition(
        _GAUGE, "By how much the newest due partition missed its deadline, or misses it now; 0: on time.", ("dataset",)
    ),
    "error_budget_left_partitions": Definition(
        _GAUGE, "Partitions of the last 30 days that may still break the service level; negative: overspent.", _SLA
    ),
    "attainment_ratio": Definition(_GAUGE, "Fraction of the partitions of 30 days that kept the service level.", _SLA),
    "open_incidents": Definition(
        _GAUGE,
        "Incidents that are not resolved; severity is blocking if rows are not visible because of it.",
        ("kind", "severity", "state"),
    ),
    "undelivered_messages": Definition(_GAUGE, "Messages that wait to be delivered.", ("tool",)),
    "undelivered_oldest_seconds": Definition(_GAUGE, "How long the oldest of them waits; 0: none does.", ("tool",)),
    "watch_heartbeat_age_seconds": Definition(
        _GAUGE, "Time since the newest pass of the watch began; absent if it never ran."
    ),
    "watch_interval_seconds": Definition(_GAUGE, "Time between two passes of the watch; absent if it never ran."),
    "datasets": Definition(_GAUGE, "Datasets of usable contracts that are not retired."),
    "broken_contracts": Definition(_GAUGE, "Contract files that cannot be used."),
    "promises_age_seconds": Definition(
        _GAUGE, "Age of the oldest of the values about service levels, lateness and safe-through."
    ),
}


def family(name: str, samples: Iterable[Sample]) -> Family:
    """The metric of this name with these samples."""
    return Family(name, METRICS[name], tuple(samples))


def gauge(name: str, value: float | None) -> Family:
    """A metric without labels; None: it has no value now."""
    return family(name, () if value is None else (Sample((), value),))


def metrics_table() -> str:
    """Every metric as Markdown, with the names under which Prometheus stores it."""
    rows = ["| metric | labels | meaning |", "|---|---|---|"]
    for name, (kind, meaning, labels) in METRICS.items():
        stored = [f"`{PREFIX}{name}{suffix}`" for suffix in _SUFFIXES[kind]]
        rows.append(f"| {', '.join(stored)} | {', '.join(f'`{label}`' for label in labels)} | {meaning} |")
    return "\n".join(rows)


_SUFFIXES = {Kind.COUNTER: ("_total",), Kind.GAUGE: ("",), Kind.SUMMARY: ("_count", "_sum")}
