"""A contract's limits on the times, error rates and sizes of its partitions, with the gate's defaults."""

from __future__ import annotations

from datetime import date, time, timedelta

from partition_gate.core.record import Record

# The custom properties at the root of a contract that the gate uses.
CUSTOM_PROPERTIES = (
    "timezone",
    "startDate",
    "readiness",
    "calendar",
    "quarantineLimit",
    "shrinkLimit",
    "anomalies",
    "drift",
    "owners",
    "effectiveFrom",
)


ANOMALIES_OFF = DRIFT_OFF = "off"


def anomaly_threshold(value: object) -> float | None:
    """The robust z of a number from 1 to 1,000, as a number or its text; None for any other form."""
    return _between(value, 1, 1000)


def drift_threshold(value: object) -> float | None:
    """The PSI of a number from 0.01 to 100, as a number or its text; None for any other form."""
    return _between(value, 0.01, 100)


def _between(value: object, low: float, high: float) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if low <= number <= high else None


class Limits(Record):
    """When a partition is ready, expected, too dirty or too small.

    `quarantine_limit` is a fraction (0..1) of the rows, `shrink_limit` a fraction of the rows published before.
    `anomaly_threshold` is the robust z from which a figure is an anomaly; None: figures are not compared.
    `drift_threshold` is the population stability index from which a column has drifted from its pinned baseline; None:
    partitions are not compared with it.
    `effective_from` is the first day, in the contract's time zone, of the partitions that this version judges.
    """

    timezone: str = "UTC"
    start_date: date | None = None
    readiness: str = "quiet:120s"
    calendar: str = "all"
    quarantine_limit: float = 0.05
    shrink_limit: float = 0.5
    anomaly_threshold: float | None = 7.0
    drift_threshold: float | None = 0.25
    latency: timedelta | None = None
    schedule: str | None = None
    available_by: time | None = None
    general_availability: date | None = None
    end_of_support: date | None = None
    end_of_life: date | None = None
    effective_from: date | None = None
