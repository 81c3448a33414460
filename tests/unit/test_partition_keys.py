"""Partition keys are values: each has one text, whatever a folder or a person writes for it."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partition_gate.contract.schedule import canonical_key
from partition_gate.contracts.odcs.reader import read_contract
from partition_gate.core.errors import MalformedPartitionKey
from partition_gate.core.key_types import key_type
from partition_gate.core.partition_key import NULL, Segment
from partition_gate.testing.builders import a_location

ONE_NAME_IN_A_FOLDER_AND_AN_ADDRESS = re.compile(r"(?!\.{1,2}$)([A-Za-z0-9_.:+-]|%[0-9A-F]{2})+")
few = settings(max_examples=200, deadline=None)
texts = st.text(min_size=1, max_size=20).filter(lambda text: text != NULL)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "VARCHAR": texts,
    "TINYINT": st.integers(-(2**7), 2**7 - 1),
    "INTEGER": st.integers(-(2**31), 2**31 - 1),
    "BIGINT": st.integers(-(2**63), 2**63 - 1),
    "DATE": st.dates(),
    "TIMESTAMP": st.datetimes(),
    "TIMESTAMP WITH TIME ZONE": st.datetimes(timezones=st.just(UTC)),
    "DECIMAL(10,2)": st.decimals(0, Decimal("99999999.99"), places=2),
    "DECIMAL(38,0)": st.decimals(-(10**38) + 1, 10**38 - 1, places=0),
    "DECIMAL(4,4)": st.decimals(0, Decimal("0.9999"), places=4),
    "BOOLEAN": st.booleans(),
}


def segment(kind: str, name: str = "k") -> Segment:
    return Segment(name=name, type=kind)


def part_of(kind: str, value: Any, name: str = "k") -> str:
    """The canonical part of a value, from its plain text."""
    found = key_type(name, kind)
    assert found is not None
    return segment(kind, name).part(quote(found.format(value), safe=""))


def value_of(kind: str, part: str) -> Any:
    return segment(kind).order(part)[1]


typed_values = st.sampled_from(sorted(VALUES)).flatmap(lambda kind: st.tuples(st.just(kind), VALUES[kind]))
typed_pairs = st.sampled_from(sorted(VALUES)).flatmap(lambda kind: st.tuples(st.just(kind), VALUES[kind], VALUES[kind]))


@few
@given(typed_values)
def test_a_value_comes_back_from_its_text(typed: tuple[str, Any]) -> None:
    kind, value = typed

    assert value_of(kind, part_of(kind, value)) == value


@few
@given(typed_values)
def test_a_canonical_text_stays_as_it_is(typed: tuple[str, Any]) -> None:
    part = part_of(*typed)

    assert segment(typed[0]).part(part) == part
    assert segment(typed[0]).is_canonical(part)


@few
@given(typed_pairs)
def test_two_values_never_share_a_text(pair: tuple[str, Any, Any]) -> None:
    kind, one, other = pair

    assert (part_of(kind, one) == part_of(kind, other)) == (one == other)


@few
@given(typed_values)
def test_a_canonical_text_is_one_name_of_a_folder_and_one_step_of_an_address(typed: tuple[str, Any]) -> None:
    assert ONE_NAME_IN_A_FOLDER_AND_AN_ADDRESS.fullmatch(part_of(*typed))


@few
@given(typed_values)
def test_every_accepted_folder_name_means_its_value(typed: tuple[str, Any]) -> None:
    kind, part = typed[0], part_of(*typed)

    assert [segment(kind).landed_part(folder) for folder in segment(kind).spellings(part)] == [
        part for _ in segment(kind).spellings(part)
    ]


@few
@given(st.text(), st.sampled_from(sorted(VALUES)))
def test_any_text_has_a_canonical_one_or_is_refused(text: str, kind: str) -> None:
    with suppress(MalformedPartitionKey):
        part = segment(kind).part(text)

        assert segment(kind).part(part) == part


CANONICAL = [
    ("VARCHAR", "EU", "EU"),
    ("VARCHAR", "B B", "B%20B"),
    ("VARCHAR", "B%20B", "B%20B"),
    ("VARCHAR", "A%2FA", "A%2FA"),
    ("VARCHAR", "A%2fA", "A%2FA"),
    ("VARCHAR", "a=b", "a%3Db"),
    ("VARCHAR", "Zürich", "Z%C3%BCrich"),
    ("VARCHAR", "100%", "100%25"),
    ("VARCHAR", "~", "%7E"),
    ("VARCHAR", ".", "%2E"),
    ("VARCHAR", "..", "%2E%2E"),
    ("VARCHAR", "...", "..."),
    ("VARCHAR", "007", "007"),
    ("VARCHAR", "+7", "+7"),
    ("VARCHAR", " ", "%20"),
    ("VARCHAR", "x.y:z", "x.y:z"),
    ("INTEGER", "7", "7"),
    ("INTEGER", "07", "7"),
    ("INTEGER", "-7", "-7"),
    ("INTEGER", "-0", "0"),
    ("DATE", "2013-01-03", "2013-01-03"),
    ("DATE", "0001-01-01", "0001-01-01"),
    ("DATE", "9999-12-31", "9999-12-31"),
    ("TIMESTAMP", "2013-01-03T07:00", "2013-01-03T07:00:00"),
    ("TIMESTAMP", "2013-01-03 07:00:00.000000", "2013-01-03T07:00:00"),
    ("TIMESTAMP", "2013-01-03T07:00:00.250", "2013-01-03T07:00:00.25"),
    ("TIMESTAMP WITH TIME ZONE", "2013-01-03T07:00:00Z", "2013-01-03T07:00:00Z"),
    ("TIMESTAMP WITH TIME ZONE", "2013-01-03T02:00:00-05:00", "2013-01-03T07:00:00Z"),
    ("TIMESTAMP WITH TIME ZONE", "2013-01-03 07:00:00", "2013-01-03T07:00:00Z"),
    ("DECIMAL(10,2)", "1.5", "1.50"),
    ("DECIMAL(10,2)", "1.50", "1.50"),
    ("DECIMAL(10,2)", "1", "1.00"),
    ("DECIMAL(10,2)", "-0", "0.00"),
    ("BOOLEAN", "true", "true"),
    ("DATE", NULL, NULL),
]


@pytest.mark.parametrize(("kind", "text", "canonical"), CANONICAL)
def test_a_key_has_one_canonical_text(kind: str, text: str, canonical: str) -> None:
    assert segment(kind).part(text) == canonical


@pytest.mark.parametrize("name", ["hour", "month", "day"])
def test_a_calendar_part_has_two_digits_as_folders_have(name: str) -> None:
    assert [segment("INTEGER", name).part(text) for text in ("7", "07", "11")] == ["07", "07", "11"]


REFUSED = [
    ("DATE", text)
    for text in ("infinity", "10000-01-01", "epoch", "2024-1-5", "2013-13-45", "0000-01-01", "20130103", "today", " ")
]
INTEGERS = ("+7", "007", "1e2", "0x10", "1_000", "7.0", "\u0667", "2147483648", "9" * 400)
REFUSED += [("INTEGER", text) for text in INTEGERS]
REFUSED += [("BOOLEAN", text) for text in ("t", "True", "1", "yes")]
REFUSED += [("DECIMAL(10,2)", text) for text in ("1.505", "1e2", "NaN", "123456789", ".5", "1.", "-1.50", "+1")]
REFUSED += [("TIMESTAMP", text) for text in ("2013-01-03", "2013-01-03T24:00:00", "2013-01-03T07:00:00Z", "now")]
REFUSED += [("TIMESTAMP WITH TIME ZONE", text) for text in ("0001-01-01T00:00:00+01:00", "2013-01-03T07:00:00 UTC")]
REFUSED += [("VARCHAR", text) for text in ("", "x" * 201, "ü" * 34, "%FF")]


@pytest.mark.parametrize(("kind", "text"), REFUSED)
def test_what_has_no_canonical_text_is_refused(kind: str, text: str) -> None:
    with pytest.raises(MalformedPartitionKey, match=r"^k: "):
        segment(kind).part(text)


@pytest.mark.parametrize("kind", ["DOUBLE", "FLOAT", "BLOB", "HUGEINT", "TIME", "VARCHAR[]", "STRUCT(a INTEGER)"])
def test_types_without_one_text_a_value_are_no_keys(kind: str) -> None:
    assert key_type("k", kind) is None


FOLDERS = [
    ("VARCHAR", "B B", "B%20B"),
    ("VARCHAR", "a=b", "a%3Db"),
    ("VARCHAR", "a%3Db", "a%3Db"),
    ("VARCHAR", "100%25", "100%25"),
    ("VARCHAR", "Zürich", "Z%C3%BCrich"),
    ("INTEGER", "07", "7"),
    ("DECIMAL(10,2)", "1.5", "1.50"),
    ("TIMESTAMP", "2013-01-03 07%3A00%3A00", "2013-01-03T07:00:00"),
    ("TIMESTAMP", "2013-01-03 07:00:00.000000", "2013-01-03T07:00:00"),
    ("DATE", NULL, NULL),
]


@pytest.mark.parametrize(("kind", "folder", "canonical"), FOLDERS)
def test_folders_as_spark_hive_and_arrow_write_them_are_accepted(kind: str, folder: str, canonical: str) -> None:
    assert segment(kind).landed_part(folder) == canonical


@pytest.mark.parametrize(("kind", "folder"), [("INTEGER", "007"), ("DATE", "2024-1-5"), ("VARCHAR", "%41")])
def test_a_folder_that_nobody_writes_is_refused_with_why(kind: str, folder: str) -> None:
    with pytest.raises(MalformedPartitionKey, match=r"^k: .*(rename the folder to k=|is not)"):
        segment(kind).landed_part(folder)


def test_a_key_typed_wrong_is_answered_with_an_example() -> None:
    daily = a_location("s3://landing/flights", dt="DATE", hour="INTEGER")

    with pytest.raises(MalformedPartitionKey) as refused:
        daily.key("2013-13-45/07")
    with pytest.raises(MalformedPartitionKey) as missing:
        daily.key("")

    assert str(refused.value) == (
        "'2013-13-45/07' is not a partition key of s3://landing/flights: dt: '2013-13-45' is not a calendar date; "
        "write a key such as 2026-01-31/07"
    )
    assert str(missing.value) == "a partition key of the form <dt>/<hour> is missing; write a key such as 2026-01-31/07"


def test_a_dataset_without_segments_has_the_one_key_snapshot() -> None:
    place = a_location()

    assert (place.key(""), place.key("snapshot"), place.folder("snapshot")) == ("snapshot", "snapshot", place.root)
    with pytest.raises(MalformedPartitionKey, match="use the key 'snapshot'"):
        place.key("2013-01-03")


def test_values_are_those_that_a_cast_reads() -> None:
    place = a_location(dt="DATE", hour="INTEGER", region="VARCHAR", at="TIMESTAMP")

    assert place.values("2013-01-03/7/B%20B/2013-01-03T07:00") == {
        "dt": "2013-01-03",
        "hour": "7",
        "region": "B B",
        "at": "2013-01-03 07:00:00",
    }
    assert place.values(f"{NULL}/07/EU/{NULL}") == {"dt": None, "hour": "7", "region": "EU", "at": None}


def test_keys_are_ordered_by_their_values_null_last() -> None:
    place = a_location(n="INTEGER")

    assert sorted(["10", NULL, "9", "-1"], key=place.order) == ["-1", "9", "10", NULL]


def test_dates_are_of_python_s_calendar_also_at_its_ends() -> None:
    assert value_of("DATE", "9999-12-31") == date.max
    assert value_of("TIMESTAMP", "0001-01-01T00:00:00") == datetime.min  # noqa: DTZ901 -- a column without a zone


PAGE = Path("docs/reference/partition-keys.md").read_text()
DOCUMENTED = re.findall(r"^\| `(.+)` \| `(.+)` \| `(.+)` \| `?(.+?)`? \|$", PAGE, flags=re.MULTILINE)


@pytest.mark.parametrize(("kind", "folder", "key", "value"), DOCUMENTED)
def test_the_page_s_table_says_what_the_code_does(kind: str, folder: str, key: str, value: str) -> None:
    found = segment(kind)

    assert (found.part(folder), found.landed_part(folder), found.stored(key) or "null") == (key, key, value)


def test_the_page_shows_what_gate_run_answers() -> None:
    flights = read_contract(Path("include/contracts/flights.odcs.yaml").read_text(), path="flights.odcs.yaml")

    shown = re.findall(r"\$ gate run flights ?(.*)\n    gate: (.*)\n", PAGE)
    for key, answer in shown:
        with pytest.raises(MalformedPartitionKey, match=f"^{re.escape(answer)}$"):
            canonical_key(flights.dataset, key, now=datetime(2026, 11, 30, 12, tzinfo=UTC))
    assert len(shown) == 2


@pytest.mark.parametrize("key", ["yesterday", "2026-11-01/7"])
def test_the_folder_in_the_error_about_a_key_has_no_detour(key: str):
    location = a_location("/shop/contracts/../landing/orders", dt="DATE")

    with pytest.raises(MalformedPartitionKey, match="is not a partition key of /shop/landing/orders: "):
        location.key(key)


def test_people_are_led_to_a_folder_without_a_detour_and_files_are_read_where_they_are():
    location = a_location("/shop/contracts/../landing/orders", dt="DATE")

    assert location.place("2026-11-01") == "/shop/landing/orders/dt=2026-11-01"
    assert location.folder("2026-11-01") == "/shop/contracts/../landing/orders/dt=2026-11-01"


def test_the_two_slashes_of_a_bucket_stay():
    assert (
        a_location("s3://landing/a/../orders", dt="DATE").place("2026-11-01")
        == "s3://landing/a/../orders/dt=2026-11-01"
    )
