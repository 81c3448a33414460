"""Every type of column is judged as Great Expectations judges it on pandas, or differs for a stated reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from tests.integration.gx_parity import Case, Cases, Seen, differences, on_duckdb, on_pandas

NEW_YEAR, NEW_YEAR_UTC = datetime(2024, 1, 1), datetime(2024, 1, 1, tzinfo=UTC)  # noqa: DTZ001 (naive is the point)
SUMMER = datetime(2024, 3, 31, 1, 30, tzinfo=UTC)  # an hour that Berlin's clocks skip
WINTER = datetime(2024, 10, 27, 0, 30, tzinfo=UTC)  # 02:30 in Berlin, and an hour later 02:30 again
LARGE = Decimal("12345678901234567890.123456789")


def _money(*texts: str | None) -> pa.Array:
    return pa.array([None if text is None else Decimal(text) for text in texts], pa.decimal128(10, 2))


ROWS = pa.table(
    {
        "money": _money("1.10", "2.25", None, "-3.00", "0.00", "2.25", "99999999.99", "2.26"),
        "paid": _money("1.10", "2.20", None, "-3.00", "1.00", "2.25", "99999999.99", None),
        "large": pa.array(
            [LARGE, LARGE - Decimal("1e-9"), None, *map(Decimal, ("0", "-1", "1", "2")), LARGE], pa.decimal128(38, 9)
        ),
        "at": pa.array(
            [NEW_YEAR_UTC, SUMMER, None, WINTER, WINTER + timedelta(hours=1), NEW_YEAR_UTC, SUMMER, SUMMER],
            pa.timestamp("us", "Europe/Berlin"),
        ),
        "naive": pa.array(
            [NEW_YEAR, NEW_YEAR + timedelta(days=90), None, NEW_YEAR, NEW_YEAR.replace(year=1900), *[NEW_YEAR] * 3],
            pa.timestamp("us"),
        ),
        "nanos": pa.array([1, 2, None, 2**62, -1, 1, 0, 1], pa.timestamp("ns")),
        "day": pa.array([date(2024, 1, i) if i else None for i in (1, 29, 0, 3, 4, 1, 31, 29)]),
        "hour": pa.array([time(i) if i else None for i in (1, 23, 0, 12, 12, 6, 2, 3)], pa.time64("us")),
        "flag": pa.array([True, False, None, True, True, False, None, True]),
        "single": pa.array([0.5, 0.25, None, 1.5, 0.5, -2.5, 3.25, 0.75], pa.float32()),
        "tenth": pa.array([0.1, 0.2, None, 1.5, 0.1, -2.5, 3.25, 0.3], pa.float32()),
        "huge": pa.array([0, 2**64 - 1, None, 1, 2, 3, 2, 4], pa.uint64()),
        "tiny": pa.array([-128, 127, None, 0, 1, 2, 1, 3], pa.int8()),
        "word": ["é", "é", None, "日本", "", "\u200b", "ß", "SS"],
        "pair": [{"a": 1, "b": "x"}, {"a": None, "b": "y"}, None, {"a": 3, "b": None}, *[{"a": 1, "b": "x"}] * 4],
        "list": [[1, 2], [], None, [None], [1, 2], [3], [4, 5, 6], [7]],
        "binary": [b"a", b"\xff", None, b"", b"a", b"b", b"c", b"d"],
    }
)
BATCHES = {"mixed": ROWS, "empty": ROWS.slice(0, 0), "one": ROWS.slice(0, 1), "null": ROWS.slice(2, 1)}
NUMBERS = ("money", "large", "single", "tenth", "huge", "tiny", "flag")
BOUNDS: dict[str, tuple[Any, Any]] = {
    "money": (Decimal("0"), Decimal("2.25")),
    "at": (NEW_YEAR_UTC, WINTER),
    "naive": (NEW_YEAR, NEW_YEAR + timedelta(days=31)),
    "day": (date(2024, 1, 2), date(2024, 1, 29)),
    "single": (0.25, 1.5),
    "tenth": (0.1, 1.5),
    "huge": (1, 2**63),
    "tiny": (-127, 2),
    "flag": (0, 1),
}
NESTED = ("pair", "list")


def _of_column(name: str) -> Iterator[Case]:
    yield "column_values_to_not_be_null", {}
    yield "column_values_to_be_null", {}
    yield "column_values_to_be_unique", {}
    yield "column_values_to_be_increasing", {}
    yield "column_values_to_be_decreasing", {"strictly": True}
    yield "column_proportion_of_non_null_values_to_be_between", {"min_value": 0.5}
    yield "column_proportion_of_unique_values_to_be_between", {"min_value": 0.5}
    yield "column_unique_value_count_to_be_between", {"min_value": 1, "max_value": 5}
    if name in BOUNDS:
        low, high = BOUNDS[name]
        yield "column_values_to_be_between", {"min_value": low, "max_value": high}
        yield (
            "column_values_to_be_between",
            {"min_value": low, "max_value": high, "strict_min": True, "strict_max": True},
        )
        yield "column_max_to_be_between", {"min_value": low, "max_value": high}
        yield "column_min_to_be_between", {"min_value": low, "max_value": high}
    if name not in NESTED and name != "binary":
        yield from _of_sets([value for value in ROWS.column(name).to_pylist() if value is not None])
    if name in NUMBERS:
        yield from _of_numbers(name)
    if name in ("word", "list", "binary"):
        yield "column_value_lengths_to_be_between", {"min_value": 1, "max_value": 2}
        yield "column_value_lengths_to_equal", {"value": 1}
    if name == "word":
        for pattern in ("^[é日]", "(?i)ss", ".", r"^\w+$"):
            yield "column_values_to_match_regex", {"regex": pattern}


def _of_sets(values: list[Any]) -> Iterator[Case]:
    for kind in ("column_values_to_be_in_set", "column_values_to_not_be_in_set", "column_distinct_values_to_be_in_set"):
        yield kind, {"value_set": values[:3]}
    yield "column_distinct_values_to_contain_set", {"value_set": values[:3]}
    yield "column_distinct_values_to_equal_set", {"value_set": values}
    yield "column_most_common_value_to_be_in_set", {"value_set": values, "ties_okay": True}


def _of_numbers(name: str) -> Iterator[Case]:
    for part in ("mean", "median", "sum", "stdev"):
        yield f"column_{part}_to_be_between", {"min_value": -100, "max_value": 2**66}
    yield "column_value_z_scores_to_be_less_than", {"threshold": 1.5, "double_sided": True}
    yield "column_values_to_not_be_outliers", {"method": "iqr", "multiplier": 1.5}
    yield "column_values_to_not_be_outliers", {"method": "std", "multiplier": 1.0}
    values = ROWS.column(name).to_pylist()[:2]
    yield (
        "column_kl_divergence_to_be_less_than",
        {"partition_object": {"values": values, "weights": [0.5, 0.5]}, "threshold": 5},
    )


def _of_pairs() -> Iterator[Case]:
    for ignored in ("both_values_are_missing", "either_value_is_missing"):
        for a, b in (("money", "paid"), ("day", "day"), ("naive", "naive"), ("tiny", "huge")):
            pair = {"column_A": a, "column_B": b, "ignore_row_if": ignored}
            yield "column_pair_values_a_to_be_greater_than_b", {**pair, "or_equal": True}
            yield "column_pair_values_to_be_equal", pair
    moneys = [[Decimal("1.10"), Decimal("1.10")], [Decimal("2.25"), Decimal("2.25")]]
    yield "column_pair_values_to_be_in_set", {"column_A": "money", "column_B": "paid", "value_pairs_set": moneys}
    days = [[date(2024, 1, 1), date(2024, 1, 1)]]
    yield "column_pair_values_to_be_in_set", {"column_A": "day", "column_B": "day", "value_pairs_set": days}
    for ignored in ("all_values_are_missing", "any_value_is_missing", "never"):
        for kind in ("compound_columns_to_be_unique", "multicolumn_values_to_be_equal"):
            yield kind, {"column_list": ["money", "paid"], "ignore_row_if": ignored}
        moments = {"column_list": ["at", "naive", "hour"], "ignore_row_if": ignored}
        yield "compound_columns_to_be_unique", moments
        moneys_of_a_row = {"column_list": ["money", "paid"], "ignore_row_if": ignored}
        yield "select_column_values_to_be_unique_within_record", moneys_of_a_row
        yield "multicolumn_sum_to_equal", {**moneys_of_a_row, "sum_total": 4.5}


def _cases() -> Cases:
    ofs = [(kind, {"column": name, **kwargs}) for name in ROWS.column_names for kind, kwargs in _of_column(name)]
    every = [*ofs, *_of_pairs()]
    return {f"{i} {_named(kind, kwargs)}": (f"expect_{kind}", kwargs) for i, (kind, kwargs) in enumerate(every)}


def _named(kind: str, kwargs: Any) -> str:
    columns = kwargs.get("column") or "-".join(kwargs.get("column_list") or (kwargs["column_A"], kwargs["column_B"]))
    return f"{columns}: {kind} {kwargs.get('ignore_row_if', '')}{'strict' if 'strict_min' in kwargs else ''}"


CASES = _cases()

# What is different on purpose: (columns, part of the expectation's name) -> its row in the reference.
ORDER, NESTED_VALUES = "Any ordered type can be increasing", "Nested values are compared by content"
SINGLE, EXACT, DOUBLES = "A bound on a FLOAT has single precision", "Whole numbers stay whole", "Aggregates are doubles"
DECIMALS, CLOCKS, BOOLEANS = (
    "Decimals have statistics",
    "Timestamps are compared as instants",
    "A boolean is not a number",
)
BYTES, PATTERNS = "Binary values have no length", "Patterns are RE2's"
DIFFERENCES: dict[tuple[str, str], str] = {
    ("single tenth money large huge tiny flag", "column_sum"): "The sum of no values is unknown",
    ("single tenth money huge tiny flag", "kl_divergence"): "The divergence of no values is unknown",
    ("money-paid", "a_to_be_greater_than_b both"): "A comparison with a null is unknown",
    ("money-paid", "multicolumn_sum"): "A comparison with a null is unknown",
    ("hour word binary", "creasing"): ORDER,
    ("pair list", "creasing"): NESTED_VALUES,
    ("pair list", "unique"): NESTED_VALUES,
    ("list", "lengths"): NESTED_VALUES,
    ("single tenth", "mean"): SINGLE,
    ("single tenth", "stdev"): SINGLE,
    ("tenth", "between strict"): SINGLE,
    ("tenth", "column_sum"): SINGLE,
    ("huge", "distinct_values_to"): EXACT,
    ("large", "most_common"): DOUBLES,
    ("large", "kl_divergence"): DOUBLES,
    ("at", "distinct_values_to"): CLOCKS,
    ("at nanos", "most_common"): CLOCKS,
    ("flag", "column_values_to_be_between"): BOOLEANS,
    ("flag", "mean"): BOOLEANS,
    ("flag", "stdev"): BOOLEANS,
    ("flag", "z_scores"): BOOLEANS,
    ("flag", "outliers"): BOOLEANS,
    ("money large", "mean"): DECIMALS,
    ("money large", "column_sum"): DECIMALS,
    ("money large", "stdev"): DECIMALS,
    ("money large", "z_scores"): DECIMALS,
    ("money large", "outliers"): DECIMALS,
    ("binary", "lengths"): BYTES,
    ("word", "match_regex"): PATTERNS,
}


@cache
def _differences(batch: str) -> dict[str, tuple[Seen, Seen]]:
    """Of all cases on one of the batches; judging them takes half a minute, and two tests need them."""
    with TemporaryDirectory() as folder:
        return differences(on_duckdb(Path(folder), BATCHES[batch], CASES), on_pandas(BATCHES[batch], CASES))


@pytest.mark.parametrize("batch", BATCHES)
def test_every_type_is_judged_as_on_pandas(batch: str) -> None:
    found = _differences(batch)

    assert {name: both for name, both in found.items() if not _reasons(name)} == {}
    assert len(CASES) > 350


def test_every_stated_difference_of_types_is_one() -> None:
    found = {name for batch in BATCHES for name in _differences(batch)}

    assert set(DIFFERENCES) - {reason for name in found for reason in _reasons(name)} == set()


def test_each_difference_of_types_is_in_the_reference() -> None:
    reference = Path("docs/reference/engine.md").read_text()

    assert [sentence for sentence in DIFFERENCES.values() if f"| {sentence} |" not in reference] == []


def test_statistics_of_decimals_are_those_of_the_same_doubles(tmp_path: Path) -> None:
    doubles = ROWS.set_column(0, "money", ROWS["money"].cast(pa.float64()))
    cases = {
        f"{i}": (f"expect_{kind}", {"column": "money", **kwargs})
        for i, (kind, kwargs) in enumerate(_of_numbers("money"))
    }

    assert on_duckdb(tmp_path / "decimals", ROWS, cases) == on_pandas(doubles, cases)


def test_a_decimal_keeps_a_bound_that_reads_the_same(tmp_path: Path) -> None:
    rows, at_most = pa.table({"money": _money("1.10", "1.10", "1.10")}), {"min_value": 1.1, "max_value": 1.1}
    quantiles = {"quantiles": [0.5], "value_ranges": [[1.1, 1.1]]}
    cases = {
        part: (f"expect_column_{part}_to_be_between", {"column": "money", **at_most})
        for part in ("max", "min", "median")
    } | {
        "quantile": ("expect_column_quantile_values_to_be_between", {"column": "money", "quantile_ranges": quantiles}),
        "common": ("expect_column_most_common_value_to_be_in_set", {"column": "money", "value_set": [1.1]}),
        "distinct": ("expect_column_distinct_values_to_equal_set", {"column": "money", "value_set": [1.1]}),
    }

    seen = on_duckdb(tmp_path, rows, cases)

    assert [name for name, one in seen.items() if one is None or not one[0]] == []


def _reasons(case: str) -> list[tuple[str, str]]:
    columns, kind = case.split(" ", 1)[1].split(": ")
    return [key for key in DIFFERENCES if columns in key[0].split() and key[1] in kind]
