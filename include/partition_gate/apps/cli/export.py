"""`gate export`: writes a contract in the formats of other tools."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from open_data_contract_standard.model import OpenDataContractStandard, SchemaObject

from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.apps.cli.features import hand_off
from partition_gate.apps.cli.named import DATASET_HELP
from partition_gate.checks.compiling.compiled import CompiledDataset, compiled
from partition_gate.contract.model import Contract
from partition_gate.contracts.coverage.clauses import cover
from partition_gate.contracts.export.avro import avro_schema
from partition_gate.contracts.export.gx import portable_suite
from partition_gate.contracts.export.html import html_page
from partition_gate.contracts.export.jsonschema import json_schema_of
from partition_gate.contracts.export.sql import sql_ddl
from partition_gate.core.strict_yaml.reading import load_mapping
from partition_gate.gate.local_folders import writing_below
from partition_gate.settings import load_settings
from partition_gate.wiring import contract_folder


class Form(StrEnum):
    """The formats of an export."""

    AVRO = "avro"
    JSONSCHEMA = "jsonschema"
    GREAT_EXPECTATIONS = "great-expectations"
    SQL_DDL = "sql-ddl"
    HTML = "html"
    FEAST = "feast"


class Exported(NamedTuple):
    """A contract, the datasets of it that are exported, and its file."""

    contract: Contract
    datasets: tuple[CompiledDataset, ...]
    document: Mapping[str, Any]

    @property
    def odcs(self) -> tuple[OpenDataContractStandard, SchemaObject]:
        """The file in the standard's model, and the schema object of the first dataset."""
        odcs = OpenDataContractStandard.model_validate(self.document)
        return odcs, next(each for each in odcs.schema_ or [] if each.name == self.datasets[0].dataset.name)


Name = Annotated[str, typer.Argument(metavar="CONTRACT", help=DATASET_HELP)]
To = Annotated[Form, typer.Option("--to", help="The format.")]
_OUTPUT_HELP = "Write to this file instead of standard output; with --to feast, into this folder."
Output = Annotated[Path | None, typer.Option("--output", "-o", help=_OUTPUT_HELP)]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(export)


def export(contract: Name, to: To, output: Output = None) -> None:
    """Export a contract: for a schema registry, stream validation, a database, human readers, or a feature store.

    SQL, HTML and Feast have every table of the contract; the other formats describe one, so name it: CONTRACT/SCHEMA.
    Feast gets the published rows, too, up to the moment through which they are complete.
    """
    if to is Form.FEAST:
        if output is None:
            raise typer.BadParameter("a feature repository is a folder: write --output FOLDER")
        hand_off(contract, output)
        return
    text = _EXPORTS[to](exported(contract_folder(load_settings()), contract, is_one_table=to not in _OF_CONTRACTS))
    if output is None:
        typer.echo(text, nl=False)
        return
    with writing_below(output, setting="--output"):
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")


def exported(folder: ContractFolder, name: str, *, is_one_table: bool) -> Exported:
    """The contract, or the object of it that is named.

    Raises:
        UnknownContract: there is none of this name, or one table is needed and the contract has several.
        ContractError: the contract is invalid.
    """
    path, named = folder.find(name)
    whole = folder.read(path)
    chosen = {each.name for each in whole.datasets if named in (None, each.name)}
    if len(chosen) != 1 and (is_one_table or not chosen):
        folder.load(name)  # says which objects can be named, or why there is none
    return Exported(
        contract=whole,
        datasets=tuple(compiled(each) for each in whole.datasets if each.name in chosen),
        document=load_mapping(folder.text(path), path=folder.label(path)),
    )


def _avro(exported: Exported) -> str:
    return _json(avro_schema(*exported.odcs))


def _json_schema(exported: Exported) -> str:
    return _json(json_schema_of(*exported.odcs))


def _suite(exported: Exported) -> str:
    return _json(portable_suite(exported.datasets[0]))


def _ddl(exported: Exported) -> str:
    return "\n".join(map(sql_ddl, exported.datasets))


def _html(exported: Exported) -> str:
    environment = load_settings().environment or None
    compilations = [compiled(each).compilation for each in exported.contract.datasets]
    return html_page(exported.datasets, cover(exported.document, compilations, environment=environment))


_EXPORTS: dict[Form, Callable[[Exported], str]] = {
    Form.AVRO: _avro,
    Form.JSONSCHEMA: _json_schema,
    Form.GREAT_EXPECTATIONS: _suite,
    Form.SQL_DDL: _ddl,
    Form.HTML: _html,
}
_OF_CONTRACTS = {Form.SQL_DDL, Form.HTML}


def _json(document: dict[str, object]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
