"""Finish what a kill or an error interrupted: called by the next run of any partition, and by `gate reconcile`.

Before its commit, an attempt stores what it intends to record. So the next run only has to ask the table: if the
attempt's rows are visible, it records the outcome with its messages and refreshes the consumers' view. If they are not,
and no process works on the attempt any more, the attempt has failed, and the next run of the partition judges it again.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from enum import StrEnum

from partition_gate.alerts.dataset_problems import GATE, gate_assessment
from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.errors import ContractError, GateError, TableUnreadable
from partition_gate.core.record import Record
from partition_gate.gate.lineage import tell_of_run
from partition_gate.gate.settle import discard, finish, view_problem
from partition_gate.judging.attempt import Attempt, AttemptState, Intent, Publication, Settlement, UnfinishedAttempt
from partition_gate.ports import Ports
from partition_gate.watching.heartbeat import stopped

log = logging.getLogger(__name__)

# Longer than the sum of all waits in an attempt: an older attempt is abandoned, whatever process owns it.
ABANDONED_AFTER = timedelta(hours=6)


class Ending(StrEnum):
    """How an unfinished attempt ended, or why it has not."""

    RECORDED = "recorded"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    LEFT = "left"
    UNKNOWN = "unknown"


class Repaired(Record):
    """An unfinished attempt and its ending; `why` explains an unknown ending."""

    attempt_id: str
    dataset: str
    partition_key: str
    ending: Ending
    why: str = ""


def repair(ports: Ports, *, own: CompiledDataset | None = None) -> tuple[Repaired, ...]:
    """Finish or end every unfinished attempt, oldest first. One that cannot be examined does not stop the others.

    `own` is a contract that may be outside the contracts folder.
    """
    tables = _Tables(own, ports)
    repaired = []
    for unfinished in ports.ledger.unfinished():
        try:
            ending, why = _ending(unfinished, tables, ports)
        except GateError as error:
            ending, why = Ending.UNKNOWN, str(error)
        attempt = unfinished.attempt
        if ending is not Ending.LEFT:
            log.info("attempt repaired attempt=%s ending=%s why=%s", attempt.id, ending.value, why)
        repaired.append(_repaired(attempt, ending, why))
    _remove_rows_of_failed_commits(tables, ports)
    return tuple(repaired)


def _remove_rows_of_failed_commits(tables: _Tables, ports: Ports) -> None:
    """Remove staged rows that were left because storage might carry out their commit late, once it no longer can: a
    newer version is visible, or too much time has passed.
    """
    long_ago = ports.clock.now() - ABANDONED_AFTER
    for failed in ports.ledger.failed_commits(before=long_ago):
        attempt = failed.attempt
        try:
            visible = tables.current(attempt)
        except GateError as error:
            log.warning("rows of a failed commit not removed attempt=%s why=%s", attempt.id, error)
            continue
        if (visible is not None and visible.fence > attempt.fence) or failed.state_since < long_ago:
            discard(attempt, ports, with_quarantine=True)
            # A final state, unlike FAILED: without its rows no retry of its task can go on.
            ports.ledger.advance(attempt.id, AttemptState.SUPERSEDED, now=ports.clock.now())


class _Tables:
    """The tables of unfinished attempts. A broken table is read only once, however many of its attempts are unfinished,
    so that it hardly delays runs of other datasets.
    """

    def __init__(self, own: CompiledDataset | None, ports: Ports) -> None:
        self._own, self._ports = own, ports
        self._unreadable: dict[str, TableUnreadable] = {}
        self._view_problems: dict[str, str] = {}

    def current(self, attempt: Attempt) -> Publication | None:
        if attempt.dataset in self._unreadable:
            raise self._unreadable[attempt.dataset]
        try:
            return self._ports.warehouse.current(attempt.dataset, attempt.partition_key)
        except TableUnreadable as error:
            self._unreadable[attempt.dataset] = error
            raise

    def view_problem(self, attempt: Attempt) -> str | None:
        """Why the view of its table is out of date; None if it is current, or if the contract is gone."""
        if attempt.dataset in self._view_problems:
            return self._view_problems[attempt.dataset]
        today = self._today(attempt)
        problem = None if today is None else view_problem(today.published, self._ports)
        if problem is not None:
            self._view_problems[attempt.dataset] = problem
        return problem

    def tell(self, settlement: Settlement, attempt: Attempt) -> None:
        """Emit the events of an attempt that was recorded late; none if its contract is gone."""
        if (today := self._today(attempt)) is not None:
            tell_of_run(settlement, today.in_force(attempt.partition_key), ports=self._ports)

    def _today(self, attempt: Attempt) -> CompiledDataset | None:
        own, name = self._own, (attempt.contract, attempt.dataset)
        if own is not None and (own.contract.id, own.dataset.name) == name:
            return own
        try:
            return self._ports.contracts.load("/".join(name))
        except ContractError as error:
            log.warning("its contract is gone, view and events are left attempt=%s why=%s", attempt.id, error)
            return None


def _ending(unfinished: UnfinishedAttempt, tables: _Tables, ports: Ports) -> tuple[Ending, str]:
    """The ending, and the reason if work remains."""
    attempt = unfinished.attempt
    if unfinished.state is AttemptState.PUBLISHING and (visible := _visible(attempt, tables, ports)):
        intent, publication = visible
        problem = tables.view_problem(attempt)
        settlement = finish(attempt, intent, publication, has_view=problem is None, ports=ports)
        if problem is None:  # otherwise the next repair finishes it
            tables.tell(settlement, attempt)
        return (Ending.UNKNOWN, problem) if problem else (Ending.RECORDED, "")
    if _is_worked_on(unfinished, ports):
        return Ending.LEFT, ""
    is_newest = attempt.fence >= unfinished.newest_fence
    was_publishing = unfinished.state is AttemptState.PUBLISHING
    discard(attempt, ports, with_quarantine=True, may_still_commit=was_publishing)
    ending, state = (Ending.FAILED, AttemptState.FAILED) if is_newest else (Ending.SUPERSEDED, AttemptState.SUPERSEDED)
    ports.ledger.advance(attempt.id, state, now=ports.clock.now())
    return ending, ""


def _visible(attempt: Attempt, tables: _Tables, ports: Ports) -> tuple[Intent, Publication] | None:
    """The intent and the publication of an attempt whose rows are visible; None if they are not."""
    intent = ports.ledger.intent(attempt.id)
    publication = tables.current(attempt)
    if intent is None or publication is None or publication.idempotency_key != attempt.idempotency_key:
        return None
    return intent, publication


def _is_worked_on(unfinished: UnfinishedAttempt, ports: Ports) -> bool:
    """Whether it may still publish: not if a newer attempt was opened before this one intended to publish."""
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


def watch_the_watch(ports: Ports) -> None:
    """Record that the watch has stopped. Whether it ever ran, only `gate status` and the console say."""
    heartbeat, now = ports.ledger.heartbeat(), ports.clock.now()
    problem = stopped(heartbeat, now=now) if heartbeat else None
    if problem is None:
        return
    log.warning("watch stopped why=%s", problem.finding)
    links, operators = ports.links(GATE, "", ""), ports.operators_channel
    ports.ledger.assess(gate_assessment((problem,), frozenset(), links, operators=operators), now=now)
