"""Which rows break which rules, as the one SELECT found them, and as the split finds them again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
import sqlalchemy as sa

from partition_gate.adapters.gx.scan import ROW
from partition_gate.adapters.gx.sql import literal, read_parquet, select
from partition_gate.judging.validation import PartitionScan, RowPredicate

_FILE, _INDEX = "broken-rows.parquet", "broken-rows.json"

ConditionKey = Any  # Great Expectations' id of a condition metric


class BrokenRows:
    """Tables of the connection, one a SELECT: a row's number and one boolean a rule."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._places: dict[ConditionKey, tuple[str, int]] = {}
        self._samples: dict[str, tuple[list[int], ...]] = {}
        self._unmet: set[ConditionKey] = set()
        self._tables = 0

    def next_table(self) -> str:
        """A name for another table."""
        self._tables += 1
        return f"_gate_broken_{self._tables}"

    def add(self, table: str, positions: Mapping[ConditionKey, int]) -> None:
        """The table holds these conditions, as the boolean at this position (from 0)."""
        self._places.update((key, (table, position)) for key, position in positions.items())

    def add_unmet(self, keys: Iterable[ConditionKey]) -> None:
        """No row meets these conditions."""
        self._unmet.update(keys)

    def first(self, key: ConditionKey, count: int) -> list[int] | None:
        """The numbers of the first rows where the condition is true; None where that was not kept."""
        if key not in self._places:
            return None
        table, position = self._places[key]
        if table not in self._samples:
            width = 1 + max(place for name, place in self._places.values() if name == table)
            firsts = select([f"min({ROW}, {count}) FILTER (WHERE rules[{i + 1}])" for i in range(width)], table)
            self._samples[table] = self._connection.execute(firsts).fetchone() or ()
        return self._samples[table][position] or []

    def count(self, keys: Sequence[ConditionKey]) -> int | None:
        """How many rows meet any of the conditions; None where they were not kept together."""
        places = [self._places.get(key) for key in keys if key not in self._unmet]
        tables = {place[0] for place in places if place}
        if not places:
            return 0
        if None in places or len(tables) != 1:
            return None
        any_rule = " OR ".join(f"rules[{place[1] + 1}]" for place in places if place)
        [(count,)] = self._connection.execute(select([f"coalesce(count_if({any_rule}), 0)"], tables.pop())).fetchall()
        return int(count)

    def keep(self, scan: PartitionScan, predicates: Mapping[ConditionKey, str]) -> None:
        """Leave the rows in the scan's scratch folder, if it has one, for `KeptRows`; nothing where there are none."""
        broken = [key for key in predicates if key in self._places and key not in self._unmet]
        tables = {self._places[key][0] for key in broken}
        if scan.scratch is None or len(tables) != 1:
            return
        scan.scratch.mkdir(exist_ok=True)
        table = tables.pop()
        positions = {predicates[key]: self._places[key][1] for key in broken}
        target = literal(str(scan.scratch / _FILE))
        self._connection.execute(f"COPY {table} TO {target} (FORMAT parquet)")
        index = {"files": _files(scan), "positions": positions}
        (scan.scratch / _INDEX).write_text(json.dumps(index))


class KeptRows:
    """The rows of a partition that break these predicates, as a validation of the same files left them."""

    def __init__(self, relation: str, positions: Sequence[int]) -> None:
        self.relation = relation
        self._positions = positions

    @property
    def broken(self) -> str:
        """Whether a kept row breaks any of them."""
        return " OR ".join(self.breaks(i) for i in range(len(self._positions))) or "FALSE"

    def breaks(self, number: int) -> str:
        """Whether a kept row breaks the predicate of this number."""
        return f"rules[{self._positions[number] + 1}]"


def kept_rows(scan: PartitionScan, predicates: Sequence[RowPredicate]) -> KeptRows | None:
    """What a validation left; None where it left nothing, or not about all of these predicates and these files."""
    if scan.scratch is None or not (scan.scratch / _INDEX).exists():
        return None
    index = json.loads((scan.scratch / _INDEX).read_text())
    positions = [index["positions"].get(predicate.sql) for predicate in predicates]
    if index["files"] != _files(scan) or None in positions:
        return None
    return KeptRows(read_parquet([str(scan.scratch / _FILE)]), positions)


def in_row_order(query: Any) -> Any:
    """The query in the order of the rows' numbers, if it asks for rows by them: DuckDB shows those of several files in
    any order.
    """
    if not isinstance(query, sa.Select) or query.whereclause is None:
        return query
    asked = sa.sql.visitors.iterate(query.whereclause)
    numbered = any(isinstance(element, sa.ColumnClause) and element.name == ROW for element in asked)
    return query.order_by(sa.column(ROW)) if numbered else query


def _files(scan: PartitionScan) -> list[str]:
    return [str(path) for path in scan.paths]
