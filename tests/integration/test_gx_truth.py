"""What a condition can be, by logic and by facts, leaves out nothing that DuckDB finds it to be for a row."""

from __future__ import annotations

import operator
from decimal import Decimal
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from partition_gate.adapters.gx.dialect import DuckDBDialect
from partition_gate.adapters.gx.truth import ColumnFacts, no_rows, null_test, outcomes

KINDS = {"whole": "BIGINT", "money": "DECIMAL(9, 2)", "share": "DOUBLE"}
VALUES: dict[str, list[Any]] = {
    "whole": [-1, 0, 1, 3, 2**53 - 1, 2**53, 2**53 + 1, 10**18 + 1, -(2**63), 2**63 - 1],
    "money": [Decimal("-0.10"), Decimal("0.00"), Decimal("0.10"), Decimal("0.29"), Decimal("0.30"), Decimal("3.00")],
    "share": [-0.0, 0.0, 0.1, 0.3, 0.1 + 0.2, 1.0, 3.0, 2.0**53, 1e300, float("inf"), -float("inf")],
}
BOUNDS = [
    -1,
    0,
    1,
    3,
    2**53,
    2**53 + 1,
    0.1,
    0.3,
    0.1 + 0.2,
    -0.0,
    3.0,
    1e-7,
    1e300,
    1e18,
    0.5,
    float("inf"),
    "0.1",
    "a",
]
COLUMNS: dict[str, sa.ColumnClause[Any]] = {name: sa.column(name) for name in KINDS}
NAMES = st.sampled_from(sorted(KINDS))
OPERATORS = st.sampled_from([operator.ge, operator.gt, operator.le, operator.lt, operator.eq, operator.ne])

a_leaf = st.one_of(
    st.builds(lambda name: COLUMNS[name].is_(None), NAMES),
    st.builds(lambda name: COLUMNS[name].is_not(None), NAMES),
    st.builds(lambda compare, name, bound: compare(COLUMNS[name], bound), OPERATORS, NAMES, st.sampled_from(BOUNDS)),
    st.builds(lambda compare, one, other: compare(COLUMNS[one], COLUMNS[other]), OPERATORS, NAMES, NAMES),
    st.builds(lambda name: COLUMNS[name].in_(no_rows([sa.column("v")])), NAMES),
    st.builds(lambda name: COLUMNS[name].not_in(no_rows([sa.column("v")])), NAMES),
    st.builds(lambda name: COLUMNS[name].in_([0, 3]), NAMES),
    st.builds(lambda name: sa.func.abs(COLUMNS[name]) > 1, NAMES),
    st.sampled_from([sa.true(), sa.false()]),
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
A_ROW = st.fixed_dictionaries({name: st.none() | st.sampled_from(values) for name, values in VALUES.items()})


@given(rows=st.lists(A_ROW, max_size=5), condition=A_CONDITION, told=st.sets(st.sampled_from(["nulls", "extremes"])))
@example(
    rows=[{"whole": 2**53 + 1, "money": None, "share": None}],
    condition=sa.not_(COLUMNS["whole"] > 2.0**53),
    told={"nulls", "extremes"},
)
@example(
    rows=[{"whole": 0, "money": Decimal("0.30"), "share": 0.3}],
    condition=sa.not_(COLUMNS["money"] > 0.3),
    told={"nulls", "extremes"},
)
@settings(max_examples=400, deadline=None)
def test_no_outcome_is_left_out(rows: list[dict[str, Any]], condition: sa.ColumnElement[bool], told: set[str]) -> None:
    facts = {name: _facts([row[name] for row in rows], told) for name in KINDS}

    seen = _seen(rows, condition)

    assert seen <= outcomes(condition, facts)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("bound", BOUNDS)
@pytest.mark.parametrize("compare", [operator.ge, operator.gt, operator.le, operator.lt])
def test_a_number_is_compared_as_duckdb_compares_it(name: str, bound: Any, compare: Any) -> None:
    condition = compare(COLUMNS[name], bound)
    for value in VALUES[name]:
        facts = {name: ColumnFacts(row_count=1, null_count=0, extremes=(value, value))}
        row = dict.fromkeys(KINDS) | {name: value}

        assert _seen([row], condition) <= outcomes(condition, facts)


NULLS = ColumnFacts(row_count=3, null_count=1, extremes=(1, 5))
FULL = ColumnFacts(row_count=3, null_count=0, extremes=(1, 5))
WHOLE = COLUMNS["whole"]
BETWEEN = sa.and_(WHOLE >= 1, WHOLE <= 5)


@pytest.mark.parametrize(
    ("condition", "facts", "expected"),
    [
        (WHOLE.is_(None), FULL, {False}),
        (WHOLE.is_not(None), FULL, {True}),
        (WHOLE.is_(None), NULLS, {True, False}),
        (WHOLE.is_(None), ColumnFacts(row_count=3, null_count=3, extremes=None), {True}),
        (sa.not_(BETWEEN), FULL, {False}),
        (sa.not_(BETWEEN), NULLS, {False, None}),
        (sa.and_(WHOLE.is_not(None), sa.not_(BETWEEN)), NULLS, {False, None}),
        (WHOLE > 5, FULL, {False}),
        (WHOLE > 4, FULL, {True, False}),
        (WHOLE < 6, FULL, {True}),
        (sa.or_(WHOLE < 6, sa.func.abs(WHOLE) > 1), FULL, {True}),
        (WHOLE.not_in(no_rows([sa.column("v")])), NULLS, {True}),
    ],
)
def test_what_the_facts_settle_is_settled(
    condition: sa.ColumnElement[bool], facts: ColumnFacts, expected: set[bool | None]
) -> None:
    assert outcomes(condition, {"whole": facts}) == expected


def test_a_test_for_null_names_its_column() -> None:
    assert null_test(WHOLE.is_(None)) == "whole"
    assert null_test(WHOLE.is_not(None)) is None
    assert null_test(sa.func.abs(WHOLE).is_(None)) is None


def _facts(values: list[Any], told: set[str]) -> ColumnFacts:
    known = [value for value in values if value is not None]
    extremes = (min(known), max(known)) if known and "extremes" in told else None
    nulls = len(values) - len(known) if "nulls" in told else None
    return ColumnFacts(row_count=len(values), null_count=nulls, extremes=extremes)


def _seen(rows: list[dict[str, Any]], condition: sa.ColumnElement[bool]) -> set[bool | None]:
    sql = str(condition.compile(dialect=DuckDBDialect(), compile_kwargs={"literal_binds": True}))
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE rows ({', '.join(f'{name} {kind}' for name, kind in KINDS.items())})")
        for row in rows:
            connection.execute("INSERT INTO rows VALUES (?, ?, ?)", [row[name] for name in KINDS])
        try:
            return {row[0] for row in connection.execute(f"SELECT {sql} FROM rows").fetchall()}  # noqa: S608
        except duckdb.Error:
            return set()  # it cannot be judged row by row either
