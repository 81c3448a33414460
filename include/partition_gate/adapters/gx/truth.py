"""What a condition can be for the rows of a partition, from what is known of its columns: SQL's three-valued logic
over sets of outcomes. It may name an outcome that no row has, and never leaves one out that a row has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import reduce
from itertools import product
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import operators

from partition_gate.adapters.gx.sql import literal
from partition_gate.record import Record

Outcome = bool | None
Outcomes = frozenset[Outcome]

_EMPTY = "gate_empty"
_ANY: Outcomes = frozenset({True, False, None})
_KNOWN: Outcomes = frozenset({True, False})
_ORDER = {operators.ge, operators.gt, operators.le, operators.lt}


class ColumnFacts(Record):
    """What is known of a column; None: not known. `extremes` are those of a column of numbers that has no NaN: int,
    Decimal, or float for a DOUBLE.
    """

    row_count: int
    null_count: int | None
    extremes: tuple[int, int] | tuple[Decimal, Decimal] | tuple[float, float] | None


Facts = Mapping[str, ColumnFacts]


def outcomes(condition: Any, facts: Facts) -> Outcomes:
    """Every outcome that the condition can have for a row of a partition of which these facts are true."""
    match condition:
        case sa.True_() | sa.False_():
            return frozenset({isinstance(condition, sa.True_)})
        case sa.sql.elements.Grouping():
            return outcomes(condition.element, facts)
        case sa.sql.elements.BooleanClauseList() if condition.operator in _JOINED:
            parts = (outcomes(part, facts) for part in condition.clauses)
            return reduce(lambda one, other: _joined(_JOINED[condition.operator], one, other), parts)
        case sa.UnaryExpression() if condition.operator is operators.inv:
            return frozenset(None if one is None else not one for one in outcomes(condition.element, facts))
        case sa.BinaryExpression():
            return _compared(condition, facts)
        case _:
            return _ANY


def no_rows(columns: Iterable[sa.ColumnClause[Any]]) -> sa.Select[Any]:
    """A SELECT of which it is known that it has no row."""
    return sa.select(*columns).where(sa.false()).execution_options(**{_EMPTY: True})


def null_test(condition: Any) -> str | None:
    """The column, where the condition is `column IS NULL`."""
    is_test = isinstance(condition, sa.BinaryExpression) and condition.operator is operators.is_
    if is_test and isinstance(condition.left, sa.ColumnClause) and isinstance(condition.right, sa.Null):
        return str(condition.left.name)
    return None


def _and(one: Outcome, other: Outcome) -> Outcome:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def _or(one: Outcome, other: Outcome) -> Outcome:
    if one is True or other is True:
        return True
    return None if one is None or other is None else False


_JOINED: Mapping[Any, Callable[[Outcome, Outcome], Outcome]] = {operators.and_: _and, operators.or_: _or}


def _joined(join: Callable[[Outcome, Outcome], Outcome], one: Iterable[Outcome], other: Iterable[Outcome]) -> Outcomes:
    return frozenset(join(left, right) for left, right in product(one, other))


def _compared(condition: sa.BinaryExpression[Any], facts: Facts) -> Outcomes:
    operator, left, right = condition.operator, condition.left, condition.right
    if operator in (operators.in_op, operators.not_in_op) and _is_empty(right):
        return frozenset({operator is operators.not_in_op})
    if not isinstance(left, sa.ColumnClause):
        return _ANY
    column = facts.get(left.name)
    if operator in (operators.is_, operators.is_not) and isinstance(right, sa.Null):
        nulls = _nulls(column)
        return nulls if operator is operators.is_ else frozenset(not one for one in nulls)
    if operator in _ORDER and isinstance(right, sa.BindParameter) and column is not None:
        return _ordered(operator, column, right.value)
    return _ANY


def _nulls(column: ColumnFacts | None) -> Outcomes:
    if column is None or column.null_count is None:
        return _KNOWN
    return frozenset({column.null_count > 0, column.null_count == column.row_count})


def _is_empty(members: Any) -> bool:
    rows = members.element if isinstance(members, sa.ScalarSelect) else members
    return isinstance(rows, sa.Select) and _EMPTY in rows.get_execution_options()


def _ordered(operator: Any, column: ColumnFacts, value: Any) -> Outcomes:
    """A comparison with a number is monotone, so what holds for both extremes holds for all between them."""
    bound = None if column.extremes is None else _as_compared(value, column.extremes[0])
    if bound is None or column.extremes is None:
        return _ANY
    found: Outcomes = frozenset(bool(operator(extreme, bound)) for extreme in column.extremes)
    return found if column.null_count == 0 else found | {None}


def _as_compared(value: Any, extreme: Any) -> Decimal | float | None:
    """The bound as DuckDB compares it with the column: exactly, or as doubles where the column is of these."""
    if type(value) not in (int, float):
        return None
    text = literal(value)
    if isinstance(extreme, float):
        return float(value)
    return None if set(text) - set("-.0123456789") else Decimal(text)
