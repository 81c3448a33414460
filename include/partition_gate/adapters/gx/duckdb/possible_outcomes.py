"""The possible values of a condition for the rows of a partition, by SQL's three-valued logic alone. The result may
include a value that no row has, but never omits one that a row has.
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
    """The possible values of the condition for a row, knowing only which subqueries are empty (`no_rows`)."""
    match condition:
        case sa.True_() | sa.False_():
            return frozenset({isinstance(condition, sa.True_)})
        case sa.sql.elements.Grouping():
            return possible_outcomes(condition.element)
        case sa.sql.elements.BooleanClauseList() if condition.operator in _JOINED:
            join = _JOINED[condition.operator]
            return reduce(lambda left, right: _joined(join, left, right), map(possible_outcomes, condition.clauses))
        case sa.UnaryExpression() if condition.operator is operators.inv:
            return frozenset(None if value is None else not value for value in possible_outcomes(condition.element))
        case sa.BinaryExpression() if condition.operator in _IN and _is_empty(condition.right):
            return frozenset({condition.operator is operators.not_in_op})
        case _:
            return _ANY


def no_rows(columns: Iterable[sa.ColumnClause[Any]]) -> sa.Select[Any]:
    """A SELECT that is marked as empty."""
    return sa.select(*columns).where(sa.false()).execution_options(**{_EMPTY: True})


def _and(left: Outcome, right: Outcome) -> Outcome:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def _or(left: Outcome, right: Outcome) -> Outcome:
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


_IN = (operators.in_op, operators.not_in_op)
_JOINED: Mapping[Any, Callable[[Outcome, Outcome], Outcome]] = {operators.and_: _and, operators.or_: _or}


def _joined(
    join: Callable[[Outcome, Outcome], Outcome], lefts: Iterable[Outcome], rights: Iterable[Outcome]
) -> Outcomes:
    return frozenset(join(left, right) for left, right in product(lefts, rights))


def _is_empty(members: Any) -> bool:
    rows = members.element if isinstance(members, sa.ScalarSelect) else members
    return isinstance(rows, sa.Select) and _EMPTY in rows.get_execution_options()
