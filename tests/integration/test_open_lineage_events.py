"""OpenLineage events in a real file, and over HTTP with the faults of a real server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.integration.test_gate_run import KEY, Desk

from partition_gate.adapters.open_lineage import OpenLineageEvents
from partition_gate.core.errors import DeliveryError

EVENTS: list[dict[str, Any]] = [{"eventType": "START", "name": "é"}, {"eventType": "COMPLETE", "name": "\ud800"}]


class Catalogue:
    """An HTTP server that stores events, and answers with `status`, or not at all (None)."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self.status: int | None = 201
        self.closing = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"catalogue": self}))
        self.url = f"http://127.0.0.1:{self.server.server_port}/api/v1/lineage"


class _Handler(BaseHTTPRequestHandler):
    catalogue: Catalogue

    def do_POST(self) -> None:
        self.catalogue.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["eventType"])
        if self.catalogue.status is None:
            self.catalogue.closing.wait(10)
            return
        self.send_response(self.catalogue.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def catalogue() -> Iterator[Catalogue]:
    made = Catalogue()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.closing.set()
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def test_a_catalogue_gets_the_events_in_order(catalogue: Catalogue) -> None:
    OpenLineageEvents("", catalogue.url).emit(EVENTS)
    assert catalogue.received == ["START", "COMPLETE"]


@pytest.mark.parametrize("status", [302, 401, 500])
def test_a_refusal_is_named_with_the_setting_and_without_the_path(catalogue: Catalogue, status: int) -> None:
    catalogue.status = status
    with pytest.raises(DeliveryError, match=rf"^GATE_OPENLINEAGE_URL: 127.0.0.1: the catalogue answers {status}$"):
        OpenLineageEvents("", catalogue.url).emit(EVENTS)


def test_a_silent_catalogue_is_not_waited_for_longer_than_the_limit(catalogue: Catalogue) -> None:
    catalogue.status = None
    with pytest.raises(DeliveryError, match=r"no answer within 0.3 s$"):
        OpenLineageEvents("", catalogue.url, limit_s=0.3).emit(EVENTS)


def test_a_file_gets_one_line_for_each_event(tmp_path: Path) -> None:
    events = OpenLineageEvents(str(tmp_path / "new" / "events.jsonl"), "")
    for _ in range(2):
        events.emit(EVENTS)

    lines = (tmp_path / "new" / "events.jsonl").read_text().splitlines()
    assert [json.loads(line)["eventType"] for line in lines] == ["START", "COMPLETE"] * 2


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match=r"^GATE_OPENLINEAGE_FILE: .* cannot be written \(Is a directory\)$"):
        OpenLineageEvents(str(tmp_path), "").emit(EVENTS)


def test_a_file_that_cannot_be_written_does_not_stop_the_catalogue(catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="GATE_OPENLINEAGE_FILE"):
        OpenLineageEvents(str(tmp_path), catalogue.url).emit(EVENTS)
    assert catalogue.received == ["START", "COMPLETE"]


def test_without_a_setting_no_event_is_made(tmp_path: Path) -> None:
    assert not OpenLineageEvents("", "").is_wanted


def test_a_run_writes_its_events_and_no_value_of_a_row(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.write_contract()
    desk.land(KEY, id=list(range(100)), amount=[-987654.5, *[1.5] * 99])
    desk.environment = {"GATE_OPENLINEAGE_FILE": str(tmp_path / "events.jsonl")}
    desk.run()

    text = (tmp_path / "events.jsonl").read_text()
    assert ([json.loads(line)["eventType"] for line in text.splitlines()], "987654" in text) == (
        ["START", "COMPLETE"],
        False,
    )
