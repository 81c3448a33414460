"""`gate history` and `gate rollback`: the published versions of a partition, and how an earlier one comes back."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from partition_gate.adapters.contract_claims import load_to_publish
from partition_gate.apps.cli import tables
from partition_gate.apps.cli.json_output import print_json
from partition_gate.apps.cli.named import DATASET_HELP, WithNegativeKeys, stated
from partition_gate.apps.cli.partitions import exit_code, show, with_results
from partition_gate.core.display import SENTENCE_LENGTH, displayed
from partition_gate.gate.asked_run import Asked
from partition_gate.gate.rollback import Version, versions
from partition_gate.gate.rollback import rollback as rolled_back
from partition_gate.settings import load_settings
from partition_gate.wiring import contract_folder, open_ports

Contract = Annotated[str, typer.Argument(metavar="CONTRACT", help=DATASET_HELP)]
Key = Annotated[str, typer.Argument(metavar="[KEY]", help="Partition key, such as 2026-01-31 or 2026-01-31/07.")]
Json = Annotated[bool, typer.Option("--json", help="Print the stable JSON document.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (history, rollback):
        app.command(cls=WithNegativeKeys)(command)


def history(contract: Contract, key: Key = "", as_json: Json = False) -> None:
    """List the published versions of a partition, the newest first, and which of them can come back."""
    settings = load_settings()
    today = contract_folder(settings).load(contract)
    with open_ports(settings) as ports:
        found = versions(today, key, ports=ports)
    if as_json:
        print_json({"versions": [each.model_dump(mode="json") for each in found]})
    elif found:
        tables.terminal().print(_table(found))
    else:
        typer.echo(f"{contract} {displayed(key)}: no version of this partition was published; see `gate status`")


def rollback(
    contract: Contract,
    key: Key,
    why: Annotated[str, typer.Option("--why", callback=stated, help="The reason; it is kept with your name.")],
    to: Annotated[
        str, typer.Option("--to", help="The attempt to return to, or its number. Default: the version before.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Make an earlier version of a partition visible again: its rows are judged by today's contract and published.

    The files that were judged last do not come back by themselves; other files that land are a new version.
    Exit codes as `gate run`.
    """
    settings = load_settings()
    today = load_to_publish(contract_folder(settings), contract)
    asked = Asked(who=getpass.getuser(), why=why)
    with open_ports(settings) as ports:
        done = rolled_back(today, key, asked, to=to, ports=ports)
        show(
            with_results(done, ports, notifies=True),
            today.in_force(done.settlement.partition_key),
            ports,
            as_json=as_json,
        )
    raise typer.Exit(exit_code(done.settlement.outcome))


def _table(found: Sequence[Version]) -> Table:
    table = Table(title="Published versions, newest first", title_justify="left")
    for name in ("attempt", "published", "contract"):
        table.add_column(name, no_wrap=True)
    for name in ("version", "rows", "quarantined"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("why", overflow="fold")
    for each in found:
        state = "visible" if each.is_visible else "can come back" if each.is_kept else "removed"
        number = "" if each.table_version is None else str(each.table_version)
        counts = (number, f"{each.rows_published:,}", f"{each.rows_quarantined:,}")
        why = Text(displayed("; ".join(each.why), limit=SENTENCE_LENGTH))
        settled = f"{each.settled_at:%Y-%m-%d %H:%M} UTC"
        table.add_row(Text(each.attempt_id), settled, each.contract, *counts, state, why)
    return table
