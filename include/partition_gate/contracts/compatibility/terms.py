"""A contract file as a tree of named nodes with terms: the form in which two versions are compared.

The tree is built from the file, not from the gate's model of it, so that unknown clauses are compared too (I8).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from partition_gate.core.record import Record, canonical_json
from partition_gate.core.values import Scalar

Value = Scalar | tuple[Scalar | None, ...]

# List in the file -> the owner name of its entries, and the keys that identify an entry, best first.
LISTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "servers": ("server", ("id", "server")),
    "schema": ("table", ("id", "name")),
    "properties": ("column", ("id", "name", "physicalName")),
    "quality": ("rule", ("id", "name", "metric", "rule", "query", "description")),
    "relationships": ("foreign key", ("id", "to")),
    "slaProperties": ("sla", ("id", "property")),
    "customProperties": ("setting", ("id", "property")),
    "team": ("member", ("id", "username")),
    "members": ("member", ("id", "username")),
    "support": ("channel", ("id", "channel")),
    "roles": ("role", ("id", "role")),
    "authoritativeDefinitions": ("definition", ("id", "url")),
}
_ENTRY = ("entry", ("id", "name", "property"))
_FLAGS = {"required", "unique", "primaryKey", "partitioned", "criticalDataElement", "logicalTypeOptions.uniqueItems"}
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_OPERATORS = ("mustBe", "mustNotBe")
_MAP = ("key", "value")


class Term(Record):
    """One statement: `clause` is its name within its owner, `path` its place in the file."""

    clause: str
    value: Value
    path: str


class Node(Record):
    """A named part of the contract (the contract itself, a column, a rule, an SLA ...) with its terms."""

    owner: str
    name: str
    path: str
    identities: tuple[tuple[str, str], ...]
    terms: tuple[Term, ...]
    children: tuple[Node, ...]

    def get(self, clause: str) -> Value | None:
        """The value of a clause; None if the node does not have it."""
        return next((term.value for term in self.terms if term.clause == clause), None)


def contract_tree(document: Mapping[str, Any]) -> Node:
    """The tree of a contract document that is valid against the standard."""
    return _node("contract", document, "", name=str(document.get("id", "")), keys=("id",))


def _node(owner: str, content: Mapping[str, Any], path: str, *, name: str, keys: tuple[str, ...]) -> Node:
    terms, children = list(_terms(content, path, "")), tuple(_children(content, path))
    normalise = _NORMALISERS.get(owner)
    identities = tuple((key, _identity(content[key])) for key in keys if content.get(key) is not None)
    node = Node(
        owner=owner,
        name=name,
        path=path,
        identities=identities or (("name", name),),
        terms=tuple(term for term in terms if not (term.clause in _FLAGS and term.value is False)),
        children=children,
    )
    return normalise(node) if normalise else node


def _terms(content: Mapping[str, Any], path: str, prefix: str) -> Iterator[Term]:
    for key, value in content.items():
        place, clause = f"{path}.{key}".lstrip("."), f"{prefix}{key}"
        if _is_child(key, value):
            continue
        if isinstance(value, Mapping):
            yield from _terms(value, place, f"{clause}.")
        elif value is not None:
            yield Term(clause=clause, value=_value(value), path=place)


def _children(content: Mapping[str, Any], path: str) -> Iterator[Node]:
    for key, value in content.items():
        place = f"{path}.{key}".lstrip(".")
        if _is_child(key, value) and isinstance(value, list):
            owner, keys = LISTS.get(key, _ENTRY)
            for i, entry in enumerate(value):
                name = next((str(entry[k]) for k in _shown_keys(owner, keys) if entry.get(k) is not None), f"[{i}]")
                yield _node(owner, entry, f"{place}[{i}]", name=name, keys=keys)
        elif _is_child(key, value):
            parts = {key: value} if key == "items" else {f"map {part}": value[part] for part in _MAP if part in value}
            for name, part in parts.items():
                inner = place if key == "items" else f"{place}.{name.removeprefix('map ')}"
                yield _node("column", part, inner, name=name, keys=())
        elif isinstance(value, Mapping):
            yield from _children(value, place)


def _shown_keys(owner: str, keys: tuple[str, ...]) -> tuple[str, ...]:
    """Rules are shown by their id, everything else by its name."""
    return keys if owner == "rule" else (*keys[1:], keys[0])


def _is_child(key: str, value: object) -> bool:
    """Whether the value becomes nodes: a list of mappings, or the inner columns of an array or map; not an enum."""
    if isinstance(value, list):
        return key != "enum" and bool(value) and all(isinstance(entry, Mapping) for entry in value)
    return key in {"items", "map"} and isinstance(value, Mapping)


def _value(value: Any) -> Value:
    if isinstance(value, list):
        return tuple(_single(entry.get("value") if isinstance(entry, Mapping) else entry) for entry in value)
    return _single(value)


def _single(value: Any) -> Scalar:
    return value if isinstance(value, bool | int | float | str) else canonical_json(value)


def _identity(value: object) -> str:
    return value.casefold() if isinstance(value, str) else canonical_json(value)


def _table(node: Node) -> Node:
    """Makes the primary key one term of the table, wherever its parts are written."""
    members = [(_position(child), child) for child in node.children if child.get("primaryKey")]
    names = tuple(child.name for _, child in sorted(members, key=lambda member: member[0]))
    key = [Term(clause="primaryKey", value=names, path=f"{node.path}.properties")] if names else []
    return node.model_copy(update={"terms": (*node.terms, *key)})


def _position(column: Node) -> int:
    position = column.get("primaryKeyPosition")
    return position if isinstance(position, int) else 0


def _column(node: Node) -> Node:
    """Merges the bounds into one range, and adds the column's name in the files as a term."""
    source = node.get("physicalName") or node.name
    given = {clause: node.get(f"logicalTypeOptions.{clause}") for clause in _BOUNDS}
    terms = [term for term in node.terms if not _is_bound(term) and term.clause != "physicalName"]
    terms.append(Term(clause="source", value=source, path=f"{node.path}.physicalName"))
    if any(value is not None for value in given.values()):
        terms.append(Term(clause="range", value=_range(given), path=f"{node.path}.logicalTypeOptions"))
    identities = dict(node.identities) | {"physicalName": _identity(source)}
    return node.model_copy(update={"terms": tuple(terms), "identities": tuple(identities.items())})


def _is_bound(term: Term) -> bool:
    return term.clause.removeprefix("logicalTypeOptions.") in _BOUNDS and "." in term.clause


def _range(given: Mapping[str, Value | None]) -> Value:
    """(low, high, low is exclusive, high is exclusive)."""
    low, low_is_exclusive = _end(given["minimum"], given["exclusiveMinimum"])
    high, high_is_exclusive = _end(given["maximum"], given["exclusiveMaximum"])
    return low, high, low_is_exclusive, high_is_exclusive


def _end(inclusive: Value | None, exclusive: Value | None) -> tuple[Scalar | None, bool]:
    """`exclusive*` is a flag in v3.0 of the standard and a bound since v3.1."""
    if exclusive is None or exclusive is False:
        return _scalar(inclusive), False
    return _scalar(inclusive if exclusive is True else exclusive), True


def _rule(node: Node) -> Node:
    """Merges the operator and its bounds into one term."""
    operators = [term for term in node.terms if term.clause.startswith(_OPERATORS)]
    terms = [term for term in node.terms if term not in operators]
    for term in operators[:1]:
        bounds = term.value if isinstance(term.value, tuple) else (term.value,)
        terms.append(Term(clause="operator", value=(term.clause, *bounds), path=term.path))
    return node.model_copy(update={"terms": tuple(terms)})


def _sla(node: Node) -> Node:
    """Merges value, unit and second value into one promise."""
    parts = [_scalar(node.get(clause)) for clause in ("value", "unit", "valueExt")]
    others = [term for term in node.terms if term.clause not in {"value", "unit", "valueExt", "property"}]
    promise = Term(clause="promise", value=tuple(parts), path=f"{node.path}.value")
    return node.model_copy(update={"terms": (*others, promise), "name": node.name.lower()})


def _scalar(value: Value | None) -> Scalar | None:
    return None if isinstance(value, tuple) else value


_NORMALISERS: dict[str, Callable[[Node], Node]] = {"table": _table, "column": _column, "rule": _rule, "sla": _sla}
