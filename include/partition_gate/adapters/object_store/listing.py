"""Which folders are partitions and which names are data: the rules that every store shares. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

from partition_gate.core.errors import AmbiguousPartition, MalformedPartitionKey
from partition_gate.core.partition import SNAPSHOT, DataFile, LandedKeys, Location
from partition_gate.core.partition_key import Segment

NOTE_BYTES = 8_000_000
FolderNames = Callable[[str], Iterable[str]]
FilesIn = Callable[[str], Iterable[DataFile]]


class _Found(NamedTuple):
    """A folder relative to the root, and the canonical parts of the key so far."""

    folder: str
    parts: tuple[str, ...]


def keys_below(location: Location, folder_names: FolderNames) -> LandedKeys:
    """Partition keys below a location; one call of `folder_names(folder)` a folder and level.

    Folders that are not `segment=...` (`_temporary`, another column) are no partitions; those whose value has no key
    are refused by name. A location without segments has the one key `snapshot`.
    """
    found, refused = [_Found("", ())], dict[str, str]()
    for segment in location.segments:
        found = [below for at in found for below in _below(at, location.root, segment, folder_names, refused)]
    keys = {"/".join(each.parts) or SNAPSHOT for each in found}
    return LandedKeys(keys=tuple(sorted(keys, key=location.order)), refused=tuple(sorted(refused.items())))


def files_of(location: Location, key: str, files_in: FilesIn) -> tuple[DataFile, ...]:
    """The partition's files by path, from the one folder that has any. Raises: AmbiguousPartition."""
    found = {folder: files for folder in location.folders(key) if (files := tuple(files_in(folder)))}
    if len(found) > 1:
        names = " and ".join(folder.removeprefix(f"{location.root}/") for folder in found)
        count = "two" if len(found) == 2 else str(len(found))
        raise AmbiguousPartition(
            f"{location.root}: landing has {count} folders for partition {key}: {names}; keep one of them"
        )
    return tuple(sorted(next(iter(found.values()), ()), key=lambda file: file.path))


def note_of(location: Location, key: str, read: Callable[[str], bytes | None], name: str) -> bytes | None:
    """The small file beside the partition's data, whichever spelling its folder has; None if there is none."""
    notes = (read(f"{folder}/{name}") for folder in location.folders(key))
    return next((note for note in notes if note is not None), None)


def is_data(name: str, pattern: str) -> bool:
    """Whether a file name is data: it matches the pattern and is not hidden (`_SUCCESS`, `.part.crc`)."""
    return not name.startswith(("_", ".")) and fnmatchcase(name, pattern)


def _below(
    at: _Found, root: str, segment: Segment, folder_names: FolderNames, refused: dict[str, str]
) -> Iterable[_Found]:
    """The folders below one that name a value of the segment; what names none is put into `refused`."""
    prefix = f"{segment.name}="
    for name in folder_names(f"{root}/{at.folder}".rstrip("/")):
        folder = f"{at.folder}/{name}".lstrip("/")
        if not name.startswith(prefix):
            continue
        try:
            yield _Found(folder, (*at.parts, segment.landed_part(name.removeprefix(prefix))))
        except MalformedPartitionKey as error:
            refused[_printable(folder)] = str(error)


def _printable(name: str) -> str:
    """The name; escaped where it holds what a terminal obeys, or bytes that are no text."""
    return name if name.isprintable() else name.encode("unicode_escape").decode()
