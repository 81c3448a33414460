"""Which folders are partitions and which files are data: the rules shared by all stores. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from itertools import chain
from typing import NamedTuple

from partition_gate.core.errors import AmbiguousPartition, MalformedPartitionKey
from partition_gate.core.partition import SNAPSHOT, DataFile, LandedKeys, Location
from partition_gate.core.partition_key import Segment

NOTE_BYTES = 8_000_000
FolderNames = Callable[[str], Iterable[str]]
FilesIn = Callable[[str], Iterable[DataFile]]


class _Folder(NamedTuple):
    """A folder relative to the root, with the canonical parts of the key down to it."""

    path: str
    parts: tuple[str, ...]


def keys_below(location: Location, folder_names: FolderNames) -> LandedKeys:
    """Partition keys below a location; calls `folder_names(folder)` once per folder and level.

    Folders that are not `segment=...` (`_temporary`, another column) are ignored; a folder whose value is not a valid
    key is returned as refused. A location without segments has the single key `snapshot`.
    """
    folders, refused = [_Folder("", ())], dict[str, str]()
    for segment in location.segments:
        children = (_children(folder, location.root, segment, folder_names, refused) for folder in folders)
        folders = list(chain.from_iterable(children))
    keys = {"/".join(folder.parts) or SNAPSHOT for folder in folders}
    return LandedKeys(keys=tuple(sorted(keys, key=location.order)), refused=tuple(sorted(refused.items())))


def files_of(location: Location, key: str, files_in: FilesIn) -> tuple[DataFile, ...]:
    """The partition's files by path, from the only folder that has any. Raises: AmbiguousPartition."""
    files_by_folder = {folder: files for folder in location.folders(key) if (files := tuple(files_in(folder)))}
    if len(files_by_folder) > 1:
        names = " and ".join(folder.removeprefix(f"{location.root}/") for folder in files_by_folder)
        count = "two" if len(files_by_folder) == 2 else str(len(files_by_folder))
        raise AmbiguousPartition(
            f"{location.root}: landing has {count} folders for partition {key}: {names}; keep one of them"
        )
    return tuple(sorted(next(iter(files_by_folder.values()), ()), key=lambda file: file.path))


def note_of(location: Location, key: str, read: Callable[[str], bytes | None], name: str) -> bytes | None:
    """The small file next to the partition's data, in any spelling of its folder; None if it is absent."""
    notes = (read(f"{folder}/{name}") for folder in location.folders(key))
    return next((note for note in notes if note is not None), None)


def is_data(name: str, pattern: str) -> bool:
    """Whether a file name is data: it matches the pattern and is not hidden (`_SUCCESS`, `.part.crc`)."""
    return not name.startswith(("_", ".")) and fnmatchcase(name, pattern)


def _children(
    parent: _Folder, root: str, segment: Segment, folder_names: FolderNames, refused: dict[str, str]
) -> Iterable[_Folder]:
    """The folders below `parent` that have a valid value of the segment; the others are added to `refused`."""
    prefix = f"{segment.name}="
    for name in folder_names(f"{root}/{parent.path}".rstrip("/")):
        path = f"{parent.path}/{name}".lstrip("/")
        if not name.startswith(prefix):
            continue
        try:
            yield _Folder(path, (*parent.parts, segment.landed_part(name.removeprefix(prefix))))
        except MalformedPartitionKey as error:
            refused[_printable(path)] = str(error)


def _printable(name: str) -> str:
    """The name, escaped if it contains control characters or bytes that are not text."""
    return name if name.isprintable() else name.encode("unicode_escape").decode()
