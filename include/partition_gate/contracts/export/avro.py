"""Exports a contract's table as an Avro schema, for an upstream schema registry. Source: Apache Avro 1.12."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from open_data_contract_standard.model import OpenDataContractStandard, SchemaObject, SchemaProperty

from partition_gate.contracts.odcs.draft_texts import stated

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DECIMAL = re.compile(r"(?:DECIMAL|NUMERIC)\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)")
_INT_TYPES = {"INT", "INTEGER", "INT32", "SMALLINT", "INT16", "SHORT", "TINYINT", "BYTE", "INT8"}
_INT_FORMATS = {"i8", "i16", "i32", "u8", "u16"}
_FLOAT_TYPES = {"FLOAT", "REAL", "FLOAT32"}
_BINARY_TYPES = {"BLOB", "BINARY", "VARBINARY", "BYTES"}


def avro_schema(odcs: OpenDataContractStandard, schema: SchemaObject) -> dict[str, Any]:
    """The Avro record of one row, without the partition columns.

    A nullable column is a union with null, and its default is null. In names, `_` replaces each character that Avro
    does not allow; `odcsName` then has the contract's name.
    """
    inside = [column for column in schema.properties or [] if not column.partitioned]
    record = _record(_avro_name(str(schema.name)), inside, at="")
    return {
        **record,
        "namespace": ".".join(_avro_name(part) for part in (odcs.domain or "contracts", str(odcs.id))),
        **_doc(schema.description),
        "odcsVersion": str(odcs.version),
    }


def _record(name: str, columns: list[SchemaProperty], *, at: str) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": [_field(column, at=f"{at}{name}_") for column in columns]}


def _field(column: SchemaProperty, *, at: str) -> dict[str, Any]:
    name = _avro_name(str(column.name))
    kind = _type(column, at=at)
    nullable = not (column.required or column.primaryKey)
    return {
        "name": name,
        "type": ["null", kind] if nullable else kind,
        **({"default": None} if nullable else {}),
        **_doc(column.description),
        **({"odcsName": column.name} if name != column.name else {}),
    }


def _type(column: SchemaProperty, *, at: str) -> Any:
    if column.enum and (symbols := _symbols(column)):
        return {"type": "enum", "name": f"{at}{_avro_name(str(column.name))}", "symbols": symbols}
    if decimal := _DECIMAL.fullmatch((column.physicalType or "").upper().strip()):
        return {
            "type": "bytes",
            "logicalType": "decimal",
            "precision": int(decimal[1]),
            "scale": int(decimal[2] or 0),
        }
    if _physical(column) in _BINARY_TYPES:
        return "bytes"
    return _TYPES.get(column.logicalType or "string", _string)(column, at)


def _string(column: SchemaProperty, _at: str) -> Any:
    return {"type": "string", "logicalType": "uuid"} if _option(column, "format") == "uuid" else "string"


def _integer(column: SchemaProperty, _at: str) -> Any:
    if _option(column, "format") in {"u64", "i128", "u128"}:
        return {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 0}
    return "int" if _physical(column) in _INT_TYPES or _option(column, "format") in _INT_FORMATS else "long"


def _number(column: SchemaProperty, _at: str) -> Any:
    return "float" if _physical(column) in _FLOAT_TYPES or _option(column, "format") == "f32" else "double"


def _timestamp(column: SchemaProperty, _at: str) -> Any:
    local = _option(column, "timezone") is False or _physical(column) in {"TIMESTAMP", "DATETIME", "TIMESTAMP_NTZ"}
    return {"type": "long", "logicalType": "local-timestamp-micros" if local else "timestamp-micros"}


def _array(column: SchemaProperty, at: str) -> Any:
    item = column.items or SchemaProperty(logicalType="string", required=True)
    named = item.model_copy(update={"name": item.name or f"{column.name}_item"})
    kind = _type(named, at=at)
    return {"type": "array", "items": kind if item.required else ["null", kind]}


def _object(column: SchemaProperty, at: str) -> Any:
    # Record names are global in an Avro schema: the path makes them unique.
    return _record(f"{at}{_avro_name(str(column.name))}", column.properties or [], at="")


def _map(column: SchemaProperty, at: str) -> Any:
    value = getattr(column.map, "value", None)
    kind = _type(value.model_copy(update={"name": f"{column.name}_value"}), at=at) if value else "string"
    return {"type": "map", "values": ["null", kind]}


_TYPES: dict[str, Callable[[SchemaProperty, str], Any]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": lambda _column, _at: "boolean",
    "date": lambda _column, _at: {"type": "int", "logicalType": "date"},
    "time": lambda _column, _at: {"type": "long", "logicalType": "time-micros"},
    "timestamp": _timestamp,
    "array": _array,
    "object": _object,
    "map": _map,
}


def _symbols(column: SchemaProperty) -> list[str]:
    """The enum's values if all of them are valid Avro symbols; else none, and the column is plain text."""
    values = [item.value for item in column.enum or []]
    fits = all(isinstance(value, str) and _NAME.fullmatch(value) for value in values)
    return [str(value) for value in dict.fromkeys(values)] if fits else []


def _option(column: SchemaProperty, name: str) -> Any:
    return (column.logicalTypeOptions or {}).get(name)


def _physical(column: SchemaProperty) -> str:
    return re.sub(r"\s*\(.*\)", "", (column.physicalType or "").upper()).strip()


def _avro_name(text: str) -> str:
    name = re.sub(r"[^A-Za-z0-9_]", "_", text)
    return name if _NAME.fullmatch(name) else f"_{name}"


def _doc(text: str | None) -> dict[str, str]:
    return {"doc": " ".join(told.split())} if (told := stated(text)) else {}
