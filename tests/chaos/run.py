"""Break the product in every way that is named here and hold it against what it promises (`make chaos`).

Prints the seed and a table; `--write` puts it into docs/reference/chaos.md. Exit code 1 where anything is not 0.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos import conditions, faulty_store, hostile, messages
from tests.chaos import tally as tallies
from tests.chaos.kills import Kills
from tests.chaos.processes import Process
from tests.chaos.races import race
from tests.chaos.replays import Replays
from tests.chaos.services import serve_postgres, serve_s3, service
from tests.chaos.tally import Tally
from tests.chaos.world import World

from partition_gate.wiring import preload

DEFAULT_SEED = 20261129
PAGE = Path("docs/reference/chaos.md")
MARK = "<!-- table -->"
LANES = 3  # of two cores: parts wait for leases, servers and limits, too
PART_LIMIT_S = 1800


@dataclass(frozen=True)
class Part:
    """`play` makes the part in a folder of its own and returns what it found."""

    name: str
    play: Callable[[Path, random.Random], Tally]


def kills_in_database(*, cycles: int) -> Part:
    """SIGKILLs of `gate run`, with tables and ledger in one PostgreSQL."""
    name = "gate run killed, with tables in PostgreSQL"

    def play(folder: Path, rng: random.Random) -> Tally:
        with service(serve_postgres, folder, "postgres") as server:
            url = server.address["GATE_LEDGER_URL"].replace("+psycopg", "")
            world = World(folder / "world", {"GATE_WAREHOUSE_URI": url, **server.address})
            world.prepare()
            return Kills(world, rng, Tally(part=name)).play(cycles=cycles)

    return Part(name, play)


def kills(through: str, *, cycles: int, on_servers: bool = False) -> Part:
    """SIGKILLs in one world; `on_servers`: its warehouse in S3, its ledger in PostgreSQL."""
    name = f"kills of {through}{' on S3 and PostgreSQL' if on_servers else ''}"

    def play(folder: Path, rng: random.Random) -> Tally:
        with _world(folder, on_servers=on_servers) as world:
            return Kills(world, rng, Tally(part=name), through=through).play(cycles=cycles)

    return Part(name, play)


@contextmanager
def _world(folder: Path, *, on_servers: bool) -> Iterator[World]:
    with ExitStack() as stack:
        environment: dict[str, str] = {}
        if on_servers:
            s3 = stack.enter_context(service(serve_s3(folder / "server"), folder, "s3"))
            ledger = stack.enter_context(service(serve_postgres, folder, "postgres"))
            environment = {"GATE_WAREHOUSE_URI": "s3://warehouse/chaos", **s3.address, **ledger.address}
        world = World(folder / "world", environment)
        world.prepare()
        yield world


def replays(*, cycles: int, on_servers: bool = False) -> Part:
    """SIGKILLs of replays and discards in one world; `on_servers` as `kills`."""
    name = f"kills of replays{' on S3 and PostgreSQL' if on_servers else ''}"

    def play(folder: Path, rng: random.Random) -> Tally:
        with _world(folder, on_servers=on_servers) as world:
            return Replays(world, rng, Tally(part=name)).play(cycles=cycles)

    return Part(name, play)


def races(*, rounds: int) -> Part:
    """Publishes that race."""

    def play(folder: Path, rng: random.Random) -> Tally:
        world = World(folder)
        world.prepare()
        return race(world, rng, rounds=rounds)

    return Part("racing publishes", play)


def played(parts: Sequence[Part], *, seed: int, folder: Path | None = None) -> list[Tally]:
    """All parts, a few at a time, each in a process of its own with a seed of its own.

    What they wrote, their output too, stays in `folder`; without one it is removed.
    """
    preload()
    waiting = list(parts)
    running: dict[str, Process] = {}
    done: dict[str, Tally] = {}
    with TemporaryDirectory(prefix="chaos-") as temporary:
        scratch = folder or Path(temporary)
        scratch.mkdir(exist_ok=True)
        while waiting or running:
            while waiting and len(running) < LANES:
                part = waiting.pop(0)
                running[part.name] = _started(part, scratch / part.name.replace(" ", "-"), seed)
            name = _first_to_end(running)
            ended = running.pop(name).ended(limit_s=PART_LIMIT_S)
            done[name] = Tally(**ended.answer) if ended.answer else Tally(part=name, wrong=[f"it ended with {ended}"])
            print(f"{name}: {'clean' if done[name].is_clean else 'NOT CLEAN'}, {ended.seconds:.0f} s", flush=True)
    return [done[part.name] for part in parts]


def _first_to_end(running: Mapping[str, Process]) -> str:
    """The name of the first that ends, or of the oldest after the limit."""
    until = time.monotonic() + PART_LIMIT_S
    while time.monotonic() < until:
        for name, process in running.items():
            if process.has_ended():
                return name
        time.sleep(0.1)
    return next(iter(running))


def _started(part: Part, folder: Path, seed: int) -> Process:
    folder.mkdir()

    def work() -> dict[str, object]:
        return vars(part.play(folder, random.Random(f"{seed} {part.name}")))  # noqa: S311 -- reproducible

    return Process(work, log=folder / "lane.log")


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where everything that must be 0 is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--scale", type=float, default=1.0, help="how many faults, as a part of the whole suite's")
    parser.add_argument("--write", action="store_true", help=f"write the table into {PAGE}")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep what was written there, with its output")
    parser.add_argument("--only", default="", metavar="TEXT", help="parts whose name contains this text")
    given = parser.parse_args(arguments)
    begin = time.monotonic()
    parts = [part for part in whole(given.scale) if given.only in part.name]
    found = played(parts, seed=given.seed, folder=given.keep)
    print(tallies.table(found))
    for each in found:
        for line in each.wrong:
            print(f"{each.part}: {line}")
    ended = f"seed {given.seed}, {time.monotonic() - begin:.0f} s"
    print(ended)
    if given.write:
        head = PAGE.read_text().partition(MARK)[0]
        PAGE.write_text(f"{head}{MARK}\n{tallies.table(found)}\n\n{ended}\n")
    return 0 if all(each.is_clean for each in found) else 1


def whole(scale: float) -> list[Part]:
    """Every part, the longest first."""
    return [
        kills("gate run", cycles=round(80 * scale), on_servers=True),
        kills("Airflow tasks", cycles=round(40 * scale), on_servers=True),
        kills("Airflow tasks", cycles=round(80 * scale)),
        kills_in_database(cycles=round(80 * scale)),
        kills("gate run", cycles=round(140 * scale)),
        replays(cycles=round(24 * scale), on_servers=True),
        replays(cycles=round(48 * scale)),
        races(rounds=round(70 * scale)),
        Part("faulty S3", partial(faulty_store.play, count=round(150 * scale))),
        Part("hostile input", partial(hostile.play, count=round(330 * scale))),
        Part("messages of incidents", partial(messages.play, count=round(200 * scale), kills=round(15 * scale))),
        Part("bad conditions", partial(conditions.play, count=round(60 * scale))),
    ]


if __name__ == "__main__":
    sys.exit(main())
