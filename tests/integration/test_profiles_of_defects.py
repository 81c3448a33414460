"""Profiles of Parquet files with defects: what is far, rare or doubled is told from what the other rows are like."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from partition_gate.adapters.profiling.partitions import Profiled, profile_partitions
from partition_gate.adapters.profiling.references import containment
from partition_gate.contracts.drafting.profile import ColumnProfile, FarValues, NearKey

ROWS = 1000
MOMENT = datetime(2026, 11, 1, tzinfo=UTC)


def profiled(folder: Path, columns: Mapping[str, Any]) -> Profiled:
    path = folder / "part-0.parquet"
    pq.write_table(pa.table(dict(columns)), path)
    return profile_partitions([[path]])


def the_column(folder: Path, values: list[Any], *, kind: Any = None, name: str = "v") -> ColumnProfile:
    [column] = profiled(folder, {name: pa.array(values, kind)}).columns
    return column


def with_last(values: list[Any], *last: Any) -> list[Any]:
    return [*values[: len(values) - len(last)], *last]


DISTANCES = [80 + number * 37 % 4900 for number in range(ROWS)]
DAYS = [date(2026, 11, 1) + timedelta(days=number % 7) for number in range(ROWS)]
MOMENTS = [MOMENT + timedelta(minutes=number) for number in range(ROWS)]


@pytest.mark.parametrize(
    ("values", "kind", "limit", "nearest"),
    [
        (with_last(DISTANCES, -999999), pa.int64(), 80, -999999),
        (with_last(DISTANCES, -999999.0), pa.float64(), 80.0, -999999.0),
        (with_last(DISTANCES, -999999), pa.decimal128(10, 2), 80.0, -999999.0),
        (with_last(DAYS, date(1900, 1, 1)), pa.date32(), "2026-11-01", "1900-01-01"),
        (
            with_last(MOMENTS, datetime(1900, 1, 1, tzinfo=UTC)),
            pa.timestamp("us", tz="UTC"),
            "2026-11-01T00:00:00+00:00",
            "1900-01-01T00:00:00+00:00",
        ),
    ],
)
def test_one_value_far_below_all_others_is_told_from_them(
    tmp_path: Path, values: list[Any], kind: Any, limit: object, nearest: object
) -> None:
    column = the_column(tmp_path, values, kind=kind)

    assert column.far_below == FarValues(limit=limit, nearest=nearest, rows=1)
    assert column.far_above is None


def test_values_far_above_are_counted_from_the_nearest_on(tmp_path: Path) -> None:
    column = the_column(tmp_path, with_last(DISTANCES, 99999, 99999, 10**9))

    assert column.far_above is not None
    assert (column.far_above.nearest, column.far_above.rows) == (99999, 3)


@pytest.mark.parametrize(
    "values",
    [
        with_last(DISTANCES, 12000),
        [1.02**number for number in range(ROWS)],
        [0] * (ROWS - 1) + [10**6],
        [*DISTANCES[:18], 10**9],
        with_last(DISTANCES, *[10**9] * 11),
        [1.0, float("inf")] * 500,
    ],
    ids=["within reach", "a long tail", "all others are one value", "few rows", "more than rare", "infinite"],
)
def test_the_longest_of_many_is_not_far(tmp_path: Path, values: list[Any]) -> None:
    column = the_column(tmp_path, values)

    assert (column.far_below, column.far_above) == (None, None)


@pytest.mark.parametrize("count", [0, 1])
def test_files_with_hardly_any_row_have_a_profile_without_guesses(tmp_path: Path, count: int) -> None:
    columns = {"id": pa.array([1, 2][:count], pa.int64()), "note": pa.array(["x"] * count, pa.string())}
    found = profiled(tmp_path, columns)

    assert (found.row_counts, found.key, [column.far_below for column in found.columns]) == ((count,), (), [None] * 2)


def test_the_values_of_a_list_are_counted_the_most_frequent_first(tmp_path: Path) -> None:
    column = the_column(tmp_path, with_last(["open", "sent", "open"] * 334, None, "opne"))

    assert [(each.value, each.rows) for each in column.values] == [("open", 667), ("sent", 333), ("opne", 1)]
    assert column.null_count == 1


@pytest.mark.parametrize(
    ("name", "values", "duplicates"),
    [
        ("order_id", with_last(list(range(ROWS)), 0, 0), 3),
        ("order_id", with_last(list(range(ROWS)), None), 0),
        ("order_id", list(range(ROWS)), None),
        ("order_id", [number % 900 for number in range(ROWS)], None),
        ("amount", with_last(list(range(ROWS)), 0, 0), None),
    ],
)
def test_the_few_duplicates_of_what_is_called_a_key_are_counted(
    tmp_path: Path, name: str, values: list[Any], duplicates: int | None
) -> None:
    assert the_column(tmp_path, values, name=name).duplicate_rows == duplicates


PAIRS = [(order, line) for order in range(ROWS // 2) for line in (1, 2)]
LINES = {"line": [line for _, line in PAIRS], "order_id": [order for order, _ in PAIRS]}


def test_every_shortest_key_is_found_the_likeliest_first(tmp_path: Path) -> None:
    doubled = [order * 10 + line for order, line in PAIRS]
    found = profiled(
        tmp_path, LINES | {"half": [each // 20 for each in doubled], "rest": [n % 50 for n in range(ROWS)]}
    )

    assert found.key == ("order_id", "line")
    assert set(found.other_keys) == {("order_id", "rest"), ("half", "rest")}


def test_a_counter_with_few_values_is_found_among_many_columns(tmp_path: Path) -> None:
    others = {f"v{width}": [number % width for number in range(ROWS)] for width in range(90, 110)}

    found = profiled(tmp_path, others | LINES)

    assert found.key == ("order_id", "line")


def test_a_single_column_that_is_called_a_key_is_chosen_before_the_others(tmp_path: Path) -> None:
    columns = {"seen_at": MOMENTS, "email": [f"p{n}@example.org" for n in range(ROWS)], "user_id": list(range(ROWS))}

    found = profiled(tmp_path, columns)

    assert (found.key, found.unique) == (("user_id",), ("user_id", "email", "seen_at"))


def test_duplicates_of_a_key_are_not_hidden_by_any_other_column(tmp_path: Path) -> None:
    found = profiled(tmp_path, {"order_id": with_last(list(range(ROWS)), 0), "amount": DISTANCES, "seen_at": MOMENTS})

    assert (found.key, found.near_key) == ((), None)


def test_duplicates_of_a_key_are_not_hidden_by_a_second_column(tmp_path: Path) -> None:
    columns = {"order_id": with_last(list(range(ROWS)), 0), "amount": [number % 90 for number in range(ROWS)]}

    assert profiled(tmp_path, columns).key == ()


def test_a_key_whose_second_column_counts_within_the_first_stays_a_key(tmp_path: Path) -> None:
    found = profiled(tmp_path, {"order_id": with_last(list(range(ROWS)), 0), "line": with_last([1] * ROWS, 2)})

    assert found.key == ("order_id", "line")


def test_rows_that_came_twice_leave_columns_that_are_nearly_a_key(tmp_path: Path) -> None:
    twice = {name: with_last(values, *values[:3]) for name, values in LINES.items()}

    found = profiled(tmp_path, twice)

    assert (found.key, found.near_key) == ((), NearKey(columns=("order_id", "line"), duplicate_rows=6))


def test_the_rows_without_a_parent_are_counted_and_nulls_are_not(tmp_path: Path) -> None:
    pq.write_table(pa.table({"c": pa.array([1, 1, 2, 3, 3, None], pa.int64())}), tmp_path / "children.parquet")
    pq.write_table(pa.table({"id": pa.array([1, 1, 2, None], pa.int32())}), tmp_path / "parents.parquet")

    found = containment([tmp_path / "children.parquet"], "c", within=[tmp_path / "parents.parquet"], key="id")

    assert (found.values, found.rows, found.orphans) == (3, 5, 2)
