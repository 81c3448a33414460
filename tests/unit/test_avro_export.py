"""`gate export --to avro`: what is written with the exported schema is read back as it was, whatever its type."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import fastavro
import pytest
from fastavro.validation import ValidationError, validate
from open_data_contract_standard.model import OpenDataContractStandard

from partition_gate.contracts.export.avro import avro_schema

MOMENT = datetime(2026, 11, 30, 22, 5, 1, 250, tzinfo=UTC)
ANCIENT = datetime(1, 1, 1, tzinfo=UTC)
LARGEST, UNSIGNED = 2**63 - 1, 2**64 - 1
TEXT, NUMBER = {"logicalType": "string"}, {"logicalType": "integer"}


def exported(*columns: dict[str, Any], name: str = "orders", **contract: Any) -> dict[str, Any]:
    document = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "shop",
        "version": "1.0.0",
        "status": "active",
        "schema": [{"name": name, "properties": list(columns)}],
        **contract,
    }
    odcs = OpenDataContractStandard.model_validate(document)
    assert odcs.schema_ is not None
    return avro_schema(odcs, odcs.schema_[0])


def read_back(schema: dict[str, Any], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, written to an Avro file and read from it."""
    file = io.BytesIO()
    fastavro.writer(file, fastavro.parse_schema(schema), rows, strict=True)
    file.seek(0)
    return [row for row in fastavro.reader(file) if isinstance(row, dict)]


def inner(*columns: dict[str, Any]) -> dict[str, Any]:
    return {"logicalType": "object", "properties": list(columns)}


def a_map(key: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    return {"logicalType": "map", "map": {"key": key, "value": value}}


TYPES: list[tuple[str, dict[str, Any], list[Any]]] = [
    ("text", TEXT, ["", "Amélie", "映画"]),
    ("only a physical type", {"physicalType": "BIGINT"}, [LARGEST]),
    ("uuid", {**TEXT, "logicalTypeOptions": {"format": "uuid"}}, [UUID(int=7)]),
    ("enum", {**TEXT, "enum": [{"value": "TV"}, {"value": "PHONE"}]}, ["TV", "PHONE"]),
    ("enum that Avro has no symbols for", {**TEXT, "enum": [{"value": "on demand"}]}, ["on demand"]),
    ("enum of numbers", {**NUMBER, "enum": [{"value": 1}, {"value": 2}]}, [1, 2]),
    ("integer", NUMBER, [-LARGEST - 1, LARGEST]),
    ("i32", {**NUMBER, "logicalTypeOptions": {"format": "i32"}}, [-(2**31), 2**31 - 1]),
    ("u16", {**NUMBER, "logicalTypeOptions": {"format": "u16"}}, [2**16 - 1]),
    ("u32", {**NUMBER, "logicalTypeOptions": {"format": "u32"}}, [2**32 - 1]),
    ("u64", {**NUMBER, "logicalTypeOptions": {"format": "u64"}}, [Decimal(UNSIGNED)]),
    ("UINT32", {**NUMBER, "physicalType": "UINT32"}, [2**32 - 1]),
    ("UBIGINT", {**NUMBER, "physicalType": "UBIGINT"}, [Decimal(UNSIGNED)]),
    ("number", {"logicalType": "number"}, [0.1, -1e300]),
    ("f32", {"logicalType": "number", "logicalTypeOptions": {"format": "f32"}}, [0.5]),
    ("decimal", {"logicalType": "number", "physicalType": "DECIMAL(10,2)"}, [Decimal("-99999999.99")]),
    ("numeric without a scale", {"logicalType": "number", "physicalType": "NUMERIC(5)"}, [Decimal(99999)]),
    ("decimal without digits", {"logicalType": "number", "physicalType": "DECIMAL"}, [Decimal("1.123456789")]),
    ("boolean", {"logicalType": "boolean"}, [True, False]),
    ("date", {"logicalType": "date"}, [date(1, 1, 1), date(9999, 12, 31)]),
    ("time", {"logicalType": "time"}, [time(23, 59, 59, 999999)]),
    ("timestamp", {"logicalType": "timestamp"}, [MOMENT, ANCIENT]),
    ("timestamp without a zone", {"logicalType": "timestamp", "logicalTypeOptions": {"timezone": False}},
     [MOMENT.replace(tzinfo=None)]),
    ("TIMESTAMP_NTZ", {"logicalType": "timestamp", "physicalType": "TIMESTAMP_NTZ"}, [MOMENT.replace(tzinfo=None)]),
    ("bytes", {"physicalType": "BLOB"}, [b"\x00\xff"]),
    ("object", inner({"name": "os", **TEXT}, {"name": "rank", **NUMBER, "required": True}),
     [{"os": None, "rank": 1}]),
    ("object in an object", inner({"name": "screen", **inner({"name": "at", "logicalType": "date"})}),
     [{"screen": {"at": date(2026, 1, 1)}}, {"screen": None}]),
    ("object without properties", {"logicalType": "object"}, [{}]),
    ("array", {"logicalType": "array", "items": TEXT}, [[], ["a", None]]),
    ("array without items", {"logicalType": "array"}, [["a", None]]),
    ("array of objects", {"logicalType": "array", "items": inner({"name": "id", **NUMBER})}, [[{"id": 1}, None]]),
    ("array of arrays", {"logicalType": "array", "items": {"logicalType": "array", "items": NUMBER}}, [[[1], None]]),
    ("array of enums", {"logicalType": "array", "items": {**TEXT, "enum": [{"value": "TV"}]}}, [["TV"]]),
    ("map", a_map(TEXT, NUMBER), [{}, {"a": 1, "b": None}]),
    ("map of objects", a_map(TEXT, inner({"name": "id", **NUMBER})), [{"a": {"id": 1}}]),
    ("map of maps", a_map(TEXT, a_map(TEXT, TEXT)), [{"a": {"b": "c"}}]),
    ("map without types", {"logicalType": "map"}, [{"a": "b"}]),
    ("map with numbers as keys", a_map(NUMBER, TEXT), [[{"key": 7, "value": "a"}]]),
    ("vector", {"logicalType": "vector", "logicalTypeOptions": {"dimensions": 2}}, [[0.5, -1.0]]),
    ("vector of doubles", {"logicalType": "vector", "logicalTypeOptions": {"elementType": "float64"}}, [[0.1]]),
]  # fmt: skip


@pytest.mark.parametrize(("column", "values"), [each[1:] for each in TYPES], ids=[each[0] for each in TYPES])
def test_what_is_written_is_read_back(column: dict[str, Any], values: list[Any]):
    schema = exported({"name": "value", **column})
    rows = [{"value": each} for each in (*values, None)]

    assert read_back(schema, rows) == rows


@pytest.mark.parametrize("column", [each[1] for each in TYPES], ids=[each[0] for each in TYPES])
def test_a_null_is_refused_where_one_is_promised_away(column: dict[str, Any]):
    schema = exported({"name": "value", **column, "required": True})

    with pytest.raises(ValidationError):
        validate({"value": None}, fastavro.parse_schema(schema))


def test_every_type_fits_into_one_schema():
    schema = exported(*({"name": f"c{i}", **column} for i, (_, column, _) in enumerate(TYPES)))
    row = {f"c{i}": values[0] for i, (_, _, values) in enumerate(TYPES)}

    assert read_back(schema, [row]) == [row]


def test_names_that_become_alike_stay_apart():
    schema = exported({"name": "a-b", **NUMBER}, {"name": "a_b", **NUMBER}, {"name": "a b", **NUMBER})

    assert [(each["name"], each.get("odcsName")) for each in schema["fields"]] == [
        ("a_b", "a-b"),
        ("a_b_2", "a_b"),
        ("a_b_3", "a b"),
    ]


def test_types_whose_paths_are_alike_stay_apart():
    enum = {**TEXT, "enum": [{"value": "TV"}]}
    schema = exported({"name": "a", **inner({"name": "b_c", **enum})}, {"name": "a_b", **inner({"name": "c", **enum})})
    row = {"a": {"b_c": "TV"}, "a_b": {"c": "TV"}}

    assert read_back(schema, [row]) == [row]


def with_default(column: dict[str, Any], value: object) -> dict[str, Any]:
    return {"name": "v", **column, "customProperties": [{"property": "default", "value": value}]}


@pytest.mark.parametrize(
    ("column", "value"),
    [(TEXT, "paper"), (NUMBER, 7), ({"logicalType": "boolean"}, False), ({**TEXT, "enum": [{"value": "TV"}]}, "TV")],
)
@pytest.mark.parametrize("required", [True, False])
def test_a_reader_gets_the_contracts_default_for_rows_from_before_the_column(
    column: dict[str, Any], value: object, *, required: bool
):
    old, new = exported(), exported({**with_default(column, value), "required": required})
    file = io.BytesIO()
    fastavro.writer(file, fastavro.parse_schema(old), [{}])
    file.seek(0)

    assert list(fastavro.reader(file, fastavro.parse_schema(new))) == [{"v": value}]


def test_a_default_that_avro_cannot_write_as_json_is_left_out():
    (field,) = exported({**with_default({"logicalType": "date"}, "2026-01-01"), "required": True})["fields"]

    assert "default" not in field


def test_partition_columns_are_in_the_path_and_not_in_the_row():
    schema = exported({"name": "dt", "logicalType": "date", "partitioned": True}, {"name": "v", **TEXT})

    assert [each["name"] for each in schema["fields"]] == ["v"]
