"""`gate quarantine`: rows that failed are listed, shown, exported, judged again, or given up."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import timedelta
from inspect import signature
from pathlib import Path
from typing import Annotated, Any

import typer

from partition_gate.adapters.contract_claims import load_to_publish
from partition_gate.apps.cli import tables
from partition_gate.apps.cli.json_output import print_json
from partition_gate.apps.cli.named import DATASET_HELP, WithNegativeKeys, datasets_meant, refuse_unknown, stated
from partition_gate.apps.cli.partitions import RunResult, exit_code, show, with_results
from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.schedule import canonical_key
from partition_gate.core.display import PATH_LENGTH, counted, displayed, escaped
from partition_gate.core.errors import InvalidSetting, UnknownContract
from partition_gate.gate.quarantine import discard_rows, export_rows, quarantined_partitions
from partition_gate.gate.replay import ReplayRequest, dry_replay
from partition_gate.gate.replay import replay as replayed
from partition_gate.gate.reports import report_of
from partition_gate.gate.standing import standing_version
from partition_gate.home import mask_key
from partition_gate.judging.quarantine import sample_of
from partition_gate.judging.replay import Change, Export, assignment
from partition_gate.settings import load_settings
from partition_gate.wiring import WiredPorts, clock, contract_folder, open_ports

Contract = Annotated[str, typer.Argument(metavar="CONTRACT", help=DATASET_HELP)]
Key = Annotated[str, typer.Argument(metavar="[KEY]", help="Partition key, such as 2026-01-31 or 2026-01-31/07.")]
Json = Annotated[bool, typer.Option("--json", help="Print the stable JSON document.")]
Where = Annotated[
    str,
    typer.Option("--where", help="A DuckDB condition over the quarantined rows; without one: all rows in quarantine."),
]
Why = Annotated[str, typer.Option("--why", callback=stated, help="The reason; it is kept with your name.")]

_OF_CONTRACT = "the function of the contract"  # until the contract is read

quarantine = typer.Typer(help="List, show, export, replay and discard quarantined rows.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(quarantine, name="quarantine")


@quarantine.command("list")
def quarantine_list(
    dataset: Annotated[
        str, typer.Argument(metavar="[DATASET]", help="Only this dataset, or those of this contract.")
    ] = "",
    as_json: Json = False,
) -> None:
    """List the partitions with rows in quarantine that nobody replayed or discarded: rows, reasons, age."""
    with open_ports(load_settings()) as ports:
        folder = contract_folder(ports.settings)
        names = datasets_meant(folder, dataset) if dataset else (None,)
        found = [each for name in names for each in quarantined_partitions(ports.ledger, name)]
        if dataset and not found:
            refuse_unknown(folder, dataset)
        now = ports.clock.now()
    if as_json:
        age = {each.attempt_id: round((now - each.since) / timedelta(seconds=1)) for each in found}
        print_json(
            {"partitions": [{**each.model_dump(mode="json"), "age_seconds": age[each.attempt_id]} for each in found]}
        )
    elif found:
        tables.terminal().print(tables.quarantined_partitions(found, now=now))
    else:
        typer.echo("No rows are in quarantine.")


@quarantine.command("show", cls=WithNegativeKeys)
def quarantine_show(
    contract: Contract,
    key: Key = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The maximum number of rows.")] = 20,
    as_json: Json = False,
) -> None:
    """Show the quarantined rows of a partition, with their reasons.

    Values of columns that the contract classifies or does not name are shown as keyed hashes.
    """
    settings = load_settings()
    today = contract_folder(settings).load(contract)
    key = canonical_key(today.dataset, key, now=clock(settings).now())
    with open_ports(settings) as ports:
        standing = standing_version(today.dataset.name, key, ports=ports)
        settled = standing.settlement if standing else ports.ledger.outcome(today.dataset.name, key)
        uri = settled.quarantine_uri if settled else None
        rows = ports.warehouse.quarantined(uri, limit=limit) if uri else None
    if settled is None:
        raise UnknownContract(
            f"{contract} {key}: nothing is recorded for this partition; `gate status` shows the recorded ones"
        )
    sample = None if rows is None else sample_of(rows, today.masking, mask_key(settings))
    if as_json:
        print_json({**settled.model_dump(mode="json"), "sample": sample and sample.model_dump(mode="json")})
        return
    if sample is None:
        removed = "the quarantined rows were removed by age (GATE_KEEP_QUARANTINE_DAYS)"
        why = removed if settled.is_quarantine_removed else "no rows are in quarantine"
        typer.echo(f"{contract} {displayed(key)}: {settled.outcome.value}; {why}")
        return
    discarded = f", and {counted(settled.rows_discarded, 'row')} that were discarded," if settled.rows_discarded else ""
    typer.echo(f"{counted(settled.rows_quarantined, 'row')}{discarded} in {displayed(uri or '', limit=PATH_LENGTH)}")
    gone = frozenset(standing.discarded.numbers()) if standing else frozenset()
    tables.terminal().print(tables.quarantined(sample, gone))


@quarantine.command("export", cls=WithNegativeKeys)
def quarantine_export(
    contract: Contract,
    key: Key,
    to: Annotated[Path, typer.Option("--to", help="The file to write, which must not exist: .parquet or .csv.")],
    columns: Annotated[str, typer.Option("--columns", help="Names, separated by commas. Default: all.")] = "",
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="Write values as they are, for those who may read the quarantine.")
    ] = False,
) -> None:
    """Write the quarantined rows of a partition to a file, with their reasons.

    Values that `show` masks are masked here as well, and a masked file cannot be replayed.
    """
    settings = load_settings()
    today = contract_folder(settings).load(contract)
    export = Export(
        columns=tuple(name for each in columns.split(",") if (name := each.strip())),
        masking=None if unmasked else today.masking,
        key=mask_key(settings),
    )
    with open_ports(settings) as ports:
        count = export_rows(today, key, export, to=to, ports=ports)
    masked = "" if unmasked else "; classified values are masked (--unmasked)"
    typer.echo(f"wrote {counted(count, 'row')} to {displayed(str(to), limit=PATH_LENGTH)}{masked}")


def _change(
    where: Where = "",
    file: Annotated[
        Path | None, typer.Option("--with", exists=True, dir_okay=False, help="A corrected file: .parquet or .csv.")
    ] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="COLUMN=SQL", help="A new value, as a DuckDB expression.")
    ] = None,
    recover: Annotated[
        bool, typer.Option("--recover", help="Correct the rows with the Python function that the contract names.")
    ] = False,
) -> Change:
    if file is not None and assignments:
        raise typer.BadParameter("use either --with or --set: correct the file instead")
    if recover and (file is not None or assignments):
        raise typer.BadParameter("use --recover without --with and --set")
    function = _OF_CONTRACT if recover else ""
    return Change(where=where, file=file, assignments=tuple(map(_assignment, assignments or [])), recover=function)


def _with_function(change: Change, today: CompiledDataset) -> Change:
    """The change, with the name of the contract's function if it is asked for. Raises: BadParameter (it has none)."""
    if not change.recover:
        return change
    if not today.dataset.limits.recover:
        how = "add customProperties: [{property: recover, value: module:function}]"
        raise typer.BadParameter(f"--recover: the contract of {today.dataset.qualified_name} names no function; {how}")
    return change.model_copy(update={"recover": today.dataset.limits.recover})


def _changing(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options of `_change` in place of its parameter `change`."""
    own, options = signature(command, eval_str=True), signature(_change, eval_str=True).parameters

    def changing(**given: Any) -> None:
        command(**{name: value for name, value in given.items() if name not in options}, change=_of(given))

    def _of(given: dict[str, Any]) -> Change:
        return _change(**{name: given[name] for name in options})

    kept = [parameter for parameter in own.parameters.values() if parameter.name != "change"]
    changing.__signature__ = own.replace(parameters=[*kept, *options.values()])  # type: ignore[attr-defined]
    changing.__annotations__ = {each.name: each.annotation for each in (*kept, *options.values())}
    changing.__doc__ = command.__doc__
    return changing


@quarantine.command("replay", cls=WithNegativeKeys)
@_changing
def quarantine_replay(
    contract: Contract,
    change: Change,
    key: Key = "",
    why: Annotated[str, typer.Option("--why", help="The reason; it is kept with your name.")] = "replayed by hand",
    dry: Annotated[bool, typer.Option("--dry-run", help="Judge only; record, publish and send nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Judge quarantined rows again, together with what is published of their partition.

    Rows that pass are published; the others stay in quarantine. Exit codes as `gate run`.
    """
    settings = load_settings()
    folder = contract_folder(settings)
    today = folder.load(contract) if dry else load_to_publish(folder, contract)
    change = _with_function(change, today)
    with open_ports(settings) as ports:
        if dry:
            raise typer.Exit(_dry_run(today, key, change, ports, as_json=as_json))
        request = ReplayRequest(change=change, who=getpass.getuser(), why=why)
        result = with_results(replayed(today, key, request, ports=ports), ports, notifies=True)
        show(result, today.in_force(result.settlement.partition_key), ports, as_json=as_json)
    raise typer.Exit(exit_code(result.settlement.outcome))


@quarantine.command("discard", cls=WithNegativeKeys)
def quarantine_discard(contract: Contract, key: Key, why: Why, where: Where = "", as_json: Json = False) -> None:
    """Give up quarantined rows: they are never replayed, and count as discarded. Who, when and why is recorded."""
    settings = load_settings()
    today = load_to_publish(contract_folder(settings), contract)
    with open_ports(settings) as ports:
        discard = discard_rows(today, key, where=where, who=getpass.getuser(), why=why, ports=ports)
        settled = ports.ledger.settlement(discard.attempt_id)
        if settled and (problem := report_of(settled, ports)):
            typer.echo(f"gate: {escaped(problem)}", err=True)
    if as_json:
        print_json({**discard.model_dump(mode="json", exclude={"positions"}), "rows": discard.rows})
        return
    typer.echo(
        f"{discard.dataset} {displayed(discard.partition_key)}: {counted(discard.rows, 'row')} discarded ({why})"
    )


def _assignment(text: str) -> tuple[str, str]:
    try:
        return assignment(text)
    except InvalidSetting as error:
        raise typer.BadParameter(f"--set {error}") from error


def _dry_run(today: CompiledDataset, key: str, change: Change, ports: WiredPorts, *, as_json: bool) -> int:
    """Print what a replay would do; the exit code that it would have."""
    dried = dry_replay(today, key, change, ports=ports)
    assembled, settled = dried.assembled, dried.run.settlement
    result = RunResult(settlement=settled, results=dried.run.results, is_dry_run=True)
    show(result, today.in_force(settled.partition_key), ports, as_json=as_json)
    if not as_json:
        replaced = f" as {counted(assembled.rows_given, 'row')}" if assembled.rows_given != assembled.rows_taken else ""
        typer.echo(
            f"{counted(assembled.rows_taken, 'row')} would be taken from quarantine{replaced}, "
            f"{assembled.rows_kept:,} kept back, and {settled.rows_quarantined:,} would be in quarantine afterwards."
        )
    return exit_code(settled.outcome)
