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
# A folder is made before it is locked; younger ones are left alone.
_GRACE = timedelta(minutes=1)


@contextmanager
def spool_folder(parent: Path, name: str) -> Iterator[Path]:
    """A new folder below `parent`, removed at the end; a kill leaves it to `sweep_spool`."""
    with writing_below(parent):
        parent.mkdir(parents=True, exist_ok=True)
        made = TemporaryDirectory(dir=parent, prefix=f"{name}-", ignore_cleanup_errors=True)
    with made as folder, (Path(folder) / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Path(folder)


def sweep_spool(parent: Path, *, grace: timedelta = _GRACE) -> int:
    """Remove folders that no live process owns; how many."""
    if not parent.is_dir():
        return 0
    made_before = time.time() - grace.total_seconds()
    left = [Path(entry) for entry in os.scandir(parent) if entry.is_dir() and entry.stat().st_mtime < made_before]
    return sum(_is_removed(folder) for folder in left)


def _is_removed(folder: Path) -> bool:
    try:
        with (folder / _LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
            return True
    except OSError:  # owned, or removed by somebody else meanwhile
        return False
