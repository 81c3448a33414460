"""What a condition can be, by logic alone, leaves out nothing that DuckDB finds it to be for a row."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from partition_gate.adapters.gx.duckdb.dialect import DuckDBDialect
from partition_gate.adapters.gx.duckdb.possible_outcomes import no_rows, possible_outcomes

A: sa.ColumnClause[Any] = sa.column("a")
B: sa.ColumnClause[Any] = sa.column("b")
NOTHING = no_rows([A])
PAIR = sa.tuple_(A, B)

a_leaf = st.sampled_from(
    [
        *(A.is_(None), A.is_not(None), B.is_(None), A >= 1, A != B, A.in_([0, 3]), sa.func.abs(B) > 1),
        *(A.in_(NOTHING), B.not_in(NOTHING), sa.true(), sa.false()),
    ]
)
A_CONDITION = st.recursive(
    a_leaf,
    lambda part: st.one_of(
        st.builds(sa.and_, part, part),
        st.builds(sa.or_, part, part),
        st.builds(sa.not_, part),
        part.map(lambda one: one.self_group()),
    ),
    max_leaves=6,
)
A_ROW = st.tuples(*[st.none() | st.integers(-1, 3)] * 2)


@given(rows=st.lists(A_ROW, max_size=5), condition=A_CONDITION)
@settings(max_examples=200, deadline=None)
def test_no_outcome_is_left_out(rows: list[tuple[int | None, int | None]], condition: Any) -> None:
    sql = str(condition.compile(dialect=DuckDBDialect(), compile_kwargs={"literal_binds": True}))
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE rows (a BIGINT, b BIGINT)")
        for row in rows:
            connection.execute("INSERT INTO rows VALUES (?, ?)", row)
        seen = {row[0] for row in connection.execute(f"SELECT {sql} FROM rows").fetchall()}  # noqa: S608 (ours)

    assert seen <= possible_outcomes(condition)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (sa.and_(A.is_not(None), A.in_(NOTHING)), {False}),
        (sa.not_(sa.or_(A.is_(None), B.is_(None), PAIR.not_in(no_rows([A, B])))), {False}),
        (sa.or_(A > 1, A.not_in(NOTHING)), {True}),
        (sa.and_(A > 1, A.in_([0])), {True, False, None}),
    ],
)
def test_what_logic_settles_is_settled(condition: Any, expected: set[bool | None]) -> None:
    assert possible_outcomes(condition) == expected
