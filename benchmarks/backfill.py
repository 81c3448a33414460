"""`make bench BACKFILL=1`: how many partitions a minute Airflow backfills, and what each of them costs.

A real Airflow of our own (SQLite, parallelism 4) and one dataset with a small Parquet file a day, in a local folder.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.adapters.ledger.ledger import SqlLedger, migrate
from partition_gate.apps.demo.airflow_server import AirflowServer
from partition_gate.judging.disposition import PartitionOutcome

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs/reference/benchmarks_backfill.md"
FIRST = date(2026, 1, 1)
GIVE_UP = timedelta(minutes=20)


class Backfilled(NamedTuple):
    """One backfill: partitions that were published, and all messages that were queued."""

    partitions: int
    seconds: float
    cpu_s: float
    messages: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--at-once", type=int, default=8, help="runs of the DAG at a time")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="backfill-") as folder:
        done = _backfilled(Path(folder), options.days, options.at_once)
    report = _report(done, options.at_once)
    print(report)
    if options.write:
        REFERENCE.write_text(report)


def _backfilled(folder: Path, days: int, at_once: int) -> Backfilled:
    settings = _prepare(folder, days)
    with _airflow(folder, settings) as airflow:
        airflow.unpause("gate__small")
        begin, end = (datetime.combine(FIRST + timedelta(days=day), datetime.min.time()) for day in (0, days))
        wall, cpu = time.monotonic(), _cpu_s()
        airflow.backfill("gate__small", begin=begin, end=end, at_once=at_once)
        url = f"sqlite:///{folder / 'home' / 'ledger.sqlite'}"
        migrate(url)
        ledger = SqlLedger(url)
        published = 0
        while published < days or airflow.unfinished_runs():
            if time.monotonic() - wall > GIVE_UP.total_seconds():
                raise SystemExit(f"{published} of {days} partitions after {GIVE_UP}; see {folder}/home/logs")
            time.sleep(2)
            published = sum(each.outcome is PartitionOutcome.PUBLISHED for each in ledger.latest())
            print(f"{published} of {days} after {time.monotonic() - wall:.0f} s", file=sys.stderr, flush=True)
        return Backfilled(published, time.monotonic() - wall, _cpu_s() - cpu, len(ledger.messages()))


def _prepare(folder: Path, days: int) -> dict[str, str]:
    """Land the partitions, write contract and suite; the settings."""
    contracts, landing = folder / "contracts", folder / "landing"
    for day in range(days):
        file = landing / f"dt={FIRST + timedelta(days=day)}" / "part-0.parquet"
        file.parent.mkdir(parents=True)
        pq.write_table(pa.table({"id": list(range(1000)), "amount": [1.5] * 1000}), file)
        os.utime(file, (0, 0))  # at rest for long
    contracts.mkdir()
    (contracts / "small.odcs.yaml").write_text(yaml.safe_dump(_contract(landing)))
    ContractFolder(contracts, folder / "expectations").write_suites(contracts / "small.odcs.yaml")
    names = {"HOME": folder / "home", "CONTRACTS": contracts, "EXPECTATIONS": folder / "expectations"}
    return {f"GATE_{name}": str(value) for name, value in names.items()}


def _contract(landing: Path) -> dict[str, object]:
    columns = [
        {"name": "dt", "logicalType": "date", "partitioned": True},
        {"name": "id", "logicalType": "integer", "required": True, "unique": True},
        {"name": "amount", "logicalType": "number", "logicalTypeOptions": {"minimum": 0}},
    ]
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "small",
        "version": "1.0.0",
        "status": "active",
        "servers": [{"server": "x", "type": "local", "format": "parquet", "path": f"{landing}/dt=*/*.parquet"}],
        "schema": [{"name": "small", "properties": columns}],
        "support": [{"channel": "#small", "tool": "slack", "scope": "issues"}],
        "customProperties": [{"property": "readiness", "value": "quiet:1s"}],
    }


@contextmanager
def _airflow(folder: Path, settings: dict[str, str]) -> Iterator[AirflowServer]:
    server = AirflowServer(folder / "home", project=ROOT, environment={**os.environ, **settings})
    try:
        server.start()
        server.wait_until_healthy()
        yield server
    finally:
        server.stop()


def _cpu_s() -> float:
    """CPU seconds of all processes of this machine: the processes of tasks are too short to be asked one by one."""
    spent = psutil.cpu_times()
    return float(spent.user + spent.system)


def _report(done: Backfilled, at_once: int) -> str:
    each = done.cpu_s / done.partitions
    return f"""# Backfills

Written by `make bench BACKFILL=1`. Do not edit.

{done.partitions} days of one dataset (1,000 rows each), backfilled by a real Airflow (SQLite, parallelism 4,
{at_once} runs at once) on {os.cpu_count()} cores that do nothing else. CPU seconds are those of the whole machine:
scheduler, web server, and the tasks.

| partitions | seconds | partitions a minute | CPU s a partition | messages |
|--:|--:|--:|--:|--:|
| {done.partitions} | {done.seconds:.0f} | {done.partitions * 60 / done.seconds:.1f} | {each:.2f} | {done.messages} |
"""


if __name__ == "__main__":
    main()
