"""What becomes of every clause of a contract file: executed, documented only, or not executable and why (I8).

The file is walked, not our model of it, so a clause that nobody thought of is listed too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from partition_gate.checks.compiling.compiler import Compilation
from partition_gate.checks.expectations import Check
from partition_gate.checks.promises import FreshWithin
from partition_gate.contracts.coverage.kinds import DOCUMENTED, MECHANISMS, REFUSED, kind_of
from partition_gate.contracts.odcs.reader import used_server
from partition_gate.core.record import Record
from partition_gate.core.strict_yaml.reading import Document, dotted


class Treatment(StrEnum):
    """How a clause is treated."""

    EXECUTED = "executed"
    DOCUMENTED = "documented"
    NOT_EXECUTABLE = "not_executable"


class CoveredClause(Record):
    """One clause of the file: `by` names the check or the mechanism that executes it, or says why nothing does.

    `line` is its line in the file, from 1, where the file's text was at hand.
    """

    clause: str
    line: int | None = None
    treatment: Treatment
    by: str


def cover(
    document: Mapping[str, Any] | Document, compilation: Compilation, *, environment: str | None = None
) -> tuple[CoveredClause, ...]:
    """One row a clause, in the file's order. `environment` picks the server, as when the contract was read."""
    mapping = document.mapping if isinstance(document, Document) else document
    decided = _decided(compilation) | _unused_servers(mapping, environment)
    rows = []
    for clause, kind in clauses(mapping):
        treatment, by = decided.get(clause) or _by_kind(kind)
        line = document.line(clause) if isinstance(document, Document) else None
        rows.append(CoveredClause(clause=clause, line=line, treatment=treatment, by=by))
    return tuple(rows)


def clauses(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(place, kind) of every clause: quality rules, service levels, relationships, custom properties, options and
    enumerations whole, else each leaf; together they are the whole file. A kind is a key of `coverage_kinds`."""
    return list(_walk(document, ()))


def _walk(value: Any, place: tuple[str | int, ...]) -> Iterator[tuple[str, str]]:
    kind, is_whole = kind_of(place, value)
    if is_whole or not value or not isinstance(value, Mapping | list):
        yield dotted(place), kind
        return
    for key, child in value.items() if isinstance(value, Mapping) else enumerate(value):
        yield from _walk(child, (*place, key))


def _decided(compilation: Compilation) -> dict[str, tuple[Treatment, str]]:
    """What the compiler says of a clause; a clause with a check is executed, whatever else is said of it."""
    decided = {item.clause: (Treatment.NOT_EXECUTABLE, item.why) for item in compilation.not_executable}
    decided |= {item.clause: (Treatment.DOCUMENTED, item.why) for item in compilation.documented}
    names: dict[str, list[str]] = {}
    for check in compilation.suite.checks:
        names.setdefault(check.clause, []).append(_named(check))
    return decided | {clause: (Treatment.EXECUTED, ", ".join(ids)) for clause, ids in names.items()}


def _named(check: Check) -> str:
    """The check's id; freshness goes on to age where nothing is judged, and only a watch would see that."""
    later = "; between partitions it needs the watch" if isinstance(check.promise, FreshWithin) else ""
    return f"{check.rule_id} (held when a partition is judged{later})" if check.promise else check.rule_id


def _unused_servers(document: Mapping[str, Any], environment: str | None) -> dict[str, tuple[Treatment, str]]:
    """Everything of the servers that partitions are not looked for on."""
    servers = document.get("servers") or []
    used = used_server(servers, environment)
    places = (place for i, server in enumerate(servers) if i != used for place, _ in _walk(server, ("servers", i)))
    return dict.fromkeys(places, (Treatment.DOCUMENTED, "of a server that is not used here"))


def _by_kind(kind: str) -> tuple[Treatment, str]:
    if kind in MECHANISMS:
        return Treatment.EXECUTED, MECHANISMS[kind]
    if kind in DOCUMENTED:
        return Treatment.DOCUMENTED, DOCUMENTED[kind]
    return Treatment.NOT_EXECUTABLE, REFUSED.get(kind, f"{kind.rpartition('.')[2]} is not executable yet")
