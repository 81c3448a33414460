"""Third step: carry out the decision. Only publishing has an effect that consumers can see."""

from __future__ import annotations

import logging
from datetime import datetime

from partition_gate.alerts.alert import recipients_of
from partition_gate.alerts.assessment import assessment_of, with_anomalies
from partition_gate.alerts.case import Case
from partition_gate.alerts.dataset_problems import with_failed_comparison
from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.calendar import expected_periods, frequency
from partition_gate.contract.model import Dataset
from partition_gate.core.display import rows_are
from partition_gate.core.errors import GateError, MalformedPartitionKey, NotRecorded, OperatorError, Superseded
from partition_gate.core.record import Record
from partition_gate.core.table import TableSchema
from partition_gate.gate.anomalies import anomalies_of
from partition_gate.gate.dispose import Inspection
from partition_gate.gate.drift import with_drift
from partition_gate.incidents.model import Assessment
from partition_gate.judging.attempt import Attempt, Intent, Publication, Settlement, Staged
from partition_gate.judging.disposition import VISIBLE, PartitionOutcome
from partition_gate.ports import Ports
from partition_gate.ports.ledger import Ledger

log = logging.getLogger(__name__)

_LOOKED_BACK = 30  # periods

_NEWER = ("a newer attempt owns this partition; this attempt changed nothing",)


class Settled(Record):
    """How the attempt ended. `is_new_version`: new rows became visible.

    `view_problem`: why the consumers' file does not show them yet, and what refreshes it; None if it shows them.
    """

    settlement: Settlement
    is_new_version: bool
    view_problem: str | None = None


def settle(today: CompiledDataset, compiled: CompiledDataset, inspection: Inspection, *, ports: Ports) -> Settled:
    """Publish in one commit, or settle as rejected, held, superseded or errored, with what that does to incidents.

    Safe to kill and repeat at any point: the intent is stored before the commit, the commit carries the idempotency
    key, and the view and the ledger are updated after it. `repair` finishes what a kill or an error interrupts.

    Raises:
        NotRecorded: the rows are visible, but the ledger could not be updated.
        PartitionChanged: the version that was visible when the decision was made is no longer visible.
    """
    if inspection.disposition.outcome not in VISIBLE or inspection.staged is None:
        return _settle_unpublished(compiled, inspection, ports)
    intent = _intent(compiled, inspection, inspection.staged, ports)
    publication = _publish(compiled, inspection, inspection.staged, intent, ports)
    if publication is None:
        discard(inspection.attempt, ports)
        return _settle_unpublished(compiled, _superseded(inspection), ports)
    problem = view_problem(today.published, ports)
    settlement = finish(inspection.attempt, intent, publication, has_view=problem is None, ports=ports)
    is_new = publication.attempt_id == inspection.attempt.id
    return Settled(settlement=settlement, is_new_version=is_new, view_problem=problem)


def finish(attempt: Attempt, intent: Intent, publication: Publication, *, has_view: bool, ports: Ports) -> Settlement:
    """Record the settlement of visible rows with its incidents. Idempotent.

    If the view could not be written, the attempt stays unfinished for the next run.

    Raises:
        NotRecorded: the ledger could not be updated.
    """
    if publication.attempt_id != attempt.id:
        discard(attempt, ports)
    settlement = intent.settlement.model_copy(update={"table_version": publication.table_version})
    try:
        ports.ledger.settle(settlement, intent.assessment, is_finished=has_view)
    except OperatorError as error:
        where = f"{attempt.dataset}/{attempt.partition_key}"
        raise NotRecorded(
            f"{where}: {rows_are(publication.rows)} published and visible, but not recorded yet: {error}. "
            "The next run of any partition records it, or run `gate reconcile`"
        ) from error
    return settlement


def view_problem(table: TableSchema, ports: Ports) -> str | None:
    """Refresh the consumers' view; why that failed, or None. A failure does not affect what is published."""
    try:
        ports.warehouse.refresh_view(table)
    except GateError as error:
        log.warning("view not refreshed table=%s why=%s", table.name, error)
        return f"published, but the consumers' view does not show it yet: {error}"
    return None


def discard(attempt: Attempt, ports: Ports, *, with_quarantine: bool = False, may_still_commit: bool = False) -> None:
    """Remove the staged and quarantined rows of an attempt that publishes nothing; `gate sweep` removes leftovers."""
    try:
        ports.warehouse.discard(
            attempt.dataset,
            attempt.partition_key,
            attempt_id=attempt.id,
            with_quarantine=with_quarantine,
            may_still_commit=may_still_commit,
        )
    except GateError as error:
        log.warning("staged rows not removed attempt=%s why=%s; run `gate sweep`", attempt.id, error)


def unjudged(attempt: Attempt, *, outcome: PartitionOutcome, why: str, now: datetime) -> Settlement:
    """The settlement of an attempt that was not judged: MISSING, or ERRORED with the error's text."""
    return Settlement(
        attempt_id=attempt.id,
        contract=attempt.contract,
        version=attempt.version,
        dataset=attempt.dataset,
        partition_key=attempt.partition_key,
        outcome=outcome,
        why=(why,),
        idempotency_key="",
        rows_in=0,
        rows_published=0,
        rows_quarantined=0,
        table_version=None,
        quarantine_uri=None,
        settled_at=now,
    )


def settlement_of(inspection: Inspection, *, rows_published: int, now: datetime) -> Settlement:
    """The settlement of a judged attempt."""
    attempt = inspection.attempt
    return Settlement(
        attempt_id=attempt.id,
        contract=attempt.contract,
        version=attempt.version,
        dataset=attempt.dataset,
        partition_key=attempt.partition_key,
        outcome=inspection.disposition.outcome,
        why=inspection.disposition.why,
        idempotency_key=attempt.idempotency_key,
        rows_in=inspection.rows_in,
        rows_published=rows_published,
        rows_quarantined=inspection.rows_quarantined,
        table_version=None,
        quarantine_uri=inspection.quarantine_uri,
        settled_at=now,
    )


def _superseded(inspection: Inspection) -> Inspection:
    """The inspection of an attempt that a newer attempt has superseded."""
    disposition = inspection.disposition.model_copy(update={"outcome": PartitionOutcome.SUPERSEDED, "why": _NEWER})
    return inspection.model_copy(update={"disposition": disposition, "staged": None})


def _publish(
    compiled: CompiledDataset, inspection: Inspection, staged: Staged, intent: Intent, ports: Ports
) -> Publication | None:
    """Publish the staged rows; None if a newer attempt owns the partition. Rows that are already visible are kept."""
    attempt = inspection.attempt
    owned = attempt.model_copy(update={"owner": ports.workers.own})  # in Airflow, inspect ran in another process
    if not ports.ledger.intend(owned, intent, now=ports.clock.now()):
        return None
    visible = ports.warehouse.current(staged.table, attempt.partition_key)
    if visible is not None and visible.idempotency_key == attempt.idempotency_key:
        return visible
    try:
        return ports.warehouse.publish(
            compiled.published,
            staged,
            idempotency_key=attempt.idempotency_key,
            fence=attempt.fence,
            over=inspection.over,
            values=tuple(compiled.dataset.location.values(attempt.partition_key).items()),
        )
    except Superseded:
        return None
    except OperatorError as error:
        return _publication_after(attempt, staged.table, error, ports)


def _publication_after(attempt: Attempt, table: str, error: OperatorError, ports: Ports) -> Publication:
    """The publication of a commit whose answer was lost; raises the error if the commit did not happen."""
    try:
        visible = ports.warehouse.current(table, attempt.partition_key)
    except GateError:
        raise NotRecorded(
            f"{attempt.dataset}/{attempt.partition_key}: it is unknown whether the new version is visible: {error}. "
            "The next run of any partition checks and records it, or run `gate reconcile`"
        ) from error
    if visible is None or visible.attempt_id != attempt.id:
        raise error
    return visible


def _settle_unpublished(compiled: CompiledDataset, inspection: Inspection, ports: Ports) -> Settled:
    """Settle without publishing: nothing changes for consumers."""
    settlement = settlement_of(inspection, rows_published=0, now=ports.clock.now())
    assessment = _assessed(settlement, compiled, inspection, None, ports)
    ports.ledger.settle(settlement, assessment)
    return Settled(settlement=settlement, is_new_version=False)


def _intent(compiled: CompiledDataset, inspection: Inspection, staged: Staged, ports: Ports) -> Intent:
    settlement = settlement_of(inspection, rows_published=staged.rows, now=ports.clock.now())
    assessment = _assessed(settlement, compiled, inspection, staged, ports)
    return Intent(settlement=settlement, assessment=assessment)


def _assessed(
    settlement: Settlement, compiled: CompiledDataset, inspection: Inspection, staged: Staged | None, ports: Ports
) -> Assessment | None:
    is_backfill, landed_at = inspection.is_backfill, inspection.landed_at
    return assess(settlement, compiled, ports, is_backfill=is_backfill, began_at=landed_at, staged=staged)


def assess(
    settlement: Settlement,
    compiled: CompiledDataset,
    ports: Ports,
    *,
    is_backfill: bool = False,
    began_at: datetime | None = None,
    staged: Staged | None = None,
) -> Assessment | None:
    """What the settlement says about the dataset's problems, which began at `began_at`, and who is told.

    `staged` are the rows to be published.
    """
    results = ports.ledger.results(settlement.attempt_id)
    links = ports.links(settlement.dataset, settlement.partition_key, settlement.attempt_id if results else "")
    case = Case(
        settlement=settlement,
        results=results,
        dataset=compiled.dataset,
        began_at=began_at,
        newest_visible=_newest_visible(settlement, compiled.dataset, ports.ledger),
    )
    assessment = assessment_of(case, links, operators=ports.operators_channel, is_backfill=is_backfill)
    if assessment is None:
        return None
    replay = ports.ledger.replay(settlement.attempt_id)
    if replay is not None and replay.rows_kept:
        # Rows that were kept back still break the rules that all judged rows keep.
        assessment = assessment.model_copy(update={"in_order": frozenset()})
    found = anomalies_of(settlement, compiled, ports.ledger)
    if staged is not None:
        found = with_drift(found, staged, compiled, ports)
    assessed = with_anomalies(assessment, found, recipients_of(compiled.dataset))
    if not found.failure:
        return assessed
    return with_failed_comparison(assessed, found.failure, links, operators=ports.operators_channel)


def _newest_visible(settlement: Settlement, dataset: Dataset, ledger: Ledger) -> str:
    """The last of the 30 expected partitions before this one that is visible; empty if this one is, or none is."""
    if settlement.outcome in VISIBLE:
        return ""
    try:
        expected = expected_periods(dataset, settlement.partition_key, _LOOKED_BACK * frequency(dataset))
        keys = [key for key, _, _ in expected if key != settlement.partition_key]
    except MalformedPartitionKey:
        return ""
    visible = {outcome.partition_key for outcome in ledger.outcomes(dataset.name, keys) if outcome.is_visible}
    return next((key for key in reversed(keys) if key in visible), "")
