"""Options of arrays, objects and vectors. Source: ODCS 3.1, logicalTypeOptions; ODCS 3.2, RFC 0042 (vector)."""

from __future__ import annotations

from collections.abc import Callable

from partition_gate.checks.compiling.drafts import CannotExecute, OnlyDocumented
from partition_gate.checks.expectations import Expectation
from partition_gate.checks.nested import (
    FieldCount,
    FieldsNotNull,
    FieldTyped,
    InnerRule,
    ItemCount,
    Nested,
    UniqueItems,
)
from partition_gate.contract.column_types import ELEMENTS
from partition_gate.contract.model import Column
from partition_gate.core.values import ITEMS, Scalar

OptionValue = Scalar | tuple[Scalar, ...]
Compiled = tuple[Expectation, str]


def _min_items(column: Column, value: OptionValue) -> Compiled:
    return _nested(column, ItemCount(low=int(str(value)))), f"at least {value} items"


def _max_items(column: Column, value: OptionValue) -> Compiled:
    return _nested(column, ItemCount(high=int(str(value)))), f"at most {value} items"


def _unique_items(column: Column, value: OptionValue) -> Compiled:
    if not value:
        raise OnlyDocumented("items may repeat")
    return _nested(column, UniqueItems()), "items are unique"


def _min_fields(column: Column, value: OptionValue) -> Compiled:
    rule = FieldCount(fields=_fields(column), low=int(str(value)))
    return _nested(column, rule), f"at least {value} properties with a value"


def _max_fields(column: Column, value: OptionValue) -> Compiled:
    rule = FieldCount(fields=_fields(column), high=int(str(value)))
    return _nested(column, rule), f"at most {value} properties with a value"


def _required_fields(column: Column, value: OptionValue) -> Compiled:
    names = tuple(str(name) for name in value) if isinstance(value, tuple) else (str(value),)
    sources = {field.name.rpartition(".")[2]: field.source for field in column.fields}
    unknown = [name for name in names if name not in sources]
    if unknown:
        raise CannotExecute(f"{column.name} has no property {', '.join(unknown)}; add it to properties")
    return _nested(
        column, FieldsNotNull(fields=tuple(sources[name] for name in names))
    ), f"a value in {', '.join(names)}"


def _dimensions(column: Column, value: OptionValue) -> Compiled:
    size = int(str(value))
    return _nested(column, ItemCount(low=size, high=size)), f"exactly {value} elements"


def _element_type(column: Column, value: OptionValue) -> Compiled:
    if value not in ELEMENTS:
        raise CannotExecute(f"Parquet has no type for {value} elements; use one of {', '.join(ELEMENTS)}")
    return FieldTyped(column=column.name, path=(ITEMS,), types=ELEMENTS[str(value)][0]), f"elements stored as {value}"


def _vector_metadata(_column: Column, _value: OptionValue) -> Compiled:
    raise OnlyDocumented("tells readers how the vector was made and is compared")


def _fields(column: Column) -> tuple[str, ...]:
    if not column.fields:
        raise CannotExecute(f"{column.name} has no properties; list them")
    return tuple(field.source for field in column.fields)


def _nested(column: Column, rule: InnerRule) -> Nested:
    return Nested(column=column.name, rule=rule)


CONTAINER_OPTIONS: dict[str, Callable[[Column, OptionValue], Compiled]] = {
    "minItems": _min_items,
    "maxItems": _max_items,
    "uniqueItems": _unique_items,
    "minProperties": _min_fields,
    "maxProperties": _max_fields,
    "required": _required_fields,
    "dimensions": _dimensions,
    "elementType": _element_type,
    **dict.fromkeys(("distanceMetric", "embeddingModel", "embeddingModelVersion", "normalized"), _vector_metadata),
}
