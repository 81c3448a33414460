"""How many rows meet a condition, without reading the rows: by logic, by the footers, or by a column's few values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TypeVar

import duckdb
import sqlalchemy as sa

from partition_gate.adapters.gx.as_it_came import can_stay
from partition_gate.adapters.gx.footers import READ_ERRORS
from partition_gate.adapters.gx.scan import Scanned
from partition_gate.adapters.gx.sql import identifier
from partition_gate.adapters.gx.stated_columns import StatedColumn, stated_columns
from partition_gate.adapters.gx.truth import Facts, null_test, outcomes
from partition_gate.adapters.gx.vocabulary import Vocabularies
from partition_gate.adapters.gx.worth import Worth

Condition = sa.ColumnElement[bool]
Key = TypeVar("Key")


class Shortcuts:
    """Footers are asked only of files that may be published as they came: the rows of all others are read by the
    verdict's own SELECT at the latest, to count their columns. `assumed` is what was taken from the footers: a count
    as SQL over `swept` -> what it should be.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        partition: Scanned,
        to_sql: Callable[[sa.ClauseElement], str],
        worth: Worth,
    ) -> None:
        self._rows = partition.footers.row_count
        self._to_sql = to_sql
        stated = _stated(connection, partition) if self._rows >= worth.footers else {}
        self.vocabularies = Vocabularies(
            connection,
            partition,
            to_sql,
            with_dictionary=[name for name, column in stated.items() if column.has_dictionary],
        )
        self._facts = _facts(partition, stated) if worth.trusted else {}
        self.assumed: dict[str, int] = {}
        self._counted: dict[str, int | None] = {}

    @property
    def leave_unread(self) -> bool:
        """Whether the rows are read, and counted, by a confirmation only."""
        return bool(self._facts or self.assumed)

    def counts(self, conditions: Mapping[Key, Condition], rules: Collection[Key]) -> dict[Key, int | None]:
        """How many rows of the partition meet each condition; None where no shortcut tells.

        `rules` are those that no row should meet. Where one is known to be met the files will be rewritten, so that
        all rows are read now: that is one scan less.
        """
        self.vocabularies.look_up(self._unstated(conditions))
        if self._facts and any(self._count(conditions[key]) for key in rules):
            self._facts = {}
            self.vocabularies.look_up(self._unstated(conditions))
        for condition in conditions.values():
            self._assume(condition)
        return {key: self._count(condition) for key, condition in conditions.items()}

    def sql(self, condition: Condition) -> str:
        """SQL that is true for the same rows of the partition as the condition."""
        return self.vocabularies.sql(condition)

    def _unstated(self, conditions: Mapping[Key, Condition]) -> list[Condition]:
        return [one for one in conditions.values() if self._stated(one, self._facts) is None]

    def _assume(self, condition: Condition) -> None:
        stated = self._stated(condition, self._facts)
        if stated is not None and self._stated(condition, {}) is None:
            tested = null_test(condition)
            # The profile counts the column as well, so that this costs nothing more.
            counted = f"count(*) - count({identifier(tested)})" if tested else f"count_if({self._to_sql(condition)})"
            self.assumed[counted] = stated

    def _count(self, condition: Condition) -> int | None:
        stated = self._stated(condition, self._facts)
        return self._by_values(condition) if stated is None else stated

    def _by_values(self, condition: Condition) -> int | None:
        sql = self._to_sql(condition)
        if self._counted.get(sql) is None:
            self._counted[sql] = self.vocabularies.count(condition)
        return self._counted[sql]

    def _stated(self, condition: Condition, facts: Facts) -> int | None:
        possible = outcomes(condition, facts)
        if True not in possible:
            return 0
        if possible == {True}:
            return self._rows
        column = facts.get(null_test(condition) or "")
        return None if column is None else column.null_count


def _stated(connection: duckdb.DuckDBPyConnection, partition: Scanned) -> dict[str, StatedColumn]:
    try:
        return stated_columns(connection, partition)
    except READ_ERRORS:
        return {}


def _facts(partition: Scanned, stated: Mapping[str, StatedColumn]) -> Facts:
    if not can_stay([Path(file.path) for file in partition.footers.files], partition.scan.target):
        return {}
    return {name: column.facts for name, column in stated.items()}
