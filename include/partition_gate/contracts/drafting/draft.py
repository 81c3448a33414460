"""Drafts a contract from a profile: every guess is marked as a guess, with its basis."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml

from partition_gate.contracts.drafting.arrivals import (
    absences,
    comes_on_weekdays,
    day_of,
    latency,
    period_end,
    step,
)
from partition_gate.contracts.drafting.columns import WARNING, drafted_column
from partition_gate.contracts.drafting.guesses import of_rows, row_bounds
from partition_gate.contracts.drafting.profile import DataProfile
from partition_gate.core.partition_key import Segment

API_VERSION = "v3.1.0"
_HEAD = """\
# A draft, guessed from {count} of {all} partitions{keys} below {root}.
# Each guess begins with "Guess": confirm it, correct it, or remove it. Then add owners, channels and a purpose, and
# set status to active. `gate lint` checks the file; `gate coverage` shows what is executed.
"""


def draft_contract(*profiles: DataProfile, contract_id: str, root: str = "") -> str:
    """The draft as ODCS YAML: it passes lint, and the profiled partitions pass its checks.

    One profile is one table, named like the contract. Each of several is a table that is named like its folder below
    `root`.
    """
    tables = named_tables(profiles, contract_id=contract_id)
    names = {profile.source: name for name, profile in tables.items()}
    document = {
        "apiVersion": API_VERSION,
        "kind": "DataContract",
        "id": contract_id,
        "name": contract_id.replace("_", " ").replace("-", " ").capitalize(),
        "version": "0.1.0",
        "status": "draft",
        "description": {"purpose": "To do: describe what one row is, and who needs it."},
        "servers": _servers(tables),
        "schema": [_table(profile, name, names) for name, profile in tables.items()],
        **_service_levels(tables),
        **_settings(profiles),
    }
    body = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=116)
    return _head(tables, root or profiles[0].location.root) + body


def named_tables(profiles: Sequence[DataProfile], *, contract_id: str) -> dict[str, DataProfile]:
    """The profiles by the names of their tables: that of the contract, or of several tables those of their folders."""
    sources = [contract_id] if len(profiles) == 1 else [profile.source for profile in profiles]
    return dict(zip(_table_names(sources), profiles, strict=True))


def proposed_id(root: str) -> str:
    """An id derived from a location's last folder."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", root.rstrip("/").rsplit("/", 1)[-1]).strip("-").lower()
    return name or "dataset"


def _table_names(folders: Iterable[str]) -> list[str]:
    """The name of the table in each folder: unique, ignoring case, with a number if it is not."""
    names: dict[str, str] = {}
    for folder in folders:
        name = re.sub(r"[^A-Za-z0-9_]", "_", folder.rstrip("/").rsplit("/", 1)[-1]).lstrip("_") or "dataset"
        numbered = (f"{name}{number}" for number in ("", *map("_{}".format, range(2, len(names) + 3))))
        name = next(each for each in numbered if each.casefold() not in names)
        names[name.casefold()] = name
    return list(names.values())


def _head(tables: Mapping[str, DataProfile], root: str) -> str:
    profiles = list(tables.values())
    count, every = (
        sum(len(each) for each in keys) for keys in zip(*((p.profiled, p.keys) for p in profiles), strict=True)
    )
    first = profiles[0].profiled
    keys = f" ({first[0]} to {first[-1]})" if len(first) > 1 else f" ({first[0]})"
    shown = "".join(character for character in root if character.isprintable())
    text = _HEAD.format(count=count, all=every, keys=keys if len(tables) == 1 else "", root=shown)
    for name, profile in tables.items():
        table = f"{name}: " if len(tables) > 1 else ""
        text += "".join(_comment(f"{table}{remark}") for remark in _remarks(profile))
    return text


def _remarks(profile: DataProfile) -> Iterator[str]:
    """What the head says about a table that no clause can say."""
    no_latency = latency(profile.arrivals, timezone=profile.timezone)
    if not no_latency.hours:
        yield f"No latency was guessed: {no_latency.why}."
    if absent := absences(profile.keys):
        yield f"{absent}. They count as missing, unless startDate is later."
    if profile.other_keys:
        others = " or ".join(f"({', '.join(key)})" for key in profile.other_keys)
        yield f"The primary key is ({', '.join(profile.key)}); {others} would be one too."


def _comment(text: str) -> str:
    plain = "".join(character for character in text if character.isprintable())
    return "".join(f"# {line}\n" for line in textwrap.wrap(plain, 116, break_long_words=False))


def _servers(tables: Mapping[str, DataProfile]) -> list[dict[str, Any]]:
    """One server if it can name the folder or the files of each table, else a server for each table."""
    if len(tables) == 1:
        return [_server("landing", *_place(profile)) for profile in tables.values()]
    shared = {_place(profile, name) for name, profile in tables.items()}
    if len(shared) == 1 and any("{schema}" in text for text in next(iter(shared))):
        return [_server("landing", *next(iter(shared)))]
    return [_server(f"landing-{name}", *_place(profile), name) for name, profile in tables.items()]


def _place(profile: DataProfile, name: str = "") -> tuple[str, str]:
    """The location and the pattern (empty if it has none) of a table; `{schema}` stands for its name."""
    root, pattern = profile.location.root, profile.location.pattern
    if name and root.endswith(f"/{name}"):
        root = f"{root.removesuffix(name)}{{schema}}"
    if profile.location.layout is None:
        return "/".join([root, *(f"{each}=*" for each in profile.location.names), pattern]), ""
    return root, f"{{schema}}{pattern.removeprefix(name)}" if name and pattern.startswith(name) else pattern


def _server(server: str, place: str, pattern: str, table: str = "") -> dict[str, Any]:
    is_s3 = place.startswith("s3://")
    custom = {"schema": table, "partitionPattern": pattern}
    properties = [{"property": name, "value": value} for name, value in custom.items() if value]
    return {
        "server": server,
        "type": "s3" if is_s3 else "local",
        "location" if is_s3 else "path": place,
        "format": "parquet",
        **({"customProperties": properties} if properties else {}),
    }


def _table(profile: DataProfile, name: str, names: Mapping[str, str]) -> dict[str, Any]:
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
        "name": name,
        "physicalType": "table",
        **({"quality": rules} if (rules := [*([rule] if bounds else []), *_near_key(profile)]) else {}),
        "properties": [
            *(_segment(profile, i) for i, name in enumerate(profile.location.names) if name not in inside),
            *(drafted_column(profile, column, names) for column in profile.columns),
        ],
    }


def _near_key(profile: DataProfile) -> Iterator[dict[str, Any]]:
    if near := profile.near_key:
        shared = of_rows(near.duplicate_rows, profile.row_count)
        yield {
            "id": "duplicates",
            "metric": "duplicateValues",
            "mustBe": 0,
            "arguments": {"properties": list(near.columns)},
            **WARNING,
            "description": f"Guess: {shared} shared these values with another row; without them this would be a key.",
        }


def _segment(profile: DataProfile, number: int) -> dict[str, Any]:
    segment = profile.location.segments[number]
    is_date = all(
        map(Segment(name=segment.name, type="DATE").is_canonical, (key.split("/")[number] for key in profile.keys))
    )
    return {
        "name": segment.name,
        "logicalType": "date" if is_date else "integer" if segment.type == "INTEGER" else "string",
        "partitioned": True,
        "partitionKeyPosition": number + 1,
        "description": "Guess: part of the partition key, from the names of folders or files.",
    }


def _service_levels(tables: Mapping[str, DataProfile]) -> dict[str, Any]:
    """The levels of all tables; a level that not every table has names its tables as its element."""
    holders: dict[tuple[Any, ...], list[str]] = {}
    levels: dict[tuple[Any, ...], dict[str, Any]] = {}
    for name, profile in tables.items():
        for level in _levels(profile):
            same = (level["property"], level["value"], level["unit"])
            levels.setdefault(same, level)
            holders.setdefault(same, []).append(name)
    for same, names in holders.items():
        if len(names) < len(tables):
            levels[same]["element"] = ", ".join(names)
    return {"slaProperties": list(levels.values())} if levels else {}


def _levels(profile: DataProfile) -> Iterator[dict[str, Any]]:
    every, slowest = step(profile.keys), latency(profile.arrivals, timezone=profile.timezone)
    if every:
        text = f"Guess: the most common distance between the {len(profile.keys)} keys."
        yield {"property": "frequency", "value": every[0], "unit": every[1], "description": text}
    if slowest.hours:
        text = f"Guess: {slowest.why} after the end of their period ({profile.timezone})."
        yield {"property": "latency", "value": slowest.hours, "unit": "h", "description": text}


def _settings(profiles: Sequence[DataProfile]) -> dict[str, Any]:
    dated = [key for each in profiles for key in each.keys if period_end(key)]
    if not dated:
        return {}
    first, timezone = str(min(filter(None, map(day_of, dated)))), profiles[0].timezone
    settings = [{"property": "startDate", "value": first, "description": "Guess: the first partition in landing."}]
    if all(comes_on_weekdays(each.keys) for each in profiles if any(map(period_end, each.keys))):
        text = "Guess: no partition is of a Saturday or Sunday."
        settings.append({"property": "calendar", "value": "weekdays", "description": text})
    if timezone != "UTC":
        settings.append({"property": "timezone", "value": timezone, "description": "Set by --timezone."})
    return {"customProperties": settings}
