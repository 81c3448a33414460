"""Slack, webhooks and OpenLineage: nothing is sent to a server whose certificate nobody vouches for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.integration.mail_server import HOST, certificate, server_side

from partition_gate.adapters.open_lineage import OpenLineageEvents
from partition_gate.adapters.slack import SlackNotifier
from partition_gate.adapters.webhook import WebhookNotifier
from partition_gate.core.errors import DeliveryError
from partition_gate.testing.builders import a_message

LIMIT_S = 10


@contextmanager
def https_server(path: Path) -> Iterator[tuple[str, list[str]]]:
    """The address of a server with this certificate, and the paths that it was asked for."""
    asked: list[str] = []

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = b'{"ok": true, "channel": "C1", "ts": "1.0"}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815 -- the base class's name

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((HOST, 0), Answering) as server:
        server.socket = server_side(path).wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"https://{HOST}:{server.server_port}", asked
        server.shutdown()


def slack(address: str) -> None:
    SlackNotifier("xoxb-1", base_url=f"{address}/api/", limit_s=LIMIT_S).send(a_message("m1", channel="C0123456789"))


def webhook(address: str) -> None:
    message = a_message("m1", tool="webhook", channel=f"{address}/hooks", blocks="[]")
    WebhookNotifier("0123456789abcdef", limit_s=LIMIT_S).send(message)


def open_lineage(address: str) -> None:
    OpenLineageEvents("", f"{address}/api/v1/lineage", limit_s=LIMIT_S).emit([{"eventType": "COMPLETE"}])


CALLS = pytest.mark.parametrize("call", [slack, webhook, open_lineage])


@CALLS
def test_a_server_with_an_unknown_certificate_is_sent_nothing(call: Callable[[str], None], tmp_path: Path) -> None:
    with https_server(certificate(tmp_path)) as (address, asked):
        with pytest.raises(DeliveryError):
            call(address)

        assert asked == []


@CALLS
def test_a_certificate_of_the_authority_in_ssl_cert_file_is_accepted(
    call: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(path := certificate(tmp_path)))

    with https_server(path) as (address, asked):
        call(address)

        assert asked
