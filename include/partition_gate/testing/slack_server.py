"""A strict Slack server over real HTTP that can inject faults. It accepts only what the real Slack would accept."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from partition_gate.testing.slack_rules import Refused, check_post

_Answer = dict[str, Any]


class Fault(StrEnum):
    """A fault of one request."""

    RATE_LIMITED = "429 with Retry-After"
    RATE_LIMITED_SILENTLY = "429 without Retry-After"
    SERVER_ERROR = "500"
    DROPPED_BEFORE = "connection lost, not carried out"
    DROPPED_AFTER = "carried out, but the answer is lost"
    SLOW = "carried out after the client timed out"
    GARBAGE = "an HTML page instead of an answer"
    DRIPPING = "carried out, but the answer drips byte by byte without end"
    SILENT = "not carried out, and no answer until the client hangs up"


class SlackServer:
    """`with SlackServer({"#alerts": "C0ALERTS00"}) as slack:`; requests go to `slack.url`.

    `rates` are probabilities of faults per request (0..1), drawn with `seed`; `fail_next` sets exact faults. `address`
    is where it listens; port 0: any free one.
    """

    token = "xoxb-test-token"  # noqa: S105 - the fake's own
    retry_after_s = 1
    slow_s = 1.0
    latency_s = 0.0
    drip_s = 0.1

    def __init__(
        self,
        channels: Mapping[str, str],
        *,
        rates: Mapping[Fault, float] | None = None,
        seed: int = 0,
        page: int = 200,
        address: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        self.channels, self.rates, self.page = dict(channels), dict(rates or {}), page
        self.absent_from: set[str] = set()
        self.scopes = {"chat:write", "channels:read", "channels:history", "groups:read", "groups:history"}
        self.posts: dict[str, list[_Answer]] = {channel: [] for channel in channels.values()}
        self.faults_made: list[Fault] = []
        self.calls: list[str] = []
        self.in_flight = 0
        self._random, self._next, self._lock = random.Random(seed), deque[Fault](), threading.Lock()  # noqa: S311 - faults
        self._http = ThreadingHTTPServer(address, _handler(self))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/api/"

    def fail_next(self, *faults: Fault) -> None:
        """Give each of the next requests one of these faults."""
        self._next.extend(faults)

    def outbox_ids(self, channel: str) -> list[str]:
        """The message ids that arrived in a channel (given by name), in order."""
        return [post["metadata"]["event_payload"]["outbox_id"] for post in self.posts[self.channels[channel]]]

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()

    def begin(self) -> Fault | None:
        """Register a request; returns its fault."""
        with self._lock:
            self.in_flight += 1
            drawn = self._next.popleft() if self._next else self._drawn()
            self.faults_made += [drawn] if drawn else []
            return drawn

    def end(self) -> None:
        """Register that the request was answered or its connection dropped."""
        with self._lock:
            self.in_flight -= 1

    def answer(self, method: str, token: str, arguments: _Answer) -> _Answer:
        """Carry out a call and return Slack's answer."""
        with self._lock:
            self.calls.append(method)
            try:
                self._authorise(token)
                return {"ok": True, **_METHODS[method](self, arguments)}
            except Refused as refused:
                return {"ok": False, "error": str(refused)}
            except KeyError:
                return {"ok": False, "error": "unknown_method"}

    def _drawn(self) -> Fault | None:
        roll = self._random.random()
        for fault, rate in self.rates.items():
            roll -= rate
            if roll < 0:
                return fault
        return None

    def _authorise(self, token: str) -> None:
        if token != f"Bearer {self.token}":
            raise Refused("invalid_auth" if token else "not_authed")

    def _post(self, arguments: _Answer) -> _Answer:
        name = str(arguments.get("channel", ""))
        channel = self.channels.get(f"#{name.removeprefix('#')}", name)
        if channel not in self.posts:
            raise Refused("channel_not_found")
        if channel in self.absent_from:
            raise Refused("not_in_channel")
        check_post(arguments)
        posted = self.posts[channel]
        thread_ts = arguments.get("thread_ts")
        if thread_ts and not any(post["ts"] == thread_ts and not post.get("thread_ts") for post in posted):
            raise Refused("thread_not_found")
        now = f"{max(time.time(), float(posted[-1]['ts']) + 1e-5 if posted else 0):.6f}"
        posted.append(
            {"type": "message", "ts": now, **{key: arguments.get(key) for key in ("text", "blocks", "metadata")}}
            | ({"thread_ts": thread_ts} if thread_ts else {})
        )
        return {"channel": channel, "ts": now}

    def _update(self, arguments: _Answer) -> _Answer:
        channel = str(arguments.get("channel", ""))
        if channel not in self.posts:  # messages are edited by the id of their channel
            raise Refused("channel_not_found")
        check_post(arguments)
        post = next((post for post in self.posts[channel] if post["ts"] == arguments.get("ts")), None)
        if post is None:
            raise Refused("message_not_found")
        post.update({key: arguments[key] for key in ("text", "blocks", "metadata") if key in arguments})
        post["edited"] = {"ts": f"{time.time():.6f}"}
        return {"channel": channel, "ts": post["ts"]}

    def _replies(self, arguments: _Answer) -> _Answer:
        channel, root = str(arguments.get("channel", "")), arguments.get("ts")
        if channel not in self.posts:
            raise Refused("channel_not_found")
        if not any(post["ts"] == root for post in self.posts[channel]):
            raise Refused("thread_not_found")
        return self._page_of([p for p in self.posts[channel] if root in {p["ts"], p.get("thread_ts")}], arguments)

    def _history(self, arguments: _Answer) -> _Answer:
        channel = str(arguments.get("channel", ""))
        if channel not in self.posts:  # history is read by id, not by name
            raise Refused("channel_not_found")
        oldest, inclusive = float(arguments.get("oldest") or 0), arguments.get("inclusive") in {"1", "true", True}
        posts = [p for p in self.posts[channel] if float(p["ts"]) > oldest or (inclusive and float(p["ts"]) == oldest)]
        return self._page_of([post for post in posts if "thread_ts" not in post][::-1], arguments)

    def _page_of(self, shown: list[_Answer], arguments: _Answer) -> _Answer:
        if arguments.get("include_all_metadata") not in {"1", "true", True}:
            shown = [{key: value for key, value in post.items() if key != "metadata"} for post in shown]
        page, cursor = self._paged(shown, arguments)
        return {"messages": page, "has_more": bool(cursor), "response_metadata": {"next_cursor": cursor}}

    def _list(self, arguments: _Answer) -> _Answer:
        known = [{"id": channel, "name": name.removeprefix("#")} for name, channel in self.channels.items()]
        page, cursor = self._paged(known, arguments)
        return {"channels": page, "response_metadata": {"next_cursor": cursor}}

    def _paged(self, everything: list[_Answer], arguments: _Answer) -> tuple[list[_Answer], str]:
        start = str(arguments.get("cursor") or "0")
        if not start.isdigit():
            raise Refused("invalid_cursor")
        end = int(start) + min(int(arguments.get("limit") or 100), self.page)
        return everything[int(start) : end], str(end) if end < len(everything) else ""


_METHODS: dict[str, Callable[[SlackServer, _Answer], _Answer]] = {
    "chat.postMessage": SlackServer._post,
    "chat.update": SlackServer._update,
    "conversations.history": SlackServer._history,
    "conversations.replies": SlackServer._replies,
    "conversations.list": SlackServer._list,
    "auth.test": lambda _slack, _arguments: {"bot_id": "B0GATE0001"},
}


class _Handler(BaseHTTPRequestHandler):
    slack: SlackServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        fault = self.slack.begin()
        try:
            time.sleep(self.slack.slow_s if fault is Fault.SLOW else self.slack.latency_s)
            self._serve(fault)
        except (ConnectionError, TimeoutError):  # the client was killed, or timed out
            self.close_connection = True
        finally:
            self.slack.end()

    def _serve(self, fault: Fault | None) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        is_json = "json" in (self.headers.get("Content-Type") or "")
        arguments = json.loads(body or "{}") if is_json else dict(parse_qsl(body))
        arguments |= dict(parse_qsl(urlsplit(self.path).query))
        if fault in _INSTEAD:
            _INSTEAD[fault](self)
            return
        method = urlsplit(self.path).path.rpartition("/")[2]
        answer = self.slack.answer(method, self.headers.get("Authorization") or "", arguments)
        if fault is Fault.DRIPPING:
            _drip(self)
        if fault in {Fault.DROPPED_AFTER, Fault.DRIPPING}:
            self.close_connection = True
            return
        _reply(self, 200, answer, x_oauth_scopes=",".join(sorted(self.slack.scopes)))

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        """No log output."""


def _handler(slack: SlackServer) -> type[BaseHTTPRequestHandler]:
    """A handler class for this server: `http.server` creates the instances, so the class must hold it."""
    return type("Handler", (_Handler,), {"slack": slack})


def _reply(request: BaseHTTPRequestHandler, status: int, answer: object, **headers: str) -> None:
    body = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
    request.send_response(status)
    request.send_header("Content-Type", "text/html" if isinstance(answer, str) else "application/json; charset=utf-8")
    request.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    request.wfile.write(body)


def _drip(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    for _ in range(600):
        request.wfile.write(b" ")
        time.sleep(SlackServer.drip_s)


def _wait_for_hangup(request: BaseHTTPRequestHandler) -> None:
    request.close_connection = True
    request.connection.settimeout(60)
    request.rfile.read(1)


def _drop(request: BaseHTTPRequestHandler) -> None:
    request.close_connection = True


_LIMITED = {"ok": False, "error": "ratelimited"}
_INSTEAD: dict[Fault | None, Callable[[BaseHTTPRequestHandler], None]] = {
    Fault.RATE_LIMITED: lambda request: _reply(request, 429, _LIMITED, Retry_After=str(SlackServer.retry_after_s)),
    Fault.RATE_LIMITED_SILENTLY: lambda request: _reply(request, 429, _LIMITED),
    Fault.SERVER_ERROR: lambda request: _reply(request, 500, {"ok": False, "error": "unexpected"}),
    Fault.DROPPED_BEFORE: _drop,
    Fault.SILENT: _wait_for_hangup,
    Fault.GARBAGE: lambda request: _reply(request, 200, "<html>Bad gateway, your token xoxb was here</html>"),
}
