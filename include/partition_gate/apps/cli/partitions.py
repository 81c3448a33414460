"""`gate run`, `gate approve`, `gate reject`, `gate docs`."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from partition_gate.adapters.contract_claims import load_to_publish
from partition_gate.apps.cli import tables
from partition_gate.apps.cli.json_output import print_json
from partition_gate.apps.cli.named import DATASET_HELP, WithNegativeKeys, stated
from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.schedule import canonical_key
from partition_gate.core.display import SENTENCE_LENGTH, displayed, escaped
from partition_gate.core.errors import LedgerUnusable
from partition_gate.core.record import Record
from partition_gate.gate import pipeline as gate_pipeline
from partition_gate.gate.dry_run import dry_run
from partition_gate.gate.operations import decide, held_version
from partition_gate.gate.reports import write_index
from partition_gate.gate.run_context import deliver, run_of
from partition_gate.judging.attempt import OutboxEntry, Settlement
from partition_gate.judging.disposition import VISIBLE, PartitionOutcome
from partition_gate.judging.documents import run_document
from partition_gate.judging.verdict import CheckResult
from partition_gate.settings import load_settings
from partition_gate.wiring import WiredPorts, clock, contract_folder, open_ports

Contract = Annotated[str, typer.Argument(metavar="CONTRACT", help=DATASET_HELP)]
Key = Annotated[str, typer.Argument(metavar="[KEY]", help="Partition key, such as 2026-01-31 or 2026-01-31/07.")]
Why = Annotated[
    str,
    typer.Option(
        "--why",
        callback=stated,
        help="The reason; it is kept with your name and shown with the outcome.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the stable JSON document.")]


class RunResult(Record):
    """The settlement and check results that a run shows. `already`: an earlier run had settled these bytes.

    `ledger_problem`: why nothing could be read or sent after the outcome was recorded.
    """

    settlement: Settlement
    results: tuple[CheckResult, ...]
    messages: tuple[OutboxEntry, ...] = ()
    already: bool = False
    is_dry_run: bool = False
    view_problem: str | None = None
    report_problem: str | None = None
    ledger_problem: str | None = None


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (run, approve, reject):
        app.command(cls=WithNegativeKeys)(command)
    app.command()(docs)


def run(
    contract: Contract,
    key: Key = "",
    as_json: Json = False,
    dry: Annotated[bool, typer.Option("--dry-run", help="Judge only; record, publish and send nothing.")] = False,
    no_notify: Annotated[bool, typer.Option("--no-notify", help="Leave messages waiting for the next run.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Judge files again that are already settled.")] = False,
) -> None:
    """Judge one partition now, with the same code as the DAG but without Airflow.

    Exit codes: 0 published, 1 rejected, held or missing (or the contract is invalid), 2 usage error, 3 could not judge.
    """
    settings = load_settings()
    folder = contract_folder(settings)
    today = folder.load(contract) if dry else load_to_publish(folder, contract)
    key = canonical_key(today.dataset, key, now=clock(settings).now())
    compiled = today.in_force(key)
    with open_ports(settings) as ports:
        if dry:
            judged = dry_run(today, key, ports=ports)
            result = RunResult(settlement=judged.settlement, results=judged.results, is_dry_run=True)
        else:
            with run_of(today.dataset.name, key, ports):
                done = gate_pipeline.run_partition(today, key, ports=ports, force=force)
                result = with_results(done, ports, notifies=not no_notify)
        show(result, compiled, ports, as_json=as_json)
    raise typer.Exit(exit_code(result.settlement.outcome))


def approve(contract: Contract, key: Key, why: Why, as_json: Json = False) -> None:
    """Publish a held partition although it is much smaller than the version before. Exit codes as `gate run`.

    Standard error says first what shrank: rows, and the values of the contract's keys that are gone.
    """
    _decide(contract, key, why, is_approved=True, as_json=as_json)


def reject(contract: Contract, key: Key, why: Why, as_json: Json = False) -> None:
    """Reject a held partition: the previous version stays until corrected files land. Exit codes as `gate run`."""
    _decide(contract, key, why, is_approved=False, as_json=as_json)


def _decide(contract: str, key: str, why: str, *, is_approved: bool, as_json: bool) -> None:
    settings = load_settings()
    today = load_to_publish(contract_folder(settings), contract)
    with open_ports(settings) as ports:
        if is_approved:  # the result of a rejection repeats the reasons; that of an approval has none
            for line in held_version(today, key, ports=ports).why:
                typer.echo(displayed(line, limit=SENTENCE_LENGTH), err=True)
        done = decide(today, key, is_approved=is_approved, who=getpass.getuser(), why=why, ports=ports)
        result = with_results(done, ports, notifies=True)
        show(result, today.in_force(done.settlement.partition_key), ports, as_json=as_json)
    raise typer.Exit(exit_code(result.settlement.outcome))


def docs() -> None:
    """Write the index of all reports and print its address."""
    settings = load_settings()
    with open_ports(settings) as ports:
        typer.echo(ports.docs.address(write_index(ports)))


def with_results(done: gate_pipeline.RunResult, ports: WiredPorts, *, notifies: bool) -> RunResult:
    """The result with its checks, after the messages were delivered. The outcome is recorded, so it stands even if the
    ledger stops answering.
    """
    result, attempt_id, problem = RunResult(**dict(done), results=()), done.settlement.attempt_id, None
    try:
        if notifies:
            deliver(ports)
    except LedgerUnusable as error:
        problem = f"the outcome is recorded, and its messages wait for the next run: {error}"
    try:
        shown = {"results": ports.ledger.results(attempt_id), "messages": ports.ledger.messages(attempt_id)}
    except LedgerUnusable as error:
        shown, problem = {}, f"the outcome is recorded; its checks and messages cannot be shown: {error}"
    return result.model_copy(update={**shown, "ledger_problem": problem})


def show(result: RunResult, compiled: CompiledDataset, ports: WiredPorts, *, as_json: bool) -> None:
    """Print a partition's result, with the problems that came after its outcome."""
    for problem in filter(None, (result.report_problem, result.ledger_problem)):
        typer.echo(f"gate: {escaped(problem)}", err=True)
    settlement, results = result.settlement, result.results
    has_page = results and not result.is_dry_run
    links = ports.links(settlement.dataset, settlement.partition_key, settlement.attempt_id if has_page else "")
    if not as_json:
        if result.is_dry_run:
            typer.echo("Dry run: nothing was recorded, published or sent.")
        tables.terminal().print(
            tables.partition_result(settlement, results, links, already=result.already, in_memory=compiled.in_memory)
        )
        if result.view_problem:
            typer.echo(result.view_problem)
        return
    document = run_document(
        settlement,
        results,
        already_published=result.already and settlement.outcome in VISIBLE,
        in_memory=compiled.in_memory,
        links={**links.model_dump(), "quarantine_files": settlement.quarantine_uri},
        messages=result.messages,
    )
    extra = {"dry_run": result.is_dry_run, "view_problem": result.view_problem}
    print_json({**document, **extra})


def exit_code(outcome: PartitionOutcome) -> int:
    """The exit code of a command that settled a partition with this outcome."""
    if outcome in VISIBLE or outcome is PartitionOutcome.SUPERSEDED:
        return 0
    return 3 if outcome is PartitionOutcome.ERRORED else 1
