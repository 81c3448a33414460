"""Which folders are partitions and which files are data: the rules shared by all stores. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from itertools import chain
from typing import NamedTuple

from partition_gate.core.errors import AmbiguousPartition, MalformedPartitionKey
from partition_gate.core.partition import SNAPSHOT, DataFile, LandedKeys, Location
from partition_gate.core.partition_key import NULL, Segment

NOTE_BYTES = 8_000_000
TEMPORARY = (".tmp", ".temp", ".crc", ".part", ".inprogress", "._copying_", "_$folder$")
_HIDDEN = ("_", ".")
FolderNames = Callable[[str], Iterable[str]]
FilesIn = Callable[[str], Iterable[DataFile]]


class _Folder(NamedTuple):
    """A folder relative to the root, with the canonical parts of the key down to it."""

    path: str
    parts: tuple[str, ...]


def keys_below(location: Location, folder_names: FolderNames, since: date | None = None) -> LandedKeys:
    """Partition keys below a location; calls `folder_names(folder)` once per folder and level.

    Folders that are not `segment=...` (`_temporary`, another column), or temporary, are ignored; a folder whose value
    is not a valid key is returned as refused. A location without segments has the single key `snapshot`. `since`: as in
    the port.
    """
    tree = _Tree(location.root, folder_names, since)
    folders = [_Folder("", ())]
    for segment in location.segments:
        folders = list(chain.from_iterable(tree.children(folder, segment) for folder in folders))
    keys = {"/".join(folder.parts) or SNAPSHOT for folder in folders}
    return LandedKeys(
        keys=tuple(sorted(keys, key=location.order)),
        refused=tuple(sorted(tree.refused.items())),
        has_earlier=tree.has_earlier,
    )


def files_of(location: Location, key: str, files_in: FilesIn) -> tuple[DataFile, ...]:
    """The partition's files by path, from the only folder that has any. Raises: AmbiguousPartition."""
    files_by_folder = {folder: files for folder in location.folders(key) if (files := tuple(files_in(folder)))}
    if len(files_by_folder) > 1:
        names = " and ".join(folder.removeprefix(f"{location.root}/") for folder in files_by_folder)
        count = "two" if len(files_by_folder) == 2 else str(len(files_by_folder))
        raise AmbiguousPartition(
            f"{location.shown_root}: landing has {count} folders for partition {key}: {names}; keep one of them"
        )
    return tuple(sorted(next(iter(files_by_folder.values()), ()), key=lambda file: file.path))


def note_of(location: Location, key: str, read: Callable[[str], bytes | None], name: str) -> bytes | None:
    """The small file next to the partition's data, in any spelling of its folder; None if it is absent."""
    notes = (read(f"{folder}/{name}") for folder in location.folders(key))
    return next((note for note in notes if note is not None), None)


def is_ignored(name: str, *, wanted: str = "") -> bool:
    """Whether a file or folder is ignored by its name: hidden, or temporary, unless `wanted` begins or ends so, too.

    Hidden names begin with `_` or `.`. Source: Hadoop's FileInputFormat, and the temporary names of HDFS, Hadoop's S3
    clients, Flink and uploading programs.
    """
    is_hidden = name.startswith(_HIDDEN) and not wanted.startswith(name[0]) and name != NULL
    return is_hidden or (name.lower().endswith(TEMPORARY) and not wanted.lower().endswith(TEMPORARY))


def not_a_file(path: str, kind: str) -> AmbiguousPartition:
    """Something that is named like data but has no bytes of its own: the rows below it would be missed silently."""
    return AmbiguousPartition(
        f"{path} is named like a data file, but is {kind}; remove it, rename it, or put its files next to the others"
    )


class _Tree:
    """The folders of a location: which were refused and why, and whether older ones than `since` were left out."""

    def __init__(self, root: str, folder_names: FolderNames, since: date | None) -> None:
        self._root, self._folder_names = root, folder_names
        self._since = since.isoformat() if since else None
        self.refused: dict[str, str] = {}
        self.has_earlier = False

    def children(self, parent: _Folder, segment: Segment) -> Iterable[_Folder]:
        """The folders below `parent` that have a valid value of the segment; the others are added to `refused`."""
        prefix, since = f"{segment.name}=", self._since
        for name in self._folder_names(f"{self._root}/{parent.path}".rstrip("/")):
            if not name.startswith(prefix) or is_ignored(name):
                continue
            value = name[len(prefix) :]
            if since is not None and _is_earlier(segment.name, value, since):
                self.has_earlier = True
                continue
            path = f"{parent.path}/{name}".lstrip("/")
            try:
                yield _Folder(path, (*parent.parts, segment.landed_part(value)))
            except MalformedPartitionKey as error:
                self.refused[printable(path)] = str(error)


def _is_earlier(segment: str, value: str, since: str) -> bool:
    """Whether a folder's value is a date before `since` (`2013-01-01`), or a year before its year, by its text alone.

    Called for every folder in landing, so it compares before it looks.
    """
    if segment == "year":
        return value < since[:4] and len(value) == 4 and value.isdigit()
    return value < since and (
        (value[4:5] == "-" == value[7:8] and value[:4].isdigit()) or (value[:8].isdigit() and len(value) == 8)
    )


def printable(name: str) -> str:
    """The name, escaped if it contains control characters or bytes that are not text."""
    return name if name.isprintable() else name.encode("unicode_escape").decode()
