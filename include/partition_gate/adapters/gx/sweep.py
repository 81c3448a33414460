"""The one SELECT of a validation: what it counts, what it aggregates, and which rows break which rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from partition_gate.adapters.gx.scan import ROW, SWEPT
from partition_gate.adapters.gx.sql import literal, select

_NUMBERS, _BIT, _KEPT, _SEEN = "_gate_numbers", "_gate_bit_", "_gate_kept", "_gate_seen"
_TOO_MANY = "gate: more rows are broken than are kept"


def breaks(number: int) -> str:
    """The column of kept rows that tells of the rule with this number: NULL where the rule tells nothing."""
    return f"_gate_rule_{number}"


class TooManyRows(Exception):
    """More rows break a rule than are to be kept."""


@dataclass(frozen=True)
class Sweep:
    """`counts`: what to call it -> the condition that is counted. `aggregates`: the same for aggregate expressions.
    `rules` are the conditions of row-level rules: the rows where one is true are kept, with what each is for them
    (`breaks`) and these `cells` (columns of `swept`), at the most `most_rows`.
    """

    counts: Mapping[Any, str] = field(default_factory=dict)
    aggregates: Mapping[Any, str] = field(default_factory=dict)
    rules: Sequence[str] = ()
    cells: Sequence[str] = ()
    most_rows: int = 0

    def run(self, connection: duckdb.DuckDBPyConnection, *, broken: str) -> dict[Any, Any]:
        """What was counted and aggregated. The temporary table `broken` is made: a row's number, what each rule's
        condition is, and the cells.

        Raises:
            TooManyRows: nothing was counted; as soon as one row too many is seen.
        """
        if not (self.counts or self.aggregates or self.rules):
            return {}
        counted = [condition for condition in dict.fromkeys(self.counts.values()) if condition not in self.rules]
        self._read(connection, counted)
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

    def _read(self, connection: duckdb.DuckDBPyConnection, counted: Sequence[str]) -> None:
        connection.execute(f"CREATE OR REPLACE TEMP SEQUENCE {_SEEN}")
        try:
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {_NUMBERS} AS {self._sql(counted)}")
        except duckdb.InvalidInputException as error:
            if _TOO_MANY in str(error):
                raise TooManyRows(_TOO_MANY) from None
            raise

    def _broken(self, connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, int]:
        """The number of rows that break each rule: counted among the kept rows, which are few."""
        if not self.rules:
            return {}
        rules = [breaks(i) for i in range(len(self.rules))]
        kept = (f"r.{cell}" for cell in (ROW, *rules, *self.cells))
        rows = select(kept, f"({select(['unnest(broken) AS r'], _NUMBERS)})")
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {rows}")
        counts = select([f"coalesce(count_if({rule}), 0)" for rule in rules], table)
        return dict(zip(self.rules, connection.execute(counts).fetchone() or (), strict=True))

    def _sql(self, counted: Sequence[str]) -> str:
        bits = [f"({sql}) AS {_BIT}{i}" for i, sql in enumerate(counted)]
        bits += [f"({sql}) AS {breaks(i)}" for i, sql in enumerate(self.rules)]
        cells = [f"coalesce(count_if({_BIT}{i}), 0) AS count_{i}" for i in range(len(counted))]
        cells += [f"{sql} AS aggregate_{i}" for i, sql in enumerate(self.aggregates.values())]
        judged = select(["*", *bits], SWEPT)
        if not self.rules:
            return select(cells, f"({judged})")
        rules = [breaks(i) for i in range(len(self.rules))]
        # Members of the struct are the vectors as they are; a list of the booleans would be made for every row.
        row = ", ".join(f"{cell} := {cell}" for cell in (ROW, *rules, *self.cells))
        cells.append(f"list(struct_pack({row})) FILTER (WHERE {_KEPT}) AS broken")
        return select(cells, f"({select(['*', self._is_kept(rules)], f'({judged})')})")

    def _is_kept(self, rules: Sequence[str]) -> str:
        """Whether a row breaks a rule. Rows are numbered as they are found, so that the list never outgrows memory."""
        counted = f"CASE WHEN nextval('{_SEEN}') <= {self.most_rows} THEN TRUE ELSE error({literal(_TOO_MANY)}) END"
        return f"CASE WHEN {' OR '.join(rules)} THEN {counted} ELSE FALSE END AS {_KEPT}"
