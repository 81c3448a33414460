"""An S3 over real HTTP that fails by time: what is asked for is answered late, in drops, or never."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

BODY = bytes(range(256)) * 40
SILENT, DRIPPING, CUT, SHORT, LONG = "silent", "dripping", "cut midway", "shorter", "longer"


@contextmanager
def faulty_s3(fault: str, *, body: bytes = BODY) -> Iterator[str]:
    """Its address. Every request meets the fault: a listing, a look and a body alike."""

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.close_connection = True
            try:
                _serve(self, fault, body)
            except OSError:
                return  # the client hung up

        do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815 -- the server's names

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    server.block_on_close = False
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _serve(request: BaseHTTPRequestHandler, fault: str, body: bytes) -> None:
    if fault == SILENT:
        time.sleep(30)
        return
    promised = {SHORT: len(body) // 2, LONG: len(body) * 2}.get(fault, len(body))
    request.send_response(200)
    request.send_header("Content-Length", str(promised))
    request.send_header("ETag", '"abc"')
    request.send_header("Last-Modified", "Tue, 01 Jan 2013 00:00:00 GMT")
    request.end_headers()
    if fault == CUT:
        request.wfile.write(body[: len(body) // 2])
        time.sleep(30)
    elif fault == DRIPPING:
        for i in range(len(body)):
            request.wfile.write(body[i : i + 1])
            request.wfile.flush()
            time.sleep(0.05)
    else:
        request.wfile.write(body[:promised])
