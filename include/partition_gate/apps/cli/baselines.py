"""`gate baseline`: the partitions that a person pinned, which later partitions of the dataset are compared with."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.apps.cli import tables
from partition_gate.apps.cli.json_output import print_json
from partition_gate.apps.cli.named import WithNegativeKeys, dataset_part
from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.display import counted, displayed, share
from partition_gate.core.errors import UnknownContract
from partition_gate.gate import baseline as pinning
from partition_gate.judging.drift import Baseline, PinnedColumn
from partition_gate.settings import load_settings
from partition_gate.wiring import contract_folder, open_ports

Dataset = Annotated[str, typer.Argument(metavar="DATASET", help="A dataset with a contract, or a contract file.")]
HIDDEN = "not shown: the contract classifies the column, or cannot be read"

app = typer.Typer(help="Pin the distribution that later partitions are compared with.", no_args_is_help=True)


def register(gate: typer.Typer) -> None:
    """Add the commands."""
    app.command(cls=WithNegativeKeys)(pin)
    app.command()(show)
    app.command()(unpin)
    gate.add_typer(app, name="baseline")


def pin(
    dataset: Dataset,
    partitions: Annotated[str, typer.Argument(metavar="KEY|FROM..TO", help="One partition, or a range of dates.")],
    why: Annotated[str, typer.Option("--why", help="Why these partitions; kept and shown with the baseline.")] = "",
) -> None:
    """Pin published partitions as the baseline of a dataset; it replaces an earlier one."""
    compiled = contract_folder(load_settings()).load(dataset)
    with open_ports() as ports:
        asked = pinning.Pin(partitions=partitions, who=getpass.getuser(), why=why)
        baseline = pinning.pin(compiled, asked, ports=ports)
    tables.terminal().print(_rendered(baseline, compiled))


def show(
    dataset: Annotated[str | None, typer.Argument(metavar="[DATASET]", help="Default: all datasets.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the baselines: which partitions, who pinned them and why, the columns, and what was left out."""
    folder = contract_folder(load_settings())
    contracts = _contracts(folder, dataset)
    with open_ports() as ports:
        found = ports.ledger.baselines()
    names = None if dataset is None else {*contracts} or {dataset_part(dataset)}
    shown = [each for each in found if names is None or each.dataset in names]
    if as_json:
        print_json({"baselines": [_document(each, contracts.get(each.dataset)) for each in shown]})
        return
    for each in shown:
        tables.terminal().print(_rendered(each, contracts.get(each.dataset)))
    if not shown:
        of = f" of {displayed(', '.join(sorted(names)))}" if names else ""
        typer.echo(f"no baseline{of}; pin one: gate baseline pin DATASET KEY")


def unpin(dataset: Dataset) -> None:
    """Remove the baseline of a dataset. Later partitions are compared with nothing but the weeks before."""
    name = _name(contract_folder(load_settings()), dataset)
    with open_ports() as ports:
        pinning.unpin(name, who=getpass.getuser(), ports=ports)
    typer.echo(f"{displayed(name)}: the baseline was removed")


def _contracts(folder: ContractFolder, dataset: str | None) -> Mapping[str, CompiledDataset]:
    """The datasets of a name, as far as they have a contract."""
    if dataset is None:
        return {each.dataset.name: each for each in folder.load_all().contracts}
    try:
        folder.find(dataset)
    except UnknownContract:
        return {}
    return {each.dataset.name: each for each in folder.load_run(dataset)}


def _name(folder: ContractFolder, dataset: str) -> str:
    """The dataset of a contract; without a contract, the name itself: its baseline can still be removed."""
    try:
        folder.find(dataset)
    except UnknownContract:
        return dataset_part(dataset)
    return folder.load(dataset).dataset.name


def _open_columns(compiled: CompiledDataset | None) -> frozenset[str]:
    """Those whose values may be shown today."""
    columns = compiled.published.columns if compiled else ()
    return frozenset(column.name for column in columns) - (compiled.hidden_columns if compiled else frozenset())


def _rendered(baseline: Baseline, compiled: CompiledDataset | None) -> RenderableType:
    count = len(baseline.keys)
    partitions = f"{count:,} partitions, " if count > 1 else ""
    which = f"{displayed(baseline.label)}, {partitions}{counted(baseline.row_count, 'row')}"
    reason = f": {displayed(baseline.why)}" if baseline.why else ""
    pinned = f"pinned by {displayed(baseline.who)} on {baseline.at:%Y-%m-%d %H:%M} UTC{reason}"
    lines = [f"{displayed(baseline.dataset)}: {which}", pinned]
    lines_out = [f"not compared: {displayed(each.column)}: {each.why}" for each in baseline.left_out]
    return Group(*map(Text, lines), _table(baseline, _open_columns(compiled)), *map(Text, lines_out))


def _table(baseline: Baseline, shown: frozenset[str]) -> Table:
    table = Table()
    table.add_column("column", overflow="fold")
    table.add_column("usual PSI", justify="right", no_wrap=True)
    table.add_column("share of the rows", overflow="fold", ratio=1)
    for column in baseline.columns:
        parts = (f"{displayed(label)} {share(rows, sum(column.binned.all))}" for label, rows in _labelled(column))
        text = "; ".join(parts) if column.column in shown else HIDDEN
        table.add_row(*map(Text, (displayed(column.column), f"{column.usual:.2f}", text)))
    return table


def _labelled(column: PinnedColumn) -> Iterator[tuple[str, int]]:
    for number, rows in enumerate(column.binned.counts):
        yield column.bins.label(number), rows
    yield "no value", column.binned.nulls


def _document(baseline: Baseline, compiled: CompiledDataset | None) -> dict[str, Any]:
    shown = _open_columns(compiled)
    return {
        "contract": compiled.contract.id if compiled else None,
        "dataset": baseline.dataset,
        "partitions": baseline.keys,
        "row_count": baseline.row_count,
        "who": baseline.who,
        "why": baseline.why,
        "at": baseline.at.isoformat(),
        "columns": [_column(column, is_shown=column.column in shown) for column in baseline.columns],
        "left_out": [each.model_dump() for each in baseline.left_out],
    }


def _column(column: PinnedColumn, *, is_shown: bool) -> dict[str, Any]:
    """`bins` is null if the values of the column may not be shown."""
    return {
        "column": column.column,
        "kind": column.bins.kind,
        "usual_psi": round(column.usual, 4),
        "bins": [{"label": label, "rows": rows} for label, rows in _labelled(column)] if is_shown else None,
    }
