"""Example queries of a consumer of validated data. A consumer only reads the views of `warehouse.duckdb`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from partition_gate.settings import load_settings

_DELAYS = """
SELECT carrier, count(*) AS flights, round(avg(dep_delay), 1) AS mean_delay_minutes
FROM flights WHERE dt = ?::DATE GROUP BY carrier ORDER BY flights DESC
"""
_WEATHER = "SELECT origin, temp FROM weather_hourly WHERE dt = ?::DATE AND hour = ?::INTEGER ORDER BY origin"


def delays(partition_key: str) -> dict[str, Any]:
    """Flights and mean departure delay (minutes) of the day, by carrier code."""
    rows = _rows(_DELAYS, partition_key)
    return {carrier: {"flights": flights, "mean_delay_minutes": delay} for carrier, flights, delay in rows}


def weather(partition_key: str) -> dict[str, Any]:
    """Temperature of the hour (degrees Fahrenheit; None if it was not measured), by airport."""
    return dict(_rows(_WEATHER, *partition_key.split("/")))


def _rows(query: str, *values: str) -> list[tuple[Any, ...]]:
    settings = load_settings()
    file = Path(settings.path(settings.serving_file, "warehouse.duckdb"))
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(query, values).fetchall()
