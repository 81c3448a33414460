"""`make bench WATCH=1`: what one pass of the watch costs, by the number of datasets and the length of their history."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import create_engine, insert

from partition_gate.adapters.ledger.schema import attempts, latest, settlements
from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.partition import Partition
from partition_gate.gate.look import WatchPlan
from partition_gate.gate.watch import WatchPass, watch
from partition_gate.wiring import WiredPorts, contract_folder, open_ports

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent / "contenders"))

from history import Installation
from timing import cpu_s

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs/reference/benchmarks_watch.md"
TODAY = datetime.now(UTC).date()


class WatchedInstallation(Installation):
    """An installation whose datasets have landed and have been published every day until yesterday.

    Only partitions of the last 60 days have a file, because nothing looks into older folders.
    """

    def __init__(self, folder: Path, datasets: int, days: int) -> None:
        super().__init__(folder, datasets)
        self.days = [TODAY - timedelta(days=back) for back in range(days, 0, -1)]
        for name in self.names:
            (folder / "landing" / name).mkdir(parents=True)
            for day in self.days:
                partition = folder / "landing" / name / f"dt={day}"
                partition.mkdir()
                if TODAY - day <= timedelta(days=60):
                    (partition / self.file.name).write_bytes(b"rows")

    def record(self, contracts: Sequence[CompiledDataset], ports: WiredPorts) -> None:
        """Record every partition as published by the files that are in landing."""
        ports.ledger.heartbeat()  # makes the tables
        engine = create_engine(f"sqlite:///{self.settings.home / 'ledger.sqlite'}")
        for compiled in contracts:
            rows = [_rows(compiled, day, ports) for day in self.days]
            with engine.begin() as connection:
                for table, place in ((attempts, 0), (settlements, 1), (latest, 2)):
                    connection.execute(insert(table), [row[place] for row in rows])
        engine.dispose()


def main() -> None:
    options = _options()
    lines = ["| datasets | days of history | contracts read, CPU s | one pass, CPU s | range | ratio |"]
    lines.append("|--:|--:|--:|--:|---|--:|")
    few = options.datasets[0]
    lines += _table([(few, 30), (few, options.history), *((count, 30) for count in options.datasets[1:])], options.runs)
    report = "\n".join([*_introduction(options.runs), *lines]) + "\n"
    print(report)
    if options.write:
        REFERENCE.write_text(report)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=int, nargs="*", default=[50, 1_000])
    parser.add_argument("--history", type=int, default=1_095)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


def _table(cases: Sequence[tuple[int, int]], runs: int) -> Iterator[str]:
    first: float | None = None
    for datasets, days in cases:
        reading, costs = _measured(datasets, days, runs)
        median = statistics.median(costs)
        print(f"{datasets} datasets, {days} days: {median:.2f}", file=sys.stderr, flush=True)
        ratio = (median / datasets) / (first or median / datasets)
        first = first or median / datasets
        yield (
            f"| {datasets:,} | {days:,} | {reading:.2f} | {median:.2f} | {min(costs):.2f}-{max(costs):.2f} "
            f"| {ratio:.2f} |"
        )


def _measured(datasets: int, days: int, runs: int) -> tuple[float, list[float]]:
    with tempfile.TemporaryDirectory() as folder:
        installation = WatchedInstallation(Path(folder), datasets, days)
        before = cpu_s()
        contracts = contract_folder(installation.settings).load_all().contracts
        reading = cpu_s() - before
        with open_ports(installation.settings) as ports:
            installation.record(contracts, ports)
            _pass(contracts, ports)  # the first pass sweeps leftovers, once an hour
            return reading, [_cost(contracts, ports) for _ in range(runs)]


def _cost(contracts: Sequence[CompiledDataset], ports: WiredPorts) -> float:
    before = cpu_s()
    found = _pass(contracts, ports)
    cost = cpu_s() - before
    if (found.datasets, found.missing, found.wanted, found.assessments) != (len(contracts), (), (), ()):
        raise SystemExit(f"the watch found something to do: {found}")
    return cost


def _pass(contracts: Sequence[CompiledDataset], ports: WiredPorts) -> WatchPass:
    return watch(contracts, (), plan=WatchPlan(pass_limit=timedelta(hours=1)), ports=ports)


def _rows(compiled: CompiledDataset, day: date, ports: WiredPorts) -> tuple[dict[str, object], ...]:
    name, key = compiled.dataset.name, day.isoformat()
    is_recent = TODAY - day <= timedelta(days=60)
    files = ports.store.list_files(compiled.dataset.location, key) if is_recent else ()
    fingerprint = Partition(dataset=name, key=key, files=files).fingerprint
    own = {"dataset": name, "partition_key": key, "idempotency_key": fingerprint, "contract": name, "version": "1.0.0"}
    now = datetime.now(UTC)
    attempt = {**own, "id": f"{name}-{key}-1", "fence": 1, "owner": "", "fingerprint": fingerprint, "started_at": now}
    settled = {**own, "attempt_id": f"{name}-{key}-1", "fence": 1, "outcome": "published", "why": "[]", "rows_in": 1}
    return (
        {**attempt, "state": "published", "state_since": now},
        {**settled, "rows_published": 1, "rows_quarantined": 0, "settled_at": now},
        {"dataset": name, "partition_key": key, "attempt_id": f"{name}-{key}-1"},
    )


def _introduction(runs: int) -> list[str]:
    return [
        "# The watch",
        "",
        "Written by `make bench WATCH=1`. Do not edit.",
        "",
        "CPU seconds of one pass of the watch over datasets with one partition a day, all published: a real SQLite "
        f"ledger, real local landing folders; medians of n = {runs} passes, with the range. `ratio` compares the cost "
        "of a dataset with the first line. A long history is in landing and in the ledger; the look-back is 30 days. "
        "The contracts are read once by `gate watch --every`, and in each pass by Airflow's task.",
        "",
    ]


if __name__ == "__main__":
    main()
