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
    "dialect",
    "owners",
    "effectiveFrom",
    "recover",
)
# Those that a schema object may have, too: for its own partitions they come before those of the contract.
OBJECT_PROPERTIES = (
    *("startDate", "readiness", "calendar", "quarantineLimit", "shrinkLimit", "anomalies", "drift", "recover"),
)

# Those by which a schema object says that it is a feature table (`gate export --to feast`).
ENTITY_KEY, EVENT_TIME, FEATURES, FEATURE_TTL = "entityKey", "eventTime", "features", "featureTtl"
FEATURE_PROPERTIES = (ENTITY_KEY, EVENT_TIME, FEATURES, FEATURE_TTL)

OFF = "off"


class Thresholds(Record):
    """The thresholds that a contract may choose for a comparison that it may also switch off."""

    low: float
    high: float

    def problem(self, value: object) -> str | None:
        """What is wrong with a value and what to write; None for `off`, or a number in the range, also as text."""
        try:
            fits = value == OFF or self.low <= float(str(value)) <= self.high
        except ValueError:
            fits = False
        how = f"write 'off' in quotes, or a number from {self.low:g} to {self.high:g}"
        return None if fits else f"is not a threshold: {how}"


ANOMALY_THRESHOLDS = Thresholds(low=1, high=1000)  # robust z
DRIFT_THRESHOLDS = Thresholds(low=0.01, high=100)  # population stability index


class Limits(Record):
    """When a partition is ready, expected, too dirty or too small.

    `quarantine_limit` is a fraction (0..1) of the rows, `shrink_limit` a fraction of the rows published before.
    `anomaly_threshold` is the robust z from which a figure is an anomaly; None: figures are not compared.
    `drift_threshold` is the population stability index from which a column has drifted from its pinned baseline; None:
    partitions are not compared with it.
    `recover` names the function that corrects quarantined rows (`module:function`); empty: there is none.
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
    recover: str = ""
