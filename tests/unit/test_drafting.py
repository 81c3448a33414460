"""Guesses of a draft contract: wide enough for what was seen, round enough to be read, silent on people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from partition_gate.contracts.drafting.draft import draft_contract, proposed_id
from partition_gate.contracts.drafting.guesses import (
    few_values,
    latency,
    looks_personal,
    null_budget_percent,
    rounded_range,
    row_bounds,
    step,
)
from partition_gate.contracts.drafting.profile import Arrival, ColumnProfile, DataProfile
from partition_gate.contracts.odcs.reader import read_contract
from partition_gate.testing.builders import a_location

DAYS = tuple(f"2026-11-{day:02d}" for day in range(1, 8))


def a_column(name: str = "amount", kind: str = "BIGINT", **facts: object) -> ColumnProfile:
    return ColumnProfile.model_validate(
        {"name": name, "type": kind, "null_fractions": (0.0,), "distinct_count": 9, **facts}
    )


def a_profile(*columns: ColumnProfile, arrived: timedelta = timedelta(hours=30), **facts: object) -> DataProfile:
    arrivals = tuple(Arrival(key=day, arrived_at=datetime.fromisoformat(f"{day}T00:00Z") + arrived) for day in DAYS)
    location = a_location(dt="VARCHAR")
    defaults = {"location": location, "keys": DAYS, "profiled": DAYS[-1:], "row_counts": (100,), "arrivals": arrivals}
    return DataProfile.model_validate({**defaults, "columns": columns or (a_column(),), **facts})


def drafted(profile: DataProfile) -> dict[str, Any]:
    text = draft_contract(profile, contract_id="orders")
    read_contract(text, path="orders.odcs.yaml")
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def the_property(profile: DataProfile, name: str) -> dict[str, Any]:
    properties: list[dict[str, Any]] = drafted(profile)["schema"][0]["properties"]
    return next(each for each in properties if each["name"] == name)


@given(low=st.floats(-1e12, 1e12), width=st.floats(0, 1e12))
def test_a_rounded_range_holds_what_was_seen(low, width):
    column = a_column(kind="DOUBLE", low=low, high=low + width)

    found = rounded_range(column)

    assert found is not None
    assert found[0] <= low
    assert found[1] >= low + width


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        (2, 2359, (2, 2400)),
        (-21, 1301, (-21, 1400)),
        (0, 0, (0, 0)),
        (0.123, 0.567, (0.12, 0.57)),
        (2013, 2013, (2000, 2100)),
    ],
)
def test_a_range_is_rounded_outwards_to_two_digits(low, high, found):
    assert rounded_range(a_column(low=low, high=high)) == found


@pytest.mark.parametrize(
    ("name", "personal"),
    [
        ("email", True),
        ("customerEmail", True),
        ("first_name", True),
        ("phone_number", True),
        ("ip", True),
        ("ship", False),
        ("tailnum", False),
        ("emails_sent", False),
        ("zipcode_count", False),
    ],
)
def test_a_column_looks_personal_by_its_name(name, personal):
    assert looks_personal(a_column(name)) is personal


def test_a_column_looks_personal_by_its_values():
    assert looks_personal(a_column("contact", "VARCHAR", content={"kind": "e-mail addresses", "fraction": 0.9}))


def test_few_values_become_a_list_only_when_each_was_seen_often_and_nobody_is_named():
    few = {"distinct_count": 2, "values": ("b", "a")}

    assert few_values(a_column("state", "VARCHAR", **few), 100) == ("a", "b")
    assert few_values(a_column("state", "VARCHAR", **few), 9) == ()
    assert few_values(a_column("email", "VARCHAR", **few), 100) == ()
    assert few_values(a_column("size", "BIGINT", **few), 100) == ()


@pytest.mark.parametrize(
    ("shares", "percent"), [((0.0, 0.0), None), ((0.01, 0.0066), 1.5), ((0.6,), None), ((0.5,), 75)]
)
def test_the_null_budget_is_half_again_the_worst_share(shares, percent):
    assert null_budget_percent(a_column(null_fractions=shares)) == percent


def test_row_bounds_hold_every_partition_seen_and_an_empty_one_gives_none():
    assert row_bounds((720, 933)) == (360, 1866)
    assert row_bounds((0, 5)) is None


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        (DAYS, (1, "d")),
        (("2026-11-01", "2026-11-08", "2026-11-15"), (7, "d")),
        (("2026-11-01/00", "2026-11-01/01"), (1, "h")),
        (("snapshot",), None),
        (("a", "b"), None),
        (("2026-11-01",), None),
    ],
)
def test_the_calendar_is_what_most_keys_follow(keys, found):
    assert step(keys) == found


def test_latency_is_one_hour_more_than_the_slowest_arrival():
    assert latency(a_profile(arrived=timedelta(hours=26, minutes=30)).arrivals, timezone="UTC").hours == 4


@pytest.mark.parametrize(
    ("timezone", "hours"),
    [("UTC", 9), ("America/New_York", 4), ("Asia/Tokyo", 18)],
)
def test_a_period_ends_when_the_day_ends_in_the_zone_of_the_keys(timezone, hours):
    arrivals = a_profile(arrived=timedelta(hours=31, minutes=30)).arrivals  # after the day began in UTC, in winter

    assert latency(arrivals, timezone=timezone).hours == hours


def test_the_zone_of_the_keys_is_in_the_draft():
    profile = a_profile().model_copy(update={"timezone": "Asia/Tokyo"})

    settings = {one["property"]: one["value"] for one in drafted(profile)["customProperties"]}

    assert settings["timezone"] == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("arrived", "why"), [(timedelta(days=90), "as in a backfill"), (timedelta(hours=1), "before their period ended")]
)
def test_no_latency_is_guessed_from_what_tells_nothing_and_the_file_says_so(arrived, why):
    profile = a_profile(arrived=arrived)

    assert "slaProperties" not in drafted(profile) or len(drafted(profile)["slaProperties"]) == 1
    assert f"# No latency was guessed: {latency(profile.arrivals, timezone='UTC').why}" in draft_contract(
        profile, contract_id="o"
    )
    assert why in latency(profile.arrivals, timezone="UTC").why


def test_no_value_of_a_column_that_looks_personal_is_in_the_draft():
    email = a_column("email", "VARCHAR", distinct_count=2, values=("ann@example.org", "bob@example.org"))
    salary = a_column("salary", "BIGINT", low=41237, high=99871)

    text = draft_contract(a_profile(email, salary), contract_id="orders")

    assert not [word for word in ("ann@", "bob", "example", "41", "99", "10000") if word in text]
    assert text.count("classification: personal") == 2


def test_every_promise_of_the_draft_says_that_it_is_a_guess():
    document = drafted(a_profile(a_column(low=1, high=5, null_fractions=(0.1,)), unique=("amount",)))

    told = [each["description"] for each in document["slaProperties"] + document["customProperties"]]
    for table in document["schema"]:
        told += [rule["description"] for rule in table["quality"]]
        told += [each["description"] for each in table["properties"]]
        told += [rule["description"] for each in table["properties"] for rule in each.get("quality", [])]
    assert len(told) == 8 - 1
    assert [text for text in told if not text.startswith("Guess")] == []


def test_types_without_a_word_in_the_standard_are_named_and_not_promised():
    found = the_property(a_profile(a_column("raw", "BLOB"), a_column("parts", "BIGINT[]")), "raw")

    assert "logicalType" not in found
    assert "the standard has no word for its type BLOB" in str(found["description"])


def test_an_hour_in_the_path_is_text_so_that_its_leading_zero_stays():
    location = a_location("/x", dt="VARCHAR", hour="VARCHAR")
    profile = a_profile(location=location, keys=("2026-11-01/07",), profiled=("2026-11-01/07",), arrivals=())

    properties = drafted(profile)["schema"][0]["properties"]

    assert [(each["name"], each["logicalType"]) for each in properties[:2]] == [("dt", "date"), ("hour", "string")]


@pytest.mark.parametrize(("root", "found"), [("s3://landing/My Orders/", "my-orders"), ("/x/orders_v2", "orders_v2")])
def test_the_id_is_the_folders_name(root, found):
    assert proposed_id(root) == found


def test_an_unprintable_root_cannot_leave_the_comment():
    location = a_location("/x\nstatus: active\n", dt="VARCHAR")

    assert (
        "\nstatus: active" not in draft_contract(a_profile(location=location), contract_id="o").split("apiVersion")[0]
    )


def test_arrivals_are_aware():
    assert a_profile().arrivals[0].arrived_at.tzinfo is not None
    assert datetime.now(UTC) > a_profile().arrivals[0].arrived_at
