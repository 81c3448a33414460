"""Compares a column with the key of another dataset: how many of its rows have no parent there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from partition_gate.adapters.profiling.rows import rows_of, single_row
from partition_gate.core.errors import ContractError
from partition_gate.core.quoting import identifier


class Containment(NamedTuple):
    """The different values of a column, the rows that have one, and the rows whose value is not in the key."""

    values: int
    rows: int
    orphans: int


def containment(children: Sequence[Path], column: str, *, within: Sequence[Path], key: str) -> Containment:
    """How the values of a column in these files are contained in `key` in the files `within`; nulls do not count.

    Raises:
        ContractError: a file cannot be read as Parquet.
    """
    with duckdb.connect() as connection:
        try:
            own = rows_of(connection, children).filter(f"{identifier(column)} IS NOT NULL")
            values = own.aggregate(f"{identifier(column)} AS value, count(*) AS size", identifier(column))
            keys = rows_of(connection, within).project(f"{identifier(key)} AS value")
            absent = values.set_alias("child").join(keys.set_alias("parent"), "child.value = parent.value", how="anti")
            count, rows = single_row(values, ["count(*)", "coalesce(sum(size), 0)"])
            [orphans] = single_row(absent, ["coalesce(sum(size), 0)"])
            return Containment(count, int(rows), int(orphans))
        except duckdb.Error as error:
            raise ContractError(f"the files cannot be compared ({type(error).__name__})") from error
