"""Lint rules about the contract as a whole: identity, servers, limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime

from partition_gate.contract.completeness import NOTES
from partition_gate.contract.cron import is_line
from partition_gate.contract.limits import CUSTOM_PROPERTIES
from partition_gate.contract.model import Status
from partition_gate.contracts.lint.view import Known, Placed, Problem, View, child, parts
from partition_gate.contracts.odcs.reader import location
from partition_gate.core.errors import ContractError
from partition_gate.core.finding import Level
from partition_gate.core.names import name_problem, version_problem
from partition_gate.core.nearest_words import did_you_mean, nearest, shown
from partition_gate.core.units import duration, fraction, is_timezone

_SEMVER = re.compile(r"v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)([-+][0-9A-Za-z.+-]+)?")
_CALENDARS = ("all", "weekdays")
_CRON_FIELD = re.compile(r"[\dA-Za-z*,/#?LW-]+")


def id_is_file_name(view: View, known: Known) -> Iterator[Problem]:
    """The id is the name of the file."""
    contract = view.root.get("id")
    if known.name is not None and isinstance(contract, str) and contract != known.name:
        yield Problem("id", f"{shown(contract)} must be the file's name, {known.name!r}; rename one of them")


def strict_name(view: View, _known: Known) -> Iterator[Problem]:
    """The contract's id and the object's name are fit for a file, a view and a DAG; the version for a folder."""
    named = [("id", view.root.get("id")), *((f"{item.place}.name", item.node.get("name")) for item in view.objects())]
    for place, name in named:
        if isinstance(name, str) and (why := name_problem(name)):
            yield Problem(place, f"{shown(name)} {why}")
    version = view.root.get("version")
    if isinstance(version, str) and (why := version_problem(version)):
        yield Problem("version", f"{shown(version)} {why}")


def version_number(view: View, _known: Known) -> Iterator[Problem]:
    """The version has three numbers."""
    version = view.root.get("version")
    if isinstance(version, str) and not _SEMVER.fullmatch(version):
        yield Problem("version", f"{shown(version)} is no semantic version; write three numbers such as 1.4.0")


def status_word(view: View, _known: Known) -> Iterator[Problem]:
    """The status is a word of the standard."""
    status = view.root.get("status")
    if isinstance(status, str) and status.lower() not in set(Status):
        hint = did_you_mean(status, Status) or f"use one of {', '.join(Status)}"
        yield Problem("status", f"{shown(status)} is not a status; {hint}")


def one_table(view: View, _known: Known) -> Iterator[Problem]:
    """The contract has one schema object, with columns."""
    objects = list(view.objects())
    if len(objects) != 1:
        yield Problem("schema", f"{len(objects)} objects; a partition holds one table: write one contract for each")
    for item in objects:
        if not item.node.get("properties"):
            yield Problem(f"{item.place}.properties", "no column is promised; list the columns")


def readable_server(view: View, _known: Known) -> Iterator[Problem]:
    """A server holds Parquet on s3 or locally, and says where."""
    servers = list(view.parquet_servers())
    if not servers:
        yield Problem("servers", "none has type s3 or local and format parquet; add one")
    for server in servers:
        if not (server.node.get("location") or server.node.get("path")):
            key = "path" if server.node.get("type") == "local" else "location"
            yield Problem(f"{server.place}.{key}", "is missing; say where the partitions lie")


def partition_columns(view: View, _known: Known) -> Iterator[Problem]:
    """The Hive segments of the location are the properties with `partitioned: true`."""
    partitioned = {p.column: p.place for p in view.columns() if p.node.get("partitioned") is True}
    if not view.column_names or not any(
        server.node.get("location", server.node.get("path")) for server in view.parquet_servers()
    ):
        return
    for server in view.parquet_servers():
        where, segments = _segments(server)
        if isinstance(segments, str):
            yield Problem(where, segments)
            continue
        for name in segments:
            if name not in partitioned:
                has = name in view.column_names
                write = f"add `partitioned: true` to property {name!r}" if has else f"add the property {name!r}"
                level = None if has else Level.WARNING
                yield Problem(where, f"the segment {name}= is no property with `partitioned: true`; {write}", level)
    yield from _without_segment(view, partitioned)


def time_zone(view: View, _known: Known) -> Iterator[Problem]:
    """Time zones are names of the IANA database."""
    for custom in view.custom():
        if custom.node.get("property") == "timezone" and not is_timezone(custom.node.get("value")):
            name = shown(custom.node.get("value"))
            yield Problem(f"{custom.place}.value", f"{name} is no IANA time zone; write Europe/Berlin or UTC")
    for prop in view.properties():
        options = prop.node.get("logicalTypeOptions")
        if isinstance(options, dict) and not is_timezone(options.get("defaultTimezone", "UTC")):
            place = f"{prop.place}.logicalTypeOptions.defaultTimezone"
            yield Problem(
                place, f"{shown(options['defaultTimezone'])} is no IANA time zone; write Europe/Berlin or UTC"
            )


def custom_property(view: View, _known: Known) -> Iterator[Problem]:
    """Custom properties of the root are known to us, and each stands once."""
    seen: set[str] = set()
    for custom in view.custom():
        name, place = str(custom.node.get("property")), f"{custom.place}.property"
        if name in seen:
            yield Problem(place, f"{shown(name)} stands twice; keep one of them", Level.ERROR)
        seen.add(name)
        if name not in CUSTOM_PROPERTIES:
            near = nearest(name, CUSTOM_PROPERTIES)
            told = (
                f"did you mean {near!r}?" if near else f"it is kept for people; ours are {', '.join(CUSTOM_PROPERTIES)}"
            )
            yield Problem(place, f"{shown(name)} is not known; {told}", None if near else Level.INFO)


def custom_value(view: View, _known: Known) -> Iterator[Problem]:
    """Limits have values that can be used."""
    for custom in view.custom():
        check = _VALUES.get(str(custom.node.get("property")))
        value = custom.node.get("value")
        if check and (what := check(value)):
            yield Problem(f"{custom.place}.value", f"{shown(value)} {what}")


def date_text(view: View, _known: Known) -> Iterator[Problem]:
    """Dates of the team and of the contract can be read."""
    members = [*parts(view.root, "team"), *parts(child(view.root, "team"), "members", "team")]
    places = [(f"{m.place}.{key}", m.node.get(key)) for m in members for key in ("dateIn", "dateOut")]
    for place, value in [*places, ("contractCreatedTs", view.root.get("contractCreatedTs"))]:
        if isinstance(value, str) and not is_date(value):
            yield Problem(place, f"{shown(value)} is no date; write 2026-01-31")


def is_date(text: str) -> bool:
    """Whether a text is an ISO 8601 date, or a date and time."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_cron(text: str) -> bool:
    """Whether a text has the five or six fields of a cron line, or is one of its words."""
    if text in {"@hourly", "@daily", "@weekly", "@monthly", "@yearly"}:
        return True
    fields = text.split()
    return len(fields) in {5, 6} and all(_CRON_FIELD.fullmatch(field) for field in fields)


def _segments(server: Placed) -> tuple[str, tuple[str, ...] | str]:
    key = "location" if server.node.get("location") else "path"
    try:
        found = location(str(server.node.get(key) or ""), folder="/", model="model", path="")
    except ContractError as error:
        return f"{server.place}.{key}", str(error).removeprefix(": servers: ")
    return f"{server.place}.{key}", found.names


def _without_segment(view: View, partitioned: dict[str | None, str]) -> Iterator[Problem]:
    found = [segments for server in view.parquet_servers() if isinstance(segments := _segments(server)[1], tuple)]
    for name, place in partitioned.items():
        if found and not any(name in segments for segments in found):
            yield Problem(
                f"{place}.partitioned", f"no location has the segment {name}=*; add it, or remove `partitioned`"
            )


def _share(value: object) -> str | None:
    return None if fraction(value) is not None else "is no share; write a percentage such as '5%'"


def _start(value: object) -> str | None:
    try:
        date.fromisoformat(str(value)[:10])
    except ValueError:
        return "is no date; write 2026-01-31"
    return None


def _day(value: object) -> str | None:
    try:
        date.fromisoformat(str(value))
    except ValueError:
        return "is no day; write 2026-01-31: a version is in force from the start of a day"
    return None


def _readiness(value: object) -> str | None:
    kind, _, span = str(value).partition(":")
    fits = str(value) in NOTES or (kind == "quiet" and duration(span) is not None)
    return None if fits else "is no readiness; write success_marker, manifest or quiet:120s"


def _calendar(value: object) -> str | None:
    fits = value in _CALENDARS or is_line(str(value))
    return None if fits else "is no calendar; write all, weekdays or a cron line of five fields"


_VALUES: dict[str, Callable[[object], str | None]] = {
    "quarantineLimit": _share,
    "shrinkLimit": _share,
    "startDate": _start,
    "effectiveFrom": _day,
    "readiness": _readiness,
    "calendar": _calendar,
}
