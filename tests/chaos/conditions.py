"""A machine that is not well: no space, folders that cannot be written, a locked ledger, a clock that jumps, Slack that
says nothing. A run ends within its limits with a sentence, and once the machine is well, the next run ends well.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.chaos.processes import Ended
from tests.chaos.services import Service, outbox_id, serve_slack
from tests.chaos.tally import Tally
from tests.chaos.world import DATASET, World, command

from partition_gate import wiring
from partition_gate.adapters.clocks import SystemClock

NOBODY = 65534
LEDGER_TIMEOUT_S = 1
SETTINGS = {"GATE_LEDGER_TIMEOUT_S": str(LEDGER_TIMEOUT_S), "GATE_MESSAGE_TIMEOUT_S": "2", "GATE_DRAIN_TIMEOUT_S": "5"}
FOLDERS = ("spool", "warehouse", "quarantine", "docs", "inbox", ".")
CHANNELS = {"#issues": "C0ISSUES00", "#announcements": "C0ANNOUNCE"}
Condition = Callable[[World, random.Random, str], Ended]


@dataclass(frozen=True)
class Trial:
    """A condition, and the exit codes that a run may have in it."""

    name: str
    run: Condition
    codes: frozenset[int]


def play(folder: Path, rng: random.Random, *, count: int) -> Tally:
    """Each condition in turn, a new delivery each."""
    world = World(folder, SETTINGS)
    world.prepare()
    tally = Tally(part="disk, folders, ledger, clock, Slack")
    slack = Service(serve_slack(CHANNELS, rate=0.2, seed=rng.randrange(1000)), folder, "slack")
    world.environment = {**SETTINGS, **slack.address}
    for number in range(count):
        trial = TRIALS[number % len(TRIALS)]
        key = f"2026-04-{number % 28 + 1:02}"
        landed = world.land(key, bad=rng.choice((0, 3, 30)))
        _judge(world, trial, rng, key, tally)
        ended = world.gate("run", DATASET, key)
        if ended.code != (0 if landed.passing else 1):
            tally.wrong.append(f"{key}: the run after {trial.name} ended with {ended}")
        tally.saw(world.seen().get(key, set()), world.visible[key], where=f"{key} after {trial.name}")
    _told_once(world, slack, tally)
    tally.found_in(world.leaks())
    return tally


def _told_once(world: World, slack: Service, tally: Tally) -> None:
    """Every message of the outbox arrived, once: what fails is tried until it does. An edit arrives as its root."""
    for _ in range(30):
        if world.gate("reconcile").code == 0:
            break
        time.sleep(3)
    else:
        tally.wrong.append("gate reconcile is not clean, 90 s after the last run")
    posts, queued = [outbox_id(post) for post in slack.stop()], set(world.do(_queued).answer or ())
    tally.wrong += [f"message {one[:12]} arrived {posts.count(one)} times" for one in queued if posts.count(one) != 1]


def _queued() -> list[str]:
    with wiring.open_ports() as ports:
        return [entry.message.id for entry in ports.ledger.messages() if not entry.message.is_edit]


def _judge(world: World, trial: Trial, rng: random.Random, key: str, tally: Tally) -> None:
    ended = trial.run(world, rng, key)
    tally.tried += 1
    tally.faults += 1
    tally.hung += ended.hung
    if ended.code not in trial.codes:
        tally.wrong.append(f"{key}: a run with {trial.name} ended with {ended}, not with one of {sorted(trial.codes)}")
    tally.saw(world.seen().get(key, set()), world.before[key], world.visible[key], where=f"{key} with {trial.name}")


def _no_space(world: World, rng: random.Random, key: str) -> Ended:
    """No file may grow beyond a size: what a write meets on a full disk, without one."""
    most = rng.choice((100, 1_000, 3_000, 10_000, 60_000))

    def run() -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)  # the log of all runs is larger already
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        command(("run", DATASET, key))

    return world.do(run)


def _read_only(world: World, rng: random.Random, key: str) -> Ended:
    """A folder that may not be written, for a user who is not root."""
    folder = world.home / rng.choice(FOLDERS)
    folder.mkdir(parents=True, exist_ok=True)
    modes = _owned_by(world.home, NOBODY)
    for path in (folder, *(each for each in folder.rglob("*") if each.is_dir())):
        path.chmod(0o555)

    def run() -> None:
        if os.geteuid() == 0:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        command(("run", DATASET, key))

    try:
        return world.do(run)
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
        _owned_by(world.home, os.geteuid())


def _owned_by(folder: Path, user: int) -> dict[Path, int]:
    """Give everything to a user; the modes as they were."""
    paths = [folder, *folder.rglob("*")]
    modes = {path: path.stat().st_mode & 0o777 for path in paths}
    if os.geteuid() == 0:
        for path in paths:
            os.chown(path, user, user)
    return modes


def _locked_ledger(world: World, rng: random.Random, key: str) -> Ended:
    """Somebody else holds the ledger's write lock for longer than a run waits."""
    world.gate("status")
    started = world.start(lambda: command(("run", DATASET, key)))
    time.sleep(rng.uniform(0, 0.8))
    with sqlite3.connect(world.home / "ledger.sqlite", isolation_level=None, timeout=30) as ledger:
        ledger.execute("BEGIN IMMEDIATE")
        time.sleep(LEDGER_TIMEOUT_S * rng.choice((0.5, 3)))
        ledger.execute("ROLLBACK")
    return started.ended()


def _clock_jumps(world: World, rng: random.Random, key: str) -> Ended:
    """The machine's clock is hours or days off, from the first moment."""
    off = timedelta(hours=rng.choice((-48, -2, 1, 2)))

    def run() -> None:
        SystemClock.now = lambda _: datetime.now(UTC) + off  # type: ignore[assignment,method-assign]
        command(("run", DATASET, key))

    return world.do(run)


def _plainly(world: World, _: random.Random, key: str) -> Ended:
    return world.gate("run", DATASET, key)


ANY = frozenset({0, 1, 3})
TRIALS = (
    Trial("no space", _no_space, ANY),
    Trial("a read-only folder", _read_only, ANY),
    Trial("a locked ledger", _locked_ledger, ANY),
    Trial("a clock that jumps", _clock_jumps, frozenset({0, 1})),
    Trial("Slack fails", _plainly, frozenset({0, 1})),
)
