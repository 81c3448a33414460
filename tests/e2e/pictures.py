"""A visit to a finished demo in a real browser: from Airflow's grid to the rows, with a picture of each surface.

`PICTURES_FOLDER=docs/pictures pytest tests/e2e/test_demo.py` renews the pictures of the documents.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Page, sync_playwright
from tests.e2e.demo import Demo

from partition_gate.apps.demo.airflow_server import AirflowServer
from partition_gate.judging.disposition import PartitionOutcome

ROOT = Path(__file__).parents[2]
CHROMIUM = "/usr/bin/chromium"
PICTURES = (
    *("airflow-grid", "airflow-run", "console", "dataset", "partition"),
    *("quarantine", "incident", "contract", "messages", "report"),
)
_LAST = "2013-01-14"
_DAY = "2013-01-09"  # a damaged file: rejected
_PARTLY = "2013-01-03"  # published without some rows


class Taken(NamedTuple):
    """What was photographed, in whose name actions were taken, and everything that a page complained of."""

    names: list[str]
    problems: list[str]
    visitor: str


def photographed(demo: Demo, into: Path) -> Taken:
    """Walk through the surfaces of the demo, acknowledge an incident, and run a partition again."""
    with _airflow(demo) as server, _page() as page:
        walk = _Walk(page, server.url, into)
        walk.from_the_grid_to_the_run()
        walk.through_the_console(demo)
        visitor = walk.acknowledge()
        walk.run_again()
    return Taken(walk.names, walk.problems, visitor)


class _Walk:
    def __init__(self, page: Page, url: str, into: Path) -> None:
        self.names: list[str] = []
        self.problems: list[str] = []
        self._page, self._url, self._into = page, url, into
        page.on("response", self._answered)
        page.on("pageerror", lambda error: self.problems.append(str(error)))

    def _answered(self, response: Any) -> None:
        if response.status >= 400 and "/gate" in response.url:
            self.problems.append(f"{response.status} {response.url}")

    def _take(self, name: str, *, settled_s: float = 0) -> None:
        time.sleep(settled_s)
        self._into.mkdir(parents=True, exist_ok=True)
        self._page.screenshot(path=self._into / f"{name}.png")
        self.names.append(name)

    def _open(self, name: str, path: str) -> None:
        self._page.goto(f"{self._url}{path}", wait_until="load")
        self._take(name)

    def from_the_grid_to_the_run(self) -> None:
        page = self._page
        page.goto(f"{self._url}/dags/gate__weather", wait_until="networkidle")
        page.wait_for_selector("text=Overview")  # the texts of Airflow's pages are loaded after them
        self._take("airflow-grid", settled_s=3)
        runs = page.request.get(f"{self._url}/api/v2/dags/gate__flights/dagRuns?limit=100").json()["dag_runs"]
        run = next(each for each in runs if each["partition_key"] == _DAY)
        page.goto(f"{self._url}/dags/gate__flights/runs/{run['dag_run_id']}", wait_until="networkidle")
        self._take("airflow-run", settled_s=2)

    def through_the_console(self, demo: Demo) -> None:
        partly, rejected = (demo.settlements["flights", day] for day in (_PARTLY, _DAY))
        assert partly.outcome is PartitionOutcome.PUBLISHED_WITH_QUARANTINE
        self._open("console", f"/gate/?last={_LAST}")
        self._open("dataset", "/gate/datasets/flights")
        self._open("partition", f"/gate/partitions/flights/{_PARTLY}")
        self._open("quarantine", f"/gate/quarantine/{partly.attempt_id}")
        self._open("contract", "/gate/contracts/flights")
        self._open("messages", "/gate/inbox")
        self._open("report", f"/gate/docs/attempts/{partly.attempt_id}/index.html")
        assert rejected.outcome is PartitionOutcome.REJECTED

    def acknowledge(self) -> str:
        """Acknowledge the first problem of the first page; the name that its history then shows."""
        page = self._page
        page.goto(f"{self._url}/gate/", wait_until="load")
        page.click(".attention .why a")
        page.fill('form[action$="/ack"] input', "asked the producer")
        page.click("text=Acknowledge")
        page.wait_for_selector("text=acked")
        self._take("incident")
        return str(page.text_content("tbody tr:first-child td:nth-child(4)"))

    def run_again(self) -> None:
        page = self._page
        page.goto(f"{self._url}/gate/partitions/flights/{_DAY}", wait_until="load")
        page.click("text=Run again")
        page.wait_for_url("**/dags/gate__flights/runs/**")


@contextmanager
def _page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-quic"])
        yield browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
        browser.close()


@contextmanager
def _airflow(demo: Demo) -> Iterator[AirflowServer]:
    """Airflow's web server on the demo's database. Without a scheduler, nothing runs meanwhile."""
    server = AirflowServer(demo.home, project=ROOT, environment={**os.environ, "GATE_HOME": str(demo.home)})
    command = [sys.executable, "-m", "airflow", "api-server"]
    environment = {**server.environment, "GATE_S3_EMBEDDED": "1"}
    with (demo.home / "logs" / "airflow-pictures.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_for(f"{server.url}/api/v2/monitor/health")
        yield server
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(url: str) -> None:
    for _ in range(240):
        try:
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310 -- loopback
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise AssertionError(f"{url} does not answer")
