"""An S3 server that accepts everything: it checks no signature and ignores the conditions of a request."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

_LISTED = (
    "<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;a&quot;</ETag>"
    "<Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LaxS3

    def do_PUT(self) -> None:
        self.server.objects[self._path] = self._body()
        self._answer(200, b"", etag=True)

    def do_GET(self) -> None:
        if "list-type=2" in self.path:
            bucket = f"{self._path.strip('/').partition('/')[0]}/"
            names = [(name.strip("/").removeprefix(bucket), body) for name, body in self.server.objects.items()]
            listed = "".join(_LISTED.format(key=key, size=len(body)) for key, body in names)
            self._answer(200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{listed}</ListBucketResult>".encode())
        elif (body := self.server.objects.get(self._path)) is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        elif wanted := re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or ""):
            first, last = int(wanted[1]), min(int(wanted[2]), len(body) - 1)
            self._answer(206, body[first : last + 1], etag=True, part=f"bytes {first}-{last}/{len(body)}")
        else:
            self._answer(200, body, etag=True)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        key = re.search(rb"<Key>(.*?)</Key>", self._body())
        name = key[1].decode() if key else ""
        self.server.objects.pop(f"{self._path.rstrip('/')}/{name}", None)
        self._answer(200, f"<DeleteResult><Deleted><Key>{name}</Key></Deleted></DeleteResult>".encode())

    @property
    def _path(self) -> str:
        return unquote(urlsplit(self.path).path)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status: int, body: bytes, *, etag: bool = False, part: str = "") -> None:
        self.server.headers.append(self.headers)
        self.send_response_only(status)
        self.send_header("Date", self.server.date or self.date_time_string())
        self.send_header("Last-Modified", self.date_time_string())
        if part:
            self.send_header("Content-Range", part)
        if etag:
            self.send_header("ETag", '"a"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


class LaxS3(ThreadingHTTPServer):
    """`date`: the time that it states; empty: the right one. `headers`: those of each request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, bytes] = {}
        self.date = ""
        self.headers: list[Message] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def lax_s3() -> Iterator[LaxS3]:
    """A running server."""
    with LaxS3() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
