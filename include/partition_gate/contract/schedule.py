"""When a contract's DAG runs, and which partition each run is for."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from partition_gate.contract.model import Contract
from partition_gate.contract.readiness import quiet_period
from partition_gate.partition import SNAPSHOT
from partition_gate.record import Record

_FIRST = datetime(2020, 1, 1, tzinfo=UTC)


class Schedule(Record):
    """A cron in the contract's time zone; `key_format` is strftime of the partition's date.

    `run_offset` -1 means that a run is for the period before it. `start` and `end` bound the scheduled runs.
    """

    cron: str
    timezone: str
    run_offset: int
    key_format: str
    start: datetime
    end: datetime | None
    poke_interval_s: float


def schedule_of(contract: Contract) -> Schedule:
    """The schedule: the `frequency` SLA's cron, else once a period, a quarter past."""
    limits, segments = contract.limits, contract.location.names
    zone = ZoneInfo(limits.timezone)
    is_hourly = "hour" in segments
    first, last = limits.start_date, limits.end_of_life
    return Schedule(
        cron=limits.schedule or ("15 * * * *" if is_hourly else "15 2 * * *"),
        timezone=limits.timezone,
        run_offset=-1 if segments else 0,
        key_format=_key_format(segments),
        start=datetime(first.year, first.month, first.day, tzinfo=zone) if first else _FIRST,
        end=datetime(last.year, last.month, last.day, tzinfo=zone) if last else None,
        poke_interval_s=max(2.0, min(60.0, quiet_period(contract).total_seconds())),
    )


def _key_format(segments: tuple[str, ...]) -> str:
    """strftime for each Hive segment, by its name; a single or unknown segment is the ISO date."""
    formats = {"hour": "%H", "year": "%Y", "month": "%m", "day": "%d"}
    whole_date = "%Y-%m-%d"
    return "/".join(formats.get(name, whole_date) for name in segments) or SNAPSHOT
