"""Compiles quality rules to checks, by their type."""

from __future__ import annotations

import json

from partition_gate.checks.compiling.custom import custom_expectation
from partition_gate.checks.compiling.drafts import CannotExecute, Draft, NotExecutable
from partition_gate.checks.compiling.metrics import compile_window
from partition_gate.checks.compiling.nested import at_path
from partition_gate.checks.compiling.sql import compile_sql
from partition_gate.checks.counts import (
    DuplicateCount,
    DuplicateTogetherCount,
    InvalidCount,
    MissingCount,
    RowCountWithin,
    SqlValue,
)
from partition_gate.checks.expectations import Core, Expectation, RowCount
from partition_gate.checks.promises import Promise
from partition_gate.contract.model import CustomRule, Dataset, LibraryRule, QualityRule, SqlRule, TextRule
from partition_gate.contract.nested_columns import Path, inner_columns
from partition_gate.core.severity import Scope

_ROW_LEVEL = (
    *("expect_column_values_", "expect_column_value_lengths_", "expect_column_pair_values_"),
    *("expect_multicolumn_values_", "expect_select_column_values_", "expect_compound_columns_"),
)
# Great Expectations names these like row-level rules, but does not return the rows that break them.
_PARTITION_LEVEL = ("_to_be_of_type", "_to_be_in_type_list", "_to_be_increasing", "_to_be_decreasing", "_outliers")


def compile_rule(rule: QualityRule, dataset: Dataset) -> Draft | NotExecutable | None:
    """The rule's check; None for a rule of type text."""
    if isinstance(rule, TextRule):
        return None
    try:
        (expectation, expected, dimension), promise = _compiled(rule, dataset)
    except CannotExecute as error:
        return NotExecutable(clause=rule.path, why=str(error))
    draft = Draft(
        name=rule.id,
        clause=rule.path,
        expectation=expectation,
        dimension=rule.dimension or dimension,
        scope=Scope.SLA if promise else _scope(expectation),
        expected=expected,
        severity=rule.severity,
        description=rule.description,
        business_impact=rule.business_impact,
        promise=promise,
    )
    place = _inside(dataset, rule.column)
    return draft if place is None else at_path(draft, column=place[0], path=place[1])


def _compiled(
    rule: SqlRule | CustomRule | LibraryRule, dataset: Dataset
) -> tuple[tuple[Expectation, str, str], Promise | None]:
    match rule:
        case SqlRule():
            return compile_sql(rule, dataset), None
        case CustomRule():
            expectation = custom_expectation(rule.engine, rule.implementation, column=rule.column)
            return (expectation, rule.description or _in_words(expectation), "conformity"), None
        case LibraryRule():
            return compile_window(rule, dataset)


def _in_words(expectation: Core) -> str:
    """`column values to be between (min_value 80)`: what a rule without a description expects."""
    arguments = json.loads(expectation.kwargs)
    given = ", ".join(f"{name} {value}" for name, value in arguments.items() if not name.startswith("column"))
    words = expectation.type.removeprefix("expect_").replace("_", " ")
    return f"{words} ({given})" if given else words


def _inside(dataset: Dataset, column: str | None) -> tuple[str, Path] | None:
    """The top-level column and the path of the inner column that a rule names; None if it names a top-level column."""
    for top in dataset.columns:
        for path, inner in inner_columns(top):
            if inner.name == column:
                return top.name, path
    return None


def _scope(expectation: Expectation) -> Scope:
    match expectation:
        case RowCount() | RowCountWithin() | SqlValue():
            return Scope.PARTITION
        case Core(type=type_):
            is_row_level = type_.startswith(_ROW_LEVEL) and not type_.endswith(_PARTITION_LEVEL)
            return Scope.ROW if is_row_level else Scope.PARTITION
        case MissingCount() | InvalidCount() | DuplicateCount() | DuplicateTogetherCount():
            # Too many rows: quarantine them. Too few: no single row is at fault.
            return Scope.ROW if expectation.bounds.only_above else Scope.PARTITION
    return Scope.ROW
