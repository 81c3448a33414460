"""Whether the default of a field is a value of its type, in the JSON encoding of Avro's defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from partition_gate.contracts.avro.types import (
    AnyType,
    Array,
    AvroSchema,
    AvroType,
    Enum,
    Fixed,
    Map,
    Primitive,
    RecordType,
)
from partition_gate.contracts.avro.types import Union as UnionType


def fits(schema: AvroSchema, node: AvroType, value: Any) -> bool:
    """Whether the value is one of this type; that of a union is a value of any of its types (Avro 1.12)."""
    actual: AnyType = schema.resolved(node)
    match actual:
        case Primitive():
            return _PRIMITIVE[actual.kind](value)
        case Enum():
            return value in actual.symbols
        case Fixed():
            return isinstance(value, str)  # one character for each byte
    return _fits_inside(schema, actual, value)


def _fits_inside(schema: AvroSchema, actual: Array | Map | UnionType | RecordType, value: Any) -> bool:
    match actual:
        case UnionType():
            return any(fits(schema, branch, value) for branch in actual.branches)
        case Array():
            return isinstance(value, list) and all(fits(schema, actual.items, each) for each in value)
        case Map():
            return isinstance(value, dict) and all(fits(schema, actual.values, each) for each in value.values())
        case RecordType():
            return isinstance(value, dict) and _has_every_field(schema, actual, value)


def _has_every_field(schema: AvroSchema, record: RecordType, value: Mapping[str, Any]) -> bool:
    return all(
        fits(schema, each.type, value[each.name]) if each.name in value else each.has_default for each in record.fields
    )


def _whole(bits: int) -> Callable[[Any], bool]:
    limit = 2 ** (bits - 1)
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and -limit <= value < limit


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> bool:
    return isinstance(value, str)


_PRIMITIVE: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "int": _whole(32),
    "long": _whole(64),
    "float": _number,
    "double": _number,
    "bytes": _text,
    "string": _text,
}
