"""An earlier version of a partition comes back, with every port in memory; kills between any two steps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.test_replay import KEY, Gate, orders

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.errors import CannotAct, OperatorError, StoreUnreachable
from partition_gate.gate.asked_run import Asked
from partition_gate.gate.reconcile import reconcile
from partition_gate.gate.rollback import Version, rollback, versions
from partition_gate.judging.attempt import Settlement
from partition_gate.testing.ports import Killed, failing


class History(Gate):
    """A partition with two versions: ids 1 to 100 without 7, 8 and 9, and 1 to 50."""

    def __init__(self, contract: CompiledDataset, folder: Path) -> None:
        super().__init__(contract, folder)
        self.bad()
        self.ports.store.land(KEY, range(1, 96))
        self.run()

    def back(self, to: str = "") -> Settlement:
        return rollback(self.contract, KEY, Asked(who="ada", why="wrong prices"), to=to, ports=self.ports).settlement

    def versions(self) -> list[Version]:
        return list(versions(self.contract, KEY, ports=self.ports))

    def sweep(self) -> None:
        self.ports.warehouse.sweep("orders", staged_before=datetime.now(UTC) + timedelta(days=1))


FIRST = [number for number in range(1, 101) if number not in {7, 8, 9}]
SECOND = list(range(1, 96))


@pytest.fixture(scope="module")
def contract() -> CompiledDataset:
    return orders("1.0.0")


@pytest.fixture
def gate(contract: CompiledDataset, tmp_path: Path) -> History:
    return History(contract, tmp_path)


def test_without_a_name_the_version_before_the_visible_one_comes_back(gate: History) -> None:
    gate.bad(7, 8, 9)
    settled = gate.back()

    assert (settled.outcome.value, gate.visible, sorted(gate.quarantined)) == (
        *("published_with_quarantine", FIRST),
        [7, 8, 9],
    )


def test_the_outcome_says_who_rolled_back_to_what_and_why(gate: History) -> None:
    first = gate.versions()[-1].attempt_id
    assert gate.back().why[-1] == f"rolled back to {first} by ada: wrong prices"


@pytest.mark.parametrize("name", [lambda first: first, lambda first: first.rpartition("-")[2]])
def test_a_version_is_named_by_its_attempt_or_its_number(gate: History, name) -> None:
    gate.bad(7, 8, 9)
    gate.back(name(gate.versions()[-1].attempt_id))
    assert gate.visible == FIRST


def test_rows_that_todays_contract_refuses_do_not_come_back(gate: History) -> None:
    gate.bad(*range(1, 60))
    settled = gate.back()
    assert (settled.outcome.value, gate.visible) == ("rejected", SECOND)


def test_the_files_that_were_judged_last_do_not_undo_it(gate: History) -> None:
    gate.bad(7, 8, 9)
    gate.back()
    again = gate.run()
    assert (again.already, gate.visible) == (True, FIRST)


def test_other_files_in_landing_replace_it(gate: History) -> None:
    gate.bad(7, 8, 9)
    gate.back()
    gate.bad()
    gate.ports.store.land(KEY, range(1, 99))
    gate.run()
    assert gate.visible == list(range(1, 99))


def test_a_rollback_can_be_rolled_back(gate: History) -> None:
    gate.bad()
    gate.back()
    gate.back(gate.versions()[1].attempt_id)
    assert gate.visible == SECOND


def test_a_much_smaller_version_comes_back_without_being_held(contract: CompiledDataset, tmp_path: Path) -> None:
    gate = Gate(contract, tmp_path)
    gate.bad()
    gate.ports.store.land(KEY, range(1, 1001))
    gate.run()
    settled = rollback(contract, KEY, Asked(who="ada", why="doubled"), ports=gate.ports).settlement
    assert (settled.outcome.value, gate.visible) == ("published", list(range(1, 101)))


def test_versions_are_the_newest_first_and_say_which_is_visible_and_which_can_come_back(gate: History) -> None:
    seen = [(each.rows_published, each.is_visible, each.is_kept) for each in gate.versions()]
    gate.sweep()
    swept = [(each.rows_published, each.is_visible, each.is_kept) for each in gate.versions()]

    assert seen == [(95, True, True), (97, False, True)]
    assert swept == [(95, True, True), (97, False, False)]


def test_an_attempt_that_found_its_rows_visible_already_is_the_version_that_consumers_see(gate: History) -> None:
    again = gate.run(force=True).settlement

    newest, first = gate.versions()
    assert (newest.judged_again_by, newest.is_visible, first.is_visible) == ((again.attempt_id,), True, False)
    with pytest.raises(CannotAct, match="is visible already"):
        gate.back(again.attempt_id)


def test_a_version_whose_rows_were_removed_cannot_come_back(gate: History) -> None:
    first = gate.versions()[-1].attempt_id
    gate.sweep()

    with pytest.raises(CannotAct, match="there is no earlier version; see `gate history orders 2026-11-01`"):
        gate.back()
    with pytest.raises(CannotAct, match=f"the rows of {first} were removed"):
        gate.back(first)


def test_a_version_that_never_was_and_the_visible_one_are_refused(gate: History) -> None:
    with pytest.raises(CannotAct, match="there is no version 99"):
        gate.back("99")
    with pytest.raises(CannotAct, match="is visible already"):
        gate.back(gate.versions()[0].attempt_id)


def test_a_repeated_command_does_not_go_back_once_more(gate: History) -> None:
    gate.bad(7, 8, 9)
    gate.back()
    with pytest.raises(CannotAct, match=r"ada has rolled back to orders-.*; name another"):
        gate.back()
    assert gate.visible == FIRST


def test_rows_that_landed_are_not_compared_with_those_of_another_delivery(gate: History) -> None:
    gate.bad(7, 8, 9)
    gate.back()
    found = reconcile([gate.contract], ports=gate.ports, with_rows=True)
    assert (found.differences, [each.why for each in found.compared]) == (
        (),
        ["landing has other files than those that were judged"],
    )


def test_every_row_is_accounted_for_after_a_rollback(gate: History) -> None:
    gate.bad(7, 8, 9)
    gate.back()
    found = gate.reconcile()
    assert (found.differences, [proof.holds for proof in found.proofs]) == ((), [True])


def test_a_rollback_that_cannot_be_judged_changes_nothing(gate: History) -> None:
    before = gate.outcome
    with failing(gate.ports.warehouse, "stage", StoreUnreachable("no")), pytest.raises(OperatorError):
        gate.back()
    assert (gate.outcome, gate.visible) == (before, SECOND)


@pytest.mark.parametrize("step", ["stage", "quarantine", "publish", "refresh_view"])
def test_a_rollback_that_is_killed_is_finished_or_was_never_there(gate: History, step: str) -> None:
    gate.bad(7, 8, 9)
    with failing(gate.ports.warehouse, step, Killed()), pytest.raises(Killed):
        gate.back()
    gate.restarted()

    found = gate.reconcile()

    assert (found.differences, [proof.holds for proof in found.proofs]) == ((), [True])
    assert gate.visible == (FIRST if step == "refresh_view" else SECOND)
