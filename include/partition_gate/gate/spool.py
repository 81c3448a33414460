"""Private folders for the files of partitions, each owned by the process that holds its lock."""

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
# A folder exists briefly before its lock does, so a young folder without a lock is not removed.
_GRACE = timedelta(minutes=1)


@contextmanager
def spool_folder(parent: Path, name: str) -> Iterator[Path]:
    """A new folder below `parent`, removed on exit; after a kill, `remove_abandoned_spools` removes it."""
    with writing_below(parent):
        parent.mkdir(parents=True, exist_ok=True)
        made = TemporaryDirectory(dir=parent, prefix=f"{name}-", ignore_cleanup_errors=True)
    with made as folder, Path(folder, "unlocked").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        Path(lock.name).rename(Path(folder, _LOCK))  # from now on others see the lock, and it is held
        yield Path(folder)


def remove_abandoned_spools(parent: Path, *, grace: timedelta = _GRACE) -> int:
    """Remove folders that no live process owns; returns how many."""
    if not parent.is_dir():
        return 0
    made_before = time.time() - grace.total_seconds()
    folders = [Path(entry) for entry in os.scandir(parent) if entry.is_dir()]
    return sum(_remove_unless_owned(folder) for folder in folders if _may_be_abandoned(folder, made_before))


def _may_be_abandoned(folder: Path, made_before: float) -> bool:
    """Whether it has a lock to try, or is old enough to have none."""
    try:
        return (folder / _LOCK).exists() or folder.stat().st_mtime < made_before
    except FileNotFoundError:  # removed by another process
        return False


def _remove_unless_owned(folder: Path) -> bool:
    try:
        with (folder / _LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
            return True
    except OSError:  # owned, or removed by another process
        return False
