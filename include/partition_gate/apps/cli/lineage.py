"""`gate lineage`: where the rows of a partition come from, and what depends on a dataset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.text import Text
from rich.tree import Tree

from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.apps.cli import tables
from partition_gate.apps.cli.json_output import print_json
from partition_gate.apps.cli.named import DATASET_HELP, WithNegativeKeys
from partition_gate.core.display import PATH_LENGTH, displayed
from partition_gate.gate.lineage import dataset_lineage, downstream_of, partition_lineage
from partition_gate.judging.lineage import DatasetLineage, Downstream, Execution, ForeignKey, PartitionLineage
from partition_gate.presentation.lineage import Line, consumers_line, lines
from partition_gate.settings import load_settings
from partition_gate.wiring import contract_folder, open_ports

Contract = Annotated[str, typer.Argument(metavar="CONTRACT", help=DATASET_HELP)]
Key = Annotated[str, typer.Argument(metavar="[KEY]", help="Partition key. Default: the dataset and its neighbours.")]
Json = Annotated[bool, typer.Option("--json", help="Print the stable JSON document.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(cls=WithNegativeKeys)(lineage)


def lineage(contract: Contract, key: Key = "", as_json: Json = False) -> None:
    """Show where the rows of a partition come from, back to the landed files; without KEY, a dataset's neighbours.

    It works without Airflow, so it does not know the DAGs that follow a dataset; the console in Airflow does.
    """
    settings = load_settings()
    folder = contract_folder(settings)
    today = folder.load(contract)
    downstream = _downstream(today.dataset.name, folder)
    with open_ports(settings) as ports:
        found: PartitionLineage | DatasetLineage
        if key:
            key = today.dataset.location.key(key)
            found = partition_lineage(today.dataset.name, key, downstream, ledger=ports.ledger)
        else:
            found = dataset_lineage(today, downstream, ledger=ports.ledger)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        tree = _partition(found) if isinstance(found, PartitionLineage) else _dataset(found)
        tables.terminal().print(tree)


def _downstream(dataset: str, folder: ContractFolder) -> Downstream:
    catalogue = folder.load_all()
    for file, _ in catalogue.broken:
        typer.echo(f"{displayed(file)} cannot be used, so what it refers to is not shown; see `gate lint`", err=True)
    return downstream_of(dataset, catalogue.contracts)


def _partition(found: PartitionLineage) -> Tree:
    tree = Tree(Text(f"{found.dataset} {displayed(found.partition_key)}"))
    tree.add(Text(f"consumers see the rows of {found.visible}" if found.visible else "consumers see no rows"))
    for each in found.executions:
        _execution(tree, each)
    _add_downstream(tree, found.downstream)
    return tree


def _execution(tree: Tree, execution: Execution) -> None:
    words = execution.outcome.value.replace("_", " ")
    branch = tree.add(Text.assemble(f"{execution.attempt_id}: ", (words, tables.STYLES[execution.outcome])))
    for line in lines(execution):
        branch.add(_line(line))


def _dataset(found: DatasetLineage) -> Tree:
    tree = Tree(Text(f"{found.dataset}  (contract {found.contract} {displayed(found.version)})"))
    for line in _neighbours(found):
        tree.add(_line(line))
    _add_downstream(tree, found.downstream)
    return tree


def _neighbours(found: DatasetLineage) -> Iterator[Line]:
    server = f" on {displayed(found.endpoint_url)}" if found.endpoint_url else ""
    yield Line("from", f"{displayed(found.source, limit=PATH_LENGTH)}{server}")
    for each in found.references:
        yield Line("against", _foreign_key(each))
    count = "1 partition" if found.partitions == 1 else f"{found.partitions:,} partitions"
    yield Line("into", f"the table {found.table}; an outcome is recorded for {count}")


def _foreign_key(each: ForeignKey) -> str:
    own, other = (", ".join(map(displayed, names)) for names in (each.columns, each.to_columns))
    return f"{each.dataset} ({own} → {other})"


def _add_downstream(tree: Tree, downstream: Downstream) -> None:
    tree.add(_line(Line("referenced by", ", ".join(downstream.referenced_by) or "no contract")))
    tree.add(_line(consumers_line(downstream.asset, downstream.consumers)))


def _line(line: Line) -> Text:
    return Text(f"{line.about}: {line.text}", overflow="fold")
