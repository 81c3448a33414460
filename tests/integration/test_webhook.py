"""Webhooks over real HTTP: what a receiver is given, how it may fail, and what that proves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from tests.integration.webhook_receiver import SECRET, Receiver, WebhookFault

from partition_gate.adapters.ledger.ledger import SqlLedger, migrate
from partition_gate.adapters.webhook import WebhookNotifier
from partition_gate.core.errors import DeliveryError, DeliveryUnknown, Extent, NotDelivered
from partition_gate.gate.notify import Delivery, DeliveryTimes, notify
from partition_gate.judging.attempt import Message
from partition_gate.testing.builders import a_message, queue
from partition_gate.testing.ports import FakeClock

BLOCKS = '[{"type": "header", "text": {"type": "plain_text", "text": "\u00fcber <b>"}}]'


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server


@pytest.fixture
def ledger(tmp_path: Path) -> SqlLedger:
    migrate(url := f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    return SqlLedger(url)


def a_notifier(*, secret: str = SECRET, limit_s: float = 5) -> WebhookNotifier:
    return WebhookNotifier(secret, limit_s=limit_s)


def a_call(receiver: Receiver, message_id: str = "m1", **changes: Any) -> Message:
    return a_message(message_id, tool="webhook", **{"channel": receiver.url, "blocks": BLOCKS, **changes})


def failure_of(receiver: Receiver, *, limit_s: float = 5) -> DeliveryError:
    with pytest.raises(DeliveryError) as failed:
        a_notifier(limit_s=limit_s).send(a_call(receiver))
    return failed.value


def test_a_receiver_is_given_the_whole_message(receiver: Receiver):
    a_notifier().send(a_call(receiver, text="orders rejected"))

    (call,) = receiver.received
    assert abs(datetime.fromisoformat(call.pop("sent_at")) - datetime.now(UTC)) < timedelta(seconds=5)
    assert call == {
        "version": 1,
        "id": "m1",
        "event": "opened",
        "thread": "m1",
        "audience": "producers",
        "attempt": "orders-2026-11-01-1",
        "text": "orders rejected",
        "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "\u00fcber <b>"}}],
    }
    assert receiver.headers[0]["Idempotency-Key"] == "m1"
    assert receiver.headers[0]["Content-Type"] == "application/json; charset=utf-8"


def test_edits_and_replies_name_their_thread(receiver: Receiver):
    a_notifier().send(a_call(receiver, "m2", root="m1", is_edit=True), root_ts="1.0")
    a_notifier().send(a_call(receiver, "m3", root="m1"), root_ts="1.0")

    told = [(call["id"], call["event"], call["thread"]) for call in receiver.received]
    assert told == [("m2", "updated", "m1"), ("m3", "reply", "m1")]


def test_a_call_that_is_signed_with_another_secret_is_refused_with_the_next_step(receiver: Receiver):
    with pytest.raises(NotDelivered, match=r"the receiver answers 401; .*the value of GATE_WEBHOOK_SECRET") as refused:
        a_notifier(secret="another-secret-of-nobody").send(a_call(receiver))

    assert receiver.received == []
    assert "another-secret" not in str(refused.value)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_a_delivery(receiver: Receiver, status: int):
    receiver.fail_next((status, {}))

    a_notifier().send(a_call(receiver))


@pytest.mark.parametrize("status", [408, 425, 429])
def test_what_the_receiver_has_not_acted_on_is_certainly_not_delivered(receiver: Receiver, status: int):
    receiver.fail_next((status, {"Retry-After": "7"}))

    failed = failure_of(receiver)

    assert isinstance(failed, NotDelivered)
    assert (failed.retry_after_s, failed.extent) == (7.0, Extent.CHANNEL)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
def test_a_failing_receiver_may_have_taken_it(receiver: Receiver, status: int):
    receiver.fail_next((status, {"Retry-After": "7"}))

    failed = failure_of(receiver)

    assert isinstance(failed, DeliveryUnknown)
    assert (failed.retry_after_s, failed.extent) == (7.0, Extent.CHANNEL)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 422])
def test_a_refusal_names_the_next_step_and_concerns_this_message_only(receiver: Receiver, status: int):
    receiver.fail_next((status, {}))

    failed = failure_of(receiver)

    assert isinstance(failed, NotDelivered)
    assert f"the receiver answers {status}; " in str(failed)
    assert failed.extent is Extent.MESSAGE


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(receiver: Receiver, status: int):
    receiver.fail_next((status, {"Location": receiver.url}))

    failed = failure_of(receiver)

    assert isinstance(failed, NotDelivered)
    assert "redirects are not followed: write the final URL" in str(failed)
    assert (receiver.received, receiver.redirected) == ([], 0)


@pytest.mark.parametrize("value", ["soon", "", "-5", "Mon, 99 Foo 2026"])
def test_a_strange_retry_after_is_no_reason_to_fail(receiver: Receiver, value: str):
    receiver.fail_next((429, {"Retry-After": value}))

    assert failure_of(receiver).retry_after_s in (None, 0.0)


def test_retry_after_may_be_a_date(receiver: Receiver):
    receiver.fail_next((429, {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(minutes=2), usegmt=True)}))

    assert 110 < (failure_of(receiver).retry_after_s or 0) <= 120


@pytest.mark.parametrize("fault", list(WebhookFault))
def test_a_lost_answer_proves_nothing_and_is_waited_for_until_the_limit(receiver: Receiver, fault: WebhookFault):
    receiver.fail_next(fault)
    began = time.monotonic()

    failed = failure_of(receiver, limit_s=0.4)

    assert isinstance(failed, DeliveryUnknown)
    assert "it may have arrived" in str(failed)
    assert failed.extent is Extent.CHANNEL
    assert time.monotonic() - began < 5


def test_a_receiver_that_is_not_there_has_certainly_taken_nothing(receiver: Receiver):
    with pytest.raises(NotDelivered, match=r"127\.0\.0\.1:9: cannot be reached \(ConnectionRefusedError\)") as failed:
        a_notifier().send(a_call(receiver, channel="http://127.0.0.1:9/hook"))

    assert failed.value.extent is Extent.CHANNEL


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/", "http://user:word@host/", "http://", "#orders"])
def test_only_http_urls_without_credentials_are_called(receiver: Receiver, url: str):
    with pytest.raises(NotDelivered, match="not an http or https URL") as refused:
        a_notifier().send(a_call(receiver, channel=url))

    assert "word" not in str(refused.value)


def test_no_problem_shows_the_path_of_the_url(receiver: Receiver):
    receiver.fail_next((500, {}), (404, {}), (302, {}), (429, {}), WebhookFault.DROPPED_BEFORE)

    assert not [str(failed) for failed in (failure_of(receiver) for _ in range(5)) if "a-secret-path" in str(failed)]


def test_a_call_whose_answer_was_lost_arrives_again_with_the_same_key(receiver: Receiver, ledger: SqlLedger):
    clock = FakeClock()
    queue(ledger, a_call(receiver))
    receiver.fail_next(WebhookFault.DROPPED_AFTER)
    notify(ledger, a_notifier(), clock)
    clock.forward(DeliveryTimes().settling)

    assert notify(ledger, a_notifier(), clock) == Delivery(sent=1)
    assert ([call["id"] for call in receiver.received], receiver.repeats) == (["m1"], 1)


def test_a_receiver_that_is_waited_for_is_not_called_before(receiver: Receiver, ledger: SqlLedger):
    clock = FakeClock()
    queue(ledger, a_call(receiver))
    receiver.fail_next((429, {"Retry-After": "90"}))
    notify(ledger, a_notifier(), clock)
    clock.forward(timedelta(seconds=89))

    early = notify(ledger, a_notifier(), clock)
    clock.forward(timedelta(seconds=1))

    assert (early, notify(ledger, a_notifier(), clock)) == (Delivery(), Delivery(sent=1))


def test_a_silent_receiver_holds_up_no_other_receiver(receiver: Receiver, ledger: SqlLedger):
    with Receiver() as silent:
        silent.fail_next(*[WebhookFault.SILENT] * 3)
        queue(ledger, a_call(silent, "m1"), a_call(silent, "m2"), a_call(receiver, "m3"), a_call(silent, "m4"))
        began = time.monotonic()

        delivery = notify(ledger, a_notifier(limit_s=0.4), FakeClock())

    assert (delivery.sent, delivery.postponed, delivery.has_more) == (1, 1, True)
    assert [call["id"] for call in receiver.received] == ["m3"]
    assert time.monotonic() - began < 5
