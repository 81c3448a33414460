"""What only Slack and the inbox do: faults over real HTTP, told apart by what they prove."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from partition_gate.adapters.inbox import InboxNotifier
from partition_gate.adapters.slack import DeadlineClient, SlackNotifier
from partition_gate.core.errors import DeliveryUnknown, NotDelivered, NotEditable, ServiceSilent
from partition_gate.gate.deadlines import Deadline
from partition_gate.testing.builders import a_message
from partition_gate.testing.slack_server import Fault, SlackServer

CHANNELS = {"#orders": "C0ORDERS01", "#other": "C0OTHER001"}
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer(CHANNELS) as server:
        yield server


def a_slack_notifier(slack: SlackServer, *, token: str = SlackServer.token) -> SlackNotifier:
    return SlackNotifier(token, base_url=slack.url, timeout_s=1)


def test_slack_shows_an_edit_in_place_and_a_reply_in_the_thread_only(slack: SlackServer):
    notifier = a_slack_notifier(slack)
    root_ts = notifier.send(a_message("m1"))
    notifier.send(a_message("m2", root="m1", text="it is over"), root_ts=root_ts)

    SlackNotifier(slack.token, base_url=slack.url).send(
        a_message("m3", text="resolved", root="m1", is_edit=True), root_ts=root_ts
    )

    posts = slack.posts[CHANNELS["#orders"]]
    assert [(post["text"], post.get("thread_ts")) for post in posts] == [("resolved", None), ("it is over", root_ts)]
    assert notifier.find(a_message("m2"), since=LONG_AGO) is None


def test_a_message_that_was_deleted_in_slack_cannot_be_edited(slack: SlackServer):
    notifier = a_slack_notifier(slack)
    root_ts = notifier.send(a_message("m1"))
    slack.posts[CHANNELS["#orders"]].clear()

    with pytest.raises(NotEditable, match="#orders: Slack says message_not_found; the message was deleted in Slack"):
        notifier.send(a_message("m2", root="m1", is_edit=True), root_ts=root_ts)


def test_an_inbox_shows_the_newest_messages_first(tmp_path: Path):
    inbox = InboxNotifier(tmp_path)
    for name in ("m1", "m2", "m3"):
        inbox.send(a_message(name))

    assert [delivered.message.id for delivered in inbox.delivered(limit=2)] == ["m3", "m2"]


def test_an_inbox_takes_the_same_message_once(tmp_path: Path):
    inbox = InboxNotifier(tmp_path)

    assert inbox.send(a_message("m1")) == inbox.send(a_message("m1"))
    assert len(list(tmp_path.iterdir())) == 1


def test_a_message_told_again_with_a_new_text_replaces_the_old_one_in_an_inbox(tmp_path: Path):
    inbox = InboxNotifier(tmp_path)
    inbox.send(a_message("m1", text="missing since Monday"))

    assert inbox.find(a_message("m1", text="missing since Friday"), since=LONG_AGO) is None
    inbox.send(a_message("m1", text="missing since Friday"))

    assert [delivered.message.text for delivered in inbox.delivered()] == ["missing since Friday"]


def test_strange_and_unfinished_files_in_an_inbox_are_passed_over(tmp_path: Path):
    inbox = InboxNotifier(tmp_path)
    inbox.send(a_message("m1"))
    (tmp_path / "strange.json").write_text("{}")
    (tmp_path / ".m2.part").write_text("{")

    assert [delivered.message.id for delivered in inbox.delivered()] == ["m1"]


def test_an_inbox_that_does_not_exist_yet_is_empty(tmp_path: Path):
    assert InboxNotifier(tmp_path / "absent").delivered() == ()


def test_a_folder_that_cannot_be_written_is_a_refusal(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(NotDelivered, match=r"file/m1\.json"):
        InboxNotifier(tmp_path / "file").send(a_message("m1"))


@pytest.mark.parametrize(("fault", "retry_after_s"), [(Fault.RATE_LIMITED, 1.0), (Fault.RATE_LIMITED_SILENTLY, None)])
def test_a_rate_limit_proves_that_nothing_was_taken(slack: SlackServer, fault: Fault, retry_after_s: float | None):
    slack.fail_next(fault)

    with pytest.raises(NotDelivered) as refused:
        a_slack_notifier(slack).send(a_message())

    assert refused.value.retry_after_s == retry_after_s


@pytest.mark.parametrize(
    "fault", [Fault.SERVER_ERROR, Fault.DROPPED_BEFORE, Fault.DROPPED_AFTER, Fault.SLOW, Fault.GARBAGE]
)
def test_a_lost_answer_proves_nothing_and_is_asked_for_once_only(slack: SlackServer, fault: Fault):
    slack.slow_s = 1.5
    slack.fail_next(fault)

    with pytest.raises(DeliveryUnknown):
        a_slack_notifier(slack).send(a_message())

    assert slack.faults_made == [fault]


def test_a_slack_that_is_not_there_proves_nothing():
    with pytest.raises(DeliveryUnknown, match="no answer from Slack"):
        SlackNotifier("xoxb-test", base_url="http://127.0.0.1:9/api", timeout_s=1).send(a_message())


@pytest.mark.parametrize(("since", "is_found"), [(timedelta(seconds=-2), True), (timedelta(seconds=60), False)])
def test_only_messages_since_a_moment_are_found(slack: SlackServer, since: timedelta, *, is_found: bool):
    notifier = a_slack_notifier(slack)
    notifier.send(a_message("m1"))

    assert (notifier.find(a_message("m1"), since=datetime.now(UTC) + since) is not None) is is_found


def test_a_message_is_found_behind_many_pages_by_a_process_that_never_posted():
    many = {f"#other-{number}": f"C0OTHER{number:03}" for number in range(7)}
    with SlackServer({**many, **CHANNELS}, page=3) as slack:
        sender = a_slack_notifier(slack)
        for number in range(10):
            sender.send(a_message(f"m{number}"))

        assert a_slack_notifier(slack).find(a_message("m0"), since=LONG_AGO) is not None


def test_a_channel_that_was_posted_to_needs_no_list_of_channels(slack: SlackServer):
    notifier = a_slack_notifier(slack)
    notifier.send(a_message("m1"))

    notifier.find(a_message("m1"), since=LONG_AGO)

    assert "conversations.list" not in slack.calls


def test_a_channel_id_works_like_a_name(slack: SlackServer):
    message = a_message("m1").model_copy(update={"channel": "C0ORDERS01"})
    a_slack_notifier(slack).send(message)

    assert a_slack_notifier(slack).find(message, since=LONG_AGO) is not None


def test_the_same_id_in_another_channel_is_another_message(slack: SlackServer):
    notifier = a_slack_notifier(slack)
    notifier.send(a_message("m1"))

    assert notifier.find(a_message("m1").model_copy(update={"channel": "#other"}), since=LONG_AGO) is None


def test_a_history_that_cannot_be_read_is_not_an_empty_one(slack: SlackServer):
    absent = a_message("m1").model_copy(update={"channel": "#nowhere"})

    with pytest.raises(NotDelivered, match="#nowhere"):
        a_slack_notifier(slack).find(absent, since=LONG_AGO)


def test_a_channel_that_does_not_exist_says_what_to_do(slack: SlackServer):
    with pytest.raises(NotDelivered, match=r"#nowhere: Slack says channel_not_found; create the channel"):
        a_slack_notifier(slack).send(a_message().model_copy(update={"channel": "#nowhere"}))


def test_a_channel_without_the_app_says_what_to_do(slack: SlackServer):
    slack.absent_from.add("C0ORDERS01")

    with pytest.raises(NotDelivered, match="invite the app"):
        a_slack_notifier(slack).send(a_message())


def test_a_refused_token_says_what_to_do_and_is_not_shown(slack: SlackServer):
    with pytest.raises(NotDelivered, match="replace the Slack token") as refused:
        a_slack_notifier(slack, token="xoxb-secret").send(a_message())

    assert "xoxb" not in str(refused.value)


def test_the_notification_line_is_no_mention(slack: SlackServer):
    a_slack_notifier(slack).send(a_message(text="<!channel> R&D"))

    assert slack.posts["C0ORDERS01"][0]["text"] == "&lt;!channel&gt; R&amp;D"


@pytest.mark.parametrize("blocks", ['[{"type": "section"}]', '[{"type": "header", "text": "words"}]', "[{}]"])
def test_the_fake_refuses_blocks_that_slack_refuses(slack: SlackServer, blocks: str):
    with pytest.raises(NotDelivered, match="invalid_blocks"):
        a_slack_notifier(slack).send(a_message().model_copy(update={"blocks": blocks}))


@pytest.mark.parametrize("fault", [Fault.DRIPPING, Fault.SILENT])
def test_a_slack_that_never_finishes_its_answer_is_waited_for_until_the_limit(slack: SlackServer, fault: Fault):
    slack.fail_next(fault)
    began = time.monotonic()

    with pytest.raises(ServiceSilent, match=r"within 0\.5 s \(GATE_MESSAGE_TIMEOUT_S\)"):
        SlackNotifier(slack.token, base_url=slack.url, limit_s=0.5).send(a_message())

    assert time.monotonic() - began < 5


def test_the_limit_of_a_look_is_for_all_of_its_pages(slack: SlackServer):
    slack.page = 1
    notifier = SlackNotifier(slack.token, base_url=slack.url, limit_s=0.5)
    for number in range(10):
        notifier.send(a_message(f"m{number}"))
    slack.latency_s = 0.2
    began = time.monotonic()

    with pytest.raises(ServiceSilent):
        notifier.find(a_message("absent"), since=LONG_AGO)

    assert time.monotonic() - began < 5


def test_a_request_that_was_given_up_before_it_was_sent_is_never_sent():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = DeadlineClient("xoxb-test", f"http://127.0.0.1:{listener.getsockname()[1]}/api/", timeout_s=1)
        client.deadline = Deadline(0.0)

        with pytest.raises(OSError):  # noqa: PT011 -- whatever it is called
            client.chat_postMessage(channel="#orders", text="late")

        connection, _ = listener.accept()
        assert connection.recv(1) == b""
