"""Servers in processes of their own, so that no thread and no connection of theirs is there when work is forked."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.chaos.processes import Process
from tests.conftest import running_postgres

from partition_gate.adapters.embedded_s3.users import running
from partition_gate.testing.slack_server import Fault, SlackServer

Address = dict[str, str]
# Serves from the call of `ready` with its address until `is_over`; what it returns is its answer.
Serve = Callable[[Callable[[Address], None], Callable[[], bool]], Any]


class Service:
    """A server that runs until it is stopped; `address` says how to reach it."""

    def __init__(self, serve: Serve, folder: Path, name: str) -> None:
        file, self._stop = folder / f"{name}.address", folder / f"{name}.stop"

        def ready(address: Address) -> None:
            draft = file.with_suffix(".draft")
            draft.write_text(json.dumps(address))
            draft.replace(file)

        self._process = Process(lambda: serve(ready, self._stop.exists), log=folder / f"{name}.log")
        while not file.exists():
            time.sleep(0.01)
        self.address: Address = json.loads(file.read_text())

    def stop(self) -> Any:
        """Its answer."""
        self._stop.touch()
        return self._process.ended(limit_s=3600).answer


@contextmanager
def service(serve: Serve, folder: Path, name: str) -> Iterator[Service]:
    """A server for as long as the block runs."""
    started = Service(serve, folder, name)
    try:
        yield started
    finally:
        started.stop()


def serve_s3(home: Path) -> Serve:
    """A real S3 server; its address is its settings."""

    def serve(ready: Callable[[Address], None], is_over: Callable[[], bool]) -> None:
        with running(home) as server:
            ready(
                {
                    "GATE_S3_ENDPOINT_URL": server.endpoint_url,
                    "GATE_S3_ACCESS_KEY_ID": server.access_key_id,
                    "GATE_S3_SECRET_ACCESS_KEY": server.secret_access_key,
                }
            )
            _sleep_until(is_over)

    return serve


def serve_postgres(ready: Callable[[Address], None], is_over: Callable[[], bool]) -> None:
    """A real PostgreSQL with the database `postgres`."""
    with running_postgres() as url:
        ready({"GATE_LEDGER_URL": f"{url}/postgres"})
        _sleep_until(is_over)


def serve_slack(
    channels: Mapping[str, str], *, rate: float, seed: int, never: Collection[Fault] = (), slow_s: float = 1.0
) -> Serve:
    """A Slack of which that part of the requests fails; its answer is all posts, as they are in the end."""

    def serve(ready: Callable[[Address], None], is_over: Callable[[], bool]) -> list[dict[str, Any]]:
        faults = [fault for fault in Fault if fault not in never]
        with SlackServer(channels, rates=dict.fromkeys(faults, rate / len(faults)), seed=seed) as slack:
            slack.slow_s = slow_s
            ready({"GATE_SLACK_API_URL": slack.url, "GATE_SLACK_TOKEN": slack.token})
            _sleep_until(is_over)
            return [post for posts in slack.posts.values() for post in posts]

    return serve


def outbox_id(post: Mapping[str, Any]) -> str:
    """The id of the message that a post shows."""
    return str(post["metadata"]["event_payload"]["outbox_id"])


def _sleep_until(is_over: Callable[[], bool]) -> None:
    while not is_over():
        time.sleep(0.05)
