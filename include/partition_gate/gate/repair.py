"""What a kill or an error left undone is finished here: by the next run of any partition, and by `gate reconcile`.

An attempt that was about to publish kept what it will record before its commit. So whoever comes next asks the table:
if its rows are visible, the record, the messages and the consumers' view are made good; if they are not, and nobody
works on the attempt any more, it has failed, and the next run of the partition judges it again.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from enum import StrEnum

from partition_gate.compiling.compiled import CompiledContract
from partition_gate.errors import ContractError, GateError
from partition_gate.gate.settle import discard, finish
from partition_gate.judging.attempt import Attempt, AttemptState, UnfinishedAttempt
from partition_gate.ports import Ports
from partition_gate.record import Record
from partition_gate.table import TableSchema

log = logging.getLogger(__name__)

# Longer than everything that an attempt may wait for; an older one, whoever owns it, is not worked on any more.
ABANDONED_AFTER = timedelta(hours=6)


class Ending(StrEnum):
    """What became of an unfinished attempt."""

    RECORDED = "recorded"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    LEFT = "left"
    UNKNOWN = "unknown"


class Repaired(Record):
    """An unfinished attempt and its ending; `why` where it is not known yet."""

    attempt_id: str
    dataset: str
    partition_key: str
    ending: Ending
    why: str = ""


def repair(ports: Ports, *, own: CompiledContract | None = None) -> tuple[Repaired, ...]:
    """Every unfinished attempt, oldest first, with what became of it. One that cannot be looked at stops no other.

    `own` is a contract that may lie outside the folder of contracts.
    """
    found = []
    for unfinished in ports.ledger.unfinished():
        try:
            ending, why = _ending(unfinished, own, ports), ""
        except GateError as error:
            ending, why = Ending.UNKNOWN, str(error)
        attempt = unfinished.attempt
        if ending is not Ending.LEFT:
            log.info("attempt repaired attempt=%s ending=%s why=%s", attempt.id, ending.value, why)
        found.append(_repaired(attempt, ending, why))
    return tuple(found)


def _ending(unfinished: UnfinishedAttempt, own: CompiledContract | None, ports: Ports) -> Ending:
    attempt = unfinished.attempt
    if unfinished.state is AttemptState.PUBLISHING and _is_visible(attempt, own, ports):
        return Ending.RECORDED
    if _is_worked_on(unfinished, ports):
        return Ending.LEFT
    is_newest = attempt.fence >= unfinished.newest_fence
    discard(attempt, ports, with_quarantine=True)
    ending, state = (Ending.FAILED, AttemptState.FAILED) if is_newest else (Ending.SUPERSEDED, AttemptState.SUPERSEDED)
    ports.ledger.advance(attempt.id, state, now=ports.clock.now())
    return ending


def _is_visible(attempt: Attempt, own: CompiledContract | None, ports: Ports) -> bool:
    """Whether the rows of an attempt that was about to publish are visible; what follows the commit is then done."""
    intent = ports.ledger.intent(attempt.id)
    publication = ports.warehouse.current(attempt.dataset, attempt.partition_key)
    if intent is None or publication is None or publication.idempotency_key != attempt.idempotency_key:
        return False
    finish(attempt, intent, publication, _view(attempt, own, ports), ports=ports)
    return True


def _view(attempt: Attempt, own: CompiledContract | None, ports: Ports) -> TableSchema | None:
    if own is not None and own.contract.id == attempt.contract:
        return own.published
    try:
        return ports.contracts.load(attempt.contract).published
    except ContractError as error:
        log.warning("view not refreshed attempt=%s why=%s", attempt.id, error)
        return None


def _is_worked_on(unfinished: UnfinishedAttempt, ports: Ports) -> bool:
    """Whether it may still publish: not where a newer attempt was opened before it meant to."""
    attempt = unfinished.attempt
    is_overtaken = attempt.fence < unfinished.newest_fence and unfinished.state is not AttemptState.PUBLISHING
    if is_overtaken or ports.clock.now() - unfinished.state_since > ABANDONED_AFTER:
        return False
    return ports.workers.is_running(attempt.owner) is not False


def _repaired(attempt: Attempt, ending: Ending, why: str) -> Repaired:
    return Repaired(
        attempt_id=attempt.id,
        dataset=attempt.dataset,
        partition_key=attempt.partition_key,
        ending=ending,
        why=why,
    )
