"""`gate watch`: passes of the watch without Airflow. `gate status` says here whether the watch runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Annotated

import typer

from partition_gate.adapters.cached_catalogue import CachedCatalogue
from partition_gate.apps.cli.json_output import print_json
from partition_gate.apps.cli.signals import Terminated
from partition_gate.apps.web.metrics import LedgerMetrics, tell_gauges
from partition_gate.contract.model import Status
from partition_gate.core.display import SENTENCE_LENGTH, counted, displayed
from partition_gate.core.errors import GateError
from partition_gate.core.units import duration
from partition_gate.gate.look import WatchPlan
from partition_gate.gate.watch import WatchPass
from partition_gate.gate.watch import watch as one_pass
from partition_gate.settings import Settings, load_settings
from partition_gate.watching.delivery import undelivered
from partition_gate.watching.heartbeat import INTERVAL, NEVER_RAN, silence
from partition_gate.wiring import WiredPorts, contract_folder, open_ports

SHORTEST_INTERVAL = timedelta(seconds=10)
COULD_NOT_LOOK = 3


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(watch)


def watch(
    every: Annotated[
        str, typer.Option("--every", help="Repeat at this interval, such as 5m, until Ctrl-C; without it, look once.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=0, help="The most partitions to judge in one pass.")] = 20,
    look_back: Annotated[int, typer.Option("--look-back", min=1, max=366, help="Days to look back.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document for each pass.")] = False,
) -> None:
    """Settle partitions that never came, judge those that landed late or changed, and report broken promises.

    Without Airflow, this replaces its DAGs; with Airflow, the DAG gate_watch does the same and starts runs.
    Exit codes: 0 everything was looked at, 3 something could not be, or messages have waited for 15 minutes.
    """
    interval = _interval(every)
    plan = WatchPlan(interval=interval or INTERVAL, judges=True, runs=limit, look_back=timedelta(days=look_back))
    settings = load_settings()
    contracts = _announced(CachedCatalogue(contract_folder(settings)))
    with open_ports(settings) as ports, suppress(KeyboardInterrupt, Terminated):
        look = _Looking(contracts, plan, ports)
        if interval is None:
            found = look.once(as_json=as_json)
            raise typer.Exit(COULD_NOT_LOOK if found.not_looked_at or found.undelivered else 0)
        while True:
            began = time.monotonic()
            try:
                look.once(as_json=as_json)
            except GateError as error:
                sentence = displayed(str(error), limit=SENTENCE_LENGTH)
                typer.echo(f"gate: {sentence}; the next pass tries again", err=True)
            time.sleep(max(0.0, interval.total_seconds() - (time.monotonic() - began)))


def _announced(contracts: CachedCatalogue) -> CachedCatalogue:
    """The contracts, after the datasets were named that are not watched: once, however many passes follow."""
    for sentence in contracts.current().not_run:
        typer.echo(sentence, err=True)
    return contracts


def delivery_lines(ports: WiredPorts) -> tuple[str, ...]:
    """A sentence for each tool whose messages have waited for too long."""
    now = ports.clock.now()
    return tuple(each.sentence(now) for each in undelivered(ports.ledger.backlog(), now=now))


def heartbeat_line(ports: WiredPorts, settings: Settings) -> str | None:
    """A sentence if the watch does not run although an active contract needs it; None if it runs."""
    heartbeat = ports.ledger.heartbeat()
    if heartbeat is not None:
        return silence(heartbeat, now=ports.clock.now())
    contracts = contract_folder(settings).load_all().contracts
    return NEVER_RAN if any(each.contract.status is Status.ACTIVE for each in contracts) else None


def _interval(text: str) -> timedelta | None:
    if not text:
        return None
    interval = duration(text)
    if interval is None or interval < SHORTEST_INTERVAL:
        raise typer.BadParameter(f"{text!r} is not an interval of at least 10 seconds; write one such as 5m")
    return interval


class _Looking:
    """Passes over the same contracts."""

    def __init__(self, contracts: CachedCatalogue, plan: WatchPlan, ports: WiredPorts) -> None:
        self._contracts, self._plan, self._ports = contracts, plan, ports
        self._metrics = LedgerMetrics(ports.ledger, contracts.current, ports.clock)

    def once(self, *, as_json: bool) -> WatchPass:
        """One pass; what it found is printed, and told to monitoring systems."""
        began, catalogue = time.monotonic(), self._contracts.current()
        watched = [compiled for compiled in catalogue.contracts if compiled.contract.status is not Status.RETIRED]
        found = one_pass(watched, catalogue.broken, plan=self._plan, ports=self._ports)
        if as_json:
            print_json(found.model_dump(mode="json"), on_one_line=True)
        else:
            for line in _lines(found, self._ports.clock.now(), seconds=time.monotonic() - began):
                typer.echo(line)
        tell_gauges(self._metrics, self._ports)
        return found


def _lines(found: WatchPass, now: datetime, *, seconds: float) -> Iterator[str]:
    """One line for each thing that happened, then one that counts them."""
    for settled in (*found.missing, *found.judged):
        why = f": {displayed(settled.why[0], limit=SENTENCE_LENGTH)}" if settled.why else ""
        yield f"{settled.dataset} {displayed(settled.partition_key)}: {settled.outcome.value.replace('_', ' ')}{why}"
    for told in found.assessments:
        for problem in told.problems:
            yield f"{told.dataset}: {displayed(problem.finding, limit=SENTENCE_LENGTH)}"
        for cause in sorted(told.in_order):
            yield f"{told.dataset}: in order again: {displayed(cause)}"
    for name, why in found.not_looked_at:
        yield f"{name}: not looked at: {displayed(why.splitlines()[0], limit=SENTENCE_LENGTH)}"
    yield from found.undelivered
    counts = {
        "missing": len(found.missing),
        "judged": len(found.judged),
        "left for the next pass": found.waiting,
        "landing, not complete yet": found.incomplete,
        "not looked at": len(found.not_looked_at),
    }
    did = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count) or "nothing to judge"
    yield f"{now:%Y-%m-%d %H:%M:%S} UTC  {counted(found.datasets, 'dataset')} in {seconds:.1f} s: {did}"
