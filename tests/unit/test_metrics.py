"""The metrics of an installation: what they count, what their labels hold, and what a scrape reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from tests.unit.test_overview import Ledger, a_dataset

from partition_gate.adapters.catalogue import Catalogue
from partition_gate.adapters.prometheus import exposition
from partition_gate.apps.web.app import create_app
from partition_gate.apps.web.metrics import LedgerMetrics
from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.diagnosis import Diagnosis
from partition_gate.core.errors import LedgerUnusable
from partition_gate.incidents.model import ProblemKind
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.judging.measurement import Measurement, State
from partition_gate.testing.builders import a_claim, a_message, a_settlement, queue
from partition_gate.testing.console import InMemoryConsole
from partition_gate.testing.ports import FakeClock
from partition_gate.watching.heartbeat import Heartbeat
from partition_gate.watching.metrics import METRICS, Definition, Family, Kind, Sample
from partition_gate.watching.vital_signs import ledger_unusable

NOW = datetime(2026, 11, 4, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LATENCY = [{"property": "latency", "value": 4, "unit": "h"}]
Labels = Mapping[str, str]


class Installation:
    """Metrics of contracts and a ledger in memory, read at a time that a test moves."""

    def __init__(self, *datasets: CompiledDataset) -> None:
        self.datasets = datasets or (a_dataset(slaProperties=LATENCY),)
        self.ledger, self.clock = Ledger(), FakeClock()
        self.clock.time = NOW
        self.metrics = LedgerMetrics(self.ledger, lambda: Catalogue(contracts=self.datasets, broken=()), self.clock)

    def settle(self, key: str, *, began: datetime = NOW, seconds: float = 0, **changes: Any) -> Settlement:
        dataset = changes.setdefault("dataset", "orders")
        attempt = self.ledger.open_attempt(a_claim(dataset, key), idempotency_key=key, after_fence=0, now=began)
        assert attempt
        settled_at = began + timedelta(seconds=seconds)
        rows = {name: changes.pop(name) for name in tuple(changes) if name.startswith("rows_")}
        settlement = a_settlement(attempt.id, partition_key=key, settled_at=settled_at, **changes)
        settlement = settlement.model_copy(update=rows)
        self.ledger.settle(settlement)
        return settlement

    def scrape(self, *, limit_s: float = 60) -> str:
        return exposition(self.metrics.families(limit_s=limit_s)).decode()

    def read(self, name: str, *, limit_s: float = 60) -> dict[tuple[str, ...], float]:
        """The values of a metric by the values of its labels, as Prometheus reads them."""
        samples = [each for own in text_string_to_metric_families(self.scrape(limit_s=limit_s)) for each in own.samples]
        return {tuple(each.labels.values()): each.value for each in samples if each.name == f"partition_gate_{name}"}


@pytest.fixture
def gate() -> Installation:
    return Installation()


# Attempts and rows


def test_attempts_are_counted_by_dataset_and_outcome_over_all_time(gate: Installation):
    for days in (0, 1, 400):
        gate.settle(f"{(NOW - days * DAY).date()}", began=NOW - days * DAY)
    gate.settle("2026-11-01", outcome=PartitionOutcome.REJECTED)

    assert gate.read("attempts_total") == {("orders", "published"): 3, ("orders", "rejected"): 1}


def test_what_is_settled_between_two_scrapes_is_counted_once(gate: Installation):
    gate.settle("2026-11-01", began=NOW - 30 * MINUTE)
    seen = [gate.read("attempts_total")["orders", "published"]]
    for key in ("2026-11-02", "2026-11-03"):
        gate.clock.forward(50 * MINUTE)
        gate.settle(key, began=gate.clock.now())
        seen.append(gate.read("attempts_total")["orders", "published"])
    gate.clock.forward(5 * HOUR)
    seen.append(gate.read("attempts_total")["orders", "published"])

    assert seen == [1, 2, 3, 3]


def test_rows_are_counted_by_what_became_of_them(gate: Installation):
    gate.settle("2026-11-01", rows_in=10, rows_published=7, rows_quarantined=3)
    gate.settle("2026-11-02", rows_in=5, rows_published=5, rows_quarantined=0)

    assert gate.read("rows_total") == {("orders", "published"): 12, ("orders", "quarantined"): 3}


def test_the_duration_of_attempts_leaves_out_those_that_judged_nothing(gate: Installation):
    gate.settle("2026-11-01", seconds=4)
    gate.settle("2026-11-02", seconds=8)
    gate.settle("2026-11-03", seconds=1000, outcome=PartitionOutcome.ERRORED)

    assert (gate.read("attempt_seconds_count"), gate.read("attempt_seconds_sum")) == (
        {("orders",): 2},
        {("orders",): 12},
    )


def test_datasets_without_a_contract_share_one_label(gate: Installation):
    for name in ("gone_1", "gone_2"):
        gate.settle("2026-11-01", dataset=name)

    assert gate.read("attempts_total") == {("_others", "published"): 2}


# Promises


def test_the_lag_is_the_time_since_everything_that_is_expected_is_visible(gate: Installation):
    for key in ("2026-11-01", "2026-11-02"):
        gate.settle(key)
    first = gate.read("safe_through_lag_seconds")
    gate.clock.forward(HOUR)

    lag = (NOW - datetime(2026, 11, 3, tzinfo=UTC)).total_seconds()
    assert (first, gate.read("safe_through_lag_seconds", limit_s=0)) == ({("orders",): lag}, {("orders",): lag + 3600})


def test_a_dataset_of_which_nothing_is_visible_has_no_lag(gate: Installation):
    gate.settle("2026-11-01", outcome=PartitionOutcome.REJECTED)

    assert gate.read("safe_through_lag_seconds") == {}


@pytest.mark.parametrize(
    ("began", "outcome", "late_s"),
    [
        (datetime(2026, 11, 4, 3, tzinfo=UTC), PartitionOutcome.PUBLISHED, 0),
        (datetime(2026, 11, 4, 5, tzinfo=UTC), PartitionOutcome.PUBLISHED, 3600),
        (datetime(2026, 11, 4, 3, tzinfo=UTC), PartitionOutcome.REJECTED, 8 * 3600),
    ],
)
def test_the_newest_due_partition_is_late_until_it_is_visible(gate: Installation, began, outcome, late_s):
    gate.settle("2026-11-03", began=began, outcome=outcome)

    assert gate.read("lateness_seconds") == {("orders",): late_s}


def test_the_budget_counts_the_partitions_that_broke_the_service_level(gate: Installation):
    for key, state in (("2026-11-02", State.KEPT), ("2026-11-03", State.BROKEN)):
        settled = gate.settle(key)
        measured = Measurement(rule_id="latency", state=state, sentence="measured")
        gate.ledger.record_measurements(settled.attempt_id, [measured])

    assert gate.read("error_budget_left_partitions") == {("orders", "latency"): -1}
    assert gate.read("attainment_ratio") == {("orders", "latency"): 0.5}


def test_a_scrape_without_time_reads_no_service_levels_and_the_next_one_begins_with_the_oldest():
    gate = Installation(*(a_dataset(f"orders_{number}", slaProperties=LATENCY) for number in range(3)))

    assert gate.read("lateness_seconds", limit_s=0) == {}
    assert len(gate.read("lateness_seconds", limit_s=60)) == 3
    gate.clock.forward(HOUR)
    assert gate.read("promises_age_seconds", limit_s=0) == {(): 3600}
    assert gate.read("promises_age_seconds", limit_s=60) == {(): 0}


# Incidents, messages, the watch


def test_open_incidents_are_counted_by_what_they_are_and_others_are_zero(gate: Installation):
    gate.ledger.problem("orders", blocks=True, kind=ProblemKind.RULE)

    found = gate.read("open_incidents")
    assert {labels: count for labels, count in found.items() if count} == {("rule", "blocking", "open"): 1}
    assert found["delivery", "other", "muted"] == 0


def test_waiting_messages_are_counted_without_their_addresses(gate: Installation):
    queue(gate.ledger, a_message("m1", tool="email", channel="jo@example.org"), now=NOW - HOUR)

    text = gate.scrape()
    assert gate.read("undelivered_messages") == {("slack",): 0, ("email",): 1, ("webhook",): 0}
    assert gate.read("undelivered_oldest_seconds")[("email",)] == 3600
    assert "example.org" not in text


def test_the_heartbeat_has_an_age_once_there_is_one(gate: Installation):
    before = gate.read("watch_heartbeat_age_seconds")
    gate.ledger.beat(Heartbeat(at=NOW - 10 * MINUTE, interval=5 * MINUTE))

    assert (before, gate.read("watch_heartbeat_age_seconds")) == ({}, {(): 600})


# What is scraped


def test_no_label_has_a_partition_key(gate: Installation):
    gate.settle("2026-11-01")

    assert "2026-11-01" not in gate.scrape()


def test_every_defined_metric_is_in_a_scrape_with_its_labels(gate: Installation):
    families = {each.name: each for each in gate.metrics.families()}

    assert list(families) == list(dict.fromkeys(families))
    assert families.keys() == METRICS.keys()
    assert [n for n, each in families.items() for s in each.samples if len(s.labels) != len(METRICS[n].labels)] == []


def test_a_hostile_label_stays_one_value():
    named = 'a"} 1\nother{b="\\'
    definition = Definition(Kind.GAUGE, "A metric.", ("sla",))

    text = exposition([Family("x", definition, (Sample((named,), 2.0),))]).decode()

    (own,) = text_string_to_metric_families(text)
    assert [(each.labels, each.value) for each in own.samples] == [({"sla": named}, 2.0)]


class Broken:
    """A ledger that does not answer."""

    def families(self) -> tuple[Family, ...]:
        raise LedgerUnusable("the ledger cannot be used: no answer")

    def health(self) -> tuple[Diagnosis, ...]:
        return ledger_unusable("no answer")


@pytest.fixture
def unreachable(tmp_path) -> TestClient:
    return TestClient(create_app(InMemoryConsole(tmp_path), monitored=Broken()))


def test_a_ledger_that_does_not_answer_fails_the_scrape_and_the_health_check(unreachable: TestClient):
    scrape, health = unreachable.get("/metrics"), unreachable.get("/health")

    assert (scrape.status_code, scrape.headers["content-type"].partition(";")[0]) == (503, "text/plain")
    assert (health.status_code, health.json()["status"]) == (503, "failed")


def test_pages_without_monitoring_have_neither_address(tmp_path):
    browser = TestClient(create_app(InMemoryConsole(tmp_path)))

    assert [browser.get(path).status_code for path in ("/metrics", "/health")] == [404, 404]
