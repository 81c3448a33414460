"""`gate reconcile`, `gate sweep`, `gate forget`: keep what is visible, recorded and told in agreement."""

from __future__ import annotations

import getpass
import json
from datetime import timedelta
from typing import Annotated

import typer

from partition_gate.apps.cli import tables
from partition_gate.gate.operations import forget as forget_outcome
from partition_gate.gate.operations import sweep as swept
from partition_gate.gate.reconcile import Reconciliation
from partition_gate.gate.reconcile import reconcile as reconciled
from partition_gate.settings import load_settings
from partition_gate.wiring import contract_folder, open_ports

Contract = Annotated[str, typer.Argument(metavar="CONTRACT", help="A contract id, or the path of a contract file.")]
Key = Annotated[str, typer.Argument(metavar="KEY", help="Partition key, such as 2013-01-03.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Why = Annotated[str, typer.Option("--why", help="Why it should never have been recorded; kept for auditors.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(reconcile)
    app.command()(sweep)
    app.command()(forget)


def reconcile(
    as_json: Json = False,
    no_notify: Annotated[bool, typer.Option("--no-notify", help="Do not deliver waiting messages.")] = False,
) -> None:
    """Compare ledger, tables, views, quarantine and outbox; repair what can be repaired, prove the row counts.

    Exit codes: 0 everything agrees, 1 a difference is left.
    """
    settings = load_settings()
    with open_ports(settings) as ports:
        found = reconciled(contract_folder(settings).load_all().contracts, ports=ports, send_messages=not no_notify)
    if as_json:
        document = {**found.model_dump(mode="json"), "proof_holds": all(proof.holds for proof in found.proofs)}
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        tables.terminal().print(tables.reconciliation(found))
    raise typer.Exit(0 if _agrees(found) else 1)


def sweep(
    older_than: Annotated[
        float, typer.Option("--older-than", min=1.0, help="Hours for which staged files of finished work are kept.")
    ] = 24.0,
) -> None:
    """Remove what killed runs left behind; what a live run works on is never touched."""
    settings = load_settings()
    with open_ports(settings) as ports:
        contracts = contract_folder(settings).load_all().contracts
        found = swept(contracts, older_than=timedelta(hours=older_than), ports=ports)
    typer.echo(
        f"ended {found.attempts} attempts that nobody works on; removed {found.spool_folders} spool folders "
        f"and {found.staged_files} staged files"
    )
    for problem in found.problems:
        typer.echo(f"not swept: {problem}", err=True)
    raise typer.Exit(1 if found.problems else 0)


def forget(contract: Contract, key: Key, why: Why) -> None:
    """Remove a partition's outcome that should never have been recorded; who, when and why is kept."""
    settings = load_settings()
    today = contract_folder(settings).load(contract)
    with open_ports(settings) as ports:
        forgotten = forget_outcome(today, key, who=getpass.getuser(), why=why, ports=ports)
    partition = f"{forgotten.dataset} {forgotten.partition_key}"
    typer.echo(f"{partition}: the outcome {forgotten.outcome.value} is removed ({forgotten.why})")


def _agrees(found: Reconciliation) -> bool:
    return not found.differences and all(proof.holds for proof in found.proofs)
