"""The server that each schema object is read from, and the location of its partitions there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from partition_gate.checks.compiling.dialects import dialect_of
from partition_gate.contract.model import Column
from partition_gate.contract.nested_columns import published_type
from partition_gate.contracts.odcs.object_names import object_of
from partition_gate.contracts.odcs.quality import DIALECT, Dialect
from partition_gate.core.errors import ContractError
from partition_gate.core.nearest_words import shown
from partition_gate.core.partition import Location
from partition_gate.core.partition_key import Segment, is_key_type, why_not_key_type
from partition_gate.core.path_pattern import EXAMPLE, PathPattern, parse_pattern
from partition_gate.core.path_values import why_unfit
from partition_gate.core.record import Record

SERVER_TYPES = ("s3", "local")
# The custom property of a server whose value is the pattern of the paths below its location.
PATTERN = "partitionPattern"
# What stands for the object's name in a location; `{model}` is the word of the data contract specification.
_PLACEHOLDERS = ("{schema}", "{model}")


def is_readable(server: Mapping[str, Any]) -> bool:
    """Whether the gate can read from a server: Parquet files on S3 or in local folders."""
    return server.get("type") in SERVER_TYPES and (server.get("format") or "parquet") == "parquet"


def readable_for(servers: Iterable[Mapping[str, Any]], name: str) -> bool:
    """Whether an object could be read from one of these servers, in any environment."""
    return any(is_readable(server) and object_of(server) in {None, name} for server in servers)


def runs_elsewhere(servers: Sequence[Mapping[str, Any]], name: str) -> bool:
    """Whether an object is kept only where the gate cannot read: no server with Parquet files is for it, but others
    are, or there is no server at all.
    """
    return not readable_for(servers, name) and not (servers and all(map(is_readable, servers)))


def why_not_run(servers: Iterable[Mapping[str, Any]], name: str) -> str:
    """Why no server of the contract has the partitions of an object: `server type postgres`; empty if one has."""
    if readable_for(servers, name):
        return ""
    kinds = dict.fromkeys(_kind(server) for server in servers if not is_readable(server))
    if not kinds:
        return "no server"
    return f"server type{'s' if len(kinds) > 1 else ''} {', '.join(kinds)}"


def used_servers(servers: Sequence[Mapping[str, Any]], environment: str | None, names: Iterable[str]) -> dict[str, int]:
    """Index of the server that each object is read from, by name; without the objects that have none.

    Of the readable servers of the environment, it is the first one that names the object, else the first one that
    names none. Without an environment, it is the environment of the first readable server that is searched.
    """
    readable = [(i, server) for i, server in enumerate(servers) if is_readable(server)]
    if environment:
        found = [(i, each) for i, each in readable if environment in (each.get("environment"), each.get("server"))]
    else:
        found = [(i, each) for i, each in readable if each.get("environment") == readable[0][1].get("environment")]
    first: dict[str | None, int] = {}
    for i, server in found:
        first.setdefault(object_of(server), i)
    used = {name: first.get(name, first.get(None)) for name in names}
    return {name: index for name, index in used.items() if index is not None}


def dialect_for(document: Mapping[str, Any], chosen: int | None) -> Dialect:
    """The dialect of an object's queries: named by the server that it is read from, or by the contract; else that of
    the servers that are databases, if they agree.
    """
    servers = document.get("servers") or []
    holders = (*(servers[chosen : chosen + 1] if chosen is not None else ()), document)
    for holder in holders:
        for custom in holder.get("customProperties") or ():
            if custom.get("property") == DIALECT:
                return Dialect(str(custom.get("value")))
    found = {dialect for server in servers if (dialect := dialect_of(str(server.get("type"))))}
    return Dialect(found.pop(), is_assumed=True) if len(found) == 1 else Dialect(None)


class Place(Record):
    """What a server says about its paths, each with its place in the file.

    `text` is its location, and `pattern` the value of its custom property `partitionPattern`, or None.
    """

    at: str
    text: str
    pattern: Any = None
    pattern_at: str = ""


def place_of(server: Mapping[str, Any], at: str) -> Place:
    """The location of the server at this place in the file, and its pattern."""
    key = "location" if server.get("location") or not server.get("path") else "path"
    named = {"at": f"{at}.{key}", "text": str(server.get(key) or "")}
    custom = server.get("customProperties")
    for i, entry in enumerate(custom if isinstance(custom, list) else ()):
        if isinstance(entry, Mapping) and entry.get("property") == PATTERN:
            return Place(**named, pattern=entry.get("value", ""), pattern_at=f"{at}.customProperties[{i}].value")
    return Place(**named)


def endpoint_of(server: Mapping[str, Any], *, path: str) -> str | None:
    """The URL of the S3 server that a contract names; None if it names none.

    Raises:
        ContractError: it is not an http(s) URL, or holds a user or a password.
    """
    url = server.get("endpointUrl")
    if server.get("type") != "s3" or not url:
        return None
    if "@" in str(url) or "?" in str(url):  # not quoted: it may be a password
        raise ContractError(
            f"{path}: servers: endpointUrl must not contain a user, a password or a query; write scheme, host and port"
        )
    try:
        is_url = urlsplit(str(url)).scheme in {"http", "https"} and bool(urlsplit(str(url)).hostname)
    except ValueError:  # `http://[`
        is_url = False
    if not is_url:
        raise ContractError(
            f"{path}: servers: endpointUrl {shown(url)} is not a URL; write one such as https://s3.example.org"
        )
    return str(url).rstrip("/")


def location(place: Place, *, folder: str, model: str, path: str) -> Location:
    """The location at a server's place; every segment has type text.

    `model` is the name of the schema object, which replaces `{schema}` in the location and in its pattern.

    Raises:
        ContractError: a wildcard is not in a Hive segment or in the file name, or the pattern is wrong.
    """
    text = _named(place.text, model)
    parts = _without_scheme(text).rstrip("/").split("/")
    if place.pattern is not None:
        layout = _layout(place, model, path)
        if "*" in text:
            what = f"{text!r}: with {PATTERN}, the location is a folder; move what follows it into the pattern"
            raise ContractError(f"{path}: {place.at}: {what}")
        segments = tuple(map(_text_segment, layout.names))
        return Location(root=_root(text, parts, folder), segments=segments, pattern=layout.text, layout=layout)
    pattern = parts.pop() if "." in parts[-1] or "*" in parts[-1].partition("=")[0] else "*.parquet"
    hive: list[str] = []
    while parts and parts[-1].endswith("=*"):
        hive.insert(0, parts.pop().removesuffix("=*"))
    if any("*" in part for part in parts):
        what = f"{text!r}: a folder wildcard must be a Hive segment such as `dt=*`; rewrite it, or use {PATTERN}"
        raise ContractError(f"{path}: {place.at}: {what}")
    return Location(root=_root(text, parts, folder), segments=tuple(map(_text_segment, hive)), pattern=pattern)


def typed(where: Location, columns: Sequence[Column], *, path: str, at: str) -> Location:
    """The location with the published type of the column in each segment; text if there is no such column.

    `at` is the place of the pattern in the file.

    Raises:
        ContractError: one line per column with a type that a partition key cannot have, or that the pattern does not
            determine.
    """
    by_name = {column.name: column for column in columns}
    segments = tuple(
        Segment(name=segment.name, type=published_type(by_name[segment.name])) if segment.name in by_name else segment
        for segment in where.segments
    )
    lines = [
        f"{by_name[each.name].path}.logicalType: {why_not_key_type(each.type)}"
        for each in segments
        if not is_key_type(each.type)
    ]
    if not lines and where.layout is not None:
        unfit = (why_unfit(each, where.layout.fields(each.name)) for each in segments)
        lines = [f"{at}: {why}" for why in unfit if why]
    if lines:
        raise ContractError("\n".join(f"{path}: {line}" for line in lines))
    return where.model_copy(update={"segments": segments})


def same_files(locations: Mapping[str, Location]) -> list[tuple[str, ...]]:
    """The groups of objects that would be read from the same files; `locations` are by object."""
    groups: dict[tuple[str | None, str, str], list[str]] = {}
    for name, where in locations.items():
        groups.setdefault((where.endpoint_url, where.root, where.pattern), []).append(name)
    return [tuple(names) for names in groups.values() if len(names) > 1]


def shared_folder(names: Sequence[str]) -> str:
    """What is wrong if several objects are read from the same files, and what to write."""
    return (
        f"{' and '.join(names)} would be read from the same folder; write {{schema}} in the location, or a server for "
        f"each object with customProperties [{{property: schema, value: {names[0]}}}]"
    )


def _kind(server: Mapping[str, Any]) -> str:
    kind = str(server.get("type"))
    return f"{kind} with format {server.get('format')}" if kind in SERVER_TYPES else kind


def _named(text: str, model: str) -> str:
    for placeholder in _PLACEHOLDERS:
        text = text.replace(placeholder, model)
    return text


def _without_scheme(text: str) -> str:
    return text.removeprefix("s3://") if text.startswith("s3://") else text.removeprefix("file://")


def _root(text: str, parts: Sequence[str], folder: str) -> str:
    root = "/".join(parts)
    if text.startswith("s3://"):
        return f"s3://{root}"
    return root if root.startswith("/") else f"{folder}/{root.removeprefix('./')}".rstrip("/")


def _layout(place: Place, model: str, path: str) -> PathPattern:
    if not isinstance(place.pattern, str):
        what = f"{shown(place.pattern)} is not text; write a pattern such as {EXAMPLE}"
        raise ContractError(f"{path}: {place.pattern_at}: {what}")
    try:
        return parse_pattern(_named(place.pattern, model))
    except ValueError as error:
        raise ContractError(f"{path}: {place.pattern_at}: {shown(place.pattern)}: {error}") from error


def _text_segment(name: str) -> Segment:
    return Segment(name=name, type="VARCHAR")
