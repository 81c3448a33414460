"""`make bench HISTORY=1`: how the cost of a partition depends on its history and on the number of other datasets."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.gate.pipeline import run_partition
from partition_gate.judging.attempt import Claim, Settlement
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.judging.validation import Split
from partition_gate.settings import Settings
from partition_gate.wiring import WiredPorts, contract_folder, open_ports

sys.path.insert(0, str(Path(__file__).parent / "contenders"))

from timing import cpu_s

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs/reference/benchmarks_history.md"
FIRST_DAY = date(2015, 1, 1)
ROWS = 1_000
PARTITIONS_OF_OTHERS = 30


class Installation:
    """An installation of its own: home, contracts, suites and landing below one folder."""

    def __init__(self, folder: Path, datasets: int) -> None:
        self.folder = folder
        self.names = [f"orders_{number}" for number in range(datasets)]
        self.settings = Settings(
            home=folder / "home", contracts=folder / "contracts", expectations=folder / "expectations"
        )
        self.settings.contracts.mkdir()
        self.file = folder / "part-0.parquet"
        numbers = list(range(ROWS))
        pq.write_table(pa.table({"id": numbers, "amount": [float(n) for n in numbers]}), self.file)
        contracts = contract_folder(self.settings)
        for name in self.names:
            path = self.settings.contracts / f"{name}.odcs.yaml"
            path.write_text(yaml.safe_dump(_contract(name, folder)))
            contracts.write_suites(path)

    def land(self, name: str, key: str) -> None:
        file = self.folder / "landing" / name / f"dt={key}" / self.file.name
        file.parent.mkdir(parents=True)
        file.write_bytes(self.file.read_bytes())

    def judge(self, name: str, key: str, ports: WiredPorts) -> Settlement:
        """Run a partition as `gate run` does, without the start of a process."""
        self.land(name, key)
        return run_partition(ports.contracts.load(name), key, ports=ports).settlement

    def add_history(self, name: str, keys: Sequence[str], template: Settlement, ports: WiredPorts) -> None:
        """Record and publish partitions as their runs would, without judging them."""
        compiled = ports.contracts.load(name)
        for key in keys:
            self._add(compiled, key, template, ports)
        ports.warehouse.refresh_view(compiled.published)

    def _add(self, compiled: CompiledDataset, key: str, template: Settlement, ports: WiredPorts) -> None:
        table, now = compiled.published, ports.clock.now()
        attempt = ports.ledger.open_attempt(_claim(compiled, key), idempotency_key=key, after_fence=0, now=now)
        if attempt is None:
            raise SystemExit(f"{table.name} {key}: another run judges it")
        staged = ports.warehouse.stage(table, key, attempt_id=attempt.id, split=self._split())
        values = compiled.dataset.location.values(key).items()
        ports.warehouse.publish(table, staged, idempotency_key=key, fence=attempt.fence, values=tuple(values))
        document = ports.ledger.document(template.attempt_id) or ""
        ports.ledger.record_validation(attempt.id, ports.ledger.results(template.attempt_id), document=document)
        own = {"attempt_id": attempt.id, "dataset": attempt.dataset, "partition_key": key, "idempotency_key": key}
        ports.ledger.settle(template.model_copy(update=own), ())

    def _split(self) -> Split:
        return Split(
            passing=(self.file,),
            quarantined=None,
            rows_in=ROWS,
            rows_passing=ROWS,
            rows_quarantined=0,
            row_hash="0",
        )


def main() -> None:
    options = _options()
    lines = ["| what | CPU s per partition | range | ratio |", "|---|--:|---|--:|"]
    lines += _table("partitions of its dataset", _with_history(options.partitions, options.runs))
    lines += _table("datasets", ((count, _with_datasets(count, options.runs)) for count in options.datasets))
    report = "\n".join([*_introduction(options.runs), *lines]) + "\n"
    print(report)
    if options.write:
        REFERENCE.write_text(report)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--partitions", type=int, nargs="*", default=[100, 500, 1_500])
    parser.add_argument("--datasets", type=int, nargs="*", default=[1, 50, 200])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


def _with_history(counts: Sequence[int], runs: int) -> Iterator[tuple[int, list[float]]]:
    with _installation(1) as (installation, ports):
        (name,) = installation.names
        template = installation.judge(name, _key(0), ports)
        done = 1
        for count in counts:
            installation.add_history(name, [_key(number) for number in range(done, count)], template, ports)
            yield count, _costs(installation, name, range(count, count + runs), ports)
            done = count + runs


def _with_datasets(datasets: int, runs: int) -> list[float]:
    with _installation(datasets) as (installation, ports):
        template = installation.judge(installation.names[0], _key(0), ports)
        for name in installation.names:
            first = 1 if name == installation.names[0] else 0
            keys = [_key(number) for number in range(first, PARTITIONS_OF_OTHERS)]
            installation.add_history(name, keys, template, ports)
        return _costs(
            installation, installation.names[0], range(PARTITIONS_OF_OTHERS, PARTITIONS_OF_OTHERS + runs), ports
        )


def _costs(installation: Installation, name: str, numbers: Sequence[int], ports: WiredPorts) -> list[float]:
    costs = []
    for number in numbers:
        before = cpu_s()
        done = installation.judge(name, _key(number), ports)
        costs.append(cpu_s() - before)
        if done.outcome is not PartitionOutcome.PUBLISHED:
            raise SystemExit(f"{name} {_key(number)} was not published: {done.why}")
    return costs


@contextmanager
def _installation(datasets: int) -> Iterator[tuple[Installation, WiredPorts]]:
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(Path(folder), datasets)
        with open_ports(installation.settings) as ports:
            yield installation, ports


def _table(what: str, measured: Iterator[tuple[int, list[float]]]) -> Iterator[str]:
    first: float | None = None
    for count, costs in measured:
        print(f"{count} {what}: {statistics.median(costs):.3f}", file=sys.stderr, flush=True)
        median = statistics.median(costs)
        first = first or median
        yield f"| {count:,} {what} | {median:.3f} | {min(costs):.3f}-{max(costs):.3f} | {median / first:.2f} |"


def _introduction(runs: int) -> list[str]:
    return [
        "# History",
        "",
        "Written by `make bench HISTORY=1`. Do not edit.",
        "",
        f"CPU seconds for a complete run of one partition of {ROWS:,} rows, from landing to its report page, in a "
        f"process that has judged a partition before: medians of n = {runs} runs, with the range. `ratio` compares "
        f"with the first line of the same kind. Each other dataset has {PARTITIONS_OF_OTHERS} partitions. The history "
        "is published and recorded through the same ports, without judging it.",
        "",
    ]


def _claim(compiled: CompiledDataset, key: str) -> Claim:
    contract = compiled.contract
    return Claim(
        dataset=compiled.dataset.name,
        partition_key=key,
        contract=contract.id,
        version=contract.version,
        seen_fence=None,
        owner="",
    )


def _key(number: int) -> str:
    return (FIRST_DAY + timedelta(days=number)).isoformat()


def _contract(name: str, folder: Path) -> dict[str, object]:
    columns = [
        {"name": "dt", "logicalType": "date", "partitioned": True},
        {"name": "id", "logicalType": "integer", "required": True, "primaryKey": True, "primaryKeyPosition": 1},
        {"name": "amount", "logicalType": "number", "required": True, "logicalTypeOptions": {"minimum": 0}},
    ]
    path = f"{folder}/landing/{name}/dt=*/*.parquet"
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": name,
        "version": "1.0.0",
        "status": "active",
        "servers": [{"server": "landing", "type": "local", "format": "parquet", "path": path}],
        "schema": [{"name": name, "properties": columns}],
    }


if __name__ == "__main__":
    main()
