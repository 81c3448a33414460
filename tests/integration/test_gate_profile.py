"""`gate profile` as a person uses it, over profiles that the ledger keeps."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.integration.test_gate_run import KEY, Desk

from partition_gate.adapters.ledger.ledger import SqlLedger, migrate
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.judging.profile import ColumnCounters, DistinctSketch, PartitionProfile
from partition_gate.testing.builders import NOON, a_claim, a_settlement

OK, USAGE = 0, 2


class Records:
    """A desk, and the ledger that its commands read."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.home.mkdir()
        url = f"sqlite:///{desk.home / 'ledger.sqlite'}"
        migrate(url)
        self.ledger = SqlLedger(url)

    def add(
        self,
        key: str,
        *columns: ColumnCounters,
        rows: int | None = 10,
        outcome: PartitionOutcome = PartitionOutcome.PUBLISHED,
    ) -> None:
        """A judged partition; without `rows` its columns were not counted."""
        attempt = self.ledger.open_attempt(a_claim(key=key), idempotency_key=key, after_fence=0, now=NOON)
        assert attempt is not None
        profile = None if rows is None else PartitionProfile(row_count=rows, columns=columns)
        self.ledger.record_validation(attempt.id, [], document="{}", profile=profile)
        settled_at = NOON + timedelta(minutes=attempt.fence)
        self.ledger.settle(a_settlement(attempt.id, partition_key=key, outcome=outcome, settled_at=settled_at))

    def shown(self, *arguments: str) -> str:
        done = self.desk.gate("profile", str(self.desk.contract), *arguments)
        assert done.returncode == OK, done.stderr
        return done.stdout

    def document(self, *arguments: str) -> Any:
        return json.loads(self.shown(*arguments, "--json"))


@pytest.fixture
def records(tmp_path: Path) -> Records:
    desk = Desk(tmp_path)
    desk.write_contract()
    return Records(desk)


def a_column(column: str = "id", **parts: Any) -> ColumnCounters:
    return ColumnCounters(column=column, **{"row_count": 10, "null_count": 0, **parts})


def row_of(shown: str, column: str) -> list[str]:
    """The cells of a column's row."""
    return next(
        cells for line in shown.splitlines() if (cells := [c.strip() for c in line.split("│")[1:-1]])[:1] == [column]
    )


def test_a_claim_s_columns_are_shown_with_what_was_counted(records):
    sketch = DistinctSketch(registers=bytes([1] * 1024), hashing="x")
    amount = a_column("amount", null_count=2, invalid_count=1, minimum=-1, maximum=5, total=12, distinct=sketch)
    records.add("2026-11-01", amount, a_column("note"))

    shown = records.shown("2026-11-01")

    assert "orders: 2026-11-01, 10 rows" in shown
    assert row_of(shown, "amount") == ["amount", "10", "2 (20.00%)", "1", f"{sketch.estimate():,}", "-1", "5", "1.5"]
    assert row_of(shown, "note") == ["note", "10", "0 (0%)", "", "", "", "", ""]


def test_floats_are_shown_with_six_digits_and_times_in_utc(records):
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    records.add("2026-11-01", a_column("gust", minimum=17.261699999999998), a_column("at", minimum=noon))

    shown = records.shown("2026-11-01")

    assert row_of(shown, "gust")[5] == "17.2617"
    assert row_of(shown, "at")[5] == "2026-11-01 12:00:00Z"


def test_without_a_key_the_newest_published_partitions_are_united(records):
    for day in (3, 1, 2):
        records.add(f"2026-11-0{day}", a_column(null_count=day, minimum=day, maximum=day, total=day))
    records.add("2026-11-04", a_column(), outcome=PartitionOutcome.REJECTED)

    shown = records.shown("--last", "2")

    assert "orders: 2 partitions, 2026-11-02 to 2026-11-03, 20 rows" in shown
    assert row_of(shown, "id") == ["id", "20", "5 (25.00%)", "", "", "2", "3", "0.333333"]


def test_the_newest_seven_are_united_unless_another_number_is_asked_for(records):
    for day in range(1, 10):
        records.add(f"2026-11-0{day}", a_column())

    assert records.document()["partitions"] == [f"2026-11-0{day}" for day in range(9, 2, -1)]


def test_the_json_says_the_same(records):
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    records.add(
        "2026-11-01",
        a_column(invalid_count=3, minimum=-(2**70), maximum=2**70, total=7),
        a_column("price", minimum=Decimal("1.10"), maximum=Decimal("2.00"), total=Decimal("3.10")),
        a_column(
            "ratio", minimum=-0.5, maximum=float("inf"), distinct=DistinctSketch(registers=bytes(1024), hashing="x")
        ),
        a_column("day", minimum=date(2026, 11, 1), maximum=noon),
    )

    document = records.document("2026-11-01")

    columns = document.pop("columns")
    assert document == {
        "interface_version": 1,
        "contract": "orders",
        "dataset": "orders",
        "partitions": ["2026-11-01"],
        "without_profile": [],
        "row_count": 10,
    }
    names = ("column", "row_count", "null_count", "invalid_count", "minimum", "maximum", "total", "distinct")
    assert [tuple(column[name] for name in names) for column in columns] == [
        ("id", 10, 0, 3, -(2**70), 2**70, 7, None),
        ("price", 10, 0, None, "1.10", "2.00", "3.10", None),
        ("ratio", 10, 0, None, -0.5, "inf", None, 0),
        ("day", 10, 0, None, "2026-11-01", "2026-11-01T12:00:00+00:00", None, None),
    ]


def test_every_key_of_the_json_is_documented(records):
    records.add("2026-11-01", a_column())

    document = records.document()

    page = Path("docs/reference/profiles.md").read_text()
    assert {key for key in (*document, *document["columns"][0]) if f"`{key}`" not in page} == set()


def test_partitions_that_were_not_counted_are_named(records):
    records.add("2026-11-01", a_column())
    records.add("2026-11-02", rows=None)

    shown = records.shown()

    assert "orders: 2026-11-01, 10 rows" in shown
    assert "not counted: 2026-11-02 (published by a version of Partition Gate that did not count columns)" in shown
    assert "they are counted when they are judged again" in shown
    assert records.document()["without_profile"] == ["2026-11-02"]


def test_a_run_counts_what_it_publishes_and_what_it_quarantines(records):
    desk = records.desk
    desk.write_contract(customProperties=[{"property": "quarantineLimit", "value": "50%"}])
    desk.land(id=[1, 2, 3, None], amount=[1.5, -8.25, None, 4.0])
    desk.land("2026-01-02", id=[3, 4], amount=[2.0, 7.75])
    outcomes = [desk.run(key)[1]["outcome"] for key in ("2026-01-01", "2026-01-02")]

    assert outcomes == ["published_with_quarantine", "published"]
    assert row_of(records.shown(KEY), "id") == ["id", "4", "1 (25.00%)", "0", "3", "1", "3", "2"]
    assert row_of(records.shown(), "id")[1:5] == ["6", "1 (16.67%)", "0", "4"]


def test_a_run_keeps_no_value_of_a_classified_column(records):
    desk = records.desk
    desk.land(id=[1, 2], amount=[1.5, 812345678.25])

    assert desk.run()[0] == 0

    amount = records.document(KEY)["columns"][1]
    assert (amount["column"], amount["minimum"], amount["maximum"], amount["total"]) == ("amount", None, None, None)
    assert b"812345678" not in (desk.home / "ledger.sqlite").read_bytes()


def test_a_claim_that_was_not_counted_has_no_table(records):
    records.add("2026-11-01", rows=None)

    assert records.shown("2026-11-01").startswith("not counted: 2026-11-01")
    assert records.document("2026-11-01")["row_count"] is None


def test_where_nothing_is_published_it_says_so(records):
    records.add("2026-11-01", a_column(), outcome=PartitionOutcome.HELD)

    said = "orders: nothing is published, so there is no profile; see: gate status\n"
    assert (records.shown(), records.shown("2026-11-01")) == (said, said)


def test_a_claim_that_nobody_judged_is_refused_with_the_next_step(records):
    done = records.desk.gate("profile", str(records.desk.contract), "2026-11-01")

    assert done.returncode == USAGE
    assert "orders 2026-11-01: nothing is recorded for this partition; run: gate run" in done.stderr


def test_a_claim_without_rows_has_no_share_and_no_mean(records):
    records.add("2026-11-01", a_column(row_count=0), rows=0)

    assert row_of(records.shown("2026-11-01"), "id") == ["id", "0", "0", "", "", "", "", ""]


def test_a_column_s_name_cannot_command_the_terminal(records):
    records.add("2026-11-01", a_column("a\x1b[31m\u202eb\n[bold]c"))

    shown = records.shown("2026-11-01")

    assert r"a\x1b[31m\u202eb\n[bold]c" in shown
    assert "\x1b" not in shown
