"""What lies inside of columns: where, and as which type it is published."""

from __future__ import annotations

from collections.abc import Iterator

from partition_gate.contract.column_types import ELEMENTS, is_text, stored_type
from partition_gate.contract.model import Column
from partition_gate.core.quoting import identifier
from partition_gate.core.values import ITEMS, KEYS, VALUES

Path = tuple[str, ...]


def inner_columns(column: Column, path: Path = ()) -> Iterator[tuple[Path, Column]]:
    """Everything inside of a column with its path, in the file's order, at any depth."""
    steps = [(field.source, field) for field in column.fields]
    steps += [(step, one) for step, one in ((ITEMS, column.item), (KEYS, column.key), (VALUES, column.value)) if one]
    for step, one in steps:
        yield (*path, step), one
        yield from inner_columns(one, (*path, step))


def published_type(column: Column) -> str:
    """The DuckDB type of the published column. Fields of a struct keep their names of the files."""
    if not is_text(column.physical_type):
        match column.logical_type:
            case "object" if column.fields:
                return (
                    f"STRUCT({', '.join(f'{identifier(one.source)} {published_type(one)}' for one in column.fields)})"
                )
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
