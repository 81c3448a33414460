"""Spools a partition: files are named by their position, and are complete or absent."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from partition_gate.core.errors import PartitionChanged
from partition_gate.core.partition import DataFile, Partition, Spooled, readable_path
from partition_gate.gate.local_folders import disk_full, no_space, writing_below

_MAX_THREADS = 4

Fetch = Callable[[DataFile, Path], None]


def spool_files(partition: Partition, into: Path, fetch: Fetch) -> Spooled:
    """Fetch all files of a partition into `into/<nnn>-<name>`, a few at once; if one fails, none is kept."""
    with writing_below(into):
        into.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(into).free < sum(file.size_bytes for file in partition.files):
        raise disk_full(into)
    paths = tuple(into / f"{number:03d}-{PurePosixPath(file.path).name}" for number, file in enumerate(partition.files))
    try:
        with ThreadPoolExecutor(_MAX_THREADS, thread_name_prefix="spool") as threads:
            fetches = [threads.submit(fetch, *pair) for pair in zip(partition.files, paths, strict=True)]
            _wait_for_all(threads, fetches)
    except BaseException as error:
        for path in paths:
            path.unlink(missing_ok=True)
        if isinstance(error, OSError) and (refused := no_space(error, into)):
            raise refused from error
        raise
    return Spooled(partition=partition, folder=into, paths=paths)


def _wait_for_all(threads: ThreadPoolExecutor, fetches: Sequence[Future[None]]) -> None:
    """Wait for all fetches; after a failure, cancel those that have not started."""
    try:
        for fetch in as_completed(fetches):
            fetch.result()
    except BaseException:
        threads.shutdown(wait=False, cancel_futures=True)
        raise


@contextmanager
def whole_or_absent(path: Path) -> Iterator[Path]:
    """A temporary path that is renamed to `path` on success and removed on an error."""
    unfinished = path.with_name(f".{path.name}.part")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def partition_changed(file: DataFile) -> PartitionChanged:
    """The error for an object that no longer matches the listing."""
    return PartitionChanged(
        f"{readable_path(file.path)}: replaced or removed after it was listed; list the partition again"
    )
