"""The treatment of every clause of a contract file: executed, documented, or not executable and why (I8).

The list is built from the file, not from the gate's model of it, so that unknown clauses are listed too.
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

    `line` is its 1-based line in the file; None if the text of the file is not available.
    """

    clause: str
    line: int | None = None
    treatment: Treatment
    by: str


def cover(
    document: Mapping[str, Any] | Document, compilation: Compilation, *, environment: str | None = None
) -> tuple[CoveredClause, ...]:
    """One row per clause, in the file's order. `environment` selects the server, as when the contract was read."""
    mapping = document.mapping if isinstance(document, Document) else document
    decided = _decided(compilation) | _unused_servers(mapping, environment)
    rows = []
    for clause, kind in clauses(mapping):
        treatment, by = decided.get(clause) or _by_kind(kind)
        line = document.line(clause) if isinstance(document, Document) else None
        rows.append(CoveredClause(clause=clause, line=line, treatment=treatment, by=by))
    return tuple(rows)


def clauses(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(place, kind) of every clause; together they cover the whole file.

    Quality rules, service levels, relationships, custom properties, options and enumerations are one clause each; any
    other leaf is a clause. A kind is a key of the tables in `kinds`.
    """
    return list(_walk(document, ()))


def _walk(value: Any, place: tuple[str | int, ...]) -> Iterator[tuple[str, str]]:
    kind, is_whole = kind_of(place, value)
    if is_whole or not value or not isinstance(value, Mapping | list):
        yield dotted(place), kind
        return
    for key, child in value.items() if isinstance(value, Mapping) else enumerate(value):
        yield from _walk(child, (*place, key))


def _decided(compilation: Compilation) -> dict[str, tuple[Treatment, str]]:
    """The compiler's result for each clause; a clause with a check counts as executed."""
    decided = {item.clause: (Treatment.NOT_EXECUTABLE, item.why) for item in compilation.not_executable}
    decided |= {item.clause: (Treatment.DOCUMENTED, item.why) for item in compilation.documented}
    names: dict[str, list[str]] = {}
    for check in compilation.suite.checks:
        names.setdefault(check.clause, []).append(_named(check))
    return decided | {clause: (Treatment.EXECUTED, ", ".join(ids)) for clause, ids in names.items()}


def _named(check: Check) -> str:
    """The check's id. Data also ages when no partition is judged, which only monitoring would notice."""
    later = "; between partitions, monitoring is needed" if isinstance(check.promise, FreshWithin) else ""
    return f"{check.rule_id} (checked when a partition is judged{later})" if check.promise else check.rule_id


def _unused_servers(document: Mapping[str, Any], environment: str | None) -> dict[str, tuple[Treatment, str]]:
    """The clauses of servers that are not searched for partitions."""
    servers = document.get("servers") or []
    used = used_server(servers, environment)
    places = (place for i, server in enumerate(servers) if i != used for place, _ in _walk(server, ("servers", i)))
    return dict.fromkeys(places, (Treatment.DOCUMENTED, "belongs to a server that is not used"))


def _by_kind(kind: str) -> tuple[Treatment, str]:
    if kind in MECHANISMS:
        return Treatment.EXECUTED, MECHANISMS[kind]
    if kind in DOCUMENTED:
        return Treatment.DOCUMENTED, DOCUMENTED[kind]
    return Treatment.NOT_EXECUTABLE, REFUSED.get(kind, f"{kind.rpartition('.')[2]} is not executable yet")
