"""Column profiles of validations, and baselines: what is known of the values of columns."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from partition_gate.adapters.ledger.database import upsert
from partition_gate.adapters.ledger.published import in_batches, newest_visible
from partition_gate.adapters.ledger.schema import baselines as baseline_rows
from partition_gate.adapters.ledger.schema import column_counters
from partition_gate.adapters.ledger.schema import profiles as profile_rows
from partition_gate.judging.attempt import ProfiledPartition
from partition_gate.judging.drift import Baseline
from partition_gate.judging.exact_values import Extreme, as_text
from partition_gate.judging.profile import ColumnCounters, DistinctSketch, PartitionProfile

_VALUES = ("minimum", "maximum", "total")


def record(connection: Connection, attempt_id: str, profile: PartitionProfile) -> None:
    """Store the profile of an attempt that has none yet."""
    connection.execute(profile_rows.insert().values(attempt_id=attempt_id, row_count=profile.row_count))
    rows = [
        {"attempt_id": attempt_id, "position": position, **_row(counters)}
        for position, counters in enumerate(profile.columns)
    ]
    if rows:
        connection.execute(column_counters.insert(), rows)


def profiles(connection: Connection, dataset: str, keys: Sequence[str]) -> tuple[ProfiledPartition, ...]:
    """In the order of the keys."""
    return tuple(profile for batch in in_batches(keys) for profile in _profiles(connection, dataset, batch))


def of_attempt(connection: Connection, attempt_id: str) -> PartitionProfile | None:
    """None if its columns were not counted."""
    row_count = _row_counts(connection, [attempt_id]).get(attempt_id)
    if row_count is None:
        return None
    return PartitionProfile(row_count=row_count, columns=tuple(_columns(connection, [attempt_id]).get(attempt_id, ())))


def pin(connection: Connection, baseline: Baseline) -> None:
    """Store a baseline in place of the dataset's earlier one."""
    upsert(
        connection,
        baseline_rows,
        dataset=baseline.dataset,
        who=baseline.who,
        why=baseline.why,
        at=baseline.at,
        row_count=baseline.row_count,
        document=baseline.model_dump_json(),
    )


def unpin(connection: Connection, dataset: str) -> bool:
    """Whether there was a baseline to remove."""
    removed = delete(baseline_rows).where(baseline_rows.c.dataset == dataset).returning(baseline_rows.c.dataset)
    return connection.execute(removed).first() is not None


def baselines(connection: Connection, dataset: str | None = None) -> tuple[Baseline, ...]:
    """The baseline of a dataset, or of all datasets by their names."""
    query = select(baseline_rows.c.document)
    if dataset is not None:
        query = query.where(baseline_rows.c.dataset == dataset)
    found = map(Baseline.model_validate_json, connection.execute(query).scalars())
    return tuple(sorted(found, key=lambda each: each.dataset))  # databases order text differently


def _profiles(connection: Connection, dataset: str, keys: Sequence[str]) -> list[ProfiledPartition]:
    newest = newest_visible(connection, dataset, keys)
    row_counts = _row_counts(connection, list(newest.values()))
    columns = _columns(connection, list(newest.values()))
    return [
        ProfiledPartition(
            partition_key=key,
            profile=PartitionProfile(row_count=row_counts[attempt], columns=tuple(columns.get(attempt, ()))),
        )
        for key in keys
        if (attempt := newest.get(key)) in row_counts
    ]


def _row_counts(connection: Connection, attempt_ids: Sequence[str]) -> dict[str | None, int]:
    """Attempt -> rows of its partition."""
    query = select(profile_rows).where(profile_rows.c.attempt_id.in_(attempt_ids))
    return {row.attempt_id: row.row_count for row in connection.execute(query)}


def _columns(connection: Connection, attempt_ids: Sequence[str]) -> dict[str | None, list[ColumnCounters]]:
    """Attempt -> its columns, in table order."""
    query = (
        select(column_counters)
        .where(column_counters.c.attempt_id.in_(attempt_ids))
        .order_by(column_counters.c.attempt_id, column_counters.c.position)
    )
    columns: dict[str | None, list[ColumnCounters]] = {}
    for row in connection.execute(query):
        columns.setdefault(row.attempt_id, []).append(_counters(row))
    return columns


def _row(counters: ColumnCounters) -> dict[str, Any]:
    row: dict[str, Any] = {
        "column_name": counters.column,
        "row_count": counters.row_count,
        "null_count": counters.null_count,
        "invalid_count": counters.invalid_count,
    }
    for name in _VALUES:
        row[f"{name}_kind"], row[name] = _text(getattr(counters, name))
    sketch = counters.distinct
    row["distinct_registers"] = None if sketch is None else zlib.compress(sketch.registers)
    row["distinct_hashing"] = None if sketch is None else sketch.hashing
    return row


def _text(value: Extreme | None) -> tuple[str | None, str | None]:
    return (None, None) if value is None else as_text(value)


def _counters(row: Row[Any]) -> ColumnCounters:
    values = {
        name: {row._mapping[f"{name}_kind"]: row._mapping[name]} for name in _VALUES if row._mapping[name] is not None
    }
    return ColumnCounters(
        column=row.column_name,
        row_count=row.row_count,
        null_count=row.null_count,
        invalid_count=row.invalid_count,
        distinct=_sketch(row.distinct_registers, row.distinct_hashing),
        **values,
    )


def _sketch(compressed: bytes | None, hashing: str) -> DistinctSketch | None:
    return None if compressed is None else DistinctSketch(registers=zlib.decompress(compressed), hashing=hashing)
