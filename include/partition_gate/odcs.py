"""From the text of a contract file to our `Contract`: strict, and every error names the place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from open_data_contract_standard.model import OpenDataContractStandard, SchemaObject, Server

from partition_gate.contract import Channel, Contract, Limits, Member, Sla, Status, Team
from partition_gate.errors import ContractError
from partition_gate.odcs_columns import read_columns, read_foreign_keys
from partition_gate.odcs_quality import read_rules
from partition_gate.odcs_schema import require_valid
from partition_gate.partition import Location
from partition_gate.record import digest
from partition_gate.strict_yaml import load_mapping
from partition_gate.units import duration, fraction

SERVER_TYPES = ("s3", "local")
ROOT_PROPERTIES = ("timezone", "startDate", "readiness", "calendar", "quarantineLimit", "shrinkLimit", "owners")


def read_contract(text: str, *, path: str, folder: str = "", environment: str | None = None) -> Contract:
    """The contract in a file's text. `folder` is where relative local paths start; `environment` picks the server.

    Raises:
        ContractError: one line a problem, `file: path.to.key: what; what to do`.
    """
    document = load_mapping(text, path=path)
    require_valid(document, path=path)
    odcs = OpenDataContractStandard.model_validate(document)
    schema = _only_schema(odcs, path)
    server = _chosen_server(odcs, path, environment)
    return Contract(
        id=str(odcs.id),
        version=str(odcs.version),
        name=odcs.name or str(odcs.id),
        status=_status(odcs, path),
        path=path,
        content_hash=digest(text),
        api_version=str(odcs.apiVersion),
        domain=odcs.domain or "",
        purpose=(odcs.description and odcs.description.purpose) or "",
        usage=(odcs.description and odcs.description.usage) or "",
        limitations=(odcs.description and odcs.description.limitations) or "",
        dataset=str(schema.name),
        schema_path="schema[0]",
        description=schema.description or "",
        location=location(str(server.location or server.path), folder=folder, model=str(schema.name), path=path),
        endpoint_url=server.endpointUrl,
        columns=read_columns(schema, at="schema[0]"),
        foreign_keys=read_foreign_keys(schema, at="schema[0]", path=path),
        rules=read_rules(schema, at="schema[0]", path=path),
        slas=_slas(odcs),
        limits=_limits(odcs, path),
        team=_team(odcs),
        channels=_channels(odcs),
        tags=tuple(odcs.tags or ()),
    )


def location(text: str, *, folder: str, model: str, path: str) -> Location:
    """The location that a server's URL or path names (`s3://landing/flights/dt=*/*.parquet`).

    Raises:
        ContractError: a wildcard stands where none can be understood.
    """
    text = text.replace("{model}", model)
    scheme, rest = (
        ("s3://", text.removeprefix("s3://")) if text.startswith("s3://") else ("", text.removeprefix("file://"))
    )
    parts = rest.rstrip("/").split("/")
    pattern = parts.pop() if "." in parts[-1] or "*" in parts[-1].partition("=")[0] else "*.parquet"
    segments: list[str] = []
    while parts and parts[-1].endswith("=*"):
        segments.insert(0, parts.pop().removesuffix("=*"))
    if any("*" in part for part in parts):
        raise ContractError(
            f"{path}: servers: {text!r}: a folder wildcard must be a Hive segment like `dt=*`; rewrite it"
        )
    root = "/".join(parts)
    if not scheme and not root.startswith("/"):
        root = f"{folder}/{root.removeprefix('./')}".rstrip("/")
    return Location(root=scheme + root, segments=tuple(segments), pattern=pattern)


def _only_schema(odcs: OpenDataContractStandard, path: str) -> SchemaObject:
    objects = odcs.schema_ or []
    if len(objects) != 1:
        raise ContractError(
            f"{path}: schema: {len(objects)} objects; a partition holds one table: write one contract for each"
        )
    if not objects[0].properties:
        raise ContractError(f"{path}: schema[0].properties: no column is promised; list the columns")
    return objects[0]


def _chosen_server(odcs: OpenDataContractStandard, path: str, environment: str | None) -> Server:
    usable = [s for s in odcs.servers or [] if s.type in SERVER_TYPES and (s.format or "parquet") == "parquet"]
    if not usable:
        raise ContractError(f"{path}: servers: none has type s3 or local and format parquet; add one")
    if environment:
        usable = [s for s in usable if environment in (s.environment, s.server)]
    if not usable:
        raise ContractError(
            f"{path}: servers: none is of environment {environment!r}; add it, or change GATE_ENVIRONMENT"
        )
    return usable[0]


def _status(odcs: OpenDataContractStandard, path: str) -> Status:
    try:
        return Status((odcs.status or "draft").lower())
    except ValueError:
        words = ", ".join(Status)
        raise ContractError(f"{path}: status: {odcs.status!r} is not a status; use one of {words}") from None


def _slas(odcs: OpenDataContractStandard) -> tuple[Sla, ...]:
    return tuple(
        Sla(
            path=f"slaProperties[{i}]",
            property=str(s.property).lower(),
            value="" if s.value is None else s.value,
            value_ext=s.valueExt,
            unit=s.unit,
            element=s.element or odcs.slaDefaultElement,
            schedule=s.schedule,
            description=s.description or "",
        )
        for i, s in enumerate(odcs.slaProperties or [])
    )


def _limits(odcs: OpenDataContractStandard, path: str) -> Limits:
    custom = {str(c.property): c.value for c in odcs.customProperties or []}
    slas = {sla.property: sla for sla in _slas(odcs)}
    names = ("latency", "errorrate", "frequency", "endoflife")
    latency, error_rate, frequency, end = (slas.get(name) for name in names)
    return Limits(
        timezone=_timezone(custom, path),
        start_date=_date(custom.get("startDate"), f"{path}: customProperties.startDate"),
        readiness=_readiness(custom, path),
        calendar=str(custom.get("calendar", Limits().calendar)),
        quarantine_limit=_limit(custom, "quarantineLimit", path, error_rate, default=Limits().quarantine_limit),
        shrink_limit=_limit(custom, "shrinkLimit", path, None, default=Limits().shrink_limit),
        latency=_latency(latency, path),
        schedule=frequency.schedule if frequency else None,
        end_of_life=_date(end.value, f"{path}: {end.path}") if end else None,
    )


def _latency(sla: Sla | None, path: str) -> Any:
    if sla is None:
        return None
    span = duration(sla.value, sla.unit)
    if span is None:
        raise ContractError(
            f"{path}: {sla.path}: {sla.value!r} {sla.unit or ''} is no time span; write `value: 4`, `unit: h`"
        )
    return span


def _limit(custom: Mapping[str, Any], name: str, path: str, sla: Sla | None, *, default: float) -> float:
    value, unit = (
        (custom[name], None) if name in custom else (sla.value, sla.unit or "percent") if sla else (None, None)
    )
    if value is None:
        return default
    share = fraction(value, unit)
    if share is None:
        place = f"customProperties.{name}" if name in custom else "slaProperties errorRate"
        raise ContractError(f"{path}: {place}: {value!r} is no share; write a percentage such as '5%'")
    return share


def _timezone(custom: Mapping[str, Any], path: str) -> str:
    name = str(custom.get("timezone", "UTC"))
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ContractError(
            f"{path}: customProperties.timezone: {name!r} is no IANA time zone; write Europe/Berlin or UTC"
        ) from None
    return name


def _date(value: Any, place: str) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10]) if value is not None else None
    except ValueError:
        raise ContractError(f"{place}: {value!r} is no date; write 2026-01-31") from None


def _readiness(custom: Mapping[str, Any], path: str) -> str:
    rule = str(custom.get("readiness", Limits().readiness))
    kind, _, span = rule.partition(":")
    if kind != "quiet" or duration(span) is None:
        place = f"{path}: customProperties.readiness"
        raise ContractError(f"{place}: {rule!r} is not executable yet; write quiet:120s (nothing new for 120 seconds)")
    return rule


def _team(odcs: OpenDataContractStandard) -> Team:
    team = odcs.team
    members = (team if isinstance(team, list) else team.members if team else None) or []
    return Team(
        name=getattr(team, "name", None) or "",
        members=tuple(
            Member(username=str(m.username or m.name or ""), name=m.name or "", role=m.role or "")
            for m in members
            if not m.dateOut
        ),
    )


def _channels(odcs: OpenDataContractStandard) -> tuple[Channel, ...]:
    return tuple(
        Channel(
            tool=(s.tool or "other").lower(),
            channel=str(s.channel),
            scope=(s.scope or "interactive").lower(),
            url=s.url,
        )
        for s in odcs.support or []
    )
