"""Quarantined rows that come back or are given up, with every port in memory; kills between any two steps."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partition_gate.checks.compiling.compiled import CompiledDataset, compiled
from partition_gate.contracts.odcs.reader import read_contract
from partition_gate.core.errors import CannotAct, OperatorError, PartitionChanged, StoreUnreachable
from partition_gate.gate.notify import announce
from partition_gate.gate.operations import decide
from partition_gate.gate.pipeline import RunResult, run_partition
from partition_gate.gate.quarantine import discard_rows, open_quarantine, quarantined_partitions
from partition_gate.gate.reconcile import Reconciliation, reconcile
from partition_gate.gate.replay import ReplayRequest, dry_replay, replay
from partition_gate.judging.attempt import AttemptState, Settlement
from partition_gate.judging.replay import ATTEMPTS, Change, Discard, RowPositions
from partition_gate.testing.ports import FakePorts, Killed, failing

KEY = "2026-11-01"
REQUIRED, UNIQUE, ROWS = "id.required", "id.unique", "rows"


@pytest.fixture(scope="module")
def contract() -> CompiledDataset:
    return orders("1.0.0")


def orders(version: str) -> CompiledDataset:
    document = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "orders",
        "version": version,
        "status": "active",
        "servers": [{"server": "landing", "type": "local", "path": "/landing/dt=*/*.parquet", "format": "parquet"}],
        "support": [{"channel": "#orders", "tool": "slack", "scope": "issues"}],
        "schema": [
            {
                "name": "orders",
                "properties": [
                    {"name": "dt", "logicalType": "date", "partitioned": True},
                    {"name": "id", "logicalType": "integer", "required": True, "unique": True},
                ],
                "quality": [{"id": "rows", "metric": "rowCount", "mustBeGreaterThan": 0}],
            }
        ],
        "slaProperties": [{"property": "errorRate", "value": 10, "unit": "percent"}],
    }
    return compiled(read_contract(json.dumps(document), path="orders.odcs.yaml", folder="/contracts").dataset)


class Gate:
    """A partition of 100 rows of which 7, 8 and 9 are in quarantine, and what people can do about them."""

    def __init__(self, contract: CompiledDataset, folder: Path) -> None:
        self.contract, self.folder = contract, folder
        self.ports = FakePorts(folder / "spool", contract)
        self.ports.store.land(KEY, range(1, 101))
        self.bad(7, 8, 9)
        self.run()

    def bad(self, *ids: int) -> None:
        self.ports.validator.failing = {REQUIRED: set(ids)}

    def run(self, *, force: bool = False) -> RunResult:
        return run_partition(self.contract, KEY, ports=self.ports, force=force)

    def replay(
        self, *, where: str = "", file: Path | None = None, to: int | None = None, recover: str = ""
    ) -> Settlement:
        change = Change(where=where, file=file, assignments=(("id", str(to)),) if to else (), recover=recover)
        request = ReplayRequest(change=change, who="ada", why="fixed upstream")
        return replay(self.contract, KEY, request, ports=self.ports).settlement

    def change_of(self, settled: Settlement) -> str:
        replayed = self.ports.ledger.replay(settled.attempt_id)
        assert replayed is not None
        return replayed.change

    def discard(self, where: str = "") -> Discard:
        return discard_rows(self.contract, KEY, where=where, who="ada", why="test orders", ports=self.ports)

    def reconcile(self) -> Reconciliation:
        return reconcile([self.contract], ports=self.ports)

    def restarted(self) -> None:
        """The process that was killed is gone, and another one runs."""
        self.ports.workers.own, self.ports.workers.running = "here/2/0.00", {"here/2/0.00"}

    def file(self, *ids: int) -> Path:
        path = self.folder / "corrected.parquet"
        pq.write_table(pa.table({"id": list(ids)}), path)
        return path

    @property
    def outcome(self) -> Settlement:
        outcome = self.ports.ledger.outcome("orders", KEY)
        assert outcome is not None
        return outcome

    @property
    def visible(self) -> list[int]:
        return sorted(row["id"] for row in self.ports.warehouse.rows("orders"))

    @property
    def quarantined(self) -> dict[int, int]:
        """The ids in the standing version's quarantine that were not discarded, with their attempts."""
        opened = open_quarantine(self.contract.dataset, KEY, ports=self.ports).standing
        rows = self.ports.warehouse.kept[opened.settlement.quarantine_uri or ""]
        gone = set(opened.discarded.numbers())
        return {row["id"]: row.get(ATTEMPTS, 1) for number, row in enumerate(rows) if number not in gone}

    @property
    def told(self) -> list[str]:
        announce(self.ports.ledger, self.ports.clock)
        return [entry.message.text for entry in reversed(self.ports.ledger.messages())]


@pytest.fixture
def gate(contract: CompiledDataset, tmp_path: Path) -> Gate:
    return Gate(contract, tmp_path)


# Replays


def test_rows_that_pass_now_are_published_with_those_that_were_published_before(gate: Gate) -> None:
    gate.bad()
    settled = gate.replay()
    assert (settled.outcome.value, gate.visible) == ("published", list(range(1, 101)))


def test_rows_of_a_recovery_function_go_through_the_same_gate(gate: Gate) -> None:
    gate.ports.rework.functions["fixes:later"] = lambda id_: id_ + 100
    gate.bad(109)
    settled = gate.replay(recover="fixes:later")
    assert gate.visible == [*range(1, 7), *range(10, 101), 107, 108]
    assert gate.quarantined == {109: 2}
    assert gate.change_of(settled) == "recovered by fixes:later"


def test_rows_that_still_fail_stay_in_quarantine_and_count_their_attempts(gate: Gate) -> None:
    gate.bad(9)
    gate.replay()
    gate.replay()
    assert gate.quarantined == {9: 3}


def test_a_replay_says_who_asked_for_it_and_why(gate: Gate) -> None:
    gate.bad()
    assert "replayed by ada: fixed upstream" in gate.replay().why


def test_rows_that_are_not_chosen_stay_in_quarantine_without_another_attempt(gate: Gate) -> None:
    gate.bad(8)
    gate.replay(where="id in (7)")
    assert (gate.quarantined, 7 in gate.visible) == ({8: 1, 9: 1}, True)


def test_a_row_that_would_pass_is_not_published_if_it_is_not_chosen(gate: Gate) -> None:
    gate.bad()
    assert gate.replay(where="id in (7)").outcome.value == "published_with_quarantine"


def test_an_expression_changes_the_rows_that_are_chosen_and_no_others(gate: Gate) -> None:
    gate.replay(where="id in (7)", to=700)
    assert (gate.visible[-1], sorted(gate.quarantined)) == (700, [8, 9])


def test_a_corrected_file_replaces_the_rows_that_are_chosen(gate: Gate) -> None:
    settled = gate.replay(file=gate.file(701, 702))
    assert (gate.visible[-2:], settled.rows_in) == ([701, 702], 99)


def test_rows_that_fail_are_told_as_those_of_any_run(gate: Gate) -> None:
    gate.bad()
    before = len(gate.told)
    gate.replay()
    assert len(gate.told) > before


def test_too_many_rows_that_are_kept_back_reject_the_replay(contract: CompiledDataset, tmp_path: Path) -> None:
    gate = Gate(contract, tmp_path)
    gate.ports.store.land(KEY, range(1, 101), name="late.parquet")
    gate.bad(*range(1, 31))
    assert gate.run().settlement.outcome.value == "rejected"
    gate.bad()
    kept = "id in (" + ", ".join(map(str, range(40, 101))) + ")"
    assert gate.replay(where=kept).outcome.value == "rejected"


def test_a_rejected_partition_is_replayed_alone_and_replaces_what_is_visible(gate: Gate) -> None:
    gate.ports.store.land(KEY, range(201, 301))
    gate.bad(*range(201, 251))
    gate.run()
    gate.bad()
    gate.replay()
    assert gate.visible == list(range(201, 301))


def test_a_published_row_that_fails_together_with_a_replayed_one_goes_to_quarantine(gate: Gate) -> None:
    gate.bad(7, 6)
    gate.replay(where="id in (7)")
    assert (6 in gate.visible, sorted(gate.quarantined)) == (False, [6, 7, 8, 9])


def test_a_partition_without_rows_in_quarantine_cannot_be_replayed(gate: Gate) -> None:
    gate.bad()
    gate.replay()
    with pytest.raises(CannotAct, match="no row of this partition is in quarantine"):
        gate.replay()


def test_a_replay_whose_rows_cannot_be_chosen_changes_nothing(gate: Gate) -> None:
    before = gate.outcome
    with pytest.raises(CannotAct, match="nonsense"):
        gate.replay(where="nonsense")
    assert (gate.outcome, len(gate.ports.warehouse.kept), gate.ports.ledger.unfinished()) == (before, 1, ())


def test_a_replay_that_cannot_be_judged_is_no_outcome_and_its_rows_stay(gate: Gate) -> None:
    before = gate.outcome
    with failing(gate.ports.validator, "validate", OperatorError("no memory")), pytest.raises(OperatorError):
        gate.replay()
    assert (gate.outcome, sorted(gate.quarantined), gate.ports.ledger.unfinished()) == (before, [7, 8, 9], ())


def test_a_replay_waits_for_a_run_that_works_on_the_partition(gate: Gate) -> None:
    gate.ports.store.land(KEY, range(1, 95))
    with failing(gate.ports.warehouse, "publish", Killed()), pytest.raises(Killed):
        gate.run(force=True)
    with pytest.raises(CannotAct, match="a run is working on this partition"):
        gate.replay()


def test_a_version_that_became_visible_while_rows_were_put_together_is_not_overwritten(gate: Gate) -> None:
    warehouse, assemble = gate.ports.warehouse, gate.ports.rework.assemble
    gate.ports.ledger._fences["orders", KEY] = 2

    def publishes_meanwhile(*arguments: object, **named: object) -> object:
        newer = {"fence": 2, "idempotency_key": "of another attempt"}
        warehouse._published["orders", KEY] = warehouse._published["orders", KEY].model_copy(update=newer)
        warehouse._fences["orders", KEY] = 2
        return assemble(*arguments, **named)  # type: ignore[arg-type]

    gate.ports.rework.assemble = publishes_meanwhile  # type: ignore[method-assign, assignment]
    gate.bad()
    with pytest.raises(PartitionChanged):
        gate.replay()


def test_a_dry_replay_counts_and_changes_nothing(gate: Gate) -> None:
    gate.bad(9)
    before = (gate.outcome, gate.ports.ledger.fence("orders", KEY), dict(gate.ports.warehouse.kept))
    dry = dry_replay(gate.contract, KEY, Change(where="id in (7, 9)"), ports=gate.ports)
    after = (gate.outcome, gate.ports.ledger.fence("orders", KEY), dict(gate.ports.warehouse.kept))
    assert after == before
    assert (dry.run.settlement.rows_published, dry.assembled.rows_taken, dry.assembled.rows_kept) == (98, 2, 1)


# Runs after a replay


def test_a_run_of_the_same_landed_files_does_not_undo_a_replay(gate: Gate) -> None:
    gate.replay(to=700, where="id in (7)")
    result = gate.run()
    assert (result.already, 700 in gate.visible) == (True, True)


def test_the_watch_sees_no_other_files_than_those_that_were_replayed(gate: Gate) -> None:
    (before,) = gate.ports.ledger.outcomes("orders", [KEY])
    gate.replay(to=700, where="id in (7)")
    (after,) = gate.ports.ledger.outcomes("orders", [KEY])
    assert (after.fingerprint, bool(after.fingerprint)) == (before.fingerprint, True)


def test_a_run_after_an_error_judges_the_standing_version_and_not_landing(gate: Gate) -> None:
    gate.replay(to=700, where="id in (7)")
    with failing(gate.ports.store, "list_files", StoreUnreachable("no answer")):
        assert gate.run().settlement.outcome.value == "errored"
    assert gate.run().settlement.outcome.value == "published_with_quarantine"
    assert (700 in gate.visible, sorted(gate.quarantined)) == (True, [8, 9])


def test_another_contract_judges_the_standing_version_and_not_landing(gate: Gate) -> None:
    gate.replay(to=700, where="id in (7)")
    gate.contract = orders("1.1.0")
    gate.bad()
    assert gate.run().settlement.version == "1.1.0"
    assert (gate.visible[5:9], gate.visible[-1]) == ([6, 8, 9, 10], 700)


def test_a_version_that_was_judged_again_is_still_that_of_the_person_who_replayed(gate: Gate) -> None:
    gate.replay(to=700, where="id in (7)")
    gate.contract = orders("1.1.0")
    gate.run()
    assert "the landed files replace what ada replayed (fixed upstream)" in gate.run(force=True).settlement.why


def test_files_that_land_later_replace_a_replay_and_say_so(gate: Gate) -> None:
    gate.replay(to=700, where="id in (7)")
    gate.ports.store.land(KEY, range(1, 91))
    settled = gate.run().settlement
    assert "new files replace what ada replayed (fixed upstream)" in settled.why
    assert 700 not in gate.visible


def test_a_forced_run_judges_landing_and_says_that_it_undoes_a_replay(gate: Gate) -> None:
    gate.replay(to=700, where="id in (7)")
    settled = gate.run(force=True).settlement
    assert "the landed files replace what ada replayed (fixed upstream)" in settled.why
    assert (700 in gate.visible, sorted(gate.quarantined)) == (False, [7, 8, 9])


def test_landing_is_judged_where_the_replayed_version_is_gone_from_the_table(gate: Gate) -> None:
    gate.replay(to=700, where="id in (7)")
    gate.ports.warehouse.lose("orders", KEY)
    settled = gate.run().settlement
    assert "the landed files replace what ada replayed (fixed upstream)" in settled.why
    assert (len(gate.visible), settled.outcome.value) == (97, "published_with_quarantine")


def test_a_problem_lasts_while_rows_are_kept_back(gate: Gate) -> None:
    gate.bad()
    gate.replay(where="id in (7)")
    kept = [incident.cause for incident in gate.ports.ledger.incidents("orders")]
    gate.replay()
    assert (kept, gate.ports.ledger.incidents("orders")) == ([REQUIRED], ())


def test_rows_that_are_kept_back_are_a_reason_of_the_outcome(gate: Gate) -> None:
    gate.bad()
    assert "2 rows kept back in quarantine, not judged again" in gate.replay(where="id in (7)").why


def test_rows_are_replayed_although_their_files_are_gone_from_landing(gate: Gate) -> None:
    gate.ports.store.landed.clear()
    gate.bad()
    assert gate.replay().rows_published == 100


def test_a_held_replay_that_is_approved_is_published_with_its_rows(gate: Gate) -> None:
    gate.ports.store.land(KEY, range(201, 211))
    gate.bad(*range(201, 211))
    gate.run()
    gate.bad()
    assert gate.replay(where="").outcome.value == "held"
    decide(gate.contract, KEY, is_approved=True, who="ada", why="a small day", ports=gate.ports)
    assert gate.visible == list(range(201, 211))


# Discards


def test_a_discarded_row_is_counted_as_discarded_and_no_longer_as_quarantined(gate: Gate) -> None:
    gate.discard("id in (7, 8)")
    outcome = gate.outcome
    assert (outcome.rows_in, outcome.rows_published, outcome.rows_quarantined, outcome.rows_discarded) == (
        100,
        97,
        1,
        2,
    )


def test_a_discard_records_who_and_why(gate: Gate) -> None:
    gate.discard()
    (discard,) = gate.ports.ledger.discards(gate.outcome.attempt_id)
    assert (discard.who, discard.why, discard.rows) == ("ada", "test orders", 3)


def test_a_discarded_row_is_never_replayed(gate: Gate) -> None:
    gate.discard("id in (7)")
    gate.bad()
    gate.replay()
    assert (7 in gate.visible, gate.outcome.rows_in) == (False, 99)


def test_a_row_is_discarded_once(gate: Gate) -> None:
    gate.discard("id in (7)")
    with pytest.raises(CannotAct, match="no row in quarantine fits"):
        gate.discard("id in (7)")


def test_a_run_of_the_same_landed_files_does_not_bring_discarded_rows_back(gate: Gate) -> None:
    gate.discard("id in (7)")
    gate.contract = orders("1.1.0")
    gate.bad()
    gate.run()
    assert 7 not in gate.visible


def test_a_row_is_not_discarded_once_a_newer_attempt_may_have_taken_it(gate: Gate) -> None:
    opened = open_quarantine(gate.contract.dataset, KEY, ports=gate.ports)
    gate.replay()
    late = Discard(
        attempt_id=opened.standing.settlement.attempt_id,
        number=1,
        dataset="orders",
        partition_key=KEY,
        who="ada",
        why="late",
        at=gate.ports.clock.now(),
        condition="",
        positions=RowPositions.of([0]),
    )
    assert not gate.ports.ledger.discard_rows(late, seen_fence=opened.seen_fence)


def test_a_row_that_is_discarded_just_before_a_replay_opens_is_not_published(gate: Gate) -> None:
    ledger, open_attempt = gate.ports.ledger, gate.ports.ledger.open_attempt

    def discards_first(*arguments: object, **named: object) -> object:
        gate.discard("id in (7)")
        return open_attempt(*arguments, **named)  # type: ignore[arg-type]

    ledger.open_attempt = discards_first  # type: ignore[method-assign, assignment]
    gate.bad()
    gate.replay()
    assert (7 in gate.visible, gate.outcome.rows_published) == (False, 99)


# Proofs


def proof_of(gate: Gate) -> tuple[int, ...]:
    """Rows in, published, quarantined, discarded and superseded, of a partition whose counts agree."""
    (proof,) = gate.reconcile().proofs
    assert proof.holds
    rows = (proof.rows_published, proof.rows_quarantined, proof.rows_discarded, proof.rows_superseded)
    return (proof.rows_in, *rows)


def test_landed_rows_are_found_again_after_a_replay(gate: Gate) -> None:
    gate.bad(9)
    gate.replay()
    assert proof_of(gate) == (100, 99, 1, 0, 0)


def test_rows_that_were_discarded_before_a_replay_are_still_counted(gate: Gate) -> None:
    gate.discard("id in (7)")
    gate.replay(to=800, where="id in (8)")
    gate.discard("id in (9)")
    assert proof_of(gate) == (100, 98, 0, 2, 0)


def test_rows_that_a_file_replaced_are_superseded_and_its_own_count_as_rows_in(gate: Gate) -> None:
    gate.replay(file=gate.file(701, 702), where="id in (7, 8, 9)")
    assert proof_of(gate) == (102, 99, 0, 0, 3)


def test_a_row_that_a_replay_lost_would_be_seen(gate: Gate) -> None:
    gate.bad()
    gate.replay()
    settled = gate.outcome
    gate.ports.ledger._settlements[settled.attempt_id] = settled.model_copy(update={"rows_published": 99})
    assert [proof.holds for proof in gate.reconcile().proofs] == [False]


def compared(gate: Gate) -> tuple[bool | None, str]:
    """Whether the rows are those that landed, and why not."""
    (comparison,) = reconcile([gate.contract], ports=gate.ports, with_rows=True).compared
    return comparison.is_equal, comparison.why


def test_every_landed_row_is_found_again_by_its_content(gate: Gate) -> None:
    gate.bad(9)
    gate.replay()
    assert compared(gate) == (True, "")


def test_rows_that_people_changed_and_gave_up_are_found_again(gate: Gate) -> None:
    gate.discard("id in (7)")
    gate.replay(to=800, where="id in (8)")
    gate.replay(file=gate.file(901, 902), where="id in (9)")
    assert compared(gate) == (True, "")


def test_a_row_that_is_not_the_one_that_landed_is_found(gate: Gate) -> None:
    gate.ports.warehouse._rows["orders", KEY][0]["id"] = 4711
    assert compared(gate) == (False, "as many rows as landed were found, but not the same ones")


def test_rows_that_are_another_than_those_that_landed_are_a_difference(gate: Gate) -> None:
    gate.ports.warehouse._rows["orders", KEY].pop()
    found = reconcile([gate.contract], ports=gate.ports, with_rows=True)
    assert "100 rows landed, but 99 can be found; run it again" in [difference.what for difference in found.differences]


def test_rows_whose_files_are_gone_cannot_be_compared(gate: Gate) -> None:
    gate.ports.store.landed.clear()
    assert compared(gate) == (None, "its files are no longer in landing")


def test_rows_are_compared_only_if_that_is_asked_for(gate: Gate) -> None:
    assert gate.reconcile().compared == ()


# Positions


@given(st.sets(st.integers(0, 5000)), st.sets(st.integers(0, 5000)))
def test_positions_are_a_set_of_numbers(one: set[int], other: set[int]) -> None:
    first, second = RowPositions.of(one), RowPositions.of(other)
    assert (set(first.numbers()), first.count) == (one, len(one))
    assert set(first.union(second).numbers()) == one | other
    assert set(first.without(second).numbers()) == one - other


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 1000])
def test_the_first_positions_are_those_below_their_number(count: int) -> None:
    assert RowPositions.first(count) == RowPositions.of(range(count))


# Lists


def test_open_quarantine_is_listed_with_its_reasons(gate: Gate) -> None:
    (listed,) = quarantined_partitions(gate.ports.ledger)
    assert (listed.rows, [(reason.rule_id, reason.rows) for reason in listed.reasons]) == (3, [(REQUIRED, 3)])


def test_quarantine_is_still_listed_after_a_run_that_could_not_judge(gate: Gate) -> None:
    with failing(gate.ports.store, "list_files", StoreUnreachable("no answer")):
        gate.run()
    assert [listed.rows for listed in quarantined_partitions(gate.ports.ledger)] == [3]


@pytest.mark.parametrize("act", ["replay", "discard"])
def test_quarantine_without_open_rows_is_not_listed(gate: Gate, act: str) -> None:
    gate.bad()
    getattr(gate, act)()
    assert quarantined_partitions(gate.ports.ledger) == ()


# Kills

STEPS = [
    ("ledger", "open_attempt"),
    ("warehouse", "quarantined_file"),
    ("warehouse", "published_files"),
    ("rework", "assemble"),
    ("ledger", "record_replay"),
    ("validator", "validate"),
    ("validator", "split"),
    ("rework", "merge"),
    ("warehouse", "stage"),
    ("warehouse", "quarantine"),
    ("ledger", "record_validation"),
    ("ledger", "intend"),
    ("warehouse", "publish"),
    ("warehouse", "refresh_view"),
    ("ledger", "settle"),
    ("docs", "write_report"),
]


def every_row(gate: Gate) -> Counter[int]:
    """How often each row is published or in quarantine."""
    return Counter(gate.visible) + Counter(gate.quarantined.keys())


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("port", "verb"), STEPS)
def test_a_kill_anywhere_loses_and_doubles_no_row_and_reconcile_finishes_it(
    gate: Gate, port: str, verb: str, *, after: bool
) -> None:
    gate.bad(9)
    with failing(getattr(gate.ports, port), verb, Killed(), after=after), pytest.raises(Killed):
        gate.replay(where="id in (7, 9)")
    gate.restarted()

    found = gate.reconcile()

    left = [path for path in gate.ports.warehouse.staged_paths() if not path.endswith("-1.parquet")]  # of the first
    assert (found.differences, gate.ports.ledger.unfinished(), left) == ((), (), [])
    assert every_row(gate) == Counter(range(1, 101))
    assert [proof.holds for proof in found.proofs] == [True]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("port", "verb"), STEPS)
def test_a_replay_that_was_killed_can_be_repeated(gate: Gate, port: str, verb: str, *, after: bool) -> None:
    gate.bad(9)
    with failing(getattr(gate.ports, port), verb, Killed(), after=after), pytest.raises(Killed):
        gate.replay()
    gate.restarted()

    gate.replay()

    assert (gate.visible, list(gate.quarantined)) == ([id_ for id_ in range(1, 101) if id_ != 9], [9])
    states = Counter(gate.ports.ledger.states.values())
    assert set(states) <= {AttemptState.PUBLISHED, AttemptState.FAILED}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_discard_that_is_killed_counts_wholly_or_not_at_all(gate: Gate, *, after: bool) -> None:
    with failing(gate.ports.ledger, "discard_rows", Killed(), after=after), pytest.raises(Killed):
        gate.discard("id in (7)")
    outcome, found = gate.outcome, gate.reconcile()
    assert (outcome.rows_quarantined, outcome.rows_discarded) == ((2, 1) if after else (3, 0))
    assert (found.differences, [proof.holds for proof in found.proofs]) == ((), [True])
