"""Which keys stand more than once: cheap exact proofs that none does, before the hash of every key.

Both proofs are one-sided: what they prove is certain, and where they prove nothing the keys are grouped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import sqlalchemy as sa

from partition_gate.adapters.gx.footers import READ_ERRORS
from partition_gate.adapters.gx.sql import identifier, select

_MARK = "gate_duplicates"
_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
_BITS_PER_ROW = 64
_KEYS_AT_ONCE = 10_000_000  # hashed in memory together: about 400 MB
_MOST_BITS = 2**30 - 1  # DuckDB refuses a bitmap of more


def duplicates(columns: Sequence[Any], table: Any) -> sa.Select[Any]:
    """The keys that stand more than once among those without a null member, as a subquery.

    A row condition makes `table` a SELECT, and duplicates are counted among the rows that it keeps.
    """
    source = table.subquery() if hasattr(table, "subquery") else table
    known = [column.is_not(None) for column in columns]
    keys = sa.select(*columns).select_from(source).where(*known).group_by(*columns).having(sa.func.count() > 1)
    return keys.execution_options(**{_MARK: (tuple(columns), source)})


class Distinctness:
    """The duplicates of one scan, each looked for once and kept in a temporary table."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, to_sql: Any, *, keys_at_once: int = _KEYS_AT_ONCE
    ) -> None:
        self._connection = connection
        self._to_sql = to_sql
        self._keys_at_once = keys_at_once
        self._tables: dict[str, str] = {}

    def settled(self, condition: Any) -> Any:
        """The condition with its duplicates looked up instead of computed; what cannot be found stays as it is."""
        return sa.sql.visitors.replacement_traverse(condition, {}, self._replaced)

    def _replaced(self, element: Any, **_: Any) -> Any:
        if not isinstance(element, sa.Select) or _MARK not in element.get_execution_options():
            return None
        sql = self._to_sql(element)
        try:
            name = self._tables.get(sql) or self._found(element, *element.get_execution_options()[_MARK])
        except READ_ERRORS:
            return None
        self._tables[sql] = name
        columns, _ = element.get_execution_options()[_MARK]
        keys: list[sa.ColumnClause[Any]] = [sa.column(column.name) for column in columns]
        return sa.select(*keys).select_from(sa.table(name))

    def _found(self, grouped: sa.Select[Any], columns: Sequence[Any], source: Any) -> str:
        name = f"_gate_duplicates_{len(self._tables)}"
        rows = f"({self._to_sql(sa.select(sa.literal_column('*')).select_from(source))})"
        keys = [identifier(column.name) for column in columns]
        proven = self._rise(rows, keys) or (len(keys) == 1 and self._fill_no_bit_twice(rows, keys[0]))
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {self._to_sql(grouped.limit(0))}")
        for part in [] if proven else self._parts(rows, keys):
            found = self._to_sql(grouped.where(part))
            self._connection.execute(f"INSERT INTO {name} {found}")
        return name

    def _parts(self, rows: str, keys: Sequence[str]) -> list[sa.ColumnElement[bool]]:
        """Conditions that divide the keys by their hash, equal ones together, into parts that memory can hold."""
        counted = self._connection.execute(select(["count(*)"], rows)).fetchone()
        parts = 1 + (counted[0] if counted else 0) // self._keys_at_once
        if parts == 1:
            return [sa.true()]
        return [sa.literal_column(f"hash({', '.join(keys)}) % {parts} = {part}", sa.Boolean()) for part in range(parts)]

    def _rise(self, rows: str, keys: Sequence[str]) -> bool:
        """Whether every key is greater than the one before it, in some order of the rows. Stops at the first that is
        not, so it costs little where it proves nothing.
        """
        key = keys[0] if len(keys) == 1 else f"row({', '.join(keys)})"
        known = select([f"{key} AS k"], rows, where=_known(keys))
        pairs = select(["k", "lag(k) OVER () AS before"], f"({known})")
        fallen = select(["1"], f"({pairs})", where="k <= before LIMIT 1")
        return self._connection.execute(fallen).fetchone() is None

    def _fill_no_bit_twice(self, rows: str, key: str) -> bool:
        """Whether as many bits as keys are set in a bitmap of the range of an integer key, where it is dense enough."""
        bounds = select([f"typeof(first({key}))", f"min({key})", f"max({key})", f"count({key})"], rows)
        kind, low, high, count = self._connection.execute(bounds).fetchone() or (None, None, None, 0)
        if kind not in _INTEGERS or not count or high - low >= min(_MOST_BITS, _BITS_PER_ROW * count):
            return False
        bits = select([f"bit_count(bitstring_agg({key}, {low}, {high}))"], rows)
        return self._connection.execute(bits).fetchone() == (count,)


def _known(keys: Sequence[str]) -> str:
    return " AND ".join(f"{key} IS NOT NULL" for key in keys)
