"""What keeps a check from being sent to Great Expectations, so that it cannot pass by accident nor break others."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import duckdb

from partition_gate.adapters.gx.duckdb.nested_files import types_at
from partition_gate.adapters.gx.duckdb.parquet_files import NO_TYPE, READ_ERRORS
from partition_gate.adapters.gx.duckdb.scan import Scanned, create_reference_view
from partition_gate.adapters.gx.execution.suite_file import (
    ABOUT_FILES,
    COLUMN_EXISTS,
    FILES_TYPE_COLUMN,
    FILES_TYPE_FIELD,
    IN_REFERENCE,
    IN_REFERENCE_TOGETHER,
    INNER_RULE,
    Planned,
)
from partition_gate.adapters.gx.expectations.partition import name_some
from partition_gate.judging.validation import Errored, Unknown

Obstacle = Unknown | Errored


class Obstacles:
    """Looks at the checks of one validation; creates the views over the referenced datasets on its way."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, partition: Scanned, planned: Iterable[Planned]) -> None:
        self._connection = connection
        self._partition = partition
        self._suite = tuple(planned)
        self._mistyped = dict(_mistyped_columns(partition, self._suite))
        self._references: dict[str, str | None] = {}

    def before(self, planned: Planned) -> Obstacle | None:
        """The first obstacle, or None if the check can be run."""
        looks: tuple[Callable[[Planned], Obstacle | None], ...] = (
            self._fault,
            self._bad_pattern,
            self._unsound_column,
            self._unsound_field,
            self._unread_reference,
        )
        return next((found for look in looks if (found := look(planned)) is not None), None)

    def _fault(self, planned: Planned) -> Obstacle | None:
        fault = planned.fault()
        return None if fault is None else Errored(rule_id=planned.rule_id, why=fault)

    def _bad_pattern(self, planned: Planned) -> Obstacle | None:
        # One bad pattern would make the one SELECT fail for every rule in it.
        for pattern in planned.patterns:
            try:
                self._connection.execute("SELECT regexp_matches('', ?)", [pattern])
            except duckdb.Error as error:
                why = f"the pattern is not an RE2 regular expression: {str(error).splitlines()[0]}"
                return Errored(rule_id=planned.rule_id, why=why)
        return None

    def _unsound_column(self, planned: Planned) -> Obstacle | None:
        if planned.type in ABOUT_FILES:
            return None
        for column in planned.columns:
            if planned.type == COLUMN_EXISTS and column not in self._partition.columns:
                continue  # it is in no file, and the check says so
            if lacking := self._partition.lacking(column):
                return Unknown(rule_id=planned.rule_id, why=f"column {column} is missing in {name_some([*lacking])}")
            if column in self._mistyped:
                why = f"column {column} has another type: {self._mistyped[column]}"
                return Unknown(rule_id=planned.rule_id, why=why)
        return None

    def _unsound_field(self, planned: Planned) -> Obstacle | None:
        why = why_unsound(self._partition, planned, self._suite) if planned.type == INNER_RULE else None
        return None if why is None else Unknown(rule_id=planned.rule_id, why=why)

    def _unread_reference(self, planned: Planned) -> Obstacle | None:
        if planned.type not in {IN_REFERENCE, IN_REFERENCE_TOGETHER}:
            return None
        dataset = str(planned.kwargs["reference_dataset"])
        if dataset not in self._references:
            self._references[dataset] = self._open_reference(dataset)
        why = self._references[dataset]
        return None if why is None else Errored(rule_id=planned.rule_id, why=why)

    def _open_reference(self, dataset: str) -> str | None:
        files = next((one for one in self._partition.scan.references if one.dataset == dataset and one.paths), None)
        if files is None:
            return f"{dataset} has no published version; run it first"
        try:
            create_reference_view(self._connection, files)
        except READ_ERRORS as error:
            return f"the published files of {dataset} cannot be read ({type(error).__name__}); look at the warehouse"
        return None


def _mistyped_columns(partition: Scanned, planned: Iterable[Planned]) -> Iterable[tuple[str, str]]:
    for one in planned:
        if one.type == FILES_TYPE_COLUMN and one.fault() is None:
            column = one.kwargs["column"]
            if found := partition.mistyped(column, one.kwargs["type_list"]):
                yield column, name_some([f"{kind} in {source}" for source, kind in found])


def why_unsound(partition: Scanned, planned: Planned, suite: Iterable[Planned]) -> str | None:
    """Why a rule inside of a column cannot be judged: something on its way is missing, or has another type."""
    column, path, rule = (planned.kwargs[name] for name in ("column", "path", "rule"))
    ways = [path[: i + 1] for i in range(len(path))] + [[*path, name] for name in rule.get("fields", ())]
    promised = {tuple(one.kwargs["path"]): one.kwargs["type_list"] for one in suite if _types_field(one, column)}
    for way in ways:
        for source, kind in types_at(partition, column, way):
            if kind is None:
                return f"{'.'.join((column, *way))} is missing in {source}"
            if kind not in (*promised.get(tuple(way), (kind,)), NO_TYPE):
                return f"{'.'.join((column, *way))} has another type: {kind} in {source}"
    return None


def _types_field(planned: Planned, column: str) -> bool:
    return planned.type == FILES_TYPE_FIELD and planned.kwargs.get("column") == column
