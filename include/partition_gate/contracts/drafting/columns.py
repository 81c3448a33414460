"""Drafts the properties of a table: types, clauses and rules of each column, each with the basis of its guess. Pure.

A rule that nearly all rows keep is drafted as a warning: it blocks nothing, and names the rows until a person decides
(docs/adr/0055).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from partition_gate.contracts.drafting.classification import content_of
from partition_gate.contracts.drafting.guesses import (
    ListedValues,
    listed_values,
    looks_personal,
    null_budget_percent,
    of_rows,
    types_of,
    value_limits,
    why_personal,
)
from partition_gate.contracts.drafting.naming import has_personal_name
from partition_gate.contracts.drafting.profile import ColumnPart, ColumnProfile, DataProfile, FarValues, Reference
from partition_gate.core.display import counted, displayed
from partition_gate.core.values import Scalar

WARNING = {"severity": "warning"}
_NAMED, _LONGEST = 5, 60


def drafted_column(profile: DataProfile, column: ColumnProfile, names: Mapping[str, str]) -> dict[str, Any]:
    """The property of a column. `names` has the table of each profile, by its source."""
    logical, physical, width = types_of(column.type)
    facts = dict(_facts(profile, column))
    options = {**({"format": width} if width else {}), **_bounds(column)}
    segments = profile.location.names
    given: dict[str, Any] = {
        "name": column.name,
        "logicalType": logical,
        "physicalType": physical,
        "classification": "personal" if looks_personal(column) else None,
        "partitioned": True if column.name in segments else None,
        "partitionKeyPosition": segments.index(column.name) + 1 if column.name in segments else None,
        **facts,
        "logicalTypeOptions": options or None,
        "quality": list(_rules(profile, column)) or None,
        "relationships": [_relationship(each, names) for each in _references(profile, column)] or None,
        **_nested(logical, column.parts),
    }
    description = _description(profile, column, facts, options)
    return {**{name: value for name, value in given.items() if value is not None}, "description": description}


def all_exist(values: int) -> str:
    """What is said of the values of a column that refers to another dataset, if no value has no parent there."""
    return "its only value exists there" if values == 1 else f"all {values:,} values exist there"


def _nested(logical: str | None, parts: tuple[ColumnPart, ...]) -> dict[str, Any]:
    inside = [_part(part) for part in parts]
    if logical == "array" and inside:
        return {"items": {name: value for name, value in inside[0].items() if name != "name"}}
    return {"properties": inside} if inside else {}


def _part(part: ColumnPart) -> dict[str, Any]:
    logical, physical, width = types_of(part.type)
    given = {
        "name": part.name,
        "logicalType": logical,
        "physicalType": physical,
        "classification": "personal" if has_personal_name(part.name) else None,
        "logicalTypeOptions": {"format": width} if width else None,
        **_nested(logical, part.parts),
    }
    return {name: value for name, value in given.items() if value is not None}


def _facts(profile: DataProfile, column: ColumnProfile) -> Iterator[tuple[str, Any]]:
    if not max(column.null_fractions, default=1.0):
        yield "required", True
    if column.name in profile.key:
        yield "primaryKey", True
        yield "primaryKeyPosition", profile.key.index(column.name) + 1
    elif column.name in profile.unique or column.duplicate_rows == 0:
        yield "unique", True


def _bounds(column: ColumnProfile) -> dict[str, Any]:
    """The limits that every row keeps."""
    low, high = value_limits(column)
    bounds = {"minimum": None if column.far_below else low, "maximum": None if column.far_above else high}
    return {name: value for name, value in bounds.items() if value is not None}


def _references(profile: DataProfile, column: ColumnProfile) -> list[Reference]:
    return [each for each in profile.references if each.column == column.name]


def _relationship(reference: Reference, names: Mapping[str, str]) -> dict[str, Any]:
    custom = [{"property": "severity", "value": "warning"}]
    to = {"to": f"{names[reference.to_source]}.{reference.to_column}"}
    return {**to, **({"customProperties": custom} if reference.orphans else {})}


def _rules(profile: DataProfile, column: ColumnProfile) -> Iterator[dict[str, Any]]:
    if (budget := null_budget_percent(column)) is not None:
        worst, nulls = max(column.null_fractions) * 100, of_rows(column.null_count, profile.row_count)
        yield {
            "id": f"{column.name}_nulls",
            "metric": "nullValues",
            "mustBeLessOrEqualTo": budget,
            "unit": "percent",
            "description": f"Guess: 1.5 times the highest percentage observed ({worst:.2g} %); {nulls} had no value.",
        }
    if not _references(profile, column) and (listed := listed_values(column, profile.row_count)):
        yield _list_rule(column, listed, profile.row_count)
    low, high = value_limits(column)
    for bound, limit, far in (("min_value", low, column.far_below), ("max_value", high, column.far_above)):
        if far and limit is not None:
            yield _range_rule(column, bound, limit, of_rows(far.rows, profile.row_count), far)
    if column.duplicate_rows:
        shared = of_rows(column.duplicate_rows, profile.row_count)
        yield {
            "id": f"{column.name}_duplicates",
            "metric": "duplicateValues",
            "mustBe": 0,
            **WARNING,
            "description": f"Guess: {shared} shared their value with another row; without them it would be a key.",
        }


def _list_rule(column: ColumnProfile, listed: ListedValues, row_count: int) -> dict[str, Any]:
    text = f"Guess: the {counted(len(listed.values), 'value')} observed."
    if listed.other_rows:
        others = of_rows(listed.other_rows, row_count)
        text = f"Guess: the values that were frequent; {others} had another: {_rare_values(column, listed)}."
    return {
        "id": f"{column.name}_values",
        "metric": "invalidValues",
        "mustBe": 0,
        "arguments": {"validValues": listed.sorted},
        **(WARNING if listed.other_rows else {}),
        "description": text,
    }


def _rare_values(column: ColumnProfile, listed: ListedValues) -> str:
    """Five of them, and the number of the others. An e-mail address in a column of states is not named."""
    texts = (str(each.value) for each in listed.rare)
    plain = [displayed(text, limit=_LONGEST) for text in texts if content_of([text], column=column.name) is None]
    more = listed.rare_count - len(plain[:_NAMED])
    return " and ".join(filter(None, (", ".join(plain[:_NAMED]), f"{more:,} more" if more else "")))


def _range_rule(column: ColumnProfile, bound: str, limit: Scalar, rows: str, far: FarValues) -> dict[str, Any]:
    side, option = ("below", "minimum") if bound == "min_value" else ("above", "maximum")
    on = "" if far.rows == 1 else f" and {side}"
    return {
        "id": f"{column.name}_{option}",
        "type": "custom",
        "engine": "greatExpectations",
        "implementation": {
            "type": "expect_column_values_to_be_between",
            "kwargs": {bound: limit},
        },
        **WARNING,
        "description": f"Guess: in {rows} the value was far {side} all others, at {far.nearest}{on}; if that is a "
        f"mistake, make this the {option}, else remove it.",
    }


def _description(profile: DataProfile, column: ColumnProfile, facts: dict[str, Any], options: dict[str, Any]) -> str:
    members = f"{len(profile.key)} column{'' if len(profile.key) == 1 else 's'}"
    bounds = [name for name in ("minimum", "maximum") if name in options]
    one_sided = "the range is the observed range" if len(bounds) == 2 else f"the {''.join(bounds)} is the observed one"
    guesses = [
        "no nulls were observed" if "required" in facts else "",
        "all observed values were unique" if "unique" in facts else "",
        f"member of a key of {members} that is unique in every row" if "primaryKey" in facts else "",
        f"{one_sided}, rounded outwards" if bounds else "",
        f"personal, {why_personal(column)}, so no value is shown here" if looks_personal(column) else "",
        *map(_of_parents, _references(profile, column)),
        "only the types of its parts were profiled" if column.parts else "",
        f"the standard has no word for its type {column.type}" if types_of(column.type)[0] is None else "",
    ]
    text = "; ".join(filter(None, guesses))
    return f"Guess: {text}." if text else "Guess: only its type."


def _of_parents(reference: Reference) -> str:
    if reference.orphans:
        return f"{of_rows(reference.orphans, reference.rows)} have no parent, so the relationship only warns"
    return all_exist(reference.values)
