"""`gate sla` as a person uses it, over measurements that the ledger keeps."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from tests.integration.test_gate_run import Desk, check_of

from partition_gate.adapters.ledger.ledger import SqlLedger, migrate
from partition_gate.apps.cli.response_times import Named
from partition_gate.apps.cli.service_levels import rendered
from partition_gate.checks.compiling.compiled import compiled
from partition_gate.contracts.odcs.reader import read_contract
from partition_gate.gate.service_levels import service_level_reports, service_level_responses
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.judging.measurement import Amount, Measurement, Moment, State
from partition_gate.testing.builders import a_claim, a_problem, a_settlement, an_assessment

OK, INVALID, USAGE, COULD_NOT_JUDGE = 0, 1, 2, 3
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
COLUMNS = [
    {"name": "dt", "logicalType": "date", "partitioned": True},
    {"name": "id", "logicalType": "integer"},
    {"name": "at", "logicalType": "timestamp"},
]
LEVELS: list[dict[str, Any]] = [
    {"property": "latency", "value": 1, "unit": "s"},
    {"property": "timeOfAvailability", "value": "00:00"},
    {"property": "freshness", "value": 1, "unit": "d", "element": "at"},
    {"property": "throughput", "value": 1000, "valueExt": 2000, "unit": "rows"},
    {"property": "availability", "value": 95, "unit": "percent"},
]


class Records:
    """A desk with a contract of several service levels, and the ledger that its commands read."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.levels()
        desk.home.mkdir()
        url = f"sqlite:///{desk.home / 'ledger.sqlite'}"
        migrate(url)
        self.ledger = SqlLedger(url)

    def levels(self, **changes: Any) -> None:
        since = {"property": "startDate", "value": day(10)}
        own = {"slaProperties": LEVELS, "customProperties": [since]}
        self.desk.write_contract(schema=[{"name": "orders", "properties": COLUMNS}], **{**own, **changes})

    def add(self, age: int, *measurements: Measurement, visible: bool = True) -> None:
        """The partition of so many days ago."""
        attempt = self.ledger.open_attempt(a_claim(key=day(age)), idempotency_key="k", after_fence=0, now=TODAY)
        assert attempt is not None
        self.ledger.record_measurements(attempt.id, measurements)
        outcome = PartitionOutcome.PUBLISHED if visible else PartitionOutcome.MISSING
        self.ledger.settle(a_settlement(attempt.id, partition_key=day(age), outcome=outcome))

    def shown(self, *arguments: str) -> str:
        done = self.desk.gate("sla", str(self.desk.contract), *arguments)
        assert done.returncode == OK, done.stderr
        return done.stdout

    def document(self, *arguments: str) -> Any:
        return json.loads(self.shown(*arguments, "--json"))


def day(age: int) -> str:
    return (TODAY - timedelta(days=age)).date().isoformat()


def landed(state: State, after_s: float | None) -> Measurement:
    figures = Amount(unit="seconds", at_most=14_400, observed=after_s)
    return Measurement(rule_id="latency", state=state, sentence="landed some time", figures=figures)


def published(state: State, late_s: float = 0) -> Measurement:
    figures = Moment(promised=TODAY, observed=TODAY + timedelta(seconds=late_s))
    return Measurement(rule_id="timeOfAvailability", state=state, sentence="published some time", figures=figures)


def available() -> Measurement:
    return Measurement(rule_id="availability", state=State.KEPT, sentence="")


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(Desk(tmp_path))


def test_the_json_has_promised_observed_and_margin_of_each_broken_partition(records: Records) -> None:
    for age in range(3, 11):
        records.add(age, landed(State.KEPT, 60))
    records.add(2, landed(State.BROKEN, 18_000))
    records.add(1, landed(State.BROKEN, None), visible=False)

    document = records.document("--window", "30d")

    found = next(clause for clause in document["clauses"] if clause["rule_id"] == "latency")
    assert (document["interface_version"], document["window_seconds"]) == (1, 30 * 86_400)
    assert (found["kept"], found["broken"], found["unknown"], found["attainment"]) == (8, 2, 0, 0.8)
    assert (found["target"], found["target_is_default"], found["is_met"]) == (0.95, False, False)
    assert found["budget"] == {"allowed": 0, "used": 2, "left": -2}
    assert (found["burn"]["severity"], found["burn"]["short"]["rate"]) == ("page", 20)
    late, missing = found["broken_partitions"]
    assert late == {
        "partition_key": day(2),
        "state": "broken",
        "sentence": "landed some time",
        "unit": "seconds",
        "promised": {"at_least": None, "at_most": 14_400, "is_outside": False},
        "observed": 18_000,
        "margin": -3_600,
    }
    assert (missing["observed"], missing["margin"]) == (None, None)
    assert found["worst"] == missing


def test_what_a_run_judges_is_what_is_shown(records: Records) -> None:
    desk, newest = records.desk, datetime.now(UTC)
    records.levels(slaProperties=[{**LEVELS[0], "value": 2, "unit": "d"}, *LEVELS[2:4]], customProperties=[])
    desk.land(day(3), id=[1, 2, 3], at=[newest, newest, None])
    desk.run(day(3))
    code, missing = desk.run(day(4))

    found = {clause["rule_id"]: clause for clause in records.document("--window", "5d")["clauses"]}

    assert (code, missing["outcome"]) == (1, "missing")
    assert [(each["partition_key"], each["observed"]) for each in found["throughput"]["broken_partitions"]] == [
        (day(3), 3)
    ]
    assert [each["sentence"] for each in found["latency"]["broken_partitions"]] == [
        "the partition is missing",
        check_of(desk.run(day(3))[1], "latency")["observed"],
    ]
    assert (found["freshness.at"]["kept"], found["freshness.at"]["broken"]) == (1, 1)


def test_the_worst_clause_comes_first_and_each_broken_partition_has_a_line(records: Records) -> None:
    for age in range(1, 11):
        records.add(age, landed(State.BROKEN if age == 2 else State.KEPT, 60), published(State.KEPT))

    shown = records.shown()

    assert shown.index("latency") < shown.index("timeOfAvailability")
    assert f"{day(2)}  latency: landed some time" in shown
    assert "ticket: orders latency: 1 of 10 partitions of the last 10 periods broke it" in shown


def test_without_a_dataset_every_contract_is_shown_and_no_line_for_a_partition(records: Records) -> None:
    records.add(1, landed(State.BROKEN, 18_000))
    contracts = records.desk.folder / "contracts"
    contracts.mkdir()
    (contracts / "orders.odcs.yaml").write_text(records.desk.contract.read_text())
    records.desk.environment = {"GATE_CONTRACTS": str(contracts), "GATE_EXPECTATIONS": str(contracts / "suites")}
    assert records.desk.gate("compile").returncode == OK

    of_all, of_one = records.desk.gate("sla"), records.desk.gate("sla", "orders")

    assert (of_all.returncode, of_one.returncode) == (OK, OK)
    assert "latency" in of_all.stdout
    assert "Broken promises" not in of_all.stdout
    assert "Broken promises" in of_one.stdout


def test_a_contract_without_service_levels_says_so(records: Records) -> None:
    records.levels(slaProperties=[])

    assert "No contract promises a service level" in records.shown()


def incident(records: Records, number: int, *, began_minutes: int, hours_open: int | None) -> None:
    """An incident that opened yesterday, and was resolved after so many hours (None: it is still open)."""
    opened_at = TODAY - timedelta(days=1)
    began_at = opened_at - timedelta(minutes=began_minutes)
    problem = a_problem(f"rule {number}").model_copy(update={"began_at": began_at})
    records.ledger.assess(an_assessment(problem), now=opened_at)
    if hours_open is not None:
        over = an_assessment(in_order=frozenset({problem.cause}), notices=())
        records.ledger.assess(over, now=opened_at + timedelta(hours=hours_open))


RESPONSES: list[dict[str, Any]] = [
    {"property": "timeToDetect", "value": 30, "unit": "min"},
    {"property": "timeToNotify", "value": 10, "unit": "min"},
]


def test_response_times_have_their_promise_their_figures_and_their_worst_incident(records: Records) -> None:
    records.levels(slaProperties=[*LEVELS, *RESPONSES])
    incident(records, 1, began_minutes=10, hours_open=2)
    incident(records, 2, began_minutes=40, hours_open=1)

    document = records.document("--window", "30d")

    detect, _, repair = document["response_times"]
    worst = {
        "incident": 2,
        "cause": "rule 2",
        "opened_at": (TODAY - timedelta(days=1)).isoformat(),
        "seconds": 2400,
        "is_done": True,
        "sentence": "took 40 min; promised within 30 minutes",
    }
    assert detect == {
        "contract": "orders",
        "dataset": "orders",
        "rule_id": "timeToDetect",
        "clause": "slaProperties[5]",
        "promised_seconds": 1800,
        "state": "broken",
        "incidents": 2,
        "kept": 1,
        "broken": 1,
        "waiting": 0,
        "not_counted": 0,
        "median_seconds": 1500,
        "worst_seconds": 2400,
        "worst": worst,
        "broken_incidents": [worst],
    }
    assert (repair["promised_seconds"], repair["state"], repair["kept"]) == (None, "not_promised", None)
    assert (repair["median_seconds"], repair["worst_seconds"]) == (5400, 7200)


def test_a_named_dataset_shows_broken_response_times_and_those_that_nobody_promised(records: Records) -> None:
    records.levels(slaProperties=[RESPONSES[0]])
    incident(records, 1, began_minutes=40, hours_open=2)

    shown = records.shown("--window", "30d")

    assert "incident 1  rule 1: timeToDetect took 40 min; promised within 30 minutes" in shown
    assert "timeToRepair is not promised: median 2 h 0 min, worst 2 h 0 min (incident 1), of 1 incident" in shown


def test_a_promised_response_time_without_an_incident_says_that_nothing_was_measured(records: Records) -> None:
    records.levels(slaProperties=[RESPONSES[0]])

    assert "No incident in the window, so nothing was measured: orders timeToDetect" in records.shown()
    assert [each["state"] for each in records.document()["response_times"]] == [
        *("no_incident", "not_promised", "not_promised"),
    ]


def test_a_promise_to_people_whom_nobody_tells_says_that_no_incident_counts(records: Records) -> None:
    records.levels(slaProperties=[RESPONSES[1]])
    records.ledger.assess(an_assessment(a_problem(), notices=()), now=TODAY)

    shown = records.shown()

    assert "No incident that counts, so nothing was measured: orders timeToNotify (1 not counted)" in shown


def test_a_contract_that_is_invalid_is_named(records: Records) -> None:
    records.desk.contract.write_text("nothing: here\n")

    done = records.desk.gate("sla", str(records.desk.contract))

    assert done.returncode == INVALID
    assert "orders.odcs.yaml" in done.stderr


def test_an_invalid_contract_does_not_hide_the_others(records: Records) -> None:
    contracts = records.desk.folder / "contracts"
    contracts.mkdir()
    (contracts / "orders.odcs.yaml").write_text(records.desk.contract.read_text())
    records.desk.environment = {"GATE_CONTRACTS": str(contracts), "GATE_EXPECTATIONS": str(contracts / "suites")}
    assert records.desk.gate("compile").returncode == OK
    (contracts / "broken.odcs.yaml").write_text("nothing: here\n")

    done = records.desk.gate("sla")

    assert done.returncode == INVALID
    assert "latency" in done.stdout
    assert "left out: broken.odcs.yaml" in done.stderr


@pytest.mark.parametrize("window", ["soon", "0d", "367d", "90"])
def test_a_window_that_is_no_time_span_is_a_usage_error(records: Records, window: str) -> None:
    done = records.desk.gate("sla", "--window", window)

    assert done.returncode == USAGE
    assert "write one such as 90d" in " ".join(done.stderr.replace("│", " ").split())


def test_an_unknown_dataset_is_a_usage_error_that_names_the_known_ones(records: Records) -> None:
    done = records.desk.gate("sla", "nowhere")

    assert done.returncode == USAGE
    assert "'nowhere' is not a contract or a dataset: " in done.stderr
    assert "flights" in done.stderr


def test_a_ledger_that_does_not_answer_is_for_the_operator(records: Records) -> None:
    records.desk.environment = {"GATE_LEDGER_URL": "postgresql+psycopg://gate@127.0.0.1:9/ledger"}

    done = records.desk.gate("sla", str(records.desk.contract))

    assert done.returncode == COULD_NOT_JUDGE
    assert "cannot be used" in done.stderr


def test_the_table_fits_into_80_columns(records: Records) -> None:
    for age in range(1, 11):
        late = landed(State.BROKEN if age in {1, 2} else State.KEPT, 100_000)
        volume = Measurement(
            rule_id="throughput",
            state=State.BROKEN,
            sentence="1,234,567 rows",
            figures=Amount(unit="rows", at_least=1000, at_most=2000, observed=1_234_567),
        )
        records.add(age, late, published(State.KEPT, -1_000_000), volume, available())
    records.levels(slaProperties=[*LEVELS, *RESPONSES])
    incident(records, 1, began_minutes=100_000, hours_open=None)
    contract = compiled(read_contract(records.desk.contract.read_text(), path="orders.odcs.yaml").dataset)
    of_window: dict[str, Any] = {"window": timedelta(days=90), "now": datetime.now(UTC), "ledger": records.ledger}
    found, responses = service_level_reports([contract], **of_window), service_level_responses([contract], **of_window)
    console = Console(width=80, record=True, file=StringIO())

    console.print(rendered(found, responses, window=timedelta(days=90), named=Named(has_several=False)))

    shown = console.export_text()
    words = (
        "timeOfAvailability",
        "attained",
        "worst",
        "margin",
        "-1,232,567",
        "80.00%",
        "of 95%",
        "of 99%*",
        day(1),
        "timeToDetect",
        "69 days",
    )
    assert [word for word in words if word not in shown] == []
    assert max(map(len, shown.splitlines())) <= 80
