"""The demo: real flights, a real S3 server, a real Airflow, two weeks of partitions gated in front of your eyes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from partition_gate.adapters import embedded_s3
from partition_gate.adapters.object_store.landing import LandingWriter
from partition_gate.attempt import Settlement
from partition_gate.calendar import daily_keys
from partition_gate.demo.airflow_server import AirflowServer
from partition_gate.demo.faults import Break
from partition_gate.demo.seed import seed
from partition_gate.errors import OperatorError
from partition_gate.partition import SNAPSHOT
from partition_gate.ports import Ledger
from partition_gate.record import Record
from partition_gate.settings import Settings
from partition_gate.wiring import docs_folder, open_ports

REFERENCES = ("airlines", "airports", "planes")
DAILY = ("flights", "weather")
# A partition takes about ten seconds of the machine; nothing settled for this long means that something is stuck.
STUCK_AFTER_S = 240.0


class Demo(Record):
    """What is seeded and gated: partition dates, both included, and the faults that are injected on purpose."""

    first: date
    last: date
    breaks: tuple[Break, ...]

    @property
    def expected(self) -> tuple[tuple[str, str], ...]:
        """(dataset, partition key) of every partition, the reference datasets first."""
        keys = list(daily_keys(self.first, self.last))
        return (*((name, SNAPSHOT) for name in REFERENCES), *((name, key) for name in DAILY for key in keys))


@contextmanager
def running_demo(demo: Demo, settings: Settings, console: Console) -> Iterator[AirflowServer]:
    """Seed, start Airflow and gate every partition; everything that was started is ended at the exit.

    Raises:
        OperatorError: a server did not start, or no partition was settled for minutes.
    """
    with embedded_s3.running(settings.home) as store, _progress(console) as progress:
        _seed(demo, store, progress)
        airflow = AirflowServer(settings.home, project=_project(), environment=os.environ)
        try:
            _start(airflow, progress)
            with open_ports(settings) as ports:
                _gate(demo, airflow, ports.ledger, progress)
                _finish(airflow, progress)
                ports.docs.write_index(ports.ledger.latest())
            progress.stop()
            yield airflow
        finally:
            airflow.stop()


def addresses(airflow: AirflowServer, settings: Settings) -> dict[str, str]:
    """Where to look, by name."""
    serving = Path(settings.path(settings.serving_file, "warehouse.duckdb"))
    query = "select dt, count(*) from flights group by dt order by dt"
    return {
        "Airflow": airflow.url,
        "Console": f"{airflow.public_url}/",
        "Slack messages": f"{airflow.public_url}/inbox",
        "Data Docs": f"{airflow.public_url}/docs/index.html",
        "Data Docs (files)": (docs_folder(settings) / "index.html").as_uri(),
        "Warehouse": f'duckdb {serving} "{query}"',
    }


def outcomes(demo: Demo, ledger: Ledger) -> tuple[Settlement, ...]:
    """The settlements of the demo's partitions, by dataset and key."""
    wanted = set(demo.expected)
    return tuple(s for s in ledger.latest() if (s.dataset, s.partition_key) in wanted)


def _seed(demo: Demo, store: embedded_s3.EmbeddedS3, progress: Progress) -> None:
    task = progress.add_task("Seeding landing with real data", total=None)
    writer = LandingWriter(store.endpoint_url, store.access_key_id, store.secret_access_key, store.region)
    seed(writer, first=demo.first, last=demo.last, breaks=demo.breaks, progress=lambda _: progress.advance(task))
    progress.update(task, total=len(demo.expected), completed=len(demo.expected))


def _start(airflow: AirflowServer, progress: Progress) -> None:
    task = progress.add_task("Starting Airflow", total=None)
    airflow.start()
    airflow.wait_until_healthy()
    progress.update(task, total=1, completed=1)


def _gate(demo: Demo, airflow: AirflowServer, ledger: Ledger, progress: Progress) -> None:
    task = progress.add_task("Gating partitions", total=len(demo.expected))
    references = [(name, SNAPSHOT) for name in REFERENCES]
    for name in REFERENCES:
        airflow.unpause(f"gate__{name}")  # a snapshot's newest period is all there is to gate
    _wait(references, ledger, progress, task)
    for name in DAILY:
        airflow.unpause(f"gate__{name}")
        partitions = [(name, key) for key in daily_keys(demo.first, demo.last)]
        if len(_settled(partitions, ledger)) < len(partitions):
            airflow.backfill(f"gate__{name}", first=demo.first, last=demo.last, at_once=4)
    airflow.unpause("consumer__flight_delays")
    _wait(demo.expected, ledger, progress, task)


def _finish(airflow: AirflowServer, progress: Progress) -> None:
    task = progress.add_task("Reports, messages and consumers", total=None)
    while airflow.unfinished_runs():
        time.sleep(1)
    progress.update(task, total=1, completed=1)


def _wait(wanted: Sequence[tuple[str, str]], ledger: Ledger, progress: Progress, task: object) -> None:
    last_change, count = time.monotonic(), -1
    while count < len(wanted):
        settled = len(_settled(wanted, ledger))
        if settled != count:
            last_change, count = time.monotonic(), settled
            progress.update(task, completed=settled)  # type: ignore[arg-type]
        if time.monotonic() - last_change > STUCK_AFTER_S:
            left = ", ".join(f"{d} {k}" for d, k in sorted(set(wanted) - _settled(wanted, ledger))[:3])
            raise OperatorError(
                f"nothing was settled for {STUCK_AFTER_S:.0f} s; waiting for {left}; see the Airflow UI"
            )
        time.sleep(0.5)


def _settled(wanted: Sequence[tuple[str, str]], ledger: Ledger) -> set[tuple[str, str]]:
    return {(s.dataset, s.partition_key) for s in ledger.latest()} & set(wanted)


def _progress(console: Console) -> Progress:
    text = TextColumn("{task.description}")
    return Progress(SpinnerColumn(), text, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console)


def _project() -> Path:
    return Path(__file__).resolve().parents[3]
