"""A dataset that lands now: the newest hours of the weather, half of them in time, some late, one never."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from partition_gate.adapters.object_store.landing import ObjectWriter
from partition_gate.apps.demo.faults import TABLE_FAULTS
from partition_gate.apps.demo.nycflights import read
from partition_gate.apps.demo.seed import LANDING, landing_path, parquet

LIVE = "weather_live"
# An hour is promised within six hours after it ended. The first of these are in time, the others late.
HOURS = 12
_NEVER_LANDS, _HAS_NULLS = 9, 2  # hours ago
_STATIONS = 3
_AN_HOUR = timedelta(hours=1)
_CALENDAR = ["year", "month", "day", "hour"]


def live_hours(now: datetime) -> tuple[datetime, ...]:
    """The beginnings of the newest hours that have ended, oldest first. UTC."""
    current = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return tuple(current - ago * _AN_HOUR for ago in range(HOURS, 0, -1))


def live_key(hour: datetime) -> str:
    """The partition key of an hour."""
    return f"{hour:%Y-%m-%d/%H}"


def seed_live(writer: ObjectWriter, *, now: datetime) -> None:
    """Land the newest hours, with observations of 2013 as if they had been made now.

    An hour has the same rows whenever it is landed. Of those that are not in time, one does not land.
    """
    weather = read("weather")
    complete = _complete_hours(weather)
    for hours_ago, hour in zip(range(HOURS, 0, -1), live_hours(now), strict=True):
        if hours_ago != _NEVER_LANDS:
            source = complete[int(hour.timestamp() // _AN_HOUR.total_seconds()) % len(complete)]
            table = _moved(weather.filter(pc.equal(weather["time_hour"], source)), hour)
            if hours_ago == _HAS_NULLS:
                table = TABLE_FAULTS["nulls"](table, LIVE)
            writer.put(landing_path(LIVE, live_key(hour), root=LANDING), parquet(table))


def _complete_hours(weather: pa.Table) -> list[pa.Scalar]:
    """The hours of 2013 that all stations observed, oldest first."""
    counted = weather.group_by("time_hour").aggregate([("origin", "count")]).sort_by("time_hour")
    return list(counted.filter(pc.equal(counted["origin_count"], _STATIONS))["time_hour"])


def _moved(observations: pa.Table, hour: datetime) -> pa.Table:
    """These observations, as if they had been made in this hour. Their calendar columns are left out."""
    moved = pa.array([hour] * observations.num_rows, pa.timestamp("us", tz="UTC"))
    at = observations.schema.get_field_index("time_hour")
    return observations.set_column(at, "time_hour", moved).drop_columns(_CALENDAR)
