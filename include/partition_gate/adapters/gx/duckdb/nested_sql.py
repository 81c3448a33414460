"""SQL of rules on fields inside a column. A row breaks such a rule if any value at the path does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from partition_gate.adapters.gx.duckdb.sql import is_multiple, literal
from partition_gate.core.values import ITEMS, KEYS, VALUES

Rule = Mapping[str, Any]
_LISTS = {ITEMS: "{}", KEYS: "map_keys({})", VALUES: "map_values({})"}


def breaks(value: str, path: Sequence[str], rule: Rule, *, depth: int = 0) -> str:
    """SQL: whether any value at the path breaks the rule; FALSE, never NULL, if there is no value."""
    if not path:
        return _breaks(value, rule)
    step, rest = path[0], path[1:]
    if step not in _LISTS:
        inner = breaks(f"struct_extract({value}, {literal(step)})", rest, rule, depth=depth)
        return f"({value} IS NOT NULL AND {inner})"
    item = f"_gate_item_{depth}"
    broken = f"list_filter({_LISTS[step].format(value)}, lambda {item}: {breaks(item, rest, rule, depth=depth + 1)})"
    return f"coalesce(len({broken}) > 0, FALSE)"


def _breaks(value: str, rule: Rule) -> str:
    if rule["kind"] == "not_null":
        return f"({value} IS NULL)"
    return f"({value} IS NOT NULL AND NOT coalesce(({_CONDITIONS[rule['kind']](value, rule)}), FALSE))"


def _in_range(value: str, rule: Rule) -> str:
    low, high = (">" if rule.get("low_is_exclusive") else ">="), ("<" if rule.get("high_is_exclusive") else "<=")
    return _between(value, rule, low=low, high=high)


def _between(value: str, rule: Rule, *, low: str = ">=", high: str = "<=") -> str:
    bounds = [
        f"{value} {operator} {_bound(rule[name])}" for name, operator in (("low", low), ("high", high)) if name in rule
    ]
    return " AND ".join(bounds)


def _bound(bound: object) -> str:
    if not isinstance(bound, str):
        return literal(bound)
    try:
        moment = datetime.fromisoformat(bound)
    except ValueError:
        return literal(bound)
    return literal(moment if moment.tzinfo is not None else bound)


def _present_fields(value: str, rule: Rule) -> str:
    present = (f"(struct_extract({value}, {literal(name)}) IS NOT NULL)::INTEGER" for name in rule["fields"])
    return _between(f"({' + '.join(present)})", rule)


def _all_fields(value: str, rule: Rule) -> str:
    return " AND ".join(f"struct_extract({value}, {literal(name)}) IS NOT NULL" for name in rule["fields"])


def _unique_items(value: str, _rule: Rule) -> str:
    known = f"list_filter({value}, lambda _gate_known: _gate_known IS NOT NULL)"
    return f"len(list_distinct({value})) = len({known})"


_CONDITIONS: dict[str, Callable[[str, Rule], str]] = {
    "in_range": _in_range,
    "length_in_range": lambda value, rule: _between(f"length({value})", rule),
    "matches": lambda value, rule: f"regexp_matches({value}, {literal(rule['pattern'])})",
    "multiple_of": lambda value, rule: is_multiple(value, rule["divisor"]),
    "date_text": lambda value, rule: f"try_strptime({value}, {literal(rule['format'])}) IS NOT NULL",
    "in_set": lambda value, rule: f"{value} IN ({', '.join(map(literal, rule['values']))})",
    "item_count": lambda value, rule: _between(f"len({value})", rule),
    "unique_items": _unique_items,
    "field_count": _present_fields,
    "fields_not_null": _all_fields,
}
