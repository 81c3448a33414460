"""Columns inside columns: their paths, and the types in which they are published."""

from __future__ import annotations

from collections.abc import Iterator

from partition_gate.contract.column_types import ELEMENTS, is_text, stored_type
from partition_gate.contract.model import Column
from partition_gate.core.quoting import identifier
from partition_gate.core.values import ITEMS, KEYS, VALUES

Path = tuple[str, ...]


def inner_columns(column: Column, path: Path = ()) -> Iterator[tuple[Path, Column]]:
    """Every column inside a column with its path, in the file's order, at any depth."""
    containers = ((ITEMS, column.item), (KEYS, column.key), (VALUES, column.value))
    steps = [(field.source, field) for field in column.fields]
    steps += [(step, inner) for step, inner in containers if inner]
    for step, inner in steps:
        yield (*path, step), inner
        yield from inner_columns(inner, (*path, step))


def published_type(column: Column) -> str:
    """The DuckDB type of the published column. Struct fields have the same names as in the files."""
    if not is_text(column.physical_type):
        match column.logical_type:
            case "object" if column.fields:
                fields = (f"{identifier(field.source)} {published_type(field)}" for field in column.fields)
                return f"STRUCT({', '.join(fields)})"
            case "array" if column.item:
                return f"{published_type(column.item)}[]"
            case "map" if column.key and column.value:
                return f"MAP({published_type(column.key)}, {published_type(column.value)})"
            case "vector":
                return f"{ELEMENTS.get(column.text_option('elementType') or 'float32', ((), 'FLOAT'))[1]}[]"
    return stored_type(
        column.logical_type,
        column.physical_type,
        width=column.text_option("format"),
        has_zone=column.option("timezone") is not False,
    )
