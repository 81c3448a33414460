"""The single SELECT of a validation: its counts, its aggregates, and which rows break which rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from partition_gate.adapters.gx.duckdb.scan import ROW, UNFILTERED
from partition_gate.adapters.gx.duckdb.sql import select

_BIT = "_gate_bit_"


def breaks(number: int) -> str:
    """The column of stored rows for the rule with this number: whether the row breaks it, NULL if undecided."""
    return f"_gate_rule_{number}"


@dataclass(frozen=True)
class SingleScan:
    """`counts`: key -> condition to count. `aggregates`: key -> aggregate expression. `rules`: conditions of row-level
    rules; the numbers of the rows that meet any of them are stored, with the value of each (`breaks`).
    """

    counts: Mapping[Any, str] = field(default_factory=dict)
    aggregates: Mapping[Any, str] = field(default_factory=dict)
    rules: Sequence[str] = ()

    def run(self, connection: duckdb.DuckDBPyConnection, *, broken: str) -> dict[Any, Any]:
        """The counts and aggregates by key. Creates the temporary table `broken`: row numbers with the value of each
        rule's condition. It needs a new name each time: after running out of memory, DuckDB cannot replace the table.
        """
        if not (self.counts or self.aggregates or self.rules):
            return {}
        counted = [condition for condition in dict.fromkeys(self.counts.values()) if condition not in self.rules]
        counted_in = f"{broken}_counts"
        connection.execute(f"CREATE TEMP TABLE {counted_in} AS {self._sql(counted)}")
        numbers = [
            *(f"count_{i}" for i in range(len(counted))),
            *(f"aggregate_{i}" for i in range(len(self.aggregates))),
        ]
        row = connection.execute(select([*numbers, "1"], counted_in)).fetchone() or ()
        number_of = dict(zip(counted, row, strict=False)) | self._broken(connection, counted_in, broken)
        connection.execute(f"DROP TABLE {counted_in}")
        return {
            **{name: number_of[condition] for name, condition in self.counts.items()},
            **dict(zip(self.aggregates, row[len(counted) :], strict=False)),
        }

    def _broken(self, connection: duckdb.DuckDBPyConnection, counted_in: str, table: str) -> dict[str, int]:
        """The number of rows that break each rule, counted among the stored rows, which are few."""
        if not self.rules:
            return {}
        rules = [breaks(i) for i in range(len(self.rules))]
        stored = (f"r.{cell}" for cell in (ROW, *rules))
        rows = select(stored, f"({select(['unnest(broken) AS r'], counted_in)})")
        connection.execute(f"CREATE TEMP TABLE {table} AS {rows}")
        counts = select([f"coalesce(count_if({rule}), 0)" for rule in rules], table)
        return dict(zip(self.rules, connection.execute(counts).fetchone() or (), strict=True))

    def _sql(self, counted: Sequence[str]) -> str:
        bits = [f"({sql}) AS {_BIT}{i}" for i, sql in enumerate(counted)]
        bits += [f"({sql}) AS {breaks(i)}" for i, sql in enumerate(self.rules)]
        cells = [f"coalesce(count_if({_BIT}{i}), 0) AS count_{i}" for i in range(len(counted))]
        cells += [f"{sql} AS aggregate_{i}" for i, sql in enumerate(self.aggregates.values())]
        if self.rules:
            rules = [breaks(i) for i in range(len(self.rules))]
            # A struct refers to the existing vectors; a list of booleans would be built for every row.
            row = ", ".join(f"{cell} := {cell}" for cell in (ROW, *rules))
            cells.append(f"list(struct_pack({row})) FILTER (WHERE {' OR '.join(rules)}) AS broken")
        return select(cells, f"({select(['*', *bits], UNFILTERED)})")
