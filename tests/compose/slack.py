"""A strict Slack in a container beside the stack, which forgets nothing while the stack is down."""

from __future__ import annotations

import json
import time
from html import unescape
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from partition_gate.testing.slack_server import SlackServer

PORT = 8000
CHANNELS = {"#weather-producers": "C0WEATHER1", "#weather-consumers": "C0WEATHER2"}


def posted(port: int) -> dict[str, list[str]]:
    """The texts of all posts in all channels and threads, as they are now, by their id in the outbox."""
    texts: dict[str, list[str]] = {}
    for channel in CHANNELS.values():
        for root in _messages(port, "conversations.history", channel=channel, oldest="0"):
            thread = _messages(port, "conversations.replies", channel=channel, ts=root["ts"])
            for post in thread:
                texts.setdefault(str(post["metadata"]["event_payload"]["outbox_id"]), []).append(unescape(post["text"]))
    return texts


def _messages(port: int, method: str, **arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = _answer(port, method, **arguments, cursor=cursor, include_all_metadata="true")
        found += answer["messages"]
        cursor = answer["response_metadata"]["next_cursor"]
        if not cursor:
            return found


def _answer(port: int, method: str, **arguments: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {SlackServer.token}"}
    asked = Request(f"http://127.0.0.1:{port}/api/{method}", urlencode(arguments).encode(), headers)
    with urlopen(asked, timeout=10) as response:  # noqa: S310 -- our own server
        answer: dict[str, Any] = json.load(response)
    if not answer["ok"]:
        raise RuntimeError(f"{method}: {answer['error']}")
    return answer


if __name__ == "__main__":  # in the container
    with SlackServer(CHANNELS, address=("0.0.0.0", PORT)):  # noqa: S104 -- only this container's network
        while True:
            time.sleep(3600)
