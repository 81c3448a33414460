"""What becomes of every clause of a contract file: executed, documented only, or not executable and why (I8).

The file is walked, not our model of it, so a clause that nobody thought of is listed too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from partition_gate.compiler import Compilation
from partition_gate.record import Record
from partition_gate.strict_yaml import dotted


class Treatment(StrEnum):
    """How a clause is treated."""

    EXECUTED = "executed"
    DOCUMENTED = "documented"
    NOT_EXECUTABLE = "not_executable"


class CoveredClause(Record):
    """One clause of the file: `by` names the check or the mechanism that executes it, or says why nothing does."""

    clause: str
    treatment: Treatment
    by: str


_MECHANISMS = {
    r"id|version|kind|apiVersion": "identity of suite, table and idempotency key",
    r"status": "who is told, and whether there is a DAG",
    r"servers\[\d+\]\.(type|location|path|format|environment|server|endpointUrl)": "where partitions are looked for",
    r"schema\[0\]\.(name)": "name of the published table",
    r"schema\[0\]\.description|.*\.properties\[\d+\]\.description": "comment of the published table",
    r".*\.(partitioned|partitionKeyPosition)": "partition columns of the published table",
    r".*\.physicalName": "name of the column in the files",
    r".*\.classification": "masking of values in reports, messages and logs",
    r".*\.primaryKey": "member of the primary key",
    r".*\.primaryKeyPosition": "order of the key's columns",
    r"support\[\d+\]\.(channel|tool|scope)": "routing of alerts",
    r"team\..*|team\[\d+\]\..*": "owners named in alerts and pages",
    r"customProperties\.(timezone|startDate|quarantineLimit|shrinkLimit|readiness)": "limits of a partition",
    r"slaProperties\.errorrate": "quarantine limit of a partition",
    r"slaProperties\.frequency": "the expected partitions (schedule of the DAG)",
    r"slaProperties\.endoflife": "end of the DAG's schedule",
    r"slaProperties\.latency": "deadline after which a partition is missing",
}
_DOCUMENTED = (
    r"name|domain|dataProduct|tenant|tags\[\d+\]|description\..*|contractCreatedTs|price\..*|roles\[\d+\]\..*|context.*",
    r"(authoritativeDefinitions|.*\.authoritativeDefinitions)\[\d+\]\..*",
    r"servers\[\d+\]\.(id|description|roles.*)",
    r"schema\[0\]\.(id|physicalType|physicalName|businessName|dataGranularityDescription|tags\[\d+\]|logicalType)",
    r".*\.properties\[\d+\]\.(id|businessName|tags\[\d+\]|examples\[\d+\]|criticalDataElement|encryptedName)",
    r".*\.properties\[\d+\]\.(transform\w+)(\[\d+\])?",
    r"support\[\d+\]\.(id|url|description|invitationUrl)",
    r"customProperties\.owners",
    r"not promised",
)


def cover(document: Mapping[str, Any], compilation: Compilation) -> tuple[CoveredClause, ...]:
    """One row a clause, in the file's order."""
    by_check: dict[str, list[str]] = {}
    for check in compilation.suite.checks:
        by_check.setdefault(check.clause, []).append(check.rule_id)
    refused = {item.clause: item.why for item in compilation.not_executable}
    told = {item.clause: item.why for item in compilation.documented}
    return tuple(
        CoveredClause(clause=clause, treatment=Treatment.DOCUMENTED, by=told[clause])
        if clause in told
        else _covered(clause, kind, by_check, refused)
        for clause, kind in clauses(document)
    )


def clauses(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(place, kind) of every clause: quality rules, SLAs, relationships and custom properties whole, else each leaf.

    The kind is the place, with the property's name instead of its number where that says more
    (`slaProperties.latency`).
    """
    return list(_walk(document, ()))


def _walk(value: Any, place: tuple[str | int, ...]) -> Iterator[tuple[str, str]]:
    if named := _named_kind(value, place):
        yield dotted(place), named
    elif isinstance(value, Mapping):
        for key, child in value.items():
            yield from _walk(child, (*place, str(key)))
    elif isinstance(value, list) and not _is_option(place):
        for i, child in enumerate(value):
            yield from _walk(child, (*place, i))
    else:
        promised = not (value is False and place[-1] in {"required", "unique", "primaryKey", "partitioned"})
        yield dotted(place), dotted(place) if promised else "not promised"


def _named_kind(value: Any, place: tuple[str | int, ...]) -> str | None:
    if len(place) < 2 or not isinstance(place[-1], int) or not isinstance(value, Mapping):
        return None
    match place[-2]:
        case "quality":
            return f"quality.{value.get('type', 'library')}"
        case "relationships":
            return "relationship"
        case "slaProperties" | "customProperties" as group:
            name = str(value.get("property", ""))
            return (
                f"{group}.{name.lower() if group == 'slaProperties' else name}"
                if len(place) == 2
                else f"nested.{group}"
            )
    return None


def _is_option(place: tuple[str | int, ...]) -> bool:
    return place[-1] == "enum" or "logicalTypeOptions" in place


def _covered(clause: str, kind: str, by_check: Mapping[str, list[str]], refused: Mapping[str, str]) -> CoveredClause:
    if clause in by_check:
        return CoveredClause(clause=clause, treatment=Treatment.EXECUTED, by=", ".join(by_check[clause]))
    if clause in refused:
        return CoveredClause(clause=clause, treatment=Treatment.NOT_EXECUTABLE, by=refused[clause])
    for pattern, mechanism in _MECHANISMS.items():
        if re.fullmatch(pattern, kind):
            return CoveredClause(clause=clause, treatment=Treatment.EXECUTED, by=mechanism)
    if kind == "quality.text" or any(re.fullmatch(pattern, kind) for pattern in _DOCUMENTED):
        return CoveredClause(clause=clause, treatment=Treatment.DOCUMENTED, by="shown to people")
    return CoveredClause(clause=clause, treatment=Treatment.NOT_EXECUTABLE, by="not executable yet")
