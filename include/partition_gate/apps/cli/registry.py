"""`gate publish-contracts`: writes approved contracts to the registry."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.table import Table
from rich.text import Text

from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.apps.cli import tables
from partition_gate.apps.cli.json_output import dumped, print_json
from partition_gate.core.errors import ContractError
from partition_gate.gate.publish_contracts import Approved, Publication, RegistryOutcome, publish_contracts
from partition_gate.settings import load_settings
from partition_gate.wiring import contract_folder, open_ports

To = Annotated[str, typer.Option("--to", help="`s3://bucket/prefix` or a folder; default: `GATE_HOME/registry`.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("publish-contracts")(publish)


def publish(to: To = "", as_json: Json = False) -> None:
    """Publish active and deprecated contracts to a registry. A published version never changes.

    Exit codes: 0 published or already there, 1 a version is already there with other content or a contract file is
    broken, 3 the storage could not be used.
    """
    if to.startswith("s3:") and not urlsplit(to).netloc:
        raise typer.BadParameter(f"{to} names no bucket; write s3://bucket/prefix", param_hint="--to")
    settings = load_settings()
    files, broken = _files(contract_folder(settings))
    with open_ports(settings) as ports:
        store = ports.registry(to or str(settings.home / "registry"))
        publications = publish_contracts(files, store, now=ports.clock.now())
    if as_json:
        print_json({"root": store.root, "contracts": dumped(publications), "broken": broken})
    else:
        tables.terminal().print(_table(publications, store.root))
        for problem in broken:
            typer.echo(problem)
    refused = any(publication.outcome is RegistryOutcome.REFUSED for publication in publications)
    raise typer.Exit(1 if broken or refused else 0)


def _files(folder: ContractFolder) -> tuple[list[Approved], list[str]]:
    files, broken = [], []
    for path in folder.paths():
        try:
            files.append(Approved(contract=folder.read(path), body=path.read_bytes()))
        except ContractError as error:
            broken.append(str(error))
    return files, broken


def _table(publications: tuple[Publication, ...], root: str) -> Table:
    table = Table(title=f"Registry {root}", title_justify="left")
    for name in ("contract", "version", "outcome"):
        table.add_column(name, no_wrap=True)
    table.add_column("why", overflow="fold")
    for publication in publications:
        outcome = publication.outcome
        style = "red" if outcome is RegistryOutcome.REFUSED else ""
        table.add_row(publication.id, publication.version, Text(outcome.value, style=style), Text(publication.why))
    return table
