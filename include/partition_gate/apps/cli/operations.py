"""`gate reconcile`, `gate sweep`, `gate retain`, `gate forget`: keep tables, ledger and messages consistent."""

from __future__ import annotations

import getpass
from datetime import timedelta
from typing import Annotated

import typer

from partition_gate.apps.cli import tables
from partition_gate.apps.cli.json_output import print_json
from partition_gate.apps.cli.named import DATASET_HELP, WithNegativeKeys, stated
from partition_gate.core.display import counted
from partition_gate.gate.operations import Swept
from partition_gate.gate.operations import forget as forget_outcome
from partition_gate.gate.operations import sweep as swept
from partition_gate.gate.reconcile import Reconciliation
from partition_gate.gate.reconcile import reconcile as reconciled
from partition_gate.gate.retention import retain as retained
from partition_gate.home import ledger_shown
from partition_gate.settings import load_settings
from partition_gate.wiring import contract_folder, open_ports

Contract = Annotated[str, typer.Argument(metavar="CONTRACT", help=DATASET_HELP)]
Key = Annotated[str, typer.Argument(metavar="KEY", help="Partition key, such as 2026-01-31.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Why = Annotated[
    str,
    typer.Option(
        "--why",
        callback=stated,
        help="Why the outcome should never have been recorded; kept for audits.",
    ),
]

_OLDEST_HOURS = 1_000_000.0  # a century


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(reconcile)
    app.command()(sweep)
    app.command(cls=WithNegativeKeys)(forget)
    app.command()(retain)


def reconcile(
    as_json: Json = False,
    no_notify: Annotated[bool, typer.Option("--no-notify", help="Do not deliver waiting messages.")] = False,
    rows: Annotated[
        bool, typer.Option("--rows", help="Also find every landed row again by its content; reads all of them.")
    ] = False,
) -> None:
    """Compare ledger, tables, views, quarantine and outbox; repair what can be repaired; check the row counts.

    Exit codes: 0 everything agrees, 1 a difference remains.
    """
    settings = load_settings()
    with open_ports(settings) as ports:
        contracts = contract_folder(settings).load_all().contracts
        result = reconciled(contracts, ports=ports, send_messages=not no_notify, with_rows=rows)
    if as_json:
        print_json({**result.model_dump(mode="json"), "proof_holds": all(proof.holds for proof in result.proofs)})
    else:
        tables.terminal().print(tables.reconciliation(result))
        if not result.proofs:
            typer.echo(f"Nothing is recorded in {ledger_shown(settings)} yet.")
    raise typer.Exit(0 if _agrees(result) else 1)


def sweep(
    older_than: Annotated[
        float | None,
        typer.Option(
            "--older-than",
            min=1.0,
            max=_OLDEST_HOURS,
            help="Age in hours from which staged and replaced files are removed. Default: GATE_KEEP_VERSIONS_HOURS.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Remove what killed runs left behind, and replaced versions. Files of a live run are never touched.

    Connections that were opened before a version was replaced can no longer read it after the sweep, and it cannot be
    rolled back to.
    """
    settings = load_settings()
    with open_ports(settings) as ports:
        contracts = contract_folder(settings).load_all().contracts
        age = ports.versions_kept if older_than is None else timedelta(hours=older_than)
        result = swept(contracts, older_than=age, ports=ports)
    if as_json:
        print_json(result.model_dump(mode="json"))
    else:
        typer.echo(_swept(result))
        for problem in result.problems:
            typer.echo(f"not removed: {problem}", err=True)
    raise typer.Exit(1 if result.problems else 0)


def retain(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Remove nothing: print what would be removed, by dataset.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Remove what is older than GATE_KEEP_..._DAYS say: reports, quarantined rows, ledger details, partitions.

    How every attempt ended stays, and so do quarantined rows that somebody may still replay, unless
    GATE_KEEP_OPEN_QUARANTINE_DAYS is set. Exit codes: 0 done, 1 something could not be removed.
    """
    settings = load_settings()
    with open_ports(settings) as ports:
        contracts = contract_folder(settings).load_all().contracts if settings.kept_for.published else ()
        result = retained(contracts, ports=ports, is_rehearsal=dry_run)
    if as_json:
        print_json(result.model_dump(mode="json"))
    elif settings.kept_for.is_for_ever:
        typer.echo("Everything is kept: none of GATE_KEEP_REPORTS_DAYS, GATE_KEEP_QUARANTINE_DAYS,")
        typer.echo("GATE_KEEP_OPEN_QUARANTINE_DAYS, GATE_KEEP_LEDGER_DAYS and GATE_KEEP_PUBLISHED_DAYS is set.")
    else:
        tables.terminal().print(tables.aged(result, is_rehearsal=dry_run))
        for problem in result.problems:
            typer.echo(f"not removed: {problem}", err=True)
    raise typer.Exit(1 if result.problems else 0)


def forget(contract: Contract, key: Key, why: Why) -> None:
    """Remove an outcome that should never have been recorded. The ledger keeps who removed it, when and why."""
    settings = load_settings()
    today = contract_folder(settings).load(contract)
    with open_ports(settings) as ports:
        forgotten = forget_outcome(today, key, who=getpass.getuser(), why=why, ports=ports)
    partition = f"{forgotten.dataset} {forgotten.partition_key}"
    typer.echo(f"{partition}: the outcome {forgotten.outcome.value} was removed ({forgotten.why})")


def _swept(result: Swept) -> str:
    counts = (
        ("ended", result.attempts, "abandoned attempt"),
        ("removed", result.spool_folders, "spool folder"),
        ("removed", result.staged_files, "staged file"),
    )
    return "; ".join(f"{did} {counted(count, what)}" for did, count, what in counts if count) or "nothing to remove"


def _agrees(result: Reconciliation) -> bool:
    return not result.differences and all(proof.holds for proof in result.proofs)
