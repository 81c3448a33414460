"""Partition keys and patterns of paths: any text as a key, as a folder, as a pattern and as a name that it reads."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import strategies as st
from tests.fuzz.target import Target

from partition_gate.core.errors import MalformedPartitionKey
from partition_gate.core.partition import Location
from partition_gate.core.partition_key import NULL, Segment, stored_values
from partition_gate.core.path_pattern import (
    Ambiguous,
    PathPattern,
    begins_and_ends,
    first_name,
    known_day,
    parse_pattern,
    read_name,
)
from partition_gate.core.path_values import part_of, why_unfit

_TYPES = (
    *("VARCHAR", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UINTEGER", "HUGEINT", "BOOLEAN", "DATE", "TIMESTAMP"),
    *("TIMESTAMP WITH TIME ZONE", "DECIMAL(10,2)", "DECIMAL(38,38)", "DECIMAL(38,0)", "DECIMAL(1,0)", "DECIMAL(0,0)"),
    *("DOUBLE", "BLOB", "STRUCT(a INTEGER)", "DECIMAL(99,1)", "", "\u0661"),
)
_NAMES = ("dt", "day", "hour", "month", "year", "region", "a b", "é", "x" * 250)
_VALUES = (
    *(
        NULL,
        "2026-01-31",
        "0000-01-01",
        "9999-12-31",
        "2026-1-5",
        "20260105",
        "2026-01-31T07:00:00Z",
        "2026-01-31 07:00",
    ),
    *(
        "9999-12-31T23:59:59.999999-14",
        "0001-01-01T00:00:00+14:00",
        "2026-01-31T24:00:00",
        "2026-01-31T07:60",
        "true",
        "TRUE",
    ),
    *(
        "07",
        "007",
        "-0",
        "-1",
        "9" * 40,
        "1.50",
        "-1.5",
        ".5",
        "1e3",
        "NaN",
        "%",
        "%2",
        "%2F",
        "%00",
        "%FF",
        "%C3%28",
        ".",
    ),
    *("..", "%2E%2E", "~", "a=b", "a/b", "a b", "\0", "\u202e", "\u0661\u0662", "\ud800", "é", "e\u0301", "x" * 201),
)
_texts = st.text(st.characters(), max_size=12) | st.sampled_from(_VALUES)
_joined = st.lists(_texts, max_size=3).map("".join)
_segments = st.builds(Segment, name=st.sampled_from(_NAMES), type=st.sampled_from(_TYPES))
_pieces = (
    *("{dt}", "{dt:%Y}", "{dt:%m}", "{dt:%d}", "{dt:%Y-%m-%d}", "{dt:%Y%m%d}", "{dt:%Y/%m/%d}", "{dt:%H}", "{hour:%H}"),
    *(
        "{hour}",
        "{region}",
        "{region}",
        "{n}",
        "{year:%Y}",
        "*",
        "/",
        "/",
        "_",
        "-",
        ".",
        "part-",
        ".parquet",
        "..",
        "{",
    ),
    *("}", "{}", "{:}", "{dt:}", "{dt:%}", "{dt:%Q}", "{dt:x}", "{a/b}", "%", "?", "[", "\\", "é", "=", "dt="),
)
_pattern_texts = st.lists(st.sampled_from(_pieces) | st.text(max_size=2), max_size=9).map("".join)
_pieces_of_names = (
    "2026",
    "01",
    "31",
    "20260131",
    "2026-01-31",
    "00",
    "99",
    "a",
    "_",
    "-",
    ".parquet",
    "part-",
    "7",
    NULL,
)
_file_names = st.lists(st.sampled_from(_pieces_of_names) | _texts, max_size=6).map("".join)


def check_segment(given: tuple[Segment, str]) -> None:
    """A text is a part of a key or refused; a part is canonical, and each of its spellings is read as that part."""
    segment, text = given
    segment.is_canonical(text)
    with suppress(MalformedPartitionKey):
        segment.landed_part(text)
    try:
        part = segment.part(text)
    except MalformedPartitionKey:
        return
    _require(segment.part(part) == part, "a part is not canonical")
    _require({"/", "\0"}.isdisjoint(part) and part not in {"", ".", ".."} and part.isascii(), "no folder, no URL")
    for spelling in segment.spellings(part):
        _require(segment.landed_part(spelling) == part, f"{spelling!r} is not read as its part")
    segment.timestamp(part)
    _require(segment.order(part) == segment.order(part), "a part is not equal to itself")
    stored_values("t", [segment], [part])


def check_key(given: tuple[list[Segment], str]) -> None:
    """A key of a location is read or refused; a canonical one has folders, values and an order."""
    segments, text = given
    _check_location(Location(root="s3://landing/orders", segments=tuple(segments), pattern="*.parquet"), text)


def check_pattern(given: tuple[str, dict[str, str], list[str], str]) -> None:
    """A pattern is read or refused with a sentence; a name fits a level, does not, or is ambiguous."""
    text, types, names, key = given
    try:
        pattern = parse_pattern(text)
    except ValueError as error:
        _require(bool(str(error)), "refused without a sentence")
        return
    segments = tuple(Segment(name=name, type=types.get(name, "VARCHAR")) for name in pattern.names)
    if all(why_unfit(segment, pattern.fields(segment.name)) is None for segment in segments):
        _read_names(pattern, segments, names, {segment.name: segment.type for segment in segments})
        _check_location(Location(root="/landing", segments=segments, pattern=text, layout=pattern), key)


def _read_names(pattern: PathPattern, segments: tuple[Segment, ...], names: list[str], kinds: dict[str, str]) -> None:
    texts: dict[Any, str] = {}
    for level, name in zip(pattern.levels, names, strict=False):
        begins_and_ends(level, name)
        first_name(level, texts, kinds, "2026-11-29")
        try:
            read = read_name(level, name, kinds)
        except Ambiguous:
            return
        if read is None:
            return
        texts |= read
        known_day(texts)
    for segment in segments:
        fields = pattern.fields(segment.name)
        if texts.keys() >= set(fields):
            with suppress(MalformedPartitionKey):
                part = part_of(segment, fields, texts)
                _require(segment.part(part) == part, "a path has a part that is not canonical")


def _check_location(location: Location, text: str) -> None:
    try:
        key = location.key(text)
        _require(location.key(key) == key, "a key is not canonical")
        location.values(key)
        location.order(key)
        _require(location.folder(key) == location.folders(key)[0], "the first folder is not the canonical one")
        location.files(key)
        location.place(key)
    except MalformedPartitionKey as error:
        _require(bool(str(error)), "refused without a sentence")


def _require(holds: bool, what: str) -> None:  # noqa: FBT001
    if not holds:
        raise AssertionError(what)


_keys = st.lists(_texts, max_size=4).map("/".join)
_of_names = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(_TYPES) for name in ("dt", "hour", "region", "n", "year")}
)
TARGETS = (
    Target("parts of keys", st.tuples(_segments, _joined), check_segment, weight=20),
    Target(
        "keys",
        st.tuples(st.lists(_segments, max_size=3, unique_by=lambda each: each.name), _keys),
        check_key,
        weight=20,
    ),
    Target(
        "patterns of paths",
        st.tuples(_pattern_texts, _of_names, st.lists(_file_names, max_size=4), _keys),
        check_pattern,
        weight=20,
    ),
)
