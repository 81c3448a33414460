"""`gate validate-schema`: what a schema registry would answer about a new Avro schema, without one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.apps.cli.export import exported
from partition_gate.apps.cli.json_output import dumped, print_json
from partition_gate.contracts.avro.reading import parsed_schema, read_schema
from partition_gate.contracts.avro.registry import Compatibility, RegistryAnswer, answer
from partition_gate.contracts.avro.types import AvroSchema
from partition_gate.contracts.compatibility.changes import ContractVersion, compare
from partition_gate.contracts.compatibility.report import read_version
from partition_gate.contracts.export.avro import avro_schema
from partition_gate.core.display import displayed, escaped
from partition_gate.core.errors import UnknownContract
from partition_gate.core.strict_yaml.reading import decoded
from partition_gate.settings import load_settings
from partition_gate.wiring import contract_folder

STANDARD_INPUT = "-"
_SUFFIXES = {".avsc", ".json"}
_CONTRACT = (".yaml", ".yml")
_LABEL_LENGTH = 200
_SOURCE = "an Avro schema (.avsc), a registry's answer (.json, or - for standard input), or a contract"

New = Annotated[str, typer.Argument(metavar="NEW", help=f"The new schema: {_SOURCE}.")]
Against = Annotated[
    list[str], typer.Option("--against", metavar="OLD", help="An earlier schema; repeat it, oldest first.")
]
Level = Annotated[
    Compatibility,
    typer.Option("--compatibility", case_sensitive=False, help="The level that the registry has for the subject."),
]
Json = Annotated[bool, typer.Option("--json", help="Print the stable JSON document.")]


class Source(NamedTuple):
    """A schema; and the version of the contract that it was exported from, if it was."""

    schema: AvroSchema
    contract: ContractVersion | None


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("validate-schema")(validate_schema)


def validate_schema(
    new: New, against: Against, compatibility: Level = Compatibility.BACKWARD, as_json: Json = False
) -> None:
    """Say whether a schema registry would accept a new Avro schema, and each reason why not.

    The levels that are not transitive compare with the last OLD only, as a registry does with its latest version. A
    contract stands for its `gate export --to avro`.
    Exit codes: 0 compatible, 1 incompatible or not a schema, 2 usage error.
    """
    if [new, *against].count(STANDARD_INPUT) > 1:
        raise typer.BadParameter("only one schema can come from standard input (-)")
    folder = contract_folder(load_settings())
    source, earlier = _source(folder, new), [_source(folder, each) for each in against]
    judged = answer(source.schema, [each.schema for each in earlier], compatibility)
    agrees = _contract_diff(source, earlier[-1], compatibility)
    if as_json:
        print_json(_document(judged, agrees))
    else:
        _print(judged, agrees)
    raise typer.Exit(0 if judged.is_compatible else 1)


def _source(folder: ContractFolder, name: str) -> Source:
    """Raises: UnknownContract (there is no such file or contract), ContractError (it is invalid)."""
    path = Path(name)
    if name == STANDARD_INPUT:
        text = decoded(sys.stdin.buffer.read(), path="standard input")
        return Source(read_schema(text, label="standard input"), None)
    label = displayed(name, limit=_LABEL_LENGTH)
    if path.suffix in _SUFFIXES or (path.is_file() and not name.endswith(_CONTRACT)):
        if not path.is_file():
            raise UnknownContract(f"{label}: there is no such file; give {_SOURCE}")
        return Source(read_schema(folder.text(path), label=label), None)
    one = exported(folder, name, is_one_table=True)
    version = read_version(folder.text(folder.find(name)[0]), path=label)
    return Source(parsed_schema(avro_schema(*one.odcs), label=f"{label} {one.contract.version}"), version)


def _contract_diff(new: Source, old: Source, level: Compatibility) -> bool | None:
    """What `gate diff` says of the two contracts in the same mode; None if one of them is only a schema."""
    mode = level.mode
    if new.contract is None or old.contract is None or mode is None:
        return None
    return compare(old.contract, new.contract).compatible(mode)


def _document(judged: RegistryAnswer, contract_diff: bool | None) -> dict[str, object]:
    return {
        "compatible": judged.is_compatible,
        "compatibility": judged.compatibility.value,
        "new": judged.new,
        "against": list(judged.against),
        "incompatibilities": dumped(judged.incompatibilities),
        "changed_meanings": dumped(judged.changed_meanings),
        "contract_diff": contract_diff,
    }


def _print(judged: RegistryAnswer, contract_diff: bool | None) -> None:
    word = "compatible" if judged.is_compatible else "NOT compatible"
    typer.echo(f"{judged.new} is {word} with {', '.join(judged.against)} ({judged.compatibility.value})")
    for each in judged.incompatibilities:
        typer.echo(f"  {each.direction.value} {each.rule.value}: {escaped(each.sentence)}")
    for each in judged.changed_meanings:
        typer.echo(f"  warning {each.rule.value}: {escaped(each.sentence)}")
    if contract_diff is not None and contract_diff != judged.is_compatible:
        said = "compatible" if contract_diff else "not compatible, because rules and promises count there, too"
        typer.echo(f"  gate diff says of the contracts: {said}")
