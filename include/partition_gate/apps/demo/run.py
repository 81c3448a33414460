"""Runs the demo: two weeks of real flights through a real S3 server and a real Airflow."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

from rich.console import Console

from partition_gate.adapters.embedded_s3.server import EmbeddedS3
from partition_gate.adapters.embedded_s3.users import running
from partition_gate.adapters.object_store.landing import LandingWriter
from partition_gate.adapters.object_store.s3_clients import Endpoint
from partition_gate.apps.demo.airflow_server import AirflowServer
from partition_gate.apps.demo.faults import Break
from partition_gate.apps.demo.live import LIVE, live_hours, live_key, seed_live
from partition_gate.apps.demo.nycflights import DAILY, HOURLY
from partition_gate.apps.demo.seed import seed
from partition_gate.apps.demo.steps import Step, Steps, shown_on
from partition_gate.contract.calendar import daily_keys
from partition_gate.core.display import listed
from partition_gate.core.errors import OperatorError
from partition_gate.core.names import dag_id
from partition_gate.core.partition import SNAPSHOT
from partition_gate.core.record import Record
from partition_gate.gate.reports import write_index
from partition_gate.judging.attempt import Settlement
from partition_gate.ports.ledger import Ledger
from partition_gate.settings import Settings
from partition_gate.wiring import docs_root, open_ports

REFERENCES = ("airlines", "airports", "planes")
WATCH = "gate_watch"
CONSUMERS = ("consumer__flight_delays", "consumer__hourly_weather")
# A partition takes about ten seconds. If none is settled for this long, something is stuck.
STUCK_AFTER_S = 240.0
# Enough to show an hourly dataset: one hour is missing in the real data, one has a fault, and the others are good.
HOURS = 6
# What the demo's tasks get, whatever is set: they read what it seeded. An empty value is the default.
EMBEDDED = {"GATE_S3_EMBEDDED": "1", "GATE_S3_ENDPOINT_URL": ""}


class Demo(Record):
    """What the demo seeds and judges: the days from `first` to `last` (both included), and the injected faults.

    Hourly datasets have the first hours of the first day only; the live one has the newest hours before `began_at`.
    """

    first: date
    last: date
    breaks: tuple[Break, ...]
    began_at: datetime

    @property
    def expected(self) -> tuple[tuple[str, str], ...]:
        """(dataset, partition key) of every partition, the reference datasets first."""
        return (*((name, SNAPSHOT) for name in REFERENCES), *((n, k) for n in DAILY + HOURLY for k in self.keys(n)))

    @property
    def live(self) -> tuple[tuple[str, str], ...]:
        """As `expected`, of the live dataset, whose runs the watch starts."""
        return tuple((LIVE, live_key(hour)) for hour in live_hours(self.began_at))

    def keys(self, dataset: str) -> tuple[str, ...]:
        """The partition keys of a daily or hourly dataset, oldest first."""
        if dataset in HOURLY:
            return tuple(f"{self.first}/{hour:02}" for hour in range(HOURS))
        return tuple(daily_keys(self.first, self.last))

    def span(self, dataset: str) -> tuple[datetime, datetime]:
        """Start and end (excluded) of these partitions, in local time."""
        begin = datetime(self.first.year, self.first.month, self.first.day)  # noqa: DTZ001 (labels, not moments)
        days = (self.last - self.first).days + 1
        return begin, begin + (timedelta(hours=HOURS) if dataset in HOURLY else timedelta(days=days))


def embedded(settings: Settings) -> Settings:
    """These settings with the embedded S3 server."""
    return settings.model_copy(update={"s3_embedded": True, "s3_endpoint_url": ""})


@contextmanager
def running_demo(demo: Demo, settings: Settings, console: Console) -> Iterator[AirflowServer]:
    """Seed landing, start Airflow and judge every partition. On exit, everything that was started is stopped.

    Raises:
        OperatorError: there is no checkout, a server did not start, or no partition was settled for minutes.
    """
    project = _project()
    with ExitStack() as started:
        with shown_on(console) as steps:
            store = started.enter_context(running(settings.home))
            _seed(demo, store, steps)
            airflow = AirflowServer(settings.home, project=project, environment={**os.environ, **EMBEDDED})
            started.callback(airflow.stop)
            _start(airflow, steps)
            with open_ports(settings) as ports:
                _gate(demo, airflow, ports.ledger, steps)
                _watch(demo, airflow, ports.ledger, steps)
                _finish(airflow, steps)
                write_index(ports)
        yield airflow


def addresses(airflow: AirflowServer, settings: Settings) -> dict[str, str]:
    """The addresses to look at, by name."""
    serving = Path(settings.path(settings.serving_file, "warehouse.duckdb"))
    query = "select dt, count(*) from flights group by dt order by dt"
    return {
        "Airflow": airflow.url,
        "Console": f"{airflow.public_url}/",
        "Slack messages": f"{airflow.public_url}/inbox",
        "Data Docs": f"{airflow.public_url}/docs/index.html",
        "Data Docs (files)": (Path(docs_root(settings)) / "index.html").as_uri(),
        "Warehouse": f'duckdb -readonly {serving} "{query}"',
    }


def outcomes(demo: Demo, ledger: Ledger) -> tuple[Settlement, ...]:
    """The settlements of the demo's partitions, by dataset and key."""
    expected = {*demo.expected, *demo.live}
    return tuple(s for s in ledger.latest() if (s.dataset, s.partition_key) in expected)


def _seed(demo: Demo, store: EmbeddedS3, steps: Steps) -> None:
    step = steps.begin("Seeding landing with real data")
    key = (store.access_key_id, store.secret_access_key)
    writer = LandingWriter(Endpoint.with_key(store.endpoint_url, *key, store.region))
    seed(writer, first=demo.first, last=demo.last, breaks=demo.breaks)
    seed_live(writer, now=demo.began_at)
    step.finish()


def _start(airflow: AirflowServer, steps: Steps) -> None:
    step = steps.begin("Starting Airflow")
    airflow.start()
    airflow.wait_until_healthy()
    step.finish()


def _gate(demo: Demo, airflow: AirflowServer, ledger: Ledger, steps: Steps) -> None:
    step = steps.begin("Judging partitions", total=len(demo.expected))
    references = [(name, SNAPSHOT) for name in REFERENCES]
    for name in REFERENCES:
        airflow.unpause(dag_id(f"reference/{name}"))  # a snapshot has only its newest period
    _wait(references, airflow, ledger, step)
    for name in DAILY + HOURLY:
        partitions = [(name, key) for key in demo.keys(name)]
        if len(_settled(partitions, ledger)) < len(partitions):
            begin, end = demo.span(name)
            airflow.backfill(dag_id(name), begin=begin, end=end, at_once=4)
    # Last: Airflow's web server answers slowly while tasks of these DAGs write to its database.
    for paused in (*CONSUMERS, *map(dag_id, DAILY + HOURLY)):
        airflow.unpause(paused)
    _wait(demo.expected, airflow, ledger, step)


def _watch(demo: Demo, airflow: AirflowServer, ledger: Ledger, steps: Steps) -> None:
    step = steps.begin("Watching what lands, and what does not", total=len(demo.live))
    for paused in (dag_id(LIVE), WATCH):
        airflow.unpause(paused)
    _wait(demo.live, airflow, ledger, step)


def _finish(airflow: AirflowServer, steps: Steps) -> None:
    step = steps.begin("Reports, messages and consumers")
    while airflow.unfinished_runs():
        _restart_dead_components(airflow, step)
        time.sleep(1)
    step.finish()


def _wait(expected: Sequence[tuple[str, str]], airflow: AirflowServer, ledger: Ledger, step: Step) -> None:
    last_change, count = time.monotonic(), -1
    while count < len(expected):
        _restart_dead_components(airflow, step)
        settled = len(_settled(expected, ledger))
        if settled != count:
            last_change, count = time.monotonic(), settled
            step.done(settled)
        if time.monotonic() - last_change > STUCK_AFTER_S:
            left = listed([f"{d} {k}" for d, k in sorted(set(expected) - _settled(expected, ledger))], 3)
            raise OperatorError(
                f"no partition was settled for {STUCK_AFTER_S:.0f} s; waiting for {left}; look at the Airflow UI"
            )
        time.sleep(0.5)


def _restart_dead_components(airflow: AirflowServer, step: Step) -> None:
    for component in airflow.restart_dead_components():
        step.note(f"airflow {component} ended and was started again; see {airflow.logs}/airflow-{component}.log")


def _settled(expected: Sequence[tuple[str, str]], ledger: Ledger) -> set[tuple[str, str]]:
    return {(s.dataset, s.partition_key) for s in ledger.latest()} & set(expected)


def _project() -> Path:
    """The root of the checkout. Raises: OperatorError (the package is installed without one)."""
    root = Path(__file__).resolve().parents[4]
    if not (root / "dags").is_dir():
        raise OperatorError("the demo runs its DAGs and contracts from a checkout: clone the repository, run make demo")
    return root
