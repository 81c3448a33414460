"""Lint rules about what differs by environment: `notInEnvironment` and `severityIn`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from partition_gate.contracts.lint.view import Known, Placed, Problem, View, parts
from partition_gate.contracts.odcs.environments import (
    NOT_IN_ENVIRONMENT,
    SEVERITY_IN,
    environment_of,
    excluded_environments,
)
from partition_gate.core.finding import Level
from partition_gate.core.nearest_words import did_you_mean, shown
from partition_gate.core.severity import Severity

_EXAMPLES = {NOT_IN_ENVIRONMENT: "a list such as [serving]", SEVERITY_IN: "a mapping such as {dev: warning}"}


def environment_name(view: View, _known: Known) -> Iterator[Problem]:
    """`notInEnvironment` and `severityIn` name environments of the contract's servers, and severities."""
    names = _environments(view)
    for part in _differing_parts(view):
        for custom, name in _settings(part):
            value, place = custom.node.get("value"), f"{custom.place}.value"
            if not _has_shape(name, value):
                yield Problem(place, f"{shown(value)} says nothing; write {_EXAMPLES[name]}")
                continue
            given = value if isinstance(value, dict) else excluded_environments(value)
            yield from (Problem(place, _unknown(each, names)) for each in given if str(each) not in names)
            for word in value.values() if isinstance(value, dict) else ():
                if str(word).lower() not in set(Severity):
                    hint = did_you_mean(word, Severity) or f"use {', '.join(Severity)}"
                    yield Problem(place, f"{shown(word)} is not a severity; {hint}")
    for custom, name in chain.from_iterable(map(_settings, (Placed("", view.root), *view.objects()))):
        what = f"{name} has no effect here; write it at a property, a rule, a relationship or a service level"
        yield Problem(f"{custom.place}.property", what)


def environment_column(view: View, _known: Known) -> Iterator[Problem]:
    """A column that is absent in an environment is a top-level property that belongs to no key, and is present in
    another environment (a warning if it is not required).
    """
    names = _environments(view)
    for prop in view.properties():
        for custom, name in _settings(prop):
            if name != NOT_IN_ENVIRONMENT or not _has_shape(name, value := custom.node.get("value")):
                continue
            absent, place = set(excluded_environments(value)), f"{custom.place}.value"
            if why := _why_not_absent(prop, view):
                yield Problem(place, f"{why}; remove notInEnvironment")
            elif names and names <= absent:
                level = None if prop.node.get("required") is True else Level.WARNING
                what = f"{shown(prop.column)} is absent in every environment; remove the property, or a name here"
                yield Problem(place, what, level)


def _why_not_absent(prop: Placed, view: View) -> str:
    """Why a property cannot be absent in an environment; empty if it can."""
    if prop.place not in {column.place for column in view.columns()}:
        return "only a top-level property can be absent in an environment"
    for key, kind in (("partitioned", "the partition key"), ("primaryKey", "the primary key")):
        if prop.node.get(key) is True:
            return f"{shown(prop.column)} belongs to {kind}, which is the same in every environment"
    return ""


def _differing_parts(view: View) -> Iterator[Placed]:
    return chain(view.properties(), view.rules(), view.relationships(), view.slas())


def _settings(part: Placed) -> Iterator[tuple[Placed, str]]:
    """The custom properties of a part about environments, each with its name."""
    for custom in parts(part.node, "customProperties", part.place):
        name = custom.node.get("property")
        if isinstance(name, str) and name in _EXAMPLES:
            yield custom, name


def _has_shape(name: str, value: object) -> bool:
    if name == SEVERITY_IN:
        return isinstance(value, dict) and bool(value)
    return isinstance(value, str) or (isinstance(value, list) and bool(value))


def _environments(view: View) -> frozenset[str]:
    return frozenset(environment_of(server.node) for server in parts(view.root, "servers"))


def _unknown(name: object, known: Iterable[str]) -> str:
    names = sorted(known)
    hint = did_you_mean(name, names) or (f"they are {', '.join(names)}" if names else "add a server")
    return f"{shown(name)} is not an environment of the servers; {hint}"
