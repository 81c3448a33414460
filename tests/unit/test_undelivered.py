"""Messages that wait for too long: from when on, in which words, and when it is over."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.test_watch import Watch

from partition_gate.alerts.dataset_problems import GATE
from partition_gate.core.errors import NotDelivered
from partition_gate.incidents.actions import Action, ActionKind
from partition_gate.judging.attempt import Backlog
from partition_gate.testing.builders import NOON, a_message, queue
from partition_gate.watching.delivery import undelivered

MINUTE = timedelta(minutes=1)
NOW = NOON + 20 * MINUTE


def a_backlog(channel: str = "#orders", **changes: object) -> Backlog:
    whole = Backlog(tool="slack", channel=channel, messages=1, since=NOON, last_error=f"{channel}: refused")
    return whole.model_copy(update=changes)


def sentence(*backlogs: Backlog) -> str:
    (found,) = undelivered(backlogs, now=NOW)
    return found.sentence(NOW)


@pytest.mark.parametrize(("waited", "count"), [(15 * MINUTE - timedelta(seconds=1), 0), (15 * MINUTE, 1)])
def test_messages_may_wait_for_less_than_fifteen_minutes(waited: timedelta, count: int) -> None:
    assert len(undelivered([a_backlog()], now=NOON + waited)) == count


def test_a_sentence_says_how_many_wait_where_since_when_why_and_what_to_do() -> None:
    assert sentence(a_backlog(messages=1200)) == (
        "1,200 messages to slack #orders have not been delivered since 2026-11-02 12:00 UTC (20 min): "
        "#orders: refused. Nothing is lost: repair the cause, then run: gate notify"
    )


def test_channels_of_one_tool_are_one_problem_with_the_longest_wait_first() -> None:
    others = [a_backlog(f"#{name}", since=NOON + MINUTE, messages=2) for name in "abc"]

    assert sentence(*others, a_backlog()).startswith(
        "7 messages to slack #orders, #a and 2 more have not been delivered since 2026-11-02 12:00 UTC (20 min): "
    )


def test_a_channel_that_waits_for_a_minute_is_not_part_of_it() -> None:
    assert sentence(a_backlog(), a_backlog("#new", since=NOW - MINUTE)).startswith("1 message to slack #orders has")


def test_each_tool_is_a_problem_of_its_own() -> None:
    found = undelivered([a_backlog(), a_backlog("a@b.example", tool="email")], now=NOW)

    assert [each.problem.cause for each in found] == ["delivery email", "delivery slack"]


def test_messages_that_nobody_tried_to_deliver_say_so() -> None:
    assert "(20 min): nothing has tried to deliver them. " in sentence(a_backlog(last_error=""))


def test_an_error_is_shown_without_what_a_terminal_would_act_on() -> None:
    assert r"bad\x1b[2J" in sentence(a_backlog(last_error="bad\x1b[2J"))


def test_the_path_of_a_webhook_is_in_no_sentence() -> None:
    hook = a_backlog("https://hooks.example/a-secret", tool="webhook", last_error="hooks.example: refused")

    assert sentence(hook).startswith("1 message to webhook hooks.example has")
    assert "a-secret" not in undelivered([hook], now=NOW)[0].model_dump_json()


def test_more_messages_are_no_news_of_the_same_problem() -> None:
    few, many = (undelivered([a_backlog(messages=count)], now=NOW)[0].problem for count in (1, 9))

    assert few == many


# In a pass of the watch


@pytest.fixture
def gate(tmp_path: Path) -> Watch:
    gate = Watch(tmp_path)
    queue(gate.ports.ledger, a_message("m1"))
    return gate


def problems(gate: Watch) -> list[str]:
    return [f"{each.cause} {each.state.value}" for each in gate.ports.ledger.incidents(GATE, active_only=False)]


def test_a_pass_records_one_incident_however_long_it_lasts(gate: Watch) -> None:
    gate.ports.notifier.error = NotDelivered("#orders: refused")
    for _ in range(4):
        gate.ports.clock.time += 10 * MINUTE
        gate.look()

    assert problems(gate) == ["delivery slack open"]
    (incident,) = gate.ports.ledger.incidents(GATE)
    assert [event.kind for event in gate.ports.ledger.incident_events(incident.id)] == ["opened"]


def test_a_pass_says_why_messages_were_not_delivered(gate: Watch) -> None:
    gate.ports.notifier.error = NotDelivered("#orders: refused")
    gate.ports.clock.time += 15 * MINUTE

    assert [": #orders: refused. Nothing is lost" in sentence for sentence in gate.look().undelivered] == [True]


def test_messages_that_this_pass_delivers_are_no_problem_however_long_they_waited(gate: Watch) -> None:
    gate.ports.clock.time += 60 * MINUTE

    assert (gate.look().undelivered, problems(gate)) == ((), [])


def test_while_it_is_muted_no_pass_fails_for_it(gate: Watch) -> None:
    gate.ports.notifier.error = NotDelivered("#orders: refused")
    gate.ports.clock.time += 20 * MINUTE
    before = gate.look()
    (incident,) = gate.ports.ledger.incidents(GATE)
    now = gate.ports.clock.now()
    gate.ports.ledger.act(incident.id, Action(kind=ActionKind.MUTE, who="ann", until=now + 10 * MINUTE), now=now)
    muted = gate.look()
    gate.ports.clock.time += 20 * MINUTE

    assert [len(found.undelivered) for found in (before, muted, gate.look())] == [1, 0, 1]


def test_it_is_over_with_the_pass_that_delivers_what_waited(gate: Watch) -> None:
    gate.ports.notifier.error = NotDelivered("#orders: refused")
    gate.ports.clock.time += 20 * MINUTE
    gate.look()
    gate.ports.notifier.error = None
    gate.ports.clock.time += 20 * MINUTE

    assert (gate.look().undelivered, problems(gate)) == ((), ["delivery slack resolved"])


def test_the_operators_are_told_in_the_same_pass(gate: Watch) -> None:
    gate.ports.operators_channel = "ops@example.org"
    gate.ports.clock.time += 15 * MINUTE
    in_a_minute = gate.ports.clock.now() + MINUTE
    gate.ports.ledger.postpone("m1", until=in_a_minute, surely_unsent=True, why="#orders: refused")

    gate.look()

    assert [message.channel for message in gate.ports.notifier.sent] == ["ops@example.org"]
