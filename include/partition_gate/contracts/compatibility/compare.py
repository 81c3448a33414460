"""Classifies a difference as a kind of change: one small function per clause, selected by owner and name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from partition_gate.contract.limits import OBJECT_PROPERTIES
from partition_gate.contract.model import CLASSIFIED_WORDS
from partition_gate.contracts.compatibility.differences import Difference
from partition_gate.contracts.compatibility.extent import (
    Extent,
    of_high_bounds,
    of_intervals,
    of_logical_types,
    of_low_bounds,
    of_operators,
    of_physical_types,
    of_ranges,
    of_sets,
)
from partition_gate.contracts.compatibility.terms import Node, Value
from partition_gate.contracts.odcs.servers import PATTERN
from partition_gate.core.units import duration, fraction
from partition_gate.core.values import Scalar

DOCUMENTED = "documentation changed"
# Whether a lower or a higher value is the stricter promise. Source: ODCS 3.1, service level properties.
_LOWER_IS_STRICTER = {
    "latency", "ly", "freshness", "timeofavailability", "errorrate", "er", "timetodetect", "td", "timetonotify", "tn",
    "timetorepair", "tr", "generalavailability", "ga",
}  # fmt: skip
_HIGHER_IS_STRICTER = {
    "availability", "av", "retention", "re", "endofsupport", "es", "endoflife", "el", "throughput", "th",
}  # fmt: skip
_KNOWN_SLAS = _LOWER_IS_STRICTER | _HIGHER_IS_STRICTER | {"frequency", "fy"}
_BINDING = {"active", "deprecated"}

Comparison = Callable[[Difference], str]


def kind_of(difference: Difference) -> str:
    """The name of the kind of change (a key of `rules.KINDS`)."""
    compare = COMPARISONS.get((difference.owner, difference.clause))
    if compare is None:
        matches = (comparison for prefix, comparison in _BY_PREFIX.items() if difference.clause.startswith(prefix))
        compare = next(matches, None)
    return compare(difference) if compare else DOCUMENTED


def _by_extent(extent: Callable[[Value | None, Value | None], Extent], words: Mapping[Extent, str]) -> Comparison:
    return lambda d: words.get(extent(d.old, d.new), DOCUMENTED)


def _words(wider: str, narrower: str, moved: str) -> dict[Extent, str]:
    return {Extent.WIDER: wider, Extent.NARROWER: narrower, Extent.MOVED: moved}


def _presence(added: str, removed: str, changed: str) -> Comparison:
    return lambda d: added if d.old is None else removed if d.new is None else changed


def _added_or_removed(added: str, removed: str) -> Comparison:
    return lambda d: added if d.before is None else removed


def _column(d: Difference) -> str:
    node = d.after or d.before
    must = node is not None and bool(node.get("required") or node.get("primaryKey"))
    if node and any((child.owner, child.name) == ("setting", "default") for child in node.children):
        must = False  # as in Avro: the default is the value for files without the column
    return f"{'required ' if must else ''}column {'added' if d.before is None else 'removed'}"


def _key(d: Difference) -> str:
    if isinstance(d.old, tuple) and isinstance(d.new, tuple):
        return "key order changed" if set(d.old) == set(d.new) else "key changed"
    return "key added" if d.old is None else "key removed"


def _classification(d: Difference) -> str:
    hidden = [str(value or "").lower() in CLASSIFIED_WORDS for value in (d.old, d.new)]
    if hidden[0] == hidden[1]:
        return DOCUMENTED
    return "classification raised" if hidden[1] else "classification lowered"


def _within_rule(compare: Comparison) -> Comparison:
    """The kind of change of a rule or foreign key; it breaks nobody if the rule blocks neither before nor after."""
    return lambda d: compare(d) if _blocks(d.before) or _blocks(d.after) else "rule that never blocks"


def _blocks(rule: Node | None) -> bool:
    if rule is None or rule.get("type") == "text":
        return False
    custom = next((_setting_value(child) for child in rule.children if child.name == "severity"), None)
    return str(rule.get("severity") or custom or "error").lower() == "error"


def _severity(d: Difference) -> str:
    before, after = _blocks(d.before), _blocks(d.after)
    return DOCUMENTED if before == after else "rule made blocking" if after else "rule made a warning"


def _sla(d: Difference) -> str:
    node = d.after or d.before
    if node is None or node.name not in _KNOWN_SLAS:
        return DOCUMENTED
    return "SLA added" if d.before is None else "SLA removed"


def _promise(d: Difference) -> str:
    name = d.after.name if d.after else ""
    if name not in _KNOWN_SLAS:
        return DOCUMENTED
    old, new = _amount(d.old), _amount(d.new)
    if name not in _LOWER_IS_STRICTER | _HIGHER_IS_STRICTER or _second(d.old) != _second(d.new):
        return "SLA changed"
    as_low = name in _HIGHER_IS_STRICTER
    extent = (of_low_bounds if as_low else of_high_bounds)(old, new)
    return _words("SLA loosened", "SLA tightened", "SLA changed").get(extent, DOCUMENTED)


def _amount(promise: Value | None) -> Scalar | None:
    """Seconds, a fraction, a number, or the original text (a date, a time of day)."""
    value, unit = promise[:2] if isinstance(promise, tuple) else (promise, None)
    unit_text = None if unit is None else str(unit)
    if (span := duration(value, unit_text)) is not None:
        return span.total_seconds()
    number = fraction(value, unit_text) if unit_text else None
    return number if number is not None else value


def _second(promise: Value | None) -> Scalar | None:
    return promise[2] if isinstance(promise, tuple) else None


def _setting(d: Difference) -> str:
    """customProperties: the gate's limits at the root or of an object, and settings of a rule or a relationship."""
    node = d.after or d.before
    name = node.name if node else ""
    if ".relationships[" in d.path and name == "severity":
        return "rule made a warning" if _setting_value(d.after) in {"warning", "info"} else "rule made blocking"
    if ".quality[" in d.path and name == "window":
        return "rule changed"
    if d.path.startswith("servers[") and name == PATTERN:
        return "location changed"
    compare = _SETTINGS.get(name) if d.path.startswith("customProperties[") else None
    if _OF_OBJECT.match(d.path) and name in OBJECT_PROPERTIES:
        compare = _SETTINGS.get(name) if d.before and d.after else _UNLIKE_CONTRACT.get(name)
    return compare(_setting_value(d.before), _setting_value(d.after)) if compare else DOCUMENTED


def _setting_value(node: Node | None) -> Scalar | None:
    value = node.get("value") if node else None
    return None if isinstance(value, tuple) else value


def _limit(default: float, *, lower_is_stricter: bool) -> Callable[[Scalar | None, Scalar | None], str]:
    def compare(old: Scalar | None, new: Scalar | None) -> str:
        before, after = ((_number(value, default), False) for value in (old, new))
        open_end = (None, False)
        extent = (
            of_intervals((open_end, before), (open_end, after))
            if lower_is_stricter
            else of_intervals((before, open_end), (after, open_end))
        )
        return _words("limit loosened", "limit tightened", "limit loosened").get(extent, DOCUMENTED)

    return compare


def _number(value: Scalar | None, default: float) -> float:
    number = None if value is None else fraction(value)
    return default if number is None else number


_SETTINGS: dict[str, Callable[[Scalar | None, Scalar | None], str]] = {
    "timezone": lambda _old, _new: "calendar changed",
    "calendar": lambda _old, _new: "calendar changed",
    "quarantineLimit": _limit(0.05, lower_is_stricter=True),
    "shrinkLimit": _limit(0.5, lower_is_stricter=False),
}
_OF_OBJECT = re.compile(r"schema\[[^\]]*\]\.customProperties\[")
# What an object had before, or has now, may be the contract's limit: the difference is taken for the worse one.
_UNLIKE_CONTRACT = _SETTINGS | dict.fromkeys(("quarantineLimit", "shrinkLimit"), lambda _old, _new: "limit loosened")


def _status(d: Difference) -> str:
    old, new = str(d.old or "draft").lower(), str(d.new or "draft").lower()
    if new == "retired":
        return "contract retired"
    if old in _BINDING and new not in _BINDING:
        return "contract paused"
    return "contract deprecated" if new == "deprecated" else "status changed"


_TYPE = _words("type widened", "type narrowed", "type changed")
_VALUES = _words("values added", "values removed", "values replaced")
_RANGE = _words("range widened", "range narrowed", "range moved")
_CONSTRAINT = _presence("constraint added", "constraint removed", "constraint changed")
_RULE_CHANGED = _within_rule(lambda _: "rule changed")
_OPTIONS = "logicalTypeOptions."
# For clauses without their own comparison: a type option constrains values, an argument is part of its rule.
_BY_PREFIX: dict[str, Comparison] = {_OPTIONS: _CONSTRAINT, "arguments.": _RULE_CHANGED}

COMPARISONS: dict[tuple[str, str], Comparison] = {
    ("contract", "id"): lambda _: "contract replaced",
    ("contract", "version"): lambda _: "version changed",
    ("contract", "status"): _status,
    ("contract", "slaDefaultElement"): lambda _: "SLA changed",
    ("server", ""): _added_or_removed("location added", "location removed"),
    **{("server", clause): lambda _: "location changed" for clause in ("location", "path", "type", "format")},
    ("server", "endpointUrl"): lambda _: "location changed",
    ("table", ""): _added_or_removed("table added", "table removed"),
    ("table", "name"): lambda _: "table renamed",
    ("table", "primaryKey"): _key,
    ("column", ""): _column,
    ("column", "name"): lambda _: "column renamed",
    ("column", "source"): lambda _: "column renamed in the files",
    ("column", "logicalType"): _by_extent(of_logical_types, _TYPE),
    ("column", "physicalType"): _by_extent(of_physical_types, _TYPE),
    ("column", "required"): _presence("nulls forbidden", "nulls allowed", DOCUMENTED),
    ("column", "unique"): _presence("uniqueness promised", "uniqueness dropped", DOCUMENTED),
    ("column", "partitioned"): lambda _: "partitioning changed",
    ("column", "partitionKeyPosition"): lambda _: "partitioning changed",
    ("column", "classification"): _classification,
    ("column", "enum"): _by_extent(of_sets, _VALUES),
    ("column", "range"): _by_extent(of_ranges, _RANGE),
    **{
        ("column", f"{_OPTIONS}{name}"): _by_extent(of_low_bounds, _RANGE)
        for name in ("minLength", "minItems", "minProperties")
    },
    **{
        ("column", f"{_OPTIONS}{name}"): _by_extent(of_high_bounds, _RANGE)
        for name in ("maxLength", "maxItems", "maxProperties")
    },
    ("foreign key", ""): _within_rule(_added_or_removed("foreign key added", "foreign key removed")),
    ("foreign key", "to"): _within_rule(lambda _: "foreign key changed"),
    ("foreign key", "from"): _within_rule(lambda _: "foreign key changed"),
    ("rule", ""): _within_rule(_added_or_removed("rule added", "rule removed")),
    ("rule", "operator"): _within_rule(
        _by_extent(of_operators, _words("rule loosened", "rule tightened", "rule changed"))
    ),
    ("rule", "arguments.validValues"): _within_rule(
        _by_extent(of_sets, _words("rule loosened", "rule tightened", "rule changed"))
    ),
    **{
        ("rule", clause): _RULE_CHANGED
        for clause in ("metric", "rule", "type", "unit", "query", "engine", "implementation")
    },
    ("rule", "severity"): _severity,
    ("sla", ""): _sla,
    ("sla", "promise"): _promise,
    ("sla", "element"): lambda _: "SLA changed",
    ("sla", "schedule"): lambda _: "SLA changed",
    ("setting", ""): _setting,
    ("setting", "value"): _setting,
}
