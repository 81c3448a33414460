"""Partitions read through an S3 that fails: silence, drops of a byte, cut and false lengths, objects that are replaced
while they are read, files that land between two listings.
"""

from __future__ import annotations

import http.client
import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from tests.chaos.processes import Process
from tests.chaos.services import Service, serve_s3, service
from tests.chaos.tally import Tally
from tests.chaos.world import DATASET, World, command

FAULTS = ("silence", "drip", "cut", "short", "refused", "500")
SILENCE_S = 30
AT_ONCE = 10
LIMITS = {"GATE_STORE_CALL_TIMEOUT_S": "3", "GATE_STORE_FILE_TIMEOUT_S": "3", "GATE_SPOOL_TIMEOUT_S": "10"}
RUN_LIMIT_S = 60


class FaultyStore:
    """A proxy before a real S3, which spoils one answer in so many; what is signed is passed on as it is."""

    def __init__(self, upstream: str, *, rate: float, seed: int) -> None:
        self.upstream, self.rate = urlsplit(upstream), rate
        self.made = 0
        self._random, self._lock = random.Random(seed), threading.Lock()  # noqa: S311 -- reproducible
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"store": self}))
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def serve(self, ready: Callable[[dict[str, str]], None], is_over: Callable[[], bool]) -> int:
        """Until it is over; how many answers were spoiled."""
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        ready({"GATE_S3_ENDPOINT_URL": self.url})
        while not is_over():
            time.sleep(0.05)
        return self.made

    def fault(self, method: str) -> str | None:
        """What happens to the next answer; writes are left alone."""
        with self._lock:
            if method not in {"GET", "HEAD"} or self._random.random() >= self.rate:
                return None
            self.made += 1
            return self._random.choice(FAULTS)

    def forwarded(self, request: BaseHTTPRequestHandler) -> tuple[int, list[tuple[str, str]], bytes]:
        """The real store's answer to a request."""
        length = int(request.headers.get("Content-Length") or 0)
        body = request.rfile.read(length) if length else None
        connection = http.client.HTTPConnection(self.upstream.hostname or "", self.upstream.port, timeout=30)
        try:
            connection.request(request.command, request.path, body=body, headers=dict(request.headers.items()))
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: FaultyStore

    def do_GET(self) -> None:
        fault = self.store.fault(self.command)
        self.close_connection = self.close_connection or fault is not None
        try:
            self._answer(fault)
        except OSError:
            self.close_connection = True  # the client hung up

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        self.do_GET()

    def _answer(self, fault: str | None) -> None:
        status, headers, body = self.store.forwarded(self)
        if fault == "silence":
            time.sleep(SILENCE_S)
        if fault in {"silence", "refused"}:
            return
        if fault == "500":
            status, body = 500, b""
        self._send_head(status, headers, len(body) // 2 if fault == "short" else len(body))
        if fault == "drip":
            self._drip(body)
        elif self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if fault in {"cut", "short"} else body)

    def _send_head(self, status: int, headers: list[tuple[str, str]], length: int) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() == "content-length" and self.command == "HEAD":
                self.send_header(name, value)
            if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _drip(self, body: bytes) -> None:
        for byte in body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(0.05)

    def log_message(self, *_: object) -> None:
        pass


@dataclass
class Readings:
    """A world whose landing lies in S3, judged through the proxy and then without it."""

    world: World
    rng: random.Random
    tally: Tally
    landed: dict[str, list[set[tuple[int, int]]]] = field(default_factory=dict)

    def batch(self, proxy: Mapping[str, str], keys: list[str]) -> None:
        """Land, judge all at the same time through the proxy, land some of them again meanwhile, look."""
        for key in keys:
            self._land(key)
        started = {key: self._started(key, proxy) for key in keys}
        for key in keys[::3]:
            self._land(key)
        for key, process in started.items():
            ended = process.ended(limit_s=RUN_LIMIT_S)
            self.tally.tried += 1
            self.tally.hung += ended.hung
            if ended.code not in {0, 3}:
                self.tally.wrong.append(f"{key}: a run through the proxy ended with {ended}")
        self._look(keys, "through the proxy", finish=False)
        self._look(keys, "without the proxy", finish=True)

    def _look(self, keys: list[str], where: str, *, finish: bool) -> None:
        for key in keys if finish else ():
            if self.world.gate("run", DATASET, key).code != 0:
                self.tally.wrong.append(f"{key}: the run without the proxy does not publish")
        seen = self.world.seen()
        for key in keys:
            versions = self.landed[key]
            allowed = versions[-1:] if finish else [set(), *versions]
            self.tally.saw(seen.get(key, set()), *allowed, where=f"{key} {where}")

    def _land(self, key: str) -> None:
        self.landed.setdefault(key, []).append(self.world.land(key, bad=0).passing)

    def _started(self, key: str, proxy: Mapping[str, str]) -> Process:
        def work() -> None:
            os.environ.update(proxy)
            command(("run", DATASET, key))

        return self.world.start(work)


def play(folder: Path, rng: random.Random, *, count: int) -> Tally:
    """So many partitions, a few at a time."""
    with service(serve_s3(folder / "server"), folder, "s3") as s3:
        world = World(folder / "world", {**LIMITS, **s3.address}, landing="s3://landing/chaos")
        world.prepare()
        readings = Readings(world, rng, Tally(part="reading through a faulty S3"))
        faulty = FaultyStore(s3.address["GATE_S3_ENDPOINT_URL"], rate=0.15, seed=rng.randrange(10**6))
        proxy = Service(faulty.serve, folder, "proxy")
        for first in range(0, count, AT_ONCE):
            readings.batch(proxy.address, [_key(number) for number in range(first, min(first + AT_ONCE, count))])
        readings.tally.faults = proxy.stop()
        if world.gate("reconcile").code != 0:
            readings.tally.wrong.append("gate reconcile is not clean")
        readings.tally.found_in(world.leaks())
        return readings.tally


def _key(number: int) -> str:
    return (date(2026, 5, 1) + timedelta(days=number)).isoformat()
