"""Where messages go: which tool an address belongs to, and whether it can be used. Pure."""

from __future__ import annotations

import re
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from partition_gate.core.record import Record

_MAILBOX = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*")
_URL = re.compile(r"[!-~]+")
_LONGEST_ADDRESS, _LONGEST_MAILBOX, _LONGEST_URL = 254, 64, 2000
_PORTS = {"smtp": 587, "smtps": 465}
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


class Tool(StrEnum):
    """What delivers a message."""

    SLACK = "slack"
    EMAIL = "email"
    WEBHOOK = "webhook"


class SmtpServer(Record):
    """A mail server. `is_encrypted`: TLS from the first byte (`smtps`); otherwise the connection changes to TLS.

    `user` is empty if the server asks for no password.
    """

    host: str
    port: int
    is_encrypted: bool
    user: str = ""
    password: str = ""

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine, so that a connection without TLS leaves it for nobody to read."""
        return self.host in _THIS_MACHINE


def smtp_server(url: str) -> SmtpServer:
    """The server that `smtp://user:password@host:587` or `smtps://...` names.

    Raises: ValueError, which never quotes the URL, because it may hold a password.
    """
    example = "write smtp://user:password@host:587 (STARTTLS) or smtps://user:password@host:465"
    scheme = url.partition(":")[0].lower()
    if scheme not in _PORTS:
        raise ValueError(f"not the URL of a mail server: {example}")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS[scheme]
    except ValueError:
        raise ValueError(f"the host or the port is not valid: {example}") from None
    if not host or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"it needs a host, and nothing after the port: {example}; write / # ? @ in a password as %2F")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise ValueError(f"user and password must both be given, or neither: {example}")
    return SmtpServer(host=host, port=port, is_encrypted=scheme == "smtps", user=user, password=password)


def is_email_address(text: str) -> bool:
    """Whether it is one plain address `name@host` in ASCII, without a display name, quotes or comments."""
    mailbox, at, host = text.rpartition("@")
    is_short = len(text) <= _LONGEST_ADDRESS and len(mailbox) <= _LONGEST_MAILBOX
    return bool(at and is_short and _MAILBOX.fullmatch(mailbox) and _HOST.fullmatch(host))


def is_webhook_url(text: str) -> bool:
    """Whether it is an http or https URL with a host and without credentials."""
    if len(text) > _LONGEST_URL or not _URL.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
        )
    except ValueError:
        return False


def mailto_address(url: str) -> str:
    """The address of a `mailto:` URL; empty if it is another URL."""
    scheme, _, rest = url.partition(":")
    return unquote(rest.partition("?")[0]) if scheme.lower() == "mailto" else ""


def tool_of(address: str) -> Tool:
    """An http or https URL is a webhook, text with an `@` an e-mail address, everything else a Slack channel."""
    if address.lower().startswith(("http://", "https://")):
        return Tool.WEBHOOK
    return Tool.EMAIL if "@" in address else Tool.SLACK


def shown_channel(tool: str, channel: str) -> str:
    """The channel as people see it: of a webhook only the host, because its path and query may be a secret."""
    if tool != Tool.WEBHOOK:
        return channel
    try:
        return urlsplit(channel).netloc.rpartition("@")[2] or "webhook"
    except ValueError:
        return "webhook"
