"""Runs one target with many inputs, in a process of its own: an input may end it, or keep it busy for good."""

from __future__ import annotations

import pickle
import resource
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from tests.fuzz.target import Target

CPU_LIMIT_S = 10  # of one input
_MEMORY_LIMIT_BYTES = 4 << 30


@dataclass(frozen=True)
class Finding:
    """An input for which a check does not hold, the smallest one that was found, and what happened."""

    target: str
    what: str
    smallest: str


@dataclass(frozen=True)
class Round:
    """What a number of inputs came to. `executions` counts those that made a finding smaller, too."""

    executions: int
    finding: Finding | None = None


def run_round(target: Target, *, examples: int, random_seed: int) -> Round:
    """One round in a process that is forked for it; if that ends early, the finding is the input that it had."""
    context = get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    with TemporaryDirectory(prefix="fuzz-") as folder:
        latest = Path(folder) / "latest"
        process = context.Process(target=_work, args=(target, examples, random_seed, latest, sender))
        process.start()
        sender.close()
        try:
            result: Round = receiver.recv()
        except EOFError:
            process.join()
            given_last = repr(pickle.loads(latest.read_bytes())) if latest.exists() else "unknown"  # noqa: S301
            return Round(0, Finding(target.name, f"the process ended with {process.exitcode}", given_last))
        process.join()
        return result


def search(target: Target, *, examples: int, random_seed: int, seen: Callable[[Any], None] = lambda _: None) -> Round:
    """Checks at most so many inputs in this process; fewer if there are no others."""
    executions, failing = 0, None

    def attempt(value: Any) -> None:
        nonlocal executions, failing
        executions += 1
        seen(value)
        try:
            target.check(value)
        except Exception:
            failing = value
            raise

    phases = (Phase.generate, Phase.shrink)
    relaxed = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    try:
        seed(random_seed)(relaxed(given(target.inputs)(attempt)))()
    except Exception as error:  # whatever it is, it is what we look for
        what = "".join(traceback.format_exception_only(error)).strip() + _place(error)
        return Round(executions, Finding(target.name, what, repr(failing)))
    return Round(executions)


def _work(target: Target, examples: int, random_seed: int, latest: Path, sender: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_LIMIT_BYTES, _MEMORY_LIMIT_BYTES))
    signal.signal(signal.SIGVTALRM, _took_too_long)

    def seen(value: Any) -> None:
        if target.can_end_process:
            latest.write_bytes(pickle.dumps(value))
        signal.setitimer(signal.ITIMER_VIRTUAL, CPU_LIMIT_S)

    sender.send(search(target, examples=examples, random_seed=random_seed, seen=seen))


def _took_too_long(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"one input took more than {CPU_LIMIT_S} seconds")


def _place(error: BaseException) -> str:
    """Where the product raised it."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "partition_gate" in frame.filename]
    return f"\n  at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
