"""Runs of one partition at the same time, while it is delivered anew, and a reader who looks all the while."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import duckdb
from tests.chaos.processes import Process
from tests.chaos.tally import Tally
from tests.chaos.world import DATASET, ROWS, World, command

RUNS = 3
KEYS = ("2026-02-01", "2026-02-02")


def race(world: World, rng: random.Random, *, rounds: int) -> Tally:
    """Per round: a new delivery before each run is started; at the end the newest one is visible."""
    tally = Tally(part="racing publishes")
    stop = world.folder / "stop"
    begin = time.monotonic()
    reader = world.start(lambda: _watch(world.home / "warehouse.duckdb", stop))
    for _ in range(rounds):
        key = rng.choice(KEYS)
        started = []
        for _ in range(RUNS):
            world.land(key, bad=0)
            started.append(_run(world, key))
            time.sleep(rng.uniform(0, 0.3))
        ends = [process.ended() for process in started]
        tally.tried += RUNS
        tally.faults += sum(ended.code == 0 for ended in ends)
        tally.hung += sum(ended.hung for ended in ends)
        tally.wrong += [f"{key}: a racing run ended with {ended}" for ended in ends if ended.code not in {0, None}]
        world.gate("run", DATASET, key)
        tally.saw(world.seen().get(key, set()), world.visible[key], where=f"{key} after a race")
    stop.touch()
    watched = reader.ended(limit_s=time.monotonic() - begin + 60)
    tally.wrong += watched.answer["wrong"] if watched.answer else [f"the reader ended with {watched}"]
    tally.doubled += watched.answer["doubled"] if watched.answer else 0
    if world.gate("reconcile").code != 0:
        tally.wrong.append("gate reconcile after the races is not clean")
    tally.found_in(world.leaks())
    return tally


def _run(world: World, key: str) -> Process:
    return world.start(lambda: command(("run", DATASET, key)))


def _watch(file: Path, stop: Path) -> dict[str, Any]:
    """Until `stop` is there: each partition is one whole version, and never an older one than was seen before."""
    newest: dict[str, int] = {}
    found: dict[str, Any] = {"looks": 0, "doubled": 0, "wrong": []}
    query = f"SELECT dt::VARCHAR, count(*), count(DISTINCT id), min(version), max(version) FROM {DATASET} GROUP BY dt"  # noqa: S608
    while not stop.exists():
        time.sleep(0.02)
        if not file.exists():
            continue
        with duckdb.connect(str(file), read_only=True) as connection:
            rows = connection.execute(query).fetchall()
        found["looks"] += 1
        for key, count, ids, oldest, version in rows:
            found["doubled"] += count - ids
            if (count, oldest) != (ROWS, version) or version < newest.get(key, 0):
                found["wrong"].append(f"{key}: {count} rows of versions {oldest} to {version}, after {newest.get(key)}")
            newest[key] = max(version, newest.get(key, 0))
    return found
