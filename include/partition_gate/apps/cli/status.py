"""`gate status`: the newest outcome of every partition."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer

from partition_gate.apps.cli import tables
from partition_gate.apps.cli.json_output import dumped, print_json
from partition_gate.apps.cli.named import datasets_meant, moment_of, refuse_unknown
from partition_gate.apps.cli.watch import delivery_lines, heartbeat_line
from partition_gate.core.display import counted, displayed
from partition_gate.home import ledger_shown
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.settings import load_settings
from partition_gate.wiring import WiredPorts, contract_folder, open_ports

Dataset = Annotated[
    str | None, typer.Argument(metavar="[DATASET]", help="Only this dataset, or those of this contract.")
]
Since = Annotated[
    str | None, typer.Option("--since", help="Settled in this span (24h, 7d) or since this time (2026-12-01T08:00Z).")
]
Outcomes = Annotated[
    list[PartitionOutcome] | None,
    typer.Option("--outcome", metavar="OUTCOME", help=f"Only {', '.join(PartitionOutcome)}; may be repeated."),
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Only the partitions that were settled last.")]
Json = Annotated[bool, typer.Option("--json", help="Print the stable JSON document.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(status)


def status(
    dataset: Dataset = None,
    since: Since = None,
    outcome: Outcomes = None,
    limit: Limit = None,
    as_json: Json = False,
) -> None:
    """Show the newest outcome of every partition, and warn if the watch does not run or messages are not delivered."""
    settings = load_settings()
    with open_ports(settings) as ports:
        start = None if since is None else _start(since, ports.clock.now())
        recorded = _recorded(ports, dataset)
        for line in filter(None, (heartbeat_line(ports, settings), *delivery_lines(ports))):
            typer.echo(line, err=True)
    found = selected(recorded, start=start, outcomes=outcome or [], limit=limit)
    if as_json:
        print_json({"partitions": dumped(found)})
    elif found:
        screen = tables.terminal()
        typer.echo(tables.status(found, width=screen.width if screen.is_terminal else None))
    elif recorded:
        typer.echo(f"none of {counted(len(recorded), 'partition')} fits")
    else:
        of = f" of {displayed(dataset)}" if dataset else ""
        typer.echo(f"Nothing{of} is recorded in {ledger_shown(settings)} yet.")


def _recorded(ports: WiredPorts, name: str | None) -> list[Settlement]:
    """The newest outcomes of a dataset, of the datasets of a contract, or of all. Raises: UnknownContract."""
    if not name:
        return list(ports.ledger.latest())
    folder = contract_folder(ports.settings)
    found = [each for dataset in datasets_meant(folder, name) for each in ports.ledger.latest(dataset)]
    if not found:
        refuse_unknown(folder, name, sorted({each.dataset for each in ports.ledger.latest()}))
    return found


def selected(
    recorded: Sequence[Settlement], *, start: datetime | None, outcomes: Sequence[PartitionOutcome], limit: int | None
) -> list[Settlement]:
    """The partitions settled since a time, with one of these outcomes (none: any), in the order of `recorded`."""
    found = [
        each
        for each in recorded
        if (start is None or each.settled_at >= start) and (not outcomes or each.outcome in outcomes)
    ]
    if limit is None:
        return found
    last = {each.attempt_id for each in sorted(found, key=lambda each: each.settled_at)[-limit:]}
    return [each for each in found if each.attempt_id in last]


def _start(text: str, now: datetime) -> datetime:
    """Raises: BadParameter, if it is neither a span nor a time."""
    moment = moment_of(text, now)
    if moment is None:
        what = f"{text!r} is neither a span nor a time: write 24h, 7d or 2026-12-01T08:00Z"
        raise typer.BadParameter(what, param_hint="--since")
    return moment
