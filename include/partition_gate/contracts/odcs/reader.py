"""Reads the text of a contract file as a `Contract`: strictly, with the place in every error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from open_data_contract_standard.model import OpenDataContractStandard, SchemaObject
from pydantic import ValidationError

from partition_gate.contract.model import (
    Channel,
    Column,
    CompoundForeignKey,
    Contract,
    Dataset,
    ForeignKey,
    Member,
    Status,
    Team,
    Terms,
    UnreadClause,
)
from partition_gate.contracts.odcs.columns import read_columns, read_relationships, require_defaults
from partition_gate.contracts.odcs.draft_texts import stated
from partition_gate.contracts.odcs.environments import Differences, differences, environment_of, in_environment
from partition_gate.contracts.odcs.limits import read_limits
from partition_gate.contracts.odcs.object_names import use_shorthand
from partition_gate.contracts.odcs.quality import read_rules
from partition_gate.contracts.odcs.schema import require_valid
from partition_gate.contracts.odcs.servers import (
    dialect_for,
    endpoint_of,
    location,
    place_of,
    readable_for,
    runs_elsewhere,
    same_files,
    shared_folder,
    typed,
    used_servers,
    why_not_run,
)
from partition_gate.contracts.odcs.service_levels import read_slas, without_holder
from partition_gate.core.errors import ContractError
from partition_gate.core.names import name_problem, safe_name, version_problem
from partition_gate.core.nearest_words import shown
from partition_gate.core.partition import Location
from partition_gate.core.record import digest
from partition_gate.core.strict_yaml.reading import Document, dotted, load_document


def read_contract(text: str, *, path: str, folder: str = "", environment: str | None = None) -> Contract:
    """The contract in a file's text. Relative local paths start at `folder`; `environment` selects the server.

    Raises:
        ContractError: one line per problem, `file: path.to.key: what; what to do`.
    """
    document = load_document(text, path=path)
    require_valid(document, path=path)
    return contract_of(document, text, path=path, folder=folder, environment=environment)


def contract_of(
    document: Document, text: str, *, path: str, folder: str = "", environment: str | None = None, judged_in: str = ""
) -> Contract:
    """The contract in a document that is valid against the standard's schema; otherwise as `read_contract`.

    `judged_in` names the environment whose columns, rules and severities hold, if it is not that of the server.
    """
    try:
        return _contract(document, text, path=path, folder=folder, environment=environment, judged_in=judged_in)
    except ContractError as error:
        raise ContractError(_with_lines(str(error), document, path)) from error


def _contract(
    document: Document, text: str, *, path: str, folder: str, environment: str | None, judged_in: str
) -> Contract:
    odcs = _model(document, path)
    schemas = _named_schemas(odcs, path)
    use_shorthand(tuple(schemas.values()))
    terms = Terms(**_identity(odcs), path=path, content_hash=digest(text))
    servers = document.mapping.get("servers") or []
    chosen = _chosen(servers, tuple(schemas), environment, path)
    columns = {name: _column_names(schema) for name, schema in schemas.items()}
    differing = _differing(document, chosen, tuple(schemas), judged_in)
    absent = {name: each.absent for name, each in differing.items()}
    slas, without = read_slas(odcs, columns, absent), without_holder(odcs, columns)
    datasets = []
    for i, (name, schema) in enumerate(schemas.items()):
        at = f"schema[{i}]"
        dialect = dialect_for(document.mapping, chosen.get(name))
        facts = _schema_facts(schema, at, path=path) | {"rules": read_rules(schema, dialect, at=at, path=path)}
        facts |= _place(schema, servers, chosen.get(name), facts["columns"], folder=folder, path=path)
        facts |= {"path": at, "slas": slas[name], "limits": read_limits(odcs, schema, slas[name], at=at, path=path)}
        facts["unread"] = (*facts["unread"], *without)
        dataset = Dataset(contract=terms, name=name, has_siblings=len(schemas) > 1, **facts)
        datasets.append(in_environment(dataset, differing[name]))
    _require_own_files(datasets, path)
    return Contract(**dict(terms), datasets=tuple(datasets))


def _schema_facts(schema: SchemaObject, at: str, *, path: str) -> dict[str, Any]:
    """The fields that depend only on the schema object."""
    columns = read_columns(schema, at=at)
    require_defaults(columns, path=path)
    relationships = read_relationships(schema, at=at)
    return {
        "description": stated(schema.description),
        "columns": columns,
        "foreign_keys": tuple(each for each in relationships if isinstance(each, ForeignKey)),
        "compound_foreign_keys": tuple(each for each in relationships if isinstance(each, CompoundForeignKey)),
        "unread": tuple(each for each in relationships if isinstance(each, UnreadClause)),
    }


def _differing(
    document: Document, chosen: Mapping[str, int], names: Sequence[str], judged_in: str
) -> dict[str, Differences]:
    """How each object differs in the environment that it is judged in: without one, in that of its server."""
    servers = document.mapping.get("servers") or []
    own = {name: judged_in or environment_of(servers[chosen[name]]) for name in names if name in chosen}
    found = {each: differences(document.mapping, each) for each in set(own.values())}
    return {name: found[own[name]] if name in own else Differences() for name in names}


def _place(
    schema: SchemaObject,
    servers: Sequence[Mapping[str, Any]],
    chosen: int | None,
    columns: tuple[Column, ...],
    *,
    folder: str,
    path: str,
) -> dict[str, Any]:
    """Where the partitions of a schema object are, or why they are not judged here."""
    not_run = why_not_run(servers, str(schema.name)) or ("" if columns else "no columns")
    if not_run or chosen is None:
        return {"not_run": not_run, "location": Location(root="", segments=(), pattern="")}
    place = place_of(servers[chosen], f"servers[{chosen}]")
    where = typed(
        location(place, folder=folder, model=str(schema.name), path=path), columns, path=path, at=place.pattern_at
    )
    return {"location": where.model_copy(update={"endpoint_url": endpoint_of(servers[chosen], path=path)})}


def _named_schemas(odcs: OpenDataContractStandard, path: str) -> dict[str, SchemaObject]:
    """The schema objects by name, if names and version are valid; lint reports the same problems if it runs first."""
    schemas = odcs.schema_ or []
    named = (
        ("id", safe_name(str(odcs.id)), name_problem),
        ("version", str(odcs.version), version_problem),
        *((f"schema[{i}].name", str(schema.name), name_problem) for i, schema in enumerate(schemas)),
    )
    problems = [f"{path}: {place}: {shown(name)} {why}" for place, name, problem in named if (why := problem(name))]
    if problems:
        raise ContractError("\n".join(problems))
    by_name = {str(schema.name).casefold(): schema for schema in schemas}
    if len(by_name) < len(schemas):
        raise ContractError(f"{path}: schema: two objects have the same name; rename one of them")
    return {str(schema.name): schema for schema in schemas}


def _column_names(schema: SchemaObject) -> frozenset[str]:
    return frozenset(str(column.name) for column in schema.properties or [])


def _require_own_files(datasets: Sequence[Dataset], path: str) -> None:
    """Rows of one object must not be judged, or published, as rows of another."""
    for names in same_files({dataset.name: dataset.location for dataset in datasets if not dataset.not_run}):
        raise ContractError(f"{path}: servers: {shared_folder(names)}")


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


def _identity(odcs: OpenDataContractStandard) -> dict[str, Any]:
    description = odcs.description
    return {
        "id": safe_name(str(odcs.id)),
        "version": str(odcs.version),
        "name": odcs.name or str(odcs.id),
        "api_version": str(odcs.apiVersion),
        "domain": odcs.domain or "",
        "purpose": stated(description.purpose) if description else "",
        "usage": (description and description.usage) or "",
        "limitations": (description and description.limitations) or "",
        "tags": tuple(odcs.tags or ()),
        "status": _status(odcs),
        "team": _team(odcs),
        "channels": _channels(odcs),
    }


def _chosen(
    servers: Sequence[Mapping[str, Any]], names: Sequence[str], environment: str | None, path: str
) -> dict[str, int]:
    """Index of each object's server, without the objects that no server of any environment has partitions of.

    Raises:
        ContractError: an object has a server, but none in the environment; or every server is for other objects.
    """
    used = used_servers(servers, environment, names)
    missing = next((name for name in names if name not in used and not runs_elsewhere(servers, name)), None)
    if missing is None:
        return used
    if not readable_for(servers, missing):
        what = f"no server is for {missing}: each has the custom property `schema` with another name; add a server"
    elif environment:
        what = f"no server of {missing} has the environment {environment!r}; add one, or change GATE_ENVIRONMENT"
    else:
        first = "the environment of the first server"
        what = f"no server is for {missing} in {first}; add one, or set GATE_ENVIRONMENT"
    raise ContractError(f"{path}: servers: {what}")


def _status(odcs: OpenDataContractStandard) -> Status:
    """An unknown word counts as a draft, of which nobody is told; lint says so."""
    word = (odcs.status or "").lower()
    return Status(word) if word in set(Status) else Status.DRAFT


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
