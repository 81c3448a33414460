"""What fails after the outcome was recorded changes neither the exit code nor the JSON."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.integration.test_gate_run import KEY, Desk

CONSUMERS = [{"channel": "#readers", "tool": "slack", "scope": "announcements"}]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write_contract(slaProperties=[{"property": "errorRate", "value": 20, "unit": "percent"}])
    desk.land(id=list(range(10)), amount=[*[1.5] * 9, -1.0])
    return desk


@pytest.mark.parametrize("kind", ["a file", "below a file", "not creatable"])
def test_a_report_that_cannot_be_written_is_one_line_and_the_messages_are_sent(desk: Desk, kind: str) -> None:
    (file := desk.folder / "file").write_text("taken")
    folder = {"a file": file, "below a file": file / "docs", "not creatable": Path("/proc/docs")}[kind]
    desk.environment = {"GATE_DOCS_FOLDER": str(folder)}

    done = desk.gate("run", str(desk.contract), KEY, "--json")

    document = json.loads(done.stdout)
    assert (done.returncode, document["outcome"]) == (0, "published_with_quarantine")
    assert [message["state"] for message in document["messages"]] == ["sent"] * len(document["messages"])
    assert document["messages"]
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("gate: ")]
    assert line.startswith(f"gate: the report page was not written: {folder}/")
    assert "cannot be written" in line
    assert "GATE_DOCS_FOLDER" in line


def test_a_ledger_that_is_locked_after_the_outcome_leaves_the_messages_waiting(desk: Desk) -> None:
    desk.gate("status")
    desk.environment = {"GATE_LEDGER_TIMEOUT_S": "1"}

    with locked_after_the_outcome(desk.home / "ledger.sqlite"):
        done = desk.gate("run", str(desk.contract), KEY, "--json")

    document = json.loads(done.stdout)
    assert (done.returncode, document["outcome"]) == (0, "published_with_quarantine")
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("gate: ")]
    assert line.startswith("gate: the outcome is recorded, and its messages wait for the next run: ")
    assert document["checks"]
    assert "delivered: " in desk.gate("reconcile").stdout


@contextmanager
def locked_after_the_outcome(path: Path) -> Iterator[None]:
    """Another process begins to write as soon as an outcome is recorded, and never ends."""
    ends = threading.Event()

    def lock() -> None:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as other:
            while not other.execute("SELECT count(*) FROM settlements").fetchone()[0]:
                time.sleep(0.002)
            other.execute("BEGIN IMMEDIATE")
            ends.wait(60)
            other.execute("ROLLBACK")

    thread = threading.Thread(target=lock, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join(20)
