"""Finds duplicate keys: first by cheap proofs that there are none, then by grouping the remaining keys.

Both proofs are one-sided: a positive result is certain, and only keys without a proof are grouped. For 5 million
scattered keys, sorting all hashes costs 0.1 CPU seconds, grouping all keys 0.85.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from io import BufferedRandom
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import sqlalchemy as sa

from partition_gate.adapters.gx.duckdb.parquet_files import READ_ERRORS
from partition_gate.adapters.gx.duckdb.possible_outcomes import no_rows
from partition_gate.adapters.gx.duckdb.sql import select
from partition_gate.core.quoting import identifier

_MARK = "gate_duplicates"
_HASHES_AT_ONCE = 10_000_000  # sorted in memory together: 80 MB
_HASHES_A_BATCH = 100_000
_KEYS_AT_ONCE = 10_000_000  # grouped in memory together: about 400 MB
_SUSPECTS = "_gate_suspects"


def duplicates(columns: Sequence[Any], table: Any) -> sa.Select[Any]:
    """A subquery for the duplicate keys among those without a null member.

    With a row condition, `table` is a SELECT, and duplicates are counted among its rows.
    """
    source = table.subquery() if hasattr(table, "subquery") else table
    known = [column.is_not(None) for column in columns]
    keys = sa.select(*columns).select_from(source).where(*known).group_by(*columns).having(sa.func.count() > 1)
    return keys.execution_options(**{_MARK: (tuple(columns), source)})


class Distinctness:
    """The duplicate keys of one scan, searched once and stored in temporary tables."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        to_sql: Any,
        *,
        hashes_at_once: int = _HASHES_AT_ONCE,
        keys_at_once: int = _KEYS_AT_ONCE,
    ) -> None:
        self._connection = connection
        self._to_sql = to_sql
        self._hashes_at_once = hashes_at_once
        self._keys_at_once = keys_at_once
        self._tables: dict[str, str | None] = {}

    def resolve(self, condition: Any) -> Any:
        """The condition with its search for duplicates replaced by a lookup; unchanged if that fails."""
        return sa.sql.visitors.replacement_traverse(condition, {}, self._replaced)

    def _replaced(self, element: Any, **_: Any) -> Any:
        if not isinstance(element, sa.Select) or _MARK not in element.get_execution_options():
            return None
        sql = self._to_sql(element)
        columns, source = element.get_execution_options()[_MARK]
        try:
            if sql not in self._tables:
                self._tables[sql] = self._store_duplicates(element, columns, source)
        except READ_ERRORS:
            return None
        keys: list[sa.ColumnClause[Any]] = [sa.column(column.name) for column in columns]
        name = self._tables[sql]
        return no_rows(keys) if name is None else sa.select(*keys).select_from(sa.table(name))

    def _store_duplicates(self, grouped: sa.Select[Any], columns: Sequence[Any], source: Any) -> str | None:
        """Store the duplicate keys; the name of the table, None if there are none."""
        name = f"_gate_duplicates_{len(self._tables)}"
        rows = f"({self._to_sql(sa.select(sa.literal_column('*')).select_from(source))})"
        keys = [identifier(column.name) for column in columns]
        if self._are_increasing(rows, keys):
            return None
        suspects = self._store_suspects(rows, keys)
        if not suspects:
            return None
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {self._to_sql(grouped.limit(0))}")
        for part in _parts(keys, suspects, at_once=self._keys_at_once):
            is_suspect = f"{_hash(keys)} IN (FROM {_SUSPECTS}) AND {part}"
            repeated_keys = self._to_sql(grouped.where(sa.literal_column(is_suspect, sa.Boolean())))
            self._connection.execute(f"INSERT INTO {name} {repeated_keys}")
        return name

    def _are_increasing(self, rows: str, keys: Sequence[str]) -> bool:
        """Whether every key is greater than the previous one, in some order of the rows. Stops at the first one that is
        not, so it is cheap if it proves nothing.
        """
        key = keys[0] if len(keys) == 1 else f"row({', '.join(keys)})"
        known = select([f"{key} AS k"], rows, where=_known(keys))
        pairs = select(["k", "lag(k) OVER () AS before"], f"({known})")
        fallen = select(["1"], f"({pairs})", where="k <= before LIMIT 1")
        return not self._connection.execute(fallen).fetchall()

    def _store_suspects(self, rows: str, keys: Sequence[str]) -> int:
        """Store the hashes that several rows share, and return how many there are. Equal keys have equal hashes."""
        suspects = self._repeated(rows, keys)
        self._connection.register("repeated", {"h": suspects})
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {_SUSPECTS} AS FROM repeated")
        self._connection.unregister("repeated")
        return len(suspects)

    def _repeated(self, rows: str, keys: Sequence[str]) -> Hashes:
        sizes = select(["count(*)", "current_setting('temp_directory')"], rows)
        [(count, folder)] = self._connection.execute(sizes).fetchall()
        query = select([f"{_hash(keys)} AS h"], rows, where=_known(keys))
        batches = self._connection.sql(query).to_arrow_reader(_HASHES_A_BATCH)
        hashes = (batch["h"].to_numpy() for batch in batches)
        return repeated(hashes, most=count, at_once=self._hashes_at_once, folder=folder)


def _parts(keys: Sequence[str], count: int, *, at_once: int) -> list[str]:
    """Conditions that partition the keys by hash (equal keys together) into parts that fit into memory."""
    parts = -(-count // at_once) or 1
    return ["TRUE"] if parts == 1 else [f"{_hash(keys)} % {parts} = {part}" for part in range(parts)]


def _hash(keys: Sequence[str]) -> str:
    return f"hash({', '.join(keys)})"


def _known(keys: Sequence[str]) -> str:
    return " AND ".join(f"{key} IS NOT NULL" for key in keys)


Hashes = np.ndarray[Any, np.dtype[np.uint64]]

_NONE: Hashes = np.empty(0, np.uint64)


def repeated(batches: Iterable[Hashes], *, most: int, at_once: int, folder: str) -> Hashes:
    """The duplicate hashes, each once, in ascending order; the batches contain at most `most` hashes.

    More than `at_once` hashes are sorted in runs of that size, which are stored in a temporary file in `folder`. Then
    each range of values is read from every run: hashes are evenly distributed, so a range has about `at_once`.

    Raises:
        OSError: the folder is not writable or is full.
    """
    runs = _runs(batches, max(1, min(most, at_once)))
    if most <= at_once:
        return np.concatenate([_NONE, *map(_duplicates_in, runs)])
    ranges = -(-most // at_once)
    bounds = np.array([2**64 * i // ranges for i in range(1, ranges)], np.uint64)
    with tempfile.TemporaryFile(dir=folder) as file:
        positions = [_append(run, bounds, file) for run in runs]
        return np.concatenate([_duplicates_in(_read(file, of_range)) for of_range in zip(*positions, strict=True)])


def _runs(batches: Iterable[Hashes], size: int) -> Iterator[Hashes]:
    """All hashes in sorted runs of `size`. All runs share one array."""
    run, filled = np.empty(size, np.uint64), 0  # unfilled pages take no memory
    for batch in batches:
        for part in np.split(batch, range(size - filled, len(batch), size)):
            run[filled : filled + len(part)] = part
            filled += len(part)
            if filled == size:
                run.sort()
                yield run
                filled = 0
    run[:filled].sort()
    yield run[:filled]


def _duplicates_in(hashes: Hashes) -> Hashes:
    """The duplicates among sorted hashes, each once."""
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])


def _append(run: Hashes, bounds: Hashes, file: BufferedRandom) -> list[tuple[int, int]]:
    """Append the run to the file; returns the position of each range of values, counted in hashes."""
    start = file.tell() // run.itemsize
    file.write(run.data)
    return list(pairwise([start, *(start + int(index) for index in np.searchsorted(run, bounds)), start + len(run)]))


def _read(file: BufferedRandom, positions: Sequence[tuple[int, int]]) -> Hashes:
    """The hashes at these positions, sorted."""
    hashes, filled = np.empty(sum(last - first for first, last in positions), np.uint64), 0
    for first, last in positions:
        file.seek(first * hashes.itemsize)
        file.readinto(hashes[filled : filled + last - first].data)
        filled += last - first
    hashes.sort()
    return hashes
