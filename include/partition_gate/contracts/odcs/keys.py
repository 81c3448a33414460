"""The keys that the standard allows at each place: read from the JSON Schema through every reference and condition.

JSON Schema itself only says that a key was not "evaluated", which also happens to a valid key next to an invalid one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

Node = Mapping[str, Any]
# Keys of nearly every object: a key that is valid below one of them gives no hint about its right place.
_ANYWHERE = frozenset({"customProperties", "authoritativeDefinitions", "roles", "context", "synonyms", "enum"})


class UnknownKey(NamedTuple):
    """A key that is not allowed at its place; `known` lists the allowed keys, `under` the one it would fit below."""

    parts: tuple[str | int, ...]
    known: tuple[str, ...]
    under: str | None


def known_keys(schema: Node, root: Node) -> tuple[str, ...]:
    """The keys that a schema allows in any of its branches."""
    return tuple(_properties(_branches((schema,), root)))


class _Place(NamedTuple):
    """What the schema allows at a place: its keys, and the schemas of a list's items."""

    known: dict[str, tuple[Node, ...]]
    items: tuple[Node, ...]


class AllowedKeys:
    """The keys that a JSON Schema allows. What it allows at each kind of place is cached: use it for many documents."""

    def __init__(self, root: Node) -> None:
        self._root = root
        self._places: dict[tuple[int, ...], _Place] = {}

    def unknown_in(self, document: Any) -> Iterator[UnknownKey]:
        """Every key of the document that the schema does not allow at its place, in the file's order."""
        yield from self._unknown(document, (self._root,), ())

    def _unknown(self, value: Any, schemas: tuple[Node, ...], parts: tuple[str | int, ...]) -> Iterator[UnknownKey]:
        if not isinstance(value, list | Mapping):
            return
        place = self._place(schemas)
        if isinstance(value, list):
            for i, child in enumerate(value):
                yield from self._unknown(child, place.items, (*parts, i))
            return
        for key, child in value.items():
            if key in place.known:
                yield from self._unknown(child, place.known[key], (*parts, key))
            elif place.known:  # a place without known keys allows any key: `arguments`, `implementation`
                yield UnknownKey((*parts, key), tuple(place.known), self._under(key, place.known))

    def _place(self, schemas: tuple[Node, ...]) -> _Place:
        kind = tuple(map(id, schemas))
        if kind not in self._places:
            branches = list(_branches(schemas, self._root))
            items = tuple(branch["items"] for branch in branches if isinstance(branch.get("items"), Mapping))
            self._places[kind] = _Place(_properties(branches), items)
        return self._places[kind]

    def _under(self, key: object, known: Mapping[str, tuple[Node, ...]]) -> str | None:
        """The known key below which the unknown key is allowed (`minimum` below `logicalTypeOptions`)."""
        for name, schemas in known.items():
            below = self._place(schemas)
            if name not in _ANYWHERE and (key in below.known or key in self._place(below.items).known):
                return name
        return None


def _properties(branches: Iterable[Node]) -> dict[str, tuple[Node, ...]]:
    properties: dict[str, tuple[Node, ...]] = {}
    for branch in branches:
        for key, schema in branch.get("properties", {}).items():
            if isinstance(schema, Mapping):
                properties[key] = (*properties.get(key, ()), schema)
        for key in branch.get("required", ()) if "properties" in branch else ():
            properties.setdefault(key, ())  # v3.0.1 requires a `staging_dir` that it does not describe
    return properties


def _branches(schemas: tuple[Node, ...], root: Node) -> Iterator[Node]:
    """The schemas and every schema that they include, each once."""
    visited: set[int] = set()
    waiting = list(schemas)
    while waiting:
        schema = waiting.pop(0)
        if id(schema) in visited:
            continue
        visited.add(id(schema))
        yield schema
        if reference := schema.get("$ref"):
            waiting.append(_resolved(str(reference), root))
        waiting.extend(schema[word] for word in ("then", "else") if word in schema)
        waiting.extend(branch for word in ("allOf", "anyOf", "oneOf") for branch in schema.get(word, ()))


def _resolved(reference: str, root: Node) -> Node:
    node: Any = root
    for name in reference.removeprefix("#/").split("/"):
        node = node[name]
    return node if isinstance(node, Mapping) else {}
