"""The pages in a real browser: styled, silent, and asking nobody but us."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from partition_gate.adapters.data_docs.site import StaticDocsSite
from partition_gate.adapters.storage import Storage
from partition_gate.apps.web.app import create_app
from partition_gate.core.units import Month
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.judging.report import AttemptReport, RecentAttempt
from partition_gate.judging.validation import FailingValue
from partition_gate.judging.verdict import CheckOutcome
from partition_gate.testing.builders import a_check_result, a_settlement
from partition_gate.testing.console import A_SUMMARY, InMemoryConsole, a_history, a_sample, a_sent_message

CHROMIUM = Path("/usr/bin/chromium")
ATTEMPT = "orders-2026-11-01-1"
ATTACK = "<img src=x onerror=\"document.title='attacked'\">"

Axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not there: install Chromium to run these"),
]


class Visit:
    """A page that was opened, and all that it asked for and complained of."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.asked: list[str] = []
        self.failed: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("requestfailed", lambda request: self.failed.append(request.url))
        page.on("response", lambda response: self.failed.extend([response.url] if response.status >= 400 else []))
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def open(self, address: str) -> Visit:
        self.page.goto(address, wait_until="load")
        return self

    def asked_others(self, own: str) -> list[str]:
        return [url for url in self.asked if not url.startswith((own, "data:"))]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-quic"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    yield Visit(context.new_page())
    context.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Data Docs site with a report: a check that failed on a hostile value, one that passed, one that never ran."""
    folder = tmp_path_factory.mktemp("docs")
    failed = a_check_result("state.valid", outcome=CheckOutcome.FAILED, unexpected=1)
    results = (
        failed.model_copy(update={"failing_values": (FailingValue(value=ATTACK, count=1),)}),
        a_check_result("id.not_null"),
        a_check_result("id.unique", outcome=CheckOutcome.ERRORED).model_copy(
            update={"observed": "the column is missing"}
        ),
    )
    settlement = a_settlement(ATTEMPT, outcome=PartitionOutcome.REJECTED)
    recent = (RecentAttempt(settlement=settlement, not_passed={"state.valid": CheckOutcome.FAILED}),)
    docs = StaticDocsSite(Storage(str(folder)))
    docs.write_report(
        AttemptReport(
            settlement=settlement, results=results, recent=recent, console_page="../../../partitions/orders/2026-11-01"
        )
    )
    docs.write_month("orders", Month.of(settlement.settled_at), [settlement])
    return folder


@pytest.fixture(scope="module")
def console(site: Path) -> Iterator[str]:
    """The address of a console that runs below a prefix, as inside Airflow."""
    shown = InMemoryConsole(site, [a_settlement(ATTEMPT, outcome=PartitionOutcome.REJECTED)])
    shown.summaries, shown.outbox = (A_SUMMARY,), (a_sent_message(),)
    shown.samples = {ATTEMPT: a_sample()}
    shown.histories = {"orders": a_history(shown.settled, word="a long sentence about orders " * 5)}
    shown.checks = {ATTEMPT: (a_check_result(outcome=CheckOutcome.FAILED),)}
    app = Starlette(routes=[Mount("/gate", app=create_app(shown))])
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/gate"
        server.should_exit = True
        thread.join()


def _background(visit: Visit, selector: str) -> str:
    return str(visit.page.eval_on_selector(selector, "element => getComputedStyle(element).backgroundColor"))


PAGES = (
    "/",
    "/partitions/orders/2026-11-01",
    "/datasets/orders",
    f"/quarantine/{ATTEMPT}",
    "/incidents/7",
    "/incidents",
    "/inbox",
    "/docs/index.html",
    f"/docs/attempts/{ATTEMPT}/index.html",
    "/docs/datasets/orders/index.html",
    "/docs/datasets/orders/2026-11.html",
)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_loads_all_that_it_asks_for_and_asks_only_us(visit: Visit, console: str, page: str):
    visit.open(console + page)

    assert (visit.failed, visit.complaints, visit.asked_others(console)) == ([], [], [])


def test_the_table_is_coloured_and_leads_to_the_partition_and_its_report(visit: Visit, console: str):
    visit.open(f"{console}/")
    assert _background(visit, ".cell.rejected") != _background(visit, "body")

    visit.page.click(".cell.rejected")
    visit.page.click("text=Data Docs report")

    assert visit.page.title() == "orders 2026-11-01: rejected"


def test_a_report_leads_back_to_its_partition(visit: Visit, console: str):
    visit.open(f"{console}/docs/attempts/{ATTEMPT}/index.html")

    visit.page.click("text=This partition in the console")

    assert "orders 2026-11-01" in visit.page.text_content("h1")


@pytest.mark.parametrize("page", ["index.html", f"attempts/{ATTEMPT}/index.html"])
def test_a_report_opened_from_disk_is_whole_and_styled_without_a_network(visit: Visit, site: Path, page: str):
    visit.page.context.set_offline(True)

    visit.open((site / page).as_uri())

    assert (visit.failed, visit.complaints, visit.asked_others(site.as_uri())) == ([], [], [])
    assert visit.page.eval_on_selector("header", "element => getComputedStyle(element).borderBottomStyle") == "solid"


def test_checks_that_passed_are_folded_and_open_without_a_script(visit: Visit, site: Path):
    visit.open((site / f"attempts/{ATTEMPT}/index.html").as_uri())
    passed = visit.page.locator("text=id.not_null").first
    assert not passed.is_visible()

    visit.page.click("summary")

    assert passed.is_visible()
    assert visit.page.locator("text=state.valid").first.is_visible()


def test_a_value_of_the_data_runs_no_script_in_the_reader_s_browser(visit: Visit, site: Path):
    visit.open((site / f"attempts/{ATTEMPT}/index.html").as_uri())

    assert visit.page.title() == "orders 2026-11-01: rejected"
    assert visit.page.locator("img").count() == 0


def test_an_inline_script_would_be_refused_even_if_one_came_in(visit: Visit, site: Path):
    page = site / f"attempts/{ATTEMPT}/index.html"
    attacked = page.with_name("attacked.html")
    attacked.write_text(page.read_text().replace("</main>", f"{ATTACK}<script>document.title='attacked'</script>"))

    visit.open(attacked.as_uri())

    assert visit.page.title() == "orders 2026-11-01: rejected"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_no_page_has_a_barrier_for_people_with_disabilities(browser: Any, console: str, page: str, scheme: str):
    # axe is evaluated in the page, which its Content-Security-Policy would refuse.
    context = browser.new_context(viewport={"width": 1200, "height": 800}, color_scheme=scheme, bypass_csp=True)
    options = {"runOnly": ["color-contrast"]} if scheme == "dark" else None  # nothing else differs
    found = Axe().run(Visit(context.new_page()).open(console + page).page, options=options)

    assert [(each["id"], each["nodes"][0]["html"]) for each in found.response["violations"]] == []
    context.close()


@pytest.mark.parametrize("page", ["/", "/partitions/orders/2026-11-01", "/datasets/orders"])
def test_a_page_is_never_wider_than_a_phone(browser: Any, console: str, page: str):
    context = browser.new_context(viewport={"width": 375, "height": 700})
    visit = Visit(context.new_page()).open(console + page)

    assert visit.page.evaluate("document.documentElement.scrollWidth") == 375
    context.close()


@pytest.mark.parametrize("page", PAGES)
def test_the_keyboard_reaches_everything_that_a_mouse_reaches(visit: Visit, console: str, page: str):
    visit.open(console + page)
    wanted = visit.page.evaluate(
        """() => [...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')]
            .filter(element => element.checkVisibility())
            .map((element, place) => element.dataset.place = String(place))"""
    )

    reached = []
    for _ in wanted:
        visit.page.keyboard.press("Tab")
        reached.append(visit.page.evaluate("() => document.activeElement.dataset.place"))

    assert reached == wanted
    assert visit.page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") != "none"
