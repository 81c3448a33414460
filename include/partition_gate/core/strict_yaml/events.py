"""One pass over the YAML events: finds the line of every place, and each trap, before any object is built."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import yaml

MAX_DEPTH = 40
MAX_NODES = 100_000
MAX_DIGITS = 40
_NUMBER_TAGS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]*)?([eE][-+][0-9]{1,3})?|[-+]?\.[0-9]+")

_Base: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class LOADER(_Base):  # type: ignore[misc]  # the C loader has no type stubs
    """CSafeLoader without timestamps: dates are text in the standard."""

    def resolve(self, kind: type[yaml.Node], value: str | None, implicit: tuple[bool, bool]) -> str:
        """The tag of a node. Unquoted scalars are looked up, because a contract has few different ones."""
        if kind is yaml.ScalarNode and implicit[0] and value is not None:
            return _resolved(value)
        return str(super().resolve(kind, value, implicit))


LOADER.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Base.yaml_implicit_resolvers.items()
}


_LONGEST_WORD = 64  # characters; longer texts are sentences, and are not remembered


class Unreadable(yaml.MarkedYAMLError):
    """Stops reading; `problem` is the complete message."""


class Trap(NamedTuple):
    """A YAML feature that a contract must not use; `place` is empty if it affects the whole file."""

    place: str
    line: int | None
    what: str


class PlainScalar(NamedTuple):
    """An unquoted scalar, verbatim."""

    place: str
    line: int
    text: str


@dataclass
class _OpenCollection:
    """A mapping or list that has begun; `key` is the mapping's key whose value comes next."""

    place: str
    is_mapping: bool
    key: str | None = None
    count: int = 0
    keys: set[str] = field(default_factory=set)

    def child(self) -> str:
        if not self.is_mapping:
            return f"{self.place}[{self.count}]"
        return f"{self.place}.{self.key}" if self.place else str(self.key)


class EventScanner:
    """`scan` every event in order to fill `traps`, `lines` (line by place) and `plain` (unquoted scalars)."""

    def __init__(self) -> None:
        self.traps: list[Trap] = []
        self.lines: dict[str, int] = {}
        self.plain: list[PlainScalar] = []
        self._open: list[_OpenCollection] = []
        self._documents = 0
        self._nodes = 0

    def scan(self, event: Any) -> None:
        """Process one event. Raises: yaml.YAMLError (a key is not a word, or a limit on depth or size is exceeded)."""
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.DocumentStartEvent):
            self._start(event, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
            self._finish_value()
        elif isinstance(event, yaml.NodeEvent):
            self._node(event, line)

    def _start(self, event: Any, line: int) -> None:
        self._documents += 1
        if self._documents == 2:
            self._add("", line, "a second document begins with `---`; write one contract per file")
        if event.version or event.tags:
            self._add("", line, "YAML directives (`%YAML`, `%TAG`) are not allowed; remove the line")

    def _node(self, event: Any, line: int) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise Unreadable(
                problem=f"more than {MAX_NODES:,} values; split the contract", problem_mark=event.start_mark
            )
        top = self._open[-1] if self._open else None
        if top and top.is_mapping and top.key is None:
            self._key(top, event, line)
            return
        place = top.child() if top else ""
        self.lines.setdefault(place, line)
        self._refuse_extras(event, place, line)
        if isinstance(event, yaml.CollectionStartEvent):
            self._begin(event, place)
            return
        if isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
            self._scalar(event.value, place, line)
        self._finish_value()

    def _begin(self, event: Any, place: str) -> None:
        self._open.append(_OpenCollection(place, isinstance(event, yaml.MappingStartEvent)))
        if len(self._open) > MAX_DEPTH:
            problem = f"nesting is deeper than {MAX_DEPTH} levels; flatten it"
            raise Unreadable(problem=problem, problem_mark=event.start_mark)

    def _key(self, top: _OpenCollection, event: Any, line: int) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            raise Unreadable(problem="a key is a list or a mapping; write a word", problem_mark=event.start_mark)
        top.key = event.value
        place = top.child()
        self._refuse_extras(event, place, line)
        if event.value in top.keys:
            self._add(place, line, f"the key {_short(event.value)} is a duplicate; remove one of them")
        elif event.implicit[0] and _resolved(event.value) != "tag:yaml.org,2002:str":
            self._add(place, line, f"the key {_short(event.value)} is not read as text; quote it or remove it")
        top.keys.add(event.value)
        self.lines.setdefault(place, line)

    def _scalar(self, text: str, place: str, line: int) -> None:
        self.plain.append(PlainScalar(place, line, text))
        if _resolved(text) not in _NUMBER_TAGS:
            return
        if len(text) > MAX_DIGITS:
            self._add(place, line, f"the number has {len(text):,} characters; quote it if it is text")
        elif not _DECIMAL.fullmatch(text) or math.isinf(float(text)):
            what = f"{text} is not the number it looks like (YAML 1.1); quote it, or write a decimal number"
            self._add(place, line, what)

    def _refuse_extras(self, event: Any, place: str, line: int) -> None:
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            self._add(place, line, "YAML anchors and aliases are not allowed; write the value out")
        if getattr(event, "tag", None):
            self._add(place, line, "YAML tags are not allowed; remove the tag from this value")

    def _finish_value(self) -> None:
        if self._open:
            self._open[-1].key = None
            self._open[-1].count += 1

    def _add(self, place: str, line: int, what: str) -> None:
        self.traps.append(Trap(place, line, what))


def _resolved(text: str) -> str:
    """The tag that YAML 1.1 gives an unquoted scalar."""
    return _resolved_word(text) if len(text) <= _LONGEST_WORD else _matched(text)


@lru_cache(maxsize=8_192)
def _resolved_word(text: str) -> str:
    return _matched(text)


def _matched(text: str) -> str:
    for tag, pattern in LOADER.yaml_implicit_resolvers.get(text[:1], []):
        if pattern.match(text):
            return str(tag)
    return "tag:yaml.org,2002:str"


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
