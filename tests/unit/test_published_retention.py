"""Published partitions that are removed by age, with every port in memory."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from partition_gate.checks.compiling.compiled import CompiledDataset, compiled
from partition_gate.contracts.odcs.reader import read_contract
from partition_gate.core.errors import CannotAct, StoreUnreachable
from partition_gate.gate.asked_run import Asked
from partition_gate.gate.look import WatchPlan
from partition_gate.gate.pipeline import RunResult, run_partition
from partition_gate.gate.read_rows import AsOf, read_rows
from partition_gate.gate.reconcile import reconcile
from partition_gate.gate.retention import Retained, retain
from partition_gate.gate.rollback import rollback
from partition_gate.gate.watch import watch
from partition_gate.judging.retention import KeptFor, Subject
from partition_gate.testing.ports import FakePorts, Killed, failing

KEY, DAY = "2026-11-01", timedelta(days=1)
MONTH = {"property": "retention", "value": 30, "unit": "d"}
ON = KeptFor(published=DAY)


def orders(*slas: dict[str, Any]) -> CompiledDataset:
    document = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "orders",
        "version": "1.0.0",
        "status": "active",
        "servers": [{"server": "landing", "type": "local", "path": "/landing/dt=*/*.parquet", "format": "parquet"}],
        "schema": [
            {
                "name": "orders",
                "properties": [
                    {"name": "dt", "logicalType": "date", "partitioned": True},
                    {"name": "id", "logicalType": "integer", "required": True, "unique": True},
                ],
            }
        ],
        "slaProperties": list(slas),
    }
    return compiled(read_contract(json.dumps(document), path="orders.odcs.yaml", folder="/contracts").dataset)


class Published:
    """A published partition of 10 rows whose contract keeps data for 30 days after the end of its period."""

    def __init__(self, contract: CompiledDataset, folder: Path) -> None:
        self.contract, self.folder = contract, folder
        self.ports = FakePorts(folder / "spool", contract)
        self.ports.store.land(KEY, range(1, 11))
        self.ports.kept_for = ON
        self.run()

    def run(self, *, force: bool = False) -> RunResult:
        return run_partition(self.contract, KEY, ports=self.ports, force=force)

    def after(self, days: float, **how: Any) -> Retained:
        """So many days after the end of the partition's period."""
        self.ports.clock.time = self.ports.clock.time.replace(month=11, day=2, hour=0, minute=0) + days * DAY
        return retain([self.contract], ports=self.ports, **how)

    @property
    def visible(self) -> int:
        return len(self.ports.warehouse.rows("orders"))

    @property
    def differences(self) -> list[str]:
        return [each.what for each in reconcile([self.contract], ports=self.ports).differences]


@pytest.fixture(scope="module")
def contract() -> CompiledDataset:
    return orders(MONTH)


@pytest.fixture
def gate(contract: CompiledDataset, tmp_path: Path) -> Published:
    return Published(contract, tmp_path)


@pytest.mark.parametrize(("days", "left"), [(30, 10), (30.1, 0)])
def test_a_partition_is_removed_once_its_period_ended_longer_ago_than_the_contract_keeps_data(
    gate: Published, days: float, left: int
) -> None:
    gate.after(days)
    assert gate.visible == left


def test_a_setting_longer_than_the_clause_wins(gate: Published) -> None:
    gate.ports.kept_for = KeptFor(published=100 * DAY)
    gate.after(99)
    assert gate.visible == 10


def test_without_the_setting_nothing_is_removed(gate: Published) -> None:
    gate.ports.kept_for = KeptFor()
    gate.after(10_000)
    assert gate.visible == 10


def test_without_the_clause_nothing_is_removed(tmp_path: Path) -> None:
    gate = Published(orders(), tmp_path)
    gate.after(10_000)
    assert gate.visible == 10


def test_a_rehearsal_says_what_would_go_and_removes_nothing(gate: Published) -> None:
    (found,) = gate.after(31, is_rehearsal=True).removed
    assert (found.subject, found.count, found.row_count, gate.visible) == (Subject.PUBLISHED, 1, 10, 10)


def test_the_outcome_says_when_and_why_it_was_removed(gate: Published) -> None:
    gate.after(31)
    outcome = gate.ports.ledger.outcome("orders", KEY)
    assert outcome is not None
    assert outcome.why == ("removed by age on 2026-12-03: its period ended more than 30 days ago",)


def test_reconciling_finds_nothing_afterwards(gate: Published) -> None:
    gate.after(31)
    assert gate.differences == []


def test_the_landed_files_do_not_bring_it_back(gate: Published) -> None:
    gate.after(31)
    gate.run()
    assert gate.visible == 0


def test_the_watch_does_not_want_it_back(gate: Published) -> None:
    gate.after(31)
    result = watch([gate.contract], (), plan=WatchPlan(look_back=60 * DAY), ports=gate.ports)
    assert KEY not in {each.key for each in result.wanted} | {each.partition_key for each in result.missing}


def test_new_files_publish_it_again_until_the_next_pass(gate: Published) -> None:
    gate.after(31)
    gate.run(force=True)
    assert gate.visible == 10

    gate.after(31)
    assert (gate.visible, gate.differences) == (0, [])


def test_a_pass_that_was_killed_before_it_recorded_the_removal_is_repeated(gate: Published) -> None:
    with failing(gate.ports.ledger, "remove_published", Killed()), pytest.raises(Killed):
        gate.after(31)
    gate.after(31)
    assert (gate.visible, gate.differences) == (0, [])


def test_a_table_that_does_not_answer_is_a_problem_and_is_tried_again(gate: Published) -> None:
    with failing(gate.ports.warehouse, "remove_version", StoreUnreachable("no answer")):
        assert gate.after(31).problems == (f"orders {KEY}: no answer",)
    assert gate.after(31).removed[0].count == 1


def test_a_second_pass_finds_nothing_to_do(gate: Published) -> None:
    gate.after(31)
    assert gate.after(31).removed == ()


def test_a_removed_version_can_come_back_while_its_files_are_kept(gate: Published) -> None:
    gate.after(31)
    rollback(gate.contract, KEY, Asked(who="ada", why="needed for an audit"), ports=gate.ports)
    assert gate.visible == 10


def test_rows_of_a_time_after_the_removal_are_without_it(gate: Published) -> None:
    gate.after(31)
    now = AsOf(moment=gate.ports.clock.now())
    with pytest.raises(CannotAct, match="nothing was published"):
        read_rows(gate.contract, None, now, columns=["id"], into=gate.folder / "rows.parquet", ports=gate.ports)
