"""Recovery functions: Python that a contract names, run over quarantined rows in a process with limits."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from partition_gate.adapters.gx import recovery_child
from partition_gate.contract.recovery import RecoveryFunction, recovery_function
from partition_gate.core.display import counted, displayed, listed
from partition_gate.core.errors import CannotAct
from partition_gate.core.nearest_words import did_you_mean
from partition_gate.core.record import Record
from partition_gate.core.table import is_reserved
from partition_gate.judging.replay import POSITION

_MB = 1 << 20
_CHUNK = 1 << 20
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
_NAMED = 5


class RecoveryLimits(Record):
    """Where functions are, and how much time and memory one call gets. A process that does not end by itself after its
    time is killed `grace_s` later, which includes its start.
    """

    folder: Path = Path("recover")
    seconds: float = 300
    memory_mb: int = 1024
    grace_s: float = 20.0


class Recovery:
    """Runs recovery functions of one folder."""

    def __init__(self, limits: RecoveryLimits | None = None) -> None:
        self._limits = limits or RecoveryLimits()

    def recover(self, name: str, rows: Path, output: Path, *, columns: tuple[str, ...]) -> None:
        """Write what the function makes of these rows, in the same order; `columns` are the producer's.

        The function gets all columns of the file. It has no environment variables, and nothing of this process.

        Raises:
            CannotAct: the function does not exist, failed or reached a limit, or its answer is not the same rows and
                columns. No text contains a value of a row.
        """
        function = _named(name)
        label = f"--recover {name}"
        folder, path = self._limits.folder, self._limits.folder / function.file
        if not path.is_file() or folder.resolve() not in path.resolve().parents:
            where = displayed(str(folder))
            raise CannotAct(f"{label}: {function.file} is not in {where}; add it, or set GATE_RECOVER_FOLDER")
        given = pq.ParquetFile(rows).read()
        answer = self._answer(function, given, label)
        table = conforming(answer, given, columns, label)
        pq.write_table(table, output, compression="zstd")

    def _answer(self, function: RecoveryFunction, given: pa.Table, label: str) -> pa.Table:
        with TemporaryDirectory(prefix="gate-recover-") as scratch:
            path, work = Path(scratch) / "rows.arrow", Path(scratch) / "work"
            work.mkdir()
            with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, given.schema) as stream:
                stream.write_table(given)
            with path.open("rb") as rows:
                content = self._run(function, rows, work, label)
        try:
            with pa.ipc.open_stream(content) as reader:
                answer = reader.read_all()
            answer.validate(full=True)
        except pa.ArrowInvalid:
            raise CannotAct(f"{label}: {self._limit_sentence('it ended without an answer')}") from None
        if refused := (answer.schema.metadata or {}).get(recovery_child.REFUSED):
            raise CannotAct(f"{label}: {self._sentence(refused.decode(errors='replace'))}")
        return answer

    def _run(self, function: RecoveryFunction, rows: IO[bytes], work: Path, label: str) -> bytes:
        """What the process wrote. Whatever it started in its group ends with it."""
        limits = self._limits
        words = [str(limits.folder), function.module, function.function, str(limits.seconds), str(limits.memory_mb)]
        words.append(str(os.getpid()))
        process = subprocess.Popen(
            [sys.executable, "-I", "-B", recovery_child.__file__, *words],
            stdin=rows,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # it may contain values
            cwd=work,
            env=_ENVIRONMENT,
            start_new_session=True,
        )
        try:
            return _read(process, seconds=limits.seconds + limits.grace_s, most=limits.memory_mb * _MB)
        except TimeoutError:
            raise CannotAct(f"{label}: {self._sentence('too long')}") from None
        except OverflowError:
            raise CannotAct(f"{label}: {self._sentence('too large')}") from None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if process.stdout:
                process.stdout.close()

    def _sentence(self, what: str) -> str:
        """What the process told, with the limit that it reached."""
        sentences = {
            "too long": f"it takes longer than {self._limits.seconds:g} s (GATE_RECOVER_TIMEOUT_S)",
            "too large": f"it needs more than {self._limits.memory_mb} MB of memory (GATE_RECOVER_MEMORY_MB)",
        }
        return f"{displayed(sentences.get(what, what))}; nothing was changed"

    def _limit_sentence(self, what: str) -> str:
        limits = f"{self._limits.seconds:g} s and {self._limits.memory_mb} MB"
        return f"{what}; it may use {limits} (GATE_RECOVER_TIMEOUT_S, GATE_RECOVER_MEMORY_MB)"


def _named(name: str) -> RecoveryFunction:
    try:
        return recovery_function(name)
    except ValueError as error:
        raise CannotAct(f"--recover: {error}") from None


def _read(process: subprocess.Popen[bytes], *, seconds: float, most: int) -> bytes:
    """The process's output to its end. Raises: TimeoutError, OverflowError (more than `most` bytes)."""
    assert process.stdout is not None  # noqa: S101 -- it is a pipe
    deadline, parts, size = time.monotonic() + seconds, list[bytes](), 0
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while selector.select(max(deadline - time.monotonic(), 0)):
            part = os.read(process.stdout.fileno(), _CHUNK)
            if not part:
                return b"".join(parts)
            parts.append(part)
            size += len(part)
            if size > most:
                raise OverflowError
    raise TimeoutError


def conforming(answer: pa.Table, given: pa.Table, columns: tuple[str, ...], label: str) -> pa.Table:
    """The producer's `columns` of a function's answer to the `given` rows, with the types that they had.

    Raises:
        CannotAct: it has other columns, another number or order of rows, or a value that does not fit; `label` begins
            the message.
    """
    names = [name for name in answer.column_names if not is_reserved(name)]
    if len(names) != len(set(names)):
        raise CannotAct(f"{label}: two columns of its answer have one name; nothing was changed")
    if extra := [name for name in names if name not in columns]:
        hint = did_you_mean(extra[0], columns) or f"the columns are {listed(list(map(displayed, columns)), _NAMED)}"
        raise CannotAct(f"{label}: the quarantined rows have no column {displayed(extra[0])}; {hint}")
    if missing := [name for name in columns if name not in names]:
        raise CannotAct(f"{label}: its answer lacks {displayed(missing[0])}; return every column that it was given")
    if answer.num_rows != given.num_rows or not _has_order(answer, given):
        rows = f"{counted(answer.num_rows, 'row')} came out of {given.num_rows:,}"
        raise CannotAct(f"{label}: {rows}; return each row once, in the order in which it was given")
    return pa.table({name: _cast(answer[name], given.schema.field(name), label) for name in columns})


def _has_order(answer: pa.Table, given: pa.Table) -> bool:
    """Whether the rows that the function returned with their positions are in the same order."""
    if POSITION not in answer.column_names:
        return True
    return bool(answer[POSITION].to_pylist() == given[POSITION].to_pylist())


def _cast(values: pa.ChunkedArray, field: pa.Field, label: str) -> pa.ChunkedArray:
    try:
        return values.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        what = f"{displayed(field.name)} is {values.type} in its answer and was {field.type}"
        raise CannotAct(f"{label}: {what}, and a value does not fit; cast the column in the function") from None
