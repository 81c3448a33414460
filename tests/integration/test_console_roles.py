"""What a visitor of the console sees who may read some datasets, and act on none or some of them."""

from __future__ import annotations

from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from partition_gate.apps.web.app import create_app
from partition_gate.apps.web.console import BrokenContract
from partition_gate.incidents.model import Assessment, IncidentState, Problem, ProblemKind
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.presentation.links import Link
from partition_gate.testing.builders import NOON, a_settlement
from partition_gate.testing.console import ATTEMPT, InMemoryConsole, a_console

OWN = {"Sec-Fetch-Site": "same-origin"}
PAGES = (
    "/datasets/orders",
    "/partitions/orders/2026-11-01",
    f"/attempts/{ATTEMPT}",
    f"/quarantine/{ATTEMPT}",
    f"/rows/{ATTEMPT}",
    "/contracts/orders",
    "/incidents/1",
    f"/docs/attempts/{ATTEMPT}/index.html",
    "/docs/datasets/orders/2026-11.html",
)
OF_ALL = ("/inbox", "/docs/index.html")


class Visitor:
    """Somebody in Airflow who may read and run these DAGs; None: every DAG."""

    starts_runs = True

    def __init__(self, *, reads: Set[str] | None, runs: Set[str] | None) -> None:
        self._reads, self._runs = reads, runs

    def visitor(self, _: Any) -> str:
        return "jo@example.org"

    def readable_dags(self, _: Any) -> Set[str] | None:
        return self._reads

    def may_act(self, _: Any, dag: str) -> bool:
        return self._runs is None or dag in self._runs

    def start_run(self, _: Any, dag: str, key: str, params: Mapping[str, str]) -> str:  # noqa: ARG002 -- the protocol's
        return f"https://airflow.example.org/dags/{dag}/runs/1"

    def last_run(self, dag: str, key: str) -> Link | None:  # noqa: ARG002 -- the protocol's
        return None

    def consumers(self, dataset: str) -> tuple[Link, ...]:  # noqa: ARG002 -- the protocol's
        return ()


ORDERS = frozenset({"gate__orders"})
STRANGER = Visitor(reads=frozenset({"gate__returns"}), runs=frozenset({"gate__returns"}))
VIEWER = Visitor(reads=ORDERS, runs=frozenset())
OWNER = Visitor(reads=ORDERS, runs=ORDERS)
OPERATOR = Visitor(reads=None, runs=None)


@pytest.fixture
def console(tmp_path: Path) -> InMemoryConsole:
    """`orders` with a rejected partition and an incident; `gone`, which no contract has; a contract that is broken."""
    orders = a_settlement(ATTEMPT, outcome=PartitionOutcome.REJECTED)
    console = a_console(tmp_path, orders, a_settlement("gone-1", dataset="gone"))
    console.broken = (BrokenContract(id="bad", file="bad.odcs.yaml", problem="it has no schema"),)
    console.waiting = ("3 messages to Slack wait",)
    month = tmp_path / "datasets/orders/2026-11.html"
    month.parent.mkdir(parents=True)
    month.write_text("<p>reports of a month</p>")
    for dataset, finding in {"orders": "3 rows have no id", "gone": "2 rows have no name"}.items():
        problem = Problem(cause=f"{dataset}.not_null", kind=ProblemKind.RULE, finding=finding, blocks=True)
        console.ledger.assess(
            Assessment(
                dataset=dataset,
                contract=dataset,
                partition_key="2026-11-01",
                position="2026-11-01",
                problems=(problem,),
            ),
            now=NOON,
        )
    return console


def a_browser(console: InMemoryConsole, visitor: Visitor) -> TestClient:
    app = create_app(console, access=visitor)
    return TestClient(app, raise_server_exceptions=False, follow_redirects=False)


@pytest.mark.parametrize("page", PAGES)
def test_a_dataset_that_may_not_be_read_is_not_found(console: InMemoryConsole, page: str):
    assert a_browser(console, STRANGER).get(page).status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_an_owner_reads_every_page_of_their_dataset(console: InMemoryConsole, page: str):
    assert a_browser(console, OWNER).get(page).status_code == 200


@pytest.mark.parametrize(
    "page", ["/datasets/gone", "/partitions/gone/2026-11-01", "/attempts/gone-1", "/incidents/2", "/contracts/bad"]
)
def test_what_belongs_to_no_usable_contract_is_for_operators(console: InMemoryConsole, page: str):
    console.texts = {**console.texts, "bad": "id: bad"}

    answers = [a_browser(console, visitor).get(page).status_code for visitor in (OWNER, OPERATOR)]

    assert answers == [404, 200]


@pytest.mark.parametrize("page", OF_ALL)
def test_a_page_of_all_datasets_is_for_operators(console: InMemoryConsole, page: str):
    answers = [a_browser(console, visitor).get(page).status_code for visitor in (OWNER, OPERATOR)]

    assert answers == [403, 200]


def test_the_table_of_datasets_has_those_that_may_be_read(console: InMemoryConsole):
    assert 'href="/datasets/orders"' in a_browser(console, VIEWER).get("/").text
    assert "orders" not in a_browser(console, STRANGER).get("/").text


def test_whoever_may_read_nothing_is_not_told_that_there_are_no_contracts(console: InMemoryConsole):
    assert "or none that you may read" in a_browser(console, STRANGER).get("/").text


def test_the_list_of_incidents_has_those_of_datasets_that_may_be_read(console: InMemoryConsole):
    shown = a_browser(console, VIEWER).get("/incidents").text

    assert "3 rows have no id" in shown
    assert "2 rows have no name" not in shown


def test_problems_of_the_gate_as_a_whole_are_for_operators(console: InMemoryConsole):
    (viewer, operator) = (a_browser(console, visitor).get("/").text for visitor in (VIEWER, OPERATOR))

    for text in ("it has no schema", "3 messages to Slack wait"):
        assert text in operator
        assert text not in viewer


@pytest.mark.parametrize("page", [f"/quarantine/{ATTEMPT}", f"/rows/{ATTEMPT}"])
def test_quarantined_rows_are_for_those_who_may_act(console: InMemoryConsole, page: str):
    answer = a_browser(console, VIEWER).get(page)

    assert answer.status_code == 403
    assert "those who may act" in answer.text
    assert f'href="/quarantine/{ATTEMPT}"' not in a_browser(console, VIEWER).get("/partitions/orders/2026-11-01").text


def test_nobody_acts_on_an_incident_that_they_may_not_read(console: InMemoryConsole):
    answer = a_browser(console, Visitor(reads=frozenset(), runs=None)).post("/incidents/1/ack", headers=OWN)

    found = console.ledger.incident(1)
    assert answer.status_code == 404
    assert found is not None
    assert found.state is IncidentState.OPEN
