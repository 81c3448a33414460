"""Expectations on values inside a column: fields of structs, items of lists, keys and values of maps.

`path` starts at the column; each step is a field's name in the files, or ITEMS, KEYS or VALUES.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from partition_gate.checks.values import DateText, InRange, InSet, LengthInRange, Matches, MultipleOf, NotNull
from partition_gate.core.record import Record


class ItemCount(Record):
    """The number of items in the list, both bounds inclusive."""

    kind: Literal["item_count"] = "item_count"
    low: int | None = None
    high: int | None = None


class UniqueItems(Record):
    """The items in the list are unique; null items are not compared."""

    kind: Literal["unique_items"] = "unique_items"


class FieldCount(Record):
    """How many of the struct's promised fields have a value, both bounds inclusive."""

    kind: Literal["field_count"] = "field_count"
    fields: tuple[str, ...]
    low: int | None = None
    high: int | None = None


class FieldsNotNull(Record):
    """Each of these fields of the struct has a value."""

    kind: Literal["fields_not_null"] = "fields_not_null"
    fields: tuple[str, ...]


InnerRule = Annotated[
    NotNull
    | InRange
    | LengthInRange
    | Matches
    | MultipleOf
    | DateText
    | InSet
    | ItemCount
    | UniqueItems
    | FieldCount
    | FieldsNotNull,
    Field(discriminator="kind"),
]


class Nested(Record):
    """A rule on every value at the path; one violating value breaks it for the row. Null violates only NotNull."""

    kind: Literal["nested"] = "nested"
    column: str
    path: tuple[str, ...] = ()
    rule: InnerRule


class FieldPresent(Record):
    """Every file's schema has the field at the path."""

    kind: Literal["field_present"] = "field_present"
    column: str
    path: tuple[str, ...]


class FieldTyped(Record):
    """Every file stores the values at the path as one of these Arrow types."""

    kind: Literal["field_typed"] = "field_typed"
    column: str
    path: tuple[str, ...]
    types: tuple[str, ...]
