"""Results of a validation: check results, their counters, GX's document."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select

from partition_gate.adapters.ledger.database import insert_new
from partition_gate.adapters.ledger.schema import attempts, check_results, counters, validations
from partition_gate.judging.verdict import CheckOutcome, CheckResult

COUNTED = ("element_count", "unexpected_count")


def record(connection: Connection, attempt_id: str, results: Sequence[CheckResult], document: str) -> bool:
    """Store everything on the first call for an attempt and nothing on later ones; whether it was the first."""
    if not insert_new(connection, validations, attempt_id=attempt_id, document=zlib.compress(document.encode())):
        return False
    rows = [
        {"attempt_id": attempt_id, "position": position, **result.model_dump(mode="json")}
        for position, result in enumerate(results)
    ]
    counts = list(_counts(connection, attempt_id, results))
    for table, values in ((check_results, rows), (counters, counts)):
        if values:
            connection.execute(table.insert(), values)
    return True


def results(connection: Connection, attempt_id: str) -> tuple[CheckResult, ...]:
    """In suite order; empty if nothing was recorded."""
    columns = [check_results.c[name] for name in CheckResult.model_fields]
    query = select(*columns).where(check_results.c.attempt_id == attempt_id).order_by(check_results.c.position)
    return tuple(_result(dict(row._mapping)) for row in connection.execute(query))


def not_passed(connection: Connection, attempt_ids: Sequence[str]) -> dict[str, tuple[CheckResult, ...]]:
    """As the port documents."""
    columns = [check_results.c.attempt_id, *(check_results.c[name] for name in CheckResult.model_fields)]
    mine = check_results.c.attempt_id.in_(attempt_ids)
    query = select(*columns).where(mine, check_results.c.outcome != CheckOutcome.PASSED.value)
    found: dict[str, tuple[CheckResult, ...]] = {}
    for row in connection.execute(query.order_by(check_results.c.attempt_id, check_results.c.position)):
        values = dict(row._mapping)
        attempt_id = values.pop("attempt_id")
        found[attempt_id] = (*found.get(attempt_id, ()), _result(values))
    return found


def document(connection: Connection, attempt_id: str) -> str | None:
    query = select(validations.c.document).where(validations.c.attempt_id == attempt_id)
    compressed = connection.execute(query).scalar()
    return None if compressed is None else zlib.decompress(compressed).decode()


def _result(row: dict[str, Any]) -> CheckResult:
    return CheckResult.model_validate({**row, "failing_values": row["failing_values"] or ()})  # null in older rows


def _counts(connection: Connection, attempt_id: str, results: Sequence[CheckResult]) -> Iterator[dict[str, Any]]:
    query = select(attempts.c.dataset, attempts.c.partition_key).where(attempts.c.id == attempt_id)
    where = dict(connection.execute(query).one()._mapping)
    for result in results:
        for metric in COUNTED:
            value = getattr(result, metric)
            if value is not None:
                yield {"attempt_id": attempt_id, "rule_id": result.rule_id, "metric": metric, "value": value, **where}
