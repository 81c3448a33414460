"""Data Docs: the page of an attempt, and the pages on which it is found."""

from __future__ import annotations

import logging

from partition_gate.core.errors import GateError
from partition_gate.core.units import Month
from partition_gate.gate.run_context import fields
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.report import AttemptReport, RecentAttempt
from partition_gate.judging.retention import Subject
from partition_gate.ports import Ports

log = logging.getLogger(__name__)

RECENT = 14  # partitions: two weeks of days


def report_of(settlement: Settlement, ports: Ports) -> str | None:
    """Write the page; why it could not be written, or None."""
    # The outcome is recorded, so a missing page must not fail the run, whatever its cause.
    try:
        write_report(settlement, ports=ports)
    except Exception as error:
        is_defect = not isinstance(error, GateError)
        log.warning("report not written attempt=%s why=%s", settlement.attempt_id, error, exc_info=is_defect)
        return f"the report page was not written: {error}"
    return None


def write_report(settlement: Settlement, *, ports: Ports) -> str | None:
    """Write the attempt's page and its month's; the path below the site's root, None if nothing was validated."""
    with ports.telemetry.step("report", fields):
        return _written(settlement, ports)


def _written(settlement: Settlement, ports: Ports) -> str | None:
    results = ports.ledger.results(settlement.attempt_id)
    path = None
    if results:
        links = ports.links(settlement.dataset, settlement.partition_key, settlement.attempt_id)
        path = ports.docs.write_report(
            AttemptReport(
                settlement=settlement,
                results=results,
                recent=_recent(settlement, ports),
                document=ports.ledger.document(settlement.attempt_id),
                console_page=links.console,
                quarantine_page=links.quarantine if settlement.rows_quarantined else None,
                contract_page=links.contract,
            )
        )
    _write_month(settlement.dataset, Month.of(settlement.settled_at), ports)
    return path


def write_index(ports: Ports) -> str:
    """Write the pages of all months that have a current outcome, but not of removed ones, and the index; its path."""
    months = {(settlement.dataset, Month.of(settlement.settled_at)) for settlement in ports.ledger.latest()}
    mark = ports.ledger.retention_mark(Subject.REPORTS)
    for dataset, month in sorted(months):
        if mark is None or month >= Month.of(mark.settled_at):
            _write_month(dataset, month, ports, whole=True)
    return ports.docs.write_index()


def _write_month(dataset: str, month: Month, ports: Ports, *, whole: bool = False) -> None:
    ports.docs.write_month(dataset, month, ports.ledger.settled_in(dataset, month), whole=whole)


def _recent(settlement: Settlement, ports: Ports) -> tuple[RecentAttempt, ...]:
    """The partitions before this one by their outcome, and this attempt, whatever the partition's outcome is now."""
    keys = ports.ledger.recorded_keys(settlement.dataset, limit=RECENT, up_to=settlement.partition_key)
    before = [key for key in keys if key != settlement.partition_key]
    shown = (*ports.ledger.current(settlement.dataset, before), settlement)
    not_passed = ports.ledger.not_passed([each.attempt_id for each in shown])
    return tuple(
        RecentAttempt(
            settlement=each,
            not_passed={result.rule_id: result.outcome for result in not_passed.get(each.attempt_id, ())},
        )
        for each in shown
    )
