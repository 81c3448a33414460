"""Kinds of clauses, and the treatment of kinds that are not checks: one table per treatment, one line per kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from partition_gate.contract.limits import CUSTOM_PROPERTIES, FEATURE_PROPERTIES, OBJECT_PROPERTIES
from partition_gate.contract.sla_names import canonical
from partition_gate.contracts.odcs.environments import NOT_IN_ENVIRONMENT
from partition_gate.contracts.odcs.object_names import SCHEMA
from partition_gate.contracts.odcs.servers import PATTERN

NOT_PROMISED = "not promised"
_PEOPLE = "shown to people"
_OTHERS = "for people and other tools"
# Each member of these lists is one clause.
_WHOLE_MEMBERS = frozenset(
    {"quality", "relationships", "slaProperties", "customProperties", "authoritativeDefinitions", "synonyms", "roles"}
)
# In v3.0 the exclusive bounds are flags; false means that the bound itself is allowed.
_PROMISES = frozenset({"required", "unique", "primaryKey", "partitioned", "exclusiveMinimum", "exclusiveMaximum"})
_OBJECT = re.compile(r"schema\b")
_COLUMN = re.compile(r"object\.properties\b")
_NESTED = re.compile(r"column(\.properties|\.items|\.map\.key|\.map\.value)+\b")
_GROUPS = {"servers": "server"}

MECHANISMS: dict[str, str] = {
    **dict.fromkeys(("apiVersion", "kind"), "the schema that validates the file"),
    **dict.fromkeys(("id", "version"), "identity of suite, table and idempotency key"),
    "status": "whether people are notified, and whether there is a DAG",
    **dict.fromkeys(
        (f"server.{key}" for key in ("server", "environment", "type", "location", "path", "format", "endpointUrl")),
        "where partitions are searched for",
    ),
    "server.schema": "the schema object that is read from this server",
    f"server.{PATTERN}": "where partitions are searched for",
    "object.name": "name of the published table",
    **dict.fromkeys(("object.description", "column.description"), "comment of the published table"),
    **dict.fromkeys(("column.partitioned", "column.partitionKeyPosition"), "partition columns of the published table"),
    "column.physicalName": "name of the column in the files",
    "nested.physicalName": "name of the field in the files, and in the published table",
    "column.classification": "masking of values in reports, messages and logs",
    "nested.classification": "masked with its top-level property",
    "column.primaryKey": "member of the primary key",
    "column.primaryKeyPosition": "order of the key's columns",
    **dict.fromkeys((f"support.{key}" for key in ("channel", "tool", "scope", "url")), "routing of alerts"),
    **dict.fromkeys(
        (f"{team}.{key}" for team in ("team", "team.members") for key in ("name", "username", "role", "dateOut")),
        "owners named in alerts and pages",
    ),
    "custom.effectiveFrom": "first day of the partitions that this version judges, instead of a kept version",
    f"column.{NOT_IN_ENVIRONMENT}": "environments in which the column is not expected, judged or published",
    "column.default": "value of the column in partitions from before it was added",
    **dict.fromkeys(
        (f"custom.{name}" for name in ("timezone", "startDate", "quarantineLimit", "shrinkLimit")),
        "limits of a partition",
    ),
    "custom.anomalies": "which figures of a partition are told as unusual",
    **dict.fromkeys(("custom.dialect", "server.dialect"), "the dialect that queries are translated from"),
    "custom.recover": "the function that gate quarantine replay --recover runs",
    "custom.drift": "which columns are told as drifted from the pinned baseline",
    "custom.readiness": "when a partition is complete: unchanged for a time, or declared by a marker or a manifest",
    "sla.errorRate": "quarantine limit of a partition",
    **dict.fromkeys(
        (f"sla.{name}" for name in ("timeToDetect", "timeToNotify", "timeToRepair")),
        "measured from the dataset's incidents, once there are any; shown by gate sla",
    ),
    "sla.frequency": "the expected partitions (schedule of the DAG)",
    "sla.endOfLife": "end of the DAG's schedule",
    "slaDefaultElement": "element of service levels without an element",
    "sla.generalAvailability": "nobody is notified before it",
    "custom.calendar": "which partitions are expected",
    **dict.fromkeys((f"object.{name}" for name in FEATURE_PROPERTIES), "the feature table of gate export --to feast"),
    **dict.fromkeys(
        (f"object.{name}" for name in OBJECT_PROPERTIES), "as at the root, for the partitions of this object"
    ),
}

DOCUMENTED: dict[str, str] = {
    NOT_PROMISED: "false promises nothing",
    "empty": "an empty value promises nothing",
    "quality.text": "a sentence for people",
    **dict.fromkeys(("name", "domain", "dataProduct", "tenant", "contractCreatedTs", "tags"), _PEOPLE),
    **dict.fromkeys(("description.usage", "description.purpose", "description.limitations"), _PEOPLE),
    **dict.fromkeys((f"price.{key}" for key in ("id", "priceAmount", "priceCurrency", "priceUnit")), _PEOPLE),
    "roles": "access is granted elsewhere",
    **dict.fromkeys((f"server.{key}" for key in ("id", "description", "delimiter", "encoding")), _PEOPLE),
    **dict.fromkeys((f"object.{key}" for key in ("id", "physicalType", "physicalName", "logicalType")), _PEOPLE),
    **dict.fromkeys((f"object.{key}" for key in ("businessName", "dataGranularityDescription", "tags")), _PEOPLE),
    **dict.fromkeys((f"object.{key}" for key in ("deprecated", "synonyms")), _PEOPLE),
    **dict.fromkeys(
        (
            f"{level}.{key}"
            for level in ("column", "nested")
            for key in (
                *("id", "businessName", "tags", "examples", "criticalDataElement", "encryptedName", "deprecated"),
                *("transformLogic", "transformDescription", "transformSourceObjects", "synonyms", "semanticType"),
            )
        ),
        _PEOPLE,
    ),
    "nested.description": _PEOPLE,
    **dict.fromkeys((f"support.{key}" for key in ("id", "description", "invitationUrl")), _PEOPLE),
    **dict.fromkeys(
        (
            f"{team}.{key}"
            for team in ("team", "team.members")
            for key in ("id", "description", "tags", "dateIn", "replacedByUsername")
        ),
        _PEOPLE,
    ),
    **dict.fromkeys(("custom.owners", "custom"), _OTHERS),
    "customProperties": _OTHERS,
    "authoritativeDefinitions": "links for people",
    "context": "guidance for people and their tools",
    "sla": "a service level that is not measured; shown to people",
}

REFUSED: dict[str, str] = {
    "unknown key": "not a key of the standard, so it is ignored",
    **dict.fromkeys(
        (f"nested.{key}" for key in ("primaryKey", "primaryKeyPosition", "partitioned", "partitionKeyPosition")),
        "only a top-level property can belong to a key or a partition",
    ),
    "relationships": "a column cannot be compared with several columns",
    **dict.fromkeys((f"quality.{kind}" for kind in ("library", "sql", "custom")), "the rule did not become a check"),
}


def kind_of(place: tuple[str | int, ...], value: Any) -> tuple[str, bool]:
    """The kind of a place, and whether everything below it is one clause."""
    key = place[-1] if place else ""
    if len(place) > 1 and place[-2] in _WHOLE_MEMBERS and isinstance(key, int) and isinstance(value, Mapping):
        return _kind_of_member(place, value), True
    if key == "context":
        return "context", True
    if value in ({}, [], None, "") and not isinstance(value, bool | int | float):
        return "empty", True
    if key in _PROMISES and value is False:
        return NOT_PROMISED, True
    is_option = len(place) > 1 and place[-2] == "logicalTypeOptions"
    return _normalised(place), is_option or key in {"enum", "tags", "examples", "transformSourceObjects"}


def _kind_of_member(place: tuple[str | int, ...], value: Mapping[str, Any]) -> str:
    group, name = str(place[-2]), str(value.get("property", ""))
    if group == "quality":
        return f"quality.{value.get('type', 'library')}"
    if group == "slaProperties" and len(place) == 2:
        known = canonical(name)
        return f"sla.{known}" if known else "sla"
    if group == "customProperties" and len(place) == 2:
        return f"custom.{name}" if f"custom.{name}" in _OURS else "custom"
    if group == "customProperties" and (kind := f"{_normalised(place[:-2])}.{name}") in _CUSTOM:
        return kind
    if group == "synonyms":
        return _normalised(place)
    return group


_CUSTOM = frozenset(
    {
        *(f"object.{name}" for name in (*OBJECT_PROPERTIES, *FEATURE_PROPERTIES)),
        *("column.default", f"column.{NOT_IN_ENVIRONMENT}", f"server.{SCHEMA}", f"server.{PATTERN}", "server.dialect"),
    }
)
_OURS = frozenset(f"custom.{name}" for name in CUSTOM_PROPERTIES)


def _normalised(place: tuple[str | int, ...]) -> str:
    """`nested.required` for `schema[0].properties[2].items.properties[0].required`."""
    text = ".".join(str(part) for part in place if not isinstance(part, int))
    first, dot, rest = text.partition(".")
    text = f"{_GROUPS.get(first, first)}{dot}{rest}"
    text = _COLUMN.sub("column", _OBJECT.sub("object", text, count=1), count=1)
    return _NESTED.sub("nested", text, count=1)
