"""Replays, discards and removal by age in the ledger, by the same sentences in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.test_ledger_behaviour import in_memory, on_postgres, on_sqlite, opened

from partition_gate.adapters.ledger.ledger import SqlLedger
from partition_gate.judging.attempt import Attempt
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.judging.profile import ColumnCounters, PartitionProfile
from partition_gate.judging.replay import Discard, Replay, RowPositions
from partition_gate.judging.retention import Mark, PublishedRemoval, QuarantineRemoval, Subject
from partition_gate.ports.ledger import Ledger
from partition_gate.testing.builders import NOON, a_check_result, a_settlement

KEY = "2026-11-01"
DAY = timedelta(days=1)


@pytest.fixture(params=[in_memory, on_sqlite, on_postgres])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    ledger = request.param(request, tmp_path)
    yield ledger
    if isinstance(ledger, SqlLedger):
        ledger.close()


def settled(ledger: Ledger) -> Attempt:
    """An attempt with ten rows, of which four are in quarantine."""
    attempt = opened(ledger)
    counts = {"rows_in": 10, "rows_published": 6, "rows_quarantined": 4}
    outcome = PartitionOutcome.PUBLISHED_WITH_QUARANTINE
    ledger.settle(a_settlement(attempt.id, outcome=outcome).model_copy(update=counts))
    return attempt


def a_discard(attempt: Attempt, *positions: int, number: int = 1) -> Discard:
    return Discard(
        attempt_id=attempt.id,
        number=number,
        dataset="orders",
        partition_key=KEY,
        who="ada",
        why="test orders",
        at=NOON,
        condition="id < 3",
        positions=RowPositions.of(positions),
    )


def a_replay(attempt: Attempt, *, why: str = "fixed") -> Replay:
    return Replay(
        attempt_id=attempt.id,
        dataset="orders",
        partition_key=KEY,
        of_attempt="orders-1",
        fingerprint="f",
        landed_key="k",
        who="ada",
        why=why,
        at=NOON,
        change="unchanged",
        rows_taken=2,
        rows_given=2,
    )


def counts(ledger: Ledger, attempt: Attempt) -> tuple[int, int, int]:
    """Rows in, in quarantine, and discarded."""
    settlement = ledger.settlement(attempt.id)
    assert settlement is not None
    return settlement.rows_in, settlement.rows_quarantined, settlement.rows_discarded


def test_a_replay_comes_back_as_it_was(ledger: Ledger) -> None:
    replay = a_replay(opened(ledger))
    ledger.record_replay(replay)
    assert ledger.replay(replay.attempt_id) == replay


def test_the_first_record_of_a_replay_stays(ledger: Ledger) -> None:
    attempt = opened(ledger)
    ledger.record_replay(a_replay(attempt))
    ledger.record_replay(a_replay(attempt, why="other"))
    assert ledger.replay(attempt.id) == a_replay(attempt)


def test_an_attempt_that_judged_landing_is_no_replay(ledger: Ledger) -> None:
    assert ledger.replay(opened(ledger).id) is None


def test_an_attempt_comes_back_as_it_was_opened(ledger: Ledger) -> None:
    attempt = opened(ledger)
    assert (ledger.attempt(attempt.id), ledger.attempt("nobody")) == (attempt, None)


def test_a_discard_comes_back_as_it_was(ledger: Ledger) -> None:
    attempt = settled(ledger)
    ledger.discard_rows(a_discard(attempt, 0, 3), seen_fence=1)
    assert ledger.discards(attempt.id) == (a_discard(attempt, 0, 3),)


def test_discarded_rows_are_counted_as_discarded_and_no_longer_as_quarantined(ledger: Ledger) -> None:
    attempt = settled(ledger)
    ledger.discard_rows(a_discard(attempt, 0, 3), seen_fence=1)
    ledger.discard_rows(a_discard(attempt, 1, number=2), seen_fence=1)
    assert counts(ledger, attempt) == (10, 1, 3)


def test_the_same_discard_counts_once(ledger: Ledger) -> None:
    attempt = settled(ledger)
    repeated = [ledger.discard_rows(a_discard(attempt, 0), seen_fence=1) for _ in range(2)]
    assert (repeated, counts(ledger, attempt)) == ([True, False], (10, 3, 1))


def test_nothing_is_discarded_once_a_newer_attempt_was_opened(ledger: Ledger) -> None:
    attempt = settled(ledger)
    opened(ledger)
    assert not ledger.discard_rows(a_discard(attempt, 0), seen_fence=1)
    assert (counts(ledger, attempt), ledger.discards(attempt.id)) == ((10, 4, 0), ())


def a_removal(attempt: Attempt, why: str = "all rows were discarded") -> QuarantineRemoval:
    return QuarantineRemoval(attempt_id=attempt.id, uri="file:///q", why=why, size_bytes=7, at=NOON)


def test_attempts_are_found_by_age_from_a_mark_on(ledger: Ledger) -> None:
    for number in range(5):
        attempt = opened(ledger, f"k{number}")
        ledger.settle(a_settlement(attempt.id, partition_key=f"k{number}", settled_at=NOON + number // 2 * DAY))

    first = ledger.aged(NOON + 2 * DAY, after=None, limit=3)
    then = ledger.aged(NOON + 2 * DAY, after=Mark.model_validate(first[-1], from_attributes=True), limit=3)

    assert [[each.partition_key for each in found] for found in (first, then)] == [["k0", "k1", "k2"], ["k3"]]


def test_attempts_with_a_quarantine_folder_are_found_until_it_is_removed(ledger: Ledger) -> None:
    attempt = opened(ledger)
    ledger.settle(a_settlement(attempt.id).model_copy(update={"quarantine_uri": "file:///q"}))
    opened(ledger, "other")
    ledger.settle(a_settlement("orders-other-1", partition_key="other"))
    old = [[each.attempt_id for each in ledger.aged(NOON + DAY, after=None, limit=9, in_quarantine=True)]]
    ledger.remove_quarantine(a_removal(attempt))
    ledger.remove_quarantine(a_removal(attempt, why="again"))

    assert old == [[attempt.id]]
    assert ledger.aged(NOON + DAY, after=None, limit=9, in_quarantine=True) == ()
    assert ledger.quarantine_removal(attempt.id) == a_removal(attempt)


def test_a_mark_is_replaced_and_removed(ledger: Ledger) -> None:
    seen = []
    for mark in (Mark(settled_at=NOON, attempt_id="a"), Mark(settled_at=NOON + DAY), None):
        ledger.mark_retention(Subject.REPORTS, mark)
        seen.append((ledger.retention_mark(Subject.REPORTS), ledger.retention_mark(Subject.LEDGER)))
    assert seen == [(Mark(settled_at=NOON, attempt_id="a"), None), (Mark(settled_at=NOON + DAY), None), (None, None)]


def test_removed_details_leave_the_settlement_and_those_of_other_attempts(ledger: Ledger) -> None:
    gone, stays = settled(ledger), opened(ledger, "2026-11-02")
    for attempt in (gone, stays):
        profile = PartitionProfile(row_count=1, columns=(ColumnCounters(column="id", row_count=1, null_count=0),))
        ledger.record_validation(attempt.id, [a_check_result()], document="{}", profile=profile)

    ledger.remove_details([gone.id])

    assert [sorted(ledger.details([gone.id, stays.id])), ledger.results(gone.id)] == [[stays.id], ()]
    assert (ledger.counted(gone.id), ledger.counted(stays.id) is None) == (None, False)
    assert ledger.outcome("orders", KEY) is not None


def test_the_removal_of_a_published_version_is_recorded_once_with_its_reason(ledger: Ledger) -> None:
    attempt = opened(ledger)
    ledger.settle(a_settlement(attempt.id))
    removal = PublishedRemoval(attempt_id=attempt.id, dataset="orders", why="older than 30 d", at=NOON, table_version=4)
    ledger.remove_published(removal)
    ledger.remove_published(removal.model_copy(update={"why": "again"}))

    settled = ledger.settlement(attempt.id)
    assert (ledger.published_removals("orders"), ledger.published_removals("other")) == ({attempt.id: removal}, {})
    assert settled is not None
    assert settled.why == (*a_settlement(attempt.id).why, "older than 30 d")
