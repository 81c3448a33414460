"""What people do in the console: acknowledge, mute, resolve, run again; and who may not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from partition_gate.apps.web.app import create_app
from partition_gate.core.errors import CannotAct
from partition_gate.incidents.model import Assessment, Incident, IncidentState, Problem, ProblemKind
from partition_gate.judging.replay import Action
from partition_gate.presentation.links import Link
from partition_gate.testing.builders import NOON
from partition_gate.testing.console import InMemoryConsole, a_console

OWN = {"Sec-Fetch-Site": "same-origin"}
ATTACK = '"><script>alert(1)</script>'


class Visitors:
    """An installation with Airflow, whose visitor may act on these DAGs."""

    starts_runs = True

    def __init__(self, *dags: str) -> None:
        self.dags, self.started = dags, list[tuple[str, str]]()
        self.params: Mapping[str, str] = {}

    def visitor(self, _: Any) -> str:
        return "jo@example.org"

    def readable_dags(self, _: Any) -> None:
        return None

    def may_act(self, _: Any, dag: str) -> bool:
        return dag in self.dags

    def start_run(self, _: Any, dag: str, key: str, params: Mapping[str, str]) -> str:
        if key == "refused":
            raise CannotAct("Airflow does not start the run: it is paused")
        self.started.append((dag, key))
        self.params = params
        return f"https://airflow.example.org/dags/{dag}/runs/1"

    def last_run(self, dag: str, key: str) -> Link:
        return Link(f"run of {key}", f"https://airflow.example.org/dags/{dag}/runs/0")

    def consumers(self, dataset: str) -> tuple[Link, ...]:
        return (Link(f"reports__{dataset}", "https://airflow.example.org/dags/reports"),)


@pytest.fixture
def console(tmp_path: Path) -> InMemoryConsole:
    """One open incident of `orders`: a check that blocks a partition."""
    console = a_console(tmp_path)
    problem = Problem(cause="id.not_null", kind=ProblemKind.RULE, finding="3 rows have no id", blocks=True)
    console.ledger.assess(
        Assessment(
            dataset="orders", contract="orders", partition_key="2026-11-01", position="2026-11-01", problems=(problem,)
        ),
        now=NOON,
    )
    return console


def a_browser(console: InMemoryConsole, access: Visitors | None = None) -> TestClient:
    app = create_app(console, access=access or Visitors("gate__orders"))
    return TestClient(app, raise_server_exceptions=False, follow_redirects=False)


def incident(console: InMemoryConsole) -> Incident:
    found = console.ledger.incident(1)
    assert found is not None
    return found


def test_the_page_of_an_incident_shows_what_which_since_when_and_its_history(console: InMemoryConsole):
    page = a_browser(console).get("/incidents/1").text

    assert "3 rows have no id" in page
    assert 'href="/partitions/orders/2026-11-01"' in page
    assert "opened" in page
    assert "nobody yet" in page


def test_all_open_incidents_are_on_one_page(console: InMemoryConsole):
    page = a_browser(console).get("/incidents").text

    assert '<a href="/incidents/1">id.not_null</a>' in page
    assert "3 rows have no id" in page


@pytest.mark.parametrize(
    ("kind", "fields", "state"),
    [
        ("ack", {"why": "on it"}, IncidentState.ACKED),
        ("mute", {"span": "2h"}, IncidentState.MUTED),
        ("resolve", {"why": "corrected"}, IncidentState.RESOLVED),
    ],
)
def test_an_action_is_recorded_with_the_visitors_name_and_shows_the_incident_again(
    console: InMemoryConsole, kind: str, fields: dict[str, str], state: IncidentState
):
    answer = a_browser(console).post(f"/incidents/1/{kind}", data=fields, headers=OWN)

    assert (answer.status_code, answer.headers["location"]) == (303, "/incidents/1")
    assert (incident(console).state, incident(console).who) == (state, "jo@example.org")
    assert incident(console).why == fields.get("why", "")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
@pytest.mark.parametrize("path", ["/incidents/1/ack", "/runs/orders/2026-11-01"])
def test_no_other_site_can_make_a_visitors_browser_act(console: InMemoryConsole, path: str, headers: dict[str, str]):
    access = Visitors("gate__orders")

    answer = a_browser(console, access).post(path, data={"why": "x"}, headers=headers)

    assert answer.status_code == 403
    assert (incident(console).state, access.started) == (IncidentState.OPEN, [])


def test_a_browser_that_only_sends_its_origin_may_act(console: InMemoryConsole):
    answer = a_browser(console).post("/incidents/1/ack", headers={"Origin": "http://testserver"})

    assert answer.status_code == 303


def test_a_visitor_without_the_right_sees_no_form_and_may_do_nothing(console: InMemoryConsole):
    access = Visitors("gate__returns")
    browser = a_browser(console, access)

    answers = [browser.post(path, headers=OWN) for path in ("/incidents/1/ack", "/runs/orders/2026-11-01")]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert "<form" not in browser.get("/incidents/1").text
    assert "Run again" not in browser.get("/partitions/orders/2026-11-01").text
    assert (incident(console).state, access.started) == (IncidentState.OPEN, [])


@pytest.mark.parametrize(
    ("path", "fields", "status", "word"),
    [
        ("/incidents/1/resolve", {}, 422, "Say why"),
        ("/incidents/1/mute", {"span": "soon"}, 409, "a mute must end in the future"),
        ("/incidents/9/ack", {}, 404, "no incident 9"),
        ("/incidents/1/ack", {"why": "x" * 20_000}, 413, "more text"),
        ("/runs/orders/refused", {}, 409, "it is paused"),
        ("/runs/orders/2026-11-01", {"action": "replay the quarantined rows", "why": " "}, 422, "Say why"),
    ],
)
def test_what_cannot_be_done_says_why(
    console: InMemoryConsole, path: str, fields: dict[str, str], status: int, word: str
):
    answer = a_browser(console).post(path, data=fields, headers=OWN)

    assert answer.status_code == status
    assert word in answer.text
    assert incident(console).state is IncidentState.OPEN


def test_a_resolved_incident_offers_no_action_and_takes_none(console: InMemoryConsole):
    browser = a_browser(console)
    browser.post("/incidents/1/resolve", data={"why": "corrected"}, headers=OWN)

    assert "<form" not in browser.get("/incidents/1").text
    assert browser.post("/incidents/1/ack", headers=OWN).status_code == 409


def test_a_partition_is_run_again_where_airflow_is(console: InMemoryConsole):
    access = Visitors("gate__orders")
    browser = a_browser(console, access)
    assert 'action="/runs/orders/2026-11-01"' in browser.get("/partitions/orders/2026-11-01").text

    answer = browser.post("/runs/orders/2026-11-01/07", headers=OWN)

    assert access.started == [("gate__orders", "2026-11-01/07")]
    assert answer.headers["location"] == "https://airflow.example.org/dags/gate__orders/runs/1"


def test_rows_that_were_judged_before_can_be_asked_for_with_a_reason(console: InMemoryConsole):
    access = Visitors("gate__orders")
    asked = {"action": Action.REPLAY.value, "why": "the sign was lost"}

    a_browser(console, access).post("/runs/orders/2026-11-01", data={**asked, "force": "1"}, headers=OWN)

    assert access.params == asked


def test_in_airflow_the_page_of_a_partition_names_the_dags_that_depend_on_it(console: InMemoryConsole):
    page = a_browser(console).get("/partitions/orders/2026-11-01").text

    assert '<dt>consumers</dt><dd><a target="_top" href="https://airflow.example.org/dags/reports">' in page


def test_pages_lead_to_the_newest_run_and_to_the_dags_of_consumers(console: InMemoryConsole):
    browser = a_browser(console)

    partition, dataset = (browser.get(path).text for path in ("/partitions/orders/2026-11-01", "/datasets/orders"))

    # Airflow shows the console in a frame, in which it must not show itself.
    run, reports = "https://airflow.example.org/dags/gate__orders/runs/0", "https://airflow.example.org/dags/reports"
    assert f'<a target="_top" href="{run}">run of 2026-11-01</a>' in partition
    assert f'<a target="_top" href="{reports}">reports__orders</a>' in dataset
    assert '<form class="actions" method="post" target="_top" action="/runs/orders/2026-11-01">' in partition


def test_without_airflow_there_is_no_button_that_could_not_work(console: InMemoryConsole):
    browser = TestClient(create_app(console))

    assert "Run again" not in browser.get("/partitions/orders/2026-11-01").text
    assert browser.post("/runs/orders/2026-11-01", headers=OWN).status_code == 409


def test_what_people_write_is_text_and_never_markup(console: InMemoryConsole):
    browser = a_browser(console)

    browser.post("/incidents/1/ack", data={"why": ATTACK}, headers=OWN)

    assert "<script" not in browser.get("/incidents/1").text
    assert "&lt;script&gt;" in browser.get("/incidents/1").text
