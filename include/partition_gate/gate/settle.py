"""Third step: make the decision true. The publish is the only effect that a consumer can see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from partition_gate.alerts.alert import Links, alerts_for
from partition_gate.compiling.compiled import CompiledContract
from partition_gate.errors import Superseded
from partition_gate.gate.dispose import Inspection
from partition_gate.judging.attempt import AttemptState, Publication, Settlement, attempt_id
from partition_gate.judging.disposition import VISIBLE, PartitionOutcome
from partition_gate.ports import Ports
from partition_gate.table import TableSchema


def settle(
    compiled: CompiledContract, inspection: Inspection, *, ports: Ports, tables: Sequence[TableSchema], links: Links
) -> Settlement:
    """The settlement: published in one commit, or rejected, held, superseded or errored; with its messages queued.

    May be killed and repeated at every point: the commit carries the idempotency key, and the ledger takes the
    settlement and its messages in one transaction, after the rows are visible. `tables` are all published tables,
    for the consumers' views.
    """
    publication = _publish(compiled, inspection, ports)
    settlement = _settlement(inspection, publication, now=ports.clock.now())
    if publication is not None:
        ports.warehouse.refresh_views(tables)
    results = ports.ledger.results(inspection.attempt.id)
    ports.ledger.settle(settlement, alerts_for(settlement, results, compiled.contract, links))
    return settlement


def settle_unjudged(
    compiled: CompiledContract, key: str, *, outcome: PartitionOutcome, why: str, ports: Ports, links: Links
) -> Settlement:
    """The settlement of a partition that was not judged: MISSING, or ERRORED with the error's text; with messages."""
    contract = compiled.contract
    settlement = Settlement(
        attempt_id=attempt_id(contract.dataset, key, outcome.value),
        contract=contract.id,
        version=contract.version,
        dataset=contract.dataset,
        partition_key=key,
        outcome=outcome,
        why=(why,),
        idempotency_key="",
        rows_in=0,
        rows_published=0,
        rows_quarantined=0,
        table_version=None,
        quarantine_uri=None,
        settled_at=ports.clock.now(),
    )
    ports.ledger.record_missing(settlement, alerts_for(settlement, (), contract, links))
    return settlement


def _publish(compiled: CompiledContract, inspection: Inspection, ports: Ports) -> Publication | None:
    """The publication; None where nothing is to be published or a newer attempt owns the partition."""
    if inspection.disposition.outcome not in VISIBLE or inspection.staged is None:
        return None
    attempt = inspection.attempt
    ports.ledger.advance(attempt.id, AttemptState.PUBLISHING, now=ports.clock.now())
    try:
        return ports.warehouse.publish(
            compiled.published,
            inspection.staged,
            idempotency_key=attempt.idempotency_key,
            fence=attempt.fence,
            values=tuple(compiled.contract.location.values(attempt.partition_key).items()),
        )
    except Superseded:
        ports.warehouse.discard(inspection.staged)
        return None


def _settlement(inspection: Inspection, publication: Publication | None, *, now: datetime) -> Settlement:
    outcome, why = inspection.disposition.outcome, inspection.disposition.why
    if outcome in VISIBLE and publication is None:
        outcome, why = PartitionOutcome.SUPERSEDED, ("a newer attempt owns this partition; nothing was changed",)
    attempt = inspection.attempt
    return Settlement(
        attempt_id=attempt.id,
        contract=attempt.contract,
        version=attempt.version,
        dataset=attempt.dataset,
        partition_key=attempt.partition_key,
        outcome=outcome,
        why=why,
        idempotency_key=attempt.idempotency_key,
        rows_in=inspection.rows_in,
        rows_published=publication.rows if publication else 0,
        rows_quarantined=inspection.rows_quarantined,
        table_version=publication.table_version if publication else None,
        quarantine_uri=inspection.quarantine_uri,
        settled_at=now,
    )
