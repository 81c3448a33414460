"""A schema registry's answer without a registry: Avro's schema resolution, and the levels of compatibility."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import fastavro
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from partition_gate.contracts.avro.reading import parsed_schema, read_schema
from partition_gate.contracts.avro.registry import Compatibility, answer
from partition_gate.contracts.avro.resolution import PROMOTIONS, Resolution, Rule, resolve
from partition_gate.contracts.avro.types import PRIMITIVES
from partition_gate.contracts.compatibility.rules import Direction
from partition_gate.core.errors import ContractError

Schema = dict[str, Any] | list[Any] | str


def record(*fields: dict[str, Any], name: str = "Watch", **more: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": list(fields), **more}


def a_field(name: str, kind: Schema, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **more}


def an_enum(*symbols: str, name: str = "Device", **more: Any) -> dict[str, Any]:
    return {"type": "enum", "name": name, "symbols": list(symbols), **more}


def a_fixed(size: int, name: str = "Hash") -> dict[str, Any]:
    return {"type": "fixed", "name": name, "size": size}


def read_by(reader: Schema, *, written: Schema, direction: Direction = Direction.BACKWARD) -> Resolution:
    return resolve(parsed_schema(reader, label="new"), parsed_schema(written, label="old"), direction=direction)


def rules(reader: Schema, *, written: Schema) -> list[Rule]:
    return [each.rule for each in read_by(reader, written=written).incompatibilities]


@pytest.mark.parametrize("written", PRIMITIVES)
@pytest.mark.parametrize("reader", PRIMITIVES)
def test_a_type_is_read_as_itself_or_as_one_that_it_is_promoted_to(reader: str, written: str):
    promoted = {
        *(("int", each) for each in ("long", "float", "double")),
        *(("long", each) for each in ("float", "double")),
        *(("float", "double"), ("string", "bytes"), ("bytes", "string")),
    }

    expected = [] if reader == written or (written, reader) in promoted else [Rule.TYPE_MISMATCH]
    assert rules(reader, written=written) == expected


NULLABLE = ["null", "string"]
KEPT = a_field("id", "long")
PAIRS: list[tuple[str, Schema, Schema, list[Rule]]] = [
    ("a field that is not written has a default",
     record(KEPT, a_field("subtitles", "boolean", default=False)), record(KEPT), []),
    ("a default of null is a default",
     record(KEPT, a_field("subtitles", ["null", "string"], default=None)), record(KEPT), []),
    ("a field that is not written has none",
     record(KEPT, a_field("subtitles", ["null", "string"])), record(KEPT), [Rule.READER_FIELD_MISSING_DEFAULT_VALUE]),
    ("a field that is written is not read", record(KEPT), record(KEPT, a_field("subtitles", "boolean")), []),
    ("a field has its old name as an alias", record(a_field("key", "long", aliases=["id"])), record(KEPT), []),
    ("the writer's alias does not help", record(a_field("key", "long")),
     record(a_field("id", "long", aliases=["key"])), [Rule.READER_FIELD_MISSING_DEFAULT_VALUE]),
    ("a record has another name", record(KEPT, name="View"), record(KEPT), [Rule.NAME_MISMATCH]),
    ("a record has its old name as an alias", record(KEPT, name="View", aliases=["Watch"]), record(KEPT), []),
    ("an alias is in the namespace of the type", record(KEPT, name="tv.View", aliases=["Watch"]),
     record(KEPT, name="tv.Watch"), []),
    ("a record has another namespace", record(KEPT, namespace="tv"), record(KEPT, namespace="film"), []),
    ("symbols are missing", an_enum("TV"), an_enum("TV", "PHONE"), [Rule.MISSING_ENUM_SYMBOLS]),
    ("symbols are missing, and there is a default", an_enum("TV", default="TV"), an_enum("TV", "PHONE"), []),
    ("the writer's default does not help", an_enum("TV"), an_enum("TV", "PHONE", default="TV"),
     [Rule.MISSING_ENUM_SYMBOLS]),
    ("symbols are added", an_enum("TV", "PHONE"), an_enum("TV"), []),
    ("an enum has another name", an_enum("TV", name="Screen"), an_enum("TV"), [Rule.NAME_MISMATCH]),
    ("an enum becomes text", "string", an_enum("TV"), [Rule.TYPE_MISMATCH]),
    ("a fixed has another size", a_fixed(8), a_fixed(16), [Rule.FIXED_SIZE_MISMATCH]),
    ("a fixed has another name", a_fixed(8, "Sum"), a_fixed(8), [Rule.NAME_MISMATCH]),
    ("nulls are allowed", NULLABLE, "string", []),
    ("nulls are forbidden", "string", NULLABLE, [Rule.TYPE_MISMATCH]),
    ("a union is read in another order", NULLABLE, ["string", "null"], []),
    ("a type of the union is gone", NULLABLE, ["null", "long"], [Rule.MISSING_UNION_BRANCH]),
    ("a type of the union is promoted", ["null", "double"], ["null", "int"], []),
    ("no type of the union fits", NULLABLE, "long", [Rule.MISSING_UNION_BRANCH]),
    ("items", {"type": "array", "items": "int"}, {"type": "array", "items": "long"}, [Rule.TYPE_MISMATCH]),
    ("values", {"type": "map", "values": "int"}, {"type": "map", "values": "long"}, [Rule.TYPE_MISMATCH]),
    ("an array is no map", {"type": "array", "items": "int"}, {"type": "map", "values": "int"}, [Rule.TYPE_MISMATCH]),
]  # fmt: skip


@pytest.mark.parametrize(("reader", "written", "broken"), [each[1:] for each in PAIRS], ids=[each[0] for each in PAIRS])
def test_a_pair_of_schemas_breaks_the_rules_of_avro(reader: Schema, written: Schema, broken: list[Rule]):
    assert rules(reader, written=written) == broken


def test_a_reason_names_the_place_inside_a_nullable_record_in_a_list():
    def watch(kind: str) -> Schema:
        inner = record(a_field("os", kind), name="Device")
        return record(a_field("devices", {"type": "array", "items": ["null", inner]}))

    (found,) = read_by(watch("int"), written=watch("string")).incompatibilities

    assert found.path == "Watch.devices[].os"
    assert found.sentence == (
        "Watch.devices[].os: old writes string, and new reads int; keep the type, or add a field of another name with "
        "a default"
    )


def test_every_reason_is_told_and_not_only_the_first():
    reader = record(a_field("a", "int"), a_field("b", "int"), a_field("c", "int"))

    found = read_by(reader, written=record(a_field("a", "long"), a_field("c", "string"))).incompatibilities

    assert [each.path for each in found] == ["Watch.a", "Watch.b", "Watch.c"]


def test_the_advice_for_an_old_reader_is_about_the_new_schema():
    found = read_by(record(KEPT), written=record(), direction=Direction.FORWARD).incompatibilities

    assert found[0].sentence.endswith("; keep it, or let readers have a default first")


def a_tree(value: str) -> Schema:
    return record(a_field("value", value), a_field("next", ["null", "Node"], default=None), name="Node")


def test_a_record_that_contains_itself_is_judged_once():
    assert rules(a_tree("long"), written=a_tree("int")) == []
    assert rules(a_tree("int"), written=a_tree("long")) == [Rule.TYPE_MISMATCH]


def test_a_record_that_was_found_incompatible_stays_so_where_it_is_used_again():
    def both(kind: str) -> Schema:
        first = a_field("first", record(a_field("at", kind), name="Moment"))
        return record(first, a_field("last", ["null", "Moment"], default=None))

    found = read_by(both("int"), written=both("string")).incompatibilities

    assert {each.path for each in found} == {"Watch.first.at"}
    assert (
        answer(
            parsed_schema(both("int"), label="new"), [parsed_schema(both("string"), label="old")], Compatibility.FULL
        ).is_compatible
        is False
    )


def a_decimal(scale: int) -> Schema:
    return {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": scale}


def test_another_scale_is_compatible_for_a_registry_and_said_to_change_values():
    found = read_by(record(a_field("price", a_decimal(4))), written=record(a_field("price", a_decimal(2))))

    assert found.incompatibilities == ()
    assert found.changed_meanings[0].sentence == (
        "Watch.price: old writes decimal(10, 2), and new takes it for decimal(10, 4): no registry refuses that, but it "
        "is another value; keep the type, or add a field of another name with a default"
    )


def test_an_unknown_logical_type_means_nothing():
    assert read_by({"type": "int", "logicalType": "weekday"}, written="int").changed_meanings == ()


OLD, NEWER = record(KEPT), record(KEPT, a_field("note", "string", default=""))
NEWEST = record(KEPT, a_field("note", "string"))


@pytest.mark.parametrize(
    ("level", "is_compatible"),
    [
        (Compatibility.BACKWARD, True),
        (Compatibility.FORWARD, True),
        (Compatibility.FULL, True),
        (Compatibility.BACKWARD_TRANSITIVE, False),  # the first version does not write the note
        (Compatibility.FORWARD_TRANSITIVE, True),
        (Compatibility.FULL_TRANSITIVE, False),
        (Compatibility.NONE, True),
    ],
)
def test_only_a_transitive_level_looks_at_every_earlier_schema(level: Compatibility, *, is_compatible: bool):
    new, *earlier = (parsed_schema(each, label="x") for each in (NEWEST, OLD, NEWER))

    assert answer(new, earlier, level).is_compatible is is_compatible


def test_backward_and_forward_are_the_two_directions():
    with_note, without = (parsed_schema(each, label="x") for each in (NEWEST, OLD))

    assert not answer(with_note, [without], Compatibility.BACKWARD).is_compatible
    assert answer(with_note, [without], Compatibility.FORWARD).is_compatible
    assert not answer(without, [with_note], Compatibility.FORWARD).is_compatible


def test_nothing_is_refused_without_a_level():
    assert answer(
        parsed_schema("int", label="x"), [parsed_schema("string", label="y")], Compatibility.NONE
    ).is_compatible


def test_the_answer_of_a_registry_holds_the_schema_as_text():
    document = {"subject": "watch-value", "version": 2, "id": 7, "schema": json.dumps(OLD)}

    assert read_schema(json.dumps(document), label="x") == parsed_schema(OLD, label="x")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "x: line 1: is not JSON; give an Avro schema (.avsc), or a registry's answer"),
        ('"strng"', "x: the schema: 'strng' is neither a type of Avro nor declared here; did you mean 'string'?"),
        ('{"error_code": 40401, "message": "Subject not found."}', "x: is a registry's error 40401; ask for a subject"),
        ('{"schemaType": "PROTOBUF", "schema": "syntax"}', "x: schemaType: 'PROTOBUF' is not AVRO, and only Avro"),
        ('{"schema": "\\"string\\"", "references": [{"name": "a"}]}', "x: references: other subjects are not read"),
        ('{"type": "record", "name": "R"}', "x: the schema: is a record without fields; add the list `fields`"),
        ('{"type": "record", "fields": []}', "x: the schema: has no name; add one"),
        ('{"type": "record", "name": "a-b", "fields": []}', "x: name: 'a-b' is not a name: use letters, digits and _"),
        ('{"type": "array"}', "x: the schema: is of type array without `items`; add their type"),
        ('{"type": "enum", "name": "E", "symbols": ["a b"]}', "x: symbols: are not names: use letters, digits and _"),
        ('{"type": "enum", "name": "E", "symbols": ["A", "A"]}', "x: symbols: has duplicates; remove them"),
        ('{"type": "enum", "name": "E", "symbols": ["A"], "default": "B"}', "x: default: 'B' is not a symbol"),
        ('{"type": "fixed", "name": "F", "size": "8"}', "x: size: is not a number of bytes; write a whole number"),
        ('["null", "null"]', "x: [1]: is a duplicate in this union; remove one of them"),
        ('["null", ["int"]]', "x: [1]: is a union directly in a union; write one list"),
        ("7", "x: the schema: is not a type: write a name, a union (a list), or an object with `type`"),
        ("[" * 100_000, "x: is nested too deeply for a schema"),
    ],
)  # fmt: skip
def test_what_is_no_schema_is_refused_with_its_place(text: str, said: str):
    with pytest.raises(ContractError) as refused:
        read_schema(text, label="x")

    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("kind", "default"),
    [
        ("int", 2**31), ("long", "1"), ("boolean", 0), ("string", None), (["null", "int"], "x"),
        ({"type": "array", "items": "int"}, ["x"]), ({"type": "map", "values": "int"}, {"a": "x"}),
        (an_enum("TV"), "PHONE"), (record(KEPT, name="Inner"), {}), (a_fixed(2), 7),
    ],
)  # fmt: skip
def test_a_default_of_another_type_is_refused(kind: Schema, default: object):
    with pytest.raises(ContractError, match=r"x: fields\[0\].default: is not a value of the field's type"):
        parsed_schema(record(a_field("a", kind, default=default)), label="x")


@pytest.mark.parametrize(
    ("kind", "default"),
    [
        ("int", 7), ("double", 7), ("bytes", "\u00ff"), (["null", "string"], "x"), (["string", "null"], None),
        ({"type": "array", "items": "int"}, []), ({"type": "map", "values": "int"}, {"a": 1}), (an_enum("TV"), "TV"),
        (record(KEPT, a_field("note", "string", default=""), name="Inner"), {"id": 1}),
    ],
)  # fmt: skip
def test_a_default_of_the_fields_type_is_taken(kind: Schema, default: object):
    parsed_schema(record(a_field("a", kind, default=default)), label="x")


def test_a_duplicate_field_is_refused():
    with pytest.raises(ContractError, match=r"x: fields\[1\].name: 'id' is a duplicate; rename one of them"):
        parsed_schema(record(KEPT, KEPT), label="x")


# An independent reader judges, too: what is called compatible, fastavro must be able to read, whatever was written.

_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(), "boolean": st.booleans(), "int": st.integers(-9, 9), "long": st.integers(-9, 9),
    "float": st.sampled_from([0.5, -2.0]), "double": st.sampled_from([0.25, 3.0]), "string": st.sampled_from(["", "a"]),
    "bytes": st.sampled_from([b"", b"a"]),
}  # fmt: skip
_DEFAULTS = {"int": 1, "long": 1, "double": 1.5, "float": 1.5, "string": "d", "boolean": True}
_SIMPLE = st.sampled_from(sorted(PRIMITIVES))
_ENUMS = st.builds(
    lambda symbols, has_default: an_enum(*sorted(symbols), **({"default": min(symbols)} if has_default else {})),
    st.sets(st.sampled_from("ABC"), min_size=1),
    st.booleans(),
)
_UNIONS = st.lists(_SIMPLE, min_size=1, max_size=3, unique=True)
_TYPES = st.one_of(
    _SIMPLE,
    _UNIONS,
    st.builds(lambda items: {"type": "array", "items": items}, st.one_of(_SIMPLE, _UNIONS)),
    st.builds(lambda values: {"type": "map", "values": values}, _SIMPLE),
    st.builds(a_fixed, st.sampled_from([1, 2])),
)


@st.composite
def _records(draw: st.DrawFn) -> dict[str, Any]:
    fields = []
    for name in draw(st.lists(st.sampled_from("abc"), unique=True, max_size=3)):
        kind = draw(_TYPES if name != "c" else _ENUMS)
        default = (
            {"default": _DEFAULTS[kind]} if isinstance(kind, str) and kind in _DEFAULTS and draw(st.booleans()) else {}
        )
        fields.append(a_field(name, {**kind, "name": f"{kind['name']}_{name}"} if "name" in kind else kind, **default))
    return record(*fields)


def _value(kind: Any, draw: Callable[[st.SearchStrategy[Any]], Any]) -> Any:
    match kind:
        case list():
            return _value(draw(st.sampled_from(kind)), draw)
        case {"items": items}:
            return [_value(items, draw)]
        case {"values": values}:
            return {"k": _value(values, draw)}
        case {"symbols": symbols}:
            return draw(st.sampled_from(symbols))
        case {"size": size}:
            return b"x" * size
    return draw(_VALUES[kind])


@given(st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
def test_what_is_compatible_can_be_read_by_fastavro(data: st.DataObject):
    reader, written = data.draw(_records()), data.draw(_records())
    assume(rules(reader, written=written) == [])
    row = {each["name"]: _value(each["type"], data.draw) for each in written["fields"]}
    encoded = io.BytesIO()

    fastavro.schemaless_writer(encoded, fastavro.parse_schema(written), row)
    encoded.seek(0)
    read = fastavro.schemaless_reader(encoded, fastavro.parse_schema(written), fastavro.parse_schema(reader))

    assert isinstance(read, dict)
    assert set(read) == {each["name"] for each in reader["fields"]}


def test_the_promotions_are_those_of_the_specification():
    assert sum(map(len, PROMOTIONS.values())) == 8
