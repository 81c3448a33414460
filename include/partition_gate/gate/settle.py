"""Third step: make the decision true. The publish is the only effect that a consumer can see."""

from __future__ import annotations

import logging
from datetime import datetime

from partition_gate.alerts.alert import alerts_for
from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.errors import GateError, NotRecorded, OperatorError, Superseded
from partition_gate.core.record import Record
from partition_gate.core.table import TableSchema
from partition_gate.gate.dispose import Inspection
from partition_gate.judging.attempt import Attempt, Intent, Message, Publication, Settlement, Staged
from partition_gate.judging.disposition import VISIBLE, PartitionOutcome
from partition_gate.ports import Ports

log = logging.getLogger(__name__)

_NEWER = ("a newer attempt owns this partition; nothing was changed",)


class Settled(Record):
    """How the attempt ended; `is_new_version`: rows became visible that were not visible before.

    `view_problem` says why the consumers' file does not show them yet, and who will see to it; None where it does.
    """

    settlement: Settlement
    is_new_version: bool
    view_problem: str | None = None


def settle(today: CompiledDataset, compiled: CompiledDataset, inspection: Inspection, *, ports: Ports) -> Settled:
    """The settlement: published in one commit, or rejected, held, superseded or errored; with its messages queued.

    May be killed and repeated at every point. What will be recorded is kept before the commit; the commit carries the
    idempotency key; the view and the ledger follow it. `repair` finishes what a kill or an error leaves undone.

    Raises:
        NotRecorded: the rows are visible, and the ledger could not be told.
        PartitionChanged: the version that the decision rests on is not the visible one any more.
    """
    if inspection.disposition.outcome not in VISIBLE or inspection.staged is None:
        return _ended(compiled, inspection, ports)
    intent = _intent(compiled, inspection, inspection.staged, ports)
    publication = _publish(compiled, inspection, inspection.staged, intent, ports)
    if publication is None:
        discard(inspection.attempt, ports)
        return _ended(compiled, _superseded(inspection), ports)
    problem = view_problem(today.published, ports)
    settlement = finish(inspection.attempt, intent, publication, has_view=problem is None, ports=ports)
    is_new = publication.attempt_id == inspection.attempt.id
    return Settled(settlement=settlement, is_new_version=is_new, view_problem=problem)


def finish(attempt: Attempt, intent: Intent, publication: Publication, *, has_view: bool, ports: Ports) -> Settlement:
    """The settlement of visible rows, recorded with its messages; may be repeated.

    An attempt whose view could not be written stays unfinished, for the next run.

    Raises:
        NotRecorded: the ledger could not be told.
    """
    if publication.attempt_id != attempt.id:
        discard(attempt, ports)
    settlement = intent.settlement.model_copy(update={"table_version": publication.table_version})
    try:
        ports.ledger.settle(settlement, intent.messages, is_finished=has_view)
    except OperatorError as error:
        where = f"{attempt.dataset}/{attempt.partition_key}"
        raise NotRecorded(
            f"{where} is published: {publication.rows:,} rows are visible. That could not be recorded yet: {error}. "
            "The next run of any partition records it, or `gate reconcile`"
        ) from error
    return settlement


def view_problem(table: TableSchema, ports: Ports) -> str | None:
    """Why the consumers' view could not be brought up to date just now; None where it was. What is published stands."""
    try:
        ports.warehouse.refresh_view(table)
    except GateError as error:
        log.warning("view not refreshed table=%s why=%s", table.name, error)
        return f"published, but the consumers' view does not show it yet: {error}"
    return None


def discard(attempt: Attempt, ports: Ports, *, with_quarantine: bool = False, may_still_commit: bool = False) -> None:
    """Remove what an attempt that publishes nothing has staged, and kept aside. What cannot be removed now is swept."""
    try:
        ports.warehouse.discard(
            attempt.dataset,
            attempt.partition_key,
            attempt_id=attempt.id,
            with_quarantine=with_quarantine,
            may_still_commit=may_still_commit,
        )
    except GateError as error:
        log.warning("staged rows not removed attempt=%s why=%s; `gate sweep` does it", attempt.id, error)


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
    """The inspection of an attempt that a newer one has overtaken."""
    disposition = inspection.disposition.model_copy(update={"outcome": PartitionOutcome.SUPERSEDED, "why": _NEWER})
    return inspection.model_copy(update={"disposition": disposition, "staged": None})


def _publish(
    compiled: CompiledDataset, inspection: Inspection, staged: Staged, intent: Intent, ports: Ports
) -> Publication | None:
    """The publication; None where a newer attempt owns the partition. What is visible already stays as it is."""
    attempt = inspection.attempt
    owned = attempt.model_copy(update={"owner": ports.workers.own})  # in Airflow, another process inspected it
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
        return _looked_up(attempt, staged.table, error, ports)


def _looked_up(attempt: Attempt, table: str, error: OperatorError, ports: Ports) -> Publication:
    """The publication of a commit whose answer was lost; the error itself, where the commit did not happen."""
    try:
        visible = ports.warehouse.current(table, attempt.partition_key)
    except GateError:
        raise NotRecorded(
            f"{attempt.dataset}/{attempt.partition_key}: it is not known whether the new version is visible: {error}. "
            "The next run of any partition finds out and records it, or `gate reconcile`"
        ) from error
    if visible is None or visible.attempt_id != attempt.id:
        raise error
    return visible


def _ended(compiled: CompiledDataset, inspection: Inspection, ports: Ports) -> Settled:
    """An end without a publish: nothing that consumers see has changed."""
    settlement = settlement_of(inspection, rows_published=0, now=ports.clock.now())
    ports.ledger.settle(settlement, _messages(settlement, compiled, ports))
    return Settled(settlement=settlement, is_new_version=False)


def _intent(compiled: CompiledDataset, inspection: Inspection, staged: Staged, ports: Ports) -> Intent:
    settlement = settlement_of(inspection, rows_published=staged.rows, now=ports.clock.now())
    return Intent(settlement=settlement, messages=_messages(settlement, compiled, ports))


def _messages(settlement: Settlement, compiled: CompiledDataset, ports: Ports) -> tuple[Message, ...]:
    links = ports.links(settlement.dataset, settlement.partition_key, settlement.attempt_id)
    return alerts_for(settlement, ports.ledger.results(settlement.attempt_id), compiled.dataset, links)
