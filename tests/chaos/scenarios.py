"""The three dangers that one safeguard each stands against, made on purpose; `switch_off` takes the safeguard away.

Each is clean with its safeguard and not without: so the suite would notice if one were gone.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.chaos.processes import Failpoint
from tests.chaos.tally import Tally
from tests.chaos.world import DATASET, World, command

from partition_gate.adapters.ledger.ledger import SqlLedger
from partition_gate.adapters.object_store import local
from partition_gate.adapters.warehouse_delta.warehouse import DeltaWarehouse
from partition_gate.gate import pipeline, reconcile
from partition_gate.wiring import open_ports, preload

KEY = "2026-06-01"
COMMIT = "adapters.warehouse_delta.table_log:commit"
SPOOL = "adapters.object_store.routing:RoutingObjectStore.spool"
# Where a run may be overtaken: after it listed, while it judges, after it meant to publish, right before it does.
OVERTAKEN_AT = (
    Failpoint("adapters.object_store.routing:RoutingObjectStore.list_files", after=True, signal=signal.SIGSTOP),
    Failpoint(SPOOL, after=True, signal=signal.SIGSTOP),
    Failpoint("adapters.ledger.ledger:SqlLedger.intend", after=True, signal=signal.SIGSTOP),
    Failpoint("adapters.warehouse_delta.warehouse:DeltaWarehouse.publish", after=False, signal=signal.SIGSTOP),
)
Switch = Callable[[], None]
Scenario = Callable[[World, Switch], Tally]


def overtaken(world: World, switch_off: Switch) -> Tally:
    """A run is stopped, a newer delivery is published by another run, the first one goes on: the newer one stays."""
    tally = Tally(part="an overtaken run")
    for place in OVERTAKEN_AT:
        world.land(KEY, bad=0)
        slow = world.start(lambda: _run(switch_off), kill=place)
        tally.tried += 1
        tally.faults += slow.stopped()
        world.land(KEY, bad=0)
        world.do(lambda: _run(switch_off))
        slow.go_on()
        tally.hung += slow.ended().hung
        tally.saw(world.seen().get(KEY, set()), world.visible[KEY], where=f"stopped at {place.place}")
    return tally


def replaced(world: World, switch_off: Switch) -> Tally:
    """Files are replaced between listing and reading: what is recorded is what was read; a repeat changes nothing."""
    tally = Tally(part="a file replaced while it is read")
    world.land(KEY, bad=0)
    reader = world.start(lambda: _run(switch_off), kill=Failpoint(SPOOL, after=False, signal=signal.SIGSTOP))
    tally.tried += 1
    tally.faults += reader.stopped()
    world.land(KEY, bad=0)
    reader.go_on()
    tally.hung += reader.ended().hung
    once = world.do(_table_version).answer
    world.do(lambda: _run(switch_off))
    tally.saw(world.seen().get(KEY, set()), world.visible[KEY], where="after the repeat")
    if world.do(_table_version).answer != once:
        tally.wrong.append("the same files were published twice: they were recorded as others")
    return tally


def unrecorded(world: World, switch_off: Switch) -> Tally:
    """A run is killed right after its commit: `gate reconcile` alone records what is visible."""
    tally = Tally(part="a kill after the commit")
    world.land(KEY, bad=0)
    ended = world.gate("run", DATASET, KEY, kill=Failpoint(COMMIT, after=True))
    tally.tried += 1
    tally.faults += ended.was_killed
    if world.do(lambda: _command(switch_off, "reconcile")).code != 0:
        tally.wrong.append("gate reconcile is not clean")
    return tally


def keep() -> None:
    """Every safeguard as it is."""


def without_fence() -> None:
    """Attempts are opened, meant and published whatever came in between."""
    opened = SqlLedger.open_attempt

    def open_attempt(self: SqlLedger, claim: Any, **others: Any) -> Any:
        return opened(self, claim.model_copy(update={"seen_fence": None}), **others)

    def intend(self: SqlLedger, attempt: Any, intent: Any, **others: Any) -> bool:
        return bool(_intend(self, attempt.model_copy(update={"fence": 10**6}), intent, **others))

    _intend = SqlLedger.intend
    SqlLedger.open_attempt = open_attempt  # type: ignore[method-assign]
    SqlLedger.intend = intend  # type: ignore[method-assign]
    DeltaWarehouse._already_published = lambda *_: None  # type: ignore[method-assign]


def without_if_match() -> None:
    """Files are read whatever they are by now; of a local file, inode, time and size stand for its ETag."""
    local._check_token = lambda *_: None


def without_repair() -> None:
    """Nobody finishes what a kill left undone."""
    reconcile.repair = pipeline.repair = lambda *_, **__: ()  # type: ignore[attr-defined]


def _run(switch_off: Switch) -> None:
    _command(switch_off, "run", DATASET, KEY)


def _command(switch_off: Switch, *arguments: str) -> None:
    switch_off()
    command(arguments)


def _table_version() -> int:
    with open_ports() as ports:
        current = ports.warehouse.current(DATASET, KEY)
    return current.table_version if current else -1


SAFEGUARDS: dict[str, tuple[Scenario, Switch]] = {
    "fence": (overtaken, without_fence),
    "If-Match": (replaced, without_if_match),
    "reconciliation": (unrecorded, without_repair),
}


def main(folder: Path) -> None:
    """Play each scenario with its safeguard and without; print the tallies as JSON, by name and `no <name>`."""
    preload()
    plays = {name: (scenario, keep) for name, (scenario, _) in SAFEGUARDS.items()}
    plays |= {f"no {name}": play for name, play in SAFEGUARDS.items()}
    print(json.dumps({name: vars(_played(folder / name, *play)) for name, play in plays.items()}))


def _played(folder: Path, scenario: Scenario, switch_off: Switch) -> Tally:
    world = World(folder)
    world.prepare()
    return scenario(world, switch_off)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
