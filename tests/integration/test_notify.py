"""Draining the outbox: what is not certain is looked up before it is sent again."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from partition_gate.adapters.inbox import InboxNotifier
from partition_gate.adapters.ledger.ledger import SqlLedger, migrate
from partition_gate.adapters.slack import SlackNotifier
from partition_gate.gate.notify import Delivery, DeliveryTimes, notify
from partition_gate.judging.attempt import Message
from partition_gate.testing.builders import a_message, queue
from partition_gate.testing.slack_server import Fault, SlackServer

TIMES = DeliveryTimes()
SENDER = Path(__file__).parent / "slack_sender.py"
RATES = {
    Fault.RATE_LIMITED_SILENTLY: 0.08,
    Fault.RATE_LIMITED: 0.04,
    Fault.SERVER_ERROR: 0.08,
    Fault.DROPPED_BEFORE: 0.06,
    Fault.DROPPED_AFTER: 0.12,
    Fault.GARBAGE: 0.01,
    Fault.SLOW: 0.02,
}


class StandingClock:
    """A clock that moves when told to; starts at the real time, because Slack stamps with its own."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)

    def now(self) -> datetime:
        return self._now

    def forward(self, by: timedelta) -> None:
        self._now += by


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer({"#orders": "C0ORDERS01", "#other": "C0OTHER001"}) as server:
        yield server


@pytest.fixture
def notifier(slack: SlackServer) -> SlackNotifier:
    return SlackNotifier(slack.token, base_url=slack.url, timeout_s=1)


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    migrate(url)
    return url


@pytest.fixture
def ledger(url: str) -> SqlLedger:
    return SqlLedger(url)


def states(ledger: SqlLedger) -> list[str]:
    return [entry.state for entry in reversed(ledger.messages())]


def test_messages_are_delivered_in_order_and_marked_as_sent(
    ledger: SqlLedger, slack: SlackServer, notifier: SlackNotifier
):
    queue(ledger, a_message("m1"), a_message("m2"))

    assert notify(ledger, notifier, StandingClock()) == Delivery(sent=2)
    assert slack.outbox_ids("#orders") == ["m1", "m2"]
    assert states(ledger) == ["sent", "sent"]


def test_a_second_drain_sends_nothing(ledger: SqlLedger, slack: SlackServer, notifier: SlackNotifier):
    queue(ledger, a_message("m1"))
    notify(ledger, notifier, StandingClock())

    assert notify(ledger, notifier, StandingClock()) == Delivery()
    assert slack.outbox_ids("#orders") == ["m1"]


def test_a_drain_stops_at_its_limit_and_says_so(ledger: SqlLedger, notifier: SlackNotifier):
    queue(ledger, a_message("m1"), a_message("m2"))

    assert notify(ledger, notifier, StandingClock(), limit=1) == Delivery(sent=1, has_more=True)


def test_a_message_whose_answer_was_lost_is_found_and_not_sent_again(
    ledger: SqlLedger, slack: SlackServer, notifier: SlackNotifier
):
    clock = StandingClock()
    queue(ledger, a_message("m1"))
    slack.fail_next(Fault.DROPPED_AFTER)
    notify(ledger, notifier, clock)
    clock.forward(TIMES.settling)

    assert notify(ledger, notifier, clock) == Delivery(already_delivered=1)
    assert slack.outbox_ids("#orders") == ["m1"]


def test_a_message_that_was_lost_is_sent_again(ledger: SqlLedger, slack: SlackServer, notifier: SlackNotifier):
    clock = StandingClock()
    queue(ledger, a_message("m1"))
    slack.fail_next(Fault.DROPPED_BEFORE)
    notify(ledger, notifier, clock)
    clock.forward(TIMES.settling)

    assert notify(ledger, notifier, clock) == Delivery(sent=1)
    assert slack.outbox_ids("#orders") == ["m1"]


def test_a_look_waits_until_a_slow_request_is_over(ledger: SqlLedger, slack: SlackServer, notifier: SlackNotifier):
    clock = StandingClock()
    queue(ledger, a_message("m1"))
    slack.fail_next(Fault.DROPPED_BEFORE)
    notify(ledger, notifier, clock)
    clock.forward(TIMES.settling - timedelta(seconds=1))

    assert notify(ledger, notifier, clock) == Delivery()


@pytest.mark.parametrize("fault", [Fault.RATE_LIMITED, Fault.SERVER_ERROR, Fault.DROPPED_BEFORE])
def test_a_look_that_fails_proves_nothing(ledger: SqlLedger, slack: SlackServer, notifier: SlackNotifier, fault: Fault):
    clock = StandingClock()
    queue(ledger, a_message("m1"))
    slack.fail_next(Fault.DROPPED_AFTER, fault)
    notify(ledger, notifier, clock)
    clock.forward(TIMES.settling)
    notify(ledger, notifier, clock)
    clock.forward(TIMES.longest_wait)

    assert notify(ledger, notifier, clock) == Delivery(already_delivered=1)
    assert slack.outbox_ids("#orders") == ["m1"]


def test_a_worker_that_died_after_sending_is_not_repeated(
    ledger: SqlLedger, slack: SlackServer, notifier: SlackNotifier
):
    clock = StandingClock()
    queue(ledger, a_message("m1"))
    ledger.claim_message(now=clock.now(), lease=TIMES.lease)
    notifier.send(a_message("m1"))
    clock.forward(TIMES.lease)

    assert notify(ledger, notifier, clock) == Delivery(already_delivered=1)
    assert slack.outbox_ids("#orders") == ["m1"]


def test_a_message_that_another_worker_holds_is_left_alone(ledger: SqlLedger, notifier: SlackNotifier):
    clock = StandingClock()
    queue(ledger, a_message("m1"))
    ledger.claim_message(now=clock.now(), lease=TIMES.lease)

    assert notify(ledger, notifier, clock) == Delivery()


def test_a_rate_limit_is_waited_out_and_needs_no_look(ledger: SqlLedger, slack: SlackServer, notifier: SlackNotifier):
    clock = StandingClock()
    queue(ledger, a_message("m1"))
    slack.fail_next(Fault.RATE_LIMITED)
    notify(ledger, notifier, clock)
    clock.forward(timedelta(seconds=slack.retry_after_s))

    assert notify(ledger, notifier, clock) == Delivery(sent=1)
    assert "conversations.history" not in slack.calls


def test_a_refused_message_waits_longer_each_time_and_holds_up_no_other(
    ledger: SqlLedger, slack: SlackServer, notifier: SlackNotifier
):
    clock = StandingClock()
    slack.absent_from.add("C0ORDERS01")
    queue(ledger, a_message("stuck"), a_message("fine", channel="#other"))

    first = notify(ledger, notifier, clock)
    clock.forward(TIMES.first_wait)
    second = notify(ledger, notifier, clock)
    clock.forward(TIMES.first_wait)

    assert (first.sent, first.postponed, second.postponed) == (1, 1, 1)
    assert notify(ledger, notifier, clock) == Delivery()
    assert "invite the app" in first.problems[0]


def test_an_inbox_takes_what_slack_would(ledger: SqlLedger, tmp_path: Path):
    inbox = InboxNotifier(tmp_path / "inbox")
    queue(ledger, a_message("m1"), a_message("m2"))

    assert notify(ledger, inbox, StandingClock()) == Delivery(sent=2)
    assert {delivered.message.id for delivered in inbox.delivered()} == {"m1", "m2"}


def test_sixty_messages_survive_faults_and_killed_workers_each_exactly_once(ledger: SqlLedger, url: str):
    sent = [f"m{number}" for number in range(60)]
    queue(ledger, *(a_message(name) for name in sent))
    with SlackServer({"#orders": "C0ORDERS01"}, rates=RATES, seed=11) as slack:
        slack.slow_s, slack.latency_s, slack.retry_after_s = 1.3, 0.03, 0
        for _ in range(5):
            kill_two_workers_while_one_waits_for_an_answer(url, slack)
        for worker in [start_worker(url, slack) for _ in range(2)]:
            assert worker.wait(timeout=120) == 0
        arrived = slack.outbox_ids("#orders")

    assert slack.faults_made.count(Fault.DROPPED_AFTER) > 0
    assert sorted(arrived) == sorted(sent)


def kill_two_workers_while_one_waits_for_an_answer(url: str, slack: SlackServer) -> None:
    workers = [start_worker(url, slack) for _ in range(2)]
    calls = len(slack.calls)
    while len(slack.calls) < calls + 4 or not slack.in_flight:
        assert any(worker.poll() is None for worker in workers), "the work was over before the kill"
        time.sleep(0.002)
    for worker in workers:
        worker.kill()
    for worker in workers:
        worker.wait()


def start_worker(url: str, slack: SlackServer) -> subprocess.Popen[bytes]:
    environment = {"PYTHONPATH": str(Path(__file__).parents[2] / "include"), "PATH": ""}
    return subprocess.Popen([sys.executable, str(SENDER), url, slack.url], env=environment, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.DRIPPING])
def test_a_dead_slack_is_left_alone_after_the_first_message(ledger: SqlLedger, slack: SlackServer, fault: Fault):
    queue(ledger, *(a_message(f"m{number}") for number in range(12)))
    slack.fail_next(*[fault] * 12)
    began = time.monotonic()

    delivery = notify(ledger, SlackNotifier(slack.token, base_url=slack.url, limit_s=0.3), StandingClock())

    assert time.monotonic() - began < 3  # twelve waits would be 3.6 s
    assert (delivery.postponed, delivery.sent, delivery.has_more) == (1, 0, True)
    assert states(ledger) == ["sending", *["pending"] * 11]


def test_after_a_dead_slack_everything_is_sent_once(ledger: SqlLedger, slack: SlackServer):
    queue(ledger, *(a_message(f"m{number}") for number in range(4)))
    slack.fail_next(Fault.DRIPPING)  # carried out, and never answered
    clock = StandingClock()
    notify(ledger, SlackNotifier(slack.token, base_url=slack.url, limit_s=0.3), clock)
    clock.forward(TIMES.settling)

    notify(ledger, SlackNotifier(slack.token, base_url=slack.url), clock)

    assert sorted(slack.outbox_ids("#orders")) == ["m0", "m1", "m2", "m3"]


def test_a_slow_slack_ends_the_drain_at_its_limit(ledger: SqlLedger, notifier: SlackNotifier):
    queue(ledger, *(a_message(f"m{number}") for number in range(3)))
    clock = StandingClock()

    class Slow:
        def send(self, message: Message, *, root_ts: str | None = None, root_text: str | None = None) -> str:
            clock.forward(timedelta(seconds=40))
            return notifier.send(message, root_ts=root_ts, root_text=root_text)

        def find(self, message: Message, *, since: datetime, root_ts: str | None = None) -> str | None:
            return notifier.find(message, since=since, root_ts=root_ts)

    assert notify(ledger, Slow(), clock) == Delivery(sent=2, has_more=True)
    assert states(ledger) == ["sent", "sent", "pending"]
