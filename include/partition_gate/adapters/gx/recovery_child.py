"""The program that runs a recovery function, in a process of its own. It imports nothing of the gate.

Rows come in and go out as Arrow IPC streams. An answer without columns is an error: its metadata says what happened,
never with a value. The limits stop mistakes, and not an author who means harm (docs/how-to/quarantine.md).
"""

from __future__ import annotations

import ctypes
import importlib
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO

import pyarrow as pa

# The key of the answer's metadata that says why there are no rows.
REFUSED = b"gate.refused"
_MB = 1 << 20
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_OPEN_FILES = 64
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_DEVICES = ("/dev/null", "/dev/urandom")
_NETWORK = ("socket.", "urllib.", "ftplib.", "http.client.", "smtplib.", "imaplib.", "poplib.", "telnetlib.")
_PROGRAMS = ("subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.kill", "pty.spawn")
_FILES = (
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown"),
    *("shutil.", "tempfile.", "os.mkfifo", "os.mknod"),
)


class Refused(PermissionError):
    """Something that a recovery function may not do; its text is ours."""


class TooLong(BaseException):
    """The time is over."""


def end_with(parent: int) -> None:
    """Have the kernel end this process with its parent, which may be killed before it can do that itself.

    The kernel looks at the thread that started this process: it must wait for it.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the kernel was asked
        os._exit(1)


def main(folder: str, module: str, function: str, *, seconds: float, memory_mb: int) -> None:
    """Read rows from the standard input, and write the function's answer to the standard output."""
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what the function prints is not an answer
    root = Path(folder).resolve()
    try:
        rows = pa.ipc.open_stream(sys.stdin.buffer).read_all()
        _limit(seconds, memory_mb)
        sys.path.insert(0, str(root))
        sys.addaudithook(_guard(root))
        result = _called(root, module, function, rows)
    except BaseException as error:
        _write(answer, _refusal(_sentence(error, root)))
    else:
        _write(answer, result)


def _called(root: Path, module: str, function: str, rows: pa.Table) -> pa.Table:
    loaded = importlib.import_module(module)
    file = Path(loaded.__file__ or "/").resolve()
    if root not in file.parents:
        raise Refused(f"the module {module} is not in the folder of recovery functions; give it another name")
    result: Any = getattr(loaded, function)(rows)
    if not isinstance(result, pa.Table):
        raise Refused(f"it returned {type(result).__name__}; return a pyarrow.Table")
    return result.replace_schema_metadata(None)


def _limit(seconds: float, memory_mb: int) -> None:
    """Limit this process from now on; what is loaded already does not count as memory."""
    reserved = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    for what, most in (
        (resource.RLIMIT_AS, reserved + memory_mb * _MB),
        (resource.RLIMIT_CPU, int(seconds) + 1),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    signal.signal(signal.SIGALRM, _too_long)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _too_long(_signal: int, _frame: FrameType | None) -> None:
    raise TooLong


def _guard(root: Path) -> Callable[[str, tuple[Any, ...]], None]:
    """An audit hook that refuses the network, other programs, and files except those of Python and of the folder."""
    readable = {root, *(Path(each).resolve() for each in (sys.prefix, sys.base_prefix, *sys.path) if each)}
    readable |= {Path("/usr/share/zoneinfo"), Path("/proc/self")}

    def guard(event: str, details: tuple[Any, ...]) -> None:
        if event == "open":
            _check_open(details, readable)
        elif event.startswith(_NETWORK):
            raise Refused(f"it tried to use the network ({event})")
        elif event.startswith(_PROGRAMS):
            raise Refused(f"it tried to start or end a program ({event})")
        elif event.startswith(_FILES):
            raise Refused(f"it tried to change files ({event})")

    return guard


def _check_open(details: tuple[Any, ...], readable: set[Path]) -> None:
    path, _, flags = details
    if isinstance(path, int) or path in _DEVICES:
        return
    if isinstance(flags, int) and flags & _WRITES:
        raise Refused("it tried to write a file")
    file = Path(os.fsdecode(path)).resolve()
    if readable.isdisjoint((file, *file.parents)):
        raise Refused("it tried to read a file outside of its folder")


def _sentence(error: BaseException, root: Path) -> str:
    """What happened, without the error's own text, which may hold a value."""
    match error:
        case Refused():
            return str(error) + _where(error, root)
        case TooLong():
            return "too long"
        case MemoryError():
            return "too large"
        case OSError() if error.errno == 27:
            return f"it tried to write a file{_where(error, root)}"
        case ModuleNotFoundError() | ImportError():
            return f"it cannot be imported ({type(error).__name__}){_where(error, root)}"
    return f"it raised {type(error).__name__[:80]}{_where(error, root)}"


def _where(error: BaseException, root: Path) -> str:
    """The last line of the folder's own code that was reached."""
    frames = [(Path(frame.f_code.co_filename), line) for frame, line in traceback.walk_tb(error.__traceback__)]
    own = [(file.relative_to(root), line) for file, line in frames if root in file.parents]
    return f" in line {own[-1][1]} of {own[-1][0]}" if own else ""


def _refusal(sentence: str) -> pa.Table:
    return pa.table({}).replace_schema_metadata({REFUSED: sentence.encode()})


def _write(answer: BinaryIO, table: pa.Table) -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)
    with answer, pa.ipc.new_stream(answer, table.schema) as stream:
        stream.write_table(table)


if __name__ == "__main__":
    end_with(int(sys.argv[6]))
    pa.set_cpu_count(1)
    main(sys.argv[1], sys.argv[2], sys.argv[3], seconds=float(sys.argv[4]), memory_mb=int(sys.argv[5]))
