"""Which folders are partitions and which names are data: the rules that every store shares. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

from partition_gate.errors import MalformedPartitionKey
from partition_gate.partition import SNAPSHOT, Location

NOTE_BYTES = 8_000_000
FolderNames = Callable[[str], Iterable[str]]


def keys_below(location: Location, folder_names: FolderNames) -> list[str]:
    """Partition keys below a location, ascending; one call of `folder_names(folder)` a folder and level.

    Folders that are not `segment=value` (`_temporary`, another column, a value that no key may hold) are no
    partitions. A location without segments has the one key `snapshot`.
    """
    if not location.segments:
        return [SNAPSHOT]
    folders: list[tuple[str, ...]] = [()]
    for depth in range(len(location.segments)):
        folders = [
            (*values, value) for values in folders for value in _values(location, values, folder_names, depth=depth)
        ]
    return sorted(key for key in map("/".join, folders) if _is_key(location, key))


def is_data(name: str, pattern: str) -> bool:
    """Whether a file name is data: it matches the pattern and is not hidden (`_SUCCESS`, `.part.crc`)."""
    return not name.startswith(("_", ".")) and fnmatchcase(name, pattern)


def _values(location: Location, values: tuple[str, ...], folder_names: FolderNames, *, depth: int) -> Iterable[str]:
    parents = (f"{name}={value}" for name, value in zip(location.segments, values, strict=False))
    prefix = f"{location.segments[depth]}="
    for name in folder_names("/".join([location.root, *parents])):
        if name.startswith(prefix):
            yield name.removeprefix(prefix)


def _is_key(location: Location, key: str) -> bool:
    try:
        location.values(key)
    except MalformedPartitionKey:
        return False
    return True
