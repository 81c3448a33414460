"""Private folders for partitions' bytes, each owned by the process that holds its lock."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from partition_gate.gate.local_folders import writing_below

_LOCK = ".lock"
# A folder is made before its lock is there; a younger one without a lock is left alone.
_GRACE = timedelta(minutes=1)


@contextmanager
def spool_folder(parent: Path, name: str) -> Iterator[Path]:
    """A new folder below `parent`, removed at the end; a kill leaves it to `sweep_spool`."""
    with writing_below(parent):
        parent.mkdir(parents=True, exist_ok=True)
        made = TemporaryDirectory(dir=parent, prefix=f"{name}-", ignore_cleanup_errors=True)
    with made as folder, Path(folder, "unlocked").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        Path(lock.name).rename(Path(folder, _LOCK))  # from now on it can be seen, and is held
        yield Path(folder)


def sweep_spool(parent: Path, *, grace: timedelta = _GRACE) -> int:
    """Remove folders that no live process owns; how many."""
    if not parent.is_dir():
        return 0
    made_before = time.time() - grace.total_seconds()
    folders = [Path(entry) for entry in os.scandir(parent) if entry.is_dir()]
    return sum(_is_removed(folder) for folder in folders if _is_owned_or_left(folder, made_before))


def _is_owned_or_left(folder: Path, made_before: float) -> bool:
    """Whether its lock says who owns it; without one, only its age does."""
    try:
        return (folder / _LOCK).exists() or folder.stat().st_mtime < made_before
    except FileNotFoundError:  # removed by somebody else meanwhile
        return False


def _is_removed(folder: Path) -> bool:
    try:
        with (folder / _LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
            return True
    except OSError:  # owned, or removed by somebody else meanwhile
        return False
