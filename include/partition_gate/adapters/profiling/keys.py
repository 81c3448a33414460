"""Searches for columns that identify a row: alone or together, and those that nearly do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import prod
from typing import NamedTuple

import duckdb

from partition_gate.adapters.profiling.columns import FLOATS, may_be_key
from partition_gate.adapters.profiling.rows import distinct_count, duplicate_count, single_row
from partition_gate.contracts.drafting.guesses import looks_personal
from partition_gate.contracts.drafting.naming import is_counter_name, is_key_name
from partition_gate.contracts.drafting.profile import RARE, ColumnProfile, NearKey
from partition_gate.core.quoting import identifier

_LONGEST_KEY = 5
_CANDIDATES, _COMBINED = 24, 12  # for a long key, and for the sets that are all tried
_FEWEST_COLUMNS = (2, 3)  # sets of so many columns are all tried; a longer key is only sought if none of these is one
_MOST_KEYS = 4
_MOST_TRIES = 24
# Columns that are not unique in these first rows are not unique in all of them.
_FIRST_ROWS = 20_000
_FIRST = "first_rows"


class Keys(NamedTuple):
    """The columns that are unique alone, the chosen key, other keys, and the columns that are nearly a key."""

    unique: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    others: tuple[tuple[str, ...], ...] = ()
    near: NearKey | None = None


def find_keys(
    connection: duckdb.DuckDBPyConnection,
    rows: duckdb.DuckDBPyRelation,
    columns: Sequence[ColumnProfile],
    row_count: int,
) -> Keys:
    """The keys of all rows, the likeliest first: named like a key, with few times and few columns."""
    if row_count < 2:
        return Keys()
    whole = [column for column in columns if not column.null_count and column.type not in FLOATS]
    unique = sorted((c for c in whole if c.distinct_count == row_count), key=_unlikeliness)
    names = tuple(column.name for column in unique)
    is_nearly = any(column.duplicate_rows for column in columns)
    if names:
        # Beside a column that is called a key and has few duplicates, any other one is unique by chance.
        return Keys(unique=names, key=() if is_nearly and not is_key_name(names[0]) else names[:1])
    search = _Search(connection, rows, columns, row_count)
    if keys := search.keys():
        return Keys(key=keys[0], others=tuple(keys[1:]))
    if is_nearly:
        return Keys()
    return Keys(key=long) if (long := search.long_key()) else Keys(near=search.near_key())


def keys_within_each(partitions: Sequence[duckdb.DuckDBPyRelation], columns: Sequence[ColumnProfile]) -> Keys:
    """The columns that are called keys and are unique within each partition: those of a table that lands whole, again
    and again. Rules look at one partition, so this is a key as well.
    """
    called = [c for c in columns if is_key_name(c.name) and not c.null_count and may_be_key(c.type)]
    counted = [(part, single_row(part, ["count(*)"])[0]) for part in partitions]
    unique = tuple(c.name for c in called if all(distinct_count(part, [c.name]) == rows for part, rows in counted))
    return Keys(unique=unique, key=unique[:1])


def _unlikeliness(column: ColumnProfile) -> tuple[bool, bool, bool]:
    return not _is_named(column), column.type.startswith(("DATE", "TIME")), looks_personal(column)


def _is_named(column: ColumnProfile) -> bool:
    return is_key_name(column.name) or is_counter_name(column.name)


class _Search:
    """Tries sets of columns: on the first rows, and if these do not refute it, on all rows."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        rows: duckdb.DuckDBPyRelation,
        columns: Sequence[ColumnProfile],
        row_count: int,
    ) -> None:
        self._rows, self._row_count = rows, row_count
        usable = [c for c in columns if not c.null_count and may_be_key(c.type) and c.distinct_count > 1]
        self._nearly = {column.name for column in columns if column.duplicate_rows}
        self._columns = sorted(usable, key=lambda column: (not _is_named(column), -column.distinct_count))[:_CANDIDATES]
        first = rows.limit(_FIRST_ROWS).project(", ".join(identifier(c.name) for c in self._columns) or "1")
        first.create(_FIRST)  # in memory, because it is read many times
        self._first = connection.table(_FIRST)

    def keys(self) -> list[tuple[str, ...]]:
        """Keys of two or three columns from which none can be left out, the likeliest first; at most four."""
        found: list[tuple[str, ...]] = []
        tries = 0
        for length in _FEWEST_COLUMNS:
            for columns in self._sets(length):
                names = self._named(columns)
                if tries == _MOST_TRIES or len(found) == _MOST_KEYS:
                    return found
                if any(set(key) < set(names) for key in found) or self._is_by_chance(columns):
                    continue
                if not self._may_be_unique(columns, names):
                    continue
                tries += 1
                found += [names] if distinct_count(self._rows, names) == self._row_count else []
        return found

    def long_key(self) -> tuple[str, ...]:
        """A key of up to five columns, chosen greedily by the number of distinct values; empty if there is none."""
        candidates, key = [column.name for column in self._columns], list[str]()
        while candidates and len(key) < _LONGEST_KEY:
            best = max(candidates, key=lambda name: distinct_count(self._rows, [*key, name]))
            key.append(best)
            candidates.remove(best)
            if distinct_count(self._rows, key) == self._row_count:
                return self._shortest(key)
        return ()

    def near_key(self) -> NearKey | None:
        """The shortest set of up to three columns that nearly is a key, one of which is called one."""
        for length in _FEWEST_COLUMNS:
            for columns in self._sets(length):
                is_plain = not any(column.type.startswith(("DATE", "TIME")) for column in columns)
                names = self._named(columns)
                if is_plain and any(map(is_key_name, names)) and self._are_few(duplicate_count(self._first, names)):
                    duplicates = duplicate_count(self._rows, names)
                    if self._are_few(duplicates):
                        return NearKey(columns=names, duplicate_rows=duplicates)
        return None

    def _sets(self, length: int) -> Iterator[tuple[ColumnProfile, ...]]:
        """Sets of columns that have enough combinations of values, the likeliest first."""
        enough = (
            each
            for each in combinations(self._columns[:_COMBINED], length)
            if prod(column.distinct_count for column in each) >= self._row_count * (1 - RARE)
        )
        yield from sorted(enough, key=lambda each: tuple(map(sum, zip(*map(_unlikeliness, each), strict=True))))

    def _named(self, columns: Sequence[ColumnProfile]) -> tuple[str, ...]:
        return tuple(column.name for column in columns)

    def _may_be_unique(self, columns: Sequence[ColumnProfile], names: Sequence[str]) -> bool:
        has_enough = prod(column.distinct_count for column in columns) >= self._row_count
        return has_enough and distinct_count(self._first, names) == min(self._row_count, _FIRST_ROWS)

    def _is_by_chance(self, columns: Sequence[ColumnProfile]) -> bool:
        """Whether a set is only a key because nearly any column tells the few duplicates of the real one apart."""
        if not self._nearly:
            return False
        others = {column.name for column in columns} - self._nearly
        return len(others) == len(columns) or not all(map(is_counter_name, others))

    def _are_few(self, duplicates: int) -> bool:
        return duplicates <= RARE * self._row_count

    def _shortest(self, key: list[str]) -> tuple[str, ...]:
        needed = list(key)
        for name in key:
            others = [other for other in needed if other != name]
            if others and distinct_count(self._rows, others) == self._row_count:
                needed = others
        return tuple(needed)
