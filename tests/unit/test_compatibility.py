"""What changed between two contract versions, whom it breaks, and which version number it needs."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from partition_gate.contracts.compatibility.changes import Comparison, Mode, changes, compare, contract_version
from partition_gate.contracts.compatibility.compare import COMPARISONS
from partition_gate.contracts.compatibility.rules import KINDS, Direction, Party
from partition_gate.core.strict_yaml.reading import load_mapping

C, P = Party.CONSUMERS, Party.PRODUCERS


def a_contract(version: str = "1.0.0", **changes: Any) -> dict[str, Any]:
    columns = [
        {"name": "id", "logicalType": "integer", "required": True, "primaryKey": True},
        {"name": "amount", "logicalType": "number", "logicalTypeOptions": {"minimum": 0, "maximum": 100}},
        {"name": "state", "logicalType": "string", "enum": [{"value": "open"}, {"value": "closed"}]},
        {"name": "shop", "logicalType": "string", "relationships": [{"to": "shops.id"}]},
    ]
    table = {"name": "orders", "quality": [{"id": "size", "metric": "rowCount", "mustBeGreaterThan": 10}]}
    document = {
        "id": "orders",
        "version": version,
        "status": "active",
        "servers": [{"server": "x", "type": "local", "path": "data/dt=*/*.parquet"}],
        "schema": [{**table, "properties": columns}],
        "slaProperties": [{"property": "latency", "value": 4, "unit": "h"}],
        "customProperties": [{"property": "timezone", "value": "UTC"}],
    }
    return copy.deepcopy({**document, **changes})


def edited(edit: Callable[[dict[str, Any]], object], version: str = "1.0.0") -> Comparison:
    new = a_contract(version)
    edit(new)
    return compare(contract_version(a_contract(), label="old"), contract_version(new, label="new"))


def column(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(c for c in document["schema"][0]["properties"] if c["name"] == name)


def columns(document: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document["schema"][0]["properties"]
    return found


def quality(document: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document["schema"][0]["quality"]
    return found


def drop(document: dict[str, Any], name: str) -> None:
    columns(document).remove(column(document, name))


def options(document: dict[str, Any], **values: Any) -> None:
    column(document, "amount")["logicalTypeOptions"] = values


def a_warning(to: str) -> dict[str, Any]:
    return {"to": to, "customProperties": [{"property": "severity", "value": "warning"}]}


def a_default(value: str) -> dict[str, Any]:
    return {"customProperties": [{"property": "default", "value": value}]}


PATTERN = {"property": "partitionPattern", "value": "{dt:%Y/%m/%d}/*.parquet"}
EDITS: list[tuple[str, Callable[[dict[str, Any]], object], set[Party]]] = [
    ("column added", lambda d: columns(d).append({"name": "note", "logicalType": "string"}), {P}),
    ("required column added", lambda d: columns(d).append({"name": "note", "required": True}), {P}),
    ("column added", lambda d: columns(d).append({"name": "note", "required": True} | a_default("none")), {P}),
    ("column removed", lambda d: drop(d, "amount"), {C}),
    ("required column removed", lambda d: drop(d, "id"), {C}),
    ("type narrowed", lambda d: column(d, "amount").update(logicalType="integer"), {P}),
    ("type widened", lambda d: column(d, "id").update(logicalType="number"), {C}),
    ("type changed", lambda d: column(d, "amount").update(logicalType="string"), {C, P}),
    ("nulls forbidden", lambda d: column(d, "shop").update(required=True), {P}),
    ("nulls allowed", lambda d: column(d, "id").update(required=False), {C}),
    ("uniqueness promised", lambda d: column(d, "shop").update(unique=True), {P}),
    ("key removed", lambda d: column(d, "id").pop("primaryKey"), {C}),
    ("key changed", lambda d: column(d, "shop").update(primaryKey=True), {C, P}),
    ("values added", lambda d: column(d, "state")["enum"].append({"value": "lost"}), {C}),
    ("values removed", lambda d: column(d, "state")["enum"].pop(), {P}),
    ("values replaced", lambda d: column(d, "state").update(enum=[{"value": "new"}]), {C, P}),
    ("range widened", lambda d: options(d, minimum=-1, maximum=100), {C}),
    ("range narrowed", lambda d: options(d, minimum=0, maximum=99), {P}),
    ("range narrowed", lambda d: options(d, exclusiveMinimum=0, maximum=100), {P}),
    ("range moved", lambda d: options(d, minimum=10, maximum=110), {C, P}),
    ("range moved", lambda d: options(d, minimum="a", maximum=100), {C, P}),
    ("range widened", lambda d: options(d, minimum=0), {C}),
    ("constraint added", lambda d: column(d, "state").update(logicalTypeOptions={"pattern": "^o"}), {P}),
    ("foreign key removed", lambda d: column(d, "shop").pop("relationships"), {C}),
    ("foreign key added", lambda d: column(d, "state").update(relationships=[{"to": "states.id"}]), {P}),
    ("rule that never blocks", lambda d: column(d, "state").update(relationships=[a_warning("states.id")]), set()),
    ("rule made a warning", lambda d: column(d, "shop").update(relationships=[a_warning("shops.id")]), {C}),
    ("rule tightened", lambda d: quality(d)[0].update(mustBeGreaterThan=11), {P}),
    ("rule loosened", lambda d: quality(d)[0].update(mustBeGreaterThan=9), {C}),
    ("rule removed", lambda d: d["schema"][0].pop("quality"), {C}),
    ("rule added", lambda d: quality(d).append({"id": "n", "metric": "rowCount", "mustBeLessThan": 99}), {P}),
    ("rule made a warning", lambda d: quality(d)[0].update(severity="warning"), {C}),
    ("rule that never blocks", lambda d: quality(d).append({"type": "text", "description": "be nice"}), set()),
    ("partitioning changed", lambda d: column(d, "shop").update(partitioned=True), {C, P}),
    ("table renamed", lambda d: d["schema"][0].update(name="sales"), {C}),
    ("location changed", lambda d: d["servers"][0].update(path="other/dt=*/*.parquet"), {P}),
    ("location changed", lambda d: d["servers"][0].update(customProperties=[PATTERN]), {P}),
    ("classification raised", lambda d: column(d, "shop").update(classification="pii"), {C}),
    ("SLA tightened", lambda d: d["slaProperties"][0].update(value=30, unit="min"), {P}),
    ("SLA loosened", lambda d: d["slaProperties"][0].update(value=1, unit="d"), {C}),
    ("SLA removed", lambda d: d.pop("slaProperties"), {C}),
    ("SLA added", lambda d: d["slaProperties"].append({"property": "availability", "value": 99}), {P}),
    ("calendar changed", lambda d: d["customProperties"][0].update(value="Europe/Paris"), {C, P}),
    ("limit loosened", lambda d: d["customProperties"].append({"property": "quarantineLimit", "value": 0.2}), {C}),
    ("contract retired", lambda d: d.update(status="retired"), {C}),
    ("contract paused", lambda d: d.update(status="draft"), {C}),
    ("contract deprecated", lambda d: d.update(status="deprecated"), set()),
    ("contract replaced", lambda d: d.update(id="sales"), {C, P}),
    ("version changed", lambda d: d.update(version="1.0.1"), set()),
    ("documentation changed", lambda d: d.update(description={"purpose": "to know"}), set()),
    ("documentation changed", lambda d: d.update(price={"priceAmount": 3}), set()),
]


@pytest.mark.parametrize(("kind", "edit", "breaks"), EDITS, ids=[f"{i}-{e[0]}" for i, e in enumerate(EDITS)])
def test_a_change_is_told_by_its_kind_with_whom_it_breaks(kind, edit, breaks):
    found = edited(edit).changes

    assert kind in [change.kind for change in found]
    assert {party for change in found if change.kind == kind for party in change.breaks} == breaks


def test_equal_contracts_have_no_change():
    assert edited(lambda _: None).changes == ()


def test_the_same_promise_in_other_units_or_other_numbers_breaks_nobody():
    def in_other_units(document: dict[str, Any]) -> None:
        document["slaProperties"][0].update(value=240, unit="min")
        options(document, minimum=0.0, maximum=100)

    found = edited(in_other_units)

    assert {change.kind for change in found.changes} == {"documentation changed"}


def test_a_long_list_of_values_is_cut_with_the_number_of_the_others():
    def longer(document: dict[str, Any]) -> None:
        column(document, "state")["enum"] = [{"value": f"value {number:03d}"} for number in range(60)]

    [change] = edited(longer).changes

    assert change.new is not None
    assert change.new.endswith("value 010 and 49 more")


def test_a_column_with_the_same_id_and_another_name_is_a_rename():
    old, new = a_contract(), a_contract()
    column(old, "shop")["id"] = column(new, "shop")["id"] = "c4"
    column(new, "shop").update(name="store", physicalName="shop")

    found = changes(contract_version(old, label="old"), contract_version(new, label="new"))

    assert [(c.kind, c.subject, c.old, c.new, c.breaks) for c in found] == [
        ("column renamed", "orders.store", "shop", "store", (C,))
    ]


def test_a_rename_without_a_name_in_the_files_breaks_producers_too():
    old, new = a_contract(), a_contract()
    column(old, "shop")["id"] = column(new, "shop")["id"] = "c4"
    column(new, "shop")["name"] = "store"

    found = changes(contract_version(old, label="old"), contract_version(new, label="new"))

    assert [(c.kind, c.breaks) for c in found] == [("column renamed", (C,)), ("column renamed in the files", (P,))]


def test_changes_in_nested_columns_and_array_items_are_found():
    old = a_contract()
    columns(old).append(
        {
            "name": "box",
            "logicalType": "object",
            "properties": [
                {"name": "tags", "logicalType": "array", "items": {"logicalType": "integer", "required": True}}
            ],
        }
    )
    new = copy.deepcopy(old)
    item = column(new, "box")["properties"][0]["items"]
    item.update(logicalType="string", required=False)

    found = changes(contract_version(old, label="old"), contract_version(new, label="new"))

    assert {(c.kind, c.subject) for c in found} == {
        ("type changed", "orders.box.tags.items"),
        ("nulls allowed", "orders.box.tags.items"),
    }
    assert found[0].path.startswith("schema[0].properties[4].properties[0].items.")


def test_changes_in_a_maps_values_are_found():
    old = a_contract()
    parts = {"key": {"logicalType": "string"}, "value": {"logicalType": "integer"}}
    columns(old).append({"name": "counts", "logicalType": "map", "map": parts})
    new = copy.deepcopy(old)
    column(new, "counts")["map"]["value"]["logicalType"] = "string"

    found = changes(contract_version(old, label="old"), contract_version(new, label="new"))

    assert [(c.kind, c.subject, c.path) for c in found] == [
        ("type changed", "orders.counts.map value", "schema[0].properties[4].map.value.logicalType")
    ]


def test_an_option_that_no_rule_names_still_constrains():
    found = edited(lambda d: column(d, "state").update(logicalTypeOptions={"dimensions": 3})).changes

    assert [(c.kind, c.breaks) for c in found] == [("constraint added", (P,))]


def test_moving_a_column_is_no_change():
    assert edited(lambda d: columns(d).reverse()).changes == ()


@pytest.mark.parametrize(
    ("edit", "modes"),
    [
        (lambda d: columns(d).append({"name": "note"}), {"BACKWARD", "FORWARD", "FULL"}),
        (lambda d: columns(d).append({"name": "note", "required": True}), {"FORWARD"}),
        (lambda d: drop(d, "id"), {"BACKWARD"}),
        (lambda d: column(d, "id").update(logicalType="number"), {"BACKWARD"}),
        (lambda d: column(d, "amount").update(logicalType="integer"), {"FORWARD"}),
        (lambda d: column(d, "amount").update(logicalType="string"), set()),
        (lambda d: d.pop("slaProperties"), {"BACKWARD", "FORWARD", "FULL"}),
    ],
)
def test_avro_modes_answer_for_what_a_partition_may_hold(edit, modes):
    comparison = edited(edit)

    assert {m.value for m in Mode if not m.transitive and comparison.compatible(m)} == modes


@pytest.mark.parametrize(
    ("edit", "version", "ok", "needed"),
    [
        (lambda d: drop(d, "amount"), "1.1.0", False, "major"),
        (lambda d: drop(d, "amount"), "2.0.0", True, "major"),
        (lambda d: d.update(tags=["x"]), "1.0.0", False, "patch"),
        (lambda d: d.update(tags=["x"]), "1.0.1", True, "patch"),
        (lambda d: drop(d, "amount"), "spring", False, "major"),
        (lambda _: None, "1.0.0", True, "none"),
        (lambda d: drop(d, "amount"), "0.9.0", False, "major"),
    ],
)
def test_a_breaking_change_needs_a_new_major_version(edit, version, ok, needed):
    rule = edited(edit, version).version_rule

    assert (rule.ok, rule.needed) == (ok, needed)
    assert rule.sentence


def test_below_one_a_breaking_change_needs_a_new_minor_version():
    old, new = a_contract("0.3.9"), a_contract("0.4.0")
    drop(new, "amount")

    assert compare(contract_version(old, label="o"), contract_version(new, label="n")).version_rule.ok


def test_a_draft_promised_nothing():
    old, new = a_contract(status="draft"), a_contract(status="active")
    drop(new, "amount")

    assert compare(contract_version(old, label="o"), contract_version(new, label="n")).version_rule.ok


def test_removing_any_clause_of_a_real_contract_is_told():
    text = Path("include/contracts/flights.odcs.yaml").read_text(encoding="utf-8")
    document = load_mapping(text, path="flights")
    silent = []
    for place in _leaves(document):
        shorter = copy.deepcopy(document)
        _remove(shorter, place)
        if not changes(contract_version(document, label="o"), contract_version(shorter, label="n")):
            silent.append(place)

    # A position alone says nothing where the key's order stays the same.
    assert [place for place in silent if place[-1] != "primaryKeyPosition"] == []


def test_every_comparison_leads_to_a_kind_and_every_kind_has_a_sentence():
    source = Path("include/partition_gate/contracts/compatibility/compare.py").read_text(encoding="utf-8")

    assert [name for name in KINDS if f'"{name}"' not in source and not name.endswith(("added", "removed"))] == []
    assert all(kind.why.endswith(".") for kind in KINDS.values())
    assert {Direction.BACKWARD, Direction.FORWARD} == {d for kind in KINDS.values() for d in kind.incompatible}
    assert len(COMPARISONS) > 40


def _leaves(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [leaf for key, child in pairs for leaf in _leaves(child, (*place, key))] or [place]


def _remove(document: Any, place: tuple[Any, ...]) -> None:
    for key in place[:-1]:
        document = document[key]
    del document[place[-1]]


def test_the_test_document_is_yaml_as_people_write_it():
    assert load_mapping(yaml.safe_dump(a_contract()), path="orders") == a_contract()
