"""Landing storage in local folders."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from partition_gate.adapters.object_store.listing import NOTE_BYTES, files_of, keys_below, not_a_file, note_of
from partition_gate.adapters.object_store.patterned import Names, Wanted, patterned_keys, wanted_files
from partition_gate.adapters.object_store.spooling import partition_changed, spool_files, whole_or_absent
from partition_gate.core.errors import AccessDenied, BucketMissing
from partition_gate.core.partition import DataFile, LandedKeys, Location, Partition, Spooled, readable_path
from partition_gate.core.path_pattern import Start


class LocalObjectStore:
    """The `ObjectStore` port on absolute local paths; a location's root takes the place of a bucket.

    A file's token consists of inode, modification time and size, so replacing or writing the file changes it.
    """

    def partition_keys(
        self,
        location: Location,
        *,
        since: date | None = None,
        whole: bool = False,  # noqa: ARG002 -- a folder is always read as a whole
    ) -> LandedKeys:
        _check_root(location)
        if location.layout is not None:
            return patterned_keys(location, location.layout, _names_in, since)
        return keys_below(location, _folder_names, since)

    def list_files(self, location: Location, key: str) -> tuple[DataFile, ...]:
        _check_root(location)
        wanted = wanted_files(location, key)
        return files_of(location, key, lambda folder: _files(folder, wanted))

    def note(self, location: Location, key: str, name: str) -> bytes | None:
        return note_of(location, key, _small_file, name)

    def spool(self, partition: Partition, into: Path) -> Spooled:
        return spool_files(partition, into, _copy)


def _check_root(location: Location) -> None:
    with _translating_errors(location.root):
        if not Path(location.root).is_dir():
            raise BucketMissing(
                f"{location.shown_root}: the folder does not exist; create it, or correct servers[].location in the "
                "contract"
            )


def _files(folder: str, wanted: Wanted) -> list[DataFile]:
    named = [entry for entry in _entries(folder) if wanted.is_data(entry.name)]
    others = [entry for entry in named if not entry.is_file()]
    if others and wanted.only_files and (kind := _kind(others[0])):
        raise not_a_file(readable_path(f"{folder}/{others[0].name}"), kind)
    names = [entry.name for entry in named if entry not in others]
    return [file for name in names if (file := _data_file(f"{folder}/{name}"))]


def _kind(entry: os.DirEntry[str]) -> str:
    """What an entry is that is no file; empty if it is gone by now."""
    if entry.is_dir():
        return "a folder"
    if entry.is_symlink():
        return "a link to nothing"
    return "neither a file nor a folder" if Path(entry.path).exists() else ""


def _small_file(path: str) -> bytes | None:
    with _translating_errors(path):
        try:
            with Path(path).open("rb") as file:
                return file.read(NOTE_BYTES)
        except (FileNotFoundError, NotADirectoryError):
            return None


def _folder_names(folder: str) -> Iterator[str]:
    return (entry.name for entry in _entries(folder) if entry.is_dir())


def _names_in(folder: str, start: Start, *, is_folder: bool) -> Names:
    kind = os.DirEntry.is_dir if is_folder else os.DirEntry.is_file
    names = [entry.name for entry in _entries(folder) if entry.name.startswith(start.prefix) and kind(entry)]
    return Names([name for name in names if name >= start.first], [name for name in names if name < start.first])


def _entries(folder: str) -> list[os.DirEntry[str]]:
    with _translating_errors(folder):
        try:
            with os.scandir(folder) as entries:
                return list(entries)
        except (FileNotFoundError, NotADirectoryError):
            return []


def _data_file(path: str) -> DataFile | None:
    """The file's current state; None if it was removed after its folder was read."""
    try:
        status = Path(path).stat()
    except FileNotFoundError:
        return None
    modified_at = datetime.fromtimestamp(status.st_mtime, UTC)
    return DataFile(path=path, etag=_token(status), size_bytes=status.st_size, modified_at=modified_at)


def _token(status: os.stat_result) -> str:
    return f"{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}"


def _copy(file: DataFile, target: Path) -> None:
    """Copy a file, and check before and after that it is the listed one."""
    with _translating_errors(file.path), whole_or_absent(target) as unfinished:
        try:
            with Path(file.path).open("rb") as source, unfinished.open("wb") as copy:
                _check_token(file, os.fstat(source.fileno()))
                shutil.copyfileobj(source, copy)
            _check_token(file, Path(file.path).stat())
        except FileNotFoundError as error:
            raise partition_changed(file) from error


def _check_token(file: DataFile, status: os.stat_result) -> None:
    if _token(status) != file.etag:
        raise partition_changed(file)


@contextmanager
def _translating_errors(path: str) -> Iterator[None]:
    path = readable_path(path)
    try:
        yield
    except PermissionError as error:
        raise AccessDenied(f"{path}: permission denied; grant the gate's user read access") from error
