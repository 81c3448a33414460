"""Slack is down for a while: who hears of it, once, and when it is over. A strict Slack over HTTP, a test's clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.integration.webhook_receiver import SECRET, Receiver
from tests.unit.test_watch import a_contract

from partition_gate.adapters.inbox import InboxNotifier
from partition_gate.adapters.ledger.ledger import SqlLedger, migrate
from partition_gate.adapters.routing import RoutingNotifier
from partition_gate.adapters.slack import SlackNotifier
from partition_gate.adapters.webhook import WebhookNotifier
from partition_gate.alerts.dataset_problems import GATE
from partition_gate.gate.look import WatchPlan
from partition_gate.gate.watch import WatchPass, watch
from partition_gate.ports.notifier import Notifier
from partition_gate.testing.builders import a_message, queue
from partition_gate.testing.ports import FakePorts
from partition_gate.testing.slack_server import Fault, SlackServer

MINUTE = timedelta(minutes=1)
FAILURES = {"silent": {Fault.SILENT: 1.0}, "failing": {Fault.SERVER_ERROR: 1.0}, "limiting": {Fault.RATE_LIMITED: 1.0}}


class Gate:
    """A gate whose people are in Slack and whose operators have a webhook."""

    def __init__(self, folder: Path, slack: SlackServer, hooks: Receiver) -> None:
        self.slack, self.hooks, self.contract = slack, hooks, a_contract()
        self.ports = FakePorts(folder / "spool", self.contract)
        migrate(url := f"sqlite:///{folder / 'ledger.sqlite'}")
        self.ledger = SqlLedger(url)
        self.ports.__dict__.update(ledger=self.ledger, notifier=self.notifier(folder), operators_channel=hooks.url)
        self.ports.clock.time = datetime.now(UTC).replace(microsecond=0)  # Slack has a clock of its own

    def notifier(self, folder: Path) -> RoutingNotifier:
        tools: dict[str, Callable[[], Notifier]] = {
            "slack": lambda: SlackNotifier(self.slack.token, base_url=self.slack.url, limit_s=0.3),
            "webhook": lambda: WebhookNotifier(SECRET, limit_s=5),
        }
        return RoutingNotifier(tools, otherwise=InboxNotifier(folder / "inbox"))

    def queue(self, *names: str) -> None:
        queue(self.ledger, *(a_message(name) for name in names), now=self.ports.clock.now())

    def look(self, *, after: timedelta = timedelta(0)) -> WatchPass:
        self.ports.clock.time += after
        return watch([self.contract], (), plan=WatchPlan(), ports=self.ports)

    @property
    def told(self) -> list[str]:
        """What operators were told, without edits of it."""
        return [str(call["text"]) for call in self.hooks.received if call["event"] != "updated"]

    @property
    def problems(self) -> list[str]:
        return [f"{each.cause} {each.state.value}" for each in self.ledger.incidents(GATE, active_only=False)]


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    with SlackServer({"#orders": "C0ORDERS01"}) as slack, Receiver() as hooks:
        yield Gate(tmp_path, slack, hooks)


@pytest.mark.parametrize("failure", FAILURES)
def test_operators_are_told_once_by_another_tool_and_again_when_it_works(gate: Gate, failure: str) -> None:
    gate.slack.rates = FAILURES[failure]
    gate.queue("m1", "m2")

    early = gate.look(after=14 * MINUTE)
    late = [gate.look(after=5 * MINUTE) for _ in range(3)]
    gate.slack.rates = {}
    healed = gate.look(after=20 * MINUTE)

    assert (early.undelivered, [len(each.undelivered) for each in late]) == ((), [1, 1, 1])
    assert (gate.problems, healed.undelivered) == (["delivery slack resolved"], ())
    down, over = gate.told
    assert down.startswith("gate: messages to slack #orders are not delivered since ")
    assert "is resolved" in over
    assert sorted(gate.slack.outbox_ids("#orders")) == ["m1", "m2"]


def test_a_channel_that_refuses_is_named_with_the_error_and_the_next_step(gate: Gate) -> None:
    gate.slack.absent_from.add("C0ORDERS01")
    gate.queue("m1")
    since = f"{gate.ports.clock.now():%Y-%m-%d %H:%M} UTC (15 min)"

    gate.look()

    assert gate.look(after=15 * MINUTE).undelivered == (
        f"1 message to slack #orders has not been delivered since {since}: #orders: Slack says not_in_channel; "
        "invite the app: type /invite @<app> in the channel. Nothing is lost: repair the cause, then run: gate notify",
    )


def test_the_secret_path_of_a_webhook_is_in_no_sentence_and_in_no_incident(gate: Gate) -> None:
    queue(gate.ledger, a_message("m1", tool="webhook", channel=gate.hooks.url), now=gate.ports.clock.now())
    gate.hooks.fail_next(*[(500, {})] * 20)

    gate.look()
    (sentence,) = gate.look(after=16 * MINUTE).undelivered

    findings = [incident.finding for incident in gate.ledger.incidents(GATE)]
    assert "127.0.0.1" in sentence
    assert [text for text in (sentence, *findings) if "a-secret-path" in text] == []


def test_operators_whose_own_tool_is_down_read_of_it_once_it_works(gate: Gate) -> None:
    gate.slack.channels["#ops"] = "C0OPERAT01"
    gate.slack.posts["C0OPERAT01"] = []
    gate.ports.operators_channel = "#ops"
    gate.slack.rates = FAILURES["silent"]
    gate.queue("m1")

    gate.look(after=16 * MINUTE)
    gate.slack.rates = {}
    gate.look(after=20 * MINUTE)
    gate.look(after=5 * MINUTE)

    assert gate.problems == ["delivery slack resolved"]
    root, over = (post["text"] for post in gate.slack.posts["C0OPERAT01"])
    assert "are not delivered" in root
    assert "is resolved" in over
