"""The Data Docs site, rendered by the real Great Expectations from a real result."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd
import pytest
from great_expectations.data_context.types.base import ProgressBarsConfig

from partition_gate.adapters.gx.data_docs.site import GxDocsSite
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.disposition import PartitionOutcome

ATTACK = "<img src=x onerror=alert(1)>"
OUTSIDE = re.compile(r"""(?:src|href|action)\s*=\s*["']?\s*(?:https?:)?//|url\(\s*["']?(?:https?:)?//|@import""")


@pytest.fixture(scope="module")
def document() -> str:
    """A result with failures, hostile values and a check that raised."""
    rows = pd.DataFrame({"id": [1, 2, 2], "email": ["a@b.co", "b", "c"], "carrier": ["AA", ATTACK, "zz"]})
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("memory").add_dataframe_asset("flights")
    suite = gx.ExpectationSuite(name="flights.2.0.0")
    suite.add_expectation(gxe.ExpectColumnValuesToBeUnique(column="id"))
    suite.add_expectation(gxe.ExpectColumnValuesToMatchRegex(column="email", regex="^[0-9]+$"))
    suite.add_expectation(gxe.ExpectColumnValuesToBeInSet(column="carrier", value_set=["AA"]))
    suite.add_expectation(gxe.ExpectColumnValuesToNotBeNull(column="absent"))
    suite.add_expectation(gxe.ExpectTableRowCountToBeBetween(min_value=1))
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": rows})
    return json.dumps(batch.validate(suite, result_format="SUMMARY").to_json_dict(), default=str)


def a_site(folder: Path, **options: Any) -> GxDocsSite:
    return GxDocsSite(folder, **options)


def a_page(folder: Path, document: str, *, title: str = "flights 2013-01-03") -> str:
    path = a_site(folder).write_page("a-1", document, title=title)
    return (folder / path).read_text()


def a_settlement(number: int, *, attempt_id: str | None = None, dataset: str = "flights") -> Settlement:
    return Settlement(
        attempt_id=attempt_id or f"a-{number}",
        contract="flights",
        version="2.0.0",
        dataset=dataset,
        partition_key=f"key-{number}",
        outcome=PartitionOutcome.PUBLISHED,
        why=(),
        idempotency_key="k",
        rows_in=1200,
        rows_published=1200,
        rows_quarantined=0,
        table_version=1,
        quarantine_uri=None,
        settled_at=datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=number),
    )


def test_a_page_shows_its_title_and_what_failed(tmp_path: Path, document: str):
    page = a_page(tmp_path, document, title="flights 2013-01-03: rejected")

    assert "<h1>flights 2013-01-03: rejected</h1>" in page
    assert "2 unexpected values found" in page


def test_a_check_that_raised_is_shown_with_its_message(tmp_path: Path, document: str):
    assert "&quot;absent&quot; in BatchData does not exist" in a_page(tmp_path, document).replace('"', "&quot;")


def test_an_expectation_of_our_own_is_shown_as_its_sentence(tmp_path: Path, document: str):
    ours = json.loads(document)
    ours["results"][0]["expectation_config"]["type"] = "expect_partition_files_to_be_readable"
    ours["results"][0]["expectation_config"]["kwargs"] = {}

    assert "Every file must be Parquet that can be read to its end" in a_page(tmp_path, json.dumps(ours))


def test_a_chart_is_a_sentence_and_not_a_script(tmp_path: Path, document: str):
    chart = json.loads(document)
    shares = {"values": ["AA", "zz"], "weights": [0.5, 0.5]}
    chart["results"][0]["expectation_config"] = {
        "type": "expect_column_kl_divergence_to_be_less_than",
        "kwargs": {"column": "carrier", "partition_object": shares, "threshold": 0.1},
        "meta": {},
    }
    chart["results"][0]["result"] = {
        "observed_value": 0.2,
        "details": {"observed_partition": shares, "expected_partition": shares},
    }

    page = a_page(tmp_path, json.dumps(chart))

    assert "has a chart here" in page
    assert "vegaEmbed" not in page


def test_a_value_of_the_data_is_text_and_never_markup(tmp_path: Path, document: str):
    page = a_page(tmp_path, document)

    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_a_title_is_text_and_never_markup(tmp_path: Path, document: str):
    assert ATTACK not in a_page(tmp_path, document, title=ATTACK)


def test_failing_values_have_their_counts_also_where_only_some_are_named(tmp_path: Path, document: str):
    validated = json.loads(document)
    check = next(one for one in validated["results"] if one["expectation_config"]["kwargs"].get("column") == "carrier")
    check["result"] |= {"unexpected_count": 30, "partial_unexpected_counts": [{"value": "SJU", "count": 20}]}

    page = re.sub(r"<[^>]*>|\s+", " ", a_page(tmp_path, json.dumps(validated)))

    assert re.search(r"Unexpected Value +Count +SJU +20 +\(all other values\) +10 ", page)


def test_nothing_is_loaded_from_another_host(tmp_path: Path, document: str):
    a_page(tmp_path, document)
    a_site(tmp_path).write_index([a_settlement(1)])

    written = [path for path in tmp_path.rglob("*") if path.suffix in {".html", ".css", ".js"}]
    assert len(written) == 5
    assert [path.name for path in written if OUTSIDE.search(path.read_text())] == []


def test_every_local_link_of_a_page_leads_to_a_file(tmp_path: Path, document: str):
    a_site(tmp_path).write_index([])
    page = a_page(tmp_path, document)

    links = [link for link in re.findall(r'(?:href|src)="([^"#]+)"', page) if not link.startswith("data:")]
    local = [link for link in links if not link.startswith("../../../")]  # the console, above the site
    assert local
    assert [link for link in local if not (tmp_path / "attempts/a-1" / link).is_file()] == []


def test_a_page_leads_back_to_the_console_by_a_relative_link(tmp_path: Path, document: str):
    assert 'href="../../../attempts/a-1"' in a_page(tmp_path, document)


def test_a_page_of_the_same_attempt_is_replaced(tmp_path: Path, document: str):
    a_page(tmp_path, document, title="first")

    assert "<h1>second</h1>" in a_page(tmp_path, document, title="second")
    assert [path.name for path in (tmp_path / "attempts/a-1").iterdir()] == ["index.html"]


@pytest.mark.parametrize("attempt_id", ["../a", "a/b", "", ".hidden", "a\nb"])
def test_an_attempt_id_that_is_a_path_is_refused(tmp_path: Path, document: str, attempt_id: str):
    with pytest.raises(ValueError, match="cannot be a folder name"):
        a_site(tmp_path).write_page(attempt_id, document, title="t")


def test_the_index_lists_the_newest_five_hundred_first(tmp_path: Path):
    a_site(tmp_path).write_index([a_settlement(number) for number in range(700)])

    keys = re.findall(r"<td>(key-\d+)</td>", (tmp_path / "index.html").read_text())
    assert (len(keys), keys[0], keys[-1]) == (500, "key-699", "key-200")


def test_the_index_links_only_pages_that_exist(tmp_path: Path, document: str):
    a_page(tmp_path, document)
    a_site(tmp_path).write_index([a_settlement(1), a_settlement(2), a_settlement(3, attempt_id="missing:flights/x")])

    page = (tmp_path / "index.html").read_text()
    assert re.findall(r'href="(attempts[^"]*)"', page) == ["attempts/a-1/index.html"]


def test_a_hostile_dataset_name_is_text_in_the_index(tmp_path: Path):
    a_site(tmp_path).write_index([a_settlement(1, dataset=ATTACK)])

    assert ATTACK not in (tmp_path / "index.html").read_text()
