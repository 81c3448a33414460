"""What every notifier does; and, of those that can ask what was delivered, what they find."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.integration.mail_server import HOST, MailServer
from tests.integration.webhook_receiver import SECRET, Receiver

from partition_gate.adapters.email import EmailNotifier
from partition_gate.adapters.inbox import InboxNotifier
from partition_gate.adapters.slack import SlackNotifier
from partition_gate.adapters.webhook import WebhookNotifier
from partition_gate.core.addresses import SmtpServer
from partition_gate.judging.attempt import Message
from partition_gate.ports.notifier import Notifier
from partition_gate.testing.builders import a_message
from partition_gate.testing.slack_server import SlackServer

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


class Place(NamedTuple):
    """A notifier, the channel that it reaches, and the ids of the messages that people saw there, in order."""

    notifier: Notifier
    tool: str
    channel: str
    seen: Callable[[], list[str]]

    def message(self, message_id: str, **changes: Any) -> Message:
        return a_message(message_id, tool=self.tool, channel=self.channel, **changes)

    def send(self, message_id: str, *, root: str = "", root_ts: str | None = None, **changes: Any) -> str:
        message = self.message(message_id, root=root, **changes)
        return self.notifier.send(message, root_ts=root_ts, root_text="orders" if root else None)


def in_slack(stack: ExitStack, folder: Path) -> Place:
    slack = stack.enter_context(SlackServer({"#orders": "C0ORDERS01"}))
    notifier = SlackNotifier(slack.token, base_url=slack.url, timeout_s=1)
    return Place(notifier, "slack", "#orders", lambda: slack.outbox_ids("#orders"))


def in_the_inbox(stack: ExitStack, folder: Path) -> Place:
    inbox = InboxNotifier(folder / "inbox")
    return Place(inbox, "slack", "#orders", lambda: [each.message.id for each in reversed(inbox.delivered())])


def by_email(stack: ExitStack, folder: Path) -> Place:
    mail = stack.enter_context(MailServer())
    server = SmtpServer(host=HOST, port=mail.port, is_encrypted=False)
    seen = lambda: [str(each.letter["Message-ID"]).strip("<").partition("@")[0] for each in mail.accepted]  # noqa: E731
    return Place(EmailNotifier(server, sender="gate@example.org", limit_s=5), "email", "team@example.org", seen)


def by_webhook(stack: ExitStack, folder: Path) -> Place:
    receiver = stack.enter_context(Receiver())
    seen = lambda: [call["thread"] if call["event"] == "updated" else call["id"] for call in receiver.received]  # noqa: E731
    return Place(WebhookNotifier(SECRET, limit_s=5), "webhook", receiver.url, lambda: list(dict.fromkeys(seen())))


LOOKING_UP = [in_slack, in_the_inbox]
EVERY = [*LOOKING_UP, by_email, by_webhook]


@pytest.fixture(params=EVERY)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as stack:
        yield request.param(stack, tmp_path)


@pytest.fixture(params=LOOKING_UP)
def lookup(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as stack:
        yield request.param(stack, tmp_path)


def test_what_was_sent_arrives_once_and_in_order(place: Place):
    place.send("m1")
    place.send("m2")

    assert place.seen() == ["m1", "m2"]


def test_what_was_not_sent_is_not_found(place: Place):
    place.send("m1")

    assert place.notifier.find(place.message("m2"), since=LONG_AGO) is None


def test_a_timestamp_is_the_time_of_delivery(place: Place):
    assert abs(float(place.send("m1")) - datetime.now(UTC).timestamp()) < 5


def test_a_reply_arrives_after_its_root(place: Place):
    root_ts = place.send("m1")

    assert float(place.send("m2", root="m1", root_ts=root_ts)) >= float(root_ts)
    assert place.seen() == ["m1", "m2"]


def test_an_edit_keeps_the_time_of_its_root_and_is_no_message_of_its_own(place: Place):
    root_ts = place.send("m1")
    time.sleep(0.01)

    edited_ts = place.send("m2", text="resolved", root="m1", root_ts=root_ts, is_edit=True)

    assert edited_ts == root_ts
    assert place.seen() == ["m1"]


def test_a_message_with_every_kind_of_character_arrives(place: Place):
    hostile = "<!channel> & \u00fcber\u202e \U0001f534 .\r\n.\r\nBcc: x@example.org " + "x" * 2000
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": hostile, "verbatim": True}}]

    place.send("m1", text=hostile, blocks=json.dumps(blocks))

    assert place.seen() == ["m1"]


def test_what_was_sent_is_found_with_the_same_timestamp(lookup: Place):
    timestamp = lookup.send("m1")

    assert lookup.notifier.find(lookup.message("m1"), since=LONG_AGO) == timestamp


def test_a_reply_is_found_in_the_thread_of_its_root(lookup: Place):
    root_ts = lookup.send("m1")

    reply_ts = lookup.send("m2", root="m1", root_ts=root_ts)

    assert lookup.notifier.find(lookup.message("m2", root="m1"), since=LONG_AGO, root_ts=root_ts) == reply_ts


def test_an_edited_message_is_found_by_its_first_identity(lookup: Place):
    root_ts = lookup.send("m1")

    lookup.send("m2", text="resolved", root="m1", root_ts=root_ts, is_edit=True)

    assert lookup.notifier.find(lookup.message("m1", text="resolved"), since=LONG_AGO) == root_ts
