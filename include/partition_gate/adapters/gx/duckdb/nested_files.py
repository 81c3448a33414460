"""Types of fields inside columns, from each file's own footer."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from partition_gate.adapters.gx.duckdb.parquet_files import alike, type_token
from partition_gate.adapters.gx.duckdb.scan import Scanned
from partition_gate.core.values import ITEMS, KEYS, VALUES


def types_at(partition: Scanned, column: str, path: Sequence[str]) -> list[tuple[str, str | None]]:
    """(landing path, type token) of every file that has the column; the token is None if the path does not exist."""
    source = partition.source(column)
    types: list[tuple[str, str | None]] = []
    for file in partition.footers.files:
        if file.column(source) is not None:
            kind = _at(pq.read_schema(file.path).field(source).type, path)
            types.append((file.source, None if kind is None else type_token(kind)))
    return types


def fields_alike(partition: Scanned, column: str, path: Sequence[str]) -> tuple[str, ...]:
    """Fields whose names differ from the last step only in case, in the files without the path."""
    source, names = partition.source(column), list[str]()
    for file in partition.footers.files:
        kind = None if file.column(source) is None else pq.read_schema(file.path).field(source).type
        holder = _at(kind, path[:-1])
        if holder is not None and pa.types.is_struct(holder) and _at(kind, path) is None:
            names += [field.name for field in holder]
    return alike(path[-1], names)


def _at(kind: pa.DataType | None, path: Sequence[str]) -> pa.DataType | None:
    for step in path:
        if kind is None:
            return None
        kind = _step(kind, step)
    return kind


def _step(kind: pa.DataType, step: str) -> pa.DataType | None:
    if pa.types.is_null(kind):
        return kind
    if step in (KEYS, VALUES):
        is_map = pa.types.is_map(kind)
        return None if not is_map else kind.key_type if step == KEYS else kind.item_type
    if step == ITEMS:
        return kind.value_type if type_token(kind) == "list" else None
    if not pa.types.is_struct(kind) or kind.get_field_index(step) < 0:
        return None
    return kind.field(step).type
