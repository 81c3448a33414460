"""The standard's operators as bounds, one line each. Source: ODCS 3.1, "Valid Properties for Operator"."""

from __future__ import annotations

from collections.abc import Callable

from partition_gate.checks.compiling.drafts import CannotExecute
from partition_gate.checks.counts import Bounds
from partition_gate.contract.model import Operator

_PERCENT = frozenset({"percent", "percentage", "%"})
_ROWS = frozenset({"rows", "row", "count"})


def bounds_of(operator: Operator | None, *, unit: str = "rows") -> Bounds:
    """The bounds that an operator puts on a number.

    `mustBeBetween` excludes its bounds ("must be between the two numbers"), so `mustNotBeBetween` allows them.

    Raises:
        CannotExecute: there is no operator, a bound is not a number, or the unit is unknown.
    """
    if operator is None:
        raise CannotExecute("the rule has no operator; add one such as mustBe or mustBeLessThan")
    if unit not in _PERCENT | _ROWS:
        raise CannotExecute(f"unit {unit!r} is not known; use rows or percent")
    numbers = [bound for bound in operator.bounds if isinstance(bound, int | float) and not isinstance(bound, bool)]
    if len(operator.bounds) != (wanted := 2 if operator.name.endswith("Between") else 1):
        raise CannotExecute(f"{operator.name} has {len(operator.bounds)} bounds; write {wanted}")
    if len(numbers) != len(operator.bounds):
        raise CannotExecute(f"{operator.name} {operator.bounds[0]!r} is not a number; write a number")
    return _OPERATORS[operator.name](numbers).model_copy(update={"is_percent": unit in _PERCENT})


def _between(numbers: list[float | int]) -> Bounds:
    low, high = sorted(numbers)
    return Bounds(low=low, high=high, low_is_exclusive=True, high_is_exclusive=True)


_OPERATORS: dict[str, Callable[[list[float | int]], Bounds]] = {
    "mustBe": lambda n: Bounds(low=n[0], high=n[0]),
    "mustNotBe": lambda n: Bounds(low=n[0], high=n[0], negated=True),
    "mustBeGreaterThan": lambda n: Bounds(low=n[0], low_is_exclusive=True),
    "mustBeGreaterOrEqualTo": lambda n: Bounds(low=n[0]),
    "mustBeLessThan": lambda n: Bounds(high=n[0], high_is_exclusive=True),
    "mustBeLessOrEqualTo": lambda n: Bounds(high=n[0]),
    "mustBeBetween": _between,
    "mustNotBeBetween": lambda n: _between(n).model_copy(update={"negated": True}),
}
OPERATORS = tuple(_OPERATORS)
