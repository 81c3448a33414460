"""Act on a verdict: stage the passing rows (still invisible) and quarantine the others."""

from __future__ import annotations

from functools import partial

from pydantic import AwareDatetime

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.partition import Spooled
from partition_gate.core.record import Record
from partition_gate.core.severity import Scope
from partition_gate.gate.shrinkage import what_shrank
from partition_gate.judging.attempt import Attempt, AttemptState, Publication, Staged
from partition_gate.judging.disposition import VISIBLE, Disposition, PartitionOutcome, plan_disposition
from partition_gate.judging.replay import Assembled
from partition_gate.judging.validation import PartitionScan, RowPredicate, Split, SplitLabels, Validation
from partition_gate.judging.verdict import Verdict
from partition_gate.ports import Ports


class Judged(Record):
    """An attempt with its files and its verdict. `assembled`: its rows are of an older attempt, not from landing."""

    compiled: CompiledDataset
    attempt: Attempt
    scan: PartitionScan
    validation: Validation
    verdict: Verdict
    assembled: Assembled | None = None


class Inspection(Record):
    """The decision and where the rows are (`staged` is None if none will be published).

    `over` is the fence of the version that was visible when the decision was made; 0 if there was none.
    `is_backfill` as in `PartitionRun`. `landed_at` is the time of the newest file.
    """

    attempt: Attempt
    disposition: Disposition
    staged: Staged | None
    rows_in: int
    rows_quarantined: int
    quarantine_uri: str | None
    over: int = 0
    is_backfill: bool = False
    landed_at: AwareDatetime | None = None


class Decision(Record):
    """The disposition, with the rows split accordingly into local files; no split if nothing could be judged.

    `over` as in `Inspection`.
    """

    disposition: Disposition
    split: Split | None
    over: int = 0


def decide(judged: Judged, spooled: Spooled, *, ports: Ports) -> Decision:
    """Decide which rows pass and which are quarantined. Writes only to the spool folder."""
    if judged.verdict.errored:
        why = tuple(f"{result.rule_id}: {result.observed}" for result in judged.verdict.errored)
        return Decision(disposition=Disposition(outcome=PartitionOutcome.ERRORED, why=why), split=None)
    split = None if judged.verdict.failed(Scope.PARTITION) else _split(judged, spooled, ports)
    before = ports.warehouse.current(judged.compiled.table.name, judged.attempt.partition_key)
    disposition = _disposition(judged, split, before, ports)
    if disposition.outcome is PartitionOutcome.HELD and split is not None and before is not None:
        shrank = what_shrank(judged.compiled, before, split, into=spooled.folder, ports=ports)
        disposition = disposition.model_copy(update={"why": (*disposition.why, *shrank)})
    if split is None or disposition.outcome not in VISIBLE:
        split = _reject(judged, spooled, ports)
    over = before.fence if before else 0
    if judged.assembled is not None:
        # The version whose rows were read, not a newer one: that one's rows would be lost.
        split, over = _with_kept(split, judged.assembled, spooled, ports), judged.assembled.over
    return Decision(disposition=disposition, split=split, over=over)


def dispose(judged: Judged, spooled: Spooled, *, ports: Ports) -> Inspection:
    """Stage the passing rows and quarantine the failing ones, or quarantine all if nothing may be published."""
    decision = decide(judged, spooled, ports=ports)
    disposition, split = decision.disposition, decision.split
    if split is None:
        return inspection_of(judged, decision)
    staged = _staged(judged, split, ports) if disposition.outcome in VISIBLE else None
    uri = _quarantined(judged, split, spooled, ports)
    ports.ledger.advance(judged.attempt.id, AttemptState.STAGED, now=ports.clock.now())
    return inspection_of(judged, decision).model_copy(update={"staged": staged, "quarantine_uri": uri})


def inspection_of(judged: Judged, decision: Decision) -> Inspection:
    """The inspection before any row is staged or quarantined."""
    split = decision.split
    return Inspection(
        attempt=judged.attempt,
        disposition=decision.disposition,
        staged=None,
        rows_in=split.rows_in if split else 0,
        rows_quarantined=split.rows_quarantined if split else 0,
        quarantine_uri=None,
        over=decision.over,
    )


def _disposition(judged: Judged, split: Split | None, before: Publication | None, ports: Ports) -> Disposition:
    """The disposition; of a held version, what a person decided about it."""
    plan = partial(
        plan_disposition,
        judged.verdict,
        judged.compiled.dataset.limits,
        rows_quarantined=split.rows_quarantined if split else 0,
        rows_published_before=before.rows if before else None,
        rows_kept=judged.assembled.rows_kept if judged.assembled else 0,
    )
    planned, attempt = plan(), judged.attempt
    if planned.outcome is not PartitionOutcome.HELD:
        return planned
    decided = ports.ledger.decision(attempt.dataset, attempt.partition_key, attempt.idempotency_key)
    if decided is None:
        return planned
    if decided.is_approved:
        return plan(may_shrink=True)
    return Disposition(
        outcome=PartitionOutcome.REJECTED, why=(f"rejected by {decided.who}: {decided.why}", *planned.why)
    )


def _split(judged: Judged, spooled: Spooled, ports: Ports) -> Split:
    into = spooled.folder / "split"
    into.mkdir()
    return ports.validator.split(judged.scan, blocking=_blocking(judged), labels=_labels(judged), into=into)


def _reject(judged: Judged, spooled: Spooled, ports: Ports) -> Split:
    into = spooled.folder / "rejected"
    into.mkdir()
    return ports.validator.reject(judged.scan, blocking=_blocking(judged), labels=_labels(judged), into=into)


def _with_kept(split: Split, assembled: Assembled, spooled: Spooled, ports: Ports) -> Split:
    into = spooled.folder / "merged"
    into.mkdir()
    return ports.rework.merge(split, assembled, into=into)


def _blocking(judged: Judged) -> list[RowPredicate]:
    failed = {result.rule_id for result in judged.verdict.failed(Scope.ROW)}
    return [predicate for predicate in judged.validation.predicates if predicate.rule_id in failed]


def _labels(judged: Judged) -> SplitLabels:
    contract = judged.compiled.contract
    return SplitLabels(
        contract=contract.id,
        version=contract.version,
        attempt_id=judged.attempt.id,
        reasons=tuple((r.rule_id, f"{r.rule_id}: expected {r.expected}") for r in judged.verdict.results),
    )


def _staged(judged: Judged, split: Split, ports: Ports) -> Staged:
    attempt = judged.attempt
    return ports.warehouse.stage(judged.compiled.published, attempt.partition_key, attempt_id=attempt.id, split=split)


def _quarantined(judged: Judged, split: Split, spooled: Spooled, ports: Ports) -> str | None:
    """Quarantine the failing rows, or the unchanged files if they are unreadable. The folder; None if there is none."""
    raw = () if judged.validation.row_count is not None else spooled.paths
    if split.quarantined is None and not raw:
        return None
    attempt = judged.attempt
    table = judged.compiled.table.name
    return ports.warehouse.quarantine(
        table, attempt.partition_key, attempt_id=attempt.id, rows=split.quarantined, raw=raw
    )
