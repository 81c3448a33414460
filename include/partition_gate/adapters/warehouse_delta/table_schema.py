"""A contract's table as a Delta schema, and the differences between two of its versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
from deltalake import Field, Schema
from deltalake.schema import ArrayType, MapType, PrimitiveType, StructType

from partition_gate.adapters.tables.sql import type_name
from partition_gate.contract.widening import can_represent
from partition_gate.core.errors import ContractError
from partition_gate.core.table import TableColumn, TableSchema

# Delta has no time of day: such a column is stored as text (10:30:00), and the consumers' view casts it back.
TIMES_OF_DAY = frozenset({"time", "time with time zone"})
PRIMITIVES = {
    "boolean": "boolean",
    "tinyint": "byte",
    "smallint": "short",
    "integer": "integer",
    "bigint": "long",
    "float": "float",
    "double": "double",
    "varchar": "string",
    "date": "date",
    "timestamp": "timestamp_ntz",
    "timestamp with time zone": "timestamp",
    "blob": "binary",
    "time": "string",
    "time with time zone": "string",
}
# Delta's numeric types, the only ones that widen -> DuckDB's names. Decimals have the same names in both.
_NUMBERS = {PRIMITIVES[name]: name.upper() for name in ("tinyint", "smallint", "integer", "bigint", "float", "double")}


def delta_schema(table: TableSchema) -> Schema:
    """The schema: every column nullable (checks enforce required columns), comments from the descriptions.

    Raises:
        ContractError: Delta cannot store a column's type.
    """
    return Schema([_field(table, column) for column in (*table.columns, *table.partition_columns)])


def added_fields(table: TableSchema, existing: Schema, partitioned_by: list[str]) -> list[Field]:
    """The fields that the table lacks. Columns that the contract no longer names are kept.

    Raises:
        ContractError: a column's type cannot hold its old values, or the table has other partition columns.
    """
    wanted = [column.name for column in table.partition_columns]
    if wanted != partitioned_by:
        raise ContractError(
            f"{table.name}: the published table is partitioned by {partitioned_by}, but the contract says {wanted}; "
            "publish under a new dataset name"
        )
    present = {field.name: field for field in existing.fields}
    fields = delta_schema(table).fields
    _refuse_changed_types(table, present)
    return [field for field in fields if field.name not in present]


def widened(table: TableSchema, existing: Schema) -> Schema:
    """The table's schema with the contract's current types; columns that it no longer names keep their type."""
    wanted = {field.name: field.type for field in delta_schema(table).fields}
    return Schema(
        [
            Field(field.name, wanted.get(field.name, field.type), nullable=field.nullable, metadata=field.metadata)
            for field in existing.fields
        ]
    )


def times_of_day(table: TableSchema) -> tuple[TableColumn, ...]:
    """Data columns that are stored as text."""
    return tuple(column for column in table.columns if duckdb.sqltype(column.type).id in TIMES_OF_DAY)


def _refuse_changed_types(table: TableSchema, present: dict[str, Field]) -> None:
    columns = {column.name: column for column in (*table.columns, *table.partition_columns)}
    changed = [
        f"{table.name}.{field.name}: published as {_text(present[field.name])}, but the contract says {_text(field)}"
        for field in delta_schema(table).fields
        if field.name in present and not _holds(columns[field.name], field, present[field.name])
    ]
    if changed:
        raise ContractError("\n".join((*changed, "keep the type, or give the column a new name")))


def _holds(column: TableColumn, field: Field, present: Field) -> bool:
    narrow = _NUMBERS.get(_text(present), _text(present).upper())
    return bool(field.type == present.type) or can_represent(type_name(column.type), narrow)


def _field(table: TableSchema, column: TableColumn) -> Field:
    try:
        kind = _delta_type(duckdb.sqltype(column.type))
    except (KeyError, duckdb.Error) as error:
        raise ContractError(
            f"{table.name}.{column.name}: a Delta table cannot hold the type {column.type!r}; "
            f"use one of {', '.join(sorted(name.upper() for name in PRIMITIVES))}, DECIMAL(p,s), STRUCT, MAP or a list"
        ) from error
    return Field(column.name, kind, metadata={"comment": column.description} if column.description else None)


def _text(field: Field) -> str:
    return str(field.type.type) if isinstance(field.type, PrimitiveType) else str(field.type)


def _delta_type(kind: Any) -> Any:
    compound = _COMPOUNDS.get(kind.id)
    return compound(dict(kind.children)) if compound else PrimitiveType(PRIMITIVES[kind.id])


def _decimal(parts: dict[str, Any]) -> PrimitiveType:
    return PrimitiveType(f"decimal({parts['precision']},{parts['scale']})")


def _list(parts: dict[str, Any]) -> ArrayType:
    return ArrayType(_delta_type(parts["child"]), contains_null=True)


def _map(parts: dict[str, Any]) -> MapType:
    return MapType(_delta_type(parts["key"]), _delta_type(parts["value"]), value_contains_null=True)


def _struct(parts: dict[str, Any]) -> StructType:
    return StructType([Field(name, _delta_type(kind)) for name, kind in parts.items()])


_COMPOUNDS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "decimal": _decimal,
    "list": _list,
    "map": _map,
    "struct": _struct,
}
