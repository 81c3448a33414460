"""Exports a contract's table as an Avro schema, for an upstream schema registry. Source: Apache Avro 1.12."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from open_data_contract_standard.model import OpenDataContractStandard, SchemaObject, SchemaProperty

from partition_gate.contract.column_types import stored_type
from partition_gate.contracts.avro.defaults import fits
from partition_gate.contracts.avro.reading import parsed_schema
from partition_gate.contracts.odcs.draft_texts import stated

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
# The type that the column is published with -> the type of Avro with all of its values.
_STORED: dict[str, Any] = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER"), "int"),
    "BIGINT": "long",
    "FLOAT": "float",
    "DOUBLE": "double",
    "BOOLEAN": "boolean",
    "VARCHAR": "string",
    "BLOB": "bytes",
    "DATE": {"type": "int", "logicalType": "date"},
    "TIMESTAMP": {"type": "long", "logicalType": "local-timestamp-micros"},
    "TIMESTAMP WITH TIME ZONE": {"type": "long", "logicalType": "timestamp-micros"},
}
_TIME = {"type": "long", "logicalType": "time-micros"}
_UUID = {"type": "string", "logicalType": "uuid"}


def avro_schema(odcs: OpenDataContractStandard, schema: SchemaObject) -> dict[str, Any]:
    """The Avro record of one row, without the partition columns.

    A nullable column is a union with null, and its default is null; a column with a `default` of the contract has that
    one, if Avro can write it as JSON. In names, `_` replaces each character that Avro does not allow, and a number is
    added to a name that another one has then; `odcsName` then has the contract's name.
    """
    inside = [column for column in schema.properties or [] if not column.partitioned]
    name = avro_name(str(schema.name))
    record = _Types({name}).record(name, inside, at=f"{name}_")
    return {
        **record,
        "namespace": ".".join(avro_name(part) for part in (odcs.domain or "contracts", str(odcs.id))),
        **_doc(schema.description),
        "odcsVersion": str(odcs.version),
    }


def avro_name(text: str) -> str:
    """The name that Avro allows: letters, digits and `_`, without a digit at the start."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", text)
    return name if _NAME.fullmatch(name) else f"_{name}"


class _Types:
    """The types of one schema. `taken` are the names of its named types; they are global, so a path is part of each."""

    def __init__(self, taken: set[str]) -> None:
        self.taken = taken

    def record(self, name: str, columns: list[SchemaProperty], *, at: str) -> dict[str, Any]:
        fields: set[str] = set()
        return {"type": "record", "name": name, "fields": [self._field(each, fields, at=at) for each in columns]}

    def _field(self, column: SchemaProperty, taken: set[str], *, at: str) -> dict[str, Any]:
        name = _free(avro_name(str(column.name)), taken)
        kind, default = self._type(column, at=at), _default(column)
        has_default = default is not None and _fits_declared(kind, default)
        if not _is_required(column):
            kind = [kind, "null"] if has_default else ["null", kind]
        value = {"default": default} if has_default else {} if _is_required(column) else {"default": None}
        return {
            "name": name,
            "type": kind,
            **value,
            **_doc(column.description),
            **({"odcsName": column.name} if name != column.name else {}),
        }

    def _type(self, column: SchemaProperty, *, at: str) -> Any:
        name = f"{at}{avro_name(str(column.name))}"
        if column.enum and (symbols := _symbols(column)):
            return {"type": "enum", "name": _free(name, self.taken), "symbols": symbols}
        match column.logicalType:
            case "array":
                items = column.items or SchemaProperty(logicalType="string")
                return {"type": "array", "items": self._inner(items, f"{column.name}_item", at=at)}
            case "object":
                own = _free(name, self.taken)
                return self.record(own, column.properties or [], at=f"{own}_")
            case "map":
                return self._map(column, at=at)
            case "vector":
                return {"type": "array", "items": _element(column)}
        return _simple(column)

    def _map(self, column: SchemaProperty, *, at: str) -> Any:
        """A map; an array of pairs if the keys are not text, which is all that Avro allows in a map."""
        key = getattr(column.map, "key", None) or SchemaProperty(logicalType="string")
        value = getattr(column.map, "value", None) or SchemaProperty(logicalType="string")
        values = self._inner(value, f"{column.name}_value", at=at)
        if (key.logicalType or "string") == "string" and _simple(key) == "string":
            return {"type": "map", "values": values}
        name = _free(f"{at}{avro_name(f'{column.name}_pair')}", self.taken)
        fields = [{"name": "key", "type": _simple(key)}, {"name": "value", "type": values}]
        return {"type": "array", "logicalType": "map", "items": {"type": "record", "name": name, "fields": fields}}

    def _inner(self, column: SchemaProperty, name: str, *, at: str) -> Any:
        """The type of items or values, which have no name of their own."""
        kind = self._type(column.model_copy(update={"name": column.name or name}), at=at)
        return kind if column.required else ["null", kind]


def _fits_declared(kind: Any, value: object) -> bool:
    """Whether a value as it is in the contract is a default of a type without a logical type, or of an enum."""
    if isinstance(kind, dict) and kind["type"] != "enum":
        return False
    schema = parsed_schema(kind, label="default")
    return fits(schema, schema.root, value)


def _simple(column: SchemaProperty) -> Any:
    """The type without inner types: that of the published column, so that every value fits."""
    if column.logicalType == "time" or _bare(column) == "TIME":
        return _TIME
    if _option(column, "format") == "uuid":
        return _UUID
    width, zone = _option(column, "format"), _option(column, "timezone")
    logical = column.logicalType or "string"
    stored = stored_type(logical, column.physicalType, width=width, has_zone=zone is not False)
    if decimal := _DECIMAL.fullmatch(stored):
        return {"type": "bytes", "logicalType": "decimal", "precision": int(decimal[1]), "scale": int(decimal[2])}
    return _STORED.get(stored, "string")


def _element(column: SchemaProperty) -> str:
    return {"float64": "double", "int8": "int", "uint8": "int"}.get(str(_option(column, "elementType")), "float")


def _symbols(column: SchemaProperty) -> list[str]:
    """The enum's values if all of them are valid Avro symbols; else none, and the column is plain text."""
    values = [item.value for item in column.enum or []]
    fit = all(isinstance(value, str) and _NAME.fullmatch(value) for value in values)
    return [str(value) for value in dict.fromkeys(values)] if fit else []


def _default(column: SchemaProperty) -> Any:
    return next((each.value for each in column.customProperties or [] if each.property == "default"), None)


def _is_required(column: SchemaProperty) -> bool:
    return bool(column.required or column.primaryKey)


def _option(column: SchemaProperty, name: str) -> Any:
    return (column.logicalTypeOptions or {}).get(name)


def _bare(column: SchemaProperty) -> str:
    return re.sub(r"\s*\(.*\)", "", (column.physicalType or "").upper()).strip()


def _free(name: str, taken: set[str]) -> str:
    """The name, with the first number that makes it unlike those that are taken; it is taken afterwards."""
    candidates: Iterable[str] = (name, *(f"{name}_{number}" for number in range(2, len(taken) + 3)))
    free = next(each for each in candidates if each not in taken)
    taken.add(free)
    return free


def _doc(text: str | None) -> dict[str, str]:
    return {"doc": " ".join(told.split())} if (told := stated(text)) else {}
