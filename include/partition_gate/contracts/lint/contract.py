"""Lint rules about the contract as a whole: identity, servers, limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime

from partition_gate.checks.compiling.dialects import dialect_of
from partition_gate.contract.completeness import NOTES
from partition_gate.contract.cron import is_line
from partition_gate.contract.limits import ANOMALY_THRESHOLDS, CUSTOM_PROPERTIES, DRIFT_THRESHOLDS
from partition_gate.contract.model import Status
from partition_gate.contract.recovery import RECOVER, recovery_function
from partition_gate.contracts.lint.view import Known, Problem, View, child, parts
from partition_gate.contracts.odcs.draft_texts import places_of_draft_texts
from partition_gate.contracts.odcs.servers import runs_elsewhere, why_not_run
from partition_gate.core.display import listed
from partition_gate.core.finding import Level
from partition_gate.core.names import name_problem, safe_name, version_problem
from partition_gate.core.nearest_words import did_you_mean, nearest, shown
from partition_gate.core.units import duration, fraction, is_timezone

_SEMVER = re.compile(r"v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)([-+][0-9A-Za-z.+-]+)?")
_CALENDARS = ("all", "weekdays")
_LINES_NAMED = 5
_NOT_A_TIME_ZONE = "is not an IANA time zone: write one such as Europe/Berlin or UTC"


def id_is_file_name(view: View, known: Known) -> Iterator[Problem]:
    """The id is the name of the file."""
    contract = view.root.get("id")
    if known.name is not None and isinstance(contract, str) and safe_name(contract) != known.name:
        yield Problem("id", f"{shown(contract)} is not the file's name, {known.name!r}; rename one of them")


def strict_name(view: View, _known: Known) -> Iterator[Problem]:
    """The contract's id and the object's name are valid names of files, views and DAGs; the version of a folder. (A
    warning for an id such as `urn:shop:orders`, from which a name can be made.)
    """
    own = view.root.get("id")
    if isinstance(own, str) and (why := name_problem(own)):
        named = safe_name(own)
        level = Level.ERROR if name_problem(named) else Level.WARNING
        what = f"is {named} in commands, files and DAGs; to avoid that, use letters A-Z, digits, and (not first) _ . -"
        yield Problem("id", f"{shown(own)} {why if level is Level.ERROR else what}", level)
    for place, name in ((f"{item.place}.name", item.node.get("name")) for item in view.objects()):
        if isinstance(name, str) and (why := name_problem(name)):
            yield Problem(place, f"{shown(name)} {why}")
    version = view.root.get("version")
    if isinstance(version, str) and (why := version_problem(version)):
        yield Problem("version", f"{shown(version)} {why}")


def version_number(view: View, _known: Known) -> Iterator[Problem]:
    """The version has three numbers."""
    version = view.root.get("version")
    if isinstance(version, str) and not _SEMVER.fullmatch(version):
        yield Problem("version", f"{shown(version)} is not a semantic version: write three numbers such as 1.4.0")


def status_word(view: View, _known: Known) -> Iterator[Problem]:
    """The status is a word of the standard (an error if it looks like a misspelt one)."""
    status = view.root.get("status")
    if not isinstance(status, str) or status.lower() in set(Status):
        return
    if near := did_you_mean(status, Status):
        yield Problem("status", f"{shown(status)} is not a status; {near}", Level.ERROR)
    else:
        what = f"is not a status, so it counts as draft and nobody is told; use one of {', '.join(Status)}"
        yield Problem("status", f"{shown(status)} {what}")


def draft_text(view: View, _known: Known) -> Iterator[Problem]:
    """A contract that is active or deprecated has no texts left from its draft (`Guess: ...`, `To do: ...`)."""
    if str(view.root.get("status")).lower() not in {Status.ACTIVE, Status.DEPRECATED}:
        return
    if places := list(places_of_draft_texts(view.root)):
        count = "1 text is" if len(places) == 1 else f"{len(places)} texts are"
        lines = sorted(filter(None, map(view.document.line, places)))
        where = listed(list(map(str, lines)), _LINES_NAMED)
        what = "compare each guess with the data, then write what is meant, or remove the text"
        named = f"line{'' if len(lines) == 1 else 's'} {where}"
        yield Problem(places[0], f"{count} left from the draft ({named}) and not shown to readers; {what}")


def readable_server(view: View, _known: Known) -> Iterator[Problem]:
    """A server has Parquet files on S3 or in local folders (a warning if none has), and names their location (an
    error).
    """
    servers = [server.node for server in parts(view.root, "servers")]
    elsewhere: dict[str, list[str]] = {}
    for item in view.objects():
        name = str(item.node.get("name"))
        if runs_elsewhere(servers, name):
            elsewhere.setdefault(why_not_run(servers, name), []).append(name)
    for why, names in elsewhere.items():
        what = f"{', '.join(names)}: not run here ({why}); to judge partitions, add a server of type s3 or local with"
        yield Problem("servers", f"{what} Parquet files", Level.WARNING)
    for server in view.parquet_servers():
        if not (server.node.get("location") or server.node.get("path")):
            key = "path" if server.node.get("type") == "local" else "location"
            yield Problem(f"{server.place}.{key}", "is missing; add the location of the partitions")


def time_zone(view: View, _known: Known) -> Iterator[Problem]:
    """Time zones are names of the IANA database."""
    for custom in view.custom():
        if custom.node.get("property") == "timezone" and not is_timezone(custom.node.get("value")):
            yield Problem(f"{custom.place}.value", f"{shown(custom.node.get('value'))} {_NOT_A_TIME_ZONE}")
    for prop in view.properties():
        options = prop.node.get("logicalTypeOptions")
        if isinstance(options, dict) and not is_timezone(options.get("defaultTimezone", "UTC")):
            place = f"{prop.place}.logicalTypeOptions.defaultTimezone"
            yield Problem(place, f"{shown(options['defaultTimezone'])} {_NOT_A_TIME_ZONE}", Level.WARNING)


def custom_property(view: View, _known: Known) -> Iterator[Problem]:
    """Custom properties of the root are known, and each appears only once."""
    names: set[str] = set()
    for custom in view.custom():
        name, place = str(custom.node.get("property")), f"{custom.place}.property"
        if name in names:
            level = Level.ERROR if name in CUSTOM_PROPERTIES else Level.WARNING
            yield Problem(place, f"{shown(name)} is a duplicate; remove one of them", level)
        names.add(name)
        if name not in CUSTOM_PROPERTIES:
            near = nearest(name, CUSTOM_PROPERTIES)
            ignored = f", so the gate ignores it; it uses {', '.join(CUSTOM_PROPERTIES)}"
            hint = f"; did you mean {near!r}?" if near else ignored
            yield Problem(place, f"{shown(name)} is not known{hint}", None if near else Level.INFO)


def custom_value(view: View, _known: Known) -> Iterator[Problem]:
    """The gate's custom properties have valid values."""
    for custom in view.limits():
        check = _VALUES.get(str(custom.node.get("property")))
        value = custom.node.get("value")
        if check and (what := check(value)):
            yield Problem(f"{custom.place}.value", f"{shown(value)} {what}")


def recovery_exists(view: View, known: Known) -> Iterator[Problem]:
    """The function that `recover` names exists in the folder of recovery functions; it is read, and not imported."""
    why_no_function = known.why_no_function or (lambda _named: None)
    for custom in view.limits():
        value = custom.node.get("value")
        is_named = custom.node.get("property") == RECOVER and _function(value) is None
        if is_named and (why := why_no_function(recovery_function(value))):
            yield Problem(f"{custom.place}.value", why)


def date_text(view: View, _known: Known) -> Iterator[Problem]:
    """Dates of the team and of the contract are valid."""
    members = [*parts(view.root, "team"), *parts(child(view.root, "team"), "members", "team")]
    places = [(f"{m.place}.{key}", m.node.get(key)) for m in members for key in ("dateIn", "dateOut")]
    for place, value in [*places, ("contractCreatedTs", view.root.get("contractCreatedTs"))]:
        if isinstance(value, str) and not is_date(value):
            yield Problem(place, f"{shown(value)} is not a date: write one such as 2026-01-31")


def is_date(text: str) -> bool:
    """Whether a text is an ISO 8601 date, or a date and time."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _percentage(value: object) -> str | None:
    return None if fraction(value) is not None else "is not a percentage: write one such as 5%"


def _start(value: object) -> str | None:
    try:
        date.fromisoformat(str(value)[:10])
    except ValueError:
        return "is not a date: write one such as 2026-01-31"
    return None


def _day(value: object) -> str | None:
    try:
        date.fromisoformat(str(value))
    except ValueError:
        return "is not a date without a time: write one such as 2026-01-31"
    return None


def _readiness(value: object) -> str | None:
    kind, _, span = str(value).partition(":")
    fits = str(value) in NOTES or (kind == "quiet" and duration(span) is not None)
    return None if fits else "is not a readiness rule: write success_marker, manifest or one such as quiet:120s"


def _calendar(value: object) -> str | None:
    fits = value in _CALENDARS or is_line(str(value))
    return None if fits else "is not a calendar: write all, weekdays or a cron expression with five fields"


def _function(value: object) -> str | None:
    try:
        recovery_function(value)
    except ValueError:
        return "does not name a function: write module:function, such as orders:fix_signs"
    return None


_VALUES: dict[str, Callable[[object], str | None]] = {
    "quarantineLimit": _percentage,
    "shrinkLimit": _percentage,
    "anomalies": ANOMALY_THRESHOLDS.problem,
    "drift": DRIFT_THRESHOLDS.problem,
    "startDate": _start,
    "effectiveFrom": _day,
    "readiness": _readiness,
    "calendar": _calendar,
    RECOVER: _function,
    "dialect": lambda value: None if dialect_of(str(value)) else "is not a known SQL dialect; use one such as postgres",
}
