"""Lint rules about quality rules: level, unit, operator and arguments of a metric."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from partition_gate.checks.compiling.bounds import OPERATORS
from partition_gate.checks.compiling.custom import custom_expectation as expectation_of
from partition_gate.checks.compiling.custom import is_great_expectations
from partition_gate.checks.compiling.drafts import CannotExecute
from partition_gate.checks.compiling.metrics import METRIC_ARGUMENTS
from partition_gate.contracts.lint.view import Known, Node, Placed, Problem, View, child, number, object_place, parts
from partition_gate.core.finding import Level
from partition_gate.core.nearest_words import did_you_mean, nearest, shown
from partition_gate.core.severity import Severity

_OF_COLUMNS = frozenset({"nullValues", "missingValues", "invalidValues"})
_UNITS = frozenset({"rows", "row", "percent", "%"})
_PERCENT = frozenset({"percent", "%"})


def severity_word(view: View, _known: Known) -> Iterator[Problem]:
    """A severity is error, warning or info."""
    words = [(f"{rule.place}.severity", rule.node.get("severity")) for rule in view.rules()]
    for relationship in view.relationships():
        for custom in parts(relationship.node, "customProperties", relationship.place):
            if custom.node.get("property") == "severity":
                words.append((f"{custom.place}.value", custom.node.get("value")))
    for place, word in words:
        if word is not None and str(word).lower() not in set(Severity):
            hint = did_you_mean(word, Severity) or f"use {', '.join(Severity)}"
            yield Problem(place, f"{shown(word)} is not known, so it counts as error; {hint}")


def row_count_unit(view: View, _known: Known) -> Iterator[Problem]:
    """rowCount counts rows and cannot be a percentage; other metrics use rows or percent."""
    for rule in view.rules():
        unit = str(rule.node.get("unit", "rows")).lower()
        if _metric(rule) == "rowCount" and unit in _PERCENT:
            yield Problem(f"{rule.place}.unit", "rowCount cannot be a percentage; write rows, or remove the unit")
        elif _is_library(rule) and unit not in _UNITS:
            hint = did_you_mean(unit, _UNITS) or "use rows or percent"
            yield Problem(f"{rule.place}.unit", f"{shown(rule.node['unit'])} is not a unit of a metric; {hint}")


def metric_level(view: View, _known: Known) -> Iterator[Problem]:
    """A metric is at the right level: rowCount at the object, metrics of values at a property."""
    for rule in view.rules():
        metric, place = _metric(rule), f"{rule.place}.{'metric' if 'metric' in rule.node else 'rule'}"
        if metric == "rowCount" and rule.column:
            yield Problem(place, "rowCount is about the object; move the rule to the quality of the object")
        elif metric in _OF_COLUMNS and not rule.column:
            yield Problem(place, f"{metric} is about a property; move the rule to that property")
        elif metric == "duplicateValues" and not rule.column and not child(rule.node, "arguments").get("properties"):
            yield Problem(place, "duplicateValues needs properties; add `arguments: {properties: [...]}`")


def one_operator(view: View, _known: Known) -> Iterator[Problem]:
    """A rule has exactly one operator (a warning if it has none; explicit in the standard since v3.1)."""
    for rule in view.rules():
        given = [name for name in OPERATORS if name in rule.node]
        if len(given) > 1:
            what = f"has several operators ({', '.join(given)}); keep one, or write several rules"
            yield Problem(rule.place, what)
        elif not given and rule.node.get("type", "library") in ("library", "sql"):
            what = f"has no operator, so it checks nothing; add one of {', '.join(OPERATORS)}"
            yield Problem(rule.place, what, Level.WARNING)


def operator_bound(view: View, _known: Known) -> Iterator[Problem]:
    """An operator's bounds are numbers (a warning), and neither impossible to meet nor unordered."""
    for rule in view.rules():
        for name in (operator for operator in OPERATORS if operator in rule.node):
            value, place = rule.node[name], f"{rule.place}.{name}"
            if what := _between(rule, value) if name.endswith("Between") else _single(rule, name, value):
                is_none = _is_library(rule) and not name.endswith("Between") and number(value) is None
                yield Problem(place, what, Level.WARNING if is_none else None)


def window_word(view: View, _known: Known) -> Iterator[Problem]:
    """A rule has no custom property that looks like a misspelt `window`."""
    for rule in view.rules():
        for custom in parts(rule.node, "customProperties", rule.place):
            name = custom.node.get("property")
            if name != "window" and nearest(name, ("window",)):
                what = f"{shown(name)} is not known, so the rule has no window; did you mean 'window'?"
                yield Problem(f"{custom.place}.property", what)


def rule_id(view: View, _known: Known) -> Iterator[Problem]:
    """The id of a rule is unique in its schema object."""
    places: dict[tuple[str, str], str] = {}
    for rule in view.rules():
        name, item = rule.node.get("id"), object_place(rule)
        if isinstance(name, str):
            if (item, name) in places:
                what = f"{shown(name)} is also the id of {places[item, name]}; rename one of them"
                yield Problem(f"{rule.place}.id", what)
            places.setdefault((item, name), rule.place)


def argument(view: View, _known: Known) -> Iterator[Problem]:
    """A metric has only its own arguments, and they name existing columns."""
    for rule in view.rules():
        known, given = METRIC_ARGUMENTS.get(_metric(rule)), child(rule.node, "arguments")
        for name in given if known is not None else ():
            if name not in (known or ()):
                allowed = f"its arguments are {', '.join(known)}" if known else "it has no arguments: remove it"
                place = f"{rule.place}.arguments.{name}"
                hint = did_you_mean(name, known or ()) or allowed
                yield Problem(place, f"{shown(name)} is not an argument of {_metric(rule)}; {hint}")
        yield from _unknown_columns(view, given, rule)


def custom_expectation(view: View, _known: Known) -> Iterator[Problem]:
    """A custom rule of greatExpectations uses an expectation that the gate can run."""
    for rule in view.rules():
        engine, body = rule.node.get("engine"), rule.node.get("implementation")
        if rule.node.get("type") == "custom" and is_great_expectations(engine) and isinstance(body, str | dict):
            try:
                expectation_of(str(engine), body, column=rule.column)
            except CannotExecute as error:
                yield Problem(f"{rule.place}.implementation", str(error))


def _unknown_columns(view: View, given: Node, rule: Placed) -> Iterator[Problem]:
    columns, names = view.columns_beside(rule), given.get("properties")
    for i, name in enumerate(names if isinstance(names, list) and columns else ()):
        if isinstance(name, str) and name.partition(".")[0] not in columns:
            hint = did_you_mean(name, columns) or "name one of the properties"
            what = f"{shown(name)} is not a property; {hint}"
            yield Problem(f"{rule.place}.arguments.properties[{i}]", what)


def _between(rule: Placed, value: Any) -> str | None:
    bounds = [number(item) for item in value] if isinstance(value, list) else []
    if len(bounds) != 2 or bounds[0] is None or bounds[1] is None:
        return None  # the schema reports it
    low, high = bounds[0], bounds[1]
    if low >= high:
        return f"{low} is not below {high}; write the smaller number first"
    counts_rows = _is_library(rule) and str(rule.node.get("unit", "rows")).lower() not in _PERCENT
    if counts_rows and math.floor(low) + 1 > math.ceil(high) - 1:
        return f"there is no whole number between {low} and {high} (both excluded); widen the range"
    return None


def _single(rule: Placed, name: str, value: Any) -> str | None:
    bound = number(value)
    if not _is_library(rule):
        return None
    if bound is None:
        return f"{shown(value)} is not a number; write a number to compare the metric with"
    is_percent = str(rule.node.get("unit", "rows")).lower() in _PERCENT
    low, high = 0, 100 if is_percent else math.inf
    never = {
        "mustBe": not low <= bound <= high,
        "mustBeGreaterThan": bound >= high,
        "mustBeGreaterOrEqualTo": bound > high,
        "mustBeLessThan": bound <= low,
        "mustBeLessOrEqualTo": bound < low,
    }
    span = "always between 0 and 100 %" if is_percent else "never negative"
    what = f"{name} {bound} can never be met, because the metric is {span}"
    return f"{what}; correct the bound" if never.get(name) else None


def _metric(rule: Placed) -> str:
    return str(rule.node.get("metric") or rule.node.get("rule") or "") if _is_library(rule) else ""


def _is_library(rule: Placed) -> bool:
    return bool(rule.node.get("type", "library") == "library")
