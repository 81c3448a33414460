"""Slack's own client over connections that send nothing after a deadline."""

from __future__ import annotations

import http.client
from typing import Any
from urllib.request import HTTPHandler, HTTPSHandler, ProxyHandler, Request, build_opener

from slack_sdk import WebClient

from partition_gate.adapters.deadlines import Deadline


class DeadlineClient(WebClient):
    """A `WebClient` without tries of its own: they post again after an answer was lost, and so send twice.

    `deadline` bounds what is sent from now on. A request that was given up must never be sent later: somebody may have
    looked for the message by then, and sent it again.
    """

    def __init__(self, token: str, base_url: str, timeout_s: int) -> None:
        super().__init__(token=token, base_url=base_url, timeout=timeout_s, retry_handlers=[])
        self.deadline = Deadline(float("inf"))

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:  # noqa: ARG002 -- theirs
        proxies = [ProxyHandler({"http": self.proxy, "https": self.proxy})] if self.proxy else []
        opener = build_opener(*proxies, _Http(self.deadline), _Https(self.deadline, self.ssl))
        with opener.open(req, timeout=self.timeout) as answer:
            charset = answer.headers.get_content_charset() or "utf-8"
            return {"status": answer.code, "headers": answer.headers, "body": answer.read().decode(charset)}


class _Http(HTTPHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, request: Request) -> http.client.HTTPResponse:
        return self.do_open(_sending_until(self._deadline, http.client.HTTPConnection), request)


class _Https(HTTPSHandler):
    def __init__(self, deadline: Deadline, context: Any) -> None:
        super().__init__(context=context)
        self._context_given, self._deadline = context, deadline

    def https_open(self, request: Request) -> http.client.HTTPResponse:
        connection = _sending_until(self._deadline, http.client.HTTPSConnection)
        return self.do_open(connection, request, context=self._context_given)


def _sending_until(deadline: Deadline, base: type[http.client.HTTPConnection]) -> type[http.client.HTTPConnection]:
    """The same connection, which refuses to send after the deadline, however long it took to connect."""

    def send(self: http.client.HTTPConnection, data: Any) -> None:
        if self.sock is None:
            self.connect()
        if deadline.passed:
            raise TimeoutError
        base.send(self, data)

    return type(base.__name__, (base,), {"send": send})
