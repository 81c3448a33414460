"""`gate` commands in processes of their own, each forked from one that has imported everything.

A command that imports Great Expectations for itself spends five CPU seconds on that. How long imports take, and what a
command loads, is tested with processes that start from nothing (tests/integration/test_cold_start.py).
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile, mkdtemp
from typing import Any

COLD = (sys.executable, "-c", "from partition_gate.apps.cli.main import main; main()")  # from nothing
# What commands import only when they need it; `preload` does not, because most tasks need none of it.
_LATER = (
    "alembic.command",
    "alembic.config",
    "alembic.context",
    "multiprocessing.synchronize",
    "partition_gate.adapters.gx.recovery",
    "partition_gate.adapters.gx.rework",
    "partition_gate.adapters.ledger.migrate",
    "partition_gate.adapters.workers",
    "partition_gate.connections",
    "psutil",
    "pyarrow.csv",
    "pyarrow.dataset",
    "pyarrow.pandas_compat",
)


def gate(*arguments: str, environment: Mapping[str, str], folder: str = ".") -> subprocess.CompletedProcess[str]:
    """What `gate` with these arguments answers in this folder; the environment is all that it sees."""
    asked = {"arguments": arguments, "environment": dict(environment), "folder": folder}
    return subprocess.CompletedProcess(["gate", *arguments], **_answer_of(server(), asked))


def ask(socket_path: str, *arguments: str) -> int:
    """Be that command: print its answer, and return its exit code. For shells that call `gate` by name."""
    asked = {"arguments": arguments, "environment": dict(os.environ), "folder": str(Path.cwd())}
    answer = _answer_of(Path(socket_path), asked)
    sys.stdout.write(answer["stdout"])
    sys.stdout.flush()
    sys.stderr.write(answer["stderr"])
    return int(answer["returncode"])


def _answer_of(server_path: Path, asked: Mapping[str, object]) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(server_path))
        connection.sendall(json.dumps(asked).encode() + b"\n")
        with connection.makefile("rb") as answer:
            answered: dict[str, Any] = json.loads(answer.read())
    return answered


@cache
def server() -> Path:
    """The socket of this test process's own server, which ends with it."""
    folder = Path(mkdtemp(prefix="commands-"))
    atexit.register(shutil.rmtree, folder)
    path = folder / "socket"
    process = subprocess.Popen([sys.executable, "-m", "tests.commands", str(path)], stdout=subprocess.PIPE)
    atexit.register(process.kill)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n", "the process that commands are forked from did not start"
    return path


def serve(path: str) -> None:
    """Answer each connection in a fork, until the process is ended."""
    from partition_gate.apps.cli.main import command_line, main  # noqa: PLC0415 -- this process alone imports all
    from partition_gate.wiring import preload  # noqa: PLC0415

    preload()
    for name in _LATER:
        import_module(name)
    command_line()
    gc.freeze()  # a fork that looks for garbage would copy every page of what was imported
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(16)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        print("ready", flush=True)
        listener.settimeout(5)
        parent = os.getppid()
        while os.getppid() == parent:  # a test process that is killed ends nothing
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            connection.settimeout(None)
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                listener.close()
                _answer(connection, main)
            connection.close()


def _answer(connection: socket.socket, main: Any) -> None:
    """The fork: run the command in a process of its own, send what it printed, and end."""
    with (
        connection,
        connection.makefile("rb") as request,
        TemporaryFile() as out,
        TemporaryFile() as err,
    ):
        asked = json.loads(request.readline())
        pid = os.fork()
        if pid == 0:
            _become(asked, out.fileno(), err.fileno(), main)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        texts = {}
        for name, file in (("stdout", out), ("stderr", err)):
            file.seek(0)
            texts[name] = file.read().decode(errors="surrogateescape")
        connection.sendall(json.dumps({"returncode": code, **texts}).encode())
    os._exit(0)


def _become(asked: dict[str, Any], out: int, err: int, main: Any) -> None:
    """The command itself: never returns."""
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.chdir(asked.get("folder", "."))
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["gate", *asked["arguments"]]
    code = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["ask", path, *arguments]:
            sys.exit(ask(path, *arguments))
        case [path]:
            serve(path)
