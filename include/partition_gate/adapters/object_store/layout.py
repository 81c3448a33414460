"""Lists folders to find out how the partitions of a lake are laid out, without a contract."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from partition_gate.adapters.object_store import s3_clients
from partition_gate.adapters.object_store.listing import is_ignored
from partition_gate.adapters.object_store.s3_clients import Endpoint, Listings
from partition_gate.adapters.object_store.s3_errors import translating_errors
from partition_gate.contracts.drafting.layouts import Children, ListChildren
from partition_gate.core.errors import BucketMissing
from partition_gate.core.partition import Location
from partition_gate.core.partition_key import Segment

_PATTERN = "*.parquet"


def infer_location(path: str, children: ListChildren) -> Location:
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
    while hive := sorted(name for name in children(folder).folders if "=" in name):
        segments.append(hive[-1].partition("=")[0])
        folder = f"{folder}/{hive[-1]}"
    # Only a contract knows the columns' types: without one, each is text.
    typed = tuple(Segment(name=name, type="VARCHAR") for name in segments)
    return Location(root=root, segments=typed, pattern=pattern)


def local_children(folder: str) -> Children:
    path = Path(folder)
    if not path.is_dir():
        raise BucketMissing(f"{folder}: the folder does not exist; give the folder that contains the partitions")
    return _children((entry.name, entry.is_dir()) for entry in path.iterdir())


def s3_children(endpoint: Endpoint) -> ListChildren:
    """Lists folders and files in S3; an empty prefix has none."""
    listings = Listings(endpoint)

    def children(folder: str) -> Children:
        path = s3_clients.without_scheme(folder)
        with translating_errors(endpoint, path):
            entries = listings.entries(path)
        return _children((str(each["name"]).rsplit("/", 1)[-1], each["type"] == "directory") for each in entries)

    return children


def _children(entries: Iterable[tuple[str, bool]]) -> Children:
    """The children of a folder, from their names and whether they are folders."""
    own = sorted((name, is_folder) for name, is_folder in entries if not is_ignored(name))
    folders = [name for name, is_folder in own if is_folder]
    return Children(folders, [name for name, is_folder in own if not is_folder and name.endswith(".parquet")])
