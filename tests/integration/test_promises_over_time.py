"""Promises over time on a partition's whole journey: they block nothing, and are recorded, shown and told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.integration.test_gate_run import FAILED, PUBLISHED, Desk, check_of

FIRST, SECOND, THIRD = "2026-01-01", "2026-01-02", "2026-01-03"


def a_window(**rule: Any) -> dict[str, Any]:
    return {"id": "nulls_in_a_week", "metric": "nullValues", "unit": "percent", **rule} | {
        "customProperties": [{"property": "window", "value": "7d"}]
    }


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """At most 2.5 % of a week's notes are null, and no more than 5 % of a partition may be quarantined."""
    desk = Desk(tmp_path)
    columns = [
        {"name": "dt", "logicalType": "date", "partitioned": True},
        {"name": "id", "logicalType": "integer", "logicalTypeOptions": {"minimum": 0}},
        {"name": "note", "logicalType": "string", "quality": [a_window(mustBeLessOrEqualTo=2.5)]},
    ]
    rows = {"id": "rows_in_a_week", "metric": "rowCount", "mustBeLessThan": 250}
    desk.write_contract(
        schema=[{"name": "orders", "properties": columns, "quality": [{**a_window(), **rows, "unit": "rows"}]}]
    )
    return desk


def land(desk: Desk, key: str, nulls: int, *, first: int = 0) -> None:
    desk.land(key, id=list(range(first, first + 100)), note=[None] * nulls + ["x"] * (100 - nulls))


def test_a_broken_window_blocks_nothing_and_is_recorded_shown_and_told_once(desk: Desk) -> None:
    land(desk, FIRST, nulls=0)
    land(desk, SECOND, nulls=6)

    _, before = desk.run(FIRST)
    code, document = desk.run(SECOND)
    _, again = desk.run(SECOND)

    check = check_of(document, "nulls_in_a_week")
    assert (code, document["outcome"], document["rows_published"]) == (PUBLISHED, "published", 100)
    assert (check["scope"], check["outcome"]) == ("sla", "failed")
    assert check["observed"] == "6 of 200 rows (3.00 %) in 2 of 7 partitions"
    assert check_of(before, "nulls_in_a_week")["outcome"] == "passed"
    assert check_of(document, "rows_in_a_week")["observed"] == "200 rows in 2 of 7 partitions"
    page = Path(document["links"]["docs"].removeprefix("file://")).read_text()
    assert "6 of 200 rows (3.00 %) in 2 of 7 partitions" in page
    assert "at most 2.5 % null, over 7 days" in page
    (message,) = document["messages"]
    assert "published, with 1 promise over time not kept" in message["text"]
    assert (again["already_published"], again["checks"], again["messages"]) == (
        True,
        document["checks"],
        document["messages"],
    )


def test_a_partition_that_is_corrected_corrects_the_window(desk: Desk) -> None:
    land(desk, FIRST, nulls=6)
    land(desk, SECOND, nulls=2)
    land(desk, THIRD, nulls=0)
    for key in (FIRST, SECOND):
        desk.run(key)

    land(desk, FIRST, nulls=0)
    desk.run(FIRST)
    _, document = desk.run(THIRD)

    assert check_of(document, "nulls_in_a_week")["observed"] == "2 of 300 rows (0.67 %) in 3 of 7 partitions"
    assert check_of(document, "rows_in_a_week")["outcome"] == "failed"


def test_a_rejected_partition_is_in_its_own_window_and_in_no_other(desk: Desk) -> None:
    land(desk, FIRST, nulls=10, first=-50)
    land(desk, SECOND, nulls=1)

    code, first = desk.run(FIRST)
    _, second = desk.run(SECOND)

    assert (code, first["outcome"]) == (FAILED, "rejected")
    assert check_of(first, "nulls_in_a_week")["observed"] == "10 of 100 rows (10.00 %) in 1 of 7 partitions"
    assert check_of(second, "nulls_in_a_week")["observed"] == "1 of 100 rows (1.00 %) in 1 of 7 partitions"
