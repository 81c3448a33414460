"""Visible partitions of a window, with what their newest visible attempts counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, and_, select

from partition_gate.adapters.ledger.schema import attempts, check_results, counters, settlements
from partition_gate.judging.attempt import Counts, PublishedPartition
from partition_gate.judging.disposition import VISIBLE
from partition_gate.judging.verdict import CheckOutcome

_AT_ONCE = 500  # keys in one statement


def published(
    connection: Connection, dataset: str, keys: Sequence[str], rule_ids: Sequence[str]
) -> tuple[PublishedPartition, ...]:
    """In the order of the keys."""
    return tuple(one for part in in_parts(keys) for one in _published(connection, dataset, part, rule_ids))


def in_parts(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """The keys in their order, as many at a time as one statement may name."""
    return (keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE))


def newest_visible(connection: Connection, dataset: str, keys: Sequence[str]) -> dict[str, str]:
    """Partition -> id of its newest attempt that became visible."""
    query = (
        select(attempts.c.partition_key, attempts.c.id)
        .join(settlements, settlements.c.attempt_id == attempts.c.id)
        .where(
            and_(attempts.c.dataset == dataset, attempts.c.partition_key.in_(keys)),
            settlements.c.outcome.in_([outcome.value for outcome in VISIBLE]),
        )
        .order_by(attempts.c.fence)
    )
    return {row.partition_key: row.id for row in connection.execute(query)}


def _published(
    connection: Connection, dataset: str, keys: Sequence[str], rule_ids: Sequence[str]
) -> list[PublishedPartition]:
    newest = newest_visible(connection, dataset, keys)
    counts = _counts(connection, list(newest.values()), rule_ids)
    outcomes = _outcomes(connection, list(newest.values()), rule_ids)
    return [
        PublishedPartition(
            partition_key=key,
            counts=tuple(Counts(rule_id=rule, **found) for rule, found in counts.get(newest[key], {}).items()),
            kept=tuple(rule for rule, passed in outcomes.get(newest[key], ()) if passed),
            broken=tuple(rule for rule, passed in outcomes.get(newest[key], ()) if not passed),
        )
        for key in keys
        if key in newest
    ]


def _outcomes(
    connection: Connection, attempt_ids: Sequence[str], rule_ids: Sequence[str]
) -> dict[str, list[tuple[str, bool]]]:
    """Attempt -> (rule, whether it passed)."""
    query = (
        select(check_results.c.attempt_id, check_results.c.rule_id, check_results.c.outcome)
        .where(check_results.c.attempt_id.in_(attempt_ids), check_results.c.rule_id.in_(rule_ids))
        .order_by(check_results.c.position)
    )
    found: dict[str, list[tuple[str, bool]]] = {}
    for row in connection.execute(query):
        found.setdefault(row.attempt_id, []).append((row.rule_id, row.outcome == CheckOutcome.PASSED.value))
    return found


def _counts(
    connection: Connection, attempt_ids: Sequence[str], rule_ids: Sequence[str]
) -> dict[str, dict[str, dict[str, int]]]:
    """Attempt -> rule -> metric -> number."""
    query = select(counters).where(counters.c.attempt_id.in_(attempt_ids), counters.c.rule_id.in_(rule_ids))
    found: dict[str, dict[str, dict[str, int]]] = {}
    for row in connection.execute(query.order_by(counters.c.rule_id)):
        found.setdefault(row.attempt_id, {}).setdefault(row.rule_id, {})[row.metric] = row.value
    return found
