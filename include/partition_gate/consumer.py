"""What a consumer of validated data does: read the views of `warehouse.duckdb`, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from partition_gate.settings import load_settings

_DELAYS = """
SELECT carrier, count(*) AS flights, round(avg(dep_delay), 1) AS mean_delay_minutes
FROM flights WHERE dt = ?::DATE GROUP BY carrier ORDER BY flights DESC
"""


def delays(partition_key: str) -> dict[str, Any]:
    """Flights and mean departure delay (minutes) of the day, by carrier code; one entry a carrier."""
    settings = load_settings()
    file = Path(settings.path(settings.serving_file, "warehouse.duckdb"))
    with duckdb.connect(str(file), read_only=True) as connection:
        rows = connection.execute(_DELAYS, [partition_key]).fetchall()
    return {carrier: {"flights": flights, "mean_delay_minutes": delay} for carrier, flights, delay in rows}
