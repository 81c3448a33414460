"""Reads the text of a contract file as a `Contract`: strictly, with the place in every error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from open_data_contract_standard.model import OpenDataContractStandard, SchemaObject, Server
from pydantic import ValidationError

from partition_gate.contract.model import Channel, Column, Contract, Dataset, Member, Sla, Status, Team, Terms
from partition_gate.contract.nested_columns import published_type
from partition_gate.contract.sla_names import canonical
from partition_gate.contracts.odcs.columns import (
    read_columns,
    read_compound_foreign_keys,
    read_foreign_keys,
    require_defaults,
    severity_of,
)
from partition_gate.contracts.odcs.limits import read_limits
from partition_gate.contracts.odcs.quality import read_rules
from partition_gate.contracts.odcs.schema import require_valid
from partition_gate.core.errors import ContractError
from partition_gate.core.names import name_problem, version_problem
from partition_gate.core.nearest_words import shown
from partition_gate.core.partition import Location
from partition_gate.core.partition_key import Segment, is_key_type, why_not_key_type
from partition_gate.core.record import digest
from partition_gate.core.strict_yaml.reading import Document, dotted, load_document

SERVER_TYPES = ("s3", "local")


def read_contract(text: str, *, path: str, folder: str = "", environment: str | None = None) -> Contract:
    """The contract in a file's text. Relative local paths start at `folder`; `environment` selects the server.

    Raises:
        ContractError: one line per problem, `file: path.to.key: what; what to do`.
    """
    document = load_document(text, path=path)
    require_valid(document, path=path)
    return contract_of(document, text, path=path, folder=folder, environment=environment)


def contract_of(
    document: Document, text: str, *, path: str, folder: str = "", environment: str | None = None
) -> Contract:
    """The contract in a document that is valid against the standard's schema; otherwise as `read_contract`."""
    try:
        return _contract(document, text, path=path, folder=folder, environment=environment)
    except ContractError as error:
        raise ContractError(_with_lines(str(error), document, path)) from error


def _contract(document: Document, text: str, *, path: str, folder: str, environment: str | None) -> Contract:
    odcs = _model(document, path)
    schema = _named_schema(odcs, path)
    server = _chosen_server(odcs, document, path, environment)
    terms = Terms(
        **_identity(odcs),
        path=path,
        content_hash=digest(text),
        status=_status(odcs, path),
        team=_team(odcs),
        channels=_channels(odcs),
    )
    slas = _slas(odcs, path)
    columns = read_columns(schema, at="schema[0]")
    require_defaults(columns, path=path)
    dataset = Dataset(
        contract=terms,
        **_schema_facts(schema, path),
        location=_location(server, str(schema.name), columns, folder=folder, path=path),
        endpoint_url=server.endpointUrl,
        columns=columns,
        slas=slas,
        limits=read_limits(odcs, slas, path=path),
    )
    return Contract(**dict(terms), datasets=(dataset,))


def _schema_facts(schema: SchemaObject, path: str) -> dict[str, Any]:
    """The fields that depend only on the schema object, except its columns."""
    at = "schema[0]"
    return {
        "name": str(schema.name),
        "path": at,
        "description": schema.description or "",
        "foreign_keys": read_foreign_keys(schema, at=at, path=path),
        "compound_foreign_keys": read_compound_foreign_keys(schema, at=at, path=path),
        "rules": read_rules(schema, at=at, path=path),
    }


def _named_schema(odcs: OpenDataContractStandard, path: str) -> SchemaObject:
    """The only schema object, if names and version are valid; lint reports the same problems if it runs first."""
    schema = _only_schema(odcs, path)
    named = (
        ("id", str(odcs.id), name_problem),
        ("version", str(odcs.version), version_problem),
        ("schema[0].name", str(schema.name), name_problem),
    )
    problems = [f"{path}: {place}: {shown(name)} {why}" for place, name, problem in named if (why := problem(name))]
    if problems:
        raise ContractError("\n".join(problems))
    return schema


def _model(document: Document, path: str) -> OpenDataContractStandard:
    # The schemas of v3.0 do not restrict some values that the model types.
    try:
        return OpenDataContractStandard.model_validate(with_exclusive_bounds(document.mapping))
    except ValidationError as error:
        lines = (f"{path}: {dotted(e['loc'])}: {e['msg'].lower()}; correct the value" for e in error.errors())
        raise ContractError("\n".join(lines)) from error


def _with_lines(problems: str, document: Document, path: str) -> str:
    """The problems, each with the line of its place."""
    lines = []
    for problem in problems.splitlines():
        place = problem.removeprefix(f"{path}: ").partition(": ")[0]
        line = document.line(place)
        lines.append(f"{problem} (line {line})" if line else problem)
    return "\n".join(lines)


def location(text: str, *, folder: str, model: str, path: str) -> Location:
    """The location in a server's URL or path (`s3://landing/flights/dt=*/*.parquet`); every segment has type text.

    Raises:
        ContractError: a wildcard is not in a Hive segment or in the file name.
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
            f"{path}: servers: {text!r}: a folder wildcard must be a Hive segment such as `dt=*`; rewrite it"
        )
    root = "/".join(parts)
    if not scheme and not root.startswith("/"):
        root = f"{folder}/{root.removeprefix('./')}".rstrip("/")
    return Location(root=scheme + root, segments=tuple(map(_text_segment, segments)), pattern=pattern)


def typed(where: Location, columns: Sequence[Column], *, path: str) -> Location:
    """The location with the published type of the column in each segment; text if there is no such column.

    Raises:
        ContractError: one line per column with a type that a partition key cannot have.
    """
    by_name = {column.name: column for column in columns}
    segments = tuple(
        Segment(name=segment.name, type=published_type(by_name[segment.name])) if segment.name in by_name else segment
        for segment in where.segments
    )
    invalid = [segment for segment in segments if not is_key_type(segment.type)]
    if invalid:
        lines = (f"{path}: {by_name[each.name].path}.logicalType: {why_not_key_type(each.type)}" for each in invalid)
        raise ContractError("\n".join(lines))
    return where.model_copy(update={"segments": segments})


def _location(server: Server, model: str, columns: Sequence[Column], *, folder: str, path: str) -> Location:
    place = str(server.location or server.path)
    return typed(location(place, folder=folder, model=model, path=path), columns, path=path)


def _text_segment(name: str) -> Segment:
    return Segment(name=name, type="VARCHAR")


def _identity(odcs: OpenDataContractStandard) -> dict[str, Any]:
    description = odcs.description
    return {
        "id": str(odcs.id),
        "version": str(odcs.version),
        "name": odcs.name or str(odcs.id),
        "api_version": str(odcs.apiVersion),
        "domain": odcs.domain or "",
        "purpose": (description and description.purpose) or "",
        "usage": (description and description.usage) or "",
        "limitations": (description and description.limitations) or "",
        "tags": tuple(odcs.tags or ()),
    }


def _only_schema(odcs: OpenDataContractStandard, path: str) -> SchemaObject:
    objects = odcs.schema_ or []
    if len(objects) != 1:
        what = f"has {len(objects)} objects, but a contract describes one table; write one contract per table"
        raise ContractError(f"{path}: schema: {what}")
    if not objects[0].properties:
        raise ContractError(f"{path}: schema[0].properties: has no columns; list them")
    return objects[0]


def used_server(servers: Sequence[Mapping[str, Any]], environment: str | None) -> int | None:
    """Index of the first server with readable Parquet files, in the environment if it is set; None if there is none."""
    for i, server in enumerate(servers):
        is_readable = server.get("type") in SERVER_TYPES and server.get("format", "parquet") == "parquet"
        if is_readable and (not environment or environment in (server.get("environment"), server.get("server"))):
            return i
    return None


def _chosen_server(odcs: OpenDataContractStandard, document: Document, path: str, environment: str | None) -> Server:
    servers = document.mapping.get("servers") or []
    used = used_server(servers, environment)
    if used is not None and odcs.servers:
        return odcs.servers[used]
    if used_server(servers, None) is None:
        raise ContractError(f"{path}: servers: no server has type s3 or local and format parquet; add one")
    what = f"no server has the environment {environment!r}; add one, or change GATE_ENVIRONMENT"
    raise ContractError(f"{path}: servers: {what}")


def _status(odcs: OpenDataContractStandard, path: str) -> Status:
    try:
        return Status((odcs.status or "draft").lower())
    except ValueError:
        words = ", ".join(Status)
        raise ContractError(f"{path}: status: {odcs.status!r} is not a status; use one of {words}") from None


def _slas(odcs: OpenDataContractStandard, path: str) -> tuple[Sla, ...]:
    return tuple(
        Sla(
            path=f"slaProperties[{i}]",
            property=(canonical(s.property) or str(s.property)).lower(),
            value="" if s.value is None else s.value,
            value_ext=s.valueExt,
            unit=s.unit,
            element=s.element or odcs.slaDefaultElement,
            schedule=s.schedule,
            severity=severity_of(s.customProperties, f"slaProperties[{i}]", path),
            description=s.description or "",
        )
        for i, s in enumerate(odcs.slaProperties or [])
    )


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


_BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}


def with_exclusive_bounds(value: Any) -> Any:
    """A copy of the document with the exclusive bounds of v3.1, which are values.

    Until v3.0.2 `exclusiveMinimum: true` means that `minimum` itself is excluded; since v3.1 the key has the bound.
    """
    if isinstance(value, list):
        return [with_exclusive_bounds(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _converted(key, child, value) for key, child in value.items() if not _is_unset_flag(key, child)}


def _converted(key: str, child: Any, siblings: dict[str, Any]) -> Any:
    if child is True and key in _BOUNDS and _BOUNDS[key] in siblings:
        return siblings[_BOUNDS[key]]
    return with_exclusive_bounds(child)


def _is_unset_flag(key: str, child: Any) -> bool:
    return child is False and key in _BOUNDS
