"""A contract file as lint rules see it: works on any mapping, however wrong, and never raises."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, NamedTuple

from pydantic import SkipValidation

from partition_gate.contract.limits import OBJECT_PROPERTIES
from partition_gate.contract.model import Status
from partition_gate.contract.recovery import RecoveryFunction
from partition_gate.contracts.compatibility.changes import ContractVersion
from partition_gate.contracts.coverage.queries import WhyRefused
from partition_gate.contracts.odcs.object_names import object_of
from partition_gate.contracts.odcs.servers import is_readable, readable_for
from partition_gate.core.finding import Level
from partition_gate.core.record import Record
from partition_gate.core.strict_yaml.reading import Document

Node = dict[str, Any]
WhyNoFunction = Callable[[RecoveryFunction], str | None]


class Problem(NamedTuple):
    """A problem found by a lint rule: its place and `what; what to do`; `level` overrides the level of the rule."""

    place: str
    what: str
    level: Level | None = None


class Known(Record):
    """Information from outside the file; None: not available.

    `name`: the file's name in the contracts folder (None: the file is elsewhere). `datasets`: the columns of every
    dataset that foreign keys may reference. `claims`: the contracts (names of their files) with a dataset of this name
    (in lower case), or with a DAG of this id. `before`: the last approved version. `why_refused` says why a query
    cannot run over a table. `judged_in`: the environment that a kept version is judged in.
    `why_no_function` says why a recovery function cannot be run.
    """

    name: str | None = None
    # Not validated, because every file of a folder has the same.
    datasets: Annotated[Mapping[str, frozenset[str]] | None, SkipValidation] = None
    claims: Annotated[Mapping[str, tuple[str, ...]], SkipValidation] = {}
    before: ContractVersion | None = None
    why_refused: WhyRefused | None = None
    judged_in: str = ""
    why_no_function: WhyNoFunction | None = None


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

    @property
    def is_retired(self) -> bool:
        """Whether the contract no longer judges or publishes anything."""
        return str(self.root.get("status")).lower() == Status.RETIRED

    @cached_property
    def is_run_here(self) -> bool:
        """Whether the partitions of an object are judged here: a server has its files."""
        return any(self.is_object_run(item) for item in self.objects())

    def is_object_run(self, item: Placed) -> bool:
        """Whether the partitions of this object are judged here."""
        servers = [server.node for server in parts(self.root, "servers")]
        return bool(item.node.get("properties")) and readable_for(servers, str(item.node.get("name")))

    def objects(self) -> Iterator[Placed]:
        """The schema objects."""
        yield from parts(self.root, "schema")

    def columns(self) -> Iterator[Placed]:
        """The top-level properties of every object."""
        for item in self.objects():
            yield from columns_of(item)

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

    def limits(self) -> Iterator[Placed]:
        """The custom properties of the root, and those of objects that come before them."""
        yield from self.custom()
        for item in self.objects():
            for custom in parts(item.node, "customProperties", item.place):
                if custom.node.get("property") in OBJECT_PROPERTIES:
                    yield custom

    def parquet_servers(self) -> Iterator[Placed]:
        """The servers that the gate can read from."""
        for server in parts(self.root, "servers"):
            if is_readable(server.node):
                yield server

    def servers_of(self, item: Placed) -> Iterator[Placed]:
        """The servers that an object may be read from, depending on the environment; its own first."""
        name = item.node.get("name")
        own = self._servers.get(name, []) if isinstance(name, str) else []
        covered = {repr(server.node.get("environment")) for server in own}
        yield from own
        for server in self._servers.get(None, []):
            if repr(server.node.get("environment")) not in covered:
                yield server

    @cached_property
    def _servers(self) -> dict[str | None, list[Placed]]:
        """The servers that the gate can read from, by the object that they name."""
        by_object: dict[str | None, list[Placed]] = {}
        for server in self.parquet_servers():
            by_object.setdefault(object_of(server.node), []).append(server)
        return by_object

    @cached_property
    def column_names(self) -> dict[str, frozenset[str]]:
        """The names of the top-level properties of each object, by the object's name."""
        return {str(item.node.get("name")): column_names(item) for item in self.objects()}

    def columns_beside(self, part: Placed) -> frozenset[str]:
        """The names of the top-level properties of the object that contains the part."""
        return self._columns_by_place.get(object_place(part), frozenset())

    @cached_property
    def _columns_by_place(self) -> dict[str, frozenset[str]]:
        return {item.place: column_names(item) for item in self.objects()}


def object_place(part: Placed) -> str:
    """The place of the object that contains the part."""
    return part.place.partition(".")[0]


def columns_of(item: Placed) -> Iterator[Placed]:
    """The top-level properties of an object."""
    for prop in parts(item.node, "properties", item.place):
        yield prop._replace(column=_text(prop.node.get("name")))


def column_names(item: Placed) -> frozenset[str]:
    """The names of an object's top-level properties; empty if one of them is missing or not text."""
    properties = item.node.get("properties")
    given = properties if isinstance(properties, list) else []
    names = [prop.get("name") if isinstance(prop, dict) else None for prop in given]
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
