"""Settings of message tools: refused with the next step, and never quoted if they may hold a secret."""

from __future__ import annotations

import pytest

from partition_gate.core.addresses import smtp_server
from partition_gate.core.errors import InvalidSetting
from partition_gate.settings import load_settings

SENDER = {"GATE_SMTP_FROM": "gate@example.org"}


@pytest.mark.parametrize(
    ("url", "host", "port", "is_encrypted", "user", "password"),
    [
        ("smtp://mail.example.org", "mail.example.org", 587, False, "", ""),
        ("smtp://mail.example.org:25", "mail.example.org", 25, False, "", ""),
        (
            "smtps://ann%40example.org:p%2Fw%40rd@mail.example.org",
            "mail.example.org",
            465,
            True,
            "ann@example.org",
            "p/w@rd",
        ),
        ("smtp://ann:word@[::1]:2525/", "::1", 2525, False, "ann", "word"),
    ],
)
def test_a_mail_server_is_read_from_its_url(
    url: str,
    host: str,
    port: int,
    *,
    is_encrypted: bool,
    user: str,
    password: str,
):
    load_settings({"GATE_SMTP_URL": url, **SENDER})

    server = smtp_server(url)

    assert (server.host, server.port, server.is_encrypted) == (host, port, is_encrypted)
    assert (server.user, server.password) == (user, password)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mail.example.org:s3cret", "not the URL of a mail server: write smtp://"),
        ("http://s3cret", "not the URL of a mail server"),
        ("smtp://", "it needs a host"),
        ("smtp://ann:s3cret/x@mail.example.org", "the host or the port is not valid|it needs a host"),
        ("smtp://mail.example.org:s3cret", "the host or the port is not valid"),
        ("smtp://s3cret@mail.example.org", "user and password must both be given"),
        ("smtp://mail.example.org?key=s3cret", "it needs a host, and nothing after the port"),
    ],
)
def test_a_url_that_is_no_mail_server_is_refused_and_not_quoted(url: str, why: str):
    with pytest.raises(InvalidSetting, match=f"GATE_SMTP_URL: ({why})") as refused:
        load_settings({"GATE_SMTP_URL": url, **SENDER})

    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"GATE_SMTP_URL": "smtp://mail.example.org"}, "GATE_SMTP_FROM: is empty, but GATE_SMTP_URL is set"),
        ({"GATE_SMTP_FROM": "Gate <gate@example.org>"}, "GATE_SMTP_FROM: .* is not an e-mail address"),
        ({"GATE_WEBHOOK_SECRET": "s3cret"}, "GATE_WEBHOOK_SECRET: shorter than 16 characters: make one with"),
        ({"GATE_OPERATORS_CHANNEL": "a@b@c"}, "GATE_OPERATORS_CHANNEL: neither a Slack channel nor"),
        ({"GATE_OPERATORS_CHANNEL": "https://ann:s3cret@hooks.example"}, "GATE_OPERATORS_CHANNEL: neither"),
        (
            {"GATE_SLACK_TOKEN": "s3cret", "GATE_SLACK_CONN_ID": "alerts"},
            "GATE_SLACK_CONN_ID: GATE_SLACK_TOKEN is",
        ),
    ],
)
def test_a_setting_that_cannot_work_is_refused_with_the_next_step(settings: dict[str, str], why: str):
    with pytest.raises(InvalidSetting, match=why) as refused:
        load_settings(settings)

    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("channel", ["", "#gate", "C0GATE0001", "gate@example.org", "https://hooks.example/a?b=c"])
def test_operators_are_reached_by_any_tool(channel: str):
    assert load_settings({"GATE_OPERATORS_CHANNEL": channel}).operators_channel == channel


def test_messages_leave_the_machine_only_with_their_settings():
    unset, complete = (
        load_settings({}),
        load_settings(
            {
                "GATE_SLACK_CONN_ID": "alerts",
                "GATE_SMTP_URL": "smtp://mail.example.org",
                "GATE_WEBHOOK_SECRET": "0123456789abcdef",
                **SENDER,
            }
        ),
    )

    tools = ("slack", "email", "webhook")
    assert [unset.missing_for(tool) for tool in tools] == [
        "GATE_SLACK_TOKEN or GATE_SLACK_CONN_ID",
        "GATE_SMTP_URL and GATE_SMTP_FROM",
        "GATE_WEBHOOK_SECRET",
    ]
    assert [complete.missing_for(tool) for tool in tools] == ["", "", ""]
