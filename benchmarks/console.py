"""`make bench CONSOLE=1`: what a page of the console costs, by the number of datasets and their history."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from fastapi.testclient import TestClient

from partition_gate.apps.web.app import create_app
from partition_gate.apps.web.ledger_console import LedgerConsole
from partition_gate.apps.web.overview import ROWS_SHOWN
from partition_gate.home import mask_key
from partition_gate.wiring import contract_folder, open_ports

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent / "contenders"))

from timing import cpu_s
from watch import TODAY, WatchedInstallation

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs/reference/benchmarks_console.md"
PAGES = {
    "datasets": "/",
    "datasets, the last page": "/?page={last_page}",
    "datasets, found by a word": "/?q=orders_7",
    "a dataset": "/datasets/orders_7",
    "a partition": f"/partitions/orders_7/{TODAY - timedelta(days=9)}",
    "a contract": "/contracts/orders_7",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=int, nargs="*", default=[50, 1_000])
    parser.add_argument("--days", type=int, nargs="*", default=[90, 365])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    few, day = options.datasets[0], options.days[0]
    cases = [(few, day), *((few, days) for days in options.days[1:]), *((each, day) for each in options.datasets[1:])]
    report = "\n".join([*_introduction(options.runs), *_table(cases, options.runs)]) + "\n"
    print(report)
    if options.write:
        REFERENCE.write_text(report)


def _introduction(runs: int) -> list[str]:
    return [
        "# The console",
        "",
        "Written by `make bench CONSOLE=1`. Do not edit.",
        "",
        "CPU milliseconds of one page with its queries and its rendering, on a real SQLite ledger with one published",
        f"partition a day and dataset; medians of n = {runs} requests after a first one, which reads the contracts.",
        "",
    ]


def _table(cases: Sequence[tuple[int, int]], runs: int) -> Iterator[str]:
    yield "| page | " + " | ".join(f"{datasets:,} datasets, {days} days" for datasets, days in cases) + " | kB |"
    yield "|---" + "|--:" * (len(cases) + 1) + "|"
    measured = [_measured(datasets, days, runs) for datasets, days in cases]
    for page in PAGES:
        costs = " | ".join(f"{each[page][0]:.0f}" for each in measured)
        yield f"| {page} | {costs} | {max(each[page][1] for each in measured) / 1000:.0f} |"


def _measured(datasets: int, days: int, runs: int) -> dict[str, tuple[float, int]]:
    """CPU milliseconds and bytes of each page."""
    with _browser(datasets, days) as browser:
        found = {}
        for page, template in PAGES.items():
            path = template.format(last_page=-(-datasets // ROWS_SHOWN))
            answer = browser.get(path)
            if answer.status_code != 200:
                raise SystemExit(f"{path}: {answer.status_code}")
            costs = []
            for _ in range(runs):
                before = cpu_s()
                browser.get(path)
                costs.append((cpu_s() - before) * 1000)
            found[page] = (statistics.median(costs), len(answer.content))
            print(f"{datasets} datasets, {days} days, {page}: {found[page]}", file=sys.stderr, flush=True)
        return found


@contextmanager
def _browser(datasets: int, days: int) -> Iterator[TestClient]:
    with tempfile.TemporaryDirectory() as folder:
        installation = WatchedInstallation(Path(folder), datasets, days)
        contracts = contract_folder(installation.settings)
        with open_ports(installation.settings) as ports:
            began = time.monotonic()
            installation.record(contracts.load_all().contracts, ports)
            print(f"recorded in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
            console = LedgerConsole(
                ports.ledger,
                lambda: ports.warehouse,
                contracts,
                docs=ports.docs,
                mask_key=mask_key(installation.settings),
                clock=ports.clock,
            )
            yield TestClient(create_app(console))


if __name__ == "__main__":
    main()
