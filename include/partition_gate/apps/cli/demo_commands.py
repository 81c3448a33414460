"""`gate seed` and `gate demo`."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from partition_gate.apps.cli import tables
from partition_gate.settings import Settings, load_settings
from partition_gate.wiring import WiredPorts, contract_folder, open_ports

if TYPE_CHECKING:
    from rich.console import RenderableType

    from partition_gate.adapters.object_store.landing import ObjectWriter
    from partition_gate.apps.demo.run import Demo

First = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First partition date.")]
Last = Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last partition date, included.")]
Breaks = Annotated[
    list[str] | None,
    typer.Option("--break", help="Inject a fault: KIND:dataset:date, such as truncate:flights:2013-01-09."),
]
Into = Annotated[Path | None, typer.Option("--into", help="Write to this folder instead of the embedded object store.")]
Only = Annotated[
    list[str] | None, typer.Option("--dataset", help="Write only this dataset; may be given more than once.")
]
# Faults that the demo injects, so that it shows every kind of outcome. All other defects are in the real data.
DEMO_BREAKS = (
    "missing:weather:2013-01-10",
    "truncate:flights:2013-01-09",
    "schema:weather:2013-01-12",
    "nulls:weather_hourly:2013-01-01/04",
)
_FIRST, _LAST = datetime(2013, 1, 1), datetime(2013, 1, 14)  # noqa: DTZ001  # dates


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(seed)
    app.command()(demo)


def seed(
    first: First = _FIRST, last: Last = _LAST, breaks: Breaks = None, into: Into = None, only: Only = None
) -> None:
    """Write real flights and weather of 2013 to landing: one partition per day, and the first day's weather by hour.

    With GATE_NOW, files below --into are as old as if they had been written at that time.
    """
    from partition_gate.apps.demo.faults import parse_break
    from partition_gate.apps.demo.seed import LANDING, Action
    from partition_gate.apps.demo.seed import seed as seed_landing

    settings = load_settings()
    faults = tuple(parse_break(text) for text in breaks or ())
    root = LANDING if into is None else str(into.absolute())
    datasets = _chosen(only)
    with _landing(settings, into) as writer:
        report = seed_landing(writer, first=first.date(), last=last.date(), breaks=faults, datasets=datasets, root=root)
    if into is not None and settings.now is not None:
        for landed in report.partitions:
            if landed.action is Action.WRITTEN:
                os.utime(landed.path, (settings.now.timestamp(),) * 2)
    typer.echo(str(report))


def _chosen(only: list[str] | None) -> tuple[str, ...]:
    from partition_gate.apps.demo.nycflights import DATASETS

    if unknown := set(only or ()) - set(DATASETS):
        raise typer.BadParameter(
            f"{sorted(unknown)[0]!r} is not a dataset of the demo: choose of {', '.join(DATASETS)}",
            param_hint="--dataset",
        )
    return tuple(name for name in DATASETS if not only or name in only)


def _service_levels(plan: Demo, settings: Settings, ports: WiredPorts) -> Iterator[RenderableType]:
    """How the promises were kept: over the days of 2013, as `gate sla` would have shown it two days later, and now."""
    from partition_gate.apps.cli.service_levels import rendered
    from partition_gate.gate.service_levels import service_level_reports

    days = plan.last - plan.first + timedelta(days=2)
    ended = datetime(plan.last.year, plan.last.month, plan.last.day, tzinfo=UTC) + timedelta(days=2)
    contracts = contract_folder(settings).load_all().contracts
    for window, now in ((days, ended), (timedelta(days=1), ports.clock.now())):
        reports = service_level_reports(contracts, window=window, now=now, ledger=ports.ledger)
        # When files of 2013 landed says nothing: promises on arrival are not judged for days that are loaded so late.
        judged = [report for report in reports if report.attainment.judged]
        yield rendered(judged, (), window=window, named=None)


@contextmanager
def _landing(settings: Settings, into: Path | None) -> Iterator[ObjectWriter]:
    """Writes to local folders, or to the embedded object store, which is stopped again."""
    from partition_gate.adapters.embedded_s3.users import running
    from partition_gate.adapters.object_store.landing import LandingWriter, LocalLandingWriter
    from partition_gate.adapters.object_store.s3_clients import Endpoint

    if into is not None:
        yield LocalLandingWriter()
        return
    with running(settings.home) as s3:
        yield LandingWriter(Endpoint.with_key(s3.endpoint_url, s3.access_key_id, s3.secret_access_key, s3.region))


def demo(
    once: Annotated[bool, typer.Option("--once", help="Stop after the summary; the files remain.")] = False,
    first: First = _FIRST,
    last: Last = _LAST,
    breaks: Breaks = None,
) -> None:
    """Run two weeks of real partitions through a real Airflow and show the outcome of each."""
    from partition_gate.apps.demo.faults import parse_break
    from partition_gate.apps.demo.run import Demo, addresses, embedded, outcomes, running_demo

    settings, console = embedded(load_settings()), tables.terminal()
    faults = tuple(parse_break(text) for text in (DEMO_BREAKS if breaks is None else breaks))
    if breaks is None:  # of the default faults, those of the selected days
        faults = tuple(fault for fault in faults if f"{first:%Y-%m-%d}" <= fault.key[:10] <= f"{last:%Y-%m-%d}")
    plan = Demo(first=first.date(), last=last.date(), breaks=faults, began_at=datetime.now(UTC))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # each of them stops every started process
        signal.signal(number, signal.default_int_handler)
    with suppress(KeyboardInterrupt), running_demo(plan, settings, console) as airflow:
        with open_ports(settings) as ports:
            console.print(tables.summary(outcomes(plan, ports.ledger)))
            for service_levels in _service_levels(plan, settings, ports):
                console.print(service_levels)
        for name, address in addresses(airflow, settings).items():
            if once and address.startswith("http"):
                continue  # its server stops with this command
            console.print(f"{name:18} {address}", soft_wrap=True, highlight=False)
        if not once:
            console.print("Press Ctrl-C to stop all servers; the files remain.")
            threading.Event().wait()
