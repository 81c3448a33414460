"""What a condition can be for the rows of a partition, by logic alone: SQL's three-valued logic over sets of outcomes.
It may name an outcome that no row has, and never leaves one out that a row has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from itertools import product
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import operators

Outcome = bool | None
Outcomes = frozenset[Outcome]

_EMPTY = "gate_empty"
_ANY: Outcomes = frozenset({True, False, None})


def possible_outcomes(condition: Any) -> Outcomes:
    """Every outcome that the condition can have for a row, knowing only which subqueries have no row (`no_rows`)."""
    match condition:
        case sa.True_() | sa.False_():
            return frozenset({isinstance(condition, sa.True_)})
        case sa.sql.elements.Grouping():
            return possible_outcomes(condition.element)
        case sa.sql.elements.BooleanClauseList() if condition.operator in _JOINED:
            join = _JOINED[condition.operator]
            return reduce(lambda one, other: _joined(join, one, other), map(possible_outcomes, condition.clauses))
        case sa.UnaryExpression() if condition.operator is operators.inv:
            return frozenset(None if one is None else not one for one in possible_outcomes(condition.element))
        case sa.BinaryExpression() if condition.operator in _IN and _is_empty(condition.right):
            return frozenset({condition.operator is operators.not_in_op})
        case _:
            return _ANY


def no_rows(columns: Iterable[sa.ColumnClause[Any]]) -> sa.Select[Any]:
    """A SELECT of which it is known that it has no row."""
    return sa.select(*columns).where(sa.false()).execution_options(**{_EMPTY: True})


def _and(one: Outcome, other: Outcome) -> Outcome:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def _or(one: Outcome, other: Outcome) -> Outcome:
    if one is True or other is True:
        return True
    return None if one is None or other is None else False


_IN = (operators.in_op, operators.not_in_op)
_JOINED: Mapping[Any, Callable[[Outcome, Outcome], Outcome]] = {operators.and_: _and, operators.or_: _or}


def _joined(join: Callable[[Outcome, Outcome], Outcome], one: Iterable[Outcome], other: Iterable[Outcome]) -> Outcomes:
    return frozenset(join(left, right) for left, right in product(one, other))


def _is_empty(members: Any) -> bool:
    rows = members.element if isinstance(members, sa.ScalarSelect) else members
    return isinstance(rows, sa.Select) and _EMPTY in rows.get_execution_options()
