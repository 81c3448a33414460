"""SIGKILL of replays, discards and rollbacks: no row is lost, doubled, or visible without having passed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta

from tests.chaos.kills import FIRST_DAY, IN_DELTA, PLACES
from tests.chaos.processes import Failpoint
from tests.chaos.tally import Tally
from tests.chaos.world import DATASET, Landed, World

_OWN = (
    "adapters.warehouse_delta.warehouse:DeltaWarehouse.quarantined_file",
    "adapters.warehouse_delta.warehouse:DeltaWarehouse.published_files",
    "adapters.gx.rework:DuckDbRework.assemble",
    "adapters.gx.rework:DuckDbRework.merge",
    "adapters.ledger.quarantine:SqlQuarantineRecords.record_replay",
)
# A replay reads no landing, and the table exists already.
_NOT_REACHED = ("RoutingObjectStore.spool", "table_log:_create")
_REACHED = tuple(place for place in (*PLACES, *IN_DELTA) if not place.endswith(_NOT_REACHED))
FAILPOINTS = tuple(Failpoint(place, after=after) for place in (*_OWN, *_REACHED) for after in (False, True))
_DISCARD = "adapters.ledger.quarantine:SqlQuarantineRecords.discard_rows"
_BAD, _NOTHING_LEFT = 3, 2
_REPAIR = ("--set", "amount=abs(amount)", "--where", "id > 0")


@dataclass
class Replays:
    """Cycles of: land, run, replay two of three rows and be killed, look, replay again, run again, look; then another
    delivery, and back to the version before.
    """

    world: World
    rng: random.Random
    tally: Tally

    def play(self, *, cycles: int) -> Tally:
        """So many cycles, through the failpoints in turn; at the end everything agrees."""
        first = self.rng.randrange(len(FAILPOINTS))
        for number in range(cycles):
            key = (FIRST_DAY + timedelta(days=number)).isoformat()
            landed = self._replay(key, FAILPOINTS[(first + number) % len(FAILPOINTS)])
            self._discard(key, Failpoint(_DISCARD, after=bool(number % 2)))
            self._rollback(key, _repaired(landed), FAILPOINTS[(first + 2 * number) % len(FAILPOINTS)])
        self.tally.wrong += self.world.leftovers()
        self.tally.found_in(self.world.leaks())
        return self.tally

    def _replay(self, key: str, kill: Failpoint) -> Landed:
        landed = self.world.land(key, bad=_BAD)
        self._expect(self.world.gate("run", DATASET, key).code, {0}, f"the run of {key}")
        ended = self.world.gate("quarantine", "replay", DATASET, key, *_REPAIR, kill=kill)
        self.tally.tried += 1
        self.tally.faults += ended.was_killed
        self.tally.hung += ended.hung
        self._look(key, landed.passing, _repaired(landed), moment=f"after {kill}")
        if self.rng.random() < 0.5:
            self._agrees(f"{key} after {kill}")
        again = self.world.gate("quarantine", "replay", DATASET, key, *_REPAIR)
        self._expect(again.code, {0, _NOTHING_LEFT}, f"the replay after {kill}")
        self._look(key, _repaired(landed), moment=f"after the replay that followed {kill}")
        self._expect(self.world.gate("run", DATASET, key).code, {0}, f"the run after {kill}")
        self._look(key, _repaired(landed), moment=f"after a run of the same files that followed {kill}")
        return landed

    def _discard(self, key: str, kill: Failpoint) -> None:
        discard = ("quarantine", "discard", DATASET, key, "--why", "a test")
        ended = self.world.gate(*discard, kill=kill)
        self.tally.tried += 1
        self.tally.faults += ended.was_killed
        self._expect(self.world.gate(*discard).code, {0, _NOTHING_LEFT}, f"the discard after {kill}")
        self._agrees(f"{key} after {kill}")

    def _rollback(self, key: str, before: set[tuple[int, int]], kill: Failpoint) -> None:
        landed = self.world.land(key, bad=0)
        self._expect(self.world.gate("run", DATASET, key).code, {0}, f"the run of the next delivery of {key}")
        rollback = ("rollback", DATASET, key, "--why", "wrong prices")
        ended = self.world.gate(*rollback, kill=kill)
        self.tally.tried += 1
        self.tally.faults += ended.was_killed
        self.tally.hung += ended.hung
        self._look(key, landed.passing, before, moment=f"after {kill} of a rollback")
        self._expect(self.world.gate(*rollback).code, {0, _NOTHING_LEFT}, f"the rollback after {kill}")
        self._expect(self.world.gate("run", DATASET, key).code, {0}, f"the run after the rollback after {kill}")
        self._look(key, before, moment=f"after the rollback that followed {kill}")
        self._agrees(f"{key} after {kill} of a rollback")

    def _look(self, key: str, *allowed: set[tuple[int, int]], moment: str) -> None:
        self.world.look(self.tally, key, *allowed, moment=moment)

    def _agrees(self, where: str) -> None:
        """Also the counts: every landed row is published, in quarantine, or discarded."""
        ended, differences = self.world.reconciled()
        left = [line for line in differences if "has not been delivered yet" not in line]
        if left or (ended.code != 0 and not differences):
            self.tally.wrong.append(f"gate reconcile at {where} ended with {ended}: {left}")

    def _expect(self, code: int | None, allowed: set[int], what: str) -> None:
        if code not in allowed:
            self.tally.wrong.append(f"{what} ended with {code}, see {self.world.log}")


def _repaired(landed: Landed) -> set[tuple[int, int]]:
    """The rows that are visible once all but the first of the bad ones were replayed."""
    return landed.passing | {(number, landed.version) for number in range(1, landed.bad)}
