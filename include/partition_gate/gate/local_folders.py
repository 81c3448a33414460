"""Errors for our local folders that cannot be created or written: the reason and the next step."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from partition_gate.core.errors import NoSpace

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_REFUSED = frozenset(
    {
        *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG),
        errno.ELOOP,
    }
)
_ABSENT = frozenset({errno.ENOENT, errno.EINVAL})  # of a path that we name ourselves: its file system refuses it


@contextmanager
def writing_below(folder: Path, *, setting: str | None = None) -> Iterator[None]:
    """Translate the operating system's refusals below this folder, which the setting names.

    Raises:
        NoSpace: the disk is full, or the folder cannot be created or written.
    """
    try:
        yield
    except OSError as error:
        if refused := no_space(error, folder, setting=setting):
            raise refused from error
        raise


def no_space(error: OSError, folder: Path | None = None, *, setting: str | None = None) -> NoSpace | None:
    """The error for one of our paths that cannot be written; None for any other kind of error."""
    place = folder or error.filename
    settings = setting or "GATE_HOME, or the setting for this path"
    if error.errno in _FULL:
        return disk_full(place or "a folder of the gate", settings=setting or "GATE_HOME, TMPDIR")
    if place and error.errno in (_REFUSED | _ABSENT if setting else _REFUSED):
        why = (error.strerror or type(error).__name__).lower()
        return NoSpace(
            f"{place}: cannot be written ({why}); grant the gate's user write access, or choose another path "
            f"({settings})"
        )
    return None


def disk_full(place: object, *, settings: str = "GATE_HOME, TMPDIR") -> NoSpace:
    """The error for a path whose disk is full."""
    return NoSpace(
        f"{place}: the disk is full; free some space, or choose another path ({settings}), then run it again"
    )
