"""Which version judges which partition, what of it is today's, and how its columns are published."""

from __future__ import annotations

from datetime import date
from itertools import product
from typing import Any

import duckdb
import pytest

from partition_gate.checks.compiling.compiled import CompiledDataset, compiled
from partition_gate.contract.limits import Limits
from partition_gate.contract.model import Channel, Clause, Column, Dataset, Status, Terms
from partition_gate.contract.versions import in_force
from partition_gate.contract.widening import can_represent, is_value
from partition_gate.contracts.compatibility.versions import oldest_first, version_problems
from partition_gate.core.errors import MalformedPartitionKey
from partition_gate.core.partition_key import NULL
from partition_gate.testing.builders import a_location

DAILY = a_location(dt="DATE")
NEW_YORK = "America/New_York"


def a_column(name: str, kind: str = "BIGINT", *, source: str = "", **more: Any) -> Column:
    clause = Clause(path=f"{name}.physicalType", name="physicalType", value=kind)
    return Column(
        path=f"columns.{name}",
        name=name,
        source=source or name,
        logical_type="integer",
        physical_type=kind,
        clauses=(clause,),
        **more,
    )


def a_version(number: str, since: str | None = None, *columns: Column, timezone: str = "UTC", **more: Any) -> Dataset:
    terms: dict[str, Any] = {
        "id": "orders",
        "version": number,
        "name": "orders",
        "status": Status.ACTIVE,
        "path": f"history/orders/{number}.odcs.yaml",
        "content_hash": number,
        "api_version": "v3.1.0",
    }
    own = {name: more.pop(name) for name in tuple(more) if name in Terms.model_fields and name != "name"}
    dataset: dict[str, Any] = {
        "contract": Terms(**terms | own),
        "name": "orders",
        "path": "schema[0]",
        "location": DAILY,
        "columns": columns or (a_column("id"),),
        "limits": Limits(timezone=timezone, effective_from=date.fromisoformat(since) if since else None),
    }
    return Dataset(**dataset | more)


VERSIONS = [a_version("1.0.0"), a_version("1.1.0", "2026-02-01"), a_version("2.0.0", "2026-03-01")]


@pytest.mark.parametrize(
    ("key", "number"),
    [
        ("2020-01-01", "1.0.0"),
        ("2026-01-31", "1.0.0"),
        ("2026-02-01", "1.1.0"),
        ("2026-02-28", "1.1.0"),
        ("2026-03-01", "2.0.0"),
        ("2030-01-01", "2.0.0"),
    ],
)
def test_a_partition_is_judged_by_the_newest_version_in_force_on_its_day(key, number):
    assert VERSIONS[in_force(VERSIONS, key)].contract.version == number


def test_a_partition_before_the_first_day_is_judged_by_the_oldest_version():
    versions = [a_version("1.0.0", "2026-01-01"), a_version("2.0.0", "2026-02-01")]

    assert in_force(versions, "2025-12-31") == 0


def test_a_snapshot_is_judged_by_today_s_version():
    place = a_location()
    versions = [a_version("1.0.0", location=place), a_version("2.0.0", "2999-01-01", location=place)]

    assert in_force(versions, "snapshot") == 1


def test_an_hour_belongs_to_its_day_in_the_contract_s_time_zone():
    place = a_location(dt="DATE", hour="INTEGER")
    versions = [
        a_version("1.0.0", location=place, timezone=NEW_YORK),
        a_version("2.0.0", "2026-02-01", location=place, timezone=NEW_YORK),
    ]

    assert [in_force(versions, key) for key in ("2026-01-31/23", "2026-02-01/00")] == [0, 1]


def test_a_partition_without_a_date_is_judged_by_today_s_version():
    assert VERSIONS[in_force(VERSIONS, NULL)].contract.version == "2.0.0"


def test_a_key_of_another_shape_is_refused():
    with pytest.raises(MalformedPartitionKey):
        in_force(VERSIONS, "2026-01-01/07")


def test_place_people_and_status_are_today_s_and_promises_are_the_version_s():
    elsewhere = DAILY.model_copy(update={"root": "s3://moved"})
    channel = Channel(tool="slack", channel="#today", scope="issues")
    old_limits = Limits(quarantine_limit=0.2, readiness="quiet:9s")
    old = a_version("1.0.0", limits=old_limits)
    new_limits = Limits(quarantine_limit=0.01, readiness="quiet:1s", effective_from=date(2026, 2, 1))
    today = a_version("2.0.0", location=elsewhere, channels=(channel,), status=Status.DEPRECATED, limits=new_limits)

    judging = compiled(today, [old]).in_force("2026-01-01").dataset

    assert (judging.location, judging.contract.channels, judging.contract.status) == (
        elsewhere,
        (channel,),
        Status.DEPRECATED,
    )
    assert (judging.limits.quarantine_limit, judging.limits.readiness) == (0.2, "quiet:1s")
    assert (judging.contract.version, judging.contract.content_hash) == ("1.0.0", "1.0.0")


def test_what_is_classified_today_is_hidden_in_old_partitions_too():
    old = a_version("1.0.0", None, a_column("mail", source="m"))
    today = a_version("2.0.0", "2026-02-01", a_column("address", source="m", classification="personal"))

    judging = compiled(today, [old]).in_force("2026-01-01")

    assert judging.table.columns[0].classified
    assert compiled(today, [old]).masking.hides("m")
    assert judging.published.columns[0].classified


def published(*versions: Dataset) -> list[tuple[str, ...]]:
    """Of each version, oldest first: the published columns as `source > name type`."""
    whole: CompiledDataset = compiled(versions[-1], versions[:-1])
    return [
        tuple(f"{column.source} > {column.name} {column.type}" for column in each.published.columns)
        for each in whole.versions
    ]


def test_old_columns_are_published_under_today_s_names_and_types():
    old = a_version("1.0.0", None, a_column("id", "INTEGER"), a_column("cost", source="amt"), a_column("gone"))
    today = a_version("2.0.0", "2026-02-01", a_column("amount", source="amt"), a_column("id"), a_column("new"))

    assert published(old, today) == [
        ("id > id BIGINT", "amt > amount BIGINT", "gone > gone BIGINT"),
        ("amt > amount BIGINT", "id > id BIGINT", "new > new BIGINT"),
    ]


def test_a_removed_column_keeps_what_the_last_version_said_that_had_it():
    first = a_version("1.0.0", None, a_column("id"), a_column("gone", "SMALLINT"))
    second = a_version("1.1.0", "2026-02-01", a_column("id"), a_column("gone", "INTEGER"))
    today = a_version("2.0.0", "2026-03-01", a_column("id"))

    assert [columns[1:] for columns in published(first, second, today)] == [
        ("gone > gone INTEGER",),
        ("gone > gone INTEGER",),
        (),
    ]


def test_today_s_columns_know_their_former_names():
    old = a_version("1.0.0", None, a_column("cost", source="amt"))
    today = a_version("2.0.0", "2026-02-01", a_column("amount", source="amt"))

    assert compiled(today, [old]).published.columns[0].formerly == ("cost",)


def test_the_key_of_a_version_changes_when_its_rows_are_published_as_another_type():
    old = a_version("1.0.0", None, a_column("id", "INTEGER"))
    alone, widened, longer = (
        compiled(today, [old]).in_force("2026-01-01").rules_version
        for today in (
            a_version("2.0.0", "2026-02-01", a_column("id", "INTEGER")),
            a_version("2.0.0", "2026-02-01", a_column("id", "BIGINT")),
            a_version("2.0.0", "2026-02-01", a_column("id", "INTEGER"), a_column("new")),
        )
    )

    assert (alone == longer, alone == widened) == (True, False)


PROBLEMS = {
    "no day": ((a_version("1.0.0"), a_version("2.0.0")), "customProperties", "needs a first day"),
    "the same day": (
        (a_version("1.0.0", "2026-01-01"), a_version("2.0.0", "2026-01-01")),
        "customProperties",
        "is not after 2026-01-01",
    ),
    "kept from a later day than today's": (
        (a_version("1.0.0", "2026-03-01"), a_version("2.0.0", "2026-01-01")),
        "customProperties",
        "is not after 2026-03-01",
    ),
    "a lower number": ((a_version("2.0.0"), a_version("1.0.0", "2026-01-01")), "version", "is not higher"),
    "today's own number": (
        (a_version("1.0.0"), a_version("1.0.0", "2026-01-01")),
        "version",
        "is also the current version",
    ),
    "another file name": (
        (a_version("1.0.0", path="history/orders/1.0.odcs.yaml"), a_version("2.0.0", "2026-01-01")),
        "version",
        "must be named 1.0.0.odcs.yaml",
    ),
    "another table": (
        (a_version("1.0.0", name="carts"), a_version("2.0.0", "2026-01-01")),
        "schema[0].name",
        "a new table needs a new contract",
    ),
    "other partitions": (
        (
            a_version("1.0.0", location=a_location(day="DATE")),
            a_version("2.0.0", "2026-01-01"),
        ),
        "servers",
        "partitions were day=2026-01-31 and are dt=2026-01-31",
    ),
    "keys of another type": (
        (
            a_version("1.0.0", location=a_location(dt="VARCHAR")),
            a_version("2.0.0", "2026-01-01"),
        ),
        "servers",
        "partitions were dt=EU and are dt=2026-01-31",
    ),
    "a type that loses values": (
        (a_version("1.0.0"), a_version("2.0.0", "2026-01-01", a_column("id", "DOUBLE"))),
        "columns.id",
        "id was BIGINT and is DOUBLE",
    ),
    "two columns become one": (
        (
            a_version("1.0.0", None, a_column("a", source="x"), a_column("b", source="x")),
            a_version("2.0.0", "2026-01-01", a_column("c", source="x")),
        ),
        "columns.a",
        "a and another column of this version are both named c now",
    ),
}


@pytest.mark.parametrize(("versions", "place", "words"), PROBLEMS.values(), ids=PROBLEMS)
def test_versions_that_do_not_follow_one_another_are_refused(versions, place, words):
    problem = version_problems(versions[:-1], versions[-1])[0]

    assert (problem.place, words in problem.what, "; " in problem.what) == (place, True, True)


def test_versions_that_follow_one_another_have_no_problem():
    assert version_problems(VERSIONS[:-1], VERSIONS[-1]) == ()


def test_versions_are_ordered_by_their_days():
    assert [each.contract.version for each in oldest_first(VERSIONS[1::-1])] == ["1.0.0", "1.1.0"]


WIDE_TYPES = {
    "TINYINT": {"SMALLINT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL(3,0)", "DECIMAL(12,2)"},
    "SMALLINT": {"INTEGER", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL(12,2)"},
    "INTEGER": {"BIGINT", "DOUBLE", "DECIMAL(12,2)"},
    "BIGINT": set(),
    "FLOAT": {"DOUBLE"},
    "DOUBLE": set(),
    "DECIMAL(3,0)": {"DECIMAL(12,2)"},
    "DECIMAL(12,2)": set(),
    "DATE": set(),
    "TIMESTAMP": set(),
    "VARCHAR": set(),
}


@pytest.mark.parametrize(("narrow", "wide"), list(product(WIDE_TYPES, WIDE_TYPES)))
def test_a_type_is_wider_only_where_it_holds_every_value(narrow, wide):
    assert can_represent(wide, narrow) == (wide == narrow or wide in WIDE_TYPES[narrow])


VALUES = {
    "BIGINT": (("0", "-9223372036854775808"), ("9223372036854775808", "1.5", "x", "", "1_0", " 1")),
    "TINYINT": (("127",), ("128",)),
    "DECIMAL(4,2)": (("12.34", "1", "1e1"), ("123", "1.234", "NaN", "x")),
    "DOUBLE": (("1.5", "2", "-1e-3"), ("x", "1_0", "inf", "1e999")),
    "BOOLEAN": (("True", "false"), ("1", "yes")),
    "DATE": (("2026-01-31",), ("2026-02-30", "20260131", "2026-W05-6", "2026-01-31 10:00")),
    "TIMESTAMP": (("2026-01-31 10:00:00",), ("2026-01-31T10:00:00Z", "2026-01-31")),
    "TIMESTAMP WITH TIME ZONE": (("2026-01-31T10:00:00+01:00",), ("2026-01-31 10:00:00", "x")),
    "VARCHAR": (("", "any"), ()),
    "VARCHAR[]": ((), ("[]",)),
}


@pytest.mark.parametrize(
    ("kind", "text", "fits"),
    [
        (kind, text, fits)
        for kind, sides in VALUES.items()
        for fits, side in zip((True, False), sides, strict=True)
        for text in side
    ],
)
def test_a_default_is_exactly_a_value_of_its_type(kind, text, fits):
    assert is_value(text, kind) is fits


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, (fitting, _) in VALUES.items() for text in fitting])
def test_a_default_that_is_accepted_can_be_read_by_the_database(kind, text):
    assert duckdb.execute(f"SELECT CAST(? AS {kind}) IS NOT NULL", [text]).fetchall() == [(True,)]
