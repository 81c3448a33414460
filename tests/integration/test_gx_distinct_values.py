"""A condition judged by a column's distinct values is the condition judged row by row."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partition_gate.adapters.gx.duckdb.dialect import DuckDBDialect
from partition_gate.adapters.gx.duckdb.distinct_values import COUNT, DistinctValues
from partition_gate.adapters.gx.duckdb.parquet_files import read_footers
from partition_gate.adapters.gx.duckdb.scan import Machine, create_view, open_connection
from partition_gate.adapters.gx.duckdb.sql import select
from partition_gate.adapters.gx.validator import DuckDbValidator
from partition_gate.judging.validation import Evaluated, PartitionScan
from partition_gate.testing.scans import a_scan, a_suite, parquet_bytes, some_labels

an_example = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
VALUES = (
    st.none()
    | st.sampled_from(["", "a", "ab", "b", "B", "é", "o'clock", "a\nb", "\x00", "%", "NULL"])
    | st.text(max_size=3)
)
WORD: sa.ColumnClause[str] = sa.column("word", sa.String())
CONDITIONS = {
    "set": WORD.in_(["a", "ab", ""]),
    "no set": sa.and_(WORD.is_not(None), WORD.not_in(["a", "ab", ""])),
    "null": WORD.is_(None),
    "pattern": sa.not_(WORD.bool_op("~")("^[ab]")),
    "length": sa.func.length(WORD) > 1,
    "never": sa.and_(WORD == "a", WORD == "b"),
    "two columns": WORD.op(">")(sa.column("other")),
    "duplicates": WORD.in_(
        sa.select(WORD).select_from(sa.table("unfiltered")).group_by(WORD).having(sa.func.count() > 1)
    ),
    "row by row": WORD.op(">=")(sa.func.lag(WORD).over()),
    "text": sa.and_(WORD != "a", sa.text("other = 'b'")),
    "an error": sa.cast(WORD, sa.Integer) > 0,
}


def to_sql(clause: Any) -> str:
    return str(clause.compile(dialect=DuckDBDialect(), compile_kwargs={"literal_binds": True}))


@given(values=st.lists(VALUES, max_size=60), cut=st.integers(0, 60), kind=st.sampled_from(sorted(CONDITIONS)))
@an_example
def test_a_condition_judged_by_distinct_values_meets_the_same_rows(
    tmp_path: Path, values: list[str | None], cut: int, kind: str
) -> None:
    rows = pa.table({"word": pa.array(values, pa.string()), "other": pa.array(values[::-1], pa.string())})
    scan = a_scan(tmp_path, rows.slice(0, cut), rows.slice(cut))

    with open_connection(Machine()) as connection:
        looked_up = _looked_up(connection, scan, CONDITIONS[kind])
        rows_meeting = _numbers_of(connection, to_sql(CONDITIONS[kind]))

        assert _numbers_of(connection, looked_up.sql(CONDITIONS[kind])) == rows_meeting
        counted = _count(looked_up, CONDITIONS[kind])
        assert counted is None or counted == len(rows_meeting or [])


NUMBER: sa.ColumnClause[float] = sa.column("number", sa.Float())
NUMBER_CONDITIONS = {
    "range": sa.and_(NUMBER.is_not(None), sa.not_(sa.and_(NUMBER >= 0, NUMBER <= 1))),
    "strict": NUMBER > 0.1,
    "set": NUMBER.in_([0, 0.1, 2]),
    "no set": NUMBER.not_in([0, 0.1]),
    "null": NUMBER.is_(None),
    "multiple": sa.func.mod(NUMBER, 2) != 0,
    "equal": NUMBER == 0,
}
NUMBERS = {
    pa.float64(): st.sampled_from([0.0, -0.0, 0.1, 0.30000000000000004, 1e300, math.nan, math.inf, -math.inf]),
    pa.float32(): st.sampled_from([0.0, -0.0, 0.5, 2.0]) | st.floats(width=32),
    pa.int64(): st.integers(-3, 3) | st.sampled_from([2**53 + 1, 2**63 - 1]),
    pa.int8(): st.integers(-3, 3),
}


@given(cases=st.data(), kind=st.sampled_from(list(NUMBERS)), condition=st.sampled_from(sorted(NUMBER_CONDITIONS)))
@an_example
def test_a_condition_on_a_number_meets_the_same_rows(
    tmp_path: Path, cases: st.DataObject, kind: pa.DataType, condition: str
) -> None:
    values = cases.draw(st.lists(st.none() | NUMBERS[kind], max_size=30))
    scan = a_scan(tmp_path, pa.table({"number": pa.array(values, kind)}))

    with open_connection(Machine()) as connection:
        looked_up = _looked_up(connection, scan, NUMBER_CONDITIONS[condition])
        rows_meeting = _numbers_of(connection, to_sql(NUMBER_CONDITIONS[condition]))

        assert looked_up.tables or not values
        assert _numbers_of(connection, looked_up.sql(NUMBER_CONDITIONS[condition])) == rows_meeting
        assert _count(looked_up, NUMBER_CONDITIONS[condition]) in (None, len(rows_meeting or []))


@pytest.mark.parametrize(
    ("values", "expected"),
    [(["a", "b"] * 50, "FALSE"), (["a", "c", None] * 50, '"word" IN (\'c\') OR "word" IS NULL')],
)
def test_the_values_that_meet_a_condition_stand_for_it(tmp_path: Path, values: list[Any], expected: str) -> None:
    scan = a_scan(tmp_path, pa.table({"word": values}))
    condition = sa.or_(WORD.is_(None), WORD.not_in(["a", "b"]))

    with open_connection(Machine()) as connection:
        looked_up = _looked_up(connection, scan, condition)

        assert looked_up.sql(condition) == expected
        assert _count(looked_up, condition) == sum(value not in {"a", "b"} for value in values)


def test_text_without_a_dictionary_is_judged_row_by_row(tmp_path: Path) -> None:
    rows = pa.table({"word": ["a", "b"] * 100})
    scan = a_scan(tmp_path, parquet_bytes(rows), columns={"word": "VARCHAR"})
    condition = sa.func.regexp_matches(WORD, "^b")

    with open_connection(Machine()) as connection:
        looked_up = _looked_up(connection, scan, condition)

        assert looked_up.sql(condition) == to_sql(condition)
        assert _count(looked_up, condition) is None
        assert not looked_up.tables


def test_a_column_of_any_name_can_be_looked_up(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, pa.table({COUNT: ["a", "b"] * 50, "gate": ["x"] * 100}))
    named: sa.ColumnClause[str] = sa.column(COUNT, sa.String())

    with open_connection(Machine()) as connection:
        looked_up = _looked_up(connection, scan, named == "a")

        assert _numbers_of(connection, looked_up.sql(named == "a")) == list(range(0, 100, 2))
        assert _count(looked_up, named == "a") in (None, 50)


def test_a_large_partition_of_few_values_is_judged_and_split_as_a_small_one(tmp_path: Path) -> None:
    words = [None, "lost", "paid", "new"] * 6000
    scan = a_scan(tmp_path, pa.table({"word": words, "n": range(24_000)})).model_copy(
        update={"scratch": tmp_path / "kept"}
    )
    known = ("expect_column_values_to_not_be_null", {"column": "word"})
    in_set = ("expect_column_values_to_be_in_set", {"column": "word", "value_set": ["new", "paid"]})

    found = DuckDbValidator().validate(scan, a_suite({"known": known, "in_set": in_set}))
    split = DuckDbValidator().split(scan, blocking=found.predicates, labels=some_labels(), into=tmp_path / "out")

    assert [
        (one.success, one.element_count, one.unexpected_count)
        for one in found.observations
        if isinstance(one, Evaluated)
    ] == [
        (False, 24_000, 6000),
        (False, 24_000, 6000),
    ]
    assert (split.rows_passing, split.rows_quarantined) == (12_000, 12_000)


def _looked_up(
    connection: duckdb.DuckDBPyConnection, scan: PartitionScan, *conditions: sa.ColumnElement[bool]
) -> DistinctValues:
    partition = create_view(connection, scan, read_footers(scan))
    values = DistinctValues(connection, partition, to_sql, from_rows=0)
    values.counts(dict(enumerate(conditions)))
    return values


def _count(values: DistinctValues, condition: sa.ColumnElement[bool]) -> int | None:
    return values.counts({"asked": condition})["asked"]


def _numbers_of(connection: duckdb.DuckDBPyConnection, condition: str) -> list[Any] | None:
    """The numbers of the rows that meet the condition; None where it cannot be judged."""
    met = select([f"CASE WHEN {condition} THEN _gate_row END AS r"], "unfiltered")
    try:
        return sorted(row[0] for row in connection.execute(met).fetchall() if row[0] is not None)
    except duckdb.Error:
        return None
