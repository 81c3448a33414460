"""A contract's columns as columns of PostgreSQL, and their values as text that both sides read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import duckdb

from partition_gate.adapters.tables.sql import type_name
from partition_gate.contract.widening import can_represent
from partition_gate.core.errors import ContractError
from partition_gate.core.quoting import identifier
from partition_gate.core.table import TableSchema

LONGEST_NAME_BYTES = 63  # PostgreSQL cuts longer names in silence
VERSION = "_gate_version"  # the version that a stored row belongs to
PRIMITIVES = {
    "boolean": "boolean",
    "tinyint": "smallint",
    "smallint": "smallint",
    "integer": "integer",
    "bigint": "bigint",
    "utinyint": "smallint",
    "usmallint": "integer",
    "uinteger": "bigint",
    "ubigint": "numeric(20,0)",
    "float": "real",
    "double": "double precision",
    "varchar": "text",
    "uuid": "uuid",
    "date": "date",
    "timestamp": "timestamp",
    "timestamp with time zone": "timestamptz",
    "time": "time",
    "time with time zone": "timetz",
    "blob": "bytea",
}
_NESTED = frozenset({"struct", "list", "map"})
_DATED = frozenset({"date", "timestamp", "timestamp with time zone"})
_OF_BC = r"'^(\S+)(.*) BC$', '\1 (BC)\2'"
_BINARY = "blob"
# Their values are given to PostgreSQL as Arrow writes them. DuckDB writes the others, because Arrow does not know
# infinite dates, time zones of a time of day, or JSON.
_WRITTEN_BY_ARROW = frozenset(
    {"boolean", "tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger", "ubigint"}
) | {"float", "double", "varchar", "decimal"}
_SYSTEM = frozenset({"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"})  # PostgreSQL's own columns of each table

Columns = tuple[tuple[str, str], ...]


def postgres_type(declared: str) -> str | None:
    """The type in PostgreSQL of a DuckDB type; None if there is none. Objects, lists and maps become jsonb."""
    kind: Any = duckdb.sqltype(declared)
    if kind.id == "decimal":
        parts = dict(kind.children)
        return f"numeric({parts['precision']},{parts['scale']})"
    if kind.id in _NESTED:
        return None if _BINARY in _members(kind) else "jsonb"
    return PRIMITIVES.get(kind.id)


def require_storable(table: TableSchema) -> None:
    """Raises: ContractError (a name is too long or reserved in PostgreSQL, or a type has no counterpart)."""
    problems = [*_name_problems(table), *_type_problems(table)]
    if problems:
        raise ContractError("\n".join(problems))


def require_same_table(table: TableSchema, columns: dict[str, str], partitioned_by: Iterable[str]) -> None:
    """Raises: ContractError (the published columns of these types, or partition columns, cannot become the table's)."""
    wanted, present = [column.name for column in table.partition_columns], list(partitioned_by)
    if wanted != present:
        raise ContractError(
            f"{table.name}: the published table is partitioned by {present}, but the contract says {wanted}; "
            "publish under a new dataset name"
        )
    changed = [
        f"{table.name}.{name}: published as {columns[name]}, but the contract says {kind}"
        for name, kind in typed(table).items()
        if name in columns and not can_represent(kind, columns[name])
    ]
    if changed:
        raise ContractError("\n".join((*changed, "keep the type, or give the column a new name")))


def typed(table: TableSchema) -> dict[str, str]:
    """Every column of a table -> DuckDB's name of its type."""
    return {column.name: type_name(column.type) for column in (*table.columns, *table.partition_columns)}


def written(name: str, declared: str) -> str:
    """DuckDB SQL: a column's value as PostgreSQL reads it from CSV."""
    kind, column = str(duckdb.sqltype(declared).id), identifier(name)
    if kind in _NESTED:
        return f"CAST(to_json(CAST({column} AS {type_name(declared)})) AS VARCHAR)"
    if kind == _BINARY:
        return f"'\\x' || hex({column})"
    return column if kind in _WRITTEN_BY_ARROW else f"CAST({column} AS VARCHAR)"


def read(name: str, declared: str) -> str:
    """DuckDB SQL: the value of a column that PostgreSQL wrote as text."""
    kind, column = str(duckdb.sqltype(declared).id), identifier(name)
    if kind == _BINARY:
        return f"unhex(substr({column}, 3))"
    if kind in _DATED:  # `0044-03-15 10:30:00 BC`; DuckDB says `0044-03-15 (BC) 10:30:00`
        column = f"CASE WHEN ends_with({column}, ' BC') THEN regexp_replace({column}, {_OF_BC}) ELSE {column} END"
    return f"CAST({f'CAST({column} AS JSON)' if kind in _NESTED else column} AS {type_name(declared)})"


def _name_problems(table: TableSchema) -> Iterator[str]:
    columns = [(f"{table.name}.{column.name}", column.name) for column in (*table.columns, *table.partition_columns)]
    for named, name in ((table.name, table.name), *columns):
        if len(name.encode()) > LONGEST_NAME_BYTES:
            yield f"{named}: PostgreSQL would cut the name after {LONGEST_NAME_BYTES} bytes; give it another one"
    for named, name in columns:
        if name in _SYSTEM:
            yield f"{named}: PostgreSQL has a column {name} of its own in every table; give it another name"


def _type_problems(table: TableSchema) -> Iterator[str]:
    for column in (*table.columns, *table.partition_columns):
        if postgres_type(column.type) is None:
            yield (
                f"{table.name}.{column.name}: PostgreSQL has no type for {column.type!r}; use one of "
                f"{', '.join(sorted(name.upper() for name in PRIMITIVES))}, DECIMAL(p,s), or STRUCT, MAP or a list "
                "without BLOB"
            )


def _members(kind: Any) -> Iterator[str]:
    """The ids of all types inside a nested type."""
    for _, child in kind.children:
        yield child.id
        if child.id in _NESTED:
            yield from _members(child)
