"""Local folders of ours that cannot be made or written: why, and the next step."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from partition_gate.core.errors import NoSpace

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG})


@contextmanager
def writing_below(folder: Path) -> Iterator[None]:
    """What the operating system refuses below a folder of ours, as an error of ours.

    Raises:
        NoSpace: the disk is full, or the folder cannot be made or written.
    """
    try:
        yield
    except OSError as error:
        if refused := no_space(error, folder):
            raise refused from error
        raise


def no_space(error: OSError, folder: Path | None = None) -> NoSpace | None:
    """The error for a path of ours that cannot be written; None where the error says something else."""
    place = folder or error.filename
    if error.errno in _FULL:
        return full(place or "a folder of ours")
    if error.errno in _REFUSED and place:
        why = (error.strerror or type(error).__name__).lower()
        return NoSpace(
            f"{place}: cannot be written ({why}); give our user a folder there, or name another in GATE_HOME or in the "
            "setting that names this path"
        )
    return None


def full(place: object) -> NoSpace:
    """The error for a path whose disk is full."""
    return NoSpace(f"{place}: the disk is full; free space there, or move it (GATE_HOME, TMPDIR), and run it again")
