"""The server that each schema object is read from, and the location of its partitions there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from partition_gate.contract.model import Column
from partition_gate.contract.nested_columns import published_type
from partition_gate.contracts.odcs.object_names import object_of
from partition_gate.core.errors import ContractError
from partition_gate.core.nearest_words import shown
from partition_gate.core.partition import Location
from partition_gate.core.partition_key import Segment, is_key_type, why_not_key_type

SERVER_TYPES = ("s3", "local")
# What stands for the object's name in a location; `{model}` is the word of the data contract specification.
_PLACEHOLDERS = ("{schema}", "{model}")


def is_readable(server: Mapping[str, Any]) -> bool:
    """Whether the gate can read from a server: Parquet files on S3 or in local folders."""
    return server.get("type") in SERVER_TYPES and server.get("format", "parquet") == "parquet"


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


def place_of(server: Mapping[str, Any]) -> tuple[str, str]:
    """The key with a server's location, and the location."""
    key = "location" if server.get("location") or not server.get("path") else "path"
    return key, str(server.get(key) or "")


def endpoint_of(server: Mapping[str, Any], *, path: str) -> str | None:
    """The URL of the S3 server that a contract names; None if it names none.

    Raises:
        ContractError: it is not an http(s) URL, or holds a user or a password.
    """
    url = server.get("endpointUrl")
    if server.get("type") != "s3" or not url:
        return None
    parts = urlsplit(str(url))
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ContractError(
            f"{path}: servers: endpointUrl {shown(url)} is not a URL; write one such as https://s3.example.org"
        )
    if "@" in parts.netloc or parts.query:  # not quoted: it may be a password
        raise ContractError(
            f"{path}: servers: endpointUrl must not contain a user, a password or a query; write scheme, host and port"
        )
    return str(url).rstrip("/")


def location(text: str, *, folder: str, model: str, path: str) -> Location:
    """The location in a server's URL or path (`s3://landing/flights/dt=*/*.parquet`); every segment has type text.

    `model` is the name of the schema object, which replaces `{schema}`.

    Raises:
        ContractError: a wildcard is not in a Hive segment or in the file name.
    """
    for placeholder in _PLACEHOLDERS:
        text = text.replace(placeholder, model)
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


def _text_segment(name: str) -> Segment:
    return Segment(name=name, type="VARCHAR")
