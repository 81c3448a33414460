"""What a contract says of its partitions' times, shares and sizes, with our defaults where it is silent."""

from __future__ import annotations

from datetime import date, time, timedelta

from partition_gate.core.record import Record

# Of a contract's root: those that we act on.
CUSTOM_PROPERTIES = (
    "timezone",
    "startDate",
    "readiness",
    "calendar",
    "quarantineLimit",
    "shrinkLimit",
    "owners",
    "effectiveFrom",
)


class Limits(Record):
    """When a partition is ready, expected, too dirty (fraction 0..1) or too small (fraction of the version before).

    `effective_from` is the first day, in the contract's time zone, whose partitions this version judges.
    """

    timezone: str = "UTC"
    start_date: date | None = None
    readiness: str = "quiet:120s"
    calendar: str = "all"
    quarantine_limit: float = 0.05
    shrink_limit: float = 0.5
    latency: timedelta | None = None
    schedule: str | None = None
    available_by: time | None = None
    general_availability: date | None = None
    end_of_support: date | None = None
    end_of_life: date | None = None
    effective_from: date | None = None
