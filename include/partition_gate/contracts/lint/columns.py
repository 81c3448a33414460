"""Lint rules about properties: what a single clause cannot show."""

from __future__ import annotations

import re
from collections.abc import Iterator

from partition_gate.checks.compiling.ecma_patterns import Untranslatable, to_re2
from partition_gate.contract.model import CLASSIFIED_WORDS
from partition_gate.contracts.lint.contract import is_date
from partition_gate.contracts.lint.view import Known, Node, Placed, Problem, View, child, number, parts
from partition_gate.core.nearest_words import did_you_mean, nearest, shown
from partition_gate.core.table import RESERVED_PREFIX, is_reserved

# Words that are known to say that a column needs no hiding.
OPEN_WORDS = frozenset({"public", "internal", "open", "none", "unclassified", "1"})
_PAIRS = (("minLength", "maxLength"), ("minItems", "maxItems"), ("minProperties", "maxProperties"))
_BOUNDS = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
_LONGEST_PATTERN = 2_000
_PYTHON_NAMES = re.compile(r"\(\?<(?![=!])")
_ESCAPES = re.compile(r"\\[pPu]\{[^}]*\}|\\u[0-9A-Fa-f]{4}|\\[^dDwWsSbB]", re.DOTALL)
# What Python's parser says that is wrong in ECMA-262 and RE2 too.
_SYNTAX = ("missing )", "unbalanced", "nothing to repeat", "multiple repeat", "min repeat", "bad character range")
_WIDTHS = {f"{sign}{bits}": (sign, bits) for sign in "iu" for bits in (8, 16, 32, 64, 128)}


def range_order(view: View, _known: Known) -> Iterator[Problem]:
    """A smallest value is not above the largest one."""
    for prop in view.properties():
        options, place = _options(prop)
        for low, high in _PAIRS:
            if _is_above(options.get(low), options.get(high)):
                yield Problem(f"{place}.{low}", f"{low} {options[low]} is above {high} {options[high]}; swap them")
        yield from _empty_range(options, place, is_whole=prop.node.get("logicalType") == "integer")


def bound_value(view: View, _known: Known) -> Iterator[Problem]:
    """Bounds of dates are dates, and a whole number's bounds fit its format."""
    for prop in view.properties():
        options, place = _options(prop)
        kind = prop.node.get("logicalType")
        for name in (bound for bound in _BOUNDS if bound in options):
            value = options[name]
            if kind in ("date", "timestamp") and isinstance(value, str) and not is_date(value):
                yield Problem(f"{place}.{name}", f"{shown(value)} is no {kind}; write 2026-01-31")
            elif kind == "integer" and not _fits(value, options.get("format")):
                yield Problem(f"{place}.{name}", f"{shown(value)} does not fit format {options['format']}; correct one")


def pattern(view: View, _known: Known) -> Iterator[Problem]:
    """RE2 can run the pattern, as it is or translated from ECMA-262."""
    found = [(f"{place}.pattern", options.get("pattern")) for options, place in map(_options, view.properties())]
    for rule in view.rules():
        found.append((f"{rule.place}.arguments.pattern", child(rule.node, "arguments").get("pattern")))
    for place, text in found:
        if isinstance(text, str) and (why := _untranslatable(text)):
            yield Problem(place, f"the pattern {shown(text)} {why}")


def options_without_type(view: View, _known: Known) -> Iterator[Problem]:
    """Options stand beside the logicalType that they belong to."""
    for prop in view.properties():
        if prop.node.get("logicalTypeOptions") and not prop.node.get("logicalType"):
            place = f"{prop.place}.logicalTypeOptions"
            yield Problem(place, "has no logicalType beside it and is read as that of a string; add logicalType")


def nested_required(view: View, _known: Known) -> Iterator[Problem]:
    """An object that names its properties requires only those."""
    for prop in view.properties():
        options, place = _options(prop)
        required, inner = options.get("required"), prop.node.get("properties")
        names = [p.get("name") for p in inner if isinstance(p, dict)] if isinstance(inner, list) else [None]
        for i, name in enumerate(required if isinstance(required, list) else ()):
            if name not in names and None not in names:
                hint = did_you_mean(name, names) or "add it to properties"
                yield Problem(f"{place}.required[{i}]", f"{shown(name)} is no property of the object; {hint}")


def column_name(view: View, _known: Known) -> Iterator[Problem]:
    """Each name stands once among its neighbours, whatever its case: the published table ignores it. No column is named
    like those that we add.
    """
    holders = [*view.objects(), *view.properties()]
    for holder in holders:
        seen: dict[str, str] = {}
        for prop in parts(holder.node, "properties", holder.place):
            name = prop.node.get("name")
            if isinstance(name, str) and name.lower() in seen:
                what = f"{shown(name)} stands also at {seen[name.lower()]}; rename one of them"
                yield Problem(f"{prop.place}.name", what)
            seen.setdefault(str(name).lower(), prop.place)
    for column in view.columns():
        if is_reserved(str(column.node.get("name"))):
            what = f"{shown(column.node['name'])}: columns that begin with {RESERVED_PREFIX} are ours; rename it"
            yield Problem(f"{column.place}.name", f"{what}, and keep the files' name as physicalName")


def key_position(view: View, _known: Known) -> Iterator[Problem]:
    """Positions in a key belong to members of the key, each once."""
    for position, member in (("primaryKeyPosition", "primaryKey"), ("partitionKeyPosition", "partitioned")):
        seen: dict[float, str] = {}
        for prop in view.columns():
            value, place = number(prop.node.get(position)), f"{prop.place}.{position}"
            if value is None or value == -1:
                continue
            if prop.node.get(member) is not True:
                yield Problem(place, f"means nothing without `{member}: true`; add it, or remove the position")
            elif value in seen:
                yield Problem(place, f"{value} is also the position at {seen[value]}; number the columns 1, 2, 3 ...")
            seen.setdefault(value, prop.place)


def nested_classification(view: View, _known: Known) -> Iterator[Problem]:
    """What must be hidden inside a struct or list is hidden with its top-level property."""
    hidden = {prop.column for prop in view.columns() if _is_hidden(prop)}
    tops = {prop.place for prop in view.columns()}
    for prop in view.properties():
        if prop.place not in tops and _is_hidden(prop) and prop.column not in hidden:
            what = f"values are hidden by whole columns; classify {shown(prop.column)} too"
            yield Problem(f"{prop.place}.classification", what)


def classification_word(view: View, _known: Known) -> Iterator[Problem]:
    """A classification is a word of which we know whether values must be hidden."""
    for prop in view.properties():
        word = prop.node.get("classification")
        if not isinstance(word, str) or word.lower() in CLASSIFIED_WORDS | OPEN_WORDS:
            continue
        near = nearest(word, CLASSIFIED_WORDS | OPEN_WORDS)
        hint = f"did you mean {near!r}?" if near else f"words that hide them: {', '.join(sorted(CLASSIFIED_WORDS))}"
        yield Problem(f"{prop.place}.classification", f"{shown(word)} is not known, so its values are shown; {hint}")


def _is_hidden(prop: Placed) -> bool:
    return str(prop.node.get("classification")).lower() in CLASSIFIED_WORDS


def _options(prop: Placed) -> tuple[Node, str]:
    return child(prop.node, "logicalTypeOptions"), f"{prop.place}.logicalTypeOptions"


def _empty_range(options: Node, place: str, *, is_whole: bool) -> Iterator[Problem]:
    for low in ("minimum", "exclusiveMinimum"):
        for high in ("maximum", "exclusiveMaximum"):
            if isinstance(options.get(low, True), bool) or isinstance(options.get(high, True), bool):
                continue  # absent, or a truth value as v3.0 has it
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


def _untranslatable(text: str) -> str | None:
    if len(text) > _LONGEST_PATTERN:
        return f"is longer than {_LONGEST_PATTERN:,} characters; shorten it"
    try:
        to_re2(text)
        re.compile(_PYTHON_NAMES.sub("(?P<", _ESCAPES.sub("x", text)))
    except Untranslatable as why:
        return str(why)
    except (re.error, RecursionError, OverflowError) as error:
        problem = str(error).partition(" at position")[0]
        return f"is no regular expression: {problem}; correct it" if problem.startswith(_SYNTAX) else None
    return None
