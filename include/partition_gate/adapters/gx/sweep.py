"""The one SELECT of a validation: what it counts, what it aggregates, and which rows break which rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from partition_gate.adapters.gx.scan import ROW, SWEPT
from partition_gate.adapters.gx.sql import select

_NUMBERS, _BIT = "_gate_numbers", "_gate_bit_"


@dataclass(frozen=True)
class Sweep:
    """`counts`: what to call it -> the condition that is counted. `aggregates`: the same for aggregate expressions.
    `rules` are the conditions of row-level rules: the rows where one is true are kept with all that are.
    """

    counts: Mapping[Any, str] = field(default_factory=dict)
    aggregates: Mapping[Any, str] = field(default_factory=dict)
    rules: Sequence[str] = ()

    def run(self, connection: duckdb.DuckDBPyConnection, *, broken: str) -> dict[Any, Any]:
        """What was counted and aggregated. The temporary table `broken` is made, of rows and one boolean a rule."""
        if not (self.counts or self.aggregates or self.rules):
            return {}
        counted = [condition for condition in dict.fromkeys(self.counts.values()) if condition not in self.rules]
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {_NUMBERS} AS {self._sql(counted)}")
        numbers = [
            *(f"count_{i}" for i in range(len(counted))),
            *(f"aggregate_{i}" for i in range(len(self.aggregates))),
        ]
        found = connection.execute(select([*numbers, "1"], _NUMBERS)).fetchone() or ()
        number_of = dict(zip(counted, found, strict=False)) | self._broken(connection, broken)
        connection.execute(f"DROP TABLE {_NUMBERS}")
        return {
            **{name: number_of[condition] for name, condition in self.counts.items()},
            **dict(zip(self.aggregates, found[len(counted) :], strict=False)),
        }

    def _broken(self, connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, int]:
        """The number of rows that break each rule: counted among the kept rows, which are few."""
        if not self.rules:
            return {}
        rows = select([f"r.{ROW}", "r.rules"], f"({select(['unnest(broken) AS r'], _NUMBERS)})")
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {rows}")
        counts = select([f"coalesce(count_if(rules[{i + 1}]), 0)" for i in range(len(self.rules))], table)
        return dict(zip(self.rules, connection.execute(counts).fetchone() or (), strict=True))

    def _sql(self, counted: Sequence[str]) -> str:
        conditions = [*counted, *self.rules]
        # CASE, because coalesce() costs a tenth of the whole.
        bits = [f"CASE WHEN {sql} THEN TRUE ELSE FALSE END AS {_BIT}{i}" for i, sql in enumerate(conditions)]
        cells = [f"coalesce(count_if({_BIT}{i}), 0) AS count_{i}" for i in range(len(counted))]
        cells += [f"{sql} AS aggregate_{i}" for i, sql in enumerate(self.aggregates.values())]
        cells.append(f"{_broken_rows([f'{_BIT}{i}' for i in range(len(counted), len(conditions))])} AS broken")
        return select(cells, f"({select(['*', *bits], SWEPT)})")


def _broken_rows(bits: Sequence[str]) -> str:
    if not bits:
        return "NULL"
    row = f"struct_pack({ROW} := {ROW}, rules := [{', '.join(bits)}])"
    return f"list({row}) FILTER (WHERE {' OR '.join(bits)})"
