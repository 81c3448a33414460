"""Lint rules about relationships, and about words that YAML reads as booleans."""

from __future__ import annotations

from collections.abc import Iterator

from partition_gate.contracts.lint.view import Known, Placed, Problem, View
from partition_gate.core.finding import Level
from partition_gate.core.nearest_words import did_you_mean, shown

_NAMED = 12
_BOOLEAN_WORDS = frozenset({"yes", "no", "on", "off"})
_BOOLEAN_KEYS = ("required", "unique", "primaryKey", "partitioned", "criticalDataElement", "deprecated", "timezone")


def foreign_key(view: View, known: Known) -> Iterator[Problem]:
    """A relationship references a column of a known contract (a warning for a file outside the contracts folder)."""
    if known.datasets is None:
        return
    own = {str(item.node.get("name")): view.column_names for item in view.objects()}
    datasets = {**known.datasets, **own}
    for relationship in view.relationships():
        for place, target in _ends(relationship, "to"):
            if what := _unknown_target(target, datasets):
                yield Problem(place, what, None if known.name else Level.WARNING)


def foreign_key_source(view: View, _known: Known) -> Iterator[Problem]:
    """A relationship of an object starts at one of its columns."""
    columns = view.column_names
    for relationship in view.relationships():
        for place, source in _ends(relationship, "from"):
            column = source.rpartition(".")[2]
            if columns and "/" not in source and column not in columns:
                hint = did_you_mean(column, columns) or "name one of the properties"
                yield Problem(place, f"{shown(source)} is not a property; {hint}")


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


def _unknown_target(target: str, datasets: dict[str, frozenset[str]]) -> str | None:
    if "/" in target:
        return None  # the gate does not resolve references by id, which may lead to another file; coverage lists them
    path, _, column = target.rpartition(".")
    dataset = path.rpartition(".")[2]
    if dataset not in datasets:
        hint = did_you_mean(dataset, datasets) or f"known datasets are {_some(sorted(datasets))}"
        return f"{shown(target)}: no contract has a dataset {dataset!r}; {hint}"
    if column not in datasets[dataset]:
        hint = did_you_mean(column, datasets[dataset]) or "name one of its properties"
        return f"{shown(target)}: {dataset} has no property {column!r}; {hint}"
    return None


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")
