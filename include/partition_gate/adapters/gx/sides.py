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
        return Sides(
            passing=select(["*"], f"{SCANNED} ANTI JOIN ({kept.numbers}) USING ({ROW})"),
            quarantined=kept.rows or select(["*"], f"{SCANNED} JOIN ({kept.numbers}) USING ({ROW})"),
        )
    judged = any_of(predicate.sql for predicate in blocking)
    return Sides(
        passing=select(["*"], SCANNED, where=f"NOT ({judged})"),
        quarantined=select(["*", *_breaks(blocking)], SCANNED, where=judged),
    )


def judged_rows(scan: PartitionScan, blocking: Sequence[RowPredicate]) -> str:
    """Every row of the view as SQL, with `_gate_breaks_<i>`: looked up as well, or judged again."""
    if kept := kept_rows(scan, blocking):
        return select(["*"], f"{SCANNED} LEFT JOIN ({kept.numbers}) USING ({ROW})")
    return judged_again(blocking)


def judged_again(blocking: Sequence[RowPredicate]) -> str:
    """The same by the rules' conditions."""
    return select(["*", *_breaks(blocking)], SCANNED)


def _breaks(blocking: Sequence[RowPredicate]) -> list[str]:
    return [f"coalesce(({one.sql}), FALSE) AS _gate_breaks_{i}" for i, one in enumerate(blocking)]
