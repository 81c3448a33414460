"""Checks of quality rules: one small function a metric, found by its name."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from decimal import Decimal

from partition_gate.compile_column import pattern_of
from partition_gate.contract import CustomRule, LibraryRule, QualityRule, SqlRule, TextRule
from partition_gate.drafts import Draft, NotExecutable, Unfit
from partition_gate.suite import (
    Core,
    Expectation,
    InSet,
    Matches,
    NotNull,
    RowCount,
    Scope,
    Unique,
    UniqueTogether,
)

_ROW_LEVEL = ("expect_column_values_", "expect_column_value_lengths_", "expect_column_pair_values_")
_ROW_LEVEL_TOO = ("expect_multicolumn_values_", "expect_select_column_values_", "expect_compound_columns_")


def compile_rule(rule: QualityRule) -> Draft | NotExecutable | None:
    """The rule's check; None for a text, which is for people."""
    try:
        match rule:
            case TextRule():
                return None
            case SqlRule():
                return NotExecutable(clause=rule.path, why="type sql is not executable yet")
            case CustomRule():
                expectation, expected, dimension = _custom(rule)
            case LibraryRule():
                expectation, expected, dimension = _library(rule)
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


def _library(rule: LibraryRule) -> tuple[Expectation, str, str]:
    compiler = _METRICS.get(rule.metric)
    if compiler is None:
        raise Unfit(f"metric {rule.metric!r} is not executable yet")
    return compiler(rule)


def _null_values(rule: LibraryRule) -> tuple[Expectation, str, str]:
    if rule.arguments:
        raise Unfit(f"arguments of {rule.metric} are not executable yet")
    mostly, expected = _tolerance(rule)
    return NotNull(column=_column(rule), mostly=mostly), f"{expected} null", "completeness"


def _invalid_values(rule: LibraryRule) -> tuple[Expectation, str, str]:
    arguments = {argument.name: argument.value for argument in rule.arguments}
    mostly, expected = _tolerance(rule)
    match arguments:
        case {"validValues": tuple(values), **rest} if not rest:
            return (
                InSet(column=_column(rule), values=values, mostly=mostly),
                f"{expected} outside the set",
                "conformity",
            )
        case {"pattern": str(pattern), **rest} if not rest:
            fits = Matches(column=_column(rule), pattern=pattern_of(pattern), mostly=mostly)
            return fits, f"{expected} that do not match {pattern}", "conformity"
    raise Unfit("invalidValues needs exactly one argument, validValues or pattern")


def _duplicate_values(rule: LibraryRule) -> tuple[Expectation, str, str]:
    if _tolerance(rule)[0] != 1:
        raise Unfit("duplicateValues with a tolerance is not executable yet")
    properties = next((a.value for a in rule.arguments if a.name == "properties"), None)
    if isinstance(properties, tuple):
        columns = tuple(str(name) for name in properties)
        return UniqueTogether(columns=columns), f"no combination of {', '.join(columns)} twice", "uniqueness"
    return Unique(column=_column(rule)), "no value twice", "uniqueness"


def _row_count(rule: LibraryRule) -> tuple[Expectation, str, str]:
    if rule.unit not in {"rows", "row"} or rule.column is not None:
        raise Unfit("rowCount counts the rows of an object; remove the unit and put it at object level")
    low, high = _count_bounds(rule)
    return RowCount(low=low, high=high), _count_sentence(low, high), "completeness"


def _count_bounds(rule: LibraryRule) -> tuple[int | None, int | None]:
    """Inclusive bounds of a count. `mustBeBetween` is exclusive: "must be between the two numbers" (ODCS 3.1)."""
    if rule.operator is None:
        raise Unfit("the rule has no operator; add mustBe, mustBeLessThan ...")
    numbers = [float(bound) for bound in rule.operator.bounds if isinstance(bound, int | float)]
    match rule.operator.name, numbers:
        case "mustBe", [n]:
            return math.ceil(n), math.floor(n)
        case "mustBeGreaterThan", [n]:
            return math.floor(n) + 1, None
        case "mustBeGreaterOrEqualTo", [n]:
            return math.ceil(n), None
        case "mustBeLessThan", [n]:
            return None, math.ceil(n) - 1
        case "mustBeLessOrEqualTo", [n]:
            return None, math.floor(n)
        case "mustBeBetween", [low, high]:
            return math.floor(low) + 1, math.ceil(high) - 1
    raise Unfit(f"{rule.operator.name} on rowCount is not executable yet")


def _count_sentence(low: int | None, high: int | None) -> str:
    if low == high:
        return f"exactly {low:,} rows"
    parts = [f"at least {low:,}" if low is not None else "", f"at most {high:,}" if high is not None else ""]
    return " and ".join(part for part in parts if part) + " rows"


def _tolerance(rule: LibraryRule) -> tuple[float, str]:
    """The least share of values that must hold, and the sentence's beginning.

    The share is taken in decimal, so that GX's `successes / values >= mostly` is exact at the bound; an exclusive
    bound is the next float above it.
    """
    name, bounds = (rule.operator.name, rule.operator.bounds) if rule.operator else ("mustBe", (0,))
    bound = Decimal(str(bounds[0]))
    zero = bound == 0 and name in {"mustBe", "mustBeLessOrEqualTo"}
    if zero or (name == "mustBeLessThan" and rule.unit == "rows" and bound == 1):
        return 1.0, "no value"
    if rule.unit not in {"percent", "%"} or not 0 < bound <= 100:
        raise Unfit(f"{name} {bounds[0]} {rule.unit} on {rule.metric} is not executable yet; bounds in percent are")
    share = float(1 - bound / 100)
    match name:
        case "mustBeLessOrEqualTo":
            return share, f"at most {bound} %"
        case "mustBeLessThan":
            return math.nextafter(share, 2), f"less than {bound} %"
    raise Unfit(f"{name} on {rule.metric} is not executable yet")


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
        case RowCount():
            return Scope.PARTITION
        case Core(type=type_):
            return Scope.ROW if type_.startswith(_ROW_LEVEL + _ROW_LEVEL_TOO) else Scope.PARTITION
    return Scope.ROW


def _column(rule: LibraryRule) -> str:
    if rule.column is None:
        raise Unfit(f"{rule.metric} is about a column; put it under one of the properties")
    return rule.column


_METRICS: dict[str, Callable[[LibraryRule], tuple[Expectation, str, str]]] = {
    "nullValues": _null_values,
    "missingValues": _null_values,
    "invalidValues": _invalid_values,
    "duplicateValues": _duplicate_values,
    "rowCount": _row_count,
}
