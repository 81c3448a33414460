"""Private folders for the files of partitions, each owned by the process that holds its lock."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from partition_gate.gate.local_folders import writing_below

_LOCK = ".lock"


@contextmanager
def spool_folder(parent: Path, name: str) -> Iterator[Path]:
    """A new folder below `parent`, removed on exit; after a kill, `remove_abandoned_spools` removes it."""
    with ExitStack() as owned:
        with writing_below(parent):
            parent.mkdir(parents=True, exist_ok=True)
            # While this is held, nobody takes the new folder, which has no lock yet, for an abandoned one.
            with _locked(parent, fcntl.LOCK_SH):
                made = TemporaryDirectory(dir=parent, prefix=f"{name}-", ignore_cleanup_errors=True)
                folder = Path(owned.enter_context(made))
                owned.enter_context(_locked(folder, fcntl.LOCK_EX))
        yield folder


def remove_abandoned_spools(parent: Path) -> int:
    """Remove folders that no live process owns; returns how many. While folders are being made, the next call does."""
    if not parent.is_dir():
        return 0
    try:
        with _locked(parent, fcntl.LOCK_EX | fcntl.LOCK_NB):
            folders = [Path(entry) for entry in os.scandir(parent) if entry.is_dir()]
    except OSError:  # folders are being made, or this one cannot be written
        return 0
    return sum(_remove_unless_owned(folder) for folder in folders)


def _remove_unless_owned(folder: Path) -> bool:
    try:
        with _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
            shutil.rmtree(folder, ignore_errors=True)
            return True
    except OSError:  # owned, or removed by another process
        return False


@contextmanager
def _locked(folder: Path, kind: int) -> Iterator[None]:
    with (folder / _LOCK).open("a") as lock:
        fcntl.flock(lock, kind)
        yield
