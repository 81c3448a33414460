"""Checks of quality rules, by their type."""

from __future__ import annotations

import json

from partition_gate.compile_metrics import compile_metric
from partition_gate.compile_sql import compile_sql
from partition_gate.contract import Contract, CustomRule, LibraryRule, QualityRule, SqlRule, TextRule
from partition_gate.drafts import Draft, NotExecutable, Unfit
from partition_gate.suite import Core, Expectation, RowCount, Scope
from partition_gate.suite_counts import (
    DuplicateCount,
    DuplicateTogetherCount,
    InvalidCount,
    MissingCount,
    RowCountWithin,
    SqlValue,
)

_ROW_LEVEL = (
    *("expect_column_values_", "expect_column_value_lengths_", "expect_column_pair_values_"),
    *("expect_multicolumn_values_", "expect_select_column_values_", "expect_compound_columns_"),
)


def compile_rule(rule: QualityRule, contract: Contract) -> Draft | NotExecutable | None:
    """The rule's check; None for a text, which is for people."""
    try:
        match rule:
            case TextRule():
                return None
            case SqlRule():
                expectation, expected, dimension = compile_sql(rule, contract)
            case CustomRule():
                expectation, expected, dimension = _custom(rule)
            case LibraryRule():
                expectation, expected, dimension = compile_metric(rule)
    except Unfit as unfit:
        return NotExecutable(clause=rule.path, why=str(unfit))
    return Draft(
        name=rule.id,
        clause=rule.path,
        expectation=expectation,
        dimension=rule.dimension or dimension,
        scope=_scope(expectation),
        expected=expected,
        severity=rule.severity,
        description=rule.description,
        business_impact=rule.business_impact,
    )


def _custom(rule: CustomRule) -> tuple[Expectation, str, str]:
    if rule.engine.replace("-", "").replace("_", "").lower() != "greatexpectations":
        raise Unfit(f"engine {rule.engine!r} is not executable here; greatExpectations is")
    try:
        body = json.loads(rule.implementation)
        type_, kwargs = str(body["type"]), dict(body.get("kwargs") or {})
    except (ValueError, KeyError, TypeError):
        raise Unfit("implementation needs `type` and `kwargs` of one expectation") from None
    if rule.column is not None:
        kwargs.setdefault("column", rule.column)
    core = Core(type=_snake(type_), kwargs=json.dumps(kwargs, sort_keys=True))
    return core, rule.description or _snake(type_).replace("_", " "), "conformity"


def _snake(name: str) -> str:
    if "_" in name:
        return name
    text = "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
    return text if text.startswith("expect_") else f"expect_{text}"


def _scope(expectation: Expectation) -> Scope:
    match expectation:
        case RowCount() | RowCountWithin() | SqlValue():
            return Scope.PARTITION
        case Core(type=type_):
            return Scope.ROW if type_.startswith(_ROW_LEVEL) else Scope.PARTITION
        case MissingCount() | InvalidCount() | DuplicateCount() | DuplicateTogetherCount():
            # Too many rows: those are quarantined. Too few: there is no row to blame.
            return Scope.ROW if expectation.bounds.only_above else Scope.PARTITION
    return Scope.ROW
