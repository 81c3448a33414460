"""Lint rules about words that the standard leaves open and the gate acts upon: a misspelt one is ignored in silence."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from partition_gate.contract.limits import CUSTOM_PROPERTIES, FEATURE_PROPERTIES, OBJECT_PROPERTIES
from partition_gate.contract.model import CONSUMER_SCOPES, PRODUCER_SCOPES
from partition_gate.contracts.lint.view import Known, Placed, Problem, View, parts
from partition_gate.contracts.odcs.environments import DIFFERING, NOT_IN_ENVIRONMENT
from partition_gate.contracts.odcs.object_names import SCHEMA
from partition_gate.contracts.odcs.quality import DIALECT
from partition_gate.contracts.odcs.servers import PATTERN, SERVER_TYPES
from partition_gate.core.addresses import Tool
from partition_gate.core.nearest_words import nearest, shown

SCOPES = (*PRODUCER_SCOPES, *CONSUMER_SCOPES)
TOOLS = (*Tool, "teams", "discord", "ticket", "googlechat", "other")


def support_scope(view: View, _known: Known) -> Iterator[Problem]:
    """The scope of a support channel says whether producers or consumers are told there."""
    for channel in parts(view.root, "support"):
        word = channel.node.get("scope")
        if isinstance(word, str) and word.lower() not in SCOPES:
            near = nearest(word, SCOPES)
            hint = f"did you mean {near!r}?" if near else f"use one of {', '.join(SCOPES)}"
            yield Problem(f"{channel.place}.scope", f"{shown(word)} is not a scope, so nobody is told there; {hint}")


def misspelt_word(view: View, _known: Known) -> Iterator[Problem]:
    """The tool of a channel, the format of a server and a scheduler do not look like a misspelt word of the gate."""
    places = chain(
        ((channel, "tool", TOOLS, "nobody is told there") for channel in parts(view.root, "support")),
        ((server, "format", ("parquet",), "its files are not read") for server in _file_servers(view)),
        ((part, "scheduler", ("cron",), "its schedule is not used") for part in (*view.slas(), *view.rules())),
    )
    for part, key, known, effect in places:
        word = part.node.get(key)
        if isinstance(word, str) and word.lower() not in known and (near := nearest(word, known)):
            yield Problem(f"{part.place}.{key}", f"{shown(word)} is not known, so {effect}; did you mean {near!r}?")


def inner_custom_property(view: View, _known: Known) -> Iterator[Problem]:
    """Custom properties below the root do not look like misspelt ones of the gate; an object has each limit once."""
    places = chain(
        ((server, (PATTERN, SCHEMA, DIALECT)) for server in parts(view.root, "servers")),
        ((item, (*OBJECT_PROPERTIES, *FEATURE_PROPERTIES)) for item in view.objects()),
        ((column, ("default", NOT_IN_ENVIRONMENT)) for column in view.columns()),
        ((rule, (DIALECT, *DIFFERING)) for rule in view.rules()),
        ((relationship, ("severity", *DIFFERING)) for relationship in view.relationships()),
        ((sla, ("severity", SCHEMA, *DIFFERING)) for sla in view.slas()),
    )
    for part, known in places:
        for custom in parts(part.node, "customProperties", part.place):
            name = custom.node.get("property")
            if isinstance(name, str) and name not in known and (near := nearest(name, known)):
                what = f"{shown(name)} is not known, so the gate ignores it; did you mean {near!r}?"
                yield Problem(f"{custom.place}.property", what)
    for item in view.objects():
        yield from _limits_of_object(item)


def _limits_of_object(item: Placed) -> Iterator[Problem]:
    names: set[str] = set()
    for custom in parts(item.node, "customProperties", item.place):
        name = str(custom.node.get("property"))
        if name in names and name in OBJECT_PROPERTIES:
            yield Problem(f"{custom.place}.property", f"{shown(name)} is a duplicate; remove one of them")
        elif name in CUSTOM_PROPERTIES and name not in OBJECT_PROPERTIES:
            what = f"{shown(name)} holds for all objects of a contract, so it has no effect here; move it to the root"
            yield Problem(f"{custom.place}.property", what)
        names.add(name)


def _file_servers(view: View) -> Iterator[Placed]:
    return (server for server in parts(view.root, "servers") if server.node.get("type") in SERVER_TYPES)
