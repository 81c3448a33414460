"""The two sides of a split, as SQL over the view."""

from __future__ import annotations

from collections.abc import Sequence

from partition_gate.adapters.gx.broken_rows import kept_rows
from partition_gate.adapters.gx.scan import ROW, SCANNED
from partition_gate.adapters.gx.sql import any_of, select
from partition_gate.judging.validation import PartitionScan, RowPredicate
from partition_gate.record import Record


class Sides(Record):
    """Both sides as SQL; the quarantined one says of each rule whether the row breaks it, as `_gate_breaks_<i>`."""

    passing: str
    quarantined: str


def sides(scan: PartitionScan, blocking: Sequence[RowPredicate]) -> Sides:
    """Both sides: looked up where a validation left its findings, else judged again. They never overlap."""
    if kept := kept_rows(scan, blocking):
        broken = [f"{kept.breaks(i)} AS _gate_breaks_{i}" for i in range(len(blocking))]
        numbers = f"({select([ROW, *broken], kept.relation, where=kept.broken)})"
        return Sides(
            passing=select(["*"], f"{SCANNED} ANTI JOIN {numbers} USING ({ROW})"),
            quarantined=select(["*", *broken], kept.relation, where=kept.broken)
            if kept.whole
            else select(["*"], f"{SCANNED} JOIN {numbers} USING ({ROW})"),
        )
    judged = any_of(predicate.sql for predicate in blocking)
    return Sides(
        passing=select(["*"], SCANNED, where=f"NOT ({judged})"),
        quarantined=select(["*", *breaks(blocking)], SCANNED, where=judged),
    )


def breaks(blocking: Sequence[RowPredicate]) -> list[str]:
    """Cells that say of each rule whether a row of the view breaks it."""
    return [f"coalesce(({one.sql}), FALSE) AS _gate_breaks_{i}" for i, one in enumerate(blocking)]
