"""One partition through the gate, with every port in memory: outcomes, errors, kills between any two steps."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from partition_gate.checks.compiling.compiled import CompiledDataset, compiled
from partition_gate.contracts.odcs.reader import read_contract
from partition_gate.core.errors import (
    CannotAct,
    CannotForget,
    MalformedPartitionKey,
    NothingDue,
    NotRecorded,
    OperatorError,
    StoreUnreachable,
    TableUnreadable,
    ViewsBusy,
)
from partition_gate.core.partition_key import NULL
from partition_gate.core.units import Month
from partition_gate.gate.discover import Discovered
from partition_gate.gate.dispose import Inspection
from partition_gate.gate.dry_run import dry_run
from partition_gate.gate.notify import announce
from partition_gate.gate.operations import decide, forget, held_version
from partition_gate.gate.pipeline import PartitionRun, RunResult, run_partition
from partition_gate.gate.reconcile import Reconciliation, reconcile
from partition_gate.gate.repair import ABANDONED_AFTER, Ending, repair
from partition_gate.gate.reports import write_report
from partition_gate.gate.spool import remove_abandoned_spools, spool_folder
from partition_gate.judging.attempt import AttemptState, Publication, Settlement, Staged
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.judging.verdict import CheckOutcome
from partition_gate.testing.builders import a_settlement
from partition_gate.testing.ledger import InMemoryLedger
from partition_gate.testing.ports import FakePorts, Killed, failing
from partition_gate.testing.warehouse import InMemoryWarehouse

KEY = "2026-11-01"
REQUIRED, UNIQUE, ROWS = "id.required", "id.unique", "rows"
UNREACHABLE = StoreUnreachable("s3://landing: it does not answer; check the endpoint")


@pytest.fixture(scope="module")
def contract() -> CompiledDataset:
    document = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "orders",
        "version": "1.0.0",
        "status": "active",
        "servers": [{"server": "landing", "type": "local", "path": "/landing/dt=*/*.parquet", "format": "parquet"}],
        "support": [
            {"channel": "#orders", "tool": "slack", "scope": "issues"},
            {"channel": "#users", "tool": "slack", "scope": "announcements"},
        ],
        "schema": [
            {
                "name": "orders",
                "properties": [
                    {"name": "dt", "logicalType": "date", "partitioned": True},
                    {"name": "id", "logicalType": "integer", "required": True, "unique": True},
                    {
                        "name": "amount",
                        "logicalType": "number",
                        "quality": [
                            {"id": "few_nulls", "metric": "nullValues", "mustBeLessThan": 10, "severity": "warning"}
                        ],
                    },
                ],
                "quality": [{"id": "rows", "metric": "rowCount", "mustBeGreaterThan": 0}],
            }
        ],
        "slaProperties": [{"property": "errorRate", "value": 10, "unit": "percent"}],
    }
    return compiled(read_contract(json.dumps(document), path="orders.odcs.yaml", folder="/contracts").dataset)


class Gate:
    """The gate over ports in memory, and what consumers, auditors and people can see of it."""

    def __init__(self, contract: CompiledDataset, folder: Path) -> None:
        self.contract = contract
        self.ports = FakePorts(folder / "spool", contract)

    def land(self, *ids: int, name: str = "part-0.parquet") -> None:
        self.ports.store.land(KEY, ids, name=name)

    def run(self, key: str = KEY) -> RunResult:
        return run_partition(self.contract, key, ports=self.ports)

    def outcome(self, key: str = KEY) -> str:
        return self.run(key).settlement.outcome.value

    def tasks(self) -> PartitionRun:
        """The steps as Airflow takes them, each in a process of its own."""
        return PartitionRun(self.contract, KEY, ports=self.ports)

    def inspected(self) -> Inspection:
        found = self.tasks().find_landed()
        assert isinstance(found, Discovered)
        inspection = self.tasks().inspect(found)
        assert isinstance(inspection, Inspection)
        return inspection

    def killed_while_it_published(self) -> str:
        """The attempt's id; storage may carry its commit out later, and nobody can know."""
        self.ports.warehouse.may_commit_late = True
        self.ports.validator.failing = {REQUIRED: {7}}
        with failing(self.ports.warehouse, "publish", Killed()), pytest.raises(Killed):
            self.run()
        self.ports.workers.own, self.ports.workers.running = "here/2/0.00", {"here/2/0.00"}
        (attempt_id,) = self.unfinished
        return attempt_id

    def reconcile(self) -> Reconciliation:
        return reconcile([self.contract], ports=self.ports)

    @property
    def visible(self) -> list[int]:
        return sorted(row["id"] for row in self.ports.warehouse.rows("orders"))

    @property
    def recorded(self) -> str | None:
        outcome = self.ports.ledger.outcome("orders", KEY)
        return outcome.outcome.value if outcome else None

    @property
    def told(self) -> list[str]:
        """Audience and first words of every message, oldest first."""
        announce(self.ports.ledger, self.ports.clock)
        entries = reversed(self.ports.ledger.messages())
        return [f"{entry.message.audience}: {entry.message.text.partition('.')[0]}" for entry in entries]

    def root(self, text: str) -> str:
        """The blocks of the only message with this text."""
        announce(self.ports.ledger, self.ports.clock)
        (message,) = [e.message for e in self.ports.ledger.messages() if text in e.message.text]
        return message.blocks

    @property
    def unfinished(self) -> list[str]:
        return [found.attempt.id for found in self.ports.ledger.unfinished()]

    @property
    def spooled(self) -> list[Path]:
        folder = self.ports.spool_folder
        return [path for path in folder.iterdir() if path.is_dir()] if folder.exists() else []


@pytest.fixture
def gate(contract: CompiledDataset, tmp_path: Path) -> Iterator[Gate]:
    gate = Gate(contract, tmp_path)
    gate.land(*range(1, 101))
    yield gate
    assert gate.spooled == []


# Outcomes


def test_a_clean_partition_is_published_and_its_view_shows_it(gate: Gate) -> None:
    assert (gate.outcome(), len(gate.visible), gate.recorded) == ("published", 100, "published")
    assert gate.ports.warehouse.stale_views([gate.contract.published]) == ()
    assert (gate.told, gate.unfinished) == ([], [])


def test_failing_rows_go_to_quarantine_and_the_rest_is_published(gate: Gate) -> None:
    gate.ports.validator.failing = {REQUIRED: {7}, UNIQUE: {7, 8}}

    settlement = gate.run().settlement

    assert (settlement.outcome, settlement.rows_in) == ("published_with_quarantine", 100)
    assert (settlement.rows_published, settlement.rows_quarantined) == (98, 2)
    assert [7 in gate.visible, 8 in gate.visible, 9 in gate.visible] == [False, False, True]
    assert [line.partition(":")[0] for line in gate.told] == ["producers", "consumers"]


def test_rows_that_break_only_a_warning_are_published(gate: Gate) -> None:
    gate.ports.validator.failing = {"few_nulls": {1, 2, 3}}

    assert (gate.outcome(), len(gate.visible)) == ("published", 100)
    assert gate.told == ["producers: orders 2026-11-01 was published with 1 warning"]


def test_more_failing_rows_than_allowed_reject_the_partition(gate: Gate) -> None:
    gate.ports.validator.failing = {REQUIRED: set(range(1, 12))}

    settlement = gate.run().settlement

    assert (settlement.outcome, settlement.rows_quarantined, gate.visible) == ("rejected", 100, [])
    assert gate.ports.warehouse.raw == {settlement.quarantine_uri: []}


def test_as_many_failing_rows_as_allowed_do_not_reject_it(gate: Gate) -> None:
    gate.ports.validator.failing = {REQUIRED: set(range(1, 11))}

    assert (gate.outcome(), len(gate.visible)) == ("published_with_quarantine", 90)


def test_a_broken_rule_of_the_whole_partition_rejects_it(gate: Gate) -> None:
    gate.ports.validator.broken = {ROWS}

    assert (gate.outcome(), gate.visible) == ("rejected", [])
    assert [line.partition(":")[0] for line in gate.told] == ["producers", "consumers"]


@pytest.mark.parametrize("rule", [REQUIRED, ROWS])
def test_what_cannot_be_known_rejects_the_partition(gate: Gate, rule: str) -> None:
    gate.ports.validator.unknown = {rule}

    settlement = gate.run().settlement

    assert (settlement.outcome, gate.visible) == ("rejected", [])
    assert "its column is missing" in settlement.why[0]


def test_a_failure_is_the_reason_and_what_follows_from_it_is_not_named_beside_it(gate: Gate) -> None:
    gate.ports.validator.broken, gate.ports.validator.unknown = {ROWS}, {REQUIRED}

    (why,) = gate.run().settlement.why

    assert why.startswith(ROWS)


@pytest.mark.parametrize("rule", [REQUIRED, ROWS])
def test_a_rule_that_could_not_be_judged_errors_the_partition_and_nothing_is_visible(gate: Gate, rule: str) -> None:
    gate.ports.validator.errored = {rule}

    assert (gate.outcome(), gate.visible, gate.recorded) == ("errored", [], "errored")
    assert gate.ports.warehouse.kept == {}


def test_a_partition_that_could_not_be_judged_is_judged_again(gate: Gate) -> None:
    gate.ports.validator.errored = {ROWS}
    gate.run()
    gate.ports.validator.errored = set()

    assert (gate.outcome(), len(gate.visible)) == ("published", 100)


def test_a_partition_that_shrinks_is_held_and_the_old_version_stays(gate: Gate) -> None:
    gate.run()
    gate.land(1, 2)

    assert gate.inspected().staged is None
    assert (gate.outcome(), len(gate.visible)) == ("held", 100)


def test_a_partition_without_files_is_missing(gate: Gate) -> None:
    gate.ports.store.landed.clear()

    assert (gate.outcome(), gate.recorded) == ("missing", "missing")
    assert [line.partition(":")[0] for line in gate.told] == ["producers", "consumers"]


def test_a_partition_that_vanishes_from_landing_stays_visible(gate: Gate) -> None:
    gate.run()
    gate.ports.store.landed.clear()

    assert (gate.outcome(), len(gate.visible)) == ("missing", 100)


# What a person typed


@pytest.mark.parametrize("key", ["2026-11-01/07", "2013-13-45", "", "2026-11-1", "infinity", "..", "2" * 240])
def test_a_key_that_has_no_value_is_answered_with_an_example_and_not_recorded(gate: Gate, key: str) -> None:
    with pytest.raises(MalformedPartitionKey, match="write a key such as 2026-11-01"):
        gate.run(key)
    with pytest.raises(MalformedPartitionKey, match="write a key such as 2026-11-01"):
        dry_run(gate.contract, key, ports=gate.ports)

    assert (gate.ports.ledger.latest(), gate.told, gate.unfinished) == ((), [], [])


def test_an_encoded_key_is_the_partition_that_it_names(gate: Gate) -> None:
    done = gate.run("2026%2D11%2D01")

    assert (done.settlement.partition_key, gate.recorded, len(gate.visible)) == (KEY, "published", 100)


@pytest.mark.parametrize("limits", [{"end_of_life": date(2026, 11, 1)}, {"calendar": "weekdays"}], ids=str)
def test_a_partition_that_nobody_promised_is_not_recorded(gate: Gate, limits: dict[str, object]) -> None:
    gate.ports.store.landed.clear()
    promised = gate.contract.dataset
    promised = promised.model_copy(update={"limits": promised.limits.model_copy(update=limits)})
    gate.contract = gate.contract.model_copy(update={"dataset": promised})

    with pytest.raises(NothingDue, match="expects no partition with this key"):
        gate.run(KEY)

    assert (gate.ports.ledger.latest(), gate.told, gate.unfinished) == ((), [], [])


def test_a_partition_of_no_date_that_did_not_land_is_not_recorded(gate: Gate) -> None:
    with pytest.raises(NothingDue, match="contains no date, so nothing expects it"):
        gate.run(NULL)

    assert (gate.ports.ledger.latest(), gate.told, gate.unfinished) == ((), [], [])


def test_a_key_that_the_warehouse_refuses_is_an_outcome_and_its_attempt_ends(gate: Gate) -> None:
    refusal = MalformedPartitionKey("orders: '2026-11-01' is not canonical")

    with failing(gate.ports.warehouse, "stage", refusal):
        assert gate.outcome() == "errored"

    assert (gate.unfinished, len(gate.told)) == ([], 1)


def test_a_partition_that_is_not_due_yet_is_not_recorded(gate: Gate) -> None:
    with pytest.raises(NothingDue, match="it is not due until 2026-11-03"):
        gate.run("2026-11-02")

    assert (gate.ports.ledger.latest(), gate.told, gate.unfinished) == ((), [], [])


# The same again


def test_the_same_bytes_again_change_nothing(gate: Gate) -> None:
    first = gate.run()

    again = gate.run()

    assert (again.already, again.settlement) == (True, first.settlement)
    assert gate.ports.ledger.fence("orders", KEY) == 1


def test_a_forced_run_judges_the_same_bytes_again_and_publishes_no_other_version(gate: Gate) -> None:
    first = gate.run()
    gate.ports.validator.broken = {ROWS}

    again = run_partition(gate.contract, KEY, ports=gate.ports, force=True)

    assert (again.already, again.settlement.outcome.value) == (False, "rejected")
    assert gate.ports.ledger.fence("orders", KEY) == 2
    assert len(gate.visible) == 100
    gate.ports.validator.broken = set()
    passed = run_partition(gate.contract, KEY, ports=gate.ports, force=True).settlement
    assert (passed.outcome.value, passed.table_version) == ("published", first.settlement.table_version)


@pytest.mark.parametrize(("days", "is_named"), [(29, True), (31, False)])
def test_consumers_of_a_missing_partition_learn_which_one_is_safe(gate: Gate, days: int, *, is_named: bool) -> None:
    gate.run()
    gate.ports.clock.forward(timedelta(days=days + 2))
    before, missing = (f"{date.fromisoformat(KEY) + timedelta(days=day)}" for day in (days - 1, days))
    gate.ports.store.land(before, (1,), name="part-0.parquet")
    gate.ports.validator.broken = {ROWS}

    assert (gate.outcome(before), gate.outcome(missing)) == ("rejected", "missing")
    assert (f"Newest partition that is safe*\\n`{KEY}`" in gate.root("has not arrived: it has no rows")) is is_named


def test_a_partition_that_is_still_missing_is_told_once(gate: Gate) -> None:
    gate.ports.store.landed.clear()

    first, again = gate.run(), gate.run()

    assert (first.settlement, len(gate.told)) == (again.settlement, 2)


def test_a_second_reason_for_an_error_replaces_the_first(gate: Gate) -> None:
    for why in ("the bucket is gone", "access is denied", "access is denied"):
        gate.ports.store.error = OperatorError(why)
        gate.run()

    assert gate.ports.ledger.outcome("orders", KEY).why == ("access is denied",)  # type: ignore[union-attr]
    assert gate.ports.ledger.fence("orders", KEY) == 2


def test_bad_bytes_that_come_back_are_the_outcome_again_and_told_again(gate: Gate) -> None:
    gate.ports.validator.failing = {REQUIRED: set(range(1001, 1021))}
    outcomes = []
    for ids in (range(1001, 1101), range(1, 101), range(1001, 1101)):
        gate.land(*ids)
        outcomes.append(gate.outcome())
        announce(gate.ports.ledger, gate.ports.clock)

    assert (outcomes, gate.recorded) == (["rejected", "published", "rejected"], "rejected")
    marks = [line.removeprefix("producers: ")[0] for line in gate.told if line.startswith("producers: ")]
    assert [mark for mark in marks if mark != "o"] == ["\u2705", "\U0001f534"]
    assert gate.visible == list(range(1, 101))


def test_good_bytes_that_come_back_are_published_again_without_another_version(gate: Gate) -> None:
    gate.ports.validator.failing = {REQUIRED: set(range(1001, 1021))}
    outcomes = []
    for ids in (range(1, 101), range(1001, 1101), range(1, 101)):
        gate.land(*ids)
        outcomes.append(gate.outcome())

    assert (outcomes, gate.recorded) == (["published", "rejected", "published"], "published")
    assert gate.ports.warehouse.current("orders", KEY).fence == 1  # type: ignore[union-attr]


def test_a_recorded_outcome_whose_rows_are_no_longer_visible_is_not_repeated(gate: Gate) -> None:
    gate.run()
    gate.ports.warehouse.lose("orders", KEY)

    again = gate.run()

    assert (again.already, len(gate.visible)) == (False, 100)


def test_a_late_file_replaces_the_whole_partition(gate: Gate) -> None:
    gate.run()
    gate.land(200, 201, name="part-1.parquet")

    assert (gate.outcome(), len(gate.visible)) == ("published", 102)


def test_the_clock_going_back_does_not_bring_an_older_outcome_back(gate: Gate) -> None:
    gate.run()
    gate.ports.clock.forward(timedelta(hours=-2))
    gate.ports.validator.broken = {ROWS}
    gate.land(*range(1, 110))

    assert (gate.outcome(), gate.recorded) == ("rejected", "rejected")


# Two at once


def test_a_run_whose_listing_is_older_than_anothers_lists_again(gate: Gate) -> None:
    found = gate.tasks().find_landed()
    assert isinstance(found, Discovered)
    gate.land(*range(200, 250), name="part-1.parquet")
    gate.run()

    again = gate.tasks().inspect(found)

    assert isinstance(again, Settlement)
    assert (again.rows_in, len(gate.visible)) == (150, 150)


def test_an_attempt_that_a_newer_one_overtook_is_superseded_and_changes_nothing(gate: Gate) -> None:
    older = gate.inspected()
    gate.land(*range(200, 250), name="part-1.parquet")
    gate.run()

    settled = gate.tasks().settle(older)

    assert (settled.settlement.outcome, settled.is_new_version) == ("superseded", False)
    assert (len(gate.visible), gate.recorded, gate.told, gate.unfinished) == (150, "published", [], [])
    assert gate.ports.warehouse.staged_paths() == []


def test_a_newer_attempt_that_has_not_published_yet_stops_an_older_one(gate: Gate) -> None:
    older = gate.inspected()
    newer = gate.inspected()

    outcomes = [gate.tasks().settle(each).settlement.outcome.value for each in (older, newer)]

    assert (outcomes, gate.recorded) == (["superseded", "published"], "published")


def test_files_that_are_replaced_while_they_are_read_are_judged_as_they_are_then(gate: Gate) -> None:
    def replace() -> None:
        gate.ports.store.while_spooling = lambda: None
        gate.land(*range(1, 61))

    gate.ports.store.while_spooling = replace

    assert (gate.outcome(), len(gate.visible), gate.unfinished) == ("published", 60, [])


def test_a_partition_that_never_stops_changing_is_an_error_that_says_so(gate: Gate) -> None:
    sizes = iter(range(10, 100))
    gate.ports.store.while_spooling = lambda: gate.land(*range(next(sizes)))

    settlement = gate.run().settlement

    assert (settlement.outcome, gate.visible, gate.unfinished) == ("errored", [], [])
    assert "changed 5 times" in settlement.why[0]


# Errors


@pytest.mark.parametrize(
    ("port", "verb"),
    [
        ("store", "list_files"),
        ("store", "spool"),
        ("validator", "validate"),
        ("validator", "split"),
        ("warehouse", "stage"),
        ("warehouse", "publish"),
    ],
)
def test_an_error_before_the_commit_is_recorded_and_told_and_the_attempt_ends(gate: Gate, port: str, verb: str) -> None:
    with failing(getattr(gate.ports, port), verb, UNREACHABLE):
        settlement = gate.run().settlement

    assert (settlement.outcome, settlement.why) == ("errored", (str(UNREACHABLE),))
    assert (gate.recorded, gate.visible, gate.unfinished, len(gate.told)) == ("errored", [], [], 1)
    assert gate.outcome() == "published"


@pytest.mark.parametrize("step", ["arrive", "inspect", "settle"])
def test_in_airflow_the_same_error_is_recorded_and_the_task_is_red(gate: Gate, step: str) -> None:
    found, inspection = gate.tasks().find_landed(), gate.inspected()
    assert isinstance(found, Discovered)
    verbs = {"arrive": "list_files", "inspect": "spool", "settle": "publish"}
    target = gate.ports.warehouse if step == "settle" else gate.ports.store
    arguments = {"arrive": (), "inspect": (found,), "settle": (inspection,)}[step]

    with failing(target, verbs[step], UNREACHABLE), pytest.raises(StoreUnreachable):
        getattr(gate.tasks(), step)(*arguments)

    assert (gate.recorded, len(gate.told), gate.visible) == ("errored", 1, [])


def test_a_retry_of_a_settle_task_that_failed_judges_again_and_publishes(gate: Gate) -> None:
    inspection = gate.inspected()
    with failing(gate.ports.warehouse, "publish", UNREACHABLE), pytest.raises(StoreUnreachable):
        gate.tasks().settle(inspection)

    settled = gate.tasks().settle(inspection)

    assert (settled.settlement.outcome, settled.is_new_version, gate.recorded) == ("published", True, "published")
    assert gate.unfinished == []


def test_what_was_judged_against_another_visible_version_is_judged_again(gate: Gate) -> None:
    """An attempt that meant to publish before ours was opened commits after ours was judged: ours shrinks it by far."""
    older = gate.inspected()
    gate.land(1, 2)
    publish = gate.ports.warehouse.publish
    newer = gate.inspected()
    assert older.staged is not None
    publish(
        gate.contract.published,
        older.staged,
        idempotency_key=older.attempt.idempotency_key,
        fence=older.attempt.fence,
        values=[("dt", KEY)],
    )

    settled = gate.tasks().settle(newer)

    assert (settled.settlement.outcome, len(gate.visible)) == ("held", 100)


def test_a_commit_whose_answer_was_lost_is_published(gate: Gate) -> None:
    with failing(gate.ports.warehouse, "publish", UNREACHABLE, after=True):
        assert gate.outcome() == "published"

    assert (gate.recorded, len(gate.visible)) == ("published", 100)


def test_a_commit_that_nobody_can_look_up_is_not_called_an_error(gate: Gate) -> None:
    inspection = gate.inspected()
    lost = failing(gate.ports.warehouse, "publish", UNREACHABLE, after=True)
    silent = failing(gate.ports.warehouse, "current", UNREACHABLE, calls=1)

    with lost, silent, pytest.raises(NotRecorded, match="it is unknown whether"):
        gate.tasks().settle(inspection)

    assert (gate.recorded, len(gate.visible)) == (None, 100)
    assert (gate.outcome(), gate.recorded, gate.unfinished) == ("published", "published", [])


def test_a_ledger_that_fails_after_the_commit_is_told_by_the_next_run_of_any_partition(gate: Gate) -> None:
    gate.ports.validator.failing = {REQUIRED: {7}}
    with failing(gate.ports.ledger, "settle", OperatorError("locked")), pytest.raises(NotRecorded, match="99 rows are"):
        gate.run()
    assert (gate.recorded, len(gate.visible)) == (None, 99)

    gate.ports.store.land("2026-10-31", [1, 2])
    gate.run("2026-10-31")

    assert (gate.recorded, gate.unfinished) == ("published_with_quarantine", [])
    assert [line.partition(":")[0] for line in gate.told] == ["producers", "consumers"]


def test_a_ledger_that_never_answers_is_the_error_itself(gate: Gate) -> None:
    locked = failing(gate.ports.ledger, "open_attempt", OperatorError("the ledger is locked"))
    with locked, pytest.raises(OperatorError, match="the ledger is locked"):
        gate.run()

    assert (gate.visible, gate.recorded) == ([], None)


def test_a_view_that_cannot_be_written_is_made_good_by_the_next_run(gate: Gate) -> None:
    with failing(gate.ports.warehouse, "refresh_view", OperatorError("busy")):
        assert gate.outcome() == "published"
    stale = gate.ports.warehouse.stale_views([gate.contract.published])

    gate.run()

    assert (stale, gate.ports.warehouse.stale_views([gate.contract.published])) == (("orders",), ())
    assert gate.unfinished == []


def test_a_run_of_one_dataset_finishes_another_of_its_contract_with_its_own_table(tmp_path: Path) -> None:
    columns = [{"name": "dt", "logicalType": "date", "partitioned": True}, {"name": "id", "logicalType": "integer"}]
    document = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "shop",
        "version": "1.0.0",
        "status": "active",
        "servers": [{"server": "x", "type": "local", "path": "/landing/{schema}/dt=*/*.parquet", "format": "parquet"}],
        "schema": [{"name": name, "properties": columns} for name in ("orders", "lines")],
    }
    text = json.dumps(document)
    shop = read_contract(text, path="shop.odcs.yaml", folder="/contracts").datasets
    orders, lines = map(compiled, shop)
    ports = FakePorts(tmp_path / "spool", orders, lines)
    ports.store.land(KEY, [1])
    with failing(ports.warehouse, "refresh_view", OperatorError("busy")):
        run_partition(lines, KEY, ports=ports)

    run_partition(orders, KEY, ports=ports)

    assert ports.warehouse.stale_views([orders.published, lines.published]) == ()
    assert ports.ledger.unfinished() == ()


def test_a_run_whose_view_comes_later_says_so_and_has_settled_and_told(gate: Gate) -> None:
    gate.ports.validator.failing = {REQUIRED: {7}}
    with failing(gate.ports.warehouse, "refresh_view", ViewsBusy("warehouse.duckdb: process 7 has been writing it")):
        done = gate.run()
        left = gate.reconcile()

    assert (done.settlement.outcome.value, gate.recorded) == ("published_with_quarantine",) * 2
    assert done.view_problem is not None
    assert "published, but the consumers' view does not show it yet: warehouse.duckdb: process 7" in done.view_problem
    assert [line.partition(":")[0] for line in gate.told] == ["producers", "consumers"]
    assert {each.what.partition(":")[0] for each in left.differences} == {
        "attempt orders-2026-11-01-1 could not be finished",
        "the consumers' view is out of date",
    }
    assert gate.reconcile().differences == ()


def test_a_table_that_cannot_be_read_is_asked_once_however_many_of_its_attempts_are_unfinished(gate: Gate) -> None:
    keys = ["2026-10-28", "2026-10-29", "2026-10-30"]
    for key in keys:
        gate.ports.store.land(key, [1])
        with failing(gate.ports.warehouse, "refresh_view", ViewsBusy("busy")):
            gate.run(key)
    asked: list[str] = []

    class Broken(InMemoryWarehouse):
        def current(self, table: str, partition_key: str) -> Publication | None:
            asked.append(partition_key)
            raise TableUnreadable(f"{table}: its _delta_log cannot be read")

    gate.ports.warehouse = Broken()
    found = repair(gate.ports)

    assert (len(found), {each.ending for each in found}, len(asked)) == (3, {Ending.UNKNOWN}, 1)


def test_a_run_writes_its_report_and_the_page_of_its_month(gate: Gate) -> None:
    settlement = gate.run().settlement

    assert gate.ports.docs.pages == [settlement.attempt_id]
    assert gate.ports.docs.months == {("orders", Month.of(settlement.settled_at)): (settlement.attempt_id,)}


def test_an_attempt_that_judged_nothing_has_no_report_and_is_in_its_month(gate: Gate) -> None:
    gate.ports.validator.error = OperatorError("no memory")
    errored = gate.run().settlement

    assert write_report(errored, ports=gate.ports) is None
    assert list(gate.ports.docs.months.values()) == [(errored.attempt_id,)]


def test_a_report_shows_the_partitions_before_by_their_outcome_and_its_own_attempt(gate: Gate) -> None:
    gate.ports.validator.failing = {REQUIRED: {7}}
    first = gate.run().settlement
    gate.ports.validator.failing = {}
    gate.land(*range(1, 90))
    second = gate.run().settlement
    later = f"{date.fromisoformat(KEY) + timedelta(days=1)}"
    gate.ports.store.land(later, (1,), name="part-0.parquet")
    gate.run(later)

    shown = {report.settlement.attempt_id: report.recent for report in gate.ports.docs.reports}

    assert [(each.settlement.attempt_id, dict(each.not_passed)) for each in shown[first.attempt_id]] == [
        (first.attempt_id, {REQUIRED: CheckOutcome.FAILED})
    ]
    *_, newest = shown.values()
    assert [each.settlement.partition_key for each in newest] == [KEY, later]
    assert newest[0].settlement == second
    gate.land(*range(1, 95))
    gate.run()
    assert [each.settlement.partition_key for each in gate.ports.docs.reports[-1].recent] == [KEY]


def test_a_report_that_cannot_be_written_does_not_change_the_outcome(gate: Gate) -> None:
    with failing(gate.ports.docs, "write_report", OperatorError("disk full")):
        assert gate.outcome() == "published"


# Kills

STEPS = [
    ("store", "list_files"),
    ("ledger", "open_attempt"),
    ("store", "spool"),
    ("validator", "validate"),
    ("validator", "split"),
    ("warehouse", "stage"),
    ("warehouse", "quarantine"),
    ("ledger", "record_validation"),
    ("ledger", "intend"),
    ("warehouse", "publish"),
    ("warehouse", "refresh_view"),
    ("ledger", "settle"),
    ("docs", "write_report"),
]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("port", "verb"), STEPS)
def test_a_kill_anywhere_is_finished_by_the_next_run_and_everything_agrees(
    gate: Gate, port: str, verb: str, *, after: bool
) -> None:
    gate.ports.validator.failing = {REQUIRED: {7}}
    with failing(getattr(gate.ports, port), verb, Killed(), after=after), pytest.raises(Killed):
        gate.run()
    gate.ports.workers.own, gate.ports.workers.running = "here/2/0.00", {"here/2/0.00"}

    outcome = gate.outcome()
    found = gate.reconcile()

    assert (outcome, gate.recorded, len(gate.visible)) == ("published_with_quarantine",) * 2 + (99,)
    assert (gate.unfinished, found.differences) == ([], ())
    assert (gate.ports.warehouse.staged_paths(), len(gate.ports.warehouse.kept)) == ([], 1)
    assert [proof.holds for proof in found.proofs] == [True]
    assert sorted(line.partition(":")[0] for line in gate.told) == ["consumers", "producers"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("port", "verb"), STEPS)
def test_after_a_kill_reconcile_alone_makes_everything_agree(gate: Gate, port: str, verb: str, *, after: bool) -> None:
    gate.ports.validator.failing = {REQUIRED: {7}}
    with failing(getattr(gate.ports, port), verb, Killed(), after=after), pytest.raises(Killed):
        gate.run()
    gate.ports.workers.own, gate.ports.workers.running = "here/2/0.00", {"here/2/0.00"}

    found = gate.reconcile()

    assert (found.differences, gate.unfinished, gate.ports.warehouse.staged_paths()) == ((), [], [])
    assert len(gate.ports.warehouse.kept) == (1 if gate.visible else 0)
    assert bool(gate.visible) == (gate.recorded == "published_with_quarantine")


def test_an_attempt_that_a_live_process_works_on_is_left_alone(gate: Gate) -> None:
    inspection = gate.inspected()
    gate.ports.ledger.advance(inspection.attempt.id, AttemptState.VALIDATED, now=gate.ports.clock.now())

    repair(gate.ports)

    assert gate.unfinished == [inspection.attempt.id]


def test_an_attempt_between_two_tasks_is_left_alone_until_nothing_may_wait_so_long(gate: Gate) -> None:
    inspection = gate.inspected()
    gate.ports.ledger.hand_over(inspection.attempt.id)
    gate.ports.workers.running = set()

    repair(gate.ports)
    early = gate.unfinished
    gate.ports.clock.forward(ABANDONED_AFTER + timedelta(seconds=1))
    repair(gate.ports)

    assert (early, gate.unfinished) == ([inspection.attempt.id], [])


def test_rows_of_a_commit_that_may_come_late_are_removed_when_a_newer_version_is_visible(gate: Gate) -> None:
    failed = gate.killed_while_it_published()

    repair(gate.ports)
    waiting = (len(gate.ports.warehouse.staged_paths()), len(gate.ports.warehouse.kept))
    gate.run()
    repair(gate.ports)

    assert waiting == (1, 1)
    assert (gate.ports.warehouse.staged_paths(), len(gate.ports.warehouse.kept)) == ([], 1)
    assert gate.ports.ledger.states[failed] == AttemptState.SUPERSEDED


def test_rows_of_a_commit_that_came_never_are_removed_after_the_longest_attempt(gate: Gate) -> None:
    gate.killed_while_it_published()
    repair(gate.ports)
    waiting = gate.ports.warehouse.staged_paths()

    gate.ports.clock.forward(ABANDONED_AFTER + timedelta(seconds=1))
    repair(gate.ports)

    assert (len(waiting), gate.ports.warehouse.staged_paths(), gate.ports.warehouse.kept) == (1, [], {})


def test_a_visible_version_of_another_attempt_does_not_finish_one_that_was_killed(gate: Gate) -> None:
    published = gate.run().settlement.attempt_id
    gate.land(*range(1, 102))
    gate.killed_while_it_published()

    (repaired,) = repair(gate.ports)
    current = gate.ports.ledger.outcome("orders", KEY)

    assert (repaired.ending, current and current.attempt_id) == (Ending.FAILED, published)


def test_a_ledger_that_was_lost_hands_out_greater_fences_than_the_table_has_seen(gate: Gate) -> None:
    gate.run()
    gate.ports.ledger = InMemoryLedger()
    gate.land(*range(1, 102))

    assert (gate.outcome(), len(gate.visible)) == ("published", 101)


def test_a_table_with_another_number_of_rows_than_recorded_is_a_difference(gate: Gate) -> None:
    gate.run()
    warehouse = gate.ports.warehouse
    before = warehouse.current("orders", KEY)
    assert before is not None
    warehouse.lose("orders", KEY)
    staged = Staged(
        table="orders", partition_key=KEY, attempt_id=before.attempt_id, files=(), rows=99, row_hash="0", columns=()
    )
    warehouse.publish(
        gate.contract.published,
        staged,
        idempotency_key=before.idempotency_key,
        fence=before.fence,
        values=[("dt", KEY)],
    )

    (difference,) = gate.reconcile().differences

    assert difference.what == "99 rows are visible, but the ledger records 100; run it again"


def test_an_outcome_whose_rows_are_visible_is_not_forgotten(gate: Gate) -> None:
    gate.run()

    with pytest.raises(CannotForget, match="100 rows are visible in this partition"):
        forget(gate.contract, KEY, who="ann", why="typo", ports=gate.ports)

    assert gate.recorded == "published"


def test_an_attempt_that_cannot_be_looked_at_stops_no_other_partition(gate: Gate) -> None:
    with failing(gate.ports.ledger, "settle", OperatorError("locked")), pytest.raises(NotRecorded):
        gate.run()
    gate.ports.store.land("2026-10-31", [1, 2])

    with failing(gate.ports.ledger, "intent", OperatorError("unreadable")):
        assert gate.outcome("2026-10-31") == "published"


def test_a_spool_folder_is_swept_as_soon_as_its_owner_is_gone_and_a_live_one_is_not(tmp_path: Path) -> None:
    killed_early, killed_later = tmp_path / "killed-early", tmp_path / "killed-later"
    for folder in (killed_early, killed_later):
        folder.mkdir()
    (killed_later / ".lock").touch()

    with spool_folder(tmp_path, "orders-2026-11-01-2") as live:
        assert (remove_abandoned_spools(tmp_path), live.exists()) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_spool_folder_that_is_being_made_is_not_swept(tmp_path: Path) -> None:
    being_made = tmp_path / "being-made"
    being_made.mkdir()

    with (tmp_path / ".lock").open("a") as making:
        fcntl.flock(making, fcntl.LOCK_SH)
        assert (remove_abandoned_spools(tmp_path), being_made.exists()) == (0, True)
    assert (remove_abandoned_spools(tmp_path), being_made.exists()) == (1, False)


# By hand


def test_a_dry_run_shows_what_a_run_would_say_and_records_nothing(gate: Gate) -> None:
    gate.ports.validator.failing = {REQUIRED: {7}}

    tried = dry_run(gate.contract, KEY, ports=gate.ports)

    settlement = tried.settlement
    assert (settlement.outcome, settlement.rows_published, settlement.rows_quarantined) == (
        "published_with_quarantine",
        99,
        1,
    )
    assert {result.rule_id for result in tried.results} >= {REQUIRED, UNIQUE}
    assert (gate.recorded, gate.visible, gate.told, gate.ports.ledger.fence("orders", KEY)) == (None, [], [], 0)
    assert (gate.ports.warehouse.kept, gate.ports.warehouse.staged_paths()) == ({}, [])


def test_an_outcome_that_should_never_have_been_is_forgotten_with_who_and_why(gate: Gate) -> None:
    gate.ports.store.landed.clear()
    gate.run()

    forgotten = forget(gate.contract, "2026%2D11-01", who="ann", why="typo", ports=gate.ports)

    assert (gate.recorded, gate.told, gate.ports.ledger.forgotten) == (None, [], [forgotten])


def test_an_outcome_under_a_key_that_has_no_value_can_be_forgotten(gate: Gate) -> None:
    wrong = a_settlement(partition_key="2013-13-45", outcome=PartitionOutcome.MISSING)
    gate.ports.ledger.settle(wrong)

    assert forget(gate.contract, "2013-13-45", who="ann", why="typo", ports=gate.ports).attempt_id == wrong.attempt_id


@pytest.fixture
def held(gate: Gate) -> Gate:
    """100 rows are published, and files with 10 rows wait for a decision."""
    gate.run()
    gate.land(*range(1, 11))
    assert gate.outcome() == "held"
    return gate


def decided(gate: Gate, *, is_approved: bool) -> Settlement:
    return decide(gate.contract, KEY, is_approved=is_approved, who="ann", why="a holiday", ports=gate.ports).settlement


def test_a_held_version_that_a_person_approves_is_published(held: Gate) -> None:
    assert (decided(held, is_approved=True).outcome, held.visible) == ("published", list(range(1, 11)))


def test_a_held_version_says_which_values_of_the_key_are_gone(held: Gate) -> None:
    outcome = held_version(held.contract, KEY, ports=held.ports)

    gone = "100 (1 row), 11 (1 row), 12 (1 row), 13 (1 row), 14 (1 row)"
    assert outcome.why[1:] == (f"id: 100 values before, 10 now; 90 are gone: {gone} and 85 more",)


def test_a_version_whose_key_cannot_be_compared_is_held_all_the_same(gate: Gate) -> None:
    gate.run()
    gate.land(1, 2)

    with failing(gate.ports.warehouse, "copy_rows", StoreUnreachable("no answer")):
        settlement = gate.run().settlement

    assert (settlement.outcome, settlement.why[1:]) == (
        "held",
        ("the values of id could not be compared with the visible version",),
    )


def test_a_held_version_that_a_person_rejects_stays_out_and_says_who_and_why(held: Gate) -> None:
    settlement = decided(held, is_approved=False)

    assert (settlement.outcome, settlement.why[0]) == ("rejected", "rejected by ann: a holiday")
    assert len(held.visible) == 100


def test_a_decision_is_about_the_files_that_were_held_and_no_others(held: Gate) -> None:
    held.land(*range(1, 6))

    assert decided(held, is_approved=True).outcome == "held"


def test_only_a_held_partition_can_be_decided(gate: Gate) -> None:
    gate.run()

    with pytest.raises(CannotAct, match="orders 2026-11-01 is not held, so there is nothing to decide"):
        decided(gate, is_approved=True)


def test_rows_that_are_visible_and_not_recorded_are_a_difference_until_the_partition_is_run_again(gate: Gate) -> None:
    gate.run()
    gate.ports.ledger = type(gate.ports.ledger)()

    before = gate.reconcile()
    gate.run()

    assert ["the ledger has no record of them" in found.what for found in before.differences] == [True]
    assert (gate.reconcile().differences, gate.recorded) == ((), "published")


def test_rows_that_are_recorded_and_not_visible_are_a_difference(gate: Gate) -> None:
    gate.run()
    gate.ports.warehouse.lose("orders", KEY)

    assert ["no such partition" in found.what for found in gate.reconcile().differences] == [True]


def test_a_folder_in_landing_that_no_key_leads_to_is_a_difference_and_hides_no_other(gate: Gate) -> None:
    gate.ports.store.refused = [("dt=2026-13-01", "month 13; rename it")]
    gate.run()

    (found,) = gate.reconcile().differences

    assert (found.dataset, "dt=2026-13-01 is never judged: month 13" in found.what) == ("orders", True)


def test_a_landing_that_cannot_be_listed_stops_no_comparison(gate: Gate) -> None:
    gate.run()

    with failing(gate.ports.store, "partition_keys", UNREACHABLE):
        assert gate.reconcile().differences == ()
