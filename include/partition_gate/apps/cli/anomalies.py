"""`gate anomalies`: figures unlike those of earlier partitions, and drifts from a baseline. Nothing was blocked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from partition_gate.apps.cli import tables
from partition_gate.apps.cli.incidents import incidents_of
from partition_gate.apps.cli.json_output import print_json
from partition_gate.core.display import SENTENCE_LENGTH, counted, displayed
from partition_gate.incidents.model import Incident, ProblemKind
from partition_gate.wiring import open_ports

_FIELDS = {
    *("id", "dataset", "cause", "state", "finding", "opened_at", "since", "last_key", "last_at", "partitions"),
    "resolved_at",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(anomalies)


def anomalies(
    dataset: Annotated[
        str | None, typer.Argument(metavar="[DATASET]", help="Only this dataset, or those of this contract.")
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, help="How many days to look back.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List figures unlike those of earlier partitions, and drifts from a baseline, newest first. None is a breach."""
    with open_ports() as ports:
        since = ports.clock.now() - timedelta(days=days)
        incidents = incidents_of(ports, dataset, active_only=False)
    recent = [each for each in incidents if each.kind is ProblemKind.ANOMALY and each.last_at >= since]
    found = sorted(recent, key=lambda each: (each.last_at, each.last_position, each.id), reverse=True)
    if as_json:
        print_json({"anomalies": [each.model_dump(mode="json", include=_FIELDS) for each in found]})
    elif found:
        tables.terminal().print(_table(found, days))
    else:
        typer.echo(f"no anomalies{f' of {displayed(dataset)}' if dataset else ''} in the last {counted(days, 'day')}")


def _table(found: Sequence[Incident], days: int) -> Table:
    """Two columns that fold, so that the sentences stay readable in a narrow terminal."""
    table = Table(title=f"Anomalies of the last {counted(days, 'day')}", title_justify="left")
    table.add_column("no.", justify="right", no_wrap=True)
    table.add_column("dataset and partition", overflow="fold")
    table.add_column("what is unusual", overflow="fold", ratio=1)
    for each in found:
        again = f"\n{each.partitions:,} partitions since {displayed(each.since)}" if each.partitions > 1 else ""
        over = "" if each.is_active else " (over)"
        table.add_row(
            str(each.id),
            Text(f"{displayed(each.dataset)}\n{displayed(each.last_key)}{over}"),
            Text(f"{displayed(each.finding, limit=SENTENCE_LENGTH)}{again}"),
        )
    return table
