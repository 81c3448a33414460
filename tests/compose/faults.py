"""What is done to the stack while its workers judge. Each function returns what was in flight at that moment."""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.compose.engine import EngineError, docker
from tests.compose.partitions import in_flight, state_of
from tests.compose.stack import Stack, wait_until

CUT_OFF_S = 25
_NETWORKS = ("default", "objects")  # those on which the object store is
_STARTED_LIMIT_S = 180
_WORKER = "worker-"


@dataclass(frozen=True)
class Fault:
    """`name` is what happens, in the words of the page; `cause` makes it happen to a stack at work."""

    name: str
    cause: Callable[[Stack], str]


def nothing(_stack: Stack) -> str:
    return "-"


def kill_between_commit_and_record(stack: Stack) -> str:
    """Kill the worker whose rows are visible and whose outcome is not recorded: a lock keeps it there."""
    with _locked(stack, "settlements"):
        attempt, worker = _publishing(stack)
        time.sleep(1)  # it commits to the table, and then waits for the lock
        killed = _killed(stack, attempt, worker)
    docker("start", stack.container(worker))
    return killed


def kill_between_intent_and_commit(stack: Stack) -> str:
    """Kill the worker that has stored what it will publish and cannot commit: the object store is paused."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = 'gate' AND wait_event_type = 'Lock'"
    store = stack.container("object-store")
    with _locked(stack, "intents"):
        wait_until(lambda: bool(stack.query("gate", waiting)), limit_s=_STARTED_LIMIT_S, what=lambda: "no intent")
        docker("pause", store)
    try:
        attempt, worker = _publishing(stack)
        killed = _killed(stack, attempt, worker)
    finally:
        docker("unpause", store)
    docker("start", stack.container(worker))
    return killed


def cut_worker_from_object_store(stack: Stack) -> str:
    """Take the networks of the object store from a worker that has an attempt, and give them back."""
    attempts = _attempts_of_workers(stack)
    worker = attempts[-1][2]
    container = stack.container(worker)
    networks = [f"{stack.name}_{network}" for network in _NETWORKS]
    for network in networks:
        docker("network", "disconnect", network, container)
    at_that_moment = _shown(in_flight(stack))
    time.sleep(CUT_OFF_S)
    for network in networks:
        docker("network", "connect", "--alias", worker, network, container)
    return f"{worker} of {at_that_moment}"


def restart(service: str) -> Callable[[Stack], str]:
    """A fault that restarts a service."""

    def cause(stack: Stack) -> str:
        at_that_moment = _shown(_attempts_of_workers(stack))
        docker("restart", stack.container(service))
        return at_that_moment

    return cause


def stop_and_start_everything(stack: Stack) -> str:
    at_that_moment = _shown(_attempts_of_workers(stack))
    stack.compose("stop")
    stack.start()
    return at_that_moment


_KILLS = (
    Fault("a worker killed after its commit, before its record", kill_between_commit_and_record),
    Fault("a worker killed after its intent, before its commit", kill_between_intent_and_commit),
)
FAULTS = (
    Fault("none", nothing),
    *_KILLS,
    *_KILLS,
    Fault(f"a worker cut from the object store for {CUT_OFF_S} s", cut_worker_from_object_store),
    Fault("PostgreSQL restarted", restart("postgres")),
    Fault("the scheduler restarted", restart("scheduler")),
    Fault("the whole stack stopped and started", stop_and_start_everything),
)


def _killed(stack: Stack, attempt: str, worker: str) -> str:
    """Kill the worker; the attempts at that moment, and whether this one was still publishing after it."""
    at_that_moment = _shown(in_flight(stack))
    docker("kill", "--signal", "KILL", stack.container(worker))
    is_inside = state_of(stack, attempt) == "publishing"
    return f"{at_that_moment}; killed inside: {'yes' if is_inside else 'no'}"


def _publishing(stack: Stack) -> tuple[str, str]:
    """The first attempt that publishes, and its worker."""
    found: list[tuple[str, str]] = []

    def is_there() -> bool:
        found[:] = [(attempt, host) for attempt, state, host in in_flight(stack) if state == "publishing"]
        return bool(found)

    wait_until(is_there, limit_s=_STARTED_LIMIT_S, what=lambda: "no attempt publishes")
    return found[0]


def _attempts_of_workers(stack: Stack) -> list[tuple[str, str, str]]:
    """Attempts of workers that have not ended; waits for the first one."""
    found: list[tuple[str, str, str]] = []

    def are_there() -> bool:
        found[:] = [each for each in in_flight(stack) if each[2].startswith(_WORKER)]
        return bool(found)

    wait_until(are_there, limit_s=_STARTED_LIMIT_S, what=lambda: "no worker has an attempt")
    return found


def _shown(attempts: list[tuple[str, str, str]]) -> str:
    """`3 attempts: 2 validated, 1 publishing`."""
    states = Counter(state for _, state, _ in attempts)
    listed = ", ".join(f"{count} {state}" for state, count in states.items())
    return f"{len(attempts)} attempt{'' if len(attempts) == 1 else 's'}: {listed}"


@contextmanager
def _locked(stack: Stack, table: str) -> Iterator[None]:
    """Nobody else writes to a table of the ledger; everybody can read it."""
    command = stack.psql_command("gate")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as session:
        assert session.stdin is not None
        assert session.stdout is not None
        session.stdin.write(f"BEGIN;\nLOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE;\n\\echo locked\n")
        session.stdin.flush()
        if session.stdout.readline().strip() != "locked":
            raise EngineError(f"the table {table} could not be locked")
        try:
            yield
        finally:
            session.stdin.close()  # ends the session, and with it the lock
