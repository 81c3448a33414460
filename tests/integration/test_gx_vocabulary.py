"""A condition judged by a column's distinct values is the condition judged row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partition_gate.adapters.gx.dialect import DuckDBDialect
from partition_gate.adapters.gx.footers import read_footers
from partition_gate.adapters.gx.scan import Machine, create_view, open_connection
from partition_gate.adapters.gx.sql import select
from partition_gate.adapters.gx.validator import DuckDbValidator
from partition_gate.adapters.gx.vocabulary import Vocabularies
from partition_gate.judging.validation import Held
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
    "pattern": sa.not_(WORD.op("~")("^[ab]")),
    "length": sa.func.length(WORD) > 1,
    "never": sa.and_(WORD == "a", WORD == "b"),
    "two columns": WORD.op(">")(sa.column("other")),
    "duplicates": WORD.in_(sa.select(WORD).select_from(sa.table("swept")).group_by(WORD).having(sa.func.count() > 1)),
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
        partition = create_view(connection, scan, read_footers(scan))
        settled = Vocabularies(connection, partition, to_sql, fewest_rows=0).sql(CONDITIONS[kind])

        assert _numbers_of(connection, settled) == _numbers_of(connection, to_sql(CONDITIONS[kind]))


@pytest.mark.parametrize(
    ("values", "expected"),
    [(["a", "b"] * 50, "FALSE"), (["a", "c", None] * 50, '"word" IN (\'c\') OR "word" IS NULL')],
)
def test_the_values_that_meet_a_condition_stand_for_it(tmp_path: Path, values: list[Any], expected: str) -> None:
    scan = a_scan(tmp_path, pa.table({"word": values}))
    condition = sa.or_(WORD.is_(None), WORD.not_in(["a", "b"]))

    with open_connection(Machine()) as connection:
        partition = create_view(connection, scan, read_footers(scan))

        assert Vocabularies(connection, partition, to_sql, fewest_rows=0).sql(condition) == expected


def test_a_column_without_dictionaries_is_judged_row_by_row(tmp_path: Path) -> None:
    scan = a_scan(tmp_path, parquet_bytes(pa.table({"word": ["a"] * 50})), columns={"word": "VARCHAR"})

    with open_connection(Machine()) as connection:
        partition = create_view(connection, scan, read_footers(scan))

        assert Vocabularies(connection, partition, to_sql, fewest_rows=0).sql(WORD.is_(None)) == to_sql(WORD.is_(None))


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
        (one.success, one.element_count, one.unexpected_count) for one in found.observations if isinstance(one, Held)
    ] == [
        (False, 24_000, 6000),
        (False, 24_000, 6000),
    ]
    assert (split.rows_passing, split.rows_quarantined) == (12_000, 12_000)


def _numbers_of(connection: duckdb.DuckDBPyConnection, condition: str) -> list[Any] | None:
    """The numbers of the rows that meet the condition; None where it cannot be judged."""
    met = select([f"CASE WHEN {condition} THEN _gate_row END AS r"], "swept")
    try:
        return sorted(row[0] for row in connection.execute(met).fetchall() if row[0] is not None)
    except duckdb.Error:
        return None
