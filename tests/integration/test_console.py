"""The console's pages over HTTP, as a browser would ask for them."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import Depends, HTTPException
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from partition_gate.apps.web.app import PAGE_POLICY, create_app
from partition_gate.apps.web.console import BrokenContract
from partition_gate.apps.web.overview import Filters, Overview
from partition_gate.core.errors import StoreUnreachable
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.testing.builders import NOON, a_check_result, a_message, a_settlement
from partition_gate.testing.console import (
    ATTEMPT,
    InMemoryConsole,
    a_console,
    a_history,
    a_sample,
    an_execution,
    some_details,
)

ATTACK = '"><script>alert(1)</script><b>'
OUTSIDE = re.compile(r"""(?:src|href|action)\s*=\s*["']?\s*(?:https?:)?//|url\(\s*["']?(?:https?:)?//""")


def a_browser(console: InMemoryConsole, **options: Any) -> TestClient:
    return TestClient(create_app(console, **options), raise_server_exceptions=False)


PAGES = (
    "/",
    "/?q=orders&page=x&last=never&other=1",
    "/partitions/orders/2026-11-01",
    f"/attempts/{ATTEMPT}",
    "/contracts/orders",
    "/datasets/orders",
    f"/quarantine/{ATTEMPT}",
    "/incidents/7",
    "/incidents",
    "/inbox",
    f"/rows/{ATTEMPT}",
    "/docs/index.html",
    f"/docs/attempts/{ATTEMPT}/index.html",
    "/static/gate.css",
    "/static/slack.css",
)


def test_messages_name_their_tool_and_hide_the_path_of_a_webhook(tmp_path: Path):
    console = a_console(tmp_path)
    (slack,) = console.outbox
    to = [("email", "team@example.org"), ("webhook", "https://hooks.example/a-secret-path?key=b")]
    told = [a_message(tool, tool=tool, channel=channel, attempt_id=ATTEMPT) for tool, channel in to]
    console.outbox = (slack, *(slack.model_copy(update={"message": message}) for message in told))

    pages = [re.sub(r"\s+", " ", a_browser(console).get(page).text) for page in ("/inbox", f"/attempts/{ATTEMPT}")]

    for page in pages:
        assert "To <b>#orders</b> (" in page
        assert "To e-mail <b>team@example.org</b> (" in page
        assert "To webhook <b>hooks.example</b> (" in page
        assert "a-secret-path" not in page


@pytest.mark.parametrize("page", PAGES)
def test_every_page_answers_and_loads_nothing_from_elsewhere(tmp_path: Path, page: str):
    answer = a_browser(a_console(tmp_path)).get(page)

    assert answer.status_code == 200
    assert not OUTSIDE.search(answer.text)


@pytest.mark.parametrize("page", [*PAGES, "/nothing", "/docs/nothing"])
def test_every_answer_tells_the_browser_what_it_may_do(tmp_path: Path, page: str):
    headers = a_browser(a_console(tmp_path)).get(page).headers

    assert headers["Content-Security-Policy"] == PAGE_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_no_page_may_run_a_script():
    assert "script-src 'none'" in PAGE_POLICY


@pytest.mark.parametrize("page", PAGES[:10])
def test_pages_work_below_a_prefix(tmp_path: Path, page: str):
    mounted = TestClient(Starlette(routes=[Mount("/gate", app=create_app(a_console(tmp_path)))]))

    answer = mounted.get(f"/gate{page}")

    links = [link for link in re.findall(r'href="([^"]+)"', answer.text) if not link.startswith(("data:", "#"))]
    assert links
    assert [link for link in links if not link.startswith("/gate/")] == []
    assert [link for link in links if mounted.get(link.replace("&amp;", "&")).status_code != 200] == []


def test_a_hostile_dataset_key_reason_and_message_are_text(tmp_path: Path):
    hostile = a_settlement("a1", dataset=ATTACK, partition_key=ATTACK, outcome=PartitionOutcome.REJECTED)
    console = a_console(tmp_path, hostile.model_copy(update={"why": (ATTACK,), "quarantine_uri": ATTACK}))
    console.checks = {"a1": (a_check_result(ATTACK).model_copy(update={"observed": ATTACK, "expected": ATTACK}),)}
    console.samples = {"a1": a_sample(value=ATTACK)}
    console.made_from = {"a1": (an_execution("a1", word=ATTACK), an_execution(ATTACK, word=ATTACK))}
    console.broken = (BrokenContract(id=ATTACK, file=ATTACK, problem=ATTACK),)
    console.outbox = (console.outbox[0].model_copy(update={"message": a_message(text=ATTACK, attempt_id=ATTACK)}),)
    console.texts = {ATTACK: ATTACK}
    browser = a_browser(console)
    dataset = f"/datasets/{quote(ATTACK, safe='')}"

    links = [link for page in ("/", dataset) for link in re.findall(r'href="(/\w+/[^"]+)"', browser.get(page).text)]
    links = [link for link in links if link.startswith(("/partitions/", "/contracts/"))]
    links += ["/", f"/?q={quote(ATTACK)}", dataset, "/attempts/a1", "/quarantine/a1", "/inbox", f"/{ATTACK}"]
    pages = [browser.get(link) for link in links]

    assert [page.status_code for page in pages] == [200] * (len(pages) - 1) + [404]
    assert len(pages) == 9
    assert [page.url.path for page in pages if "<script" in page.text] == []


@pytest.mark.parametrize(
    "path",
    [
        "/docs/../secret.txt",
        "/docs/%2e%2e/secret.txt",
        "/docs/..%2fsecret.txt",
        "/docs/attempts/%2e%2e/%2e%2e/%2e%2e/secret.txt",
        "/docs//etc/passwd",
        "/docs/%2fetc%2fpasswd",
        "/docs/a%00b",
        "/docs/outside/secret.txt",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
    ],
)
def test_a_path_that_leads_out_of_the_folder_is_refused(tmp_path: Path, path: str):
    site = tmp_path / "site"
    console = a_console(site)
    (tmp_path / "secret.txt").write_text("secret")
    (site / "outside").symlink_to(tmp_path)

    assert a_browser(console).get(path).status_code == 404


def test_the_table_has_a_word_and_a_symbol_for_every_outcome(tmp_path: Path):
    settlements = [
        a_settlement(f"a{day}", partition_key=f"2026-11-0{day}", outcome=outcome)
        for day, outcome in enumerate(PartitionOutcome, start=1)
    ]
    page = a_browser(a_console(tmp_path, *settlements)).get("/").text

    cells = re.findall(
        r'class="cell \w+" href="/partitions[^>]*title="2026-11-0\d: ([^;]+);[^>]*><span[^>]*>(.)</span>', page
    )
    assert [word for word, _ in reversed(cells)] == [
        "published", "with quarantine", "rejected", "held", "missing", "superseded", "errored",
    ]  # fmt: skip
    assert len({symbol for _, symbol in cells}) == 7


def test_the_table_shows_the_newest_two_weeks_and_links_to_the_older(tmp_path: Path):
    keys = [f"{NOON - timedelta(days=back):%Y-%m-%d}" for back in range(20)]
    browser = a_browser(a_console(tmp_path, *(a_settlement(key, partition_key=key) for key in keys)))

    page = browser.get("/").text
    older = browser.get(re.findall(r'href="([^"]+)">older', page)[0].replace("&amp;", "&")).text
    assert len(re.findall(r'class="cell published"', page)) + len(re.findall(r'class="cell published"', older)) == 20


def test_a_watch_that_does_not_run_is_told_on_the_first_page(tmp_path: Path):
    console = a_console(tmp_path)
    calm = a_browser(console).get("/").text
    console.watch = "The watch has not run for 45 min; unpause the DAG gate_watch"
    alarmed = a_browser(console).get("/").text

    assert "The watch does not run" not in calm
    assert "The watch does not run" in alarmed
    assert console.watch in alarmed


def test_messages_that_are_not_delivered_are_told_on_the_first_page(tmp_path: Path):
    console = a_console(tmp_path)
    calm = a_browser(console).get("/").text
    console.waiting = ("3 messages to slack <b>#orders</b> have not been delivered",)
    alarmed = a_browser(console).get("/").text

    assert "Messages are not delivered" not in calm
    assert "Messages are not delivered" in alarmed
    assert "3 messages to slack &lt;b&gt;#orders&lt;/b&gt; have not been delivered" in alarmed


def test_a_broken_contract_is_told_on_the_first_page_and_has_its_text(tmp_path: Path):
    console = a_console(tmp_path)
    console.broken = (BrokenContract(id="bad", file="bad.odcs.yaml", problem="bad.odcs.yaml: id: missing"),)
    console.texts = {"bad": "version: 1"}
    browser = a_browser(console)

    assert "bad.odcs.yaml: id: missing" in browser.get("/").text
    assert "version: 1" in browser.get("/contracts/bad").text


def test_checks_that_failed_come_first(tmp_path: Path):
    page = a_browser(a_console(tmp_path)).get("/partitions/orders/2026-11-01").text

    assert page.index("<b>failing</b>") < page.index("<b>passing</b>")


def test_a_partition_leads_to_the_attempt_and_the_dataset_that_its_rows_come_from(tmp_path: Path):
    page = a_browser(a_console(tmp_path)).get("/partitions/orders/2026-11-01").text
    section = page[page.index("Where the rows come from") : page.index("<h2>Messages")]

    assert "part-0.parquet (1,000 bytes, landed 2026-11-02 12:00 UTC)" in section
    assert f'<a href="/attempts/{ATTEMPT}">97 rows that {ATTEMPT} published</a>' in section


def test_without_airflow_the_page_of_a_partition_does_not_say_that_nobody_reads_it(tmp_path: Path):
    page = a_browser(a_console(tmp_path)).get("/partitions/orders/2026-11-01").text

    assert "<dd>not known without Airflow; the asset is <code>validated.orders</code></dd>" in page


def test_a_partition_key_may_have_slashes(tmp_path: Path):
    console = a_console(tmp_path, a_settlement(partition_key="2013-01-03/07"))

    assert a_browser(console).get("/partitions/orders/2013-01-03/07").status_code == 200


def test_the_page_of_an_encoded_partition_key_is_found_at_its_address(tmp_path: Path):
    console = a_console(tmp_path, a_settlement(partition_key="B%20B/A%2FA"))
    address = "/partitions/orders/B%2520B/A%252FA"

    async def answer() -> httpx.Response:
        # Not Starlette's client, which decodes an address twice; a server decodes it once.
        transport = httpx.ASGITransport(create_app(console))
        async with httpx.AsyncClient(transport=transport, base_url="http://console") as client:
            return await client.get(address)

    assert f'href="{address}"' in a_browser(console).get("/datasets/orders").text
    assert "<h1>orders B%20B/A%2FA" in asyncio.run(answer()).text


def test_a_partitions_page_reads_no_settlement_of_another_one(tmp_path: Path):
    class OneByOne(InMemoryConsole):
        def overview(self, _: Filters) -> Overview:
            raise AssertionError("all settlements were read")

        def outcome(self, dataset: str, partition_key: str) -> Settlement | None:
            return next((s for s in self.settled if (s.dataset, s.partition_key) == (dataset, partition_key)), None)

    browser = a_browser(OneByOne(tmp_path, [a_settlement(ATTEMPT, partition_key="2026-11-01/07")]))

    pages = ("partitions/orders/2026-11-01/07", f"attempts/{ATTEMPT}")
    assert [browser.get(f"/{page}").status_code for page in pages] == [200, 200]


def test_a_partition_leads_to_those_beside_it_and_lists_its_attempts(tmp_path: Path):
    first = a_settlement("a1", partition_key="2026-11-02", outcome=PartitionOutcome.REJECTED)
    second = a_settlement("a2", partition_key="2026-11-02", settled_at=NOON + timedelta(hours=1))
    others = [a_settlement(key, partition_key=key) for key in ("2026-11-01", "2026-11-05")]
    browser = a_browser(a_console(tmp_path, first, second, *others))

    page = browser.get("/partitions/orders/2026-11-02").text

    assert '<a href="/partitions/orders/2026-11-01">← 2026-11-01</a>' in page
    assert '<a href="/partitions/orders/2026-11-05">2026-11-05 →</a>' in page
    assert "rejected → published" in page
    assert 'href="/attempts/a1"' in page
    assert "Attempts, newest first" not in browser.get("/partitions/orders/2026-11-05").text


def test_checks_that_passed_are_folded_below_those_that_did_not(tmp_path: Path):
    page = a_browser(a_console(tmp_path)).get(f"/attempts/{ATTEMPT}").text

    above, folded = page.split("1 of 2 checks passed")
    assert "<b>failing</b>" in above
    assert "<b>passing</b>" in folded
    assert "<b>passing</b>" not in above


def test_an_older_attempt_leads_to_the_newest(tmp_path: Path):
    newer = a_settlement("newer", settled_at=NOON + timedelta(hours=1))
    page = a_browser(a_console(tmp_path, a_settlement("older"), newer)).get("/attempts/older").text

    assert "This is an older attempt" in page


def test_a_dag_leads_to_the_page_of_its_dataset(tmp_path: Path):
    answer = a_browser(a_console(tmp_path)).get("/dags/gate__orders", follow_redirects=False)

    assert answer.headers["location"] == "/datasets/orders"


def test_a_contract_with_several_datasets_lists_them_and_commands_name_them(tmp_path: Path):
    console = a_console(tmp_path)
    (orders,) = console.summaries
    lines = orders.model_copy(update={"dataset": "lines", "dag": "gate__orders__lines", "description": "Its lines."})
    console.summaries = (orders.model_copy(update={"dag": "gate__orders__orders"}), lines)
    browser = a_browser(console)

    page = browser.get("/contracts/lines").text

    assert "<h1>Contract orders</h1>" in page
    assert page.count("<dt>Dataset</dt>") == 2
    assert '<a href="/datasets/lines">lines</a>: Its lines.' in page
    assert "gate quarantine show orders/orders 2026-11-01" in browser.get(f"/quarantine/{ATTEMPT}").text
    assert "gate run orders/orders 2026-11-01" in browser.get(f"/attempts/{ATTEMPT}").text
    answer = browser.get("/dags/gate__orders__lines", follow_redirects=False)
    assert answer.headers["location"] == "/datasets/lines"


def test_quarantine_shows_reasons_the_masked_columns_and_the_command(tmp_path: Path):
    page = a_browser(a_console(tmp_path)).get(f"/quarantine/{ATTEMPT}").text

    assert "id: not null" in page
    assert "<b>email</b>" in page
    assert "gate quarantine show orders 2026-11-01" in page


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        (f"/quarantine/{ATTEMPT}", "Its quarantined rows were removed by age (GATE_KEEP_QUARANTINE_DAYS)."),
        (f"/attempts/{ATTEMPT}", "Its check results were removed by age (GATE_KEEP_LEDGER_DAYS)."),
    ],
)
def test_what_was_removed_by_age_is_told_in_its_place(tmp_path: Path, page: str, sentence: str):
    console = a_console(tmp_path)
    console.samples, console.checks = {}, {}

    assert sentence in a_browser(console).get(page).text


def test_quarantined_rows_can_be_downloaded(tmp_path: Path):
    browser = a_browser(a_console(tmp_path))

    answer = browser.get(f"/rows/{ATTEMPT}")

    assert f'href="/rows/{ATTEMPT}"' in browser.get(f"/quarantine/{ATTEMPT}").text
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{ATTEMPT}.csv"'
    assert answer.text.splitlines()[1] == "id: not null,7,#1,part-0.parquet,3"
    assert browser.get("/rows/nothing").status_code == 404


def test_an_unknown_page_names_the_next_step(tmp_path: Path):
    answer = a_browser(a_console(tmp_path)).get("/partitions/orders/1999-01-01")

    assert answer.status_code == 404
    assert "Nothing is recorded for the partition orders/1999-01-01" in answer.text


class _Unreachable(InMemoryConsole):
    def overview(self, _: Filters) -> Overview:
        raise StoreUnreachable("the ledger does not answer; start its server")


class _Wrong(InMemoryConsole):
    def overview(self, _: Filters) -> Overview:
        raise KeyError("a value of a row")


def test_surroundings_that_fail_are_named_with_the_next_step(tmp_path: Path):
    answer = a_browser(_Unreachable(tmp_path)).get("/")

    assert answer.status_code == 503
    assert "the ledger does not answer; start its server" in answer.text


def test_an_error_of_ours_shows_its_kind_and_never_its_text(tmp_path: Path):
    answer = a_browser(_Wrong(tmp_path)).get("/")

    assert answer.status_code == 500
    assert "KeyError" in answer.text
    assert "a value of a row" not in answer.text
    assert answer.headers["Content-Security-Policy"] == PAGE_POLICY


@pytest.mark.parametrize("page", [*PAGES[:12], "/docs", "/dags/gate__orders"])
def test_a_guard_stands_before_every_page(tmp_path: Path, page: str):
    def nobody() -> None:
        raise HTTPException(401)

    answer = a_browser(a_console(tmp_path), dependencies=[Depends(nobody)]).get(page)

    assert answer.status_code == 401
    assert "Sign in to Airflow" in answer.text


def test_a_contracts_page_shows_owners_coverage_and_what_each_version_changed(tmp_path: Path):
    console = a_console(tmp_path)
    console.details = {"orders": some_details("the customer's name")}

    page = a_browser(console).get("/contracts/orders").text

    assert page.count("the customer&#39;s name") >= 10
    assert "1 breaking change" in page
    assert "first known version" in page
    assert 'href="#L2"' in page


def test_a_datasets_page_is_text_whatever_it_holds(tmp_path: Path):
    console = a_console(tmp_path)
    console.histories = {"orders": a_history(console.settled, word=ATTACK)}

    page = a_browser(console).get("/datasets/orders").text

    assert page.count("&lt;script&gt;") >= 3
    assert "<script" not in page


def test_a_dataset_whose_contract_cannot_be_used_still_shows_its_partitions(tmp_path: Path):
    console = a_console(tmp_path)
    console.histories = {}

    browser = a_browser(console)

    assert 'href="/partitions/orders/2026-11-01"' in browser.get("/datasets/orders").text
    assert browser.get("/datasets/nothing").status_code == 404


def test_a_contracts_details_are_text_whatever_they_hold(tmp_path: Path):
    console = a_console(tmp_path)
    console.details = {"orders": some_details(ATTACK)}

    page = a_browser(console).get("/contracts/orders").text

    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 10


def test_a_contract_without_details_still_shows_its_text(tmp_path: Path):
    console = a_console(tmp_path)
    console.details = {}

    page = a_browser(console).get("/contracts/orders").text

    assert "version: 1.0.0" in page
    assert "Coverage" not in page
