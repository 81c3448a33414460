"""Local folders that cannot be written: whose fault it is, and the next step."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from partition_gate.errors import NoSpace

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def writing_below(folder: Path) -> Iterator[None]:
    """Raises: NoSpace, where the system lets us write nothing below the folder."""
    try:
        yield
    except OSError as error:
        raise no_space(folder, error) from error


def no_space(folder: Path, error: OSError) -> NoSpace:
    """The error for a folder of ours that cannot be written."""
    if error.errno in _FULL:
        return NoSpace(f"{folder}: the disk is full; free space there, or move GATE_HOME, and run it again")
    why = (error.strerror or type(error).__name__).lower()
    return NoSpace(f"{folder}: cannot be written ({why}); give our user a folder there, or set GATE_HOME to another one")
