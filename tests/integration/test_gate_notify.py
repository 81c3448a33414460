"""`gate notify` from the command line: what was sent, what waits and why, and whether a channel can be reached."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.commands import gate
from tests.integration.mail_server import HOST, MailFault, MailServer
from tests.integration.webhook_receiver import SECRET, Receiver

from partition_gate.adapters.ledger.ledger import SqlLedger, migrate
from partition_gate.testing.builders import a_message, queue
from partition_gate.testing.slack_server import Fault, SlackServer

SUPPORT = [
    {"tool": "slack", "channel": "#orders", "scope": "issues"},
    {"tool": "email", "channel": "team@example.org", "scope": "issues"},
]


class Desk:
    """A folder with one contract and a ledger, and the servers that messages go to."""

    def __init__(self, folder: Path, slack: SlackServer, mail: MailServer, hooks: Receiver) -> None:
        self.folder, self.slack, self.mail, self.hooks = folder, slack, mail, hooks
        self.home = folder / "home"
        self.home.mkdir()
        migrate(url := f"sqlite:///{self.home / 'ledger.sqlite'}")
        self.ledger = SqlLedger(url)
        hook = {"tool": "webhook", "channel": "pager", "url": hooks.url, "scope": "issues"}
        self.contract = self.written([*SUPPORT, hook])
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GATE_")},
            "GATE_HOME": str(self.home),
            "GATE_MESSAGE_TIMEOUT_S": "1",
            "GATE_SLACK_TOKEN": slack.token,
            "GATE_SLACK_API_URL": slack.url,
            "GATE_SMTP_URL": f"smtp://{HOST}:{mail.port}",
            "GATE_SMTP_FROM": "gate@example.org",
            "GATE_WEBHOOK_SECRET": SECRET,
        }

    def written(self, support: list[dict[str, Any]]) -> str:
        document = yaml.safe_load(Path("tests/corpus/orders.yaml").read_text())
        path = self.folder / "orders.odcs.yaml"
        path.write_text(yaml.safe_dump({**document, "support": support}))
        return str(path)

    def notify(self, *arguments: str, **settings: str) -> tuple[int, list[dict[str, str]]]:
        done = self.run("notify", *arguments, "--json", **settings)
        return done.returncode, json.loads(done.stdout)["channels"] if done.stdout else []

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in {**self.environment, **settings}.items() if value}
        return gate(*arguments, environment=environment)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with SlackServer({"#orders": "C0ORDERS01"}) as slack, MailServer() as mail, Receiver() as hooks:
        yield Desk(tmp_path, slack, mail, hooks)


def test_messages_of_every_tool_are_delivered_at_once(desk: Desk):
    email = a_message("m2", tool="email", channel="team@example.org")
    queue(desk.ledger, a_message("m1"), email, a_message("m3", tool="webhook", channel=desk.hooks.url))

    code, lines = desk.notify()

    assert (code, [(line["tool"], line["result"]) for line in lines]) == (
        0,
        [("slack", "sent"), ("email", "sent"), ("webhook", "sent")],
    )
    assert (len(desk.slack.outbox_ids("#orders")), len(desk.mail.accepted), len(desk.hooks.received)) == (1, 1, 1)
    assert desk.notify() == (0, [])


def test_what_waits_is_shown_with_the_reason_and_no_tool_waits_for_another(desk: Desk):
    desk.slack.absent_from.add("C0ORDERS01")
    desk.mail.fail_next(MailFault.SENDER_REFUSED)
    emails = [a_message(name, tool="email", channel="team@example.org") for name in ("m3", "m4")]
    queue(desk.ledger, a_message("m1"), a_message("m2", root="m1"), *emails)
    queue(desk.ledger, a_message("m5", tool="webhook", channel=desk.hooks.url))

    code, lines = desk.notify()

    assert code == 1
    assert [(line["result"], line["tool"]) for line in lines] == [
        ("sent", "webhook"), ("waits", "slack"), ("waits", "slack"), ("waits", "email"), ("waits", "email"),
    ]  # fmt: skip
    whys = [line["why"] for line in lines]
    assert "invite the app" in whys[1]
    assert "come first" in whys[2]
    assert "correct GATE_SMTP_FROM" in whys[3]
    assert "could not be delivered there" in whys[4]
    assert "a-secret-path" not in json.dumps(lines)


def test_a_message_that_waits_for_its_next_try_is_tried_now(desk: Desk):
    queue(desk.ledger, a_message("m1"))
    desk.slack.absent_from.add("C0ORDERS01")
    assert desk.notify()[0] == 1
    desk.slack.absent_from.clear()

    assert [line["result"] for line in desk.notify()[1]] == ["sent"]


def test_a_message_of_unknown_result_is_not_tried_at_once(desk: Desk):
    queue(desk.ledger, a_message("m1"))
    desk.slack.fail_next(Fault.DROPPED_AFTER)
    desk.notify()

    code, (line,) = desk.notify()

    assert (code, line["result"]) == (1, "waits")
    assert "the result of its last try is unknown" in line["why"]


def test_a_test_message_goes_to_each_channel_of_an_audience(desk: Desk):
    code, lines = desk.notify("--test", "producers", desk.contract)

    assert (code, [(line["tool"], line["result"]) for line in lines]) == (
        0,
        [("slack", "sent"), ("email", "sent"), ("webhook", "sent")],
    )
    assert desk.mail.accepted[0].letter["Subject"] == "Test message about orders"
    assert desk.hooks.received[0]["id"].startswith("test-")
    assert desk.ledger.messages() == ()


def test_a_test_message_that_does_not_arrive_says_what_to_do(desk: Desk):
    desk.slack.absent_from.add("C0ORDERS01")
    desk.mail.fail_next(MailFault.RECIPIENT_REFUSED)

    code, lines = desk.notify("--test", "producers", desk.contract, GATE_WEBHOOK_SECRET="")

    assert (code, [line["result"] for line in lines]) == (1, ["not sent"] * 3)
    whys = [line["why"] for line in lines]
    assert "invite the app" in whys[0]
    assert "correct it in `support`" in whys[1]
    assert whys[2] == "GATE_WEBHOOK_SECRET is not set, so messages go to the local inbox page"


@pytest.mark.parametrize(("operators", "tool"), [("#orders", "slack"), ("gate@example.org", "email")])
def test_the_operators_channel_can_be_tested(desk: Desk, operators: str, tool: str):
    code, (line,) = desk.notify("--test", "operators", desk.contract, GATE_OPERATORS_CHANNEL=operators)

    assert (code, line["tool"], line["result"]) == (0, tool, "sent")


def test_an_audience_without_a_channel_says_what_to_add(desk: Desk):
    path = desk.written([{"tool": "email", "channel": "the team", "scope": "announcements"}])

    done = desk.run("notify", "--test", "consumers", path)

    assert done.returncode == 2
    assert "no channel for consumers; not usable: the team (email); add an entry to `support`" in done.stderr


def test_a_contract_alone_is_a_usage_error(desk: Desk):
    assert desk.run("notify", desk.contract).returncode == 2


def test_people_read_one_line_for_each_message(desk: Desk):
    queue(desk.ledger, a_message("m1"))

    done = desk.run("notify")

    assert done.stdout == "sent: slack #orders (producers): orders\n"
    assert desk.run("notify").stdout == "no message waits\n"


def test_a_slack_connection_without_airflow_s_answer_waits_and_says_why(desk: Desk):
    queue(desk.ledger, a_message("m1"))

    code, (line,) = desk.notify(GATE_SLACK_TOKEN="", GATE_SLACK_CONN_ID="absent")

    assert (code, line["result"]) == (1, "waits")
    assert "GATE_SLACK_CONN_ID=absent: Airflow does not provide this connection" in line["why"]


@pytest.mark.parametrize(
    ("connection", "why"),
    [
        ('{"conn_type": "slack", "password": "xoxb-test-token"}', ""),
        ('{"conn_type": "http", "password": "xoxb-test-token"}', ""),
        ('{"conn_type": "slack"}', "has no password"),
        ('{"conn_type": "ftp", "password": "xoxb-test-token"}', "is of type 'ftp'"),
    ],
)
def test_the_slack_token_may_come_from_an_airflow_connection(desk: Desk, connection: str, why: str):
    queue(desk.ledger, a_message("m1"))

    code, (line,) = desk.notify(GATE_SLACK_TOKEN="", GATE_SLACK_CONN_ID="alerts", AIRFLOW_CONN_ALERTS=connection)

    assert (code, why in line["why"], "xoxb" in json.dumps(line)) == (1 if why else 0, True, False)


def test_status_says_where_messages_have_waited_for_fifteen_minutes_and_why(desk: Desk):
    desk.slack.absent_from.add("C0ORDERS01")
    queue(desk.ledger, a_message("m1"), now=datetime.now(UTC) - timedelta(minutes=16))
    assert desk.notify()[0] == 1

    shown = desk.run("status").stderr

    assert "1 message to slack #orders has not been delivered since " in shown
    assert "(16 min): #orders: Slack says not_in_channel; invite the app" in shown
    assert "then run: gate notify" in shown


def test_status_says_nothing_of_messages_that_were_delivered(desk: Desk):
    queue(desk.ledger, a_message("m1"), now=datetime.now(UTC) - timedelta(minutes=16))
    assert desk.notify()[0] == 0

    assert "not been delivered" not in desk.run("status").stderr
