"""Spooled files: named by their place in the partition, whole or absent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from partition_gate.errors import PartitionChanged
from partition_gate.partition import DataFile, Partition, Spooled

_AT_ONCE = 4

Fetch = Callable[[DataFile, Path], None]


def spool_files(partition: Partition, into: Path, fetch: Fetch) -> Spooled:
    """All files of a partition, fetched a few at once into `into/<nnn>-<name>`; none of them if one fails."""
    into.mkdir(parents=True, exist_ok=True)
    paths = tuple(into / f"{number:03d}-{PurePosixPath(file.path).name}" for number, file in enumerate(partition.files))
    try:
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="spool") as threads:
            list(threads.map(fetch, partition.files, paths))
    except BaseException:
        for path in paths:
            path.unlink(missing_ok=True)
        raise
    return Spooled(partition=partition, folder=into, paths=paths)


@contextmanager
def whole_or_absent(path: Path) -> Iterator[Path]:
    """A temporary path that becomes `path` at the end, or vanishes on an error."""
    unfinished = path.with_name(f".{path.name}.part")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def changed(file: DataFile) -> PartitionChanged:
    """The error for an object that is no longer what the listing showed."""
    return PartitionChanged(f"{file.path}: replaced or removed since it was listed; list the partition again")
