"""E-mails over real SMTP: what a reader sees, what a server may do at each step, and what that proves."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.integration.mail_server import BEFORE, HOST, PASSWORD, USER, MailFault, MailServer, certificate, server_side

from partition_gate.adapters.email import EmailNotifier
from partition_gate.adapters.inbox import InboxNotifier
from partition_gate.adapters.ledger.ledger import SqlLedger, migrate
from partition_gate.adapters.routing import RoutingNotifier
from partition_gate.alerts.slack_blocks import Button, Buttons, Header, Section, block_kit, bold, plain
from partition_gate.core.addresses import SmtpServer, smtp_server
from partition_gate.core.errors import DeliveryUnknown, Extent, NotDelivered
from partition_gate.gate.notify import Delivery, DeliveryTimes, notify
from partition_gate.judging.attempt import Message
from partition_gate.testing.builders import a_message, queue
from partition_gate.testing.ports import FakeClock

TEAM = "team@example.org"
BLOCKS = block_kit(
    (
        Header(text="orders 2026-11-01 rejected"),
        Section(lines=(bold("Why"), plain("<script>alert(1)</script> & *more*")), fields=(("Owner", plain("Avery")),)),
        Buttons(buttons=(Button(label="Console", url="https://gate.example/a?b=1&c=2"),)),
    )
)


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def ledger(tmp_path: Path) -> SqlLedger:
    migrate(url := f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    return SqlLedger(url)


def a_notifier(mail: MailServer, *, limit_s: float = 5) -> EmailNotifier:
    return EmailNotifier(SmtpServer(host=HOST, port=mail.port, is_encrypted=False), sender=USER, limit_s=limit_s)


def an_email(message_id: str = "m1", *, to: str = TEAM, **changes: str) -> Message:
    return a_message(message_id, tool="email", channel=to, **{"blocks": BLOCKS, **changes})


def test_an_email_has_a_text_and_an_html_part_that_say_the_same(mail: MailServer):
    a_notifier(mail).send(an_email(text="orders 2026-11-01 rejected. Consumers see the version before."))

    (accepted,) = mail.accepted
    text, page = (part.get_content() for part in accepted.letter.iter_parts())
    assert (accepted.sender, accepted.recipients) == (USER, [TEAM])
    assert (accepted.letter["Subject"], accepted.letter["To"]) == ("orders 2026-11-01 rejected", TEAM)
    assert text.splitlines()[:2] == ["orders 2026-11-01 rejected", ""]
    assert {"Why", "<script>alert(1)</script> & *more*", "Owner: Avery"} <= {*text.splitlines()}
    assert "Console: https://gate.example/a?b=1&c=2" in text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert '<a class="slack-button slack-primary" href="https://gate.example/a?b=1&amp;c=2"' in page


def test_a_reply_belongs_to_the_thread_of_its_root(mail: MailServer):
    notifier = a_notifier(mail)
    notifier.send(an_email("m1", text="orders rejected. Why"))
    notifier.send(an_email("m2", root="m1", text="it is over"), root_ts="1.0", root_text="orders rejected. Why")

    root, reply = (each.letter for each in mail.accepted)
    assert reply["Subject"] == f"Re: {root['Subject']}" == "Re: orders rejected"
    assert reply["In-Reply-To"] == reply["References"] == root["Message-ID"] == "<m1@example.org>"


def test_the_ledger_gives_a_reply_the_subject_of_its_root(mail: MailServer, ledger: SqlLedger):
    queue(ledger, an_email("m1", text="orders rejected. Why"), an_email("m2", root="m1", text="it is over"))

    assert notify(ledger, a_notifier(mail), FakeClock()) == Delivery(sent=2)
    assert [each.letter["Subject"] for each in mail.accepted] == ["orders rejected", "Re: orders rejected"]


def test_an_edit_sends_nothing_and_is_done_at_once(mail: MailServer, ledger: SqlLedger):
    edit = an_email("m2", root="m1").model_copy(update={"is_edit": True})
    queue(ledger, an_email("m1"), edit, an_email("m3", root="m1"))

    assert notify(ledger, a_notifier(mail), FakeClock()) == Delivery(sent=3)
    assert [each.letter["Message-ID"] for each in mail.accepted] == ["<m1@example.org>", "<m3@example.org>"]
    assert ledger.unsent() == ()


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "\u2028", "\x85", "\x0b"])
def test_no_text_adds_a_header_or_a_recipient(mail: MailServer, ending: str):
    hostile = f"orders{ending}Bcc: evil@example.org{ending}{ending}<b>body</b>"
    a_notifier(mail).send(an_email("m1", text=hostile, root=f"r{ending}X: y"), root_text=hostile)

    (accepted,) = mail.accepted
    assert accepted.recipients == [TEAM]
    assert {name.lower() for name in accepted.letter.keys()} & {"bcc", "x"} == set()  # noqa: SIM118 -- not a mapping
    assert accepted.letter["Subject"] == "Re: orders Bcc: evil@example.org <b>body</b>"


@pytest.mark.parametrize("to", ["a@b>\r\nRCPT TO:<evil@example.org", "a b@example.org", "#orders", "", "a@", "@b", "-"])
def test_what_is_no_address_is_never_given_to_the_server(mail: MailServer, to: str):
    with pytest.raises(NotDelivered, match="not an e-mail address; correct `support`"):
        a_notifier(mail).send(an_email(to=to))

    assert mail.accepted == []


def test_lines_that_begin_with_a_dot_arrive_as_they_are(mail: MailServer):
    text = json.dumps([{"type": "header", "text": {"type": "plain_text", "text": ".\n..\n.x"}}])

    a_notifier(mail).send(an_email(blocks=text))

    assert next(mail.accepted[0].letter.iter_parts()).get_content().splitlines() == [".", "..", ".x"]


def test_an_email_is_7_bit_with_short_lines(mail: MailServer):
    section = {"type": "section", "text": {"type": "plain_text", "text": "\u00fc\U0001f534" * 900}}

    a_notifier(mail).send(an_email(text="\u00fc" * 400, blocks=json.dumps([section])))

    source = mail.accepted[0].source
    assert source.isascii()
    assert max(map(len, source.split(b"\r\n"))) <= 998


@pytest.mark.parametrize("fault", sorted(BEFORE))
def test_what_fails_before_the_final_dot_is_certainly_not_sent(mail: MailServer, fault: MailFault):
    mail.fail_next(fault)

    with pytest.raises(NotDelivered):
        a_notifier(mail, limit_s=0.5).send(an_email())

    assert mail.accepted == []


@pytest.mark.parametrize("fault", [MailFault.DROPPED_AFTER, MailFault.SILENT_AFTER, MailFault.DRIPPING])
def test_a_lost_answer_to_the_message_proves_nothing(mail: MailServer, fault: MailFault):
    mail.fail_next(fault)

    with pytest.raises(DeliveryUnknown, match="it may have arrived, and is sent again with the same Message-ID"):
        a_notifier(mail, limit_s=0.5).send(an_email())

    assert len(mail.accepted) == 1


@pytest.mark.parametrize("fault", [MailFault.SILENT_BEFORE, MailFault.SILENT_AFTER, MailFault.DRIPPING])
def test_a_server_that_does_not_answer_is_waited_for_until_the_limit(mail: MailServer, fault: MailFault):
    mail.fail_next(fault)
    began = time.monotonic()

    with pytest.raises(
        (NotDelivered, DeliveryUnknown), match=r"within 0\.3 s \(GATE_MESSAGE_TIMEOUT_S\)|timed out|Disc"
    ):
        a_notifier(mail, limit_s=0.3).send(an_email())

    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("fault", "text", "extent"),
    [
        (MailFault.SENDER_REFUSED, "answers 553 to MAIL FROM .*correct GATE_SMTP_FROM", Extent.TOOL),
        (
            MailFault.RECIPIENT_REFUSED,
            r"550 to RCPT TO \(5.1.1 no such user\).*correct it in `support`",
            Extent.CHANNEL,
        ),
        (MailFault.GREYLISTED, "answers 451 to RCPT TO .*no action needed", Extent.CHANNEL),
        (MailFault.CLOSING, "answers 421 to RCPT TO", Extent.TOOL),
        (MailFault.MESSAGE_REFUSED, "answers 554 to the message .*its log says why", Extent.MESSAGE),
        (MailFault.DROPPED_BEFORE, "does not answer", Extent.TOOL),
    ],
)
def test_a_refusal_says_what_to_do_and_whom_else_it_concerns(
    mail: MailServer, fault: MailFault, text: str, extent: Extent
):
    mail.fail_next(fault)

    with pytest.raises(NotDelivered, match=f"{TEAM}: .*{text}") as refused:
        a_notifier(mail).send(an_email())

    assert refused.value.extent is extent


def test_a_server_that_is_not_there_has_certainly_accepted_nothing():
    nowhere = EmailNotifier(smtp_server("smtp://127.0.0.1:9"), sender=USER, limit_s=2)

    with pytest.raises(NotDelivered, match=r"127\.0\.0\.1:9 does not answer .*correct GATE_SMTP_URL") as refused:
        nowhere.send(an_email())

    assert refused.value.extent is Extent.TOOL


def test_a_message_whose_answer_was_lost_arrives_again_with_the_same_message_id(mail: MailServer, ledger: SqlLedger):
    clock = FakeClock()
    queue(ledger, an_email("m1"))
    mail.fail_next(MailFault.DROPPED_AFTER)
    notify(ledger, a_notifier(mail), clock)
    clock.forward(DeliveryTimes().settling)

    assert notify(ledger, a_notifier(mail), clock) == Delivery(sent=1)
    assert [each.letter["Message-ID"] for each in mail.accepted] == ["<m1@example.org>"] * 2


def test_a_message_that_was_refused_arrives_once(mail: MailServer, ledger: SqlLedger):
    clock = FakeClock()
    queue(ledger, an_email("m1"))
    mail.fail_next(MailFault.GREYLISTED)
    first = notify(ledger, a_notifier(mail), clock)
    clock.forward(timedelta(seconds=2))

    assert (first.postponed, notify(ledger, a_notifier(mail), clock)) == (1, Delivery(sent=1))
    assert len(mail.accepted) == 1


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_login_and_the_message_are_encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str):
    monkeypatch.setenv("SSL_CERT_FILE", str(path := certificate(tmp_path)))
    with MailServer(server_side(path), is_encrypted=scheme == "smtps") as mail:
        url = f"{scheme}://{quote(USER)}:{quote(PASSWORD, safe='')}@{HOST}:{mail.port}"

        EmailNotifier(smtp_server(url), sender=USER, limit_s=5).send(an_email())

    assert (len(mail.accepted), mail.logins) == (1, [True])


def test_a_wrong_password_says_what_to_do_and_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(path := certificate(tmp_path)))
    with MailServer(server_side(path)) as mail:
        notifier = EmailNotifier(smtp_server(f"smtp://gate:wr0ng@{HOST}:{mail.port}"), sender=USER, limit_s=5)
        with pytest.raises(NotDelivered, match=r"refuses the login \(535\); correct the user and password") as refused:
            notifier.send(an_email())

    assert "wr0ng" not in str(refused.value)


def test_a_server_with_an_unknown_certificate_never_sees_the_password(tmp_path: Path):
    with MailServer(server_side(certificate(tmp_path))) as mail:
        notifier = EmailNotifier(smtp_server(f"smtp://gate:secret@{HOST}:{mail.port}"), sender=USER, limit_s=5)
        with pytest.raises(NotDelivered, match="is not trusted; correct the host in GATE_SMTP_URL, or set SSL_CERT"):
            notifier.send(an_email())

    assert mail.logins == []


def test_a_server_elsewhere_without_starttls_never_sees_the_message(mail: MailServer):
    elsewhere = EmailNotifier(smtp_server(f"smtp://0.0.0.0:{mail.port}"), sender=USER, limit_s=5)

    with pytest.raises(NotDelivered, match="offers no STARTTLS; write smtps://"):
        elsewhere.send(an_email())

    assert mail.accepted == []


def test_a_silent_mail_server_holds_up_no_other_tool(mail: MailServer, ledger: SqlLedger, tmp_path: Path):
    inbox = InboxNotifier(tmp_path / "inbox")
    mail.fail_next(MailFault.SILENT_BEFORE)
    queue(
        ledger, an_email("m1"), an_email("m2", to="other@example.org"), a_message("m3"), an_email("m4"), a_message("m5")
    )
    router = RoutingNotifier({"email": lambda: a_notifier(mail, limit_s=0.3)}, otherwise=inbox)

    delivery = notify(ledger, router, FakeClock())

    assert (delivery.sent, delivery.postponed, delivery.has_more) == (2, 1, True)
    assert [each.message.id for each in inbox.delivered()] == ["m5", "m3"]
    assert [(entry.message.id, entry.tries) for entry in ledger.unsent()] == [("m1", 1), ("m2", 0), ("m4", 0)]


def test_a_refused_address_holds_up_no_other_address(mail: MailServer, ledger: SqlLedger):
    mail.fail_next(MailFault.RECIPIENT_REFUSED)
    queue(ledger, an_email("m1", to="gone@example.org"), an_email("m2"), an_email("m3", to="gone@example.org"))

    delivery = notify(ledger, a_notifier(mail), FakeClock())

    assert (delivery.sent, delivery.postponed, delivery.has_more) == (1, 1, True)
    assert [entry.message.id for entry in ledger.unsent()] == ["m1", "m3"]


def test_a_timestamp_is_now(mail: MailServer):
    assert abs(float(a_notifier(mail).send(an_email())) - datetime.now(UTC).timestamp()) < 5
