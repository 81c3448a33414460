"""How servers and service levels of a contract name one of its schema objects."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Set
from typing import Any

# The custom property of a server or a service level whose value is the name of a schema object.
SCHEMA = "schema"


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


def _object_before(part: str, objects: Container[str]) -> str | None:
    """The longest name of an object that a part begins with: names may contain dots."""
    while part not in objects:
        part, dot, _ = part.rpartition(".")
        if not dot:
            return None
    return part


def _column_before(path: str) -> str:
    return path.partition(".")[0]
