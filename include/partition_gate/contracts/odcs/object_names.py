"""How servers, service levels and relationships of a contract name its schema objects."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence, Set
from typing import Any

from open_data_contract_standard.model import Relationship, SchemaObject

# The custom property of a server or a service level whose value is the name of a schema object.
SCHEMA = "schema"
_QUALIFIED = re.compile(r"/?schema/([^/]+)/properties/([^/]+)")


def object_of(node: Mapping[str, Any]) -> str | None:
    """The value of the custom property `schema`; None without it, or if it is not text."""
    custom = node.get("customProperties")
    for entry in custom if isinstance(custom, list) else ():
        if isinstance(entry, Mapping) and entry.get("property") == SCHEMA:
            return entry["value"] if isinstance(entry.get("value"), str) else None
    return None


def element_parts(element: str, columns: Mapping[str, Set[str]]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The parts of an element such as `orders.placed_at, lines.added_at`, each with the objects that it belongs to.

    `columns` are the columns of each object, by name. A part is `object`, `object.column` or `column`; the last belongs
    to every object with this column, and an unknown one to none.
    """
    for part in filter(None, (part.strip() for part in element.split(","))):
        owner = _object_before(part, columns)
        rest = part[len(owner) + 1 :] if owner is not None else ""
        if owner is not None and (not rest or _column_before(rest) in columns[owner]):
            yield part, (owner,)
        else:
            yield part, tuple(name for name, own in columns.items() if _column_before(part) in own)


def use_shorthand(schemas: Sequence[SchemaObject]) -> None:
    """Replace `/schema/orders/properties/id` by `orders.id` in the relationships, in place.

    The parts are ids or names. A reference to nothing, or to another file, stays as it is. Source: ODCS 3.1,
    relationships.
    """
    for relationship in _relationships(schemas):
        relationship.from_ = _replaced(relationship.from_, schemas)
        relationship.to = _replaced(relationship.to, schemas)


def _object_before(part: str, objects: Container[str]) -> str | None:
    """The longest name of an object that a part begins with: names may contain dots."""
    while part not in objects:
        part, dot, _ = part.rpartition(".")
        if not dot:
            return None
    return part


def _column_before(path: str) -> str:
    return path.partition(".")[0]


def _relationships(schemas: Sequence[SchemaObject]) -> Iterator[Relationship]:
    for schema in schemas:
        yield from schema.relationships or []
        for prop in schema.properties or []:
            yield from prop.relationships or []


def _replaced(references: str | list[str] | None, schemas: Sequence[SchemaObject]) -> str | list[str] | None:
    if isinstance(references, list):
        return [_shorthand(each, schemas) for each in references]
    return None if references is None else _shorthand(references, schemas)


def _shorthand(reference: str, schemas: Sequence[SchemaObject]) -> str:
    match = _QUALIFIED.fullmatch(reference)
    if match is None:
        return reference
    for schema in (each for each in schemas if match[1] in (each.id, each.name)):
        for prop in (each for each in schema.properties or [] if match[2] in (each.id, each.name)):
            return f"{schema.name}.{prop.name}"
    return reference
