"""Counters of columns: they add up over partitions, and their values survive text."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from itertools import permutations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from partition_gate.judging.exact_values import as_text, from_text
from partition_gate.judging.profile import ColumnCounters, DistinctSketch, PartitionProfile

DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30, places=8)
EXACT_NUMBERS = st.integers() | DECIMALS
FLOATS = st.floats(allow_nan=False)
TIMES = st.datetimes(timezones=st.just(UTC)).map(lambda time: time.replace(fold=0))
EXTREMES = EXACT_NUMBERS | FLOATS | st.dates() | TIMES
TOTALS = EXACT_NUMBERS


def a_sketch(values: set[int], hashing: str = "duckdb 2.0.0 BIGINT") -> DistinctSketch:
    registers = bytearray(1024)
    for value in values:
        registers[value % 1024] = max(registers[value % 1024], 1 + value % 54)
    return DistinctSketch(registers=bytes(registers), hashing=hashing)


def exactly(value: object) -> tuple[type, str]:
    return type(value), repr(value)


def counted(rows: list[int | Decimal | None]) -> ColumnCounters:
    """What a scan finds in these rows; a negative number breaks the column's rule."""
    values = [row for row in rows if row is not None]
    return ColumnCounters(
        column="a",
        row_count=len(rows),
        null_count=rows.count(None),
        invalid_count=sum(value < 0 for value in values),
        minimum=min(values, default=None),
        maximum=max(values, default=None),
        total=from_fraction(sum(map(Fraction, values), Fraction(0))) if values else None,
        distinct=a_sketch({int(value) for value in values}),
    )


def from_fraction(total: Fraction) -> int | Decimal:
    return int(total) if total.denominator == 1 else Decimal(f"{int(total * 10**8)}E-8")


sketches = st.builds(a_sketch, st.sets(st.integers(0, 5000), max_size=20), st.sampled_from(["one", "other"]))
counters = st.builds(
    lambda nulls, values, **parts: ColumnCounters(column="a", row_count=nulls + values, null_count=nulls, **parts),
    nulls=st.integers(0, 3),
    values=st.integers(0, 3),
    invalid_count=st.none() | st.integers(0, 9),
    minimum=st.none() | EXTREMES,
    maximum=st.none() | EXTREMES,
    total=st.none() | TOTALS,
    distinct=st.none() | sketches,
)


@given(counters, counters)
def test_uniting_does_not_depend_on_who_comes_first(one, other):
    assert exactly(one.merged(other)) == exactly(other.merged(one))


@given(counters, counters, counters)
def test_uniting_does_not_depend_on_how_partitions_are_grouped(one, two, three):
    assert one.merged(two).merged(three) == one.merged(two.merged(three))


@given(st.lists(st.none() | st.integers()), st.lists(st.none() | st.integers()))
def test_the_counters_of_two_partitions_are_those_of_their_rows_together(one, other):
    assert exactly(counted(one).merged(counted(other))) == exactly(counted(one + other))


@given(st.lists(st.none() | EXACT_NUMBERS), st.lists(st.none() | EXACT_NUMBERS))
def test_sums_of_decimals_are_exact(one, other):
    assert counted(one).merged(counted(other)).total == counted(one + other).total


@given(EXTREMES)
def test_a_value_comes_back_from_text_exactly(value):
    assert exactly(from_text(*as_text(value))) == exactly(value)


@given(counters)
def test_counters_come_back_from_json_exactly(one):
    assert exactly(ColumnCounters.model_validate_json(one.model_dump_json())) == exactly(one)
    assert exactly(ColumnCounters.model_validate(one.model_dump(mode="json"))) == exactly(one)


VALUES = [1, 2**100, -1, 1.0, -0.0, float("-inf"), 0.1, Decimal("1.10"), Decimal("-0"), date(2013, 1, 2)]


@pytest.mark.parametrize("value", [*VALUES, datetime(2013, 1, 2, tzinfo=UTC)], ids=repr)
def test_a_value_keeps_its_type(value):
    one = ColumnCounters(column="a", row_count=1, null_count=0, minimum=value)

    assert exactly(one.minimum) == exactly(value)
    assert exactly(ColumnCounters.model_validate_json(one.model_dump_json()).minimum) == exactly(value)


def test_a_time_is_kept_in_utc():
    noon = datetime(2013, 1, 2, 12, tzinfo=timezone(timedelta(hours=2)))
    one = ColumnCounters(column="a", row_count=1, null_count=0, minimum=noon)

    assert exactly(one.minimum) == exactly(datetime(2013, 1, 2, 10, tzinfo=UTC))


REFUSED = [
    ({"minimum": True}, "bool is not a number, a date or a time"),
    ({"minimum": "b"}, "str is not a number, a date or a time"),
    ({"minimum": float("nan")}, "NaN cannot be compared"),
    ({"minimum": Decimal("NaN")}, "NaN cannot be compared"),
    ({"minimum": datetime(2013, 1, 2)}, "no time zone"),  # noqa: DTZ001
    ({"minimum": {"text": "b"}}, "'text' is not a kind of value"),
    ({"minimum": {"decimal": "b"}}, "'b' is not a valid decimal"),
    ({"total": date(2013, 1, 2)}, "date is not a number"),
    ({"total": float("inf")}, "sum is infinite"),
    ({"null_count": 2}, "column a: 2 nulls in only 1 rows"),
    ({"row_count": -1}, "greater than or equal to 0"),
    ({"distinct": {"registers": bytes(1023), "hashing": "x"}}, "1024 bytes of 0 to 55"),
    ({"distinct": {"registers": bytes([56, *bytes(1023)]), "hashing": "x"}}, "1024 bytes of 0 to 55"),
]


@pytest.mark.parametrize(("part", "why"), REFUSED)
def test_what_cannot_be_counted_is_refused(part, why):
    with pytest.raises(ValidationError, match=why):
        ColumnCounters(**{"column": "a", "row_count": 1, "null_count": 0, **part})


def test_what_one_side_lacks_is_lacking():
    counted_in_full = counted([1, 2])
    lacking = ColumnCounters(column="a", row_count=1, null_count=0)

    assert counted_in_full.merged(lacking) == ColumnCounters(column="a", row_count=3, null_count=0)


def test_a_side_without_a_value_adds_none():
    nothing = ColumnCounters(column="a", row_count=2, null_count=2, invalid_count=0)

    merged = counted([1, 2]).merged(nothing)

    assert (merged.row_count, merged.null_count, merged.invalid_count) == (4, 2, 0)
    assert (merged.minimum, merged.maximum, merged.total) == (1, 2, 3)
    assert merged.distinct == counted([1, 2]).distinct


EQUAL = (1, 1.0, Decimal("1.00"), Decimal(1))


@pytest.mark.parametrize(("one", "other"), list(permutations(EQUAL, 2)), ids=repr)
def test_of_equal_values_the_same_is_kept_whoever_comes_first(one, other):
    first, second = (
        ColumnCounters(column="a", row_count=1, null_count=0, minimum=value, maximum=value) for value in (one, other)
    )

    assert exactly(first.merged(second)) == exactly(second.merged(first))


def test_values_that_cannot_be_compared_have_no_extreme():
    number, day = (
        ColumnCounters(column="a", row_count=1, null_count=0, minimum=value, maximum=value)
        for value in (1, date(2013, 1, 2))
    )

    assert (number.merged(day).minimum, number.merged(day).maximum) == (None, None)


def test_a_sum_beyond_a_float_is_lacking():
    huge = ColumnCounters(column="a", row_count=1, null_count=0, total=1e308)

    assert huge.merged(huge).total is None


def test_sketches_of_another_hashing_do_not_unite():
    assert a_sketch({1}, "one").merged(a_sketch({1}, "other")) is None


def test_a_column_of_one_side_keeps_the_rows_in_which_it_was_there():
    def of(column: str) -> ColumnCounters:
        return ColumnCounters(column=column, row_count=2, null_count=1)

    before = PartitionProfile(row_count=2, columns=(of("a"), of("b")))
    after = PartitionProfile(row_count=2, columns=(of("c"), of("b")))

    merged = before.merged(after)

    assert merged.row_count == 4
    assert [(c.column, c.row_count, c.null_count) for c in merged.columns] == [("a", 2, 1), ("b", 4, 2), ("c", 2, 1)]


@pytest.fixture(scope="module")
def duck():
    with duckdb.connect() as connection:
        yield connection


def counted_by_duckdb(duck: duckdb.DuckDBPyConnection, values: str) -> tuple[DistinctSketch, int]:
    """The registers and DuckDB's own estimate of the values of a query's column `x`."""
    relation = duck.sql(values)
    counts = "SELECT approx_count_distinct(x) EXPORT_STATE, approx_count_distinct(x) FROM t"
    found = relation.query("t", counts)
    assert found is not None
    state, estimate = found.fetchall()[0]
    assert state["precision"] == 10
    return DistinctSketch(registers=bytes(state["registers"]), hashing="duckdb BIGINT"), estimate


@pytest.mark.parametrize("cardinality", [0, 1, 2, 10, 100, 500, 1000, 2000, 5000, 10_000, 100_000, 1_000_000])
@pytest.mark.parametrize("value", ["i", "'text ' || i", "i / 7.0"])
def test_the_estimate_is_duckdbs(duck, cardinality, value):
    sketch, estimate = counted_by_duckdb(duck, f"FROM range({cardinality}) t(i) SELECT {value} AS x")

    assert sketch.estimate() == estimate


def test_united_registers_are_those_of_the_values_together(duck):
    one, _ = counted_by_duckdb(duck, "FROM range(0, 3000) t(x)")
    other, _ = counted_by_duckdb(duck, "FROM range(2000, 7000) t(x)")
    together, estimate = counted_by_duckdb(duck, "FROM range(0, 7000) t(x)")

    merged = one.merged(other)
    assert merged == together
    assert merged is not None
    assert merged.estimate() == estimate == pytest.approx(7000, rel=0.1)


REGISTERS = {
    "half of them full": [55, 3] * 512,
    "one in eight full": [55, 1, 2, 3, 4, 5, 6, 7] * 128,
    "full and empty ones": [55, 0] * 512,
    "nearly all full": [55] * 1000 + [45] * 24,
    "all met": [9] * 1024,
    "all ranks": [number % 56 for number in range(1024)],
}


@pytest.mark.parametrize("registers", REGISTERS.values(), ids=REGISTERS)
def test_the_estimate_of_any_registers_is_duckdbs(duck, registers):
    duck.execute(
        "CREATE OR REPLACE TEMP TABLE sketches AS SELECT approx_count_distinct(x) EXPORT_STATE AS s FROM range(0) t(x)"
    )
    duck.execute("INSERT INTO sketches VALUES ({'precision': 10, 'registers': $registers})", {"registers": registers})
    (estimate,) = duck.execute("SELECT finalize(s) FROM sketches WHERE finalize(s) > 0").fetchone()

    assert DistinctSketch(registers=bytes(registers), hashing="x").estimate() == pytest.approx(estimate, rel=1e-12)


def test_full_registers_still_have_an_estimate():
    assert DistinctSketch(registers=bytes([55] * 1024), hashing="x").estimate() == 2**64
