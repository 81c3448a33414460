"""The standard's schemas: pinned, one a version, and their errors as sentences without follow-up noise."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from partition_gate.contracts.odcs.schema import ACCEPTED_VERSIONS, SCHEMAS, schema_findings
from partition_gate.core.finding import Level
from partition_gate.core.strict_yaml.reading import load_document

FOLDER = Path("include/partition_gate/contracts/odcs/schemas")


def told(version: str = "v3.1.0", **changes: Any) -> list[str]:
    document = {
        "apiVersion": version,
        "kind": "DataContract",
        "id": "o",
        "version": "1.0.0",
        "status": "draft",
        **changes,
    }
    findings = schema_findings(load_document(yaml.safe_dump(document, sort_keys=False), path="f"))
    return [f"{finding.place}: {finding.what}" for finding in findings]


def of_property(version: str = "v3.1.0", **keys: Any) -> list[str]:
    place = "schema[0].properties[0]."
    found = told(version, schema=[{"name": "o", "properties": [{"name": "a", **keys}]}])
    return [sentence.removeprefix(place) for sentence in found]


def of_rule(version: str = "v3.1.0", **keys: Any) -> list[str]:
    return [sentence.removeprefix("quality[0].") for sentence in of_property(version, quality=[keys])]


@pytest.mark.parametrize("version", ACCEPTED_VERSIONS)
def test_the_vendored_schema_of_a_version_is_the_pinned_file(version):
    name, pinned = SCHEMAS[version]

    assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == pinned


def test_no_schema_lies_there_unpinned():
    assert {path.name for path in FOLDER.iterdir()} == {name for name, _ in SCHEMAS.values()}


@pytest.mark.parametrize("version", ACCEPTED_VERSIONS)
def test_a_plain_contract_fits_every_version(version):
    assert told(version) == []


@pytest.mark.parametrize("version", ACCEPTED_VERSIONS)
def test_a_property_needs_no_logical_type(version):
    assert of_property(version, physicalType="BIGINT", logicalTypeOptions={"minimum": 1}) == []


@pytest.mark.parametrize("version", ACCEPTED_VERSIONS)
def test_a_misspelt_key_is_an_error_in_every_version(version):
    assert of_property(version, requird=True) == ["requird: 'requird' is not a key here; did you mean 'required'?"]
    assert told(
        version, servers=[{"server": "s", "type": "local", "path": "x", "format": "parquet", "enviroment": "p"}]
    ) == ["servers[0].enviroment: 'enviroment' is not a key here; did you mean 'environment'?"]


def test_a_wrong_word_in_a_rule_is_told_once_and_nothing_else():
    assert of_rule(metric="nullVlaues", mustBe=0) == ["metric: 'nullVlaues' is not known; did you mean 'nullValues'?"]
    assert of_rule(metric="nullValues", mustBeLessThan="x") == [
        "mustBeLessThan: 'x' is text; write a number, without quotes"
    ]


def test_a_misspelt_required_key_is_not_also_missing():
    assert of_rule(type="sql", qurey="select 1", mustBe=1) == [
        "qurey: 'qurey' is not a key here; did you mean 'query'?"
    ]
    assert of_rule(metric="rowCount", mustBeLesThan=1) == [
        "mustBeLesThan: 'mustBeLesThan' is not a key here; did you mean 'mustBeLessThan'?"
    ]


def test_a_key_of_a_later_version_says_so():
    assert of_property("v3.1.0", enum=[{"value": 1}]) == [
        "enum: 'enum' is not a key here; v3.2.0 has it: raise apiVersion, or remove the key"
    ]
    assert of_property("v3.0.2", logicalType="timestamp") == [
        "logicalType: 'timestamp' is not known; use one of string, date, number, integer, object, array, boolean; "
        "or raise apiVersion to v3.2.0, which accepts it"
    ]


def test_a_key_that_stands_one_level_too_high_is_sent_below():
    assert of_property(minimum=1) == ["minimum: 'minimum' is not a key here; move it to 'logicalTypeOptions'"]


def test_an_option_of_another_type_is_named_with_the_options_of_this_one():
    assert of_property(logicalType="date", logicalTypeOptions={"minLength": 1}) == [
        "logicalTypeOptions.minLength: 'minLength' is not an option of this logicalType; "
        "its options are exclusiveMaximum, exclusiveMinimum, format, maximum, minimum"
    ]


def test_a_key_that_does_not_go_with_its_neighbours_is_told_as_such():
    assert of_rule(type="text", mustBe=1) == [
        "mustBe: 'mustBe' is not allowed with type 'text'; remove it, or correct the type"
    ]
    assert of_property(logicalType="string", items={"logicalType": "string"}) == [
        "items: 'items' needs logicalType array; remove it, or correct logicalType"
    ]


def test_operators_are_exactly_one():
    (two,), (none,) = of_rule(metric="rowCount", mustBe=1, mustBeLessThan=2), of_rule(metric="rowCount")

    assert two == "quality[0]: has several operators (mustBe, mustBeLessThan); keep one, or write several rules"
    assert none.startswith("quality[0]: has no operator; add one of mustBe, mustNotBe")


def test_all_errors_are_told_in_the_order_of_the_file():
    found = told(schema=[{"nam": "o", "properties": [{"name": 1}]}], slaProperties=[{"property": "latency"}])

    assert found == [
        "schema[0].nam: 'nam' is not a key here; did you mean 'name'?",
        "schema[0].properties[0].name: 1 is a number; write text, in quotes",
        "slaProperties[0].value: is missing; add it",
    ]


def test_a_key_that_version_3_0_lets_pass_and_nobody_knows_is_a_warning():
    document = load_document(
        yaml.safe_dump(
            {
                "apiVersion": "v3.0.2",
                "kind": "DataContract",
                "id": "o",
                "version": "1",
                "status": "draft",
                "price": {"zzz": 1},
            }
        ),
        path="f",
    )

    (finding,) = schema_findings(document)

    assert (finding.level, finding.place, finding.rule) == (Level.WARNING, "price.zzz", "unknown-key")


@pytest.mark.parametrize(("version", "near"), [("3.1.0", "v3.1.0"), ("v3.1", "v3.1.0"), ("v2.2.2", "v3.")])
def test_an_unknown_version_of_the_standard_is_named_with_those_we_read(version, near):
    (sentence,) = told(version)

    assert sentence.startswith(f"apiVersion: {version!r} is not supported; ")
    assert near in sentence


def test_an_error_far_inside_is_found_without_asking_every_level_again():
    # A validator that asks the inner schemas again at each level doubles its work 17 times.
    column: dict[str, Any] = {"name": "leaf", "logicalType": "strin"}
    for _ in range(17):
        column = {"name": "a", "logicalType": "object", "properties": [column]}

    (sentence,) = told("v3.2.0", schema=[{"name": "o", "properties": [column]}])

    assert sentence.endswith(".logicalType: 'strin' is not known; did you mean 'string'?")
    assert sentence.count(".properties[0]") == 18
