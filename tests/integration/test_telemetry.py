"""Traces and metrics of runs: what a collector receives over HTTP, and that no collector can disturb a run."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.otlp_collector import Collector
from tests.integration.test_gate_run import KEY, Desk

from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.adapters.telemetry import OpenTelemetry
from partition_gate.core.errors import TableUnreadable
from partition_gate.ports.telemetry import NoTelemetry, Telemetry
from partition_gate.testing.builders import a_settlement
from partition_gate.testing.telling import FakeTelemetry
from partition_gate.watching.metrics import Sample, family

ATTEMPT = f"orders-{KEY}-1"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


@pytest.fixture
def desk(tmp_path: Path, collector: Collector) -> Desk:
    desk = Desk(tmp_path)
    desk.write_contract()
    desk.environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    return desk


def test_a_run_is_one_trace_with_a_span_for_each_step(desk: Desk, collector: Collector):
    desk.land()

    assert desk.run()[0] == 0

    steps = ["arrive", "inspect", "settle", "report", "notify"]
    root = collector.named("run")
    assert [collector.named(step).parent for step in steps] == [root.id] * len(steps)
    assert {each.trace for each in collector.spans} == {root.trace}
    fields = {"dataset": "orders", "partition": KEY, "attempt": ATTEMPT, "outcome": "published"}
    assert root.attributes == {f"partition_gate.{name}": value for name, value in fields.items()}
    assert collector.services == {"partition-gate"}


def test_a_run_counts_its_attempt_and_rows_as_changes_and_names_no_partition(desk: Desk, collector: Collector):
    desk.land(id=[*range(99), None], amount=[1.5] * 100)

    desk.run()

    points = collector.points
    (attempt,) = points["partition_gate_attempts"]
    assert (attempt.attributes, attempt.value) == ({"dataset": "orders", "outcome": "published_with_quarantine"}, 1)
    rows = {each.attributes["state"]: each.value for each in points["partition_gate_rows"]}
    assert rows == {"published": 99, "quarantined": 1}
    seconds = {each.attributes["step"]: each.value[0] for each in points["partition_gate_step_seconds"]}
    assert seconds == dict.fromkeys(["run", "arrive", "inspect", "settle", "report", "notify"], 1)
    changes = [
        each.is_delta for name in ("attempts", "rows", "step_seconds") for each in points[f"partition_gate_{name}"]
    ]
    assert set(changes) == {True}
    labels = {value for each in points.values() for point in each for value in point.attributes.values()}
    assert not any(KEY in value for value in labels)


def test_a_step_that_fails_tells_the_kind_of_the_error_and_not_its_text(collector: Collector):
    telemetry = OpenTelemetry(collector.url)
    with pytest.raises(ValueError, match="secret"), telemetry.step("inspect", dict):
        raise ValueError("a value that is secret")
    telemetry.close()

    assert (collector.named("inspect").is_error, collector.named("inspect").status) == (True, "ValueError")
    assert not any(b"secret" in body for body in collector.bodies)


def test_a_pass_of_the_watch_tells_the_gauges(desk: Desk, collector: Collector):
    desk.environment |= {"GATE_CONTRACTS": str(desk.folder), "GATE_EXPECTATIONS": str(desk.folder / "suites")}
    desk.gate("compile")

    desk.gate("watch", "--limit", "0")

    assert [(point.attributes, point.value) for point in collector.points["partition_gate_datasets"]] == [({}, 1)]
    assert len(collector.points["partition_gate_open_incidents"]) == 72


def test_a_collector_that_fails_or_hangs_delays_no_run_for_long(desk: Desk):
    desk.land()
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        desk.environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        began = time.monotonic()
        code, document = desk.run()

    assert (code, document["outcome"], time.monotonic() - began < 20) == (0, "published", True)


def test_steps_of_two_processes_of_a_run_share_a_trace_and_other_runs_have_their_own(collector: Collector):
    for run in ("gate__orders/run-1", "gate__orders/run-1", "gate__orders/run-2"):
        telemetry = OpenTelemetry(collector.url)
        with telemetry.joined(run), telemetry.step("inspect", dict):
            pass
        telemetry.close()

    traces = [span.trace for span in collector.spans]
    assert (traces[0] == traces[1], traces[0] == traces[2]) == (True, False)


def test_a_span_that_is_current_stays_the_parent(collector: Collector):
    telemetry = OpenTelemetry(collector.url)
    with telemetry.step("task", dict), telemetry.joined("gate__orders/run-1"), telemetry.step("inspect", dict):
        pass
    telemetry.close()

    assert collector.named("inspect").parent == collector.named("task").id


# What holds for every implementation of the port


@pytest.fixture(params=["otel", "fake", "none"])
def telemetry(request: pytest.FixtureRequest, collector: Collector) -> Iterator[Telemetry]:
    if request.param == "otel":
        found = OpenTelemetry(collector.url)
        yield found
        found.close()
    else:
        yield FakeTelemetry() if request.param == "fake" else NoTelemetry()


def test_an_error_passes_through_a_step(telemetry: Telemetry):
    with pytest.raises(TableUnreadable), telemetry.joined("run"), telemetry.step("settle", dict):
        raise TableUnreadable("broken")


def test_counting_and_telling_raise_nothing(telemetry: Telemetry):
    telemetry.settled(a_settlement())
    telemetry.gauges([family("lateness_seconds", [Sample(("orders",), 3.0)])])


# Airflow's own exporters

IN_A_TASK = """
import sys
from airflow.sdk.observability.metrics.stats_utils import get_stats_factory
from airflow.sdk.observability import stats
stats.initialize(factory=get_stats_factory(), export_legacy_names=False)
stats.incr("ti.start")  # as the runner of tasks does before each task
from airflow.sdk._shared.observability.traces import configure_otel
from airflow.sdk.configuration import conf
configure_otel(conf)
from opentelemetry import trace
from partition_gate.apps.airflow import tasks
with trace.get_tracer("airflow").start_as_current_span("task_run.arrive"):
    tasks.arrive("orders", sys.argv[1])
trace.get_tracer_provider().force_flush()
"""


@pytest.mark.airflow
def test_in_a_task_spans_are_below_that_of_airflow_and_metrics_go_where_airflow_sends_its_own(
    desk: Desk, collector: Collector
):
    desk.land()
    expectations = desk.folder / "expectations"
    ContractFolder(desk.folder, expectations).write_suites(desk.contract)
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(desk.folder / "airflow"),
        "AIRFLOW__METRICS__OTEL_ON": "True",
        "AIRFLOW__TRACES__OTEL_ON": "True",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_TRACES_EXPORTER": "otlp_proto_http",
        "OTEL_SERVICE_NAME": "our-airflow",
        "GATE_HOME": str(desk.home),
        "GATE_CONTRACTS": str(desk.folder),
        "GATE_EXPECTATIONS": str(expectations),
    }

    ran = subprocess.run(
        [sys.executable, "-c", IN_A_TASK, KEY], env=environment, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stderr[-3000:]
    task = next(each for each in collector.spans if each.name == "task_run.arrive")
    assert collector.named("arrive").parent == task.id
    assert [each.attributes["step"] for each in collector.points["partition_gate_step_seconds"]][:1] == ["arrive"]
    assert collector.services == {"our-airflow"}


def test_the_log_of_a_run_is_json_with_its_attempt(desk: Desk):
    desk.land()
    desk.environment = {"GATE_LOG_FORMAT": "json"}

    done = desk.gate("run", str(desk.contract), KEY)

    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert lines[-1]["attempt"] == ATTEMPT
    begun = [line["attempt"] for line in lines].index(ATTEMPT)
    assert {line["attempt"] for line in lines[begun:]} == {ATTEMPT}
    assert {line["partition"] for line in lines} == {KEY}
