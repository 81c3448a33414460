"""E-mail as a Notifier: one SMTP session for each message, tried once.

SMTP cannot be asked what it accepted. Everything before the final dot is certainly not sent. If the answer to the dot
is lost, the message is sent again with the same Message-ID.
"""

from __future__ import annotations

import hashlib
import re
import smtplib
import ssl
import time
from contextlib import suppress
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from partition_gate.alerts.plain_text import plain_text
from partition_gate.alerts.slack_blocks import clean
from partition_gate.alerts.slack_preview import preview
from partition_gate.core.addresses import SmtpServer, is_email_address
from partition_gate.core.errors import DeliveryError, DeliveryUnknown, Extent, NotDelivered, ServiceSilent
from partition_gate.gate.deadlines import Deadline, LimitReached, within
from partition_gate.judging.attempt import Message

_SENDER_NAME = "Partition Gate"
_SUBJECT_LENGTH = 150
_ANSWER_LENGTH = 120
_CLOSING = 421  # the server closes the connection, at whatever step
_POLICY = SMTP.clone(cte_type="7bit")  # a server need not accept 8-bit text
_AGAIN = "it may have arrived, and is sent again with the same Message-ID"
_STYLE = (
    "body{font:15px/1.45 sans-serif;color:#1d1c1d}h3{margin:.4em 0}pre,code{font-family:monospace}"
    ".slack-text,.slack-fields,.slack-actions{margin:.7em 0}.slack-context{color:#616061;font-size:13px}"
    ".slack-button{margin-right:1em}.slack-dot{display:inline-block;width:.7em;height:.7em;border-radius:50%}"
    ".slack-dot-red{background:#d1242f}.slack-dot-orange{background:#e67e22}.slack-dot-yellow{background:#d4a72c}"
    ".slack-dot-white{background:#bbb}"
)
# What an answer of 400 or more to a step says: the next step, and which other messages would fail as well.
_STEPS = {
    "connecting": ("no action needed, unless it lasts: see the log of the mail server", Extent.TOOL),
    "AUTH": ("correct the user and password of GATE_SMTP_URL", Extent.TOOL),
    "MAIL FROM": ("the server refuses the sender: correct GATE_SMTP_FROM", Extent.TOOL),
    "RCPT TO": ("the server refuses the address: correct it in `support` of the contract", Extent.CHANNEL),
    "DATA": ("see the log of the mail server", Extent.TOOL),
    "the message": ("the server refuses the message; its log says why", Extent.MESSAGE),
}


class EmailNotifier:
    """Sends each message to the address that is its channel. `send` ends within `limit_s`, whatever the server does."""

    def __init__(self, server: SmtpServer, *, sender: str, limit_s: float = 20.0) -> None:
        self._server, self._sender, self._limit_s = server, sender, limit_s

    def send(self, message: Message, *, root_ts: str | None = None, root_text: str | None = None) -> str:
        """Send once; returns the time of delivery. An e-mail cannot be changed, so for an edit nothing is sent.

        Raises: NotDelivered, DeliveryUnknown.
        """
        if message.is_edit:
            return root_ts or ""
        if not is_email_address(message.channel):
            raise NotDelivered(f"{clean(message.channel)}: not an e-mail address; correct `support` in the contract")
        letter = composed(message, sender=self._sender, root_text=root_text, now=datetime.now(UTC))
        deadline = Deadline(self._limit_s)
        try:
            within(self._limit_s, lambda: self._hand_over(message.channel, letter.as_bytes(), deadline))
        except LimitReached as error:
            why = f"no answer within {self._limit_s:g} s (GATE_MESSAGE_TIMEOUT_S)"
            raise self._lost(message.channel, why, has_begun=deadline.has_begun) from error
        except (OSError, smtplib.SMTPException) as error:
            raise self._failed(message.channel, error, has_begun=deadline.has_begun) from error
        return f"{time.time():.6f}"

    def find(self, message: Message, *, since: datetime, root_ts: str | None = None) -> str | None:  # noqa: ARG002
        """None: SMTP cannot be asked what it accepted."""
        return None

    def _hand_over(self, to: str, letter: bytes, deadline: Deadline) -> None:
        smtp = self._connected(to, deadline)
        try:
            self._check("MAIL FROM", to, smtp.mail(self._sender))
            self._check("RCPT TO", to, smtp.rcpt(to))
            self._check("DATA", to, smtp.docmd("DATA"))
            smtp.send(re.sub(rb"(?m)^\.", b"..", letter))
            deadline.begin()
            smtp.send(b".\r\n")
            self._check("the message", to, smtp.getreply())
            with suppress(OSError, smtplib.SMTPException):
                smtp.send(b"QUIT\r\n")  # its answer would change nothing
        finally:
            smtp.close()

    def _connected(self, to: str, deadline: Deadline) -> smtplib.SMTP:
        server, timeout_s = self._server, max(deadline.left_s, 0.001)
        if server.is_encrypted:
            context = ssl.create_default_context()
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=timeout_s, context=context)
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=timeout_s)
        try:
            self._check("connecting", to, smtp.ehlo())
            if not server.is_encrypted:
                self._change_to_tls(smtp, to)
            if server.user:
                smtp.login(server.user, server.password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _change_to_tls(self, smtp: smtplib.SMTP, to: str) -> None:
        if smtp.has_extn("starttls"):
            smtp.starttls(context=ssl.create_default_context())
            self._check("connecting", to, smtp.ehlo())
        elif not self._server.is_local:
            step = "write smtps:// in GATE_SMTP_URL if the server expects TLS at once, or enable STARTTLS there"
            raise NotDelivered(f"{to}: {self._name} offers no STARTTLS; {step}", extent=Extent.TOOL)

    def _check(self, step: str, to: str, answer: tuple[int, bytes]) -> None:
        """Raises: NotDelivered, if the answer is a refusal; DeliveryUnknown, if the answer to the message is none."""
        code, text = answer
        if 200 <= code < 400:
            return
        if step == "the message" and not 400 <= code < 600:
            raise DeliveryUnknown(f"{to}: {self._name} gave no valid answer; {_AGAIN}")
        next_step, extent = _STEPS[step]
        next_step = "no action needed; it is tried again later" if 400 <= code < 500 else next_step
        said = clean(text.decode("ascii", "replace"), limit=_ANSWER_LENGTH)
        refusal = f"{to}: {self._name} answers {code} to {step} ({said}); {next_step}"
        raise NotDelivered(refusal, extent=Extent.TOOL if code == _CLOSING else extent)

    def _failed(self, to: str, error: Exception, *, has_begun: bool) -> DeliveryError:
        if has_begun:
            return self._lost(to, type(error).__name__, has_begun=True)
        if isinstance(error, smtplib.SMTPAuthenticationError):
            why = f"{self._name} refuses the login ({error.smtp_code}); {_STEPS['AUTH'][0]}"
        elif isinstance(error, smtplib.SMTPNotSupportedError):
            why = f"{self._name} offers no login; remove user and password from GATE_SMTP_URL, or correct the port"
        elif isinstance(error, ssl.SSLCertVerificationError):
            step = "correct the host in GATE_SMTP_URL, or set SSL_CERT_FILE"
            why = f"the certificate of {self._name} is not trusted; {step}"
        elif isinstance(error, smtplib.SMTPResponseException):
            why = f"{self._name} answers {error.smtp_code}; it is tried again later"
        else:
            return self._lost(to, type(error).__name__, has_begun=False)
        return NotDelivered(f"{to}: {why}", extent=Extent.TOOL)

    def _lost(self, to: str, why: str, *, has_begun: bool) -> DeliveryError:
        if has_begun:
            return ServiceSilent(f"{to}: the answer of {self._name} is lost ({why}); {_AGAIN}")
        step = "it is tried again later; if this lasts, correct GATE_SMTP_URL"
        return NotDelivered(f"{to}: {self._name} does not answer ({why}); {step}", extent=Extent.TOOL)

    @property
    def _name(self) -> str:
        return f"the mail server {self._server.host}:{self._server.port}"


def composed(message: Message, *, sender: str, root_text: str | None, now: datetime) -> EmailMessage:
    """The e-mail, as plain text and HTML. A reply has the subject of its root, and names it as its parent."""
    letter = EmailMessage(policy=_POLICY)
    mailbox, _, domain = sender.rpartition("@")
    subject = _subject(root_text or message.text)
    letter["From"] = Address(_SENDER_NAME, mailbox, domain)
    letter["To"] = Address(addr_spec=message.channel)
    letter["Subject"] = f"Re: {subject}" if message.root else subject
    letter["Date"] = now
    letter["Message-ID"] = message_id(message.id, domain)
    if message.root:
        letter["In-Reply-To"] = letter["References"] = message_id(message.root, domain)
    letter["Auto-Submitted"] = "auto-generated"
    letter["X-Auto-Response-Suppress"] = "All"
    letter.set_content(plain_text(message.blocks) or message.text)
    body = preview(message.blocks)
    page = f'<!DOCTYPE html><html><head><meta charset="utf-8"><style>{_STYLE}</style></head><body>{body}</body></html>'
    letter.add_alternative(page, subtype="html")
    return letter


def message_id(outbox_id: str, domain: str) -> str:
    """The same for each try of a message, so that receivers recognise a repeat."""
    is_plain = re.fullmatch(r"[A-Za-z0-9-]{1,80}", outbox_id)
    return f"<{outbox_id if is_plain else hashlib.sha256(outbox_id.encode()).hexdigest()}@{domain}>"


def _subject(text: str) -> str:
    """The headline: the first sentence, on one line."""
    return clean(text.partition(". ")[0], limit=_SUBJECT_LENGTH) or _SENDER_NAME
