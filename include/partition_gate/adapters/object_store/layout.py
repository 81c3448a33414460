"""Infers the location of a folder in landing from its contents: Hive segments and file pattern."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from partition_gate.adapters.object_store import s3_clients
from partition_gate.adapters.object_store.s3_clients import Endpoint, Listings
from partition_gate.adapters.object_store.s3_errors import translating_errors
from partition_gate.core.errors import BucketMissing
from partition_gate.core.partition import Location
from partition_gate.core.partition_key import Segment

_PATTERN = "*.parquet"
FolderNames = Callable[[str], list[str]]


def infer_location(path: str, folder_names: FolderNames) -> Location:
    """The location below a path such as `s3://landing/flights`, from its newest folder on each level.

    The segments end at the first level without `name=value` folders. A path that includes `dt=*` or a file pattern is
    equivalent.
    """
    parts = path.rstrip("/").split("/")
    pattern = parts.pop() if parts[-1].endswith(".parquet") else _PATTERN
    while parts and "=" in parts[-1]:
        parts.pop()
    root = "/".join(parts)
    segments: list[str] = []
    folder = root
    while hive := sorted(name for name in folder_names(folder) if "=" in name and not name.startswith((".", "_"))):
        segments.append(hive[-1].partition("=")[0])
        folder = f"{folder}/{hive[-1]}"
    # Only a contract knows the columns' types: without one, each is text.
    typed = tuple(Segment(name=name, type="VARCHAR") for name in segments)
    return Location(root=root, segments=typed, pattern=pattern)


def infer_tables(path: str, folder_names: FolderNames) -> tuple[Location, ...]:
    """The location of each folder in a folder, by name, without hidden ones and Hive segments."""
    names = sorted(name for name in folder_names(path) if "=" not in name and not name.startswith((".", "_")))
    return tuple(infer_location(f"{path}/{name}", folder_names) for name in names)


def local_folder_names(folder: str) -> list[str]:
    path = Path(folder)
    if not path.is_dir():
        raise BucketMissing(f"{folder}: the folder does not exist; give the folder that contains the partitions")
    return [entry.name for entry in path.iterdir() if entry.is_dir()]


def s3_folder_names(endpoint: Endpoint) -> FolderNames:
    """Lists folders in S3; an empty prefix has none."""
    listings = Listings(endpoint)

    def names(folder: str) -> list[str]:
        path = s3_clients.without_scheme(folder)
        with translating_errors(endpoint, path):
            entries = listings.entries(path)
        return [str(entry["name"]).rsplit("/", 1)[-1] for entry in entries if entry["type"] == "directory"]

    return names
