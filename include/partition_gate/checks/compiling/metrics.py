"""Compiles library metrics: one small function per metric, using a core expectation if it has the same meaning.

Every metric counts rows; percent is relative to all rows of the partition. Source: ODCS 3.1, "Metrics".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

from partition_gate.checks.compiling.bounds import bounds_of
from partition_gate.checks.compiling.column import pattern_of
from partition_gate.checks.compiling.drafts import CannotExecute
from partition_gate.checks.counts import (
    Bounds,
    DuplicateCount,
    DuplicateTogetherCount,
    InvalidCount,
    MissingCount,
    RowCountWithin,
)
from partition_gate.checks.expectations import Expectation, RowCount, Unique, UniqueTogether
from partition_gate.checks.promises import OverWindow
from partition_gate.checks.values import InSet, Matches, NotNull
from partition_gate.contract.model import Dataset, LibraryRule
from partition_gate.core.display import listed
from partition_gate.core.units import in_words
from partition_gate.core.values import ListedValue

Compiled = tuple[Expectation, str, str]  # (expectation, expected, dimension)


def compile_metric(rule: LibraryRule, *, bounds: Bounds | None = None) -> Compiled:
    """The rule's expectation; `bounds` overrides its operator. Raises: CannotExecute."""
    compiler, arguments = _METRICS.get(rule.metric, (None, ()))
    if compiler is None:
        raise CannotExecute(f"metric {rule.metric!r} is not known; use one of {', '.join(_METRICS)}")
    unknown = [argument.name for argument in rule.arguments if argument.name not in arguments]
    if unknown:
        hint = f"its arguments are {', '.join(sorted(arguments))}" if arguments else "remove it"
        raise CannotExecute(f"{rule.metric} has no argument {', '.join(unknown)}; {hint}")
    return compiler(rule, bounds or bounds_of(rule.operator, unit=rule.unit))


def _require_columns(rule: LibraryRule, dataset: Dataset) -> None:
    known = {column.name for column in dataset.columns}
    names = next((argument.value for argument in rule.arguments if argument.name == "properties"), ())
    for name in names if isinstance(names, tuple) else ():
        if str(name).partition(".")[0] not in known:
            raise CannotExecute(f"{name!r} is not a property; name one of the properties")


def _null_values(rule: LibraryRule, bounds: Bounds) -> Compiled:
    column = _column(rule)
    if bounds.allow_none:
        return NotNull(column=column), "no nulls", "completeness"
    if bounds.is_percent and bounds.only_above and bounds.high is not None and 0 < bounds.high <= 100:
        start = "less than" if bounds.high_is_exclusive else "at most"
        expected = f"{start} {Decimal(str(bounds.high))} % null"
        return NotNull(column=column, mostly=_mostly(bounds)), expected, "completeness"
    return MissingCount(column=column, missing=(None,), bounds=bounds), bounds.sentence("with a null"), "completeness"


def _missing_values(rule: LibraryRule, bounds: Bounds) -> Compiled:
    missing = _values(rule, "missingValues")
    if missing is None or missing == (None,):
        return _null_values(rule, bounds)
    counted = MissingCount(column=_column(rule), missing=missing, bounds=bounds)
    return counted, bounds.sentence(f"with a missing value ({_listed(missing)})"), "completeness"


def _invalid_values(rule: LibraryRule, bounds: Bounds) -> Compiled:
    column, values = _column(rule), _values(rule, "validValues")
    text = next((str(argument.value) for argument in rule.arguments if argument.name == "pattern"), None)
    pattern = None if text is None else pattern_of(text)
    if values is None and pattern is None:
        raise CannotExecute("invalidValues needs the argument validValues or pattern; add one")
    known = tuple(value for value in values or () if value is not None)  # a null is never invalid
    if bounds.allow_none and pattern is None:
        return InSet(column=column, values=known), "no value outside the set", "conformity"
    if bounds.allow_none and values is None and pattern is not None:
        return Matches(column=column, pattern=pattern), f"every value matches {text}", "conformity"
    invalid = [f"not one of {_listed(known)}"] if values is not None else []
    invalid += [f"not matching {text}"] if text is not None else []
    counted = InvalidCount(column=column, values=None if values is None else known, pattern=pattern, bounds=bounds)
    return counted, bounds.sentence(f"with an invalid value ({' or '.join(invalid)})"), "conformity"


def _duplicate_values(rule: LibraryRule, bounds: Bounds) -> Compiled:
    names = _values(rule, "properties")
    columns = (_column(rule),) if names is None else tuple(str(name) for name in names)
    if len(columns) == 1:
        if bounds.allow_none:
            return Unique(column=columns[0]), "values are unique", "uniqueness"
        counted = DuplicateCount(column=columns[0], bounds=bounds)
        return counted, bounds.sentence("with a duplicate value"), "uniqueness"
    if bounds.allow_none:
        return UniqueTogether(columns=columns), f"combinations of {', '.join(columns)} are unique", "uniqueness"
    together = DuplicateTogetherCount(columns=columns, bounds=bounds)
    return together, bounds.sentence(f"with a duplicate combination of {', '.join(columns)}"), "uniqueness"


def _row_count(rule: LibraryRule, bounds: Bounds) -> Compiled:
    if bounds.is_percent or rule.column is not None:
        raise CannotExecute("rowCount counts the rows of an object; remove the unit and move the rule to the object")
    if bounds.negated or bounds.is_open:
        return RowCountWithin(bounds=bounds), bounds.sentence(""), "completeness"
    return RowCount(low=_lowest(bounds), high=_highest(bounds)), bounds.sentence(""), "completeness"


def _lowest(bounds: Bounds) -> int | None:
    """The smallest whole number within the bounds."""
    if bounds.low is None:
        return None
    return math.floor(bounds.low) + 1 if bounds.low_is_exclusive else math.ceil(bounds.low)


def _highest(bounds: Bounds) -> int | None:
    """The largest whole number within the bounds."""
    if bounds.high is None:
        return None
    return math.ceil(bounds.high) - 1 if bounds.high_is_exclusive else math.floor(bounds.high)


def _mostly(bounds: Bounds) -> float:
    """The minimum fraction of valid values for which GX's `successes / values >= mostly` is exact at the bound."""
    fraction = float(1 - Decimal(str(bounds.high)) / 100)
    return math.nextafter(fraction, 2) if bounds.high_is_exclusive else fraction


def _values(rule: LibraryRule, name: str) -> tuple[ListedValue, ...] | None:
    value = next((argument.value for argument in rule.arguments if argument.name == name), None)
    if value is None:
        return None
    if not isinstance(value, tuple) or not value:
        raise CannotExecute(f"{name} must be a list of values; write [..., ...]")
    return value


def _column(rule: LibraryRule) -> str:
    if rule.column is None:
        raise CannotExecute(f"{rule.metric} is about a column; move the rule to one of the properties")
    return rule.column


def _listed(values: tuple[ListedValue, ...]) -> str:
    return listed(["null" if value is None else repr(value) for value in values], 8)


_METRICS: dict[str, tuple[Callable[[LibraryRule, Bounds], Compiled], tuple[str, ...]]] = {
    "nullValues": (_null_values, ()),
    "missingValues": (_missing_values, ("missingValues",)),
    "invalidValues": (_invalid_values, ("validValues", "pattern")),
    "duplicateValues": (_duplicate_values, ("properties",)),
    "rowCount": (_row_count, ()),
}
METRICS = tuple(_METRICS)
METRIC_ARGUMENTS = {metric: arguments for metric, (_, arguments) in _METRICS.items()}
# Metrics that can be summed over partitions.
ADDITIVE = ("nullValues", "missingValues", "invalidValues", "rowCount")


def compile_window(rule: LibraryRule, dataset: Dataset) -> tuple[Compiled, OverWindow | None]:
    """The rule's expectation and its window, which then has the bounds instead. Raises: CannotExecute."""
    compiled = compile_metric(rule)
    _require_columns(rule, dataset)
    if rule.window is None:
        return compiled, None
    if rule.metric not in ADDITIVE:
        known = ", ".join(ADDITIVE)
        raise CannotExecute(
            f"{rule.metric} cannot be summed over partitions; metrics that can have a window are {known}"
        )
    if not dataset.location.segments:
        raise CannotExecute("a window needs partitions by day or hour, but the location has none; remove the window")
    _, expected, dimension = compiled
    counted, *_ = compile_metric(rule, bounds=Bounds())
    window = OverWindow(
        span=rule.window,
        counts="element_count" if rule.metric == "rowCount" else "unexpected_count",
        bounds=bounds_of(rule.operator, unit=rule.unit),
    )
    return (counted, f"{expected}, over {in_words(rule.window)}", dimension), window
