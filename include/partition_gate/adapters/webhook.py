"""A generic webhook as a Notifier: one signed POST of JSON for each message, tried once."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request

from partition_gate.adapters.http_deadlines import opener_until
from partition_gate.core.addresses import Tool, is_webhook_url, shown_channel
from partition_gate.core.errors import DeliveryError, DeliveryUnknown, Extent, NotDelivered, ServiceSilent
from partition_gate.gate.deadlines import Deadline, LimitReached, within
from partition_gate.judging.attempt import Message

SIGNATURE_HEADER = "X-Partition-Gate-Signature"
PAYLOAD_VERSION = 1
# The receiver says with these that it has not acted on the message.
_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
_AGAIN = "it is sent again with the same Idempotency-Key"
_NEXT_STEPS = {
    401: "the receiver must accept the signature: give it the value of GATE_WEBHOOK_SECRET",
    403: "the receiver must accept the signature: give it the value of GATE_WEBHOOK_SECRET",
    404: "correct `url` of this entry in `support` of the contract",
    405: "the receiver must accept POST; correct `url` of this entry in `support` of the contract",
    410: "the receiver is gone; correct or remove this entry in `support` of the contract",
    413: "the receiver must accept bodies of 64 KB",
}


class WebhookNotifier:
    """Sends each message to the URL that is its channel. Receivers recognise a repeat by `Idempotency-Key`.

    `send` ends within `limit_s`, whatever the receiver does. Redirects are not followed.
    """

    def __init__(self, secret: str, *, limit_s: float = 20.0) -> None:
        self._secret, self._limit_s = secret.encode(), limit_s

    def send(self, message: Message, *, root_ts: str | None = None, root_text: str | None = None) -> str:  # noqa: ARG002
        """Post once; returns the time of delivery (of an edit: of its root).

        Raises: NotDelivered, DeliveryUnknown.
        """
        if not is_webhook_url(message.channel):
            where = shown_channel(Tool.WEBHOOK, message.channel)
            raise NotDelivered(f"{where}: not an http or https URL; correct `url` of this entry in `support`")
        deadline = Deadline(self._limit_s)
        request = self._request(message, now=datetime.now(UTC))
        try:
            within(self._limit_s, lambda: self._post(request, deadline))
        except LimitReached as error:
            why = f"no answer within {self._limit_s:g} s (GATE_MESSAGE_TIMEOUT_S)"
            raise _lost(message, why, has_begun=deadline.has_begun) from error
        except HTTPError as error:
            raise _refusal(message, error) from error
        except (OSError, http.client.HTTPException) as error:
            cause = getattr(error, "reason", error)
            raise _lost(message, type(cause).__name__, has_begun=deadline.has_begun) from error
        return root_ts if message.is_edit and root_ts else f"{time.time():.6f}"

    def find(self, message: Message, *, since: datetime, root_ts: str | None = None) -> str | None:  # noqa: ARG002
        """None: a receiver cannot be asked what it received."""
        return None

    def _request(self, message: Message, *, now: datetime) -> Request:
        body = json.dumps(payload(message, now), ensure_ascii=False).encode("utf-8", "replace")
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "partition-gate",
            "Idempotency-Key": message.id,
            SIGNATURE_HEADER: signature(self._secret, body, at=int(now.timestamp())),
        }
        return Request(message.channel, data=body, headers=headers, method="POST")  # noqa: S310 -- http(s) only

    def _post(self, request: Request, deadline: Deadline) -> None:
        opener = opener_until(deadline, _NoRedirects())
        opener.open(request, timeout=max(deadline.left_s, 0.001)).close()  # the status is the whole answer


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Nothing: the answer becomes an error. Another address was not reviewed with the contract."""


def payload(message: Message, now: datetime) -> dict[str, object]:
    """The JSON of a message. An edit is `updated`, and its `thread` names the message that it replaces."""
    event = "updated" if message.is_edit else "reply" if message.root else "opened"
    return {
        "version": PAYLOAD_VERSION,
        "id": message.id,
        "event": event,
        "thread": message.root or message.id,
        "audience": message.audience,
        "attempt": message.attempt_id or None,
        "text": message.text,
        "blocks": json.loads(message.blocks),
        "sent_at": now.isoformat(timespec="seconds"),
    }


def signature(secret: bytes, body: bytes, *, at: int) -> str:
    """`t=<seconds since 1970>,v1=<hex>`: HMAC-SHA256 of `<t>.<body>`."""
    return f"t={at},v1={hmac.new(secret, b'%d.%s' % (at, body), hashlib.sha256).hexdigest()}"


def _lost(message: Message, why: str, *, has_begun: bool) -> DeliveryError:
    where = shown_channel(message.tool, message.channel)
    if has_begun:
        return ServiceSilent(f"{where}: {why}; it may have arrived, and {_AGAIN}", extent=Extent.CHANNEL)
    return NotDelivered(f"{where}: cannot be reached ({why}); it is tried again later", extent=Extent.CHANNEL)


def _refusal(message: Message, error: HTTPError) -> DeliveryError:
    """What an answer other than 2xx proves. The body is not read, because a receiver may repeat anything in it."""
    status, where = error.code, shown_channel(message.tool, message.channel)
    retry_after_s = _retry_after_s(error.headers.get("Retry-After"), datetime.now(UTC))
    answer = f"{where}: the receiver answers {status}"
    error.close()
    if status >= 500:
        return DeliveryUnknown(f"{answer}; {_AGAIN}", retry_after_s=retry_after_s, extent=Extent.CHANNEL)
    if status in _LATER:
        return NotDelivered(f"{answer}; no action needed", retry_after_s=retry_after_s, extent=Extent.CHANNEL)
    if status < 400:
        return NotDelivered(f"{answer}; redirects are not followed: write the final URL in `support` of the contract")
    return NotDelivered(f"{answer}; {_NEXT_STEPS.get(status, 'the log of the receiver says why it refuses')}")


def _retry_after_s(value: str | None, now: datetime) -> float | None:
    """Seconds, from a number or a date; None if it is neither."""
    try:
        return max(0.0, float(value)) if value else None
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(str(value))
    except ValueError:
        return None
    return max(0.0, (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now.timestamp())
