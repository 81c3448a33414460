"""SIGKILL at named failpoints and at random moments: of `gate run` and of the Airflow tasks."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Any

from tests.chaos.processes import Ended, Failpoint, Moment
from tests.chaos.tally import Tally
from tests.chaos.world import DATASET, World

from partition_gate.apps.airflow import tasks
from partition_gate.gate.notify import DeliveryTimes

PLACES = (
    "adapters.object_store.routing:RoutingObjectStore.list_files",
    "adapters.object_store.routing:RoutingObjectStore.spool",
    "adapters.ledger.ledger:SqlLedger.open_attempt",
    "adapters.ledger.ledger:SqlLedger.advance",
    "adapters.ledger.ledger:SqlLedger.record_validation",
    "adapters.ledger.ledger:SqlLedger.intend",
    "adapters.ledger.ledger:SqlLedger.settle",
    "adapters.ledger.ledger:SqlLedger.mark_sent",
    "adapters.gx.validator:DuckDbValidator.validate",
    "adapters.gx.validator:DuckDbValidator.split",
    "adapters.storage:Storage.put",
    "adapters.inbox:InboxNotifier.send",
    "adapters.data_docs.site:StaticDocsSite.write_report",
)
IN_DELTA = (
    "adapters.warehouse_delta.warehouse:DeltaWarehouse.stage",
    "adapters.warehouse_delta.warehouse:DeltaWarehouse.quarantine",
    "adapters.warehouse_delta.warehouse:DeltaWarehouse.publish",
    "adapters.warehouse_delta.warehouse:DeltaWarehouse.refresh_view",
    "adapters.warehouse_delta.table_log:commit",
    "adapters.warehouse_delta.table_log:_create",
    "adapters.warehouse_delta.table_log:_replace",
)
IN_POSTGRES = (
    "adapters.warehouse_postgres.warehouse:PostgresWarehouse.stage",
    "adapters.warehouse_postgres.warehouse:PostgresWarehouse.quarantine",
    "adapters.warehouse_postgres.warehouse:PostgresWarehouse.publish",
    "adapters.warehouse_postgres.warehouse:PostgresWarehouse.refresh_view",
    "adapters.warehouse_postgres.warehouse:PostgresWarehouse.discard",
    "adapters.warehouse_postgres.warehouse:PostgresWarehouse._move_mark",
    "adapters.warehouse_postgres.warehouse:copy_in",
    "adapters.warehouse_postgres.storage:VersionStorage.prepare",
    "adapters.warehouse_postgres.views:ConsumersViews.refresh",
)
BAD_ROWS = (0, 0, 3, 30)
LEASE_S = DeliveryTimes().lease.total_seconds()
FIRST_DAY = date(2026, 1, 1)
Runner = Callable[[str, Failpoint | Moment | None], Ended]


@dataclass
class Kills:
    """Cycles of: land, run and be killed, look, run again or reconcile, look; all of one world."""

    world: World
    rng: random.Random
    tally: Tally
    through: str = "gate run"
    longest_s: float = 1.0
    keys: list[str] = field(default_factory=list)

    def play(self, *, cycles: int) -> Tally:
        """So many cycles; at the end everything that landed is visible, once, and everything agrees."""
        for number in range(cycles):
            self.cycle(number)
        self._all_is_told()
        seen = self.world.seen()
        for key in self.keys:
            self.tally.saw(seen.get(key, set()), self.world.visible[key], where=f"{key} at the end")
        self.tally.wrong += self.world.leftovers()
        self.tally.found_in(self.world.leaks())
        return self.tally

    def cycle(self, number: int) -> None:
        """One delivery and one kill."""
        key, landed = self._landed()
        runner = self._by_command if self.through == "gate run" else self._by_tasks
        kill = self._kill(number)
        ended = runner(key, kill)
        self._count(ended, kill)
        self._look(key, self.world.before[key], self.world.visible[key], moment=f"after {kill}")
        if self.rng.random() < 0.5:
            self._reconciled(f"{key} after {kill}")
        self._finish(runner, key, landed.outcome, kill)

    def _finish(self, runner: Runner, key: str, outcome: str, kill: Failpoint | Moment) -> None:
        ended = runner(key, None)
        codes = {0} if outcome.startswith("published") else {1}
        if ended.code not in codes:
            self.tally.wrong.append(f"{key}: the run after {kill} ended with {ended}")
        self._look(key, self.world.visible[key], moment=f"after the run that followed {kill}")

    def _landed(self) -> tuple[str, Any]:
        if self.keys and self.rng.random() < 0.3:
            key = self.rng.choice(self.keys)
        else:
            key = (FIRST_DAY + timedelta(days=len(self.keys))).isoformat()
            self.keys.append(key)
        return key, self.world.land(key, bad=self.rng.choice(BAD_ROWS))

    def _kill(self, number: int) -> Failpoint | Moment:
        if number % 2:
            return Moment(self.rng.uniform(0.02, self.longest_s))
        places = PLACES + (IN_POSTGRES if self.world.is_in_database else IN_DELTA)
        failpoints = [Failpoint(place, after=after) for place in places for after in (False, True)]
        return failpoints[(number // 2) % len(failpoints)]

    def _count(self, ended: Ended, kill: Failpoint | Moment) -> None:
        self.tally.tried += 1
        self.tally.faults += ended.was_killed
        self.tally.hung += ended.hung
        if not ended.was_killed and isinstance(kill, Moment):
            self.longest_s = max(0.2, ended.seconds)

    def _look(self, key: str, *allowed: set[tuple[int, int]], moment: str) -> None:
        self.world.look(self.tally, key, *allowed, moment=moment)

    def _reconciled(self, where: str) -> None:
        """Everything agrees; only a message may wait, for the lease of a worker that was killed while it sent it."""
        ended, differences = self.world.reconciled()
        left = [line for line in differences if "has not been delivered yet" not in line]
        if ended.code not in {0, 1} or left:
            self.tally.wrong.append(f"gate reconcile at {where} ended with {ended}: {left}")

    def _all_is_told(self) -> None:
        deadline = time.monotonic() + LEASE_S + 30
        while self.world.gate("reconcile").code != 0:
            if time.monotonic() > deadline:
                self.tally.wrong.append("gate reconcile at the end is not clean")
                return
            time.sleep(5)

    def _by_command(self, key: str, kill: Failpoint | Moment | None) -> Ended:
        return self.world.gate("run", DATASET, key, kill=kill)

    def _by_tasks(self, key: str, kill: Failpoint | Moment | None) -> Ended:
        """The DAG's tasks, each in a process; one that is killed is tried again, as Airflow does."""
        answers: dict[str, Any] = {}
        killed: Ended | None = None
        for task in TASKS:
            work = partial(_task, task, key, answers)
            ended = self.world.do(work, kill=None if killed else kill)
            if ended.was_killed:
                killed = ended
                ended = self.world.do(work)
            if ended.code != 0:
                return ended
            answers[task] = ended.answer
        if killed:
            return killed
        is_visible = answers["settle"]["outcome"].startswith("published")
        return Ended(code=0 if is_visible else 1, seconds=ended.seconds)


TASKS = ("arrive", "inspect", "settle", "report", "notify")


def _task(name: str, key: str, answers: dict[str, Any]) -> Any:
    match name:
        case "arrive":
            return tasks.arrive(DATASET, key)
        case "inspect":
            return tasks.inspect(DATASET, answers["arrive"])
        case "settle":
            return tasks.settle(DATASET, answers["inspect"])
        case "report":
            return tasks.report(answers["settle"]["attempt_id"])
        case _:
            return tasks.notify()
