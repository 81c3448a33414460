"""Rows in quarantine: as they are read, and as they may be shown."""

from __future__ import annotations

from partition_gate.core.display import PATH_LENGTH, SENTENCE_LENGTH, Excerpt, displayed
from partition_gate.core.masking import Masking
from partition_gate.core.record import Record


class QuarantinedRow(Record):
    """`values` are in column order; None is null. Without rules, the row was rejected with its partition.

    `position` is the row's number in the attempt's file, from 0, and `attempts` how often it was judged.
    """

    rule_ids: tuple[str, ...]
    reasons: tuple[str, ...]
    source_file: str
    source_row: int | None
    values: tuple[Excerpt | None, ...]
    position: int = 0
    attempts: int = 1


class QuarantinedRows(Record):
    """The first of an attempt's `row_count` rows, and the names of its unreadable files (`raw`)."""

    columns: tuple[str, ...]
    rows: tuple[QuarantinedRow, ...]
    row_count: int
    raw: tuple[str, ...]


class SampleRow(Record):
    """A quarantined row that anybody may see: `values` are masked, or escaped and cut; None is null."""

    rule_ids: tuple[str, ...]
    reasons: tuple[str, ...]
    source_file: str
    source_row: int | None
    values: tuple[str | None, ...]
    position: int = 0
    attempts: int = 1


class QuarantineSample(Record):
    """Quarantined rows that anybody may see. `masked` names the columns with values shown as keyed hashes."""

    columns: tuple[str, ...]
    masked: tuple[str, ...]
    rows: tuple[SampleRow, ...]
    row_count: int
    raw: tuple[str, ...]


def sample_of(quarantined: QuarantinedRows, masking: Masking, key: bytes) -> QuarantineSample:
    """The rows with masked values in columns that are classified or not in the contract; text is escaped and cut."""
    return QuarantineSample(
        columns=tuple(displayed(name) for name in quarantined.columns),
        masked=tuple(displayed(name) for name in quarantined.columns if masking.hides(name)),
        rows=tuple(_sample_row(row, quarantined.columns, masking, key) for row in quarantined.rows),
        row_count=quarantined.row_count,
        raw=tuple(displayed(name) for name in quarantined.raw),
    )


def _sample_row(row: QuarantinedRow, columns: tuple[str, ...], masking: Masking, key: bytes) -> SampleRow:
    values = zip(columns, row.values, strict=True)
    return SampleRow(
        rule_ids=tuple(displayed(rule_id) for rule_id in row.rule_ids),
        reasons=tuple(displayed(reason, limit=SENTENCE_LENGTH) for reason in row.reasons),
        source_file=displayed(row.source_file, limit=PATH_LENGTH),
        source_row=row.source_row,
        values=tuple(masking.shown(column, value, key) for column, value in values),
        position=row.position,
        attempts=row.attempts,
    )
