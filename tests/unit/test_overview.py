"""The table of all datasets: which are shown, their problems, and their partitions by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.unit.test_odcs import minimal, read

from partition_gate.apps.web.overview import ROWS_SHOWN, Filters, Overview, Row, overview
from partition_gate.checks.compiling.compiled import CompiledDataset, compiled
from partition_gate.incidents.actions import Action, ActionKind
from partition_gate.incidents.model import Assessment, Problem, ProblemKind
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.testing.builders import a_claim, a_settlement
from partition_gate.testing.ledger import InMemoryLedger

NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)
SINCE = {"property": "startDate", "value": "2026-11-01"}
DT: dict[str, Any] = {"name": "dt", "logicalType": "date", "partitioned": True, "partitionKeyPosition": 1}
HOUR: dict[str, Any] = {"name": "hour", "logicalType": "integer", "partitioned": True, "partitionKeyPosition": 2}
ID: dict[str, Any] = {"name": "id", "logicalType": "integer"}


def a_dataset(name: str = "orders", *keys: dict[str, Any], custom: Any = (SINCE,), **changes: Any) -> CompiledDataset:
    parts = keys or (DT,)
    path = "/".join([f"data/{name}", *(f"{part['name']}=*" for part in parts if part["name"]), "*.parquet"])
    schema = [{"name": name, "properties": [*(part for part in parts if part["name"]), ID]}]
    servers = [{"server": "x", "type": "local", "path": path, "format": "parquet"}]
    more = {"id": name, "schema": schema, "servers": servers, "customProperties": list(custom)}
    return compiled(read(minimal(**{**more, **changes})))


class Ledger(InMemoryLedger):
    """A ledger with short ways to record."""

    def record(self, *keys: str, dataset: str = "orders", outcome: Any = PartitionOutcome.PUBLISHED) -> None:
        for key in keys:
            attempt = self.open_attempt(a_claim(dataset, key), idempotency_key=key, after_fence=0, now=NOW)
            assert attempt
            changes = {"dataset": dataset, "partition_key": key, "outcome": outcome}
            self.settle(a_settlement(attempt.id, **changes))

    def problem(self, dataset: str, *, blocks: bool = False, kind: ProblemKind = ProblemKind.RULE) -> None:
        problem = Problem(cause="id.required", kind=kind, finding="3 rows", blocks=blocks)
        found = Assessment(
            dataset=dataset, contract=dataset, partition_key="2026-11-14", position="1", problems=(problem,)
        )
        self.assess(found, now=NOW)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


def shown(ledger: Ledger, *datasets: CompiledDataset, now: datetime = NOW, **filters: Any) -> Overview:
    return overview(datasets or (a_dataset(),), Filters(**filters), now=now, ledger=ledger)


def rows(table: Overview) -> list[Row]:
    return [row for _, own in table.groups for row in own]


def names(table: Overview) -> list[str]:
    return [row.dataset.name for row in rows(table)]


def words(table: Overview) -> dict[str, str]:
    """The words of the first dataset's tiles by day."""
    tiles = zip(table.days, rows(table)[0].tiles, strict=True)
    return {f"{day:%m-%d}": tile.word for day, tile in tiles if tile}


# Days


def test_two_weeks_end_with_the_newest_day_that_is_recorded_or_expected(ledger: Ledger):
    ledger.record("2026-11-13")

    table = shown(ledger)

    assert (table.days[0], table.days[-1]) == (date(2026, 11, 14), date(2026, 11, 1))
    assert words(table)["11-13"] == "published"
    assert words(table)["11-14"] == "nothing recorded"
    assert table.is_newest


def test_a_partition_that_is_not_due_yet_and_one_that_is_not_expected_differ(ledger: Ledger):
    latency = {"property": "latency", "value": 4, "unit": "h"}
    weekdays = {"property": "calendar", "value": "weekdays"}
    dataset = a_dataset(custom=(SINCE, weekdays), slaProperties=[latency])

    table = shown(ledger, dataset, now=datetime(2026, 11, 14, 1, tzinfo=UTC))  # Saturday

    assert words(table)["11-13"] == "not due yet"
    assert words(table)["11-12"] == "nothing recorded"
    assert "11-08" not in words(table)  # Sunday


def test_after_the_life_of_every_dataset_its_last_days_are_shown(ledger: Ledger):
    ledger.record("2026-11-02", "2026-11-03")
    dataset = a_dataset(slaProperties=[{"property": "endOfLife", "value": "2026-11-04"}])

    assert shown(ledger, dataset, now=NOW + timedelta(days=4000)).days[0] == date(2026, 11, 3)


def test_a_dataset_that_ended_before_these_days_leads_to_its_newest_day(ledger: Ledger):
    ledger.record("2026-01-02", dataset="old")
    ended = a_dataset("old", slaProperties=[{"property": "endOfLife", "value": "2026-01-03"}])

    table = shown(ledger, a_dataset(), ended)
    then = shown(ledger, a_dataset(), ended, last=date(2026, 1, 2))

    assert {row.dataset.name: row.ended_on for row in rows(table)} == {"orders": None, "old": date(2026, 1, 2)}
    assert {row.dataset.name: row.ended_on for row in rows(then)} == {"orders": None, "old": None}


def test_older_days_are_shown_on_request(ledger: Ledger):
    ledger.record("2026-11-02", "2026-11-13")

    table = shown(ledger, last=date(2026, 11, 3))

    assert (table.days[0], table.is_newest) == (date(2026, 11, 3), False)
    assert words(table)["11-02"] == "published"


def test_days_after_the_newest_are_the_newest(ledger: Ledger):
    assert shown(ledger, last=date(2999, 1, 1)).days[0] == date(2026, 11, 14)


def test_hours_of_a_day_share_a_tile_that_shows_the_worst(ledger: Ledger):
    dataset = a_dataset("orders", DT, HOUR, custom=())
    ledger.record("2026-11-13/00", "2026-11-13/02")
    ledger.record("2026-11-13/01", outcome=PartitionOutcome.REJECTED)

    table = shown(ledger, dataset, now=datetime(2026, 11, 13, 3, 30, tzinfo=UTC))
    tile = rows(table)[0].tiles[0]

    assert tile is not None
    assert (tile.word, tile.count, tile.settlement and tile.settlement.partition_key) == (
        "rejected",
        3,
        "2026-11-13/01",
    )


def test_a_partition_without_a_date_is_the_latest(ledger: Ledger):
    dataset = a_dataset("orders", {"name": ""}, custom=())
    ledger.record("snapshot")

    undated = rows(shown(ledger, dataset))[0].undated

    assert undated is not None
    assert undated.word == "published"


def test_a_partition_is_shown_although_it_was_not_expected(ledger: Ledger):
    ledger.record("2026-11-08")
    dataset = a_dataset(custom=(SINCE, {"property": "calendar", "value": "weekdays"}))

    assert words(shown(ledger, dataset))["11-08"] == "published"


# Datasets


def test_datasets_are_in_groups_by_domain_and_those_without_come_last(ledger: Ledger):
    datasets = [
        a_dataset("b", domain="sales"),
        a_dataset("c"),
        a_dataset("a", domain="sales"),
        a_dataset("d", domain="hr"),
    ]

    table = shown(ledger, *datasets)

    assert [(domain, [row.dataset.name for row in own]) for domain, own in table.groups] == [
        ("hr", ["d"]),
        ("sales", ["a", "b"]),
        ("", ["c"]),
    ]
    assert table.domains == ("hr", "sales")


def test_filters_select_by_text_domain_owner_and_problems(ledger: Ledger):
    team = {"team": {"name": "Sales"}}
    datasets = [a_dataset("orders", **team), a_dataset("returns", domain="hr"), a_dataset("old", status="retired")]
    ledger.problem("returns")

    assert names(shown(ledger, *datasets)) == ["returns", "orders"]
    assert names(shown(ledger, *datasets, text="ORD")) == ["orders"]
    assert names(shown(ledger, *datasets, text="sales")) == ["orders"]
    assert names(shown(ledger, *datasets, domain="hr")) == ["returns"]
    assert names(shown(ledger, *datasets, owner="Sales")) == ["orders"]
    assert names(shown(ledger, *datasets, only_problems=True)) == ["returns"]
    assert names(shown(ledger, *datasets, text="nothing")) == []


def test_every_dataset_is_on_one_page(ledger: Ledger):
    datasets = [a_dataset(f"d{number:03}") for number in range(ROWS_SHOWN + 3)]

    first, second = (shown(ledger, *datasets, page=page) for page in (1, 2))

    assert (first.total, first.pages) == (ROWS_SHOWN + 3, 2)
    assert [*names(first), *names(second)] == [each.dataset.name for each in datasets]
    assert shown(ledger, *datasets, page=3).groups == ()


def test_problems_are_counted_and_those_that_hide_data_come_first(ledger: Ledger):
    ledger.problem("orders")
    ledger.problem("returns", blocks=True)
    ledger.problem("orders", kind=ProblemKind.ANOMALY)

    table = shown(ledger, a_dataset("orders"), a_dataset("returns"))

    assert [each.dataset for each in table.problems] == ["returns", "orders"]
    assert {row.dataset.name: (row.problems, row.is_blocked) for row in rows(table)} == {
        "orders": (1, False),
        "returns": (1, True),
    }
    assert table.open_problems == 2


def test_a_muted_problem_is_counted_but_not_among_the_worst(ledger: Ledger):
    ledger.problem("orders", blocks=True)
    ledger.act(1, Action(kind=ActionKind.MUTE, who="ada", why="known", until=NOW + timedelta(days=1)), now=NOW)

    table = shown(ledger)

    assert (table.problems, table.open_problems) == ((), 1)


def test_without_contracts_there_is_nothing(ledger: Ledger):
    table = overview((), Filters(), now=NOW, ledger=ledger)

    assert (table.groups, table.total, table.pages) == ((), 0, 1)


def test_problems_of_datasets_that_may_not_be_read_are_neither_shown_nor_counted(ledger: Ledger):
    ledger.problem("orders")
    ledger.problem("salaries")

    found = shown(ledger, a_dataset(), a_dataset("salaries"), readable=frozenset({"orders"}))

    assert ([each.dataset for each in found.problems], found.open_problems) == (["orders"], 1)
