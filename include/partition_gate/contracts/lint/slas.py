"""Lint rules about service levels: names, values, units, elements."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from partition_gate.contract.cron import looks_like_cron
from partition_gate.contract.sla_names import NAMES, canonical
from partition_gate.contracts.lint.contract import is_date
from partition_gate.contracts.lint.view import Known, Node, Problem, View, number
from partition_gate.contracts.odcs.object_names import element_parts, object_of
from partition_gate.core.finding import Level
from partition_gate.core.nearest_words import did_you_mean, nearest, shown
from partition_gate.core.units import duration, fraction

_CLOCK = re.compile(r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?\s*(Z|[+-]\d{2}:?\d{2})?")


_USED = f"it uses {', '.join(NAMES)}"
# What other tools call a service level and ODCS a rule.
_ELSEWHERE = {
    "completeness": "write a rule with `metric: nullValues` under `quality` of the column",
    "uniqueness": "write a rule with `metric: duplicateValues` under `quality` of the column",
    "volume": "write a rule with `metric: rowCount` under `quality` of the object, or the level throughput",
}


def sla_name(view: View, _known: Known) -> Iterator[Problem]:
    """A service level is known, and appears only once."""
    places: dict[str, str] = {}
    for sla in view.slas():
        word, place = sla.node.get("property"), f"{sla.place}.property"
        name = canonical(word)
        if name is None:
            near = nearest(word, NAMES)
            ignored = f", so the gate ignores it; {_ELSEWHERE.get(str(word).lower(), _USED)}"
            hint = f"; did you mean {near!r}?" if near else ignored
            yield Problem(place, f"{shown(word)} is not known{hint}", Level.WARNING if near else None)
            continue
        identity = f"{name} {sla.node.get('element') or ''} {object_of(sla.node) or ''}"
        if identity in places:
            what = f"{name} is also defined at {places[identity]}; remove one of them"
            yield Problem(place, what, Level.WARNING)
        places.setdefault(identity, sla.place)


def sla_value(view: View, _known: Known) -> Iterator[Problem]:
    """The value of a service level is valid for its unit."""
    for sla in view.slas():
        check = _VALUES.get(canonical(sla.node.get("property")) or "")
        if check and sla.node.get("value") is not None and (what := check(sla.node)):
            unit = f" {sla.node['unit']}" if sla.node.get("unit") else ""
            yield Problem(f"{sla.place}.value", f"{shown(sla.node['value'])}{unit} {what}")


def minute_unit(view: View, _known: Known) -> Iterator[Problem]:
    """Minutes are written so that they cannot be mistaken for months."""
    for sla in view.slas():
        bare = re.fullmatch(r"\d+(\.\d+)?\s*m", str(sla.node.get("value")))
        if sla.node.get("unit") == "m" or bare:
            place = f"{sla.place}.{'value' if bare else 'unit'}"
            yield Problem(place, "m is read as minutes; write min or month")


def sla_element(view: View, _known: Known) -> Iterator[Problem]:
    """The element of a service level is a column (`orders.placed_at`) or an object (an error, if the custom property
    `schema` names another object).
    """
    columns = view.column_names
    if not columns or not all(columns.values()):
        return
    elements = [(f"{sla.place}.element", sla.node.get("element"), object_of(sla.node)) for sla in view.slas()]
    for place, text, named in [*elements, ("slaDefaultElement", view.root.get("slaDefaultElement"), None)]:
        for part, owners in element_parts(text, columns) if isinstance(text, str) else ():
            if not owners:
                yield Problem(place, f"{shown(part)} is not a property; {_nearest_element(part, columns)}")
            elif named in columns and named not in owners:
                what = f"{shown(part)} belongs to {' and '.join(owners)}, but the custom property `schema` is {named}"
                yield Problem(place, f"{what}; correct one of them", Level.ERROR)


def sla_schedule(view: View, _known: Known) -> Iterator[Problem]:
    """A schedule is a cron expression."""
    for part in [*view.slas(), *view.rules()]:
        text = part.node.get("schedule")
        if isinstance(text, str) and is_cron(part.node) and not looks_like_cron(text):
            what = f"{shown(text)} is not a cron expression: write five fields such as 15 2 * * *"
            yield Problem(f"{part.place}.schedule", what)


def is_cron(node: Node) -> bool:
    """Whether a schedule is one of cron, as it is unless the scheduler says otherwise."""
    return str(node.get("scheduler", "cron")).lower() == "cron"


def _nearest_element(part: str, columns: Mapping[str, frozenset[str]]) -> str:
    if len(columns) == 1:
        return did_you_mean(part.rpartition(".")[2], next(iter(columns.values()))) or "name one of the properties"
    qualified = [f"{name}.{column}" for name, own in columns.items() for column in sorted(own)]
    words = qualified if "." in part else [*columns, *(column for own in columns.values() for column in sorted(own))]
    return did_you_mean(part, words) or f"write object.property; the objects are {', '.join(columns)}"


def _span(node: Node) -> str | None:
    fits = duration(node["value"], node.get("unit")) is not None
    return None if fits else "is not a time span: write `value: 4` with `unit: h`, or PT4H"


def _frequency(node: Node) -> str | None:
    return None if node.get("schedule") else _span(node)


def _percent(node: Node) -> str | None:
    fits = fraction(node["value"], node.get("unit") or "percent") is not None
    return None if fits else "is not a percentage: write one such as 99.5 with `unit: percent`"


def _clock(node: Node) -> str | None:
    fits = _CLOCK.fullmatch(str(node["value"]).strip())
    return None if fits else "is not a time of day: write '07:30' or '07:30-05:00', in quotes"


def _date(node: Node) -> str | None:
    return None if is_date(str(node["value"])) else "is not a date: write one such as 2026-01-31"


def _amount(node: Node) -> str | None:
    low, high = number(node["value"]), node.get("valueExt")
    if low is None:
        return "is not a number: write the minimum of rows or bytes per partition"
    maximum: Any = number(high)
    is_above = maximum is not None and maximum < low
    return f"is above valueExt {high}; set value to the smaller number" if is_above else None


_VALUES: dict[str, Callable[[Node], str | None]] = {
    **dict.fromkeys(("latency", "freshness", "retention", "timeToDetect", "timeToNotify", "timeToRepair"), _span),
    "frequency": _frequency,
    **dict.fromkeys(("availability", "errorRate"), _percent),
    "timeOfAvailability": _clock,
    **dict.fromkeys(("generalAvailability", "endOfSupport", "endOfLife"), _date),
    "throughput": _amount,
}
