"""`gate validate-schema`: schemas of files, registries and contracts, exit codes, and whether `gate diff` agrees."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from open_data_contract_standard.model import OpenDataContractStandard
from typer.testing import CliRunner, Result

from partition_gate.apps.cli.main import app
from partition_gate.contracts.avro.reading import parsed_schema
from partition_gate.contracts.avro.registry import Compatibility, answer
from partition_gate.contracts.avro.types import AvroSchema
from partition_gate.contracts.compatibility.changes import Mode, compare, contract_version
from partition_gate.contracts.export.avro import avro_schema
from partition_gate.core.errors import ContractError, UnknownContract

TEXT = {"logicalType": "string"}
Columns = list[dict[str, Any]]


def watch(*fields: dict[str, Any]) -> str:
    return json.dumps({"type": "record", "name": "Watch", "fields": [{"name": "id", "type": "long"}, *fields]})


def columns() -> Columns:
    return copy.deepcopy(
        [
            {"name": "id", "logicalType": "integer", "required": True},
            {"name": "amount", "logicalType": "number"},
            {"name": "state", **TEXT, "enum": [{"value": "OPEN"}, {"value": "CLOSED"}]},
            {"name": "price", "logicalType": "number", "physicalType": "DECIMAL(10,2)"},
            {"name": "count", "logicalType": "integer", "physicalType": "INTEGER"},
            {"name": "box", "logicalType": "object", "properties": [{"name": "a", "logicalType": "integer"}]},
        ]
    )


def a_contract(inside: Columns, *, table: str = "orders") -> dict[str, Any]:
    return {
        "apiVersion": "v3.2.0",
        "kind": "DataContract",
        "id": "shop",
        "name": "Shop",
        "version": "1.0.0",
        "status": "active",
        "servers": [{"server": "x", "type": "local", "path": "data/*.parquet", "format": "parquet"}],
        "schema": [{"name": table, "properties": inside}],
    }


NOTE = {"name": "note", "type": "string"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with three versions of a schema and two of a contract."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "1.avsc").write_text(watch())
    (tmp_path / "2.avsc").write_text(watch({**NOTE, "default": ""}))
    (tmp_path / "3.avsc").write_text(watch(NOTE))
    (tmp_path / "old.odcs.yaml").write_text(json.dumps(a_contract(columns())))
    (tmp_path / "new.odcs.yaml").write_text(json.dumps(a_contract([*columns(), {"name": "note", **TEXT}])))
    return tmp_path


def validate(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(app, ["validate-schema", *arguments], input=given)


@pytest.mark.usefixtures("folder")
def test_a_compatible_schema_is_said_to_be_so():
    done = validate("2.avsc", "--against", "1.avsc")

    assert (done.exit_code, done.stdout) == (0, "2.avsc is compatible with 1.avsc (BACKWARD)\n")


@pytest.mark.usefixtures("folder")
def test_an_incompatible_schema_ends_with_1_and_each_reason():
    done = validate("3.avsc", "--against", "1.avsc")

    assert (done.exit_code, done.stdout.splitlines()) == (
        1,
        [
            "3.avsc is NOT compatible with 1.avsc (BACKWARD)",
            "  BACKWARD READER_FIELD_MISSING_DEFAULT_VALUE: Watch.note: 1.avsc does not write this field, and it has "
            "no default in 3.avsc; give it a default",
        ],
    )


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("level", "code"), [("backward", 0), ("BACKWARD_TRANSITIVE", 1), ("none", 0)])
def test_the_last_version_alone_counts_if_the_level_is_not_transitive(level: str, code: int):
    done = validate("3.avsc", "--against", "1.avsc", "--against", "2.avsc", "--compatibility", level)

    assert done.exit_code == code


@pytest.mark.usefixtures("folder")
def test_a_registrys_answer_can_be_piped_in():
    answered = json.dumps({"subject": "watch-value", "version": 1, "id": 3, "schema": watch()})

    assert validate("2.avsc", "--against", "-", given=answered).stdout == (
        "2.avsc is compatible with standard input (BACKWARD)\n"
    )


@pytest.mark.usefixtures("folder")
def test_a_contract_stands_for_its_schema():
    assert validate("new.odcs.yaml", "--against", "old.odcs.yaml", "--compatibility", "full").stdout == (
        "new.odcs.yaml 1.0.0 is compatible with old.odcs.yaml 1.0.0 (FULL)\n"
    )


def test_where_gate_diff_says_something_else_it_is_told(folder: Path):
    stricter = a_contract(columns())
    stricter["schema"][0]["properties"][1]["logicalTypeOptions"] = {"minimum": 0}
    (folder / "new.odcs.yaml").write_text(json.dumps(stricter))

    told = validate("new.odcs.yaml", "--against", "old.odcs.yaml").stdout

    assert told.splitlines()[-1] == (
        "  gate diff says of the contracts: not compatible, because rules and promises count there, too"
    )


@pytest.mark.usefixtures("folder")
def test_the_document_has_the_answer_and_each_reason():
    document = json.loads(validate("3.avsc", "--against", "1.avsc", "--json").stdout)

    assert (document["interface_version"], document["compatible"], document["compatibility"]) == (1, False, "BACKWARD")
    assert document["against"] == ["1.avsc"]
    assert document["incompatibilities"][0] | {"sentence": ""} == {
        "direction": "BACKWARD",
        "reader": "3.avsc",
        "writer": "1.avsc",
        "path": "Watch.note",
        "rule": "READER_FIELD_MISSING_DEFAULT_VALUE",
        "sentence": "",
    }
    assert (document["changed_meanings"], document["contract_diff"]) == ([], None)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["4.avsc", "--against", "1.avsc"], "4.avsc: there is no such file; give an Avro schema"),
        (["1.avsc", "--against", "nothing"], "'nothing' is not a contract or a dataset"),
    ],
)
def test_a_schema_that_does_not_exist_is_named(arguments: list[str], said: str):
    refused = validate(*arguments).exception

    assert isinstance(refused, UnknownContract)
    assert said in str(refused)


def test_a_file_that_is_no_schema_is_named(folder: Path):
    (folder / "odd.avsc").write_text('"strng"')

    with pytest.raises(ContractError, match=r"odd\.avsc: the schema: 'strng' is neither a type of Avro nor declared"):
        raise validate("odd.avsc", "--against", "1.avsc").exception or AssertionError


@pytest.mark.usefixtures("folder")
def test_standard_input_is_read_once():
    assert validate("-", "--against", "-", given=watch()).exit_code == 2


def test_a_name_in_a_schema_cannot_act_on_a_terminal(folder: Path):
    (folder / "odd.avsc").write_text(json.dumps({"type": "enum", "name": "E", "symbols": ["A"], "default": "\x1b[2J"}))

    assert "\x1b" not in str(validate("odd.avsc", "--against", "1.avsc").exception)


Edit = Callable[[Columns], object]


def column(inside: Columns, name: str) -> dict[str, Any]:
    return next(each for each in inside if each["name"] == name)


AGREED: dict[str, tuple[Edit, str]] = {
    "optional column added": (lambda c: c.append({"name": "x", **TEXT}), "both"),
    "required column added": (lambda c: c.append({"name": "x", **TEXT, "required": True}), "FORWARD"),
    "required column with a default added": (
        lambda c: c.append(
            {"name": "x", **TEXT, "required": True, "customProperties": [{"property": "default", "value": "p"}]}
        ),
        "both",
    ),
    "optional column removed": (lambda c: c.remove(column(c, "amount")), "both"),
    "required column removed": (lambda c: c.remove(column(c, "id")), "BACKWARD"),
    "integer widened": (lambda c: column(c, "count").update(physicalType="BIGINT"), "BACKWARD"),
    "integer to number": (lambda c: column(c, "id").update(logicalType="number"), "BACKWARD"),
    "number to integer": (lambda c: column(c, "amount").update(logicalType="integer"), "FORWARD"),
    "number to text": (lambda c: column(c, "amount").update(logicalType="string"), "neither"),
    "nulls forbidden": (lambda c: column(c, "amount").update(required=True), "FORWARD"),
    "nulls allowed": (lambda c: column(c, "id").update(required=False), "BACKWARD"),
    "value added": (lambda c: column(c, "state")["enum"].append({"value": "LOST"}), "BACKWARD"),
    "value removed": (lambda c: column(c, "state")["enum"].pop(), "FORWARD"),
    "inner column added": (lambda c: column(c, "box")["properties"].append({"name": "b", **TEXT}), "both"),
    "inner type changed": (lambda c: column(c, "box")["properties"][0].update(logicalType="string"), "neither"),
}


def directions(says: Callable[[Compatibility], bool]) -> str:
    found = [each.value for each in (Compatibility.BACKWARD, Compatibility.FORWARD) if says(each)]
    return "both" if len(found) == 2 else "".join(found) or "neither"


def by_diff(old: dict[str, Any], new: dict[str, Any]) -> str:
    comparison = compare(contract_version(old, label="old"), contract_version(new, label="new"))
    return directions(lambda level: comparison.compatible(Mode(level.value)))


def by_registry(old: dict[str, Any], new: dict[str, Any]) -> str:
    before, after = _schema_of(old), _schema_of(new)
    return directions(lambda level: answer(after, [before], level).is_compatible)


def _schema_of(document: dict[str, Any]) -> AvroSchema:
    odcs = OpenDataContractStandard.model_validate(document)
    return parsed_schema(avro_schema(odcs, (odcs.schema_ or [])[0]), label="x")


def edited(edit: Edit) -> tuple[dict[str, Any], dict[str, Any]]:
    inside = columns()
    edit(inside)
    return a_contract(columns()), a_contract(inside)


@pytest.mark.parametrize(("edit", "modes"), AGREED.values(), ids=list(AGREED))
def test_gate_diff_and_a_registry_agree_about_columns_and_types(edit: Edit, modes: str):
    old, new = edited(edit)

    assert (by_diff(old, new), by_registry(old, new)) == (modes, modes)


# What only one of them looks at: the page about Avro lists these differences.
DIFFERENT: dict[str, tuple[Edit, str, str]] = {
    "a rule": (lambda c: column(c, "amount").update(logicalTypeOptions={"minimum": 0}), "FORWARD", "both"),
    "a name that consumers use": (
        lambda c: column(c, "amount").update(name="total", physicalName="amount"), "neither", "both"),
    "the digits of a decimal": (
        lambda c: column(c, "price").update(physicalType="DECIMAL(12,4)"), "BACKWARD", "both"),
    "an integer becomes a decimal": (
        lambda c: column(c, "count").update(logicalType="number", physicalType="DECIMAL(12,0)"), "BACKWARD", "neither"),
    "a list of values becomes text": (lambda c: column(c, "state").pop("enum"), "BACKWARD", "neither"),
}  # fmt: skip


@pytest.mark.parametrize(("edit", "diff", "registry"), DIFFERENT.values(), ids=list(DIFFERENT))
def test_gate_diff_and_a_registry_differ_where_the_page_says_so(edit: Edit, diff: str, registry: str):
    old, new = edited(edit)

    assert (by_diff(old, new), by_registry(old, new)) == (diff, registry)


def test_a_renamed_table_is_another_record_for_a_registry():
    old, new = a_contract(columns()), a_contract(columns(), table="sales")

    assert (by_diff(old, new), by_registry(old, new)) == ("both", "neither")
