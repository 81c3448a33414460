"""What is removed by age and what stays, with every port in memory; kills between any two steps."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.test_replay import KEY, Gate, orders

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.errors import CannotAct, InvalidSetting, StoreUnreachable
from partition_gate.gate.asked_run import Asked
from partition_gate.gate.quarantine import quarantined_partitions
from partition_gate.gate.reconcile import reconcile
from partition_gate.gate.reports import write_index, write_report
from partition_gate.gate.retention import Aged, Retained, retain
from partition_gate.gate.rollback import rollback
from partition_gate.judging.replay import Discard
from partition_gate.judging.retention import KeptFor, Subject
from partition_gate.settings import load_settings
from partition_gate.testing.builders import a_check_result, a_settlement
from partition_gate.testing.ports import FakePorts, Killed, failing

DAY = timedelta(days=1)
REPORTS = KeptFor(reports=30 * DAY)
QUARANTINE = KeptFor(quarantine=30 * DAY)
OPEN = KeptFor(open_quarantine=30 * DAY)
LEDGER = KeptFor(ledger=400 * DAY)
EVERYTHING = KeptFor(reports=DAY, quarantine=DAY, open_quarantine=DAY, ledger=DAY)


class Old(Gate):
    """A partition of 100 rows of which 7, 8 and 9 are in quarantine, some days ago."""

    def after(self, days: int, kept: KeptFor, **how: Any) -> Retained:
        self.ports.kept_for = kept
        self.ports.clock.forward(days * DAY)
        return retain(ports=self.ports, **how)

    @property
    def folders(self) -> list[str]:
        return sorted(self.ports.warehouse.kept)

    @property
    def agrees(self) -> bool:
        result = self.reconcile()
        return not result.differences and all(proof.holds for proof in result.proofs)


@pytest.fixture(scope="module")
def contract() -> CompiledDataset:
    return orders("1.0.0")


@pytest.fixture
def gate(contract: CompiledDataset, tmp_path: Path) -> Old:
    return Old(contract, tmp_path)


def counts(result: Retained) -> dict[Subject, int]:
    sums = Counter[Subject]()
    for each in result.removed:
        sums[each.subject] += each.count
    return dict(sums)


def test_without_settings_nothing_is_ever_removed(gate: Old) -> None:
    assert gate.after(10_000, KeptFor()) == Retained(removed=())


@pytest.mark.parametrize(("days", "removed"), [(30, {}), (31, {Subject.REPORTS: 1})])
def test_a_report_is_removed_once_it_is_older_than_its_days(gate: Old, days: int, removed: dict[Subject, int]) -> None:
    assert counts(gate.after(days, REPORTS)) == removed


def test_rows_that_may_still_be_replayed_stay(gate: Old) -> None:
    gate.after(1000, QUARANTINE)
    assert sorted(gate.quarantined) == [7, 8, 9]


def test_rows_that_were_discarded_are_removed(gate: Old) -> None:
    gate.discard()
    gate.after(31, QUARANTINE)
    assert gate.folders == []


def test_rows_that_were_discarded_in_part_stay(gate: Old) -> None:
    gate.discard("id in (7)")
    gate.after(31, QUARANTINE)
    assert sorted(gate.quarantined) == [8, 9]


def test_rows_that_were_replayed_are_removed_and_those_kept_back_stay(gate: Old) -> None:
    gate.bad(8)
    gate.replay()
    gate.after(31, QUARANTINE)
    assert (len(gate.folders), sorted(gate.quarantined)) == (1, [8])


def test_rows_of_a_rejected_version_before_the_newest_are_removed_but_not_those_of_the_visible_one(gate: Old) -> None:
    visible = gate.folders
    for count in (50, 60):
        gate.ports.store.land(KEY, range(1, count))
        gate.bad(*range(1, count))
        gate.run()
    newest = gate.outcome.quarantine_uri

    gate.after(31, QUARANTINE)

    assert gate.folders == sorted([*visible, str(newest)])


def test_open_rows_are_discarded_first_if_a_setting_says_so(gate: Old) -> None:
    gate.after(31, OPEN)
    [discard] = gate.ports.ledger.discards(gate.outcome.attempt_id)

    assert (discard.rows, discard.who, discard.why) == (
        3,
        "gate retain",
        "older than GATE_KEEP_OPEN_QUARANTINE_DAYS (30)",
    )
    assert quarantined_partitions(gate.ports.ledger) == ()


@pytest.mark.parametrize("kept", [QUARANTINE, OPEN])
def test_table_ledger_and_quarantine_agree_after_a_removal(gate: Old, kept: KeptFor) -> None:
    if kept is QUARANTINE:
        gate.discard()
    assert counts(gate.after(31, kept)) == {Subject.QUARANTINE: 1}
    assert gate.agrees


def test_a_removal_is_recorded_with_its_reason(gate: Old) -> None:
    uri = gate.outcome.quarantine_uri
    gate.discard()
    gate.after(31, QUARANTINE)
    removal = gate.ports.ledger.quarantine_removal(gate.outcome.attempt_id)

    assert removal is not None
    assert (removal.uri, removal.why, removal.size_bytes) == (uri, "all rows were discarded", 100)


@pytest.mark.parametrize("verb", ["discard_rows", "remove_quarantine"])
def test_a_kill_in_the_middle_of_a_removal_is_repaired_by_the_next_pass(gate: Old, verb: str) -> None:
    target = gate.ports.ledger
    with failing(target, verb, Killed(), after=verb == "discard_rows"), pytest.raises(Killed):
        gate.after(31, OPEN)
    gate.after(0, OPEN)

    assert (gate.folders, gate.agrees) == ([], True)


def test_rows_are_not_given_up_if_a_run_starts_meanwhile(gate: Old) -> None:
    ledger, real = gate.ports.ledger, gate.ports.ledger.discards

    def meanwhile(attempt_id: str) -> tuple[Discard, ...]:
        ledger.discards = real  # type: ignore[method-assign]
        gate.run(force=True)
        return real(attempt_id)

    ledger.discards = meanwhile  # type: ignore[method-assign]
    gate.after(31, OPEN)

    assert len(gate.folders) == 2


def test_a_rollback_to_a_version_whose_quarantined_rows_are_gone_is_refused(gate: Old) -> None:
    gate.bad()
    gate.ports.store.land(KEY, range(1, 96))
    gate.run()
    gate.after(31, QUARANTINE)

    with pytest.raises(CannotAct, match="were removed by age"):
        rollback(gate.contract, KEY, Asked(who="ada", why="wrong"), ports=gate.ports)


def test_rows_that_were_removed_cannot_be_compared_with_landing(gate: Old) -> None:
    gate.discard()
    gate.after(31, QUARANTINE)
    [compared] = reconcile([gate.contract], ports=gate.ports, with_rows=True).compared

    assert (compared.is_equal, compared.why) == (None, "its quarantined rows were removed by age")


def test_details_are_removed_and_how_the_attempt_ended_stays(gate: Old) -> None:
    before = gate.outcome
    assert counts(gate.after(401, LEDGER)) == {Subject.LEDGER: 1}
    assert (gate.ports.ledger.results(before.attempt_id), gate.outcome) == ((), before)


def test_files_that_were_judged_are_not_judged_again_after_their_details_are_gone(gate: Old) -> None:
    before = gate.outcome
    gate.after(401, LEDGER)
    assert gate.run().settlement == before


def test_a_dry_run_says_what_would_go_and_changes_nothing(gate: Old) -> None:
    at = gate.outcome.settled_at
    said = gate.after(2, EVERYTHING, is_rehearsal=True)

    assert [(each.subject.value, each.dataset, each.count, each.oldest) for each in said.removed] == [
        ("reports", "orders", 1, at),
        ("quarantine", "orders", 1, at),
        ("ledger details", "orders", 1, at),
    ]
    assert said == gate.after(0, EVERYTHING)


def test_what_was_removed_is_not_removed_again(gate: Old) -> None:
    gate.after(2, EVERYTHING)
    assert gate.after(0, EVERYTHING).removed == ()


class History:
    """Reports of attempts that were settled one a day, of two datasets in turn."""

    def __init__(self, folder: Path, count: int) -> None:
        self.ports = FakePorts(folder)
        self.ports.kept_for = REPORTS
        self.count = count
        begin = self.ports.clock.now()
        for number in range(count):
            name = ("orders", "returns")[number % 2]
            self.ports.clock.time = begin + number * DAY
            settled = a_settlement(f"{name}-{number}", dataset=name, partition_key=f"k{number}", settled_at=self.now)
            self.ports.ledger.record_validation(settled.attempt_id, [a_check_result()], document="{}")
            self.ports.ledger.settle(settled)
            write_report(settled, ports=self.ports)

    @property
    def now(self) -> datetime:
        return self.ports.clock.now()


def test_a_pass_does_a_limited_amount_and_the_next_one_goes_on(tmp_path: Path) -> None:
    ports = History(tmp_path, 40).ports

    passes = [sum(counts(retain(ports=ports, batches=1, size=4)).values()) for _ in range(4)]

    assert passes == [4, 4, 1, 0]


def test_a_limited_pass_looks_at_open_rows_in_turn_and_begins_again(gate: Old) -> None:
    for _ in range(2):
        gate.after(31, QUARANTINE, batches=1, size=1)
    gate.discard()
    passes = [gate.after(0, QUARANTINE, batches=1, size=1) for _ in range(2)]
    assert [counts(each) for each in passes] == [{Subject.QUARANTINE: 1}, {}]


def test_the_page_of_a_month_goes_with_its_last_report_and_does_not_come_back(tmp_path: Path) -> None:
    ports = History(tmp_path, 62).ports
    months = sorted({month for _, month in ports.docs.months})
    ports.clock.time = months[-1].begins_at + 31 * DAY
    retain(ports=ports)
    write_index(ports)

    assert {month for _, month in ports.docs.months} == {months[-1]}


def test_storage_that_does_not_answer_is_a_problem_and_the_reports_are_tried_again(gate: Old) -> None:
    gate.ports.docs.error = StoreUnreachable("docs: no answer")
    first = gate.after(2, EVERYTHING)
    gate.ports.docs.error = None

    assert (Subject.REPORTS in counts(first), first.problems) == (False, ("reports: docs: no answer",))
    assert counts(gate.after(0, EVERYTHING)) == {Subject.REPORTS: 1}


def test_the_sums_are_by_dataset_with_the_oldest(tmp_path: Path) -> None:
    history = History(tmp_path, 40)
    first = history.now - 39 * DAY

    assert retain(ports=history.ports).removed == (
        Aged(subject=Subject.REPORTS, dataset="orders", count=5, size_bytes=10_000, oldest=first),
        Aged(subject=Subject.REPORTS, dataset="returns", count=4, size_bytes=8_000, oldest=first + DAY),
    )


@pytest.mark.parametrize("days", ["1", "399"])
def test_details_are_kept_as_long_as_a_window_reads_them(days: str) -> None:
    with pytest.raises(InvalidSetting, match="set at least 400, or 0"):
        load_settings({"GATE_KEEP_LEDGER_DAYS": days})
