"""Profiles partitions: the rows of each, the columns of the newest one, and the keys of all rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from partition_gate.adapters.profiling.columns import column_profile
from partition_gate.adapters.profiling.keys import find_keys, keys_within_each
from partition_gate.adapters.profiling.rows import rows_of, single_row
from partition_gate.contracts.drafting.profile import ColumnProfile, NearKey
from partition_gate.core.errors import ContractError
from partition_gate.core.quoting import identifier
from partition_gate.core.record import Record
from partition_gate.core.table import is_reserved


class Profiled(Record):
    """The profile of files: rows per partition, columns and keys; the fields are those of `DataProfile`."""

    row_counts: tuple[int, ...]
    columns: tuple[ColumnProfile, ...]
    unique: tuple[str, ...]
    key: tuple[str, ...]
    other_keys: tuple[tuple[str, ...], ...]
    near_key: NearKey | None
    is_key_of_each: bool


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


def _profile(connection: duckdb.DuckDBPyConnection, partitions: Sequence[Sequence[Path]]) -> Profiled:
    whole = rows_of(connection, [path for paths in partitions for path in paths])
    promised = {name for name in rows_of(connection, partitions[-1]).columns if not is_reserved(name)}
    kinds: dict[str, Any] = {
        name: kind for name, kind in zip(whole.columns, whole.types, strict=True) if name in promised
    }
    counts = [_counts(rows_of(connection, paths), list(kinds)) for paths in partitions]
    columns = tuple(column_profile(whole, name, kind, counts) for name, kind in kinds.items())
    row_counts = tuple(count for count, _ in counts)
    over_all = find_keys(connection, whole, columns, sum(row_counts))
    keys = over_all
    if not over_all.key and len(partitions) > 1:
        within = keys_within_each([rows_of(connection, paths) for paths in partitions], columns)
        keys = within if within.key else over_all
    return Profiled(
        row_counts=row_counts,
        columns=columns,
        unique=keys.unique,
        key=keys.key,
        other_keys=keys.others,
        near_key=keys.near,
        is_key_of_each=keys is not over_all,
    )


def _counts(part: duckdb.DuckDBPyRelation, names: Sequence[str]) -> tuple[int, dict[str, int]]:
    """Rows, and non-null values per column, of one partition; columns that its files lack are left out."""
    present = [name for name in names if name in part.columns]
    row = single_row(part, ["count(*)", *(f"count({identifier(name)})" for name in present)])
    return row[0], dict(zip(present, row[1:], strict=True))
