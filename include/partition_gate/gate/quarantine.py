"""Rows in quarantine that still count: which there are, and those that people give up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.model import Dataset
from partition_gate.contract.schedule import canonical_key
from partition_gate.core.errors import CannotAct, PartitionChanged
from partition_gate.core.record import Record
from partition_gate.core.severity import Scope
from partition_gate.gate.spool import spool_folder
from partition_gate.gate.standing import Standing, newest_judged, standing_version
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.disposition import FINAL
from partition_gate.judging.replay import Discard, Export
from partition_gate.judging.verdict import CheckOutcome, CheckResult
from partition_gate.ports import Ports
from partition_gate.ports.ledger import Ledger


class OpenRows(Record):
    """A standing version with rows in quarantine. `seen_fence` was read before it."""

    standing: Standing
    seen_fence: int


class Reason(Record):
    """Why rows are in quarantine: a rule, what it expects, and how many rows break it (None: it counts no rows)."""

    rule_id: str
    expected: str
    rows: int | None


class QuarantinedPartition(Record):
    """A partition with rows in quarantine, from its newest judged attempt.

    `rows_kept` of them were kept back by the replay that the attempt is, and were not judged again.
    """

    dataset: str
    partition_key: str
    contract: str
    attempt_id: str
    outcome: str
    rows: int
    rows_discarded: int
    rows_kept: int
    reasons: tuple[Reason, ...]
    why: tuple[str, ...]
    since: datetime


def open_quarantine(dataset: Dataset, key: str, *, ports: Ports) -> OpenRows:
    """The rows in quarantine of a partition, for somebody who wants to change that.

    Raises:
        CannotAct: there are none, or a run is working on the partition.
    """
    seen = ports.ledger.fence(dataset.name, key)
    standing, where = standing_version(dataset.name, key, ports=ports), f"{dataset.name} {key}"
    if standing is None:
        raise CannotAct(f"{where}: nothing is recorded for this partition; see `gate quarantine list`")
    if not standing.settlement.rows_quarantined:
        raise CannotAct(f"{where}: {_nothing_in(standing.settlement)}")
    refuse_while_running(dataset, key, ports=ports)
    return OpenRows(standing=standing, seen_fence=seen)


def refuse_while_running(dataset: Dataset, key: str, *, ports: Ports) -> None:
    """Raise CannotAct if a run is working on the partition."""
    working = (found.attempt for found in ports.ledger.unfinished())
    if any((attempt.dataset, attempt.partition_key) == (dataset.name, key) for attempt in working):
        raise CannotAct(
            f"{dataset.name} {key}: a run is working on this partition; repeat the command once it has ended"
        )


def quarantined_partitions(ledger: Ledger, dataset: str | None = None) -> tuple[QuarantinedPartition, ...]:
    """The partitions with rows in quarantine that are neither published nor discarded since, by dataset and key."""
    judged = (_judged(settled, ledger) for settled in ledger.latest(dataset))
    settlements = [settled for settled in judged if settled is not None and settled.rows_quarantined]
    results = ledger.not_passed([settled.attempt_id for settled in settlements])
    return tuple(_listed(settled, results.get(settled.attempt_id, ()), ledger) for settled in settlements)


def discard_rows(today: CompiledDataset, key: str, *, where: str, who: str, why: str, ports: Ports) -> Discard:
    """Give up rows in quarantine: those for which the condition is true, or all that are left if it is empty.

    They stay in the attempt's file, and count as discarded from now on.

    Raises:
        MalformedPartitionKey: the key was mistyped.
        CannotAct: no such row is in quarantine, a run is working on the partition, or the condition is wrong.
        PartitionChanged: another run started meanwhile; nothing is recorded.
    """
    key = canonical_key(today.dataset, key, now=ports.clock.now())
    opened = open_quarantine(today.dataset, key, ports=ports)
    discard = _discard(opened.standing, where, ports).model_copy(
        update={"who": who, "why": why, "at": ports.clock.now(), "condition": where}
    )
    if not discard.rows:
        raise CannotAct(f"{today.dataset.name} {key}: no row in quarantine fits --where; see `gate quarantine show`")
    if not ports.ledger.discard_rows(discard, seen_fence=opened.seen_fence):
        raise PartitionChanged(f"{today.dataset.name} {key}: its rows changed meanwhile; repeat the command")
    return discard


def export_rows(today: CompiledDataset, key: str, export: Export, *, to: Path, ports: Ports) -> int:
    """Write a partition's rows in quarantine, without those that were discarded, to a new file; how many there are.

    Raises: MalformedPartitionKey, CannotAct (as `open_quarantine`, or the file or its columns cannot be used).
    """
    key = canonical_key(today.dataset, key, now=ports.clock.now())
    standing = open_quarantine(today.dataset, key, ports=ports).standing
    settled = standing.settlement
    with spool_folder(ports.spool_folder, settled.attempt_id) as folder:
        rows = ports.warehouse.quarantined_file(settled.quarantine_uri or "", into=folder)
        if rows is None:
            raise CannotAct(f"{today.dataset.name} {key}: {_nothing_in(settled)}")
        return ports.rework.export(rows, export.model_copy(update={"discarded": standing.discarded}), to=to)


def _discard(standing: Standing, where: str, ports: Ports) -> Discard:
    """The discard of the rows that a condition chooses, without who, why and when."""
    settled = standing.settlement
    with spool_folder(ports.spool_folder, settled.attempt_id) as folder:
        rows = ports.warehouse.quarantined_file(settled.quarantine_uri or "", into=folder)
        chosen = ports.rework.choose(rows, where).without(standing.discarded) if rows else standing.discarded
    return Discard(
        attempt_id=settled.attempt_id,
        number=len(standing.discards) + 1,
        dataset=settled.dataset,
        partition_key=settled.partition_key,
        who="",
        why="",
        at=settled.settled_at,
        condition=where,
        positions=chosen,
    )


def _nothing_in(settled: Settlement) -> str:
    if settled.rows_discarded:
        return f"all of its quarantined rows were discarded ({settled.rows_discarded:,})"
    if settled.quarantine_uri and not settled.rows_in:
        return f"its files could not be read, and are in {settled.quarantine_uri}; land readable files"
    return "no row of this partition is in quarantine; see `gate quarantine list`"


def _judged(settled: Settlement, ledger: Ledger) -> Settlement | None:
    if settled.outcome in FINAL:
        return settled
    return newest_judged(ledger.settlements(settled.dataset, settled.partition_key))


def _listed(settled: Settlement, results: Sequence[CheckResult], ledger: Ledger) -> QuarantinedPartition:
    replay = ledger.replay(settled.attempt_id)
    return QuarantinedPartition(
        **settled.model_dump(include={"dataset", "partition_key", "contract", "attempt_id", "rows_discarded", "why"}),
        outcome=settled.outcome.value,
        rows=settled.rows_quarantined,
        rows_kept=replay.rows_kept if replay else 0,
        reasons=tuple(
            Reason(rule_id=each.rule_id, expected=each.expected, rows=each.unexpected_count)
            for each in results
            if each.outcome is CheckOutcome.FAILED and each.scope is not Scope.SLA
        ),
        since=settled.settled_at,
    )
