"""Patterns of paths: each path has one key and each key one path; what cannot be told apart is refused."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from partition_gate.core.errors import MalformedPartitionKey
from partition_gate.core.key_types import key_type
from partition_gate.core.partition import Location
from partition_gate.core.partition_key import Segment
from partition_gate.core.path_pattern import (
    Ambiguous,
    Field,
    first_name,
    known_day,
    parse_pattern,
    read_name,
    write_name,
)
from partition_gate.core.path_values import field_texts, part_of, why_unfit
from partition_gate.testing.builders import a_patterned_location

many = settings(max_examples=300, deadline=None)
LAYOUTS = [
    ("{dt:%Y/%m/%d}/*.parquet", {"dt": "DATE"}),
    ("events_{dt:%Y%m%d}.parquet", {"dt": "DATE"}),
    ("{region}/{dt:%Y-%m-%d}/part-*.parquet", {"dt": "DATE"}),
    ("{dt:%Y}/{dt:%m}/{dt:%d}/{hour:%H}/*", {"dt": "DATE", "hour": "INTEGER"}),
    ("dt={dt}/hour={hour}/*.parquet", {"dt": "DATE", "hour": "INTEGER"}),
    ("{dt:%Y}/events_{dt:%d.%m.%Y}_*.parquet", {"dt": "DATE"}),
    ("{ts:%Y%m%dT%H%M%S}.parquet", {"ts": "TIMESTAMP"}),
    ("{ts:%Y/%m/%d/%H}/*", {"ts": "TIMESTAMP WITH TIME ZONE"}),
    ("{region}_{n}_{flag}.parquet", {"n": "INTEGER", "flag": "BOOLEAN"}),
    ("{year:%Y}/{month:%m}/{day:%d}/x.parquet", {"year": "INTEGER", "month": "INTEGER", "day": "INTEGER"}),
    ("{dt:%Y%m}/{price}.parquet", {"price": "DECIMAL(10,2)"}),
    ("{region}/{region}-{dt:%Y%m%d}{hour:%H}.parquet", {"dt": "DATE", "hour": "INTEGER"}),
]
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=8)
moments = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(lambda each: each.replace(microsecond=0))  # noqa: DTZ001
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "VARCHAR": text,
    "INTEGER": st.integers(-(2**31), 2**31 - 1),
    "DATE": st.dates(),
    "BOOLEAN": st.booleans(),
    "TIMESTAMP": moments,
    "TIMESTAMP WITH TIME ZONE": st.datetimes(timezones=st.just(UTC)).map(
        lambda each: each.replace(minute=0, second=0, microsecond=0)
    ),
    "DECIMAL(10,2)": st.decimals(0, 99999999, places=2),
}
DIGITS = {"%Y": st.integers(1, 9999), "%m": st.integers(1, 12), "%d": st.integers(1, 31), "%H": st.integers(0, 23)}


def located(number: int) -> Location:
    pattern, types = LAYOUTS[number]
    return a_patterned_location(pattern, "/root", **types)


@st.composite
def keyed(draw: st.DrawFn) -> tuple[Location, str]:
    """A location with a layout, and a key that one of its paths may have."""
    location = located(draw(st.integers(0, len(LAYOUTS) - 1)))
    assert location.layout is not None
    parts = []
    for segment in location.segments:
        (field, *more) = location.layout.fields(segment.name)
        kind = key_type(segment.name, segment.type)
        assert kind is not None
        if field.format and not more and segment.type in {"INTEGER", "VARCHAR"}:
            digits = [f"{draw(DIGITS[each]):0{4 if each == '%Y' else 2}d}" for each in field.directives]
            plain = (
                kind.format(kind.parse("".join(digits).lstrip("0") or "0"))
                if segment.type == "INTEGER"
                else "".join(digits)
            )
        else:
            plain = kind.format(draw(VALUES[segment.type]))
        assume(plain not in {".", ".."} and plain.strip())
        parts.append(Segment(name=segment.name, type="VARCHAR").part(re.sub("%", "%25", plain)))
    return location, "/".join(parts)


def path_of(location: Location, key: str) -> str:
    return f"{location.folder(key)}/{location.files(key)}".removeprefix("/root/")


def read(location: Location, path: str) -> str | None:
    """The key in a path; None if it does not fit."""
    layout = location.layout
    assert layout is not None
    names, texts = path.split("/"), dict[Field, str]()
    kinds = {segment.name: segment.type for segment in location.segments}
    if len(names) != len(layout.levels):
        return None
    for level, name in zip(layout.levels, names, strict=True):
        found = read_name(level, name, kinds)
        if found is None or any(texts.get(field, value) != value for field, value in found.items()):
            return None
        texts |= found
    return "/".join(part_of(segment, layout.fields(segment.name), texts) for segment in location.segments)


@many
@given(keyed())
def test_the_path_of_a_key_has_this_key(given_key: tuple[Location, str]) -> None:
    location, key = given_key
    path = path_of(location, key)

    try:
        found = read(location, path)
    except Ambiguous:
        return  # such a path is refused by name; it never counts for another key

    assert found == key


@many
@given(keyed(), st.data())
def test_a_path_that_has_a_key_is_the_path_of_this_key(given_key: tuple[Location, str], data: st.DataObject) -> None:
    """Also if letters of a good path are changed."""
    location, key = given_key
    letters = list(path_of(location, key).replace("*", "x"))
    for _ in range(data.draw(st.integers(0, 3))):
        letters[data.draw(st.integers(0, len(letters) - 1))] = data.draw(st.sampled_from("0123456789-_.TaE%"))
    path = "".join(letters)
    try:
        found = read(location, path)
    except (Ambiguous, MalformedPartitionKey):
        found = None
    assume(found is not None)
    assert found is not None

    written = re.escape(path_of(location, found)).replace(r"\*", ".*")

    assert re.fullmatch(written, path)


@pytest.mark.parametrize(
    ("number", "key", "place"),
    [
        (0, "2026-11-29", "/root/2026/11/29"),
        (1, "2026-11-29", "/root/events_20261129.parquet"),
        (2, "EU/2026-11-29", "/root/EU/2026-11-29"),
        (3, "2026-11-29/02", "/root/2026/11/29/02"),
        (4, "2026-11-29/02", "/root/dt=2026-11-29/hour=02"),
        (5, "2026-11-29", "/root/2026/events_29.11.2026_*.parquet"),
        (6, "2026-11-29T07:30:00", "/root/20261129T073000.parquet"),
        (7, "2026-11-29T07:00:00Z", "/root/2026/11/29/07"),
        (8, "north_america/7/true", "/root/north_america_7_true.parquet"),
        (9, "2026/11/29", "/root/2026/11/29"),
        (11, "B%20B/2026-11-29/02", "/root/B B/B B-2026112902.parquet"),
    ],
)
def test_a_key_is_the_canonical_one_and_its_place_is_written_as_the_pattern_says(
    number: int, key: str, place: str
) -> None:
    location = located(number)

    assert location.place(key) == place
    assert read(location, path_of(location, key).replace("*", "0")) == key


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        ("", "a folder or the file has no name"),
        ("{dt:%Y}/", "a folder or the file has no name"),
        ("/{dt}.parquet", "a folder or the file has no name"),
        ("../{dt}.parquet", "a folder or the file has no name"),
        ("*/{dt}.parquet", r"`\*` can only stand in the name of the files"),
        ("{region}{dt:%Y%m%d}.parquet", r"nothing separates \{region\} from \{dt\}"),
        ("{dt:%Y%m%d}{region}.parquet", r"nothing separates \{dt\} from \{region\}"),
        ("{region}*.parquet", r"nothing separates \{region\} from \*"),
        ("**.parquet", r"nothing separates \* from \*"),
        ("{dt:%Y-%q}.parquet", "%q is not known; use %Y %m %d %H %M %S"),
        ("{dt:%Y-%}.parquet", "% is not known"),
        ("{dt:}.parquet", "without a directive"),
        ("{dt:%Y/x/%m}/a.parquet", "without a directive"),
        ("{dt:%Y*}.parquet", "a format has directives and plain text"),
        ("{:%Y}.parquet", "does not name a column"),
        ("{dt.parquet", "`{` has no partner"),
        ("dt}.parquet", "`}` has no partner"),
        ("part-?.parquet", r"'\?' has no meaning here"),
        ("part-[0-9].parquet", r"'\[' has no meaning here"),
    ],
)
def test_a_wrong_pattern_says_what_is_wrong_and_shows_a_right_one(pattern: str, what: str) -> None:
    with pytest.raises(ValueError, match=what) as raised:
        parse_pattern(pattern)

    example = re.findall(r"\{\w+:%Y[^}]*\}", str(raised.value))
    assert example
    parse_pattern(example[-1])


@pytest.mark.parametrize("pattern", ["{dt:%Y%m%d}{hour:%H}.parquet", "events{dt:%Y%m%d}*", "x.parquet", "*"])
def test_digits_of_one_width_need_no_text_between_them(pattern: str) -> None:
    assert parse_pattern(pattern).text == pattern


@pytest.mark.parametrize(
    ("pattern", "kind", "what"),
    [
        ("{dt:%Y/%m}/*", "DATE", r"\{dt:%Y/%m\} does not determine the day: %d is missing; write .*\{dt:%Y-%m-%d\}"),
        ("{dt:%H}/*", "TIMESTAMP", "%Y and %m and %d is missing"),
        ("{dt:%Y%m%d%H}/*", "DATE", r"a date has no %H; .*\{hour:%H\}"),
        ("{dt:%Y%m%d%M}/*", "TIMESTAMP", "has %M without %H"),
        ("{dt:%Y/%m/%d}/*", "VARCHAR", "must be a date or a timestamp; set its logicalType to date"),
        ("{dt:%Y-%m}/*", "INTEGER", r"is not a number; .*\{dt:%Y%m%d\}"),
        ("{dt:%Y}/*", "BOOLEAN", r"has no date or time; write \{dt\}"),
        ("{dt}/{dt:%Y%m%d}.parquet", "DATE", "two forms of one value"),
    ],
)
def test_a_format_that_does_not_determine_a_value_of_the_column_is_refused(pattern: str, kind: str, what: str) -> None:
    why = why_unfit(Segment(name="dt", type=kind), parse_pattern(pattern).fields("dt"))

    assert why
    assert re.search(what, why)


@pytest.mark.parametrize(("pattern", "types"), LAYOUTS)
def test_every_layout_of_these_tests_fits_its_types(pattern: str, types: dict[str, str]) -> None:
    location = a_patterned_location(pattern, **types)

    assert [why_unfit(segment, parse_pattern(pattern).fields(segment.name)) for segment in location.segments] == [
        None for _ in location.segments
    ]


def test_a_name_that_can_be_read_in_two_ways_is_refused() -> None:
    (level,) = parse_pattern("{region}_{city}.parquet").levels

    with pytest.raises(Ambiguous):
        read_name(level, "a_b_c.parquet", {})
    assert read_name(level, "a_b.parquet", {}) == {Field(name="region"): "a", Field(name="city"): "b"}


def test_a_date_decides_where_the_text_before_it_ends() -> None:
    (level,) = parse_pattern("{region}_{dt:%Y%m%d}.parquet").levels

    found = read_name(level, "north_america_20261129.parquet", {})

    assert found is not None
    assert list(found.values()) == ["north_america", "20261129"]


@pytest.mark.parametrize("path", ["2025/events_29.11.2026_1.parquet", "2026/events_31.02.2026_1.parquet"])
def test_a_path_whose_date_does_not_exist_or_contradicts_itself_has_no_key(path: str) -> None:
    with pytest.raises(MalformedPartitionKey):
        read(located(5), path)


@pytest.mark.parametrize(
    ("number", "key", "what"),
    [
        (2, "A%2FA/2026-11-29", "cannot be part of a name"),
        (2, "%2E%2E/2026-11-29", "no folder can have this name"),
        (7, "2026-11-29T07:30:00Z", "is more exact than the pattern"),
        (1, "__HIVE_DEFAULT_PARTITION__", "does not have the form %Y%m%d"),
        (10, "2026-11/1.50", "does not have the form %Y%m"),
        (9, "2026/13/01", "does not have the form %m"),
    ],
)
def test_a_key_that_no_path_can_have_is_refused(number: int, key: str, what: str) -> None:
    with pytest.raises(MalformedPartitionKey, match=what):
        located(number).key(key)


def test_a_value_has_one_spelling_in_a_path() -> None:
    location = a_patterned_location("{n}/*.parquet", n="INTEGER")

    with pytest.raises(MalformedPartitionKey, match="'07' is spelled '7' here"):
        read(location, "07/x.parquet")
    assert read(a_patterned_location("{region}/*"), "B%20B/x") == "B%2520B"


def test_a_name_that_is_not_utf_8_is_refused() -> None:
    name = b"\xff".decode(errors="surrogateescape")  # as Python lists it

    with pytest.raises(MalformedPartitionKey, match="is not UTF-8; rename it"):
        read(a_patterned_location("{region}/*"), f"{name}/x")


@pytest.mark.parametrize(
    ("pattern", "above", "first"),
    [
        ("events_{dt:%Y%m%d}.parquet", {}, "events_20261031"),
        ("{dt:%Y}/x", {}, "2026"),
        ("{dt:%m}/x", {"%Y": "2026"}, "10"),
        ("{dt:%m}/x", {"%Y": "2027"}, ""),
        ("{dt:%d}/x", {"%Y": "2026", "%m": "10"}, "31"),
        ("{dt:%d}/x", {"%Y": "2026", "%m": "11"}, ""),
        ("{dt}/x", {}, "2026-10-31"),
        ("{dt:%d%m%Y}/x", {}, ""),
        ("{region}_{dt:%Y%m%d}/x", {}, ""),
        ("{region}/x", {}, ""),
    ],
)
def test_a_listing_begins_with_the_first_day_where_the_names_are_in_order_of_days(
    pattern: str, above: dict[str, str], first: str
) -> None:
    texts = {Field(name="dt", format=directive): digits for directive, digits in above.items()}

    assert first_name(parse_pattern(pattern).levels[0], texts, {"dt": "DATE"}, "2026-10-31").first == first


def test_a_day_is_known_as_far_as_the_path_names_it() -> None:
    whole, year, month = Field(name="dt"), Field(name="dt", format="%Y"), Field(name="dt", format="%m")

    assert known_day({whole: "2026-11-29"}) == "2026-11-29"
    assert known_day({year: "2026", month: "11"}) == "2026-11"
    assert known_day({month: "11"}) == ""


def test_texts_are_written_where_they_were_read() -> None:
    location = located(11)
    assert location.layout is not None

    texts = field_texts(location.layout, location.segments, location.parts("EU/2026-11-29/02"))

    assert [write_name(level, texts) for level in location.layout.levels] == ["EU", "EU-2026112902.parquet"]
    assert date(2026, 11, 29) == location.segments[1].order("2026-11-29")[1]
