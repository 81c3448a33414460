"""The treatment of every clause of a contract file: executed, documented, or not executable and why (I8).

The list is built from the file, not from the gate's model of it, so that unknown clauses are listed too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from partition_gate.checks.compiling.compiler import Compilation
from partition_gate.checks.expectations import Check
from partition_gate.checks.promises import FreshWithin
from partition_gate.contracts.coverage.kinds import DOCUMENTED, MECHANISMS, REFUSED, kind_of
from partition_gate.contracts.odcs.servers import used_servers
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


# Begins the reason of a clause whose object, or contract, is not run here.
NOT_RUN = "not run here"
_ALWAYS = frozenset({"apiVersion", "kind", "id", "version"})
_Decision = tuple[Treatment, str]
_WORST_FIRST = (Treatment.NOT_EXECUTABLE, Treatment.EXECUTED, Treatment.DOCUMENTED)


def cover(
    document: Mapping[str, Any] | Document,
    compilations: Sequence[Compilation],
    *,
    environment: str | None = None,
    unplanned: Mapping[str, str] | None = None,
) -> tuple[CoveredClause, ...]:
    """One row per clause, in the file's order. `compilations` are those of every dataset of the contract.

    `environment` selects the servers, as when the contract was read. `unplanned` are the rules (clause -> why) whose
    queries cannot run.
    """
    mapping = document.mapping if isinstance(document, Document) else document
    decided = _decided(compilations) | _unused_servers(mapping, compilations, environment)
    decided |= {clause: (Treatment.NOT_EXECUTABLE, why) for clause, why in (unplanned or {}).items()}
    objects = _not_run_objects(mapping, compilations)
    elsewhere = {part.clause: part.why for compilation in compilations for part in compilation.elsewhere}
    rows = []
    for clause, kind in clauses(mapping):
        treatment, by = decided.get(clause) or _by_kind(kind)
        if treatment is Treatment.EXECUTED and kind not in _ALWAYS and (why := _not_run(clause, objects)):
            treatment, by = Treatment.NOT_EXECUTABLE, f"{NOT_RUN} ({why})"
        if why := _elsewhere(clause, elsewhere):
            treatment, by = Treatment.DOCUMENTED, why
        line = document.line(clause) if isinstance(document, Document) else None
        rows.append(CoveredClause(clause=clause, line=line, treatment=treatment, by=by))
    return tuple(rows)


def of_object(rows: Sequence[CoveredClause], place: str) -> tuple[CoveredClause, ...]:
    """The rows without the clauses of other schema objects; `place` is the object's (`schema[0]`)."""
    return tuple(row for row in rows if not row.clause.startswith("schema[") or _is_within(row.clause, place))


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


def _is_within(clause: str, place: str) -> bool:
    return clause.startswith((f"{place}.", f"{place}["))


def _decided(compilations: Sequence[Compilation]) -> dict[str, _Decision]:
    """The compiler's results for each clause. A clause that one of its datasets cannot execute is not executable."""
    by_clause: dict[str, dict[str, _Decision]] = {}
    for compilation in compilations:
        for clause, decision in _decided_of(compilation).items():
            by_clause.setdefault(clause, {})[compilation.suite.dataset] = decision
    return {clause: _together(decisions, len(compilations)) for clause, decisions in by_clause.items()}


def _decided_of(compilation: Compilation) -> dict[str, _Decision]:
    """The results for one dataset; a clause with a check counts as executed."""
    decided = {item.clause: (Treatment.NOT_EXECUTABLE, item.why) for item in compilation.not_executable}
    decided |= {item.clause: (Treatment.DOCUMENTED, item.why) for item in compilation.documented}
    names: dict[str, list[str]] = {}
    for check in compilation.suite.checks:
        names.setdefault(check.clause, []).append(_named(check))
    return decided | {clause: (Treatment.EXECUTED, ", ".join(ids)) for clause, ids in names.items()}


def _together(decisions: Mapping[str, _Decision], datasets: int) -> _Decision:
    """One decision for a clause that holds for several datasets; it names them if they differ."""
    treatment = next(each for each in _WORST_FIRST if any(each is own for own, _ in decisions.values()))
    texts: dict[str, list[str]] = {}
    for dataset, (_, by) in decisions.items():
        texts.setdefault(by, []).append(dataset)
    if len(texts) == 1 and len(decisions) in {1, datasets}:
        return treatment, next(iter(texts))
    return treatment, "; ".join(f"{', '.join(names)}: {by}" for by, names in texts.items())


def _not_run_objects(document: Mapping[str, Any], compilations: Sequence[Compilation]) -> dict[str, str]:
    """Why each schema object is not run here, by its place; empty for one that is."""
    why = {compilation.suite.dataset: compilation.not_run for compilation in compilations}
    names = (item.get("name") for item in document.get("schema") or [] if isinstance(item, Mapping))
    return {f"schema[{i}]": why.get(str(name), "") for i, name in enumerate(names)}


def _not_run(clause: str, objects: Mapping[str, str]) -> str:
    """Why nothing executes a clause: its object is not run here, or no object of the contract is."""
    if clause.startswith("schema["):
        return objects.get(clause.partition(".")[0], "")
    return "" if not all(objects.values()) else next(iter(objects.values()), "no schema object")


def _elsewhere(clause: str, elsewhere: Mapping[str, str]) -> str:
    """Why a clause is not in this environment: it is, or belongs to, a part that is not; empty if it is."""
    return next((why for part, why in elsewhere.items() if clause == part or _is_within(clause, part)), "")


def _named(check: Check) -> str:
    """The check's id. Data also ages when no partition is judged, which only monitoring would notice."""
    later = "; between partitions, monitoring is needed" if isinstance(check.promise, FreshWithin) else ""
    return f"{check.rule_id} (checked when a partition is judged{later})" if check.promise else check.rule_id


def _unused_servers(
    document: Mapping[str, Any], compilations: Sequence[Compilation], environment: str | None
) -> dict[str, _Decision]:
    """The clauses of servers that are not searched for partitions."""
    servers = document.get("servers") or []
    names = (compilation.suite.dataset for compilation in compilations)
    used = set(used_servers(servers, environment, names).values())
    places = (place for i, server in enumerate(servers) if i not in used for place, _ in _walk(server, ("servers", i)))
    return dict.fromkeys(places, (Treatment.DOCUMENTED, "belongs to a server that is not used"))


def _by_kind(kind: str) -> tuple[Treatment, str]:
    if kind in MECHANISMS:
        return Treatment.EXECUTED, MECHANISMS[kind]
    if kind in DOCUMENTED:
        return Treatment.DOCUMENTED, DOCUMENTED[kind]
    return Treatment.NOT_EXECUTABLE, REFUSED.get(kind, f"{kind.rpartition('.')[2]} is not executable yet")
