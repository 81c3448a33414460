"""The dashboard and the alerts in deploy/: what they ask for exists in a scrape, with the labels that they use."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from tests.unit.test_metrics import NOW, Installation

from partition_gate.judging.measurement import Measurement, State
from partition_gate.watching.heartbeat import Heartbeat
from partition_gate.watching.metrics import METRICS, PREFIX, metrics_table

DASHBOARD: dict[str, Any] = json.loads(Path("deploy/grafana/partition-gate.json").read_text())
RULES: list[dict[str, Any]] = yaml.safe_load(Path("deploy/prometheus/alerts.yaml").read_text())["groups"][0]["rules"]
EXPRESSIONS = {
    **{
        f"{each['title']} {target['refId']}": target["expr"]
        for each in DASHBOARD["panels"]
        for target in each["targets"]
    },
    **{each["name"]: each["query"] for each in DASHBOARD["templating"]["list"] if each["type"] == "query"},
    **{each["alert"]: each["expr"] for each in RULES},
}


@pytest.fixture(scope="module")
def scraped() -> dict[str, set[str]]:
    """Names of samples -> names of their labels, of an installation in which everything has a value."""
    gate = Installation()
    settled = gate.settle("2026-11-03")
    gate.ledger.record_measurements(
        settled.attempt_id, [Measurement(rule_id="latency", state=State.KEPT, sentence="x")]
    )
    gate.ledger.settle(settled)
    for key in ("2026-11-01", "2026-11-02"):
        gate.settle(key)
    gate.ledger.beat(Heartbeat(at=NOW, interval=timedelta(minutes=5)))
    samples = [each for own in text_string_to_metric_families(gate.scrape()) for each in own.samples]
    return {each.name: set(each.labels) for each in samples}


def test_the_installation_of_this_test_has_a_value_for_every_metric(scraped: dict[str, set[str]]):
    assert [name for name in METRICS if not any(found.startswith(f"{PREFIX}{name}") for found in scraped)] == []


@pytest.mark.parametrize(("place", "expression"), EXPRESSIONS.items(), ids=EXPRESSIONS)
def test_every_metric_and_label_of_an_expression_exists(place: str, expression: str, scraped: dict[str, set[str]]):
    names = set(re.findall(rf"{PREFIX}\w+", expression))
    matched = re.findall(r"\b(\w+)\s*(?:=~|!=|=)\s*\"", expression)
    grouped = [label.strip() for own in re.findall(r"by \(([^)]*)\)", expression) for label in own.split(",")]

    assert names <= scraped.keys()
    known = {"job"} | {label for name in names for label in scraped[name]}
    assert {*matched, *grouped} <= known
    assert names or "up{" in expression


def test_a_dashboard_has_what_grafana_needs_and_no_panel_overlaps_another():
    assert {"title", "uid", "schemaVersion", "panels", "templating", "time"} <= DASHBOARD.keys()
    panels = DASHBOARD["panels"]
    assert len({each["id"] for each in panels}) == len(panels)
    cells = [
        (x, y)
        for each in panels
        for box in [each["gridPos"]]
        for x in range(box["x"], box["x"] + box["w"])
        for y in range(box["y"], box["y"] + box["h"])
    ]
    assert (len(cells), max(x for x, _ in cells)) == (len(set(cells)), 23)


def test_every_metric_is_on_the_dashboard_or_in_an_alert():
    asked = {name for each in EXPRESSIONS.values() for name in re.findall(rf"{PREFIX}(\w+)", each)}

    assert [name for name in METRICS if not any(each.startswith(name) for each in asked)] == []


def test_an_alert_says_who_is_to_act_and_what_happened():
    assert {each["labels"]["severity"] for each in RULES} == {"page", "ticket"}
    assert [each["alert"] for each in RULES if not each["annotations"]["summary"].strip()] == []


def test_the_page_has_the_table_of_metrics():
    page = Path("docs/operations/observability.md").read_text()

    assert metrics_table() in page
