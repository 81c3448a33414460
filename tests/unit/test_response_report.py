"""How fast incidents were detected, told and repaired, from what runs, passes and deliveries recorded."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.test_odcs import minimal, read
from tests.unit.test_watch import Watch
from tests.unit.test_watch import a_contract as watched_contract

from partition_gate.checks.compiling.compiled import CompiledDataset, compiled
from partition_gate.core.errors import OperatorError
from partition_gate.gate.discover import Discovered
from partition_gate.gate.dispose import Inspection
from partition_gate.gate.notify import announce
from partition_gate.gate.pipeline import PartitionRun
from partition_gate.gate.service_levels import service_level_responses
from partition_gate.incidents.actions import Action, ActionKind
from partition_gate.incidents.model import Problem, ProblemKind
from partition_gate.judging.response_report import COUNTED, ResponseReport, ResponseState
from partition_gate.testing.builders import NOON, a_notice, a_problem, an_assessment
from partition_gate.testing.ledger import InMemoryLedger
from partition_gate.testing.ports import FakeClock, failing

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
DETECT, NOTIFY, REPAIR = "timeToDetect", "timeToNotify", "timeToRepair"
PROMISES = [
    {"property": DETECT, "value": 30, "unit": "min"},
    {"property": NOTIFY, "value": 10, "unit": "min"},
    {"property": REPAIR, "value": 4, "unit": "h"},
]


def a_contract(*levels: dict[str, Any]) -> CompiledDataset:
    return compiled(read(minimal(slaProperties=list(levels))))


class Dataset:
    """The incidents of the dataset over time, what its channel was told, and what is reported of it."""

    def __init__(self, *levels: dict[str, Any]) -> None:
        self.ledger, self.clock, self.contract = InMemoryLedger(), FakeClock(), a_contract(*levels)

    def problem(self, *problems: Problem, key: str = "2026-11-01", told: bool = True, **changes: Any) -> None:
        """A look at a partition with these problems; people are told at once with `told`."""
        assessment = an_assessment(*problems, key=key, dataset=self.contract.dataset.name, **changes)
        self.ledger.assess(assessment, now=self.clock.now())
        if told:
            self.tell()

    def repaired(self, *causes: str, key: str = "2026-11-01", told: bool = True) -> None:
        self.problem(key=key, told=told, in_order=frozenset(causes), notices=())

    def tell(self) -> None:
        announce(self.ledger, self.clock)
        self.deliver()

    def deliver(self) -> None:
        while entry := self.ledger.claim_message(now=self.clock.now(), lease=HOUR):
            self.ledger.mark_sent(entry.message.id, ts="1", now=self.clock.now())

    def wait(self, span: timedelta) -> None:
        self.clock.time += span

    def report(self, rule_id: str, window: timedelta = 90 * DAY) -> ResponseReport:
        found = service_level_responses([self.contract], window=window, now=self.clock.now(), ledger=self.ledger)
        return next(report for report in found if report.rule_id == rule_id)

    def minutes(self, rule_id: str) -> list[float]:
        return [each.taken / MINUTE for each in self.report(rule_id).timed]


@pytest.fixture
def dataset() -> Dataset:
    return Dataset(*PROMISES)


def broken(cause: str = "id.unique", *, began: timedelta = timedelta(0), **changes: Any) -> Problem:
    """A problem that began so long before noon."""
    return a_problem(cause).model_copy(update={"began_at": NOON - began, **changes})


def test_an_incident_is_timed_from_its_beginning_to_its_first_message_and_its_end(dataset: Dataset) -> None:
    dataset.problem(broken(began=20 * MINUTE), told=False)
    dataset.wait(3 * MINUTE)
    dataset.tell()
    dataset.wait(57 * MINUTE)
    dataset.repaired("id.unique")

    assert [dataset.minutes(rule) for rule in (DETECT, NOTIFY, REPAIR)] == [[20], [3], [60]]
    assert {dataset.report(rule).state for rule in (DETECT, NOTIFY, REPAIR)} == {ResponseState.KEPT}


@pytest.mark.parametrize(("began", "state"), [(30 * MINUTE, ResponseState.KEPT), (31 * MINUTE, ResponseState.BROKEN)])
def test_a_promise_is_kept_to_the_minute(dataset: Dataset, began: timedelta, state: ResponseState) -> None:
    dataset.problem(broken(began=began))

    assert dataset.report(DETECT).state is state


def test_the_worst_and_the_median_are_of_all_incidents_of_the_window(dataset: Dataset) -> None:
    for number, minutes in enumerate((5, 40, 20)):
        dataset.problem(broken(f"rule {number}", began=minutes * MINUTE))

    found = dataset.report(DETECT)

    assert (found.kept, [each.incident for each in found.broken], found.median) == (2, [2], 20 * MINUTE)
    assert found.worst is not None
    assert (found.worst.incident, found.worst.taken) == (2, 40 * MINUTE)


def test_an_incident_that_opened_before_the_window_does_not_count(dataset: Dataset) -> None:
    dataset.problem(broken("old"))
    dataset.wait(DAY)
    dataset.problem(broken("new"))

    assert [each.cause for each in dataset.report(REPAIR, window=DAY).timed] == ["new"]


def test_a_contract_that_promises_nothing_is_measured_all_the_same() -> None:
    dataset = Dataset()
    dataset.problem(broken(began=20 * MINUTE))

    found = dataset.report(DETECT)

    assert (found.state, found.promised, found.median) == (ResponseState.NOT_PROMISED, None, 20 * MINUTE)


def test_a_promise_without_an_incident_is_neither_kept_nor_broken(dataset: Dataset) -> None:
    found = dataset.report(DETECT)

    assert (found.state, found.kept, found.broken, found.median, found.worst) == (
        *(ResponseState.NO_INCIDENT, 0, ()),
        *(None, None),
    )


def test_an_open_incident_waits_and_breaks_the_promise_once_its_time_has_passed(dataset: Dataset) -> None:
    dataset.problem(broken())
    dataset.wait(4 * HOUR)
    waiting = dataset.report(REPAIR)
    dataset.wait(MINUTE)
    late = dataset.report(REPAIR)

    assert (waiting.state, waiting.waiting, waiting.median) == (ResponseState.NOT_JUDGED, 1, None)
    assert (late.state, late.waiting, [each.is_done for each in late.broken]) == (ResponseState.BROKEN, 0, [False])


# What is reopened


def test_an_incident_that_comes_back_is_not_repaired_until_it_stays_away(dataset: Dataset) -> None:
    dataset.problem(broken())
    dataset.wait(HOUR)
    dataset.repaired("id.unique")
    dataset.wait(HOUR)
    dataset.problem(broken(), key="2026-11-02")
    while_open = dataset.report(REPAIR)
    dataset.wait(HOUR)
    dataset.repaired("id.unique", key="2026-11-02")

    assert (while_open.waiting, while_open.kept) == (1, 0)
    assert dataset.minutes(REPAIR) == [180]


def test_coming_back_does_not_change_when_it_was_detected_and_told(dataset: Dataset) -> None:
    dataset.problem(broken(began=5 * MINUTE))
    dataset.repaired("id.unique")
    dataset.wait(HOUR)
    dataset.problem(broken(), key="2026-11-02")

    assert (dataset.minutes(DETECT), dataset.minutes(NOTIFY)) == ([5], [0])


def test_what_was_over_before_anybody_was_told_is_told_from_when_it_comes_back(dataset: Dataset) -> None:
    dataset.problem(broken(), told=False)
    dataset.repaired("id.unique")
    never_told = dataset.report(NOTIFY)
    dataset.wait(20 * HOUR)
    dataset.problem(broken(), key="2026-11-02", told=False)
    dataset.wait(2 * MINUTE)
    dataset.tell()

    assert (never_told.state, never_told.not_counted) == (ResponseState.NOT_COUNTED, 1)
    assert dataset.minutes(NOTIFY) == [2]


def test_a_message_that_waited_while_the_incident_came_and_went_counts_from_the_first_time(dataset: Dataset) -> None:
    dataset.problem(broken(), told=False)
    announce(dataset.ledger, dataset.clock)
    dataset.wait(HOUR)
    dataset.repaired("id.unique", told=False)
    dataset.wait(HOUR)
    dataset.problem(broken(), key="2026-11-02", told=False)
    dataset.deliver()

    assert dataset.minutes(NOTIFY) == [120]


# Who is told


def test_a_message_that_cannot_be_delivered_breaks_the_promise(dataset: Dataset) -> None:
    dataset.problem(broken(), told=False)
    announce(dataset.ledger, dataset.clock)
    dataset.wait(11 * MINUTE)

    assert [each.sentence for each in dataset.report(NOTIFY).broken] == [
        "not done after 11 min; promised within 10 minutes"
    ]


def test_the_first_of_several_channels_counts(dataset: Dataset) -> None:
    notices = (a_notice("id.unique", channel="#first"), a_notice("id.unique", channel="#second"))
    dataset.problem(broken(), told=False, notices=notices)
    announce(dataset.ledger, dataset.clock)
    for _ in notices:
        dataset.wait(MINUTE)
        entry = dataset.ledger.claim_message(now=dataset.clock.now(), lease=HOUR)
        assert entry is not None
        dataset.ledger.mark_sent(entry.message.id, ts="1", now=dataset.clock.now())

    assert dataset.minutes(NOTIFY) == [1]


def test_one_of_many_problems_is_told_by_the_edit_that_adds_it_to_the_list(dataset: Dataset) -> None:
    for number in range(6):
        dataset.problem(broken(f"rule {number}"))
    dataset.problem(broken("the seventh"), told=False)
    dataset.wait(4 * MINUTE)
    dataset.tell()

    assert dataset.minutes(NOTIFY) == [0, 0, 0, 0, 0, 0, 4]


def test_an_e_mail_is_told_by_the_list_that_is_sent_and_not_by_an_edit(dataset: Dataset) -> None:
    for number in range(9):
        notice = a_notice(f"rule {number}", channel="a@b.example").model_copy(update={"tool": "email"})
        dataset.problem(broken(f"rule {number}"), notices=(notice,))
        dataset.wait(MINUTE)

    assert dataset.minutes(NOTIFY) == [0, 0, 0, 0, 0, 0, 0, 1, 0]


@pytest.mark.parametrize("rule", [DETECT, NOTIFY, REPAIR])
def test_a_backfill_of_an_old_period_is_in_no_response_time(dataset: Dataset, rule: str) -> None:
    dataset.problem(broken(began=4000 * DAY), is_quiet=True)
    dataset.wait(DAY)

    assert (dataset.report(rule).state, dataset.report(rule).not_counted) == (ResponseState.NOT_COUNTED, 1)


@pytest.mark.parametrize("kind", sorted(set(ProblemKind) - COUNTED))
def test_what_is_no_fault_in_the_data_is_in_no_response_time(dataset: Dataset, kind: ProblemKind) -> None:
    dataset.problem(broken(kind=kind))
    dataset.wait(DAY)

    assert {dataset.report(rule).state for rule in (DETECT, NOTIFY, REPAIR)} == {ResponseState.NO_INCIDENT}


@pytest.mark.parametrize("notices", [(), (a_notice("id.unique").model_copy(update={"is_digest": True}),)])
def test_what_nobody_is_told_at_once_is_repaired_but_not_notified(dataset: Dataset, notices: Any) -> None:
    dataset.problem(broken(), notices=notices)
    dataset.wait(DAY)

    assert (dataset.report(NOTIFY).state, dataset.report(REPAIR).state) == (
        *(ResponseState.NOT_COUNTED, ResponseState.BROKEN),
    )


@pytest.mark.parametrize("kind", [ActionKind.MUTE, ActionKind.ACK])
def test_a_muted_or_acknowledged_incident_without_a_message_is_not_unnotified(
    dataset: Dataset, kind: ActionKind
) -> None:
    dataset.problem(broken(), told=False)
    action = Action(kind=kind, who="ann", until=dataset.clock.now() + 2 * DAY)
    dataset.ledger.act(1, action, now=dataset.clock.now())
    dataset.wait(DAY)

    assert (dataset.report(NOTIFY).state, dataset.report(NOTIFY).not_counted) == (ResponseState.NOT_COUNTED, 1)


def test_an_incident_whose_beginning_is_not_known_is_not_detected_late(dataset: Dataset) -> None:
    dataset.problem(broken(began_at=None))

    assert (dataset.report(DETECT).state, dataset.report(DETECT).not_counted) == (ResponseState.NOT_COUNTED, 1)


# When a problem began


@pytest.fixture
def gate(tmp_path: Path) -> Watch:
    return Watch(tmp_path, watched_contract(support=[{"channel": "#orders", "tool": "slack", "scope": "issues"}]))


def beginnings(gate: Watch) -> dict[str, datetime | None]:
    return {incident.cause: incident.began_at for incident in gate.ports.ledger.incidents()}


def test_a_rule_is_broken_from_the_landing_of_the_newest_file(gate: Watch) -> None:
    gate.store.land("2026-11-01", [1])
    gate.ports.validator.failing = {"id.required": {1}}

    gate.run("2026-11-01")

    assert beginnings(gate) == {"id.required": NOON - DAY}


def test_a_partition_that_cannot_be_judged_is_a_problem_from_its_landing(gate: Watch) -> None:
    gate.store.land("2026-11-01", [1])
    gate.ports.validator.error = OperatorError("the scan was killed")

    gate.run("2026-11-01")

    assert beginnings(gate) == {"errored": NOON - DAY}


def test_what_a_failed_publish_ends_began_with_the_landing_that_another_process_listed(gate: Watch) -> None:
    gate.store.land("2026-11-01", [1])
    found = PartitionRun(gate.contracts[0], "2026-11-01", ports=gate.ports).find_landed()
    assert isinstance(found, Discovered)
    inspection = PartitionRun(gate.contracts[0], "2026-11-01", ports=gate.ports).inspect(found)
    assert isinstance(inspection, Inspection)
    refused = failing(gate.ports.warehouse, "publish", OperatorError("storage refuses"))

    with refused, pytest.raises(OperatorError):
        PartitionRun(gate.contracts[0], "2026-11-01", ports=gate.ports).settle(inspection)

    assert beginnings(gate) == {"errored": NOON - DAY}


def test_a_landing_that_cannot_be_listed_began_at_no_known_time(gate: Watch) -> None:
    gate.store.error = OperatorError("landing does not answer")

    gate.run("2026-11-01")

    assert beginnings(gate) == {"errored": None}


def test_a_missing_partition_is_a_problem_from_its_deadline(gate: Watch) -> None:
    gate.store.land("2026-10-31", [1])

    gate.look()

    assert beginnings(gate)["missing"] == NOON.replace(hour=4)


def test_a_dataset_is_stale_from_when_its_next_partition_was_due(tmp_path: Path) -> None:
    level = {"property": "timeOfAvailability", "value": "07:30"}
    schema = [{"name": "orders", "properties": [{"name": "dt", "logicalType": "date", "partitioned": True}]}]
    gate = Watch(tmp_path, watched_contract(slaProperties=[level], schema=schema))
    for key in ("2026-10-31", "2026-11-01"):
        gate.store.land(key, [1])
    gate.ports.clock.time = NOON - 29 * HOUR
    gate.run("2026-10-31")
    gate.ports.clock.time = NOON

    gate.look()

    assert beginnings(gate)["timeOfAvailability"] == NOON.replace(hour=7, minute=30)
