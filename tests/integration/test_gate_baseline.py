"""`gate baseline` as a person uses it: real partitions are pinned, and a later one has drifted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.integration.test_gate_run import Desk
from tests.snapshots import Snapshot

OK, USAGE = 0, 2
PINNED = ("2026-01-01", "2026-01-02", "2026-01-03")
LATER = "2026-01-04"
RANGE = f"{PINNED[0]}..{PINNED[-1]}"
SECRET = "Erika Mustermann"

COLUMNS: list[dict[str, Any]] = [
    {"name": "dt", "logicalType": "date", "partitioned": True},
    {"name": "id", "logicalType": "integer", "required": True, "primaryKey": True, "primaryKeyPosition": 1},
    {"name": "carrier", "logicalType": "string"},
    {"name": "amount", "logicalType": "number"},
    {"name": "day", "logicalType": "integer"},
    {"name": "note", "logicalType": "string"},
    {"name": "year", "logicalType": "integer"},
    {"name": "person", "logicalType": "string", "classification": "confidential"},
]


def an_orders_day(day: int, *, united: int = 75) -> dict[str, list[Any]]:
    """400 orders, of which `united` percent are of UA and the others of AA."""
    rows = range(400)
    return {
        "id": [400 * day + row for row in rows],
        "carrier": ["UA" if row % 100 < united else "AA" for row in rows],
        "amount": [float(row * 37 % 400) for row in rows],
        "day": [day for _ in rows],
        "note": [f"note {row}" for row in rows],
        "year": [2026 for _ in rows],
        "person": [SECRET if row % 2 else "somebody else" for row in rows],
    }


def published(desk: Desk, key: str, **columns: Any) -> None:
    desk.land(key, **columns)
    code, _ = desk.run(key)
    assert code == OK


def publish_days(folder: Path) -> Desk:
    desk = Desk(folder)
    desk.write_contract(schema=[{"name": "orders", "properties": COLUMNS}])
    for number, key in enumerate(PINNED):
        published(desk, key, **an_orders_day(number))
    return desk


def pin(desk: Desk) -> None:
    done = desk.gate("baseline", "pin", str(desk.contract), RANGE, "--why", "a quiet week")
    assert (done.returncode, done.stderr) == (OK, "")


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return Snapshot(publish_days(tmp_path_factory.mktemp("days")).folder)


@pytest.fixture(scope="module")
def pinned_days(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    desk = publish_days(tmp_path_factory.mktemp("pinned"))
    pin(desk)
    return Snapshot(desk.folder)


@pytest.fixture
def desk(days: Snapshot) -> Desk:
    """Three published days."""
    return Desk(days.restore())


@pytest.fixture
def pinned(pinned_days: Snapshot) -> Desk:
    """The same days, pinned."""
    return Desk(pinned_days.restore())


def baselines(desk: Desk) -> Any:
    shown = desk.gate("baseline", "show", str(desk.contract), "--json")
    assert shown.returncode == OK, shown.stderr
    return json.loads(shown.stdout)["baselines"]


def anomalies(desk: Desk) -> dict[str, dict[str, Any]]:
    """Cause -> anomaly."""
    return {each["cause"]: each for each in json.loads(desk.gate("anomalies", "--json").stdout)["anomalies"]}


def test_a_baseline_shows_who_pinned_which_rows_and_what_is_left_out(pinned: Desk) -> None:
    (shown,) = baselines(pinned)

    assert (shown["partitions"], shown["row_count"], shown["why"]) == (list(PINNED), 1200, "a quiet week")
    assert [column["column"] for column in shown["columns"]] == ["carrier", "amount"]
    assert shown["columns"][0]["bins"] == [
        {"label": "UA", "rows": 900},
        {"label": "AA", "rows": 300},
        {"label": "others", "rows": 0},
        {"label": "no value", "rows": 0},
    ]
    reasons = {each["column"]: each["why"] for each in shown["left_out"]}
    assert reasons == {
        "id": "a key: its values are unique",
        "day": reasons["day"],
        "note": "more than 200 different texts, or texts of more than 200 characters",
        "year": "the same value in all rows",
        "person": "classified: its values are not read",
        "dt": "part of the partition key",
    }
    assert reasons["day"].startswith("differs between the pinned partitions (PSI ")


def test_the_table_names_the_baseline_for_people(pinned: Desk) -> None:
    shown = " ".join(pinned.gate("baseline", "show", str(pinned.contract)).stdout.split())

    assert f"orders: {RANGE}, 3 partitions, 1,200 rows" in shown
    assert "a quiet week" in shown
    assert "UA 75.00%; AA 25.00%; others 0%; no value 0%" in shown
    assert "not compared: id: a key: its values are unique" in shown


def test_no_value_of_a_classified_column_is_stored(pinned: Desk) -> None:
    stored = b"".join(file.read_bytes() for file in pinned.home.glob("ledger.sqlite*"))

    assert SECRET.encode() not in stored


def test_values_of_a_column_that_was_classified_later_are_not_shown(pinned: Desk) -> None:
    columns = [{**each, "classification": "confidential"} if each["name"] == "carrier" else each for each in COLUMNS]
    pinned.write_contract(schema=[{"name": "orders", "properties": columns}], version="2.0.0")

    (shown,) = baselines(pinned)
    listed = pinned.gate("baseline", "show").stdout  # the contract is not in the folder of contracts

    assert [(each["column"], each["bins"] is None) for each in shown["columns"]] == [
        ("carrier", True),
        ("amount", False),
    ]
    assert "UA" not in listed


def test_a_drifted_partition_is_published_and_told_until_a_later_one_is_as_pinned(pinned: Desk) -> None:
    published(pinned, LATER, **an_orders_day(3, united=30))

    found = anomalies(pinned)
    assert list(found) == ["drift carrier"]
    drift = found["drift carrier"]
    assert (drift["last_key"], drift["state"]) == (LATER, "open")
    assert f"carrier has drifted from the baseline {RANGE} (PSI " in drift["finding"]
    assert drift["finding"].endswith("; AA 25% → 70%, UA 75% → 30%)")

    published(pinned, "2026-01-05", **an_orders_day(4))

    assert anomalies(pinned)["drift carrier"]["state"] == "resolved"


def test_a_correction_of_the_drifted_partition_ends_the_drift(pinned: Desk) -> None:
    published(pinned, LATER, **an_orders_day(3, united=30))
    published(pinned, LATER, **an_orders_day(3))

    assert anomalies(pinned)["drift carrier"]["state"] == "resolved"


def test_a_rerun_tells_a_drift_once(pinned: Desk) -> None:
    published(pinned, LATER, **an_orders_day(3, united=30))
    pinned.run(LATER)

    assert anomalies(pinned)["drift carrier"]["partitions"] == 1


def test_a_partition_without_values_has_not_drifted(pinned: Desk) -> None:
    day = an_orders_day(3, united=0)
    published(pinned, LATER, **{name: values[:20] for name, values in day.items()})

    assert anomalies(pinned) == {}


def test_a_dataset_without_a_baseline_is_compared_with_nothing(desk: Desk) -> None:
    published(desk, LATER, **an_orders_day(3, united=30))

    assert anomalies(desk) == {}
    assert desk.gate("baseline", "show").stdout == "no baseline; pin one: gate baseline pin DATASET KEY\n"


def test_a_contract_switches_the_comparison_off(pinned: Desk) -> None:
    off = [{"property": "drift", "value": "off"}]
    pinned.write_contract(schema=[{"name": "orders", "properties": COLUMNS}], customProperties=off)

    published(pinned, LATER, **an_orders_day(3, united=30))

    assert anomalies(pinned) == {}


def test_a_contract_raises_the_threshold(pinned: Desk) -> None:
    higher = [{"property": "drift", "value": 2}]
    pinned.write_contract(schema=[{"name": "orders", "properties": COLUMNS}], customProperties=higher)

    published(pinned, LATER, **an_orders_day(3, united=30))

    assert anomalies(pinned) == {}


def test_an_unpublished_partition_is_named_and_nothing_is_pinned(desk: Desk) -> None:
    refused = desk.gate("baseline", "pin", str(desk.contract), f"{PINNED[1]}..{LATER}")

    assert (refused.returncode, refused.stdout) == (USAGE, "")
    assert f"orders: not published: {LATER}; nothing was pinned" in refused.stderr
    assert baselines(desk) == []


@pytest.mark.parametrize(
    ("partitions", "why"),
    [
        (f"{LATER}..{PINNED[0]}", f"{PINNED[0]} is before {LATER}; write FROM..TO"),
        (f"{PINNED[0]}..tomorrow", "'tomorrow' is not a partition key"),
        ("yesterday", "'yesterday' is not a partition key"),
    ],
)
def test_a_range_that_cannot_be_read_is_refused(desk: Desk, partitions: str, why: str) -> None:
    refused = desk.gate("baseline", "pin", str(desk.contract), partitions)

    assert refused.returncode == USAGE
    assert why in refused.stderr


def test_a_dataset_without_a_comparable_column_is_refused_with_the_reasons(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.write_contract()
    published(desk, PINNED[0])

    refused = desk.gate("baseline", "pin", str(desk.contract), PINNED[0])

    assert refused.returncode == USAGE
    assert "no column can be compared, so nothing was pinned: id: a key" in refused.stderr


def test_one_partition_can_be_pinned(desk: Desk) -> None:
    done = desk.gate("baseline", "pin", str(desk.contract), PINNED[0])

    assert done.returncode == OK, done.stderr
    assert baselines(desk)[0]["partitions"] == [PINNED[0]]


def test_unpinning_ends_the_drift_and_the_comparison(pinned: Desk) -> None:
    published(pinned, LATER, **an_orders_day(3, united=30))

    removed = pinned.gate("baseline", "unpin", str(pinned.contract))

    assert (removed.returncode, removed.stdout) == (OK, "orders: the baseline was removed\n")
    assert anomalies(pinned)["drift carrier"]["state"] == "resolved"
    assert baselines(pinned) == []
    again = pinned.gate("baseline", "unpin", str(pinned.contract))
    assert (again.returncode, "orders has no baseline" in again.stderr) == (USAGE, True)


def test_a_new_baseline_replaces_the_old_one_and_ends_its_drift(pinned: Desk) -> None:
    published(pinned, LATER, **an_orders_day(3, united=30))

    done = pinned.gate("baseline", "pin", str(pinned.contract), LATER)

    assert done.returncode == OK, done.stderr
    assert baselines(pinned)[0]["partitions"] == [LATER]
    assert anomalies(pinned)["drift carrier"]["state"] == "resolved"


def test_a_drift_cannot_become_a_rule(pinned: Desk) -> None:
    published(pinned, LATER, **an_orders_day(3, united=30))

    refused = pinned.gate("promote", str(pinned.contract), "drift carrier")

    assert refused.returncode == USAGE
    assert "drift carrier is a distribution, and no rule describes one" in refused.stderr
