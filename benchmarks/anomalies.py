"""How many anomalies a year of real flights has: `python benchmarks/anomalies.py` prints each, and how many a week.

Every day is compared as the gate does it, with counters and sketches of the same kind. What is told is not always
false: the year had three snow storms and a hurricane season. The number of lines is what a reader has to look at.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

import duckdb
import pyarrow as pa

from partition_gate.apps.demo.nycflights import by_day, read
from partition_gate.contract.limits import Limits
from partition_gate.core.quoting import identifier
from partition_gate.gate.anomalies import WEEKS
from partition_gate.judging.anomalies import Anomaly, Figures, compared
from partition_gate.judging.profile import ColumnCounters, DistinctSketch, PartitionProfile

FIRST, LAST = date(2013, 1, 1), date(2013, 12, 31)


def main() -> None:
    """Print the anomalies of the year for one threshold, then a line of counts for each of several."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="flights", choices=["flights", "weather"])
    parser.add_argument("--threshold", type=float, default=Limits().anomaly_threshold)
    asked = parser.parse_args()
    profiles = dict(_profiles(read(asked.dataset)))
    begin = time.process_time()
    told = _told(profiles, asked.threshold)
    spent = (time.process_time() - begin) / len(profiles)
    for day, anomaly in told:
        print(f"{day} {anomaly.cause}: {anomaly.sentence} (z {anomaly.z:.1f})")
    print(f"{1000 * spent:.1f} ms of CPU a partition")
    for threshold in (4.0, 5.0, 6.0, 7.0, 8.0, 10.0):
        print(_counts(threshold, _told(profiles, threshold), len(profiles)))


def _profiles(table: pa.Table) -> Iterator[tuple[date, PartitionProfile]]:
    for day, rows in by_day(table, first=FIRST, last=LAST):
        yield (
            day,
            PartitionProfile(row_count=rows.num_rows, columns=tuple(_column(rows, field) for field in rows.schema)),
        )


def _column(rows: pa.Table, field: pa.Field) -> ColumnCounters:  # noqa: ARG001 -- DuckDB reads `rows` by its name
    name, is_number = identifier(field.name), pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
    extremes = f"min({name}), max({name}), sum({name})" if is_number else "NULL, NULL, NULL"
    sketch = "NULL" if pa.types.is_timestamp(field.type) else f"approx_count_distinct({name}) EXPORT_STATE"
    sql = f"SELECT count(*), count({name}), {extremes}, {sketch} FROM rows"  # noqa: S608 -- the names are quoted
    [(count, known, minimum, maximum, total, state)] = duckdb.execute(sql).fetchall()
    return ColumnCounters(
        column=field.name,
        row_count=count,
        null_count=count - known,
        minimum=minimum,
        maximum=maximum,
        total=total,
        distinct=state and DistinctSketch(registers=bytes(state["registers"]), hashing="duckdb"),
    )


def _told(profiles: Mapping[date, PartitionProfile], threshold: float) -> list[tuple[date, Anomaly]]:
    found: list[tuple[date, Anomaly]] = []
    for day, profile in profiles.items():
        weeks = ((back, day - timedelta(weeks=back)) for back in range(WEEKS, 0, -1))
        earlier = [Figures(profile=profiles[past], weeks_ago=back) for back, past in weeks if past in profiles]
        comparison = compared(Figures(profile=profile), earlier, like=f"{day:%A}s", threshold=threshold)
        found += [(day, anomaly) for anomaly in comparison.anomalies]
    return found


def _counts(threshold: float, told: Sequence[tuple[date, Anomaly]], days: int) -> str:
    a_week, weeks = 7 * len(told) / days, {day.isocalendar().week for day, _ in told}
    return f"threshold {threshold:4.1f}: {len(told):3} lines, {a_week:.2f} a week, in {len(weeks)} weeks of the year"


if __name__ == "__main__":
    main()
