"""A pass of the watch with every port in memory: what it settles, asks for and records, and what cannot stop it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.unit.test_odcs import minimal, read

from partition_gate.alerts.dataset_problems import GATE
from partition_gate.checks.compiling.compiled import CompiledDataset, compiled
from partition_gate.contract.readiness import Wait
from partition_gate.core.errors import AccessDenied, AmbiguousPartition, StoreUnreachable
from partition_gate.core.partition import LandedKeys, Location
from partition_gate.gate.look import WantedRun, WatchPlan
from partition_gate.gate.pipeline import PartitionRun, run_partition
from partition_gate.gate.watch import WatchPass, watch
from partition_gate.incidents.actions import Action, ActionKind
from partition_gate.incidents.model import IncidentState, ProblemKind
from partition_gate.judging.attempt import AttemptState, Settlement
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.testing.builders import NOON, a_claim
from partition_gate.testing.ports import FakePorts, FakeStore, Killed, failing
from partition_gate.watching.heartbeat import STOPPED, Heartbeat

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LATENCY = [{"property": "latency", "value": 4, "unit": "h"}]
JUDGES = WatchPlan(judges=True)


def a_contract(name: str = "orders", **changes: Any) -> CompiledDataset:
    """A daily dataset, due at 04:00; NOON of the fakes is 2026-11-02."""
    servers = [{"server": "x", "type": "local", "path": f"/{name}/dt=*/*.parquet", "format": "parquet"}]
    schema = [{"name": name, "properties": [{"name": "dt", "logicalType": "date", "partitioned": True}, *_ID]}]
    document = {"id": name, "servers": servers, "schema": schema, "slaProperties": LATENCY, **changes}
    return compiled(read(minimal(**document)))


_ID = [{"name": "id", "logicalType": "integer", "required": True}]


class StoreByRoot(FakeStore):
    """Landing of several datasets: what happens when the folders below a root are listed."""

    def __init__(self) -> None:
        super().__init__()
        self.listing: dict[str, Callable[[], LandedKeys]] = {}
        self.listed: list[str] = []

    def partition_keys(self, location: Location, **named: Any) -> LandedKeys:
        self.listed.append(location.root)
        listing = self.listing.get(location.root)
        return listing() if listing else super().partition_keys(location, **named)


class Watch:
    """The watch over contracts in memory, and what came of it."""

    def __init__(self, folder: Path, *contracts: CompiledDataset) -> None:
        self.contracts = contracts or (a_contract(),)
        self.ports = FakePorts(folder / "spool", *self.contracts)
        self.store = self.ports.store = StoreByRoot()

    def look(self, plan: WatchPlan | None = None, *, broken: tuple[tuple[str, str], ...] = ()) -> WatchPass:
        return watch(self.contracts, broken, plan=plan or WatchPlan(), ports=self.ports)

    def run(self, key: str) -> Settlement:
        return run_partition(self.contracts[0], key, ports=self.ports).settlement

    @property
    def recorded(self) -> dict[str, str]:
        return {settled.partition_key: settled.outcome.value for settled in self.ports.ledger.latest()}

    @property
    def problems(self) -> set[tuple[str, str]]:
        return {(incident.dataset, incident.cause) for incident in self.ports.ledger.incidents()}


@pytest.fixture
def gate(tmp_path: Path) -> Watch:
    return Watch(tmp_path)


def keys(found: WatchPass) -> list[str]:
    return [run.key for run in found.wanted]


# Missing


def test_a_partition_that_never_came_is_settled_as_missing_once(gate: Watch):
    gate.store.land("2026-10-31", [1])

    first, second = gate.look(), gate.look()

    assert [settled.partition_key for settled in first.missing] == ["2026-11-01"]
    assert (gate.recorded, second.missing) == ({"2026-11-01": "missing"}, ())


def test_before_its_deadline_nothing_is_settled(gate: Watch):
    gate.store.land("2026-10-31", [1])
    gate.ports.clock.forward(-9 * HOUR)

    assert (gate.look().missing, gate.recorded) == ((), {})


def test_a_partition_that_its_producer_has_not_declared_complete_is_missing(tmp_path: Path):
    marker = [{"property": "readiness", "value": "success_marker"}, {"property": "startDate", "value": "2026-11-01"}]
    gate = Watch(tmp_path, a_contract(customProperties=marker))
    gate.store.land("2026-11-01", [1])

    found = gate.look()

    assert (keys(found), gate.recorded) == ([], {"2026-11-01": "missing"})
    assert "_SUCCESS is missing" in found.missing[0].why[0]


def test_a_partition_that_another_run_settles_in_this_moment_is_not_settled_as_errored(gate: Watch):
    def another_run_opens_an_attempt() -> None:
        claim = a_claim(key="2026-11-01")
        gate.ports.ledger.open_attempt(claim, idempotency_key="", after_fence=0, now=NOON)

    gate.store.before_listing = another_run_opens_an_attempt
    arrival = PartitionRun(gate.contracts[0], "2026-11-01", ports=gate.ports).arrive()

    assert isinstance(arrival, Wait)
    assert gate.recorded == {}


def test_an_overdue_partition_that_a_run_works_on_is_left_to_it(gate: Watch):
    gate.store.land("2026-10-31", [1])
    claim = a_claim(key="2026-11-01").model_copy(update={"owner": gate.ports.workers.own})
    gate.ports.ledger.open_attempt(claim, idempotency_key="", after_fence=0, now=NOON)

    assert (gate.look().missing, gate.recorded) == ((), {})


# Landed and changed


def test_what_landed_is_asked_for_until_it_has_an_outcome(gate: Watch):
    gate.store.land("2026-11-01", [1])

    before, again = gate.look(), gate.look()
    gate.run("2026-11-01")

    assert (keys(before), before.wanted == again.wanted, keys(gate.look())) == (["2026-11-01"], True, [])


def test_a_partition_that_lands_after_it_was_missing_is_asked_for(gate: Watch):
    gate.store.land("2026-10-31", [1])
    gate.look()
    gate.store.land("2026-11-01", [1])

    assert keys(gate.look()) == ["2026-10-31", "2026-11-01"]


def test_files_that_still_arrive_are_left_alone_and_counted(tmp_path: Path):
    slow = [{"property": "readiness", "value": "quiet:2d"}]
    gate = Watch(tmp_path, a_contract(customProperties=slow))
    gate.store.land("2026-11-01", [1])

    found = gate.look()

    assert (keys(found), found.incomplete, gate.recorded) == ([], 1, {})


def test_what_is_asked_for_or_missing_is_not_counted_as_still_arriving(tmp_path: Path):
    marker = [{"property": "readiness", "value": "success_marker"}, {"property": "startDate", "value": "2026-11-01"}]
    late = Watch(tmp_path, a_contract(customProperties=marker))
    late.store.land("2026-11-01", [1])
    complete = Watch(tmp_path)
    complete.store.land("2026-11-01", [1])

    assert [(len(keys(it)), len(it.missing), it.incomplete) for it in (late.look(), complete.look())] == [
        (0, 1, 0),
        (1, 0, 0),
    ]


def test_a_partition_that_a_run_works_on_is_not_asked_for(gate: Watch):
    gate.store.land("2026-11-01", [1])
    claim = a_claim(key="2026-11-01").model_copy(update={"owner": gate.ports.workers.own})
    attempt = gate.ports.ledger.open_attempt(claim, idempotency_key="k", after_fence=0, now=NOON)
    assert attempt is not None

    assert keys(gate.look()) == []


def test_a_partition_whose_run_was_killed_before_it_recorded_anything_is_asked_for_again(gate: Watch):
    gate.store.land("2026-11-01", [1])
    (before,) = gate.look().wanted
    with failing(gate.ports.validator, "validate", Killed()), pytest.raises(Killed):
        gate.run("2026-11-01")
    gate.ports.workers.own, gate.ports.workers.running = "here/2/0.00", {"here/2/0.00"}

    (again,) = gate.look().wanted

    assert (again.fingerprint, again.identity != before.identity) == (before.fingerprint, True)


@pytest.mark.parametrize("outcome", ["published", "rejected"])
def test_other_files_after_the_outcome_are_asked_for(gate: Watch, outcome: str):
    if outcome == "rejected":
        gate.ports.validator.failing = {"id.required": {1}}
    gate.store.land("2026-11-01", [1])
    settled = gate.run("2026-11-01")
    unchanged = keys(gate.look())
    gate.store.land("2026-11-01", [2], name="part-1.parquet")

    (found,) = gate.look().wanted

    assert (settled.outcome.value, unchanged) == (outcome, [])
    assert (found.key, found.why) == ("2026-11-01", "its files changed")


def test_a_partition_that_vanished_from_landing_is_left_as_it_is(gate: Watch):
    gate.store.land("2026-11-01", [1])
    gate.run("2026-11-01")
    gate.store.landed["2026-11-01"].clear()

    assert (keys(gate.look()), gate.recorded) == ([], {"2026-11-01": "published"})


def test_a_partition_in_two_folders_is_asked_for_so_that_its_run_says_so(gate: Watch):
    gate.store.land("2026-11-01", [1])
    gate.store.error = AmbiguousPartition("two folders")

    assert [run.why for run in gate.look().wanted] == ["landed twice"]


# Without Airflow


def test_a_watch_without_airflow_judges_what_waits(gate: Watch):
    for key in ("2026-10-31", "2026-11-01"):
        gate.store.land(key, [1])

    found = gate.look(JUDGES)

    assert (len(found.judged), found.wanted) == (2, ())
    assert gate.recorded == {"2026-10-31": "published", "2026-11-01": "published"}


def test_a_pass_judges_only_so_many_and_the_next_one_goes_on(gate: Watch):
    for day in (29, 30, 31):
        gate.store.land(f"2026-10-{day}", [1])

    found = gate.look(WatchPlan(judges=True, runs=2))

    assert (len(found.judged), found.waiting) == (2, 1)
    assert len(gate.look(WatchPlan(judges=True, runs=2)).judged) == 1


def test_a_dataset_with_many_partitions_does_not_delay_another(tmp_path: Path):
    gate = Watch(tmp_path, a_contract("a"), a_contract("b"))
    for day in (29, 30, 31):
        gate.store.land(f"2026-10-{day}", [1])

    found = gate.look(WatchPlan(runs=2))

    assert sorted(run.dataset for run in found.wanted) == ["a", "b"]


def test_a_partition_that_cannot_be_judged_does_not_stop_the_others(gate: Watch):
    for key in ("2026-10-31", "2026-11-01"):
        gate.store.land(key, [1])
    gate.ports.validator.error = StoreUnreachable("no answer")

    gate.look(JUDGES)

    assert gate.recorded == {"2026-10-31": "errored", "2026-11-01": "errored"}


# What cannot stop it


def test_a_missing_partition_that_cannot_be_settled_does_not_stop_the_others(tmp_path: Path):
    begins = [{"property": "startDate", "value": "2026-11-01"}]
    gate = Watch(tmp_path, *(a_contract(name, customProperties=begins) for name in ("a", "b")))
    answers = iter([StoreUnreachable("no answer")])

    def first_does_not_answer() -> None:
        for error in answers:
            raise error

    gate.store.before_listing = first_does_not_answer

    assert [(settled.partition_key, settled.outcome.value) for settled in gate.look().missing] == [
        ("2026-11-01", "missing")
    ]


def unreachable() -> LandedKeys:
    raise StoreUnreachable("s3://a does not answer")


def forbidden() -> LandedKeys:
    raise AccessDenied("/a: permission denied")


def defective() -> LandedKeys:
    raise KeyError("a bug")


@pytest.mark.parametrize("listing", [unreachable, forbidden, defective])
def test_a_dataset_that_cannot_be_listed_costs_the_others_nothing(tmp_path: Path, listing: Callable[[], LandedKeys]):
    gate = Watch(tmp_path, a_contract("a"), a_contract("b"))
    gate.store.listing["/a"] = listing
    gate.store.land("2026-11-01", [1])

    found = gate.look()

    assert [name for name, _ in found.not_looked_at] == ["a"]
    assert ([run.dataset for run in found.wanted], gate.problems) == (["b"], {("a", "landing unreadable")})


def test_a_landing_that_can_be_listed_again_is_in_order(tmp_path: Path):
    gate = Watch(tmp_path, a_contract("a"))
    gate.store.listing["/a"] = unreachable
    gate.look()
    gate.store.listing.clear()
    gate.look()

    assert gate.problems == set()


def test_a_dataset_whose_landing_hangs_is_left_after_its_limit(tmp_path: Path):
    gate, released = Watch(tmp_path, a_contract("a"), a_contract("b")), threading.Event()
    gate.store.listing["/a"] = lambda: LandedKeys(keys=("never",)) if released.wait(30) else LandedKeys(keys=())
    gate.store.land("2026-11-01", [1])

    found = gate.look(WatchPlan(dataset_limit=timedelta(seconds=0.2)))
    released.set()

    assert [why for _, why in found.not_looked_at] == ["/a did not answer within 0.2 s"]
    assert [run.dataset for run in found.wanted] == ["b"]


def test_a_bucket_that_does_not_answer_is_waited_for_once(tmp_path: Path):
    def on(name: str) -> CompiledDataset:
        location = f"s3://lake/{name}/dt=*/*.parquet"
        return a_contract(name, servers=[{"server": "x", "type": "s3", "location": location, "format": "parquet"}])

    gate = Watch(tmp_path, on("a"), on("b"))
    gate.store.listing = {"s3://lake/a": unreachable, "s3://lake/b": unreachable}

    found = gate.look()

    assert (len(gate.store.listed), sorted(name for name, _ in found.not_looked_at)) == (1, ["a", "b"])


def test_a_pass_that_runs_out_of_time_begins_with_another_dataset_next_time(tmp_path: Path):
    gate = Watch(tmp_path, a_contract("a"), a_contract("b"))
    hurried = WatchPlan(pass_limit=timedelta(0))

    assert [name for name, _ in (*gate.look(hurried).not_looked_at[:1], *gate.look(hurried).not_looked_at[:1])] == [
        "b",
        "a",
    ]


def test_a_contract_that_cannot_be_used_is_a_problem_of_the_gate_until_it_can(gate: Watch):
    gate.look(broken=(("x.odcs.yaml", "line 1: no id"),))
    broken = gate.problems
    gate.look()

    assert (broken, gate.problems) == ({(GATE, "contract x.odcs.yaml")}, set())


# Problems of datasets


def test_a_folder_is_told_once_and_is_in_order_when_it_is_gone(gate: Watch):
    gate.store.refused = [("dt=soon", "dt: 'soon' is not a calendar date")]
    first, second = gate.look(), gate.look()
    before = gate.problems
    gate.store.refused = []
    gate.look()

    assert (len(first.assessments), second.assessments) == (1, ())
    assert (before, gate.problems) == ({("orders", "folder dt=soon")}, set())


def test_a_file_that_sorts_before_the_look_back_is_told_once_and_stays_a_problem_while_it_is_not_read(gate: Watch):
    gate.store.refused, gate.store.unread = [("report_2026-11-29.parquet", "the name does not fit")], 1
    first, second = gate.look(), gate.look()

    assert (len(first.assessments), second.assessments) == (1, ())
    assert gate.problems == {("orders", "folder report_2026-11-29.parquet")}


def test_a_file_that_sorts_before_the_look_back_is_found_within_an_hour(gate: Watch):
    gate.look()
    gate.store.refused, gate.store.unread = [("report_2026-11-29.parquet", "the name does not fit")], 1
    gate.look()
    before = gate.problems
    gate.ports.clock.forward(HOUR)
    gate.look()

    assert (before, gate.problems) == (set(), {("orders", "folder report_2026-11-29.parquet")})


def test_the_producers_are_told_of_a_folder_and_the_operators_of_a_landing_that_cannot_be_listed(tmp_path: Path):
    support = [{"channel": "#orders", "tool": "slack", "scope": "issues"}]
    gate = Watch(tmp_path, a_contract(support=support))
    gate.ports.operators_channel = "#gate"
    gate.store.refused = [("dt=soon", "dt: 'soon' is not a calendar date")]
    gate.look()
    gate.store.listing["/orders"] = forbidden
    gate.look()

    assert [(sent.channel, sent.audience) for sent in gate.ports.notifier.sent] == [
        ("#orders", "producers"),
        ("#gate", "operators"),
    ]


# What killed runs left


def test_an_attempt_that_was_killed_is_ended_and_its_messages_are_sent(gate: Watch):
    gate.store.land("2026-11-01", [1])
    with failing(gate.ports.validator, "validate", Killed()), pytest.raises(Killed):
        gate.run("2026-11-01")
    gate.ports.workers.own, gate.ports.workers.running = "here/2/0.00", {"here/2/0.00"}

    found = gate.look()

    assert (found.repaired, set(gate.ports.ledger.states.values())) == (1, {AttemptState.FAILED})


def test_leftovers_are_swept_once_an_hour(gate: Watch):
    swept = []
    for _ in range(14):
        gate.look()
        heartbeat = gate.ports.ledger.heartbeat()
        assert heartbeat is not None
        swept.append(heartbeat.swept_at)
        gate.ports.clock.forward(5 * MINUTE)

    assert list(dict.fromkeys(swept)) == [NOON, NOON + HOUR]


# The heartbeat


def test_every_pass_beats(gate: Watch):
    gate.look()
    gate.ports.clock.forward(MINUTE)
    gate.look(WatchPlan(interval=MINUTE))

    assert gate.ports.ledger.heartbeat() == Heartbeat(at=NOON + MINUTE, interval=MINUTE, passes=2, swept_at=NOON)


def test_a_pass_that_judges_for_long_keeps_beating(gate: Watch):
    for key in ("2026-10-31", "2026-11-01"):
        gate.store.land(key, [1])
    gate.store.while_spooling = lambda: gate.ports.clock.forward(30 * MINUTE)

    gate.look(JUDGES)

    heartbeat = gate.ports.ledger.heartbeat()
    assert heartbeat is not None
    assert (heartbeat.at, heartbeat.passes) == (NOON + HOUR, 1)


def test_a_run_records_once_that_the_watch_has_stopped_and_the_next_pass_puts_it_in_order(gate: Watch):
    gate.look()
    gate.ports.clock.forward(20 * MINUTE)
    gate.store.land("2026-11-01", [1])
    gate.run("2026-11-01")
    gate.run("2026-11-01")
    (stopped,) = gate.ports.ledger.incidents(GATE)
    told = len(gate.ports.ledger.incident_events(stopped.id))
    gate.look()

    assert (stopped.cause, told, gate.problems) == (STOPPED, 1, set())


def test_a_run_says_nothing_about_a_watch_that_runs_or_that_never_ran(gate: Watch):
    gate.store.land("2026-11-01", [1])
    gate.run("2026-11-01")
    gate.look()
    gate.run("2026-11-01")

    assert gate.problems == set()


@pytest.mark.parametrize(
    ("field", "value", "is_same"), [("why", "x", True), ("fence", 1, False), ("fingerprint", "g", False)]
)
def test_two_watches_that_see_the_same_files_and_attempts_want_the_same_run(
    field: str, value: object, *, is_same: bool
):
    run = WantedRun(
        contract="orders",
        dataset="orders",
        dag="gate__orders",
        key="2026-11-01",
        fingerprint="f",
        fence=0,
        why="landed",
    )

    assert (run.identity == run.model_copy(update={field: value}).identity) is is_same


def test_a_missing_partition_is_settled_by_the_pipeline_with_its_contract(gate: Watch):
    gate.store.land("2026-10-31", [1])

    (settled,) = gate.look().missing

    assert (settled.outcome, settled.contract, settled.version) == (PartitionOutcome.MISSING, "orders", "1.0.0")


# Error budgets and mutes


def test_a_budget_that_is_used_up_fast_is_an_incident_once_an_hour_is_over(gate: Watch):
    gate.store.land("2026-10-30", [1])
    gate.run("2026-10-30")

    gate.look()  # settles two days as missing; the budgets are read before
    gate.ports.clock.forward(HOUR)
    gate.look()

    incident = next(each for each in gate.ports.ledger.incidents() if each.kind is ProblemKind.FAST_BURN)
    assert (incident.cause, incident.dataset) == ("budget latency", "orders")
    assert "3 of 3 partitions of the last 3 periods broke it" in incident.finding


def test_a_mute_that_ends_speaks_again_in_the_next_pass(gate: Watch):
    gate.store.land("2026-10-31", [1])
    gate.look()
    until = gate.ports.clock.now() + HOUR
    (missing,) = (each for each in gate.ports.ledger.incidents() if each.cause == "missing")
    gate.ports.ledger.act(missing.id, Action(kind=ActionKind.MUTE, who="ann", until=until), now=NOON)

    gate.ports.clock.forward(HOUR)
    gate.look()

    after = gate.ports.ledger.incident(missing.id)
    assert after is not None
    assert after.state is IncidentState.OPEN


def test_what_follows_from_a_missing_partition_is_not_told_as_well(tmp_path: Path):
    by_six = {"property": "timeOfAvailability", "value": "06:00"}
    gate = Watch(tmp_path, a_contract(slaProperties=[*LATENCY, by_six]))
    gate.store.land("2026-10-31", [1])
    gate.run("2026-10-31")

    gate.look()
    gate.look()

    causes = {each.cause for each in gate.ports.ledger.incidents() if {"", "2026-11-01"} & {*each.keys}}
    assert (causes & {"missing", "timeOfAvailability"}) == {"missing"}


# References


def a_child(name: str, *parents: str) -> CompiledDataset:
    """A daily dataset whose ids exist in its parents."""
    relationships = [{"type": "foreignKey", "to": f"{parent}.id"} for parent in parents]
    column = {"name": "id", "logicalType": "integer", "required": True, "relationships": relationships}
    day = {"name": "dt", "logicalType": "date", "partitioned": True}
    return a_contract(name, schema=[{"name": name, "properties": [day, column]}])


def judged(found: WatchPass) -> list[str]:
    newest = (settled for settled in found.judged if settled.partition_key == "2026-11-01")
    return [f"{settled.dataset} {settled.outcome.value}" for settled in newest]


def test_what_others_refer_to_is_judged_first(tmp_path: Path):
    gate = Watch(tmp_path, a_child("c", "b"), a_child("b", "a"), a_contract("a"))
    gate.store.land("2026-11-01", [1])

    assert judged(gate.look(JUDGES)) == ["a published", "b published", "c published"]


def test_datasets_that_refer_to_each_other_are_judged_all_the_same(tmp_path: Path):
    gate = Watch(tmp_path, a_child("a", "b"), a_child("b", "a"))
    gate.store.land("2026-11-01", [1])

    assert sorted(judged(gate.look(JUDGES))) == ["a errored", "b errored"]


@pytest.mark.parametrize("outcome", [PartitionOutcome.ERRORED, PartitionOutcome.REJECTED])
def test_a_partition_that_was_judged_before_its_parent_is_judged_again_once(tmp_path: Path, outcome: PartitionOutcome):
    child, parent = a_child("child", "parent"), a_contract("parent")
    gate = Watch(tmp_path, child, parent)
    gate.store.land("2026-11-01", [1])
    if outcome is PartitionOutcome.REJECTED:
        gate.store.land("2026-10-31", [1])
        run_partition(parent, "2026-10-31", ports=gate.ports)
        gate.ports.validator.failing = {"id.in_parent": {1}}
    run_partition(child, "2026-11-01", ports=gate.ports)
    assert gate.recorded["2026-11-01"] == outcome.value
    gate.ports.validator.failing = {}
    gate.ports.clock.forward(MINUTE)

    first, second, third = gate.look(JUDGES), gate.look(JUDGES), gate.look(JUDGES)

    assert judged(first) == ["parent published"]
    assert judged(second) == ["child published"]
    assert judged(third) == []


def test_a_partition_waits_for_the_one_that_its_rows_refer_to_until_its_own_deadline(tmp_path: Path):
    child, parent = a_child("child", "parent"), a_contract("parent")
    gate = Watch(tmp_path, child, parent)
    gate.store.listing["/child"] = partial(LandedKeys, keys=("2026-11-01",), refused=())
    gate.store.listing["/parent"] = partial(LandedKeys, keys=("2026-10-31",), refused=())
    gate.store.land("2026-10-31", [1])
    gate.store.land("2026-11-01", [1])
    run_partition(parent, "2026-10-31", ports=gate.ports)
    gate.ports.clock.forward(-9 * HOUR)

    early, arrival = gate.look(JUDGES), PartitionRun(child, "2026-11-01", ports=gate.ports).arrive()
    gate.ports.clock.forward(9 * HOUR)
    late = gate.look(JUDGES)

    assert (judged(early), early.waiting) == ([], 1)
    awaited = "parent 2026-11-01, which its rows refer to, is not judged yet; it is awaited until 2026-11-02 04:00 UTC"
    assert arrival == Wait(why=awaited)
    assert (judged(late), late.waiting) == (["child published"], 0)


def test_a_partition_does_not_wait_for_a_parent_without_partitions_like_it(tmp_path: Path):
    child, parent = a_child("child", "parent"), a_contract("parent")
    gate = Watch(tmp_path, child, parent)
    gate.store.listing["/parent"] = partial(LandedKeys, keys=(), refused=())
    gate.store.land("2026-09-01", [1])
    gate.store.land("2026-11-01", [1])
    run_partition(parent, "2026-09-01", ports=gate.ports)
    gate.ports.clock.forward(-9 * HOUR)

    assert judged(gate.look(JUDGES)) == ["child published"]


def test_a_new_snapshot_judges_only_those_again_that_had_a_problem(tmp_path: Path):
    servers = [{"server": "x", "type": "local", "path": "/airports/*.parquet", "format": "parquet"}]
    snapshot = a_contract("airports", servers=servers, schema=[{"name": "airports", "properties": _ID}])
    child = a_child("child", "airports")
    gate = Watch(tmp_path, child, snapshot)
    for root, keys_of_it in {"/airports": ("snapshot",), "/child": ("2026-10-31", "2026-11-01")}.items():
        gate.store.listing[root] = partial(LandedKeys, keys=keys_of_it, refused=())
        for key in keys_of_it:
            gate.store.land(key, [1])
    run_partition(snapshot, "", ports=gate.ports)
    run_partition(child, "2026-10-31", ports=gate.ports)
    gate.ports.validator.failing = {"id.in_airports": {1}}
    assert run_partition(child, "2026-11-01", ports=gate.ports).settlement.outcome is PartitionOutcome.REJECTED
    gate.ports.validator.failing = {}
    gate.ports.clock.forward(MINUTE)
    gate.store.land("snapshot", [1, 2])
    run_partition(snapshot, "", ports=gate.ports)

    assert [(run.dataset, run.key) for run in gate.look().wanted] == [("child", "2026-11-01")]
