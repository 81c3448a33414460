"""`gate doctor`: try each connection and each right, and say what to change."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from partition_gate.apps.cli import tables
from partition_gate.apps.cli.json_output import dumped, print_json
from partition_gate.core.diagnosis import Diagnosis, Health
from partition_gate.core.display import SENTENCE_LENGTH, displayed
from partition_gate.home import make_private
from partition_gate.settings import load_settings
from partition_gate.wiring import WiredPorts

_STYLES = {Health.OK: "green", Health.WARNING: "yellow", Health.FAILED: "bold red"}
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(as_json: Json = False) -> None:
    """Try each connection and each right that runs need, and say what to change. A small object is written and removed.

    Exit codes: 0 nothing failed, 1 something failed.
    """
    from partition_gate.doctor import examine

    settings = load_settings()
    make_private(settings)
    with ExitStack() as stack:  # not `open_ports`, which refuses what is to be shown here
        diagnoses = list(examine(settings, WiredPorts(settings, stack)))
    if as_json:
        print_json({"trials": dumped(diagnoses)})
    else:
        tables.terminal().print(table_of(diagnoses))
    raise typer.Exit(1 if any(each.health is Health.FAILED for each in diagnoses) else 0)


def table_of(diagnoses: Sequence[Diagnosis]) -> Table:
    """One row for each trial; readable from 80 columns on. A reason that many trials share is told once."""
    told: dict[str, str] = {}
    table = Table(box=None, pad_edge=False)
    table.add_column("result", no_wrap=True)
    table.add_column("tried", max_width=26, overflow="fold")
    table.add_column("what was found; what to do", overflow="fold")
    for each in diagnoses:
        first = told.setdefault(each.what, each.subject)
        is_repeated = each.health is Health.FAILED and first != each.subject
        what = f"for the same reason as `{first}`" if is_repeated else each.what
        found = displayed(what, limit=SENTENCE_LENGTH)
        table.add_row(Text(each.health, _STYLES[each.health]), Text(displayed(each.subject, limit=200)), Text(found))
    return table
