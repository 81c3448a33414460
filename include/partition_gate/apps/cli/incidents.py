"""`gate incidents`: the problems that last, and what people do about them."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from partition_gate.apps.cli import tables
from partition_gate.apps.cli.json_output import dumped, print_json
from partition_gate.apps.cli.named import datasets_meant, refuse_unknown, stated
from partition_gate.core.display import PATH_LENGTH, SENTENCE_LENGTH, displayed
from partition_gate.core.errors import CannotAct
from partition_gate.core.units import duration, roughly
from partition_gate.incidents.actions import Action, ActionKind
from partition_gate.incidents.model import Event, Incident, IncidentState, ProblemKind, Thread
from partition_gate.incidents.threads import channels_told
from partition_gate.wiring import WiredPorts, contract_folder, open_ports

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="The incident's number; `gate incidents list` shows it.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Why = Annotated[
    str,
    typer.Option(
        "--why",
        callback=stated,
        help="The reason, for the people in the thread and for audits.",
    ),
]
_STYLES = {
    IncidentState.OPEN: "red",
    IncidentState.ACKED: "yellow",
    IncidentState.MUTED: "cyan",
    IncidentState.RESOLVED: "green",
}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Problems that last: list them, acknowledge, mute or resolve them.", no_args_is_help=True)
    for command in (list_, show, ack, mute, resolve):
        group.command(command.__name__.strip("_"))(command)
    app.add_typer(group, name="incidents")


def list_(
    dataset: Annotated[
        str | None, typer.Argument(metavar="[DATASET]", help="Only this dataset, or those of this contract.")
    ] = None,
    resolved: Annotated[bool, typer.Option("--all", help="Also those that are resolved, at most 1,000.")] = False,
    as_json: Json = False,
) -> None:
    """List the open incidents, newest first; anomalies have a list of their own."""
    with open_ports() as ports:
        recorded = incidents_of(ports, dataset, active_only=not resolved)
        now = ports.clock.now()
    found = [each for each in recorded if each.kind is not ProblemKind.ANOMALY]
    if as_json:
        print_json({"incidents": dumped(found)})
        return
    if found:
        tables.terminal().print(_table(found, now))
    else:
        typer.echo(
            f"no {'incidents' if resolved else 'open incidents'}{f' of {displayed(dataset)}' if dataset else ''}"
        )
    if len(recorded) > len(found):
        typer.echo(f"anomalies, which break no promise: {len(recorded) - len(found):,}; see `gate anomalies`")


def incidents_of(ports: WiredPorts, name: str | None, *, active_only: bool) -> list[Incident]:
    """The incidents of a dataset, of the datasets of a contract, or of all, newest first. Raises: UnknownContract."""
    if not name:
        return list(ports.ledger.incidents(active_only=active_only))
    folder = contract_folder(ports.settings)
    found = [
        each
        for dataset in datasets_meant(folder, name)
        for each in ports.ledger.incidents(dataset, active_only=active_only)
    ]
    if not found:
        refuse_unknown(folder, name)
    return sorted(found, key=lambda each: each.id, reverse=True)


def show(number: Number, as_json: Json = False) -> None:
    """Show an incident, its history and the channels that were told."""
    with open_ports() as ports:
        incident = ports.ledger.incident(number)
        if incident is None:
            raise CannotAct(f"there is no incident {number}; see `gate incidents list --all`")
        events, threads = ports.ledger.incident_events(number), ports.ledger.threads(number)
        now = ports.clock.now()
    if as_json:
        print_json(
            {
                **incident.model_dump(mode="json"),
                "events": [event.model_dump(mode="json", exclude={"incident_id"}) for event in events],
                "threads": [thread.model_dump(mode="json", include=_OF_THREAD) for thread in threads],
            }
        )
    else:
        tables.terminal().print(_details(incident, events, threads, now))


def ack(number: Number, why: Why = "") -> None:
    """Acknowledge: somebody works on it. Further partitions with the problem are counted, not announced."""
    _act(number, Action(kind=ActionKind.ACK, who=getpass.getuser(), why=why))


def mute(
    number: Number,
    until: Annotated[str, typer.Option("--until", help="A time span (2h, 3d) or an ISO time (2026-12-01T08:00Z).")],
    why: Why = "",
) -> None:
    """Say nothing about it until a time; then its thread says whether it is still open."""
    with open_ports() as ports:
        now = ports.clock.now()
    _act(number, Action(kind=ActionKind.MUTE, who=getpass.getuser(), why=why, until=_moment(until, now)))


def resolve(
    number: Number,
    why: Annotated[
        str,
        typer.Option(
            "--why",
            callback=stated,
            help="Why the problem is over, for the people in the thread.",
        ),
    ],
) -> None:
    """Resolve it for all its partitions. It opens again if another partition has the problem within 24 hours."""
    _act(number, Action(kind=ActionKind.RESOLVE, who=getpass.getuser(), why=why))


_OF_THREAD = {"id", "kind", "tool", "channel", "audience", "opened_at", "is_told"}


def _act(number: int, action: Action) -> None:
    with open_ports() as ports:
        incident = ports.ledger.act(number, action, now=ports.clock.now())
    until = f" until {incident.muted_until:%Y-%m-%d %H:%M} UTC" if incident.muted_until else ""
    typer.echo(f"incident {incident.id} ({incident.dataset}, {incident.cause}) is {incident.state.value}{until}")
    typer.echo("its threads are updated by the next run or the watch; to do it now: gate notify")


def _moment(text: str, now: datetime) -> datetime:
    """Raises: CannotAct, if it is neither a span nor a time."""
    span = duration(text)
    if isinstance(span, timedelta):
        return now + span
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CannotAct(f"--until {text!r} is not a time: write a span such as 2h, or 2026-12-01T08:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _table(incidents: Sequence[Incident], now: datetime) -> Table:
    table = Table(title="Incidents", title_justify="left")
    table.add_column("no.", justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("dataset and cause", overflow="fold")
    table.add_column("for", no_wrap=True)
    table.add_column("newest finding", overflow="fold", ratio=1)
    for each in incidents:
        table.add_row(
            str(each.id),
            Text(each.state.value, style=_STYLES[each.state]),
            Text(f"{displayed(each.dataset)}\n{displayed(each.cause)}"),
            roughly((each.resolved_at or now) - each.opened_at),
            Text(f"{displayed(each.extent)}\n{displayed(each.finding, limit=SENTENCE_LENGTH)}"),
        )
    return table


def _details(incident: Incident, events: Sequence[Event], threads: Sequence[Thread], now: datetime) -> RenderableType:
    head = Text.assemble(
        f"Incident {incident.id}: {displayed(incident.dataset)}, {displayed(incident.cause)}: ",
        Text(incident.state.value, style=_STYLES[incident.state]),
    )
    lines = [f"{displayed(incident.extent)}: {displayed(incident.finding, limit=PATH_LENGTH)}"]
    if incident.blocked:
        lines.append(
            f"blocked by it, so at most an older version is visible: {', '.join(map(displayed, incident.blocked))}"
        )
    lines += [_event(event) for event in events]
    lines += channels_told(threads)
    lasted = roughly((incident.resolved_at or now) - incident.opened_at)
    return Group(head, Text(f"open for {lasted}" if incident.is_active else f"lasted {lasted}"), *map(Text, lines))


def _event(event: Event) -> str:
    by, key = (f"by {displayed(event.who)}" if event.who else ""), displayed(event.partition_key)
    parts = (event.kind.value, key, by, displayed(event.text, limit=PATH_LENGTH))
    return f"{event.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC  {'  '.join(part for part in parts if part)}"
