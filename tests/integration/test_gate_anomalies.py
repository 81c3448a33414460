"""`gate anomalies` and `gate promote` as a person uses them: a thin day is told, and becomes a rule."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.integration.test_gate_profile import Records
from tests.integration.test_gate_run import Desk

from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.contracts.drafting.promotion import with_rule
from partition_gate.contracts.odcs.reader import read_contract
from partition_gate.core.errors import CannotAct, ContractError
from partition_gate.judging.anomalies import Anomaly, Metric
from partition_gate.judging.profile import ColumnCounters

OK, USAGE = 0, 2
EARLIER = ("2026-10-01", "2026-10-08", "2026-10-15", "2026-10-22")
KEY = "2026-10-29"

CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: orders
version: 1.0.0
status: active  # since the summer
servers:
  - {server: x, type: local, format: parquet, path: "LANDING/dt=*/*.parquet"}
support:
  - {channel: "#orders", tool: slack, scope: issues}

schema:
  # One row for each order.
  - name: orders
    properties:
      - name: dt
        logicalType: date
        partitioned: true
      - name: id
        logicalType: integer
        required: true
        primaryKey: true
        primaryKeyPosition: 1
        quality:
          # The shop counts from 1.
          - id: ids_are_positive
            type: sql
            query: SELECT count(*) FROM {object} WHERE id < 0
            mustBe: 0
"""
ROWS_RULE = """\
  - name: orders
+    quality:
+      - id: rows_as_usual
+        metric: rowCount
+        mustBeBetween: [17550, 22450]
+        severity: warning
+        description: 'As usual: Thursdays had 20,000 (20,000 to 20,000) in the last 4 weeks.'
     properties:
"""


def a_figure(metric: Metric, column: str | None = "id", **figures: Any) -> Anomaly:
    numbers = {"observed": 0.9, "median": 0.5, "low": 0.4, "high": 0.6, "scale": 0.01, "z": 40.0, **figures}
    return Anomaly(metric=metric, column=column, values=9, weeks=9, like="Tuesdays", **numbers)


def promoted(anomaly: Anomaly, text: str = CONTRACT) -> str:
    dataset = read_contract(text, path="orders.odcs.yaml", folder="/contracts").dataset
    return with_rule(text, anomaly, dataset, threshold=7)


def new_rule(text: str) -> dict[str, Any]:
    """The first rule of `id`."""
    return dict(yaml.safe_load(text)["schema"][0]["properties"][1]["quality"][0])


@pytest.fixture
def thin_day(tmp_path: Path) -> Desk:
    """Four Thursdays with 20,000 orders, and one with 100."""
    desk = Desk(tmp_path)
    desk.contract.write_text(CONTRACT.replace("LANDING", str(desk.landing)))
    records = Records(desk)
    for key in EARLIER:
        records.add(key, ColumnCounters(column="id", row_count=20_000, null_count=0), rows=20_000)
    desk.land(KEY, id=list(range(100)))
    code, _ = desk.run(KEY)
    assert code == OK
    return desk


def test_a_thin_day_is_published_listed_and_promoted_to_a_rule(thin_day: Desk) -> None:
    listed = thin_day.gate("anomalies", "orders")
    (found,) = json.loads(thin_day.gate("anomalies", "--json").stdout)["anomalies"]
    assert "100 rows; Thursdays had 20,000 (20,000 to 20,000) in the last 4 weeks" in listed.stdout
    assert (found["cause"], found["last_key"], found["state"]) == ("anomaly rows", KEY, "open")
    assert "anomalies, which break no promise: 1" in thin_day.gate("incidents", "list").stdout

    shown = thin_day.gate("promote", str(thin_day.contract), "rows")
    assert (shown.returncode, shown.stderr) == (OK, "")
    assert ROWS_RULE in shown.stdout
    before = thin_day.contract.read_text()
    assert "rows_as_usual" not in before

    written = thin_day.gate("promote", str(thin_day.contract), str(found["id"]), "--write")
    assert written.returncode == OK, written.stderr
    added = [line[1:] for line in ROWS_RULE.splitlines() if line.startswith("+")]
    assert [line for line in thin_day.contract.read_text().splitlines() if line not in added] == before.splitlines()
    again = thin_day.gate("promote", str(thin_day.contract), "rows")
    assert (again.returncode, "already has the rule rows_as_usual" in again.stderr) == (USAGE, True)


def test_an_anomaly_that_was_not_found_is_refused(thin_day: Desk) -> None:
    refused = thin_day.gate("promote", str(thin_day.contract), "amount mean")

    assert (refused.returncode, refused.stdout) == (USAGE, "")
    assert "orders has no anomaly amount mean; see `gate anomalies orders`" in refused.stderr


@pytest.mark.parametrize(
    ("anomaly", "rule"),
    [
        (a_figure(Metric.NULL_SHARE), {"metric": "nullValues", "mustBeLessThan": 57, "unit": "percent"}),
        (a_figure(Metric.NULL_SHARE, z=-40.0), {"metric": "nullValues", "mustBeGreaterThan": 43, "unit": "percent"}),
        (a_figure(Metric.MEAN), {"query": "SELECT avg({property}) FROM {object}", "mustBeBetween": [0.43, 0.57]}),
        (a_figure(Metric.MEAN, median=1e7, scale=1e4), {"mustBeBetween": [9930000, 10070000]}),
        (
            a_figure(Metric.DISTINCT_SHARE, scale=0.1),
            {
                "query": "SELECT count(DISTINCT {property}) / count({property}) FROM {object}",
                "mustBeBetween": [0, 1],
            },
        ),
    ],
)
def test_each_figure_becomes_the_nearest_rule(anomaly: Anomaly, rule: dict[str, Any]) -> None:
    written = new_rule(promoted(anomaly))

    assert {name: written.get(name) for name in rule} == rule
    assert written["severity"] == "warning"


def test_every_other_line_of_the_file_stays() -> None:
    kept = iter(promoted(a_figure(Metric.MEAN)).splitlines())

    assert all(line in kept for line in CONTRACT.splitlines())


def test_line_endings_stay() -> None:
    windows = CONTRACT.replace("\n", "\r\n")

    assert promoted(a_figure(Metric.MEAN), windows).replace("\r\n", "").count("\n") == 0


@pytest.mark.parametrize(
    "text",
    [
        CONTRACT.replace(
            "      - name: id\n        logicalType: integer", "      - {name: id, logicalType: integer}"
        ).split("        required")[0],
        CONTRACT.split("        quality:", maxsplit=1)[0]
        + "        quality: [{id: one, metric: nullValues, mustBe: 0}]\n",
    ],
    ids=["a property in braces", "rules in brackets"],
)
def test_a_place_that_has_no_lines_of_its_own_is_left_to_people(text: str) -> None:
    with pytest.raises(CannotAct, match="write this rule by hand:\n- id: id_mean_as_usual"):
        promoted(a_figure(Metric.MEAN), text)


@pytest.fixture
def own(tmp_path: Path) -> ContractFolder:
    """A contracts folder with `orders` and its suite."""
    folder = ContractFolder(tmp_path / "contracts", tmp_path / "expectations")
    folder.contracts.mkdir()
    path = folder.contracts / "orders.odcs.yaml"
    path.write_text(CONTRACT)
    folder.write_suites(path)
    return folder


def files_of(folder: ContractFolder) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.contracts.parent.rglob("*") if path.is_file()}


def test_a_contract_is_written_together_with_its_suite(own: ContractFolder) -> None:
    path = own.locate("orders")

    written = own.write_text(path, promoted(a_figure(Metric.MEAN)))

    assert [file.name for file in written] == ["orders.odcs.yaml", "orders.json"]
    assert own.load("orders").dataset.name == "orders"
    assert len(files_of(own)) == 2


def test_a_contract_that_lint_refuses_is_not_written(own: ContractFolder) -> None:
    before = files_of(own)

    with pytest.raises(ContractError, match="metric"):
        own.write_text(own.locate("orders"), CONTRACT.replace("type: sql", "metric: never"))

    assert files_of(own) == before


def test_a_contract_whose_suite_cannot_be_written_stays_as_it_was(own: ContractFolder) -> None:
    suite = own.expectations / "orders" / "orders.json"
    suite.unlink()
    suite.mkdir()
    before = files_of(own)

    with pytest.raises(OSError, match="orders"):
        own.write_text(own.locate("orders"), promoted(a_figure(Metric.MEAN)))

    assert files_of(own) == before


def test_the_arrival_is_already_promised_by_its_clause() -> None:
    with pytest.raises(CannotAct, match="promised by the clause `latency`"):
        promoted(a_figure(Metric.ARRIVAL, column=None))
