"""The page of a dataset: its health, its calendar, and the figures of its partitions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.test_odcs import minimal, read

from partition_gate.apps.web.charts import Bar, band, bars, line
from partition_gate.apps.web.dataset_history import DatasetHistory, dataset_history
from partition_gate.apps.web.dataset_page import DatasetPage, dataset_page
from partition_gate.apps.web.slots import SHOWN
from partition_gate.checks.compiling.compiled import CompiledDataset, compiled
from partition_gate.gate.pipeline import run_partition
from partition_gate.testing.ports import FakePorts

LATENCY = {"property": "latency", "value": 4, "unit": "h"}
SINCE = {"property": "startDate", "value": "2026-11-01"}
COLUMNS: list[dict[str, Any]] = [
    {"name": "dt", "logicalType": "date", "partitioned": True},
    {"name": "id", "logicalType": "integer"},
]
HOUR = {"name": "hour", "logicalType": "integer", "partitioned": True, "partitionKeyPosition": 2}
REGION = {"name": "region", "logicalType": "string", "partitioned": True, "partitionKeyPosition": 2}
NOW = datetime(2026, 11, 5, 12, tzinfo=UTC)
REQUIRED = "id.required"


def a_dataset(
    *, custom: Sequence[dict[str, Any]] = (SINCE,), second: dict[str, Any] | None = None, **changes: Any
) -> CompiledDataset:
    first = {**COLUMNS[0], "partitionKeyPosition": 1}
    columns = [first, *([second] if second else []), {**COLUMNS[1], "required": True}]
    schema = [{"name": "orders", "properties": columns}]
    path = f"data/dt=*/{second['name']}=*/*.parquet" if second else "data/dt=*/*.parquet"
    servers = [{"server": "x", "type": "local", "path": path, "format": "parquet"}]
    return compiled(
        read(
            minimal(
                **{
                    "schema": schema,
                    "servers": servers,
                    "slaProperties": [LATENCY],
                    "customProperties": list(custom),
                    **changes,
                }
            )
        )
    )


class Days:
    """Judged partitions of a dataset, with the gate over ports in memory."""

    def __init__(self, folder: Path, contract: CompiledDataset) -> None:
        self.contract, self.ports = contract, FakePorts(folder / "spool", contract)

    def run(self, *keys: str, ids: Sequence[int] = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)) -> None:
        for key in keys:
            self.ports.store.land(key, ids)
            self.ports.clock.time = NOW
            run_partition(self.contract, key, ports=self.ports)

    def history(self, *, now: datetime = NOW, up_to: str | None = None) -> DatasetHistory:
        return dataset_history(self.contract, [self.contract], up_to=up_to, now=now, ledger=self.ports.ledger)

    def page(self, *, now: datetime = NOW) -> DatasetPage:
        return dataset_page(self.history(now=now))


@pytest.fixture
def days(tmp_path: Path) -> Days:
    return Days(tmp_path, a_dataset())


def words(page: DatasetPage) -> dict[str, list[str]]:
    rows = zip(page.calendar.rows, page.calendar.tiles, strict=True)
    return {row: [tile.word if tile else "" for tile in tiles] for row, tiles in rows if any(tiles)}


# Health


def test_everything_that_was_due_is_published(days: Days) -> None:
    days.run("2026-11-01", "2026-11-02", "2026-11-03", "2026-11-04")

    page = days.page()

    assert page.health.css == "published"
    assert page.health.sentence == (
        "Everything that was due is published. Consumers can rely on the data through 2026-11-04."
    )


def test_a_partition_that_never_came_is_named_and_ends_what_is_safe(days: Days) -> None:
    days.run("2026-11-01", "2026-11-03", "2026-11-04")

    page = days.page()

    assert page.health.css == "rejected"
    assert page.health.sentence == ("2026-11-02 is not published. Consumers can rely on the data through 2026-11-01.")


def test_several_partitions_that_are_not_published_are_counted(days: Days) -> None:
    days.run("2026-11-01", "2026-11-04")

    assert days.page().health.sentence.startswith("2 partitions are not published, the first is 2026-11-02. ")


def test_open_problems_of_published_partitions_are_counted(days: Days) -> None:
    days.ports.validator.failing = {REQUIRED: {1}}
    days.run("2026-11-01", "2026-11-02", "2026-11-03", "2026-11-04", ids=range(1, 41))

    page = days.page()

    assert page.health.css == "quarantined"
    assert page.health.sentence.startswith("Everything that was due is published, but 1 problem is open. ")


def test_a_dataset_without_outcomes_says_so(days: Days) -> None:
    assert days.page().health.sentence == "No partition has been judged yet."


def test_a_retired_contract_says_so(tmp_path: Path) -> None:
    assert "retired" in Days(tmp_path, a_dataset(status="retired")).page().health.sentence


def test_the_facts_name_the_last_and_the_next_expected_partition(days: Days) -> None:
    days.run("2026-11-01", "2026-11-04")

    facts = dict(days.page().facts)

    assert facts["Newest outcome"] == "2026-11-04, published, 0 s ago"
    assert facts["Last expected"] == "2026-11-04, due 2026-11-05 04:00 UTC"
    assert facts["Next expected"] == "2026-11-05, due 2026-11-06 04:00 UTC"
    assert facts["Safe through"] == "2026-11-01"


def test_after_the_end_of_life_nothing_is_expected_and_the_last_partitions_are_shown(tmp_path: Path) -> None:
    end = {"property": "endOfLife", "value": "2026-11-03"}
    days = Days(tmp_path, a_dataset(slaProperties=[LATENCY, end]))
    days.run("2026-11-01", "2026-11-02")

    page = days.page(now=NOW + timedelta(days=4000))

    assert page.health.sentence.endswith("through 2026-11-02.")
    assert dict(page.facts)["Next expected"] == "none: the dataset's life ends on 2026-11-03"


# The calendar


def test_days_are_in_weeks_and_what_is_not_due_waits(days: Days) -> None:
    days.run("2026-11-01", "2026-11-03")

    page = days.page(now=datetime(2026, 11, 5, 1, tzinfo=UTC))

    assert page.calendar.columns == ("2026-10-26", "2026-11-02")
    assert words(page) == {
        "Mon": ["", "nothing recorded"],
        "Tue": ["", "published"],
        "Wed": ["", "not due yet"],
        "Sun": ["published", ""],
    }


def test_hours_are_in_days(tmp_path: Path) -> None:
    days = Days(tmp_path, a_dataset(second=HOUR))
    days.run("2026-11-04/22", "2026-11-04/23", "2026-11-05/00")

    page = days.page(now=datetime(2026, 11, 5, 1, 30, tzinfo=UTC))

    assert page.calendar.columns[-2:] == ("2026-11-04", "2026-11-05")
    assert words(page)["23"][-2:] == ["published", ""]
    assert words(page)["00"][-1] == "published"


def test_a_day_with_several_partitions_shows_the_worst_and_their_number(tmp_path: Path) -> None:
    days = Days(tmp_path, a_dataset(second=REGION))
    days.run("2026-11-04/eu", "2026-11-04/us")
    days.run("2026-11-03/eu")

    tiles = [tile for row in days.page().calendar.tiles for tile in row if tile and "2026-11-0" in tile.title]

    shown = {(tile.title.split(":")[0], tile.word, tile.count) for tile in tiles}
    assert ("2026-11-04/eu", "published", 2) in shown
    assert ("2026-11-03/us", "nothing recorded", 2) in shown


def test_older_partitions_are_on_older_pages(tmp_path: Path) -> None:
    days = Days(tmp_path, a_dataset(custom=[{"property": "startDate", "value": "2026-01-01"}]))
    keys = [f"{datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=n):%Y-%m-%d}" for n in range(SHOWN + 10)]
    days.run(*keys)
    now = datetime(2026, 4, 12, 12, tzinfo=UTC)  # the day after the last one

    newest = days.history(now=now)
    older = days.history(now=now, up_to=newest.older)

    assert [slot.key for slot in newest.slots] == keys[10:]
    assert newest.older == keys[9]
    assert [slot.key for slot in older.slots] == keys[:10]
    assert older.older is None


# Figures


def test_checks_that_did_not_pass_are_shown_by_partition(days: Days) -> None:
    days.run("2026-11-01")
    days.ports.validator.failing = {REQUIRED: {1, 2}}
    days.run("2026-11-02", ids=range(1, 101))

    (check,) = days.page().failing

    assert (check.rule_id, check.partitions) == (REQUIRED, 1)
    assert check.cells[0] is None
    assert check.cells[1] is not None
    assert check.cells[1][1] == 2


def test_the_error_budget_falls_where_a_promise_was_broken(days: Days) -> None:
    days.run("2026-11-01", "2026-11-03", "2026-11-04")

    (level,) = days.page().service_levels

    assert level.report.rule_id == "latency"
    assert 'aria-label="error budget: ' in level.burn_down


# Charts


def test_the_highest_bar_fills_the_height_and_the_smallest_part_is_visible() -> None:
    drawn = bars("rows", [Bar(title="a", parts=(("published", 1000), ("quarantined", 1)))])

    assert 'height="99.9"' in drawn
    assert 'class="quarantined" x="2" y="-0.9" width="10" height="1.0"' in drawn


def test_a_missing_value_interrupts_a_line_and_one_value_is_a_dot() -> None:
    drawn = line("nulls", [0.0, 0.5, None, 1.0], low=0.0, high=1.0)

    assert drawn.count("<polyline") == 1
    assert drawn.count("<circle") == 1


def test_a_missing_value_interrupts_a_band() -> None:
    assert band("range", [1.0, None, 1.0], [2.0, None, 3.0]).count("<polygon") == 2


def test_texts_in_charts_are_escaped() -> None:
    attack = '"><script>'

    drawn = bars(attack, [Bar(title=attack, parts=(("published", 1),))]) + line(attack, [1.0], low=0, high=1)

    assert "<script" not in drawn


def test_nothing_is_drawn_of_nothing() -> None:
    assert "<rect" not in bars("rows", [])
    assert "<poly" not in line("nulls", [None, None], low=0, high=1) + band("range", [], [])
