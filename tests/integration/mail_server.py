"""A real SMTP server on this machine that keeps what it accepts, and can fail at each step of a session."""

from __future__ import annotations

import asyncio
import ssl
import threading
import warnings
from collections import deque
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST, USER, PASSWORD = "127.0.0.1", "gate@example.org", "s3cret/p@ss"


class MailFault(StrEnum):
    """A fault of one session."""

    SENDER_REFUSED = "553 to MAIL FROM"
    RECIPIENT_REFUSED = "550 to RCPT TO"
    GREYLISTED = "451 to RCPT TO"
    CLOSING = "421 to RCPT TO"
    DROPPED_BEFORE = "connection lost at RCPT TO"
    SILENT_BEFORE = "no answer to RCPT TO"
    MESSAGE_REFUSED = "554 to the message"
    DROPPED_AFTER = "accepted, but the connection is lost before the answer"
    SILENT_AFTER = "accepted, but no answer"
    DRIPPING = "accepted, but the answer drips byte by byte without end"


BEFORE = frozenset(fault for fault in MailFault if fault.value.endswith(("FROM", "TO")))


class Accepted(NamedTuple):
    """An e-mail that the server accepted, and its envelope."""

    sender: str
    recipients: list[str]
    letter: EmailMessage
    source: bytes


class MailServer:
    """`with MailServer() as mail:`; with `tls`, it demands TLS and a login, by STARTTLS or from the first byte."""

    def __init__(self, tls: ssl.SSLContext | None = None, *, is_encrypted: bool = False) -> None:
        self.accepted: list[Accepted] = []
        self.logins: list[bool] = []
        self.port = 0
        self._next = deque[MailFault]()
        self._loop, self._is_ready = asyncio.new_event_loop(), threading.Event()
        self._tls = tls if is_encrypted else None
        self._demands: dict[str, Any] = {"loop": self._loop, "hostname": HOST, "enable_SMTPUTF8": False}
        if tls:
            self._demands |= {"auth_required": True, "authenticator": self._authenticate}
            self._demands |= (
                {"auth_require_tls": False} if is_encrypted else {"tls_context": tls, "require_starttls": True}
            )

    def fail_next(self, *faults: MailFault) -> None:
        """Give each of the next sessions one of these faults."""
        self._next.extend(faults)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        assert self._is_ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self) -> None:
        listening = self._loop.create_server(self._session, HOST, 0, ssl=self._tls)
        server = self._loop.run_until_complete(listening)
        self.port = server.sockets[0].getsockname()[1]
        self._is_ready.set()
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(_cancel_others())
        self._loop.close()

    def _session(self) -> SMTP:
        with warnings.catch_warnings(action="ignore"):  # it does not see that the connection is encrypted already
            return SMTP(self, **self._demands)

    async def handle_MAIL(self, *given: Any) -> str:  # noqa: N802 -- aiosmtpd's name
        _server, _session, envelope, address, _options = given
        if self._failing(MailFault.SENDER_REFUSED):
            return "553 5.1.8 sender refused"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, *given: Any) -> str:  # noqa: N802 -- aiosmtpd's name
        server, _session, envelope, address, _options = given
        for fault, answer in _ANSWERS.items():
            if self._failing(fault):
                return answer
        if self._failing(MailFault.DROPPED_BEFORE):
            server.transport.abort()
        if self._failing(MailFault.SILENT_BEFORE):
            await asyncio.sleep(60)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, *given: Any) -> str:  # noqa: N802 -- aiosmtpd's name
        server, _session, envelope = given
        if self._failing(MailFault.MESSAGE_REFUSED):
            return "554 5.6.0 refused"
        source = envelope.original_content
        letter = message_from_bytes(source, _class=EmailMessage, policy=default)
        self.accepted.append(Accepted(envelope.mail_from, [*envelope.rcpt_tos], letter, source))
        if self._failing(MailFault.DROPPED_AFTER):
            server.transport.abort()
        if self._failing(MailFault.SILENT_AFTER):
            await asyncio.sleep(60)
        for _ in range(600 if self._failing(MailFault.DRIPPING) else 0):
            server.transport.write(b"2")
            await asyncio.sleep(0.1)
        return "250 OK"

    def _failing(self, fault: MailFault) -> bool:
        if self._next and self._next[0] is fault:
            self._next.popleft()
            return True
        return False

    def _authenticate(self, *given: Any) -> AuthResult:
        login = given[-1]
        is_right = isinstance(login, LoginPassword) and (login.login, login.password) == (
            USER.encode(),
            PASSWORD.encode(),
        )
        self.logins.append(is_right)
        return AuthResult(success=is_right, handled=False)


async def _cancel_others() -> None:
    unfinished = asyncio.all_tasks() - {asyncio.current_task()}
    for task in unfinished:
        task.cancel()
    await asyncio.gather(*unfinished, return_exceptions=True)


_ANSWERS = {
    MailFault.RECIPIENT_REFUSED: "550 5.1.1 no such user",
    MailFault.GREYLISTED: "451 4.7.1 try again later",
    MailFault.CLOSING: "421 4.3.2 going down",
}


def certificate(folder: Path) -> Path:
    """A file with a new key and a certificate of 127.0.0.1, which is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "server.pem"
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


def server_side(path: Path) -> ssl.SSLContext:
    """What a server with this certificate uses."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
