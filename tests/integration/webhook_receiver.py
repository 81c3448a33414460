"""A real HTTP receiver of webhooks that verifies signatures, knows repeats by their key, and can fail in each way."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections import deque
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

SECRET = "0123456789abcdef-of-the-test"
TOLERANCE_S = 300


class WebhookFault(StrEnum):
    """A fault of one request that is not a status."""

    DROPPED_BEFORE = "connection lost, not taken"
    DROPPED_AFTER = "taken, but the answer is lost"
    DRIPPING = "taken, but the answer drips byte by byte without end"
    SILENT = "not taken, and no answer until the client hangs up"


class Receiver:
    """`with Receiver() as receiver:`; calls go to `receiver.url`. `received`: each message once, in order."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.repeats = 0
        self.redirected = 0
        self._next = deque[WebhookFault | tuple[int, dict[str, str]]]()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"receiver": self}))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/hooks/a-secret-path"

    def fail_next(self, *faults: WebhookFault | tuple[int, dict[str, str]]) -> None:
        """Give each of the next requests one of these faults, or this status with these headers."""
        self._next.extend(faults)

    def begin(self) -> WebhookFault | tuple[int, dict[str, str]] | None:
        """The fault of a request."""
        return self._next.popleft() if self._next else None

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        """The status: 401 without a valid signature, else 204."""
        if not _is_valid(headers.get("X-Partition-Gate-Signature", ""), body):
            return 401
        call = json.loads(body)
        self.headers.append(headers)
        if any(call["id"] == known["id"] for known in self.received):
            self.repeats += 1
        else:
            self.received.append(call)
        return 204

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()


def _is_valid(signature: str, body: bytes) -> bool:
    """The check that docs/reference/webhooks.md shows."""
    parts = dict(part.split("=", 1) for part in signature.split(",") if "=" in part)
    expected = hmac.new(SECRET.encode(), parts.get("t", "").encode() + b"." + body, hashlib.sha256).hexdigest()
    is_recent = abs(time.time() - int(parts.get("t") or 0)) < TOLERANCE_S
    return is_recent and hmac.compare_digest(parts.get("v1", ""), expected)


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        try:
            self._serve(self.receiver.begin())
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def do_GET(self) -> None:
        self.receiver.redirected += 1
        self._answer(204)

    def _serve(self, fault: WebhookFault | tuple[int, dict[str, str]] | None) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if isinstance(fault, tuple):
            self._answer(*fault)
        elif fault is WebhookFault.DROPPED_BEFORE:
            self.close_connection = True
        elif fault is WebhookFault.SILENT:
            self.close_connection = True
            self.connection.settimeout(60)
            self.rfile.read(1)
        else:
            status = self.receiver.take(body, dict(self.headers))
            if fault is WebhookFault.DROPPED_AFTER:
                self.close_connection = True
            elif fault is WebhookFault.DRIPPING:
                for _ in range(600):
                    self.wfile.write(b"H")
                    time.sleep(0.1)
            else:
                self._answer(status)

    def _answer(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        """No log output."""
