"""Lint rules about properties that a single clause cannot reveal."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from partition_gate.checks.compiling.ecma_patterns import why_not_re2
from partition_gate.contract.column_types import decimal_problem
from partition_gate.contract.model import CLASSIFIED_WORDS
from partition_gate.contracts.lint.contract import is_date
from partition_gate.contracts.lint.view import (
    Known,
    Node,
    Placed,
    Problem,
    View,
    child,
    columns_of,
    number,
    object_place,
    parts,
)
from partition_gate.core.finding import Level
from partition_gate.core.nearest_words import did_you_mean, nearest, shown
from partition_gate.core.table import RESERVED_PREFIX, is_reserved

# Classifications that need no masking.
OPEN_WORDS = frozenset({"public", "internal", "open", "none", "unclassified", "1"})
_PAIRS = (("minLength", "maxLength"), ("minItems", "maxItems"), ("minProperties", "maxProperties"))
_BOUNDS = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
_WIDTHS = {f"{sign}{bits}": (sign, bits) for sign in "iu" for bits in (8, 16, 32, 64, 128)}


def range_order(view: View, _known: Known) -> Iterator[Problem]:
    """A minimum is not above the maximum."""
    for prop in view.properties():
        options, place = _options(prop)
        for low, high in _PAIRS:
            if _is_above(options.get(low), options.get(high)):
                yield Problem(f"{place}.{low}", f"{low} {options[low]} is above {high} {options[high]}; swap them")
        yield from _empty_range(options, place, is_whole=prop.node.get("logicalType") == "integer")


def bound_value(view: View, _known: Known) -> Iterator[Problem]:
    """Bounds of dates are dates (a warning), and bounds of an integer fit its format."""
    for prop in view.properties():
        options, place = _options(prop)
        kind = prop.node.get("logicalType")
        for name in (bound for bound in _BOUNDS if bound in options):
            value = options[name]
            if kind in ("date", "timestamp") and isinstance(value, str) and not is_date(value):
                what = f"{shown(value)} is not a {kind}: write one such as 2026-01-31"
                yield Problem(f"{place}.{name}", what, Level.WARNING)
            elif kind == "integer" and not _fits(value, options.get("format")):
                what = f"{shown(value)} does not fit format {options['format']}; correct one of them"
                yield Problem(f"{place}.{name}", what)


def decimal_digits(view: View, _known: Known) -> Iterator[Problem]:
    """A decimal has 1 to 38 digits, and at most as many of them after the point."""
    for prop in view.properties():
        text = prop.node.get("physicalType")
        if isinstance(text, str) and (why := decimal_problem(text)):
            yield Problem(f"{prop.place}.physicalType", f"{shown(text)}: {why}")


def pattern(view: View, _known: Known) -> Iterator[Problem]:
    """RE2 can run the pattern, unchanged or translated from ECMA-262."""
    patterns = [(f"{place}.pattern", options.get("pattern")) for options, place in map(_options, view.properties())]
    for rule in view.rules():
        patterns.append((f"{rule.place}.arguments.pattern", child(rule.node, "arguments").get("pattern")))
    for place, text in patterns:
        if isinstance(text, str) and (why := why_not_re2(text)):
            yield Problem(place, f"the pattern {shown(text)} {why}")


def options_without_type(view: View, _known: Known) -> Iterator[Problem]:
    """A property with logicalTypeOptions has a logicalType."""
    for prop in view.properties():
        if prop.node.get("logicalTypeOptions") and not prop.node.get("logicalType"):
            place = f"{prop.place}.logicalTypeOptions"
            yield Problem(place, "applies to a string because logicalType is missing; add logicalType")


def nested_required(view: View, _known: Known) -> Iterator[Problem]:
    """An object requires only properties that it has."""
    for prop in view.properties():
        options, place = _options(prop)
        required, inner = options.get("required"), prop.node.get("properties")
        names = [p.get("name") for p in inner if isinstance(p, dict)] if isinstance(inner, list) else [None]
        for i, name in enumerate(required if isinstance(required, list) else ()):
            if name not in names and None not in names:
                hint = did_you_mean(name, names) or "add it to properties"
                yield Problem(f"{place}.required[{i}]", f"{shown(name)} is not a property of the object; {hint}")


def column_name(view: View, _known: Known) -> Iterator[Problem]:
    """Sibling properties have different names, ignoring case as the published table does. No column has a reserved
    name.
    """
    parents = [*view.objects(), *view.properties()]
    for parent in parents:
        places: dict[str, str] = {}
        for prop in parts(parent.node, "properties", parent.place):
            name = prop.node.get("name")
            if isinstance(name, str) and name.lower() in places:
                what = f"{shown(name)} is also the name of {places[name.lower()]}; rename one of them"
                yield Problem(f"{prop.place}.name", what)
            places.setdefault(str(name).lower(), prop.place)
    for column in view.columns():
        if is_reserved(str(column.node.get("name"))):
            what = f"{shown(column.node['name'])}: names that begin with {RESERVED_PREFIX} are reserved; rename it"
            yield Problem(f"{column.place}.name", f"{what}, and set physicalName to its name in the files")


def key_position(view: View, _known: Known) -> Iterator[Problem]:
    """Only members of a key have a position in it, and positions are unique."""
    positions = (("primaryKeyPosition", "primaryKey"), ("partitionKeyPosition", "partitioned"))
    for item, (position, member) in product(view.objects(), positions):
        places: dict[float, str] = {}
        for prop in columns_of(item):
            value, place = number(prop.node.get(position)), f"{prop.place}.{position}"
            if value is None or value == -1:
                continue
            if prop.node.get(member) is not True:
                yield Problem(place, f"has no effect without `{member}: true`; add it, or remove the position")
            elif value in places:
                what = f"{value} is also the position of {places[value]}; number the columns 1, 2, 3 ..."
                yield Problem(place, what)
            places.setdefault(value, prop.place)


def nested_classification(view: View, _known: Known) -> Iterator[Problem]:
    """If a nested property must be masked, its top-level property is classified too: it is masked as a whole."""
    hidden = {_top(prop) for prop in view.columns() if _is_hidden(prop)}
    tops = {prop.place for prop in view.columns()}
    for prop in view.properties():
        if prop.place not in tops and _is_hidden(prop) and _top(prop) not in hidden:
            what = f"masks all values of {shown(prop.column)}, as whole columns are masked; classify that too"
            yield Problem(f"{prop.place}.classification", what)


def classification_word(view: View, _known: Known) -> Iterator[Problem]:
    """A classification is a word that is known to require masking or not."""
    for prop in view.properties():
        word = prop.node.get("classification")
        if not isinstance(word, str) or word.lower() in CLASSIFIED_WORDS | OPEN_WORDS:
            continue
        near = nearest(word, CLASSIFIED_WORDS | OPEN_WORDS)
        hint = f"did you mean {near!r}?" if near else f"to mask them, use {', '.join(sorted(CLASSIFIED_WORDS))}"
        what = f"{shown(word)} is not known, so the values are not masked; {hint}"
        yield Problem(f"{prop.place}.classification", what)


def _top(prop: Placed) -> tuple[str, str | None]:
    """The object and the top-level property that a property belongs to."""
    return object_place(prop), prop.column


def _is_hidden(prop: Placed) -> bool:
    return str(prop.node.get("classification")).lower() in CLASSIFIED_WORDS


def _options(prop: Placed) -> tuple[Node, str]:
    return child(prop.node, "logicalTypeOptions"), f"{prop.place}.logicalTypeOptions"


def _empty_range(options: Node, place: str, *, is_whole: bool) -> Iterator[Problem]:
    for low in ("minimum", "exclusiveMinimum"):
        for high in ("maximum", "exclusiveMaximum"):
            if isinstance(options.get(low, True), bool) or isinstance(options.get(high, True), bool):
                continue  # absent, or a flag as in v3.0
            bounds = f"{low} {options[low]} and {high} {options[high]}"
            exclusive = [name for name in (low, high) if name.startswith("exclusive")]
            if _is_above(options[low], options[high]) or (exclusive and options[low] == options[high]):
                yield Problem(f"{place}.{low}", f"{bounds} leave no value; correct one of them")
            elif is_whole and _no_whole_number(options[low], options[high], len(exclusive)):
                yield Problem(f"{place}.{low}", f"{bounds} leave no whole number; correct one of them")


def _no_whole_number(low: object, high: object, exclusive: int) -> bool:
    return isinstance(low, int) and isinstance(high, int) and high - low < exclusive


def _is_above(low: object, high: object) -> bool:
    if isinstance(low, str) and isinstance(high, str):
        return len(low) == len(high) and low > high and is_date(low) and is_date(high)
    first, second = number(low), number(high)
    return first is not None and second is not None and first > second


def _fits(value: object, width: object) -> bool:
    if str(width) not in _WIDTHS or (bound := number(value)) is None:
        return True
    sign, bits = _WIDTHS[str(width)]
    values = 1 << bits
    low = -(values >> 1) if sign == "i" else 0
    return low <= bound < low + values
