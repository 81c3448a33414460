"""Exports a contract's table as a JSON Schema 2020-12 of one row, for stream validation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from open_data_contract_standard.model import OpenDataContractStandard, SchemaObject, SchemaProperty

from partition_gate.contracts.odcs.draft_texts import stated

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "format": "time"},
    "timestamp": {"type": "string", "format": "date-time"},
    "array": {"type": "array"},
    "object": {"type": "object"},
    "map": {"type": "object"},
}
_SAME_NAME = (
    "minLength", "maxLength", "pattern", "multipleOf", "minItems", "maxItems", "uniqueItems", "minProperties",
    "maxProperties",
)  # fmt: skip
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_FORMATS = {"email", "uuid", "uri", "hostname", "ipv4", "ipv6"}


def json_schema_of(odcs: OpenDataContractStandard, schema: SchemaObject) -> dict[str, Any]:
    """The schema of one row as a JSON object, with the column names of the files.

    Additional keys are allowed, as additional columns are. JSON Schema cannot express uniqueness, foreign keys, rules
    over several rows, or bounds of dates and times.
    """
    return {
        "$schema": DIALECT,
        "$id": f"urn:odcs:{odcs.id}:{odcs.version}:{schema.name}",
        "title": str(schema.businessName or schema.name),
        **_described(schema.description),
        **_object(schema.properties or []),
    }


def _object(columns: list[SchemaProperty]) -> dict[str, Any]:
    inside = [column for column in columns if not column.partitioned]  # partition columns are in the path, not the row
    required = [_source(column) for column in inside if column.required or column.primaryKey]
    return {
        "type": "object",
        "properties": {_source(column): _column(column) for column in inside},
        **({"required": required} if required else {}),
    }


def _column(column: SchemaProperty) -> dict[str, Any]:
    logical = column.logicalType or ""
    schema = {**_TYPES.get(logical, {}), **_described(column.description), **dict(_options(column))}
    if logical == "object":
        schema |= _object(column.properties or [])
    if logical == "array" and column.items:
        schema["items"] = _column(column.items)
    if column.enum:
        schema["enum"] = [item.value for item in column.enum]
    return schema if column.required or column.primaryKey else _or_null(schema)


def _options(column: SchemaProperty) -> Iterator[tuple[str, Any]]:
    options = column.logicalTypeOptions or {}
    yield from ((name, options[name]) for name in _SAME_NAME if name in options)
    if column.logicalType in {"integer", "number"}:
        yield from _bounds(options)
    if column.logicalType == "string" and options.get("format") in _FORMATS:
        yield "format", options["format"]


def _bounds(options: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """In v3.0 of the standard `exclusive*` is a flag for the bound next to it."""
    for name in _BOUNDS:
        flag = options.get(f"exclusive{name[0].upper()}{name[1:]}")
        value = options.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield (f"exclusive{name[0].upper()}{name[1:]}" if flag is True else name), value


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    nullable = dict(schema)
    if "type" in schema:
        nullable["type"] = [schema["type"], "null"]
    if "enum" in schema:
        nullable["enum"] = [*schema["enum"], None]
    return nullable


def _source(column: SchemaProperty) -> str:
    return column.physicalName or str(column.name)


def _described(text: str | None) -> dict[str, str]:
    return {"description": " ".join(told.split())} if (told := stated(text)) else {}
