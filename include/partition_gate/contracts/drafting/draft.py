"""Drafts a contract from a profile: every guess is marked as a guess, with its basis."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from partition_gate.contracts.drafting.guesses import (
    few_values,
    has_personal_name,
    latency,
    looks_personal,
    null_budget_percent,
    period_end,
    rounded_range,
    row_bounds,
    step,
    types_of,
)
from partition_gate.contracts.drafting.profile import ColumnPart, ColumnProfile, DataProfile
from partition_gate.core.partition_key import Segment

API_VERSION = "v3.1.0"
_HEAD = """\
# A draft, guessed from {count} of {all} partitions ({keys}) below {root}.
# Each guess begins with "Guess": confirm it, correct it, or remove it. Then add owners, channels and a purpose, and
# set status to active. `gate lint` checks the file; `gate coverage` shows what is executed.
"""


def draft_contract(profile: DataProfile, *, contract_id: str) -> str:
    """The draft as ODCS YAML: it passes lint, and the profiled partitions pass its checks."""
    document = {
        "apiVersion": API_VERSION,
        "kind": "DataContract",
        "id": contract_id,
        "name": contract_id.replace("_", " ").replace("-", " ").capitalize(),
        "version": "0.1.0",
        "status": "draft",
        "description": {"purpose": "To do: describe what one row is, and who needs it."},
        "servers": [_server(profile)],
        "schema": [_table(profile, contract_id)],
        **_service_levels(profile),
        **_settings(profile),
    }
    body = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=116)
    return _head(profile) + body


def proposed_id(root: str) -> str:
    """An id derived from a location's last folder."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", root.rstrip("/").rsplit("/", 1)[-1]).strip("-").lower()
    return name or "dataset"


def _head(profile: DataProfile) -> str:
    keys = f"{profile.profiled[0]} to {profile.profiled[-1]}" if len(profile.profiled) > 1 else profile.profiled[0]
    root = "".join(character for character in profile.location.root if character.isprintable())
    text = _HEAD.format(count=len(profile.profiled), all=len(profile.keys), keys=keys, root=root)
    no_latency = latency(profile.arrivals, timezone=profile.timezone)
    return text if no_latency.hours else f"{text}# No latency was guessed: {no_latency.why}.\n"


def _server(profile: DataProfile) -> dict[str, Any]:
    location = profile.location
    place = "/".join([location.root, *(f"{name}=*" for name in location.names), location.pattern])
    is_s3 = location.root.startswith("s3://")
    return {
        "server": "landing",
        "type": "s3" if is_s3 else "local",
        "location" if is_s3 else "path": place,
        "format": "parquet",
    }


def _table(profile: DataProfile, contract_id: str) -> dict[str, Any]:
    inside = {column.name for column in profile.columns}
    bounds = row_bounds(profile.row_counts)
    observed = f"{min(profile.row_counts):,} to {max(profile.row_counts):,}" if profile.row_counts else "none"
    rule = {
        "id": "rows",
        "metric": "rowCount",
        "mustBeBetween": list(bounds or ()),
        "description": f"Guess: half the smallest to twice the largest profiled partition ({observed} rows).",
    }
    return {
        "name": re.sub(r"[^A-Za-z0-9_]", "_", contract_id),
        "physicalType": "table",
        **({"quality": [rule]} if bounds else {}),
        "properties": [
            *(_segment(profile, i) for i, name in enumerate(profile.location.names) if name not in inside),
            *(_property(profile, column) for column in profile.columns),
        ],
    }


def _segment(profile: DataProfile, number: int) -> dict[str, Any]:
    name = profile.location.names[number]
    is_date = all(map(Segment(name=name, type="DATE").is_canonical, (key.split("/")[number] for key in profile.keys)))
    return {
        "name": name,
        "logicalType": "date" if is_date else "string",
        "partitioned": True,
        "partitionKeyPosition": number + 1,
        "description": "Guess: part of the partition key, from the folder names.",
    }


def _property(profile: DataProfile, column: ColumnProfile) -> dict[str, Any]:
    logical, physical, width = types_of(column.type)
    facts = dict(_facts(profile, column))
    options = {**({"format": width} if width else {}), **_bounds(column)}
    given: dict[str, Any] = {
        "name": column.name,
        "logicalType": logical,
        "physicalType": physical,
        "classification": "personal" if looks_personal(column) else None,
        "partitioned": True if column.name in profile.location.names else None,
        "partitionKeyPosition": _position(profile.location.names, column.name),
        **facts,
        "logicalTypeOptions": options or None,
        "quality": list(_rules(profile, column)) or None,
        **_nested(logical, column.parts),
    }
    description = _description(profile, column, facts, options)
    return {**{name: value for name, value in given.items() if value is not None}, "description": description}


def _nested(logical: str | None, parts: tuple[ColumnPart, ...]) -> dict[str, Any]:
    inside = [_part(part) for part in parts]
    if logical == "array" and inside:
        return {"items": {name: value for name, value in inside[0].items() if name != "name"}}
    return {"properties": inside} if inside else {}


def _part(part: ColumnPart) -> dict[str, Any]:
    logical, physical, width = types_of(part.type)
    given = {
        "name": part.name,
        "logicalType": logical,
        "physicalType": physical,
        "classification": "personal" if has_personal_name(part.name) else None,
        "logicalTypeOptions": {"format": width} if width else None,
        **_nested(logical, part.parts),
    }
    return {name: value for name, value in given.items() if value is not None}


def _facts(profile: DataProfile, column: ColumnProfile) -> Iterator[tuple[str, Any]]:
    if not max(column.null_fractions, default=1.0):
        yield "required", True
    if column.name in profile.key:
        yield "primaryKey", True
        yield "primaryKeyPosition", profile.key.index(column.name) + 1
    elif column.name in profile.unique:
        yield "unique", True


def _position(segments: tuple[str, ...], name: str) -> int | None:
    return segments.index(name) + 1 if name in segments else None


def _bounds(column: ColumnProfile) -> dict[str, Any]:
    value_range = None if looks_personal(column) else rounded_range(column)
    if value_range is None:
        return {}
    is_whole = types_of(column.type)[0] == "integer"
    low, high = (int(end) if is_whole else end for end in value_range)
    return {"minimum": low, "maximum": high}


def _rules(profile: DataProfile, column: ColumnProfile) -> Iterator[dict[str, Any]]:
    if (budget := null_budget_percent(column)) is not None:
        worst = max(column.null_fractions) * 100
        yield {
            "id": f"{column.name}_nulls",
            "metric": "nullValues",
            "mustBeLessOrEqualTo": budget,
            "unit": "percent",
            "description": f"Guess: 1.5 times the highest percentage observed ({worst:.2g} %).",
        }
    if values := few_values(column, sum(profile.row_counts)):
        yield {
            "id": f"{column.name}_values",
            "metric": "invalidValues",
            "mustBe": 0,
            "arguments": {"validValues": list(values)},
            "description": f"Guess: the {len(values)} values observed.",
        }


def _description(profile: DataProfile, column: ColumnProfile, facts: dict[str, Any], options: dict[str, Any]) -> str:
    members = f"{len(profile.key)} column{'' if len(profile.key) == 1 else 's'}"
    guesses = [
        "no nulls were observed" if "required" in facts else "",
        "all observed values were unique" if "unique" in facts else "",
        f"member of a key of {members} that is unique in every row" if "primaryKey" in facts else "",
        "the range is the observed range, rounded outwards" if "minimum" in options else "",
        "personal, by its name or values, so no value is shown here" if looks_personal(column) else "",
        "only the types of its parts were profiled" if column.parts else "",
        f"the standard has no word for its type {column.type}" if types_of(column.type)[0] is None else "",
    ]
    text = "; ".join(filter(None, guesses))
    return f"Guess: {text}." if text else "Guess: only its type."


def _service_levels(profile: DataProfile) -> dict[str, Any]:
    every, slowest = step(profile.keys), latency(profile.arrivals, timezone=profile.timezone)
    levels = []
    if every:
        text = f"Guess: the most common distance between the {len(profile.keys)} keys."
        levels.append({"property": "frequency", "value": every[0], "unit": every[1], "description": text})
    if slowest.hours:
        text = f"Guess: {slowest.why} after the end of their period ({profile.timezone})."
        levels.append({"property": "latency", "value": slowest.hours, "unit": "h", "description": text})
    return {"slaProperties": levels} if levels else {}


def _settings(profile: DataProfile) -> dict[str, Any]:
    first = profile.keys[0].split("/")[0] if profile.keys and period_end(profile.keys[0]) else None
    if first is None:
        return {}
    settings = [{"property": "startDate", "value": first, "description": "Guess: the first partition in landing."}]
    if profile.timezone != "UTC":
        settings.append({"property": "timezone", "value": profile.timezone, "description": "Set by --timezone."})
    return {"customProperties": settings}
