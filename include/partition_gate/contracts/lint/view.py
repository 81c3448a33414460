"""A contract file as lint rules see it: works on any mapping, however wrong, and never raises."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from partition_gate.contracts.compatibility.changes import ContractVersion
from partition_gate.core.finding import Level
from partition_gate.core.record import Record
from partition_gate.core.strict_yaml.reading import Document
from partition_gate.core.table import TableSchema

Node = dict[str, Any]
WhyRefused = Callable[[TableSchema, str], str | None]
PARQUET_SERVERS = ("s3", "local")


class Problem(NamedTuple):
    """A problem found by a lint rule: its place and `what; what to do`; `level` overrides the level of the rule."""

    place: str
    what: str
    level: Level | None = None


class Known(Record):
    """Information from outside the file; None: not available.

    `name`: the file's name in the contracts folder (None: the file is elsewhere). `datasets`: the columns of every
    dataset that foreign keys may reference. `before`: the last approved version. `why_refused` says why a query cannot
    run over a table.
    """

    name: str | None = None
    datasets: Mapping[str, frozenset[str]] | None = None
    before: ContractVersion | None = None
    why_refused: WhyRefused | None = None


class Placed(NamedTuple):
    """A part of the file and its place; `column` is the top-level property that it belongs to."""

    place: str
    node: Node
    column: str | None = None


class View:
    """The parts of a document by their meaning, in the file's order; parts of the wrong shape are skipped."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.root: Node = document.mapping

    def objects(self) -> Iterator[Placed]:
        """The schema objects."""
        yield from parts(self.root, "schema")

    def columns(self) -> Iterator[Placed]:
        """The top-level properties of every object."""
        for item in self.objects():
            for prop in parts(item.node, "properties", item.place):
                yield prop._replace(column=_text(prop.node.get("name")))

    def properties(self) -> Iterator[Placed]:
        """Every property, nested ones after their parent."""
        yield from self._properties

    @cached_property
    def _properties(self) -> tuple[Placed, ...]:
        return tuple(inner for prop in self.columns() for inner in _nested(prop))

    def rules(self) -> Iterator[Placed]:
        """Every quality rule, rules of an object first; a rule of an object has no column."""
        for item in self.objects():
            yield from parts(item.node, "quality", item.place)
        for prop in self.properties():
            for rule in parts(prop.node, "quality", prop.place):
                yield rule._replace(column=prop.column or prop.place)

    def relationships(self) -> Iterator[Placed]:
        """Every relationship; a relationship of an object has no column."""
        for item in self.objects():
            yield from parts(item.node, "relationships", item.place)
        for prop in self.properties():
            for relationship in parts(prop.node, "relationships", prop.place):
                yield relationship._replace(column=prop.column)

    def slas(self) -> Iterator[Placed]:
        """The service level properties."""
        yield from parts(self.root, "slaProperties")

    def custom(self) -> Iterator[Placed]:
        """The root's custom properties."""
        yield from parts(self.root, "customProperties")

    def parquet_servers(self) -> Iterator[Placed]:
        """The servers that the gate can read from."""
        for server in parts(self.root, "servers"):
            if server.node.get("type") in PARQUET_SERVERS and server.node.get("format", "parquet") == "parquet":
                yield server

    @cached_property
    def column_names(self) -> frozenset[str]:
        """The names of the top-level properties; empty if one of them is missing or not text."""
        properties = [item.node.get("properties") for item in self.objects()]
        flat = [prop for given in properties if isinstance(given, list) for prop in given]
        names = [prop.get("name") if isinstance(prop, dict) else None for prop in flat]
        return frozenset(map(str, names)) if all(isinstance(name, str) for name in names) else frozenset()


def parts(node: Node, key: str, at: str = "") -> Iterator[Placed]:
    """The mappings of a list below a key, each with its place."""
    value = node.get(key)
    for i, child in enumerate(value if isinstance(value, list) else ()):
        if isinstance(child, dict):
            yield Placed(f"{at}.{key}[{i}]" if at else f"{key}[{i}]", child)


def child(node: Node, key: str) -> Node:
    """The mapping below a key, or an empty one."""
    value = node.get(key)
    return value if isinstance(value, dict) else {}


def number(value: object) -> float | None:
    """The number, or None for anything else (including booleans)."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _nested(prop: Placed) -> Iterator[Placed]:
    yield prop
    below = list(parts(prop.node, "properties", prop.place))
    if items := child(prop.node, "items"):
        below.append(Placed(f"{prop.place}.items", items))
    for key, node in child(prop.node, "map").items():
        if isinstance(node, dict):
            below.append(Placed(f"{prop.place}.map.{key}", node))
    for inner in below:
        yield from _nested(inner._replace(column=prop.column))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
