"""Profiles Parquet files with DuckDB: one aggregate scan per partition, and a search for a key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from partition_gate.contracts.drafting.classification import SAMPLE, content_of
from partition_gate.contracts.drafting.profile import FEW_VALUES, ColumnPart, ColumnProfile
from partition_gate.core.errors import ContractError
from partition_gate.core.quoting import identifier
from partition_gate.core.record import Record
from partition_gate.core.table import is_reserved
from partition_gate.core.values import Scalar

_KEY_LENGTH = 5
_KEY_CANDIDATES = 24
_FLOATS = {"FLOAT", "DOUBLE"}
_LONG_NUMBERS = {"BIGINT", "UBIGINT", "HUGEINT"}  # they may be numbers of cards
_KEY_TYPES = ("VARCHAR", "DATE", "TIMESTAMP", "BOOLEAN", "UUID")


class Profiled(Record):
    """The profile of files: rows per partition, the columns, the columns that are unique alone, and a key."""

    row_counts: tuple[int, ...]
    columns: tuple[ColumnProfile, ...]
    unique: tuple[str, ...]
    key: tuple[str, ...]


def profile_partitions(partitions: Sequence[Sequence[Path]]) -> Profiled:
    """Profile partitions, each a list of files, the newest last. The newest partition determines the columns.

    Raises:
        ContractError: a file cannot be read as Parquet.
    """
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        try:
            return _profile(connection, partitions)
        except duckdb.Error as error:
            raise ContractError(
                f"the files cannot be profiled ({type(error).__name__}); try a different --partitions"
            ) from error


def are_contained(values: Sequence[Path], column: str, *, within: Sequence[Path], key: str) -> bool:
    """Whether each value of a column in these files, which has at least two, is a value of `key` in the files `within`.

    Raises:
        ContractError: a file cannot be read as Parquet.
    """
    with duckdb.connect() as connection:
        try:
            child, parent = (
                connection.read_parquet([str(path) for path in paths], union_by_name=True, hive_partitioning=False)
                for paths in (values, within)
            )
            own = child.project(f"{identifier(column)} AS value").filter("value IS NOT NULL").distinct()
            absent = own.except_(parent.project(f"{identifier(key)} AS value"))
            return len(own.limit(2).fetchall()) == 2 and not absent.limit(1).fetchall()
        except duckdb.Error as error:
            raise ContractError(f"the files cannot be compared ({type(error).__name__})") from error


def _profile(connection: duckdb.DuckDBPyConnection, partitions: Sequence[Sequence[Path]]) -> Profiled:
    files = [str(path) for paths in partitions for path in paths]
    whole = connection.read_parquet(files, union_by_name=True, hive_partitioning=False)
    newest = connection.read_parquet([str(path) for path in partitions[-1]], union_by_name=True).columns
    promised = {name for name in newest if not is_reserved(name)}
    kinds = {name: kind for name, kind in zip(whole.columns, whole.types, strict=True) if name in promised}
    types = {name: str(kind) for name, kind in kinds.items()}
    counts = [_counts(connection, paths, types) for paths in partitions]
    columns = tuple(
        _column(whole, name, types[name], counts).model_copy(update={"parts": _parts(kind)})
        for name, kind in kinds.items()
    )
    rows = sum(count for count, _ in counts)
    unique = tuple(c.name for c in columns if rows > 1 and not any(c.null_fractions) and c.distinct_count == rows)
    unique = tuple(name for name in unique if types[name] not in _FLOATS)
    key = unique[:1] or _compound_key(whole, columns, types, rows)
    return Profiled(row_counts=tuple(count for count, _ in counts), columns=columns, unique=unique, key=key)


def _counts(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], types: dict[str, str]
) -> tuple[int, dict[str, int]]:
    """Rows, and non-null values per column, of one partition; columns that its files lack are left out."""
    part = connection.read_parquet([str(path) for path in paths], union_by_name=True, hive_partitioning=False)
    present = [name for name in types if name in part.columns]
    row = _single_row(part, ["count(*)", *(f"count({identifier(name)})" for name in present)])
    return row[0], dict(zip(present, row[1:], strict=True))


def _column(
    whole: duckdb.DuckDBPyRelation, name: str, kind: str, counts: Sequence[tuple[int, dict[str, int]]]
) -> ColumnProfile:
    nulls = tuple(1 - filled.get(name, 0) / rows if rows else 0.0 for rows, filled in counts)
    column, is_text = identifier(name), kind == "VARCHAR"
    is_scalar = not kind.endswith("]") and not kind.startswith(("STRUCT", "MAP", "BLOB"))
    extreme = (
        f"CASE WHEN bool_and(isfinite({column})) THEN {{}}({column}) END" if kind in _FLOATS else f"{{}}({column})"
    )
    values = _few_values(whole, column) if is_scalar else ()
    cells = [f"count(DISTINCT {column})" if is_scalar else "0"]
    cells += [extreme.format("min"), extreme.format("max")] if is_scalar and not is_text else ["NULL", "NULL"]
    cells += [f"min(length({column}))", f"max(length({column}))"] if is_text else ["NULL", "NULL"]
    distinct, low, high, min_length, max_length = _single_row(whole, cells)
    sample = _distinct_values(whole, column, SAMPLE) if is_text or kind in _LONG_NUMBERS else ()
    return ColumnProfile(
        name=name,
        type=kind,
        null_fractions=nulls,
        distinct_count=distinct,
        low=_scalar(low),
        high=_scalar(high),
        min_length=min_length,
        max_length=max_length,
        values=tuple(value for value in map(_scalar, values) if value is not None),
        content=content_of(list(map(str, sample)), column=name),
    )


def _parts(kind: Any) -> tuple[ColumnPart, ...]:
    """The parts of a nested DuckDB type; version 3.1 of the standard cannot describe the parts of a map."""
    if kind.id not in {"list", "array", "struct"}:
        return ()
    children = kind.children if kind.id == "struct" else [("items", kind.children[0][1])]
    return tuple(ColumnPart(name=name, type=str(child), parts=_parts(child)) for name, child in children)


def _few_values(whole: duckdb.DuckDBPyRelation, column: str) -> tuple[Any, ...]:
    values = _distinct_values(whole, column, FEW_VALUES + 1)
    return values if len(values) <= FEW_VALUES else ()


def _distinct_values(whole: duckdb.DuckDBPyRelation, column: str, most: int) -> tuple[Any, ...]:
    rows = whole.project(column).filter(f"{column} IS NOT NULL").distinct().limit(most).fetchall()
    return tuple(row[0] for row in rows)


def _compound_key(
    whole: duckdb.DuckDBPyRelation, columns: Sequence[ColumnProfile], types: dict[str, str], rows: int
) -> tuple[str, ...]:
    """Columns that are unique together, chosen greedily by the number of distinct values; () if there are none."""
    usable = [c for c in columns if not any(c.null_fractions) and _may_be_key(types[c.name]) and c.distinct_count > 1]
    candidates = [c.name for c in sorted(usable, key=lambda c: -c.distinct_count)][:_KEY_CANDIDATES]
    key: list[str] = []
    while candidates and len(key) < _KEY_LENGTH:
        best = max(candidates, key=lambda name: _distinct(whole, [*key, name]))
        key.append(best)
        candidates.remove(best)
        if _distinct(whole, key) == rows:
            return tuple(_shortest(whole, key, rows))
    return ()


def _shortest(whole: duckdb.DuckDBPyRelation, key: list[str], rows: int) -> Iterator[str]:
    needed = list(key)
    for name in key:
        others = [other for other in needed if other != name]
        if others and _distinct(whole, others) == rows:
            needed = others
    yield from needed


def _may_be_key(kind: str) -> bool:
    return kind.startswith(_KEY_TYPES) or kind.endswith("INT") or kind == "INTEGER"


def _distinct(whole: duckdb.DuckDBPyRelation, names: Sequence[str]) -> int:
    return int(_single_row(whole, [f"count(DISTINCT ({', '.join(map(identifier, names))}))"])[0])


def _single_row(relation: duckdb.DuckDBPyRelation, expressions: Sequence[str]) -> tuple[Any, ...]:
    rows: list[tuple[Any, ...]] = relation.aggregate(", ".join(expressions)).fetchall()
    return rows[0]


def _scalar(value: Any) -> Scalar | None:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return value if isinstance(value, bool | int | float | str) else None
