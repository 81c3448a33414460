"""HTTP requests that are never sent after their deadline, however long connecting took."""

from __future__ import annotations

import http.client
from ssl import SSLContext
from typing import Any
from urllib.request import BaseHandler, HTTPHandler, HTTPSHandler, OpenerDirector, Request, build_opener

from partition_gate.gate.deadlines import Deadline


def opener_until(deadline: Deadline, *handlers: BaseHandler, ssl: SSLContext | None = None) -> OpenerDirector:
    """An opener whose connections call `deadline.begin` before they send anything, also to a proxy."""
    return build_opener(*handlers, _Http(deadline), _Https(deadline, ssl))


class _Http(HTTPHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, request: Request) -> http.client.HTTPResponse:
        return self.do_open(_sending_until(self._deadline, http.client.HTTPConnection), request)


class _Https(HTTPSHandler):
    def __init__(self, deadline: Deadline, context: Any) -> None:
        super().__init__(context=context)
        self._ssl_context, self._deadline = context, deadline

    def https_open(self, request: Request) -> http.client.HTTPResponse:
        connection = _sending_until(self._deadline, http.client.HTTPSConnection)
        return self.do_open(connection, request, context=self._ssl_context)


def _sending_until(deadline: Deadline, base: type[http.client.HTTPConnection]) -> type[http.client.HTTPConnection]:
    def send(self: http.client.HTTPConnection, data: Any) -> None:
        if self.sock is None:
            self.connect()
        deadline.begin()
        base.send(self, data)

    return type(base.__name__, (base,), {"send": send})
