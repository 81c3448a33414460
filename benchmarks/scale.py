"""`make bench SCALE=1`: what many contracts and long histories cost."""

from __future__ import annotations

import argparse
import re
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from published_history import LongHistory, pages

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs/reference/benchmarks_scale.md"
CONTRACT = ROOT / "include/contracts/flights.odcs.yaml"
REFERENCES = ROOT / "include/contracts/reference.odcs.yaml"
PARSE = """
import sys, time
import airflow.sdk, airflow.dag_processing.dagbag
before = time.process_time()
sys.path.insert(0, sys.argv[1])
import gate_contracts
print("CPU", time.process_time() - before)
"""
GATE = "from partition_gate.apps.cli.main import main; main()"
# What Airflow tells the process of a task about itself.
OF_ONE_TASK = {"_AIRFLOW_PARSING_CONTEXT_DAG_ID": "gate__flights_7"}


def main() -> None:
    options = _options()
    lines = _introduction()
    few, runs = options.runs_of_contracts, options.runs
    lines += [f"## Contracts (n = {few})", "", _CONTRACTS, "", *_of_contracts(options.contracts, few), ""]
    lines += [f"## Partitions (n = {runs})", "", _PARTITIONS, "", *_of_history(options.partitions, runs)]
    report = "\n".join(lines) + "\n"
    print(report)
    if options.write:
        REFERENCE.write_text(report)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contracts", type=int, nargs="*", default=[10, 100])
    parser.add_argument("--partitions", type=int, nargs="*", default=[100, 10_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--runs-of-contracts", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


def _of_contracts(counts: Sequence[int], runs: int) -> Iterator[str]:
    yield "| contracts | `gate lint` | first parse of all DAGs | parse of all, unchanged | parse of one |"
    yield "|--:|--:|--:|--:|--:|"
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            project = _Contracts(Path(folder), count)
            cells = [
                _cell(project.lint() for _ in range(runs)),
                _cell(project.parse(is_first=True) for _ in range(runs)),
                _cell(project.parse() for _ in range(runs)),
                _cell(project.parse(**OF_ONE_TASK) for _ in range(runs)),
            ]
        print(count, "contracts:", *cells, file=sys.stderr, flush=True)
        yield f"| {count:,} | {' | '.join(cells)} |"


def _of_history(counts: Sequence[int], runs: int) -> Iterator[str]:
    yield "| published partitions | one partition | a pass of the watch | " + " | ".join(pages()) + " |"
    yield "|--:|--:|--:|" + "--:|" * len(pages())
    for count in counts:
        with tempfile.TemporaryDirectory() as folder, LongHistory(Path(folder), count) as history:
            measures: list[Callable[[], float]] = [history.judge, history.watch, *history.pages()]
            cells = [_cell(measure() for _ in range(runs)) for measure in measures]
        print(count, "partitions:", *cells, file=sys.stderr, flush=True)
        yield f"| {count:,} | {' | '.join(cells)} |"


def _cell(costs: Iterator[float]) -> str:
    return f"{statistics.median(list(costs)):.2f}"


class _Contracts:
    """A folder of `count` copies of a contract of 225 lines, each with its own dataset, and their suites."""

    def __init__(self, folder: Path, count: int) -> None:
        self._folders = {name: folder / name for name in ("contracts", "expectations", "home", "airflow")}
        for made in self._folders.values():
            made.mkdir()
        text, contracts = CONTRACT.read_text(), self._folders["contracts"]
        for number in range(count):
            copy = re.sub(r"(?m)^(id: |  - name: |.*physicalName: )flights\b", rf"\g<1>flights_{number}", text)
            (contracts / f"flights_{number}.odcs.yaml").write_text(copy)
        (contracts / REFERENCES.name).write_text(REFERENCES.read_text())
        self._run("-c", GATE, "compile")

    def lint(self) -> float:
        """CPU seconds of a process of its own, and of the process that plans queries."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self._run("-c", GATE, "lint")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def parse(self, *, is_first: bool = False, **environment: str) -> float:
        """CPU seconds after Airflow's own imports."""
        if is_first:
            (self._folders["home"] / "dag_plans.json").unlink(missing_ok=True)
        return float(self._run("-c", PARSE, str(ROOT / "dags"), **environment).rpartition("CPU ")[2])

    def _run(self, *arguments: str, **environment: str) -> str:
        folders = {f"GATE_{name.upper()}": str(folder) for name, folder in self._folders.items() if name != "airflow"}
        own = {**folders, "AIRFLOW_HOME": str(self._folders["airflow"]), **environment}
        command = ["env", *(f"{name}={value}" for name, value in own.items()), sys.executable, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
        return done.stdout


def _introduction() -> list[str]:
    return [
        "# Scale",
        "",
        "Written by `make bench SCALE=1`. Do not edit.",
        "",
        "CPU seconds on two cores that were busy with other work; the heading of each table has the number of",
        "measurements, whose median is shown. What this means for 10,000 contracts is in",
        "[sizing](../operations/sizing.md#what-ends-first).",
        "",
    ]


_CONTRACTS = (
    "Copies of a contract of 225 lines, each with its own dataset and suite. Parsing is counted after Airflow's own "
    "imports. The DAG processor parses all DAGs, and the process of a task only its own."
)
_PARTITIONS = (
    "One dataset with one published partition a day, in the ledger (SQLite), in landing and as a file in its Delta "
    "table. Its history is inserted into the ledger and committed in one commit with a checkpoint. One partition is a "
    "run of 1,000 rows from landing to its report."
)


if __name__ == "__main__":
    main()
