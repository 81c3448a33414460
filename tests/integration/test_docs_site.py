"""The Data Docs site in a folder and in a real S3: what its pages say, and where they are found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.object_storage import access_to, endpoint_of

from partition_gate.adapters.data_docs.site import StaticDocsSite
from partition_gate.adapters.embedded_s3.server import EmbeddedS3
from partition_gate.adapters.storage import Storage, StoredFile
from partition_gate.core.severity import Scope, Severity
from partition_gate.core.units import Month
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.judging.report import AttemptReport, RecentAttempt
from partition_gate.judging.validation import FailingValue
from partition_gate.judging.verdict import CheckOutcome, CheckResult
from partition_gate.testing.builders import a_check_result, a_settlement

ATTACK = '"><img src=x onerror=alert(1)>'
OUTSIDE = re.compile(r"""(?:src|href|action)\s*=\s*["']?\s*(?:https?:)?//|url\(\s*["']?(?:https?:)?//|@import""")
NOVEMBER, DECEMBER = Month(2026, 11), Month(2026, 12)
REJECTED = a_settlement("a-3", outcome=PartitionOutcome.REJECTED, partition_key="2026-11-03")
FAILED = a_check_result(outcome=CheckOutcome.FAILED, unexpected=3)
WARNED = a_check_result("note.few_nulls", outcome=CheckOutcome.WARNED).model_copy(update={"severity": Severity.WARNING})
PASSED = a_check_result("amount.minimum")


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return Storage(str(tmp_path / "docs"), setting="GATE_DOCS_FOLDER")
    server: EmbeddedS3 = request.getfixturevalue("s3")
    return Storage(f"s3://warehouse/{tmp_path.name}", access_to(endpoint_of(server)), setting="GATE_DOCS_FOLDER")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "docs"


@pytest.fixture
def site(folder: Path) -> StaticDocsSite:
    return StaticDocsSite(Storage(str(folder), setting="GATE_DOCS_FOLDER"))


def a_report(*results: CheckResult, settlement: Settlement = REJECTED, **changes: object) -> AttemptReport:
    return AttemptReport(settlement=settlement, results=results, **changes)


def a_page(site: StaticDocsSite, report: AttemptReport) -> str:
    return (site.read(site.write_report(report)) or b"").decode()


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


def links(folder: Path) -> list[tuple[Path, str]]:
    """Every page with each of its links to another page."""
    return [
        (page, link) for page in folder.rglob("*.html") for link in re.findall(r'href="([^"#:]+)"', page.read_text())
    ]


def dead_links(folder: Path) -> list[tuple[str, str]]:
    return [(page.name, link) for page, link in links(folder) if not (page.parent / link).is_file()]


def attempts(count: int, **changes: object) -> list[Settlement]:
    begin = datetime(2026, 11, 1, tzinfo=UTC)
    return [
        a_settlement(f"a-{i}", partition_key=f"key-{i}", settled_at=begin + timedelta(minutes=i)).model_copy(
            update=changes
        )
        for i in range(count)
    ]


def test_a_site_is_the_same_in_a_folder_and_in_s3(storage: Storage):
    site = StaticDocsSite(storage)

    path = site.write_report(a_report(FAILED))
    site.write_month("orders", NOVEMBER, [REJECTED])
    site.write_month("orders", DECEMBER, attempts(1))
    site.write_month("returns", NOVEMBER, attempts(1))

    assert path == "attempts/a-3/index.html"
    assert b"rejected" in (site.read(path) or b"")
    assert linked(site, "index.html") == [
        *("datasets/orders/index.html", "datasets/orders/2026-12.html"),
        *("datasets/returns/index.html", "datasets/returns/2026-11.html"),
    ]
    assert linked(site, "datasets/orders/index.html") == ["../../index.html", "2026-12.html", "2026-11.html"]
    assert site.address(path).endswith(f"/{path}")
    assert site.read("attempts/other/index.html") is None


def linked(site: StaticDocsSite, path: str) -> list[str]:
    page = (site.read(path) or b"").decode()
    return [link for link in re.findall(r'<a [^>]*href="([^"#]+)"', page) if link != "index.html"]


def test_a_page_begins_with_what_happened_why_and_what_to_do(site: StaticDocsSite):
    page = text_of(a_page(site, a_report(FAILED, PASSED)))

    head = page[: page.index("Checks")]
    assert "orders 2026-11-03 ✗ rejected" in head
    assert "Send the reasons below to the producer." in head
    assert "Why because" in head
    assert "100 rows in = 0 published + 100 quarantined (100.00%)" in head


def test_a_failed_check_says_what_was_expected_what_was_found_and_how_often(site: StaticDocsSite):
    values = (FailingValue(value="SJU", count=20), FailingValue(value="BQN", count=3))
    failed = FAILED.model_copy(update={"observed": "23 of 842 values break the rule", "failing_values": values})

    page = text_of(a_page(site, a_report(failed)))

    assert "✗ failed id.not_null schema[0].id.not_null not null 23 of 842 values break the rule: " in page
    assert "20" in page[page.index("SJU") :]


def test_a_warning_is_called_one_and_checks_that_passed_are_folded(site: StaticDocsSite):
    page = a_page(site, a_report(WARNED, PASSED))

    assert "△ warning note.few_nulls" in text_of(page)
    folded = page[page.index('<details class="fold">') :]
    assert "1 of 2 checks passed" in folded
    assert "amount.minimum" in folded
    assert "note.few_nulls" not in folded


def test_a_cause_that_many_checks_share_is_told_once(site: StaticDocsSite):
    unknown = [
        a_check_result(f"c{i}.x", outcome=CheckOutcome.UNKNOWN).model_copy(update={"observed": "the file is damaged"})
        for i in range(97)
    ]

    alone, beside = a_page(site, a_report(*unknown)), a_page(site, a_report(FAILED, *unknown))

    assert alone.count("the file is damaged") == 1
    assert "97 checks could not be judged: the file is damaged" in alone
    assert "97 checks could not be judged." in beside


def test_a_reason_that_a_check_tells_is_not_told_twice(site: StaticDocsSite):
    why = ("1 of 2 rows fail; the contract allows 5%", f"{FAILED.rule_id}: 3 rows; expected not null")
    settlement = REJECTED.model_copy(update={"why": why})

    head = text_of(a_page(site, a_report(FAILED, settlement=settlement))).partition("Checks")[0]

    assert "the contract allows 5%" in head
    assert "expected not null" not in head


def test_promises_over_time_are_apart(site: StaticDocsSite):
    promise = a_check_result("latency", outcome=CheckOutcome.FAILED).model_copy(update={"scope": Scope.SLA})

    page = text_of(a_page(site, a_report(FAILED, promise)))

    assert "latency" not in page[: page.index("Promises over time")]
    assert "0 of 1 check passed" in page


def test_a_check_that_did_not_pass_shows_how_it_went_in_the_partitions_before(site: StaticDocsSite):
    before = [
        RecentAttempt(settlement=a_settlement("a-1", partition_key="2026-11-01")),
        RecentAttempt(settlement=a_settlement("a-2", partition_key="2026-11-02", outcome=PartitionOutcome.MISSING)),
        RecentAttempt(settlement=REJECTED, not_passed={FAILED.rule_id: CheckOutcome.FAILED}),
    ]

    page = a_page(site, a_report(FAILED, recent=tuple(before)))

    cells = re.findall(r'<a class="check ([a-z]+)"(?: href="([^"]+)")? title="([^"]+)"', page)
    assert cells == [
        ("passed", "../a-1/index.html", "2026-11-01: passed"),
        ("nothing", "", "2026-11-02: missing"),
        ("failed", "../a-3/index.html", "2026-11-03: failed"),
    ]


def test_a_clause_leads_to_its_line_in_the_console_if_there_is_one(site: StaticDocsSite):
    contract = "https://airflow.example.org/gate/contracts/orders"

    assert f'href="{contract}#schema%5B0%5D.id.not_null"' in a_page(site, a_report(FAILED, contract_page=contract))
    assert "contracts" not in a_page(site, a_report(FAILED))


def test_great_expectations_own_result_is_beside_the_page(site: StaticDocsSite):
    page = a_page(site, a_report(FAILED, document='{"success": false}'))

    assert 'href="result.json"' in page
    assert site.read("attempts/a-3/result.json") == b'{"success": false}'


def month_pages(site: StaticDocsSite) -> list[str]:
    """The pages of November, the newest first, in the order of the links."""
    newest = "datasets/orders/2026-11.html"
    names = re.findall(r'href="(2026-11\.\d+\.html)"', (site.read(newest) or b"").decode())
    return [(site.read(path) or b"").decode() for path in (newest, *(f"datasets/orders/{name}" for name in names))]


@pytest.mark.parametrize("count", [0, 1, 59, 60, 119, 120, 121, 744])
def test_the_pages_of_a_month_list_every_attempt_once_newest_first(site: StaticDocsSite, count: int):
    site.write_month("orders", NOVEMBER, attempts(count))

    listed = [key for page in month_pages(site) for key in re.findall(r">(key-\w+)<", page)]
    assert listed == [f"key-{i}" for i in reversed(range(count))]


def test_rows_that_were_given_up_are_counted_beside_those_in_quarantine(site: StaticDocsSite):
    given_up = a_settlement("a-1", partition_key="key-1").model_copy(
        update={"rows_in": 1_010, "rows_published": 1_000, "rows_quarantined": 3, "rows_discarded": 7}
    )

    site.write_month("orders", NOVEMBER, [given_up, *attempts(1)])

    page = (site.read("datasets/orders/2026-11.html") or b"").decode()
    assert '<td class="count">1,000</td><td class="count">3<br><span class="quiet">7 discarded</span></td>' in page
    assert page.count("discarded") == 1


def test_a_month_links_the_attempts_that_were_judged(site: StaticDocsSite):
    missing = a_settlement("a-gone", partition_key="key-gone", outcome=PartitionOutcome.MISSING)

    site.write_month("orders", NOVEMBER, [*attempts(3), missing])

    page = (site.read("datasets/orders/2026-11.html") or b"").decode()
    assert 'href="../../attempts/a-2/index.html"' in page
    assert "a-gone" not in page


def test_each_page_of_a_month_of_hours_is_smaller_than_80_kb(site: StaticDocsSite):
    why = ("100 % of 1,234,567 rows were quarantined, which is more than the 5 % that the contract allows. " * 9,)
    hours = [
        each.model_copy(
            update={
                "attempt_id": f"weather_hourly_of_every_station-2026-11-01-05-{number}",
                "partition_key": "2026-11-01/05",
                "version": "10.12.14",
                "why": why,
                "rows_in": 123_456_789,
                "rows_published": 123_456_789,
            }
        )
        for number, each in enumerate(attempts(744))
    ]

    site.write_month("orders", NOVEMBER, hours)

    sizes = [len(page.encode()) + len(site.read("_assets/gate.css") or b"") for page in month_pages(site)]
    assert (len(sizes), max(sizes) < 80_000) == (12, True)


def test_a_run_writes_the_newest_page_and_what_a_killed_run_left_out(site: StaticDocsSite, folder: Path):
    for count in range(1, 320):
        site.write_month("orders", NOVEMBER, attempts(count))
    once = {page.name: page.stat().st_mtime_ns for page in folder.rglob("2026-11.*html")}
    (folder / "datasets/orders/2026-11.4.html").unlink()

    site.write_month("orders", NOVEMBER, attempts(320))

    again = {page.name: page.stat().st_mtime_ns for page in folder.rglob("2026-11.*html")}
    assert sorted(name for name in again if again[name] != once[name]) == ["2026-11.4.html", "2026-11.html"]
    assert [link for _, link in dead_links(folder) if "2026-11" in link] == []


def test_all_pages_of_a_month_are_written_again_if_that_is_asked_for(site: StaticDocsSite):
    site.write_month("orders", NOVEMBER, attempts(320))
    site.write_month("orders", NOVEMBER, attempts(320, version="9.9.9"), whole=True)

    assert all("9.9.9" in page for page in month_pages(site))


def test_all_pages_of_a_month_are_removed(site: StaticDocsSite, folder: Path):
    site.write_month("orders", NOVEMBER, attempts(320))
    site.remove_months(DECEMBER)

    assert sorted(page.name for page in (folder / "datasets/orders").iterdir()) == ["index.html"]


def test_values_and_names_are_text_and_never_markup(site: StaticDocsSite):
    hostile = a_settlement("a-1", outcome=PartitionOutcome.REJECTED, partition_key=ATTACK).model_copy(
        update={"dataset": "orders", "why": (ATTACK,)}
    )
    page = a_page(site, a_report(FAILED.model_copy(update={"observed": ATTACK}), settlement=hostile))
    site.write_month("orders", NOVEMBER, [hostile])

    assert "<img" not in page
    assert b"<img" not in (site.read("datasets/orders/2026-11.html") or b"<img")


def test_no_page_loads_anything_from_another_host_or_has_a_script(site: StaticDocsSite, folder: Path):
    site.write_report(a_report(FAILED))
    site.write_month("orders", NOVEMBER, [REJECTED])

    written = [path for path in folder.rglob("*") if path.suffix in {".html", ".css"}]
    assert len(written) == 5
    assert [path.name for path in written if OUTSIDE.search(path.read_text())] == []
    assert [path.name for path in written if "<script" in path.read_text()] == []


def test_every_link_of_every_page_leads_to_a_file(site: StaticDocsSite, folder: Path):
    site.write_report(a_report(FAILED, document="{}"))
    site.write_month("orders", NOVEMBER, [REJECTED])

    assert len(links(folder)) > 10
    assert dead_links(folder) == []


def test_a_removed_report_says_so_at_its_address_and_needs_almost_no_space(site: StaticDocsSite, folder: Path):
    path = site.write_report(a_report(FAILED, document="{}"))

    removed = site.remove_report("a-3", dataset="orders", kept=timedelta(days=90))

    page = (site.read(path) or b"").decode()
    assert "a-3 was removed, because reports are kept for 90 days (GATE_KEEP_REPORTS_DAYS)." in text_of(page)
    assert (removed.count, removed.size_bytes > 2 * len(page)) == (2, True)
    assert site.read("attempts/a-3/result.json") is None


def test_a_removed_report_leaves_no_link_that_leads_nowhere(site: StaticDocsSite, folder: Path):
    site.write_report(a_report(FAILED, document="{}"))
    for month in (NOVEMBER, DECEMBER):
        site.write_month("orders", month, [REJECTED])
    site.write_month("returns", NOVEMBER, attempts(0))

    site.remove_report("a-3", dataset="orders", kept=timedelta(days=90))

    assert site.remove_months(DECEMBER) == 2
    assert dead_links(folder) == []
    assert "All reports were removed by age" in text_of((site.read("datasets/returns/index.html") or b"").decode())


def test_a_dataset_whose_months_were_all_removed_is_named_again_with_the_next_one(site: StaticDocsSite):
    site.write_month("orders", NOVEMBER, attempts(1))
    site.remove_months(DECEMBER)
    site.write_month("orders", DECEMBER, attempts(1))

    assert linked(site, "index.html") == ["datasets/orders/index.html", "datasets/orders/2026-12.html"]


def test_an_attempt_without_a_report_gets_no_page_about_its_removal(site: StaticDocsSite):
    assert site.remove_report("a-9", dataset="orders", kept=timedelta(days=90)).count == 0
    assert site.read("attempts/a-9/index.html") is None


def test_a_report_of_a_hundred_columns_is_smaller_than_80_kb(site: StaticDocsSite):
    passed = [a_check_result(f"column_{i}.not_null") for i in range(97)]
    recent = tuple(RecentAttempt(settlement=each) for each in attempts(14))

    page = a_page(site, a_report(FAILED, WARNED, *passed, recent=recent))

    assert len(page.encode()) + len(site.read("_assets/gate.css") or b"") < 80_000


@pytest.mark.parametrize("attempt_id", ["../a", "a/b", "", ".hidden", "a\nb"])
def test_an_attempt_id_that_is_a_path_is_refused(site: StaticDocsSite, attempt_id: str):
    with pytest.raises(ValueError, match="cannot be a folder name"):
        site.write_report(a_report(settlement=a_settlement(attempt_id)))


def test_a_link_in_the_folder_leads_nobody_out_of_it(site: StaticDocsSite, folder: Path, tmp_path: Path):
    (tmp_path / "secret.txt").write_text("x")
    folder.mkdir()
    (folder / "outside").symlink_to(tmp_path)

    assert site.read("outside/secret.txt") is None


def test_writing_a_report_costs_the_same_however_many_there_are(folder: Path):
    few, many = Counting(folder / "few"), Counting(folder / "many")
    for number in range(200):
        StaticDocsSite(many).write_report(a_report(settlement=a_settlement(f"a-{number}")))
    for storage in (few, many):
        StaticDocsSite(storage).write_month("orders", NOVEMBER, attempts(1))
        storage.calls.clear()
        site = StaticDocsSite(storage)
        site.write_report(a_report(FAILED))
        site.write_month("orders", NOVEMBER, attempts(2))

    written = ["put attempts/a-3/index.html", "put datasets/orders/2026-11.html"]
    assert few.calls == many.calls == ["get _assets/gate.css", *written]


class Counting(Storage):
    """Notes each call."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self.calls: list[str] = []

    def _note(self, name: str) -> None:
        self.calls.append(name)

    def put(self, path: str, content: Path | bytes) -> None:
        self._note(f"put {path}")
        super().put(path, content)

    def get(self, path: str) -> bytes | None:
        self._note(f"get {path}")
        return super().get(path)

    def listing(self, prefix: str) -> Iterator[StoredFile]:
        self._note(f"list {prefix}")
        return super().listing(prefix)
