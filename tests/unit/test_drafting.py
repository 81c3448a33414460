"""Guesses of a draft contract: wide enough for what was seen, round enough to be read, silent on people."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from open_data_contract_standard.model import OpenDataContractStandard

from partition_gate.checks.compiling.compiled import compiled
from partition_gate.contracts.coverage.clauses import cover
from partition_gate.contracts.drafting.arrivals import absences, comes_on_weekdays, latency, step
from partition_gate.contracts.drafting.draft import draft_contract, proposed_id
from partition_gate.contracts.drafting.guesses import (
    listed_values,
    looks_personal,
    null_budget_percent,
    rounded_range,
    row_bounds,
    value_limits,
)
from partition_gate.contracts.drafting.profile import Arrival, ColumnProfile, DataProfile
from partition_gate.contracts.export.avro import avro_schema
from partition_gate.contracts.export.gx import portable_suite
from partition_gate.contracts.export.html import html_page
from partition_gate.contracts.export.jsonschema import json_schema_of
from partition_gate.contracts.export.sql import sql_ddl
from partition_gate.contracts.odcs.reader import read_contract
from partition_gate.core.strict_yaml.reading import load_mapping
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


def counted(**rows: int) -> tuple[dict[str, object], ...]:
    return tuple({"value": value, "rows": count} for value, count in rows.items())


def test_few_values_become_a_list_only_when_each_was_seen_often_and_nobody_is_named():
    few = {"distinct_count": 2, "values": counted(b=60, a=40)}

    listed = listed_values(a_column("state", "VARCHAR", **few), 100)

    assert listed is not None
    assert (listed.sorted, listed.other_rows) == (["a", "b"], 0)
    assert listed_values(a_column("state", "VARCHAR", distinct_count=2, values=counted(b=5, a=4)), 9) is None
    assert listed_values(a_column("email", "VARCHAR", **few), 100) is None
    assert listed_values(a_column("size", "BIGINT", **few), 100) is None


def test_rare_values_are_left_out_of_a_list_and_the_rule_only_warns():
    state = a_column("state", "VARCHAR", distinct_count=3, values=counted(open=1600, sent=1397, opne=3))
    profile = a_profile(state, row_counts=(3000,))

    [rule] = the_property(profile, "state")["quality"]

    assert (rule["arguments"]["validValues"], rule["severity"]) == (["open", "sent"], "warning")
    assert rule["description"] == "Guess: the values that were frequent; 3 of 3,000 rows had another: opne."


def test_values_that_are_not_rare_together_are_in_the_list():
    state = a_column("state", "VARCHAR", distinct_count=6, values=counted(open=940, a=16, b=16, c=16, d=9, e=3))

    listed = listed_values(state, 1000)

    assert listed is not None
    assert (len(listed.values), listed.other_rows) == (6, 0)


def test_a_list_names_five_of_the_values_that_were_left_out_and_counts_the_others():
    rare = dict.fromkeys("abcdefgh", 1)
    state = a_column("state", "VARCHAR", distinct_count=40, values=counted(open=16000, sent=3962, **rare))
    profile = a_profile(state, row_counts=(20000,))

    [rule] = the_property(profile, "state")["quality"]

    assert str(rule["description"]).endswith("had another: a, b, c, d, e and 33 more.")


def test_a_rare_value_that_is_personal_is_counted_and_not_named_and_a_long_one_is_cut():
    rare = {"ann@example.org": 1, "x" * 5000: 1}
    state = a_column("state", "VARCHAR", distinct_count=4, values=counted(open=1600, sent=1398, **rare))

    [rule] = the_property(a_profile(state, row_counts=(3000,)), "state")["quality"]

    assert str(rule["description"]).endswith(f"had another: {'x' * 60}… (5,000 characters) and 1 more.")


FAR = {"limit": 83, "nearest": -999999, "rows": 1}


def test_a_value_far_from_all_others_is_no_bound_but_a_warning_that_names_it_and_its_rows():
    distance = a_column("distance", low=-999999, high=4983, far_below=FAR)

    found = the_property(a_profile(distance, row_counts=(3000,)), "distance")

    [rule] = found["quality"]
    assert found["logicalTypeOptions"] == {"maximum": 5000}
    assert (rule["implementation"]["kwargs"], rule["severity"]) == ({"min_value": 83}, "warning")
    assert "in 1 of 3,000 rows the value was far below all others, at -999999" in rule["description"]


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({"far_below": {"limit": "2026-11-02", "nearest": "1900-01-01", "rows": 1}}, ("2016-01-01", None)),
        ({"far_below": {"limit": "2026-11-02", "nearest": "2020-01-01", "rows": 1}}, ("2026-11-02", None)),
        ({"far_above": {"limit": "2026-11-02", "nearest": "9999-12-31", "rows": 1}}, (None, "2036-01-01")),
        ({"far_above": {"limit": "2026-11-02", "nearest": "2027-12-31", "rows": 1}}, (None, None)),
        ({"far_above": {"limit": "9998-11-02", "nearest": "9999-12-31", "rows": 1}}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_the_limit_of_dates_leaves_room_for_older_and_newer_partitions(facts, found):
    assert value_limits(a_column(kind="DATE", low="1900-01-01", high="9999-12-31", **facts)) == found


@pytest.mark.parametrize(
    ("far", "low"),
    [
        ({"limit": 2013, "nearest": 1900, "rows": 1}, 2000),
        ({"limit": 2013, "nearest": 2005, "rows": 1}, 2013),
    ],
)
def test_a_limit_is_not_rounded_beyond_a_value_that_is_far(far, low):
    assert value_limits(a_column(low=1900, high=2014, far_below=far)).low == low


def test_a_key_that_grows_has_no_bounds():
    assert value_limits(a_column("order_id", low=1, high=900)) == (None, None)


def test_a_relationship_that_nearly_all_rows_keep_is_drafted_as_a_warning_with_its_figure():
    reference = {"column": "customer", "to_source": "x/customers", "to_column": "id", "values": 9}
    profile = a_profile(a_column("customer"), references=({**reference, "rows": 3000, "orphans": 3},))
    customers = a_profile(a_column("id"), location=a_location("x/customers"))

    text = draft_contract(profile, customers, contract_id="shop", root="x")

    [relationship] = yaml.safe_load(text)["schema"][0]["properties"][1]["relationships"]
    assert relationship["customProperties"] == [{"property": "severity", "value": "warning"}]
    assert "3 of 3,000 rows have no parent" in " ".join(text.split())


def test_a_key_with_few_duplicates_is_drafted_as_a_warning_with_its_figure():
    profile = a_profile(a_column("order_id", duplicate_rows=4), row_counts=(3000,))

    [rule] = the_property(profile, "order_id")["quality"]

    assert (rule["metric"], rule["severity"]) == ("duplicateValues", "warning")
    assert "4 of 3,000 rows" in rule["description"]


def test_columns_that_are_nearly_a_key_together_are_drafted_as_a_warning():
    near = {"columns": ("order_id", "line"), "duplicate_rows": 6}
    profile = a_profile(a_column("order_id"), a_column("line"), row_counts=(3000,), near_key=near)

    rule = drafted(profile)["schema"][0]["quality"][1]

    assert (rule["arguments"], rule["severity"]) == ({"properties": ["order_id", "line"]}, "warning")


def test_the_keys_that_were_not_chosen_are_named():
    profile = a_profile(a_column("a"), a_column("b"), a_column("c"), key=("a", "b"), other_keys=(("a", "c"),))

    assert "# The primary key is (a, b); (a, c) would be one too.\n" in draft_contract(profile, contract_id="o")


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


def arrivals(*landed: str, key: str = "{}") -> list[Arrival]:
    """Partitions of 2026-11-01 and the days after, and when they landed in that month (`05T02:00`)."""
    return [
        Arrival(key=key.format(day), arrived_at=datetime.fromisoformat(f"2026-11-{at}Z"))
        for day, at in zip(DAYS, landed, strict=False)
    ]


def test_latency_is_one_hour_more_than_the_slowest_arrival():
    assert latency(a_profile(arrived=timedelta(hours=26, minutes=30)).arrivals, timezone="UTC").hours == 4


def test_files_that_landed_together_long_after_their_periods_say_nothing_about_latency():
    copied = arrivals("09T10:00", "09T10:01", "09T10:02", "09T10:03", "09T10:04")

    assert latency(copied, timezone="UTC").why == (
        "none of 5 partitions landed one period after another, as in a backfill or a copy"
    )


def test_after_a_backfill_only_the_partitions_count_that_landed_one_period_after_another():
    mixed = arrivals("04T20:00", "04T20:01", "04T20:02", "05T02:00", "06T03:00", "07T02:00")

    found = latency(mixed, timezone="UTC")

    assert (found.hours, found.why) == (4, "3 of 6 partitions arrived within 3 h")


def test_two_partitions_are_no_history():
    assert latency(arrivals("02T02:00", "03T02:00"), timezone="UTC").hours is None


def test_each_region_has_arrivals_of_its_own():
    both = [
        *arrivals("02T02:00", "03T02:00", "04T02:00", key="EU/{}"),
        *arrivals("05T10:00", "05T10:01", "05T10:02", key="US/{}"),
    ]

    assert latency(both, timezone="UTC").why == "3 of 6 partitions arrived within 2 h"


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (DAYS, None),
        (("snapshot",), None),
        (
            ("2026-11-01", "2026-11-02", "2026-11-04", "2026-11-05", "2026-11-07"),
            "2 days between 2026-11-01 and 2026-11-07 did not come: 2026-11-03, 2026-11-06",
        ),
        (
            ("2026-11-01/22", "2026-11-01/23", "2026-11-02/01", "2026-11-02/02"),
            "1 hour between 2026-11-01 and 2026-11-02 did not come: 2026-11-02/00",
        ),
        (
            ("2026-11-01", "2026-11-08", "2026-11-15", "2026-11-29"),
            "1 period of 7 d between 2026-11-01 and 2026-11-29 did not come: 2026-11-22",
        ),
        (
            ("EU/2026-11-01", "EU/2026-11-02", "EU/2026-11-04", "US/2026-11-03", "US/2026-11-04"),
            "1 day between 2026-11-01 and 2026-11-04 did not come: EU/2026-11-03",
        ),
        (
            ("2026-10-01", "2026-10-02", "2026-10-10"),
            "7 days between 2026-10-01 and 2026-10-10 did not come: "
            "2026-10-03, 2026-10-04, 2026-10-05, 2026-10-06, 2026-10-07 and 2 more",
        ),
    ],
)
def test_the_partitions_that_did_not_come_are_named(keys, told):
    assert absences(keys) == told


WORKING_DAYS = tuple(f"2026-11-{day:02d}" for day in (2, 3, 4, 5, 6, 9, 10, 12, 13, 16))


def test_weekends_without_partitions_are_a_calendar_of_weekdays_and_no_absence():
    settings = {one["property"]: one["value"] for one in drafted(a_profile(keys=WORKING_DAYS))["customProperties"]}

    assert comes_on_weekdays(WORKING_DAYS)
    assert not comes_on_weekdays((*WORKING_DAYS[:5], "2026-11-09"))  # one weekend may be chance
    assert absences(WORKING_DAYS) == "1 day between 2026-11-02 and 2026-11-16 did not come: 2026-11-11"
    assert settings["calendar"] == "weekdays"


def test_the_head_of_the_draft_names_the_partitions_that_did_not_come():
    text = draft_contract(a_profile(keys=(*DAYS[:2], *DAYS[3:])), contract_id="o")

    assert "# 1 day between 2026-11-01 and 2026-11-07 did not come: 2026-11-03." in text


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
    text = draft_contract(profile, contract_id="o").replace("\n#", "")
    assert f"No latency was guessed: {latency(profile.arrivals, timezone='UTC').why}." in text
    assert why in latency(profile.arrivals, timezone="UTC").why


def test_no_value_of_a_column_that_looks_personal_is_in_the_draft():
    email = a_column(
        "email", "VARCHAR", distinct_count=2, values=counted(**{"ann@example.org": 5, "bob@example.org": 5})
    )
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


def test_no_text_of_an_active_draft_reaches_a_reader():
    email = a_column("email", "VARCHAR", null_fractions=(0.1,))
    text = draft_contract(a_profile(a_column(low=1, high=5), email, unique=("amount",)), contract_id="orders")
    text = text.replace("status: draft", "status: active").replace("physicalType: table", "description: 'Guess: rows.'")
    contract = read_contract(text, path="orders.odcs.yaml")
    dataset, document = compiled(contract.datasets[0]), load_mapping(text, path="orders.odcs.yaml")
    odcs = OpenDataContractStandard.model_validate(document)
    [schema] = odcs.schema_ or []

    shown = [
        json.dumps([avro_schema(odcs, schema), json_schema_of(odcs, schema), portable_suite(dataset)]),
        sql_ddl(dataset),
        html_page([dataset], cover(document, [dataset.compilation])),
        dataset.model_dump_json(),
    ]

    assert [each for each in shown if "Guess" in each or "To do" in each] == []


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
