"""Whether the gate as a whole works: three findings, and what each of them takes for a failure."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from partition_gate.alerts.alert import Links
from partition_gate.alerts.dataset_problems import GATE, gate_assessment
from partition_gate.apps.web.monitoring import examined, health_document
from partition_gate.core.diagnosis import Diagnosis, Health
from partition_gate.core.errors import LedgerUnusable
from partition_gate.incidents.actions import Action, ActionKind
from partition_gate.testing.builders import NOON, a_message, queue
from partition_gate.testing.ledger import InMemoryLedger
from partition_gate.testing.ports import FakeClock
from partition_gate.watching.delivery import UNDELIVERED_AFTER, undelivered
from partition_gate.watching.heartbeat import INTERVAL, Heartbeat


class Installation:
    """A ledger in memory, examined at noon."""

    def __init__(self) -> None:
        self.ledger, self.clock = InMemoryLedger(), FakeClock()
        self.ledger.beat(Heartbeat(at=NOON, interval=INTERVAL))

    @property
    def found(self) -> dict[str, Health]:
        return {each.subject: each.health for each in examined(lambda: self.ledger, self.clock)}


@pytest.fixture
def gate() -> Installation:
    return Installation()


def test_an_installation_with_a_watch_and_without_waiting_messages_is_well(gate: Installation):
    assert gate.found == {"ledger": Health.OK, "watch": Health.OK, "messages": Health.OK}


def test_a_watch_that_has_stopped_is_a_failure(gate: Installation):
    gate.clock.forward(4 * INTERVAL)

    assert gate.found["watch"] is Health.FAILED


def test_a_watch_that_never_ran_is_a_warning(gate: Installation):
    gate.ledger = InMemoryLedger()

    assert gate.found["watch"] is Health.WARNING


def test_a_message_that_waits_for_too_long_is_a_failure_until_somebody_mutes_it(gate: Installation):
    gate.clock.forward(UNDELIVERED_AFTER)
    gate.ledger.beat(Heartbeat(at=gate.clock.now(), interval=INTERVAL))
    queue(gate.ledger, a_message(), now=NOON)
    before, now = gate.found["messages"], gate.clock.now()

    (waiting,) = undelivered(gate.ledger.backlog(), now=now)
    gate.ledger.assess(gate_assessment((waiting.problem,), frozenset(), Links(), operators=""), now=now)
    (incident,) = gate.ledger.incidents(GATE)
    mute = Action(kind=ActionKind.MUTE, who="jo", why="known", until=now + timedelta(hours=1))
    gate.ledger.act(incident.id, mute, now=now)

    assert (before, gate.found["messages"]) == (Health.FAILED, Health.OK)


def test_a_ledger_that_does_not_answer_is_the_only_finding(gate: Installation):
    def refused() -> InMemoryLedger:
        raise LedgerUnusable("the ledger cannot be used: refused")

    assert {each.subject: each.health for each in examined(refused, gate.clock)} == {"ledger": Health.FAILED}


def test_a_ledger_that_hangs_fails_within_the_limit(gate: Installation):
    def hangs() -> InMemoryLedger:
        time.sleep(1)
        return gate.ledger

    found = examined(hangs, gate.clock, limit_s=0.05)

    assert [(each.subject, each.health) for each in found] == [("ledger", Health.FAILED)]


def test_the_status_is_that_of_the_worst_finding():
    kinds = (Health.OK, Health.FAILED, Health.WARNING)
    found = tuple(Diagnosis(subject=kind, health=kind, what="") for kind in kinds)

    assert [health_document(found[:1])["status"], health_document(found)["status"]] == ["ok", "failed"]
