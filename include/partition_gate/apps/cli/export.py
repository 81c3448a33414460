"""`gate export`: writes a contract in the formats of other tools."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from open_data_contract_standard.model import OpenDataContractStandard, SchemaObject

from partition_gate.checks.compiling.compiled import compiled
from partition_gate.contract.model import Contract
from partition_gate.contracts.coverage.clauses import cover
from partition_gate.contracts.export.avro import avro_schema
from partition_gate.contracts.export.gx import portable_suite
from partition_gate.contracts.export.html import html_page
from partition_gate.contracts.export.jsonschema import json_schema_of
from partition_gate.contracts.export.sql import sql_ddl
from partition_gate.core.errors import UnknownContract
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


Name = Annotated[str, typer.Argument(metavar="CONTRACT", help="A contract id, or the path of a contract file.")]
To = Annotated[Form, typer.Option("--to", help="The format.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of standard output.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(export)


def export(contract: Name, to: To, output: Output = None) -> None:
    """Export a contract: for a schema registry, stream validation, a database, or human readers."""
    folder = contract_folder(load_settings())
    path = folder.locate(contract)
    if not path.is_file():
        raise UnknownContract(
            f"{contract!r} is not a contract: write an id of {folder.contracts} or the path of a file"
        )
    text = _EXPORTS[to](folder.read(path), load_mapping(folder.text(path), path=folder.label(path)))
    if output is None:
        typer.echo(text, nl=False)
        return
    with writing_below(output, setting="--output"):
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")


def _avro(_contract: Contract, document: Mapping[str, Any]) -> str:
    return _json(avro_schema(*_odcs(document)))


def _json_schema(_contract: Contract, document: Mapping[str, Any]) -> str:
    return _json(json_schema_of(*_odcs(document)))


def _suite(contract: Contract, _document: Mapping[str, Any]) -> str:
    return _json(portable_suite(compiled(contract.dataset)))


def _ddl(contract: Contract, _document: Mapping[str, Any]) -> str:
    return sql_ddl(compiled(contract.dataset))


def _html(contract: Contract, document: Mapping[str, Any]) -> str:
    environment = load_settings().environment or None
    judged = compiled(contract.dataset).compilation
    return html_page(contract.dataset, judged.suite.checks, cover(document, judged, environment=environment))


_EXPORTS: dict[Form, Callable[[Contract, Mapping[str, Any]], str]] = {
    Form.AVRO: _avro,
    Form.JSONSCHEMA: _json_schema,
    Form.GREAT_EXPECTATIONS: _suite,
    Form.SQL_DDL: _ddl,
    Form.HTML: _html,
}


def _odcs(document: Mapping[str, Any]) -> tuple[OpenDataContractStandard, SchemaObject]:
    odcs = OpenDataContractStandard.model_validate(document)
    return odcs, (odcs.schema_ or [])[0]  # the contract was read before, so it has exactly one


def _json(document: dict[str, object]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
