"""Lint rules about relationships, and about words that YAML reads as booleans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from partition_gate.contracts.lint.view import Known, Placed, Problem, View, object_place
from partition_gate.core.display import listed
from partition_gate.core.finding import Level
from partition_gate.core.nearest_words import did_you_mean, shown

Columns = Mapping[str, frozenset[str]]
_NAMED = 12
_BOOLEAN_WORDS = frozenset({"yes", "no", "on", "off"})
_BOOLEAN_KEYS = ("required", "unique", "primaryKey", "partitioned", "criticalDataElement", "deprecated", "timezone")


def foreign_key(view: View, known: Known) -> Iterator[Problem]:
    """A relationship references a column of a known contract (a warning for a file outside the contracts folder)."""
    if known.datasets is None:
        return
    for relationship in view.relationships():
        for place, target in _ends(relationship, "to"):
            if what := _unknown_target(target, view.column_names, known.datasets):
                yield Problem(place, what, None if known.name else Level.WARNING)


def foreign_key_source(view: View, _known: Known) -> Iterator[Problem]:
    """A relationship of an object starts at one of its columns."""
    places = {str(item.node.get("name")): item.place for item in view.objects()}
    for relationship in view.relationships():
        columns = view.columns_beside(relationship)
        for place, source in _ends(relationship, "from"):
            other, _, column = source.rpartition(".")
            if columns and "/" not in source and column not in columns:
                hint = did_you_mean(column, columns) or "name one of the properties"
                yield Problem(place, f"{shown(source)} is not a property; {hint}")
            elif places.get(other, object_place(relationship)) != object_place(relationship):
                what = f"{shown(source)} is a property of {shown(other)}; move the relationship to that object"
                yield Problem(place, what)


def truth_word(view: View, _known: Known) -> Iterator[Problem]:
    """No text is read as a boolean: YAML reads the unquoted country code NO as false."""
    for scalar in view.document.plain:
        if scalar.text.lower() in _BOOLEAN_WORDS and not scalar.place.endswith(_BOOLEAN_KEYS):
            read = str(scalar.text.lower() in {"yes", "on"}).lower()
            yield Problem(scalar.place, f"{scalar.text} is read as {read}; quote it if it is a word")


def _ends(relationship: Placed, key: str) -> Iterator[tuple[str, str]]:
    value, place = relationship.node.get(key), f"{relationship.place}.{key}"
    if isinstance(value, str):
        yield place, value
    for i, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, str):
            yield f"{place}[{i}]", item


def _unknown_target(target: str, own: Columns, others: Columns) -> str | None:
    """What is wrong with a target; the contract's own objects come before those of other contracts."""
    if "/" in target:
        return None  # reading the contract follows the path, or refuses it
    path, _, column = target.rpartition(".")
    dataset = path.rpartition(".")[2]
    columns = own.get(dataset, others.get(dataset))
    if columns is None:
        names = {*own, *others}
        hint = did_you_mean(dataset, names) or f"known datasets are {_some(sorted(names))}"
        return f"{shown(target)}: no contract has a dataset {dataset!r}; {hint}"
    if column not in columns:
        hint = did_you_mean(column, columns) or "name one of its properties"
        return f"{shown(target)}: {dataset} has no property {column!r}; {hint}"
    return None


def _some(names: list[str]) -> str:
    return listed(names, _NAMED)
