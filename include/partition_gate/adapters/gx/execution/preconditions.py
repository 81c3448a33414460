"""Preconditions of checks. A check with an unmet one is not run: it could pass by accident, or break other checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import duckdb

from partition_gate.adapters.gx.duckdb.nested_files import types_at
from partition_gate.adapters.gx.duckdb.parquet_files import NO_TYPE, READ_ERRORS
from partition_gate.adapters.gx.duckdb.scan import Scanned, create_reference_view
from partition_gate.adapters.gx.duckdb.sql_rules import SqlRules
from partition_gate.adapters.gx.execution.suite_file import (
    ABOUT_FILES,
    COLUMN_EXISTS,
    FILES_TYPE_COLUMN,
    FILES_TYPE_FIELD,
    IN_REFERENCE,
    IN_REFERENCE_TOGETHER,
    INNER_RULE,
    SQL_VALUE,
    Planned,
)
from partition_gate.adapters.gx.expectations.partition import name_some
from partition_gate.checks.compiling.dialects import may_be_foreign, nearest_form
from partition_gate.judging.validation import Errored, NotJudged, Unknown

Unmet = Unknown | Errored | NotJudged


class Preconditions:
    """Examines the checks of one validation, and creates the views over the datasets that they refer to."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        partition: Scanned,
        planned: Iterable[Planned],
        sql_rules: SqlRules,
    ) -> None:
        self._sql_rules = sql_rules
        self._connection = connection
        self._partition = partition
        self._suite = tuple(planned)
        self._mistyped = dict(_mistyped_columns(partition, self._suite))
        self._references: dict[str, str | None] = {}

    def first_unmet(self, planned: Planned) -> Unmet | None:
        """The first unmet precondition, or None if the check can be run."""
        preconditions: tuple[Callable[[Planned], Unmet | None], ...] = (
            self._fault,
            self._bad_pattern,
            self._query_of_another_engine,
            self._missing_or_mistyped_column,
            self._missing_or_mistyped_field,
            self._unreadable_reference,
        )
        return next((unmet for check in preconditions if (unmet := check(planned)) is not None), None)

    def _fault(self, planned: Planned) -> Unmet | None:
        fault = planned.fault()
        return None if fault is None else Errored(rule_id=planned.rule_id, why=fault)

    def _bad_pattern(self, planned: Planned) -> Unmet | None:
        # One invalid pattern would make the single SELECT fail for every rule in it.
        for pattern in planned.patterns:
            try:
                self._connection.execute("SELECT regexp_matches('', ?)", [pattern])
            except duckdb.Error as error:
                why = f"the pattern is not an RE2 regular expression: {str(error).splitlines()[0]}"
                return Errored(rule_id=planned.rule_id, why=why)
        return None

    def _query_of_another_engine(self, planned: Planned) -> Unmet | None:
        """A query that DuckDB cannot plan and another dialect explains is not executable; lint warns of it."""
        if planned.type != SQL_VALUE:
            return None
        table, query = self._partition.scan.table, str(planned.kwargs["query"])
        why = self._sql_rules.why_unplanned(table, query)
        if why is None:
            return None
        if not may_be_foreign(why):
            return Errored(rule_id=planned.rule_id, why=why)  # running it would only reach the same limit again
        tables = (table.name, f"{table.name}_published")
        found = nearest_form(query, tables, lambda text: self._sql_rules.why_unplanned(table, text) is None)
        return NotJudged(rule_id=planned.rule_id, why=f"{why}; it is {found[0]} SQL: see gate lint") if found else None

    def _missing_or_mistyped_column(self, planned: Planned) -> Unmet | None:
        if planned.type in ABOUT_FILES:
            return None
        for column in planned.columns:
            if planned.type == COLUMN_EXISTS and column not in self._partition.columns:
                continue  # it is in no file, which this check itself reports
            if repeating := self._partition.repeating(column):
                why = f"several columns are named {column} in {name_some([*repeating])}"
                return Unknown(rule_id=planned.rule_id, why=why)
            if lacking := self._partition.lacking(column):
                return Unknown(rule_id=planned.rule_id, why=f"column {column} is missing in {name_some([*lacking])}")
            if column in self._mistyped:
                why = f"column {column} has another type: {self._mistyped[column]}"
                return Unknown(rule_id=planned.rule_id, why=why)
        return None

    def _missing_or_mistyped_field(self, planned: Planned) -> Unmet | None:
        why = why_not_judged(self._partition, planned, self._suite) if planned.type == INNER_RULE else None
        return None if why is None else Unknown(rule_id=planned.rule_id, why=why)

    def _unreadable_reference(self, planned: Planned) -> Unmet | None:
        if planned.type not in {IN_REFERENCE, IN_REFERENCE_TOGETHER}:
            return None
        dataset = str(planned.kwargs["reference_dataset"])
        if dataset not in self._references:
            self._references[dataset] = self._open_reference(dataset)
        why = self._references[dataset]
        return None if why is None else Errored(rule_id=planned.rule_id, why=why)

    def _open_reference(self, dataset: str) -> str | None:
        references = self._partition.scan.references
        files = next((each for each in references if each.dataset == dataset and each.paths), None)
        if files is None:
            return f"{dataset} has no published version; publish it first: `gate watch`, or `gate run` with a key"
        try:
            create_reference_view(self._connection, files)
        except READ_ERRORS as error:
            return f"the published files of {dataset} cannot be read ({type(error).__name__}); check the warehouse"
        return None


def _mistyped_columns(partition: Scanned, planned: Iterable[Planned]) -> Iterable[tuple[str, str]]:
    for check in planned:
        if check.type == FILES_TYPE_COLUMN and check.fault() is None:
            column = check.kwargs["column"]
            if mistyped := partition.mistyped(column, check.kwargs["type_list"]):
                yield column, name_some([f"{kind} in {source}" for source, kind in mistyped])


def why_not_judged(partition: Scanned, planned: Planned, suite: Iterable[Planned]) -> str | None:
    """Why a rule inside a column cannot be judged: a field on its path is missing or has another type."""
    column, path, rule = (planned.kwargs[name] for name in ("column", "path", "rule"))
    fields = [path[: i + 1] for i in range(len(path))] + [[*path, name] for name in rule.get("fields", ())]
    typed = [check for check in suite if _types_field(check, column)]
    promised = {tuple(check.kwargs["path"]): check.kwargs["type_list"] for check in typed}
    for field in fields:
        for source, kind in types_at(partition, column, field):
            if kind is None:
                return f"{'.'.join((column, *field))} is missing in {source}"
            if kind not in (*promised.get(tuple(field), (kind,)), NO_TYPE):
                return f"{'.'.join((column, *field))} has another type: {kind} in {source}"
    return None


def _types_field(planned: Planned, column: str) -> bool:
    return planned.type == FILES_TYPE_FIELD and planned.kwargs.get("column") == column
