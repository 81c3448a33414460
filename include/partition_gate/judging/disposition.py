"""The disposition of a partition: pure."""

from __future__ import annotations

from enum import StrEnum

from partition_gate.contract.limits import Limits
from partition_gate.core.display import counted, share
from partition_gate.core.record import Record
from partition_gate.core.severity import Scope
from partition_gate.judging.verdict import CheckOutcome, CheckResult, Verdict, by_reason


class PartitionOutcome(StrEnum):
    """The outcome of a partition; the values of the stable JSON interface."""

    PUBLISHED = "published"
    PUBLISHED_WITH_QUARANTINE = "published_with_quarantine"
    REJECTED = "rejected"
    HELD = "held"
    MISSING = "missing"
    SUPERSEDED = "superseded"
    ERRORED = "errored"


VISIBLE = frozenset({PartitionOutcome.PUBLISHED, PartitionOutcome.PUBLISHED_WITH_QUARANTINE})
# Judging the same bytes under the same contract again gives the same outcome.
FINAL = VISIBLE | {PartitionOutcome.REJECTED, PartitionOutcome.HELD}


class Disposition(Record):
    """The outcome, and one sentence per cause for people."""

    outcome: PartitionOutcome
    why: tuple[str, ...]


def plan_disposition(
    verdict: Verdict,
    limits: Limits,
    *,
    rows_quarantined: int,
    rows_published_before: int | None,
    rows_kept: int = 0,
    may_shrink: bool = False,
) -> Disposition:
    """The disposition of a judged partition. `may_shrink`: a person approved this version although it is smaller.

    `rows_quarantined` counts the rows that break at least one blocking row-level check; `rows_published_before`
    is the row count of the visible version, None if there is none. `rows_kept` stay in quarantine without being judged,
    and count against the contract's limit as well.
    """
    if blocking := verdict.failed(Scope.PARTITION):
        failed = tuple(r for r in blocking if r.outcome is CheckOutcome.FAILED)
        why = tuple(f"{r.rule_id}: expected {r.expected}; {r.observed or 'not met'}" for r in failed)
        # Unknown checks follow from a failure, so they are the reason only if no check failed.
        return Disposition(outcome=PartitionOutcome.REJECTED, why=why or _unknown(blocking))
    row_failures = verdict.failed(Scope.ROW)
    rows = verdict.row_count or 0
    if unknown := tuple(r for r in row_failures if r.outcome is CheckOutcome.UNKNOWN):
        return Disposition(outcome=PartitionOutcome.REJECTED, why=_unknown(unknown))
    why = tuple(
        f"{r.rule_id}: {r.unexpected_count or 0:,} of {r.element_count or 0:,} rows; expected {r.expected}"
        for r in row_failures
    )
    if too_many := _too_many(rows_quarantined, rows_kept, rows + rows_kept, limits):
        return Disposition(outcome=PartitionOutcome.REJECTED, why=(too_many, *why))
    if not may_shrink and (held := _shrinks(rows - rows_quarantined, rows_published_before, limits)):
        return Disposition(outcome=PartitionOutcome.HELD, why=(held, *why))
    why = (*why, f"{counted(rows_kept, 'row')} kept back in quarantine, not judged again") if rows_kept else why
    is_whole = not (rows_quarantined or rows_kept)
    outcome = PartitionOutcome.PUBLISHED if is_whole else PartitionOutcome.PUBLISHED_WITH_QUARANTINE
    return Disposition(outcome=outcome, why=why)


def _too_many(failing: int, kept: int, rows: int, limits: Limits) -> str | None:
    if not rows or (failing + kept) / rows <= limits.quarantine_limit:
        return None
    what = "fail" if not kept else f"fail or stay in quarantine ({kept:,} of them unjudged)"
    return (
        f"{failing + kept:,} of {rows:,} rows {what} ({share(failing + kept, rows)}); "
        f"the contract allows at most {limits.quarantine_limit:.2%}"
    )


def _unknown(results: tuple[CheckResult, ...]) -> tuple[str, ...]:
    """One sentence per reason, however many checks share it."""
    return tuple(
        f"{group.results[0].rule_id}: {group.why}" if len(group.results) == 1 else group.sentence
        for group in by_reason(results)
    )


def _shrinks(rows: int, before: int | None, limits: Limits) -> str | None:
    if not before or rows >= before * limits.shrink_limit:
        return None
    smaller = f"{counted(rows, 'row')} would replace {before:,}, less than {limits.shrink_limit:.0%} of them"
    return f"{smaller}; a person must approve"
