"""The partition and the attempt that the log and the spans of a run name, and the log as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
import structlog
from tests.unit.test_watch import a_contract

from partition_gate.apps.cli.progress import JsonFormatter
from partition_gate.core.errors import TableUnreadable
from partition_gate.gate.pipeline import PartitionRun, run_partition
from partition_gate.gate.run_context import FIELDS, deliver, fields, run_of
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.testing.ports import FakePorts

KEY, ATTEMPT = "2026-11-01", "orders-2026-11-01-1"


@pytest.fixture
def ports(tmp_path: Path) -> FakePorts:
    ports = FakePorts(tmp_path / "spool", a_contract())
    ports.store.land(KEY, [1, 2, 3])
    return ports


def run(ports: FakePorts) -> None:
    run_partition(a_contract(), KEY, ports=ports)


def logged(act: Callable[[], object]) -> list[dict[str, object]]:
    """What the package logs meanwhile, as JSON."""
    stream, log = StringIO(), logging.getLogger("partition_gate")
    handler, level = logging.StreamHandler(stream), log.level
    handler.setFormatter(JsonFormatter())
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    try:
        act()
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_the_steps_of_a_run_end_before_the_run_and_know_the_attempt(ports: FakePorts):
    run(ports)

    steps = ports.telemetry.steps
    assert [name for name, _ in steps] == ["arrive", "inspect", "settle", "report", "run"]
    assert [known.get("attempt") for _, known in steps] == [None, *[ATTEMPT] * 4]
    assert steps[-1][1] == {"dataset": "orders", "partition": KEY, "attempt": ATTEMPT, "outcome": "published"}


def test_messages_that_are_delivered_within_a_run_are_a_step_of_it(ports: FakePorts):
    with run_of("orders", KEY, ports):
        run(ports)
        deliver(ports)

    assert [name for name, _ in ports.telemetry.steps] == ["arrive", "inspect", "settle", "report", "notify", "run"]


def test_an_attempt_is_counted_once_whatever_its_outcome(ports: FakePorts):
    run(ports)
    run(ports)  # these bytes are settled

    assert [each.attempt_id for each in ports.telemetry.counted] == [ATTEMPT]


def test_an_attempt_that_fails_is_counted_as_errored(ports: FakePorts):
    ports.validator.error = TableUnreadable("orders: the table cannot be read")

    run(ports)

    assert [each.outcome.value for each in ports.telemetry.counted] == ["errored"]


def test_a_run_leaves_no_fields_behind_and_another_partition_begins_with_its_own(ports: FakePorts):
    run(ports)
    after = fields()
    with run_of("orders", "2026-11-02", ports):
        within = fields()

    assert (after, within) == ({}, {"dataset": "orders", "partition": "2026-11-02"})


def test_what_is_settled_outside_of_a_run_leaves_no_fields_behind(tmp_path: Path):
    """As by the watch, for a partition that never came."""
    ports = FakePorts(tmp_path / "spool", a_contract())

    arrival = PartitionRun(a_contract(), KEY, ports=ports).arrive()

    assert isinstance(arrival, Settlement)
    assert (arrival.outcome, fields()) == (PartitionOutcome.MISSING, {})


def test_every_line_of_a_run_parses_and_has_the_same_keys_and_the_attempt_once_there_is_one(ports: FakePorts):
    lines = logged(lambda: run(ports))

    settled = next(line for line in lines if str(line["message"]).startswith("attempt settled"))
    assert {tuple(line) for line in lines} == {("time", "level", "logger", *FIELDS, "message")}
    assert (settled["dataset"], settled["partition"], settled["attempt"]) == ("orders", KEY, ATTEMPT)
    assert settled["outcome"] == "published"


def test_a_line_break_in_a_message_stays_within_the_line():
    (line,) = logged(lambda: logging.getLogger("partition_gate.x").warning("a\nb\x1b[31m"))

    assert line["message"] == r"a\nb\x1b[31m"


def test_an_exception_is_logged_by_its_type_without_its_text():
    def fail() -> None:
        try:
            int("a value of a row")
        except ValueError:
            logging.getLogger("partition_gate.x").exception("it failed")

    (line,) = logged(fail)

    assert (line["error"], "a value of a row" in json.dumps(line)) == ("ValueError", False)


def test_lines_of_structlog_have_the_fields_too(ports: FakePorts):
    with run_of("orders", KEY, ports):
        merged = structlog.contextvars.merge_contextvars(None, "info", {})

    assert (merged["dataset"], merged["partition"]) == ("orders", KEY)
