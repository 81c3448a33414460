"""What people do with outcomes: forget one recorded by mistake, decide about a held version, remove leftovers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.schedule import canonical_key
from partition_gate.core.display import rows_are
from partition_gate.core.errors import CannotAct, CannotForget, GateError
from partition_gate.core.record import Record
from partition_gate.gate.pipeline import RunResult, run_partition
from partition_gate.gate.repair import ABANDONED_AFTER, Ending, repair
from partition_gate.gate.spool import remove_abandoned_spools
from partition_gate.judging.attempt import Forgotten, HeldDecision, Settlement
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.ports import Ports


def forget(today: CompiledDataset, key: str, *, who: str, why: str, ports: Ports) -> Forgotten:
    """Remove the partition's current outcome and its unsent messages.

    Raises:
        MalformedPartitionKey: the key is neither recorded nor valid.
        CannotForget: nothing is recorded, or rows of the partition are visible.
    """
    dataset = today.dataset.name
    # Look up the key as typed first: an older version may have recorded a key that is no longer valid.
    outcome = ports.ledger.outcome(dataset, key)
    if outcome is None:
        key = canonical_key(today.dataset, key, now=ports.clock.now())
        outcome = ports.ledger.outcome(dataset, key)
    if outcome is None:
        raise CannotForget(f"{dataset} {key}: nothing is recorded for this partition; see `gate status`")
    visible = ports.warehouse.current(today.table.name, key)
    if visible is not None:
        raise CannotForget(
            f"{dataset} {key}: {rows_are(visible.rows)} visible in this partition, so its outcome stays; "
            f"land corrected files and run it again: gate run {today.dataset.qualified_name} {key}"
        )
    forgotten = Forgotten(
        dataset=dataset,
        partition_key=key,
        outcome=outcome.outcome,
        attempt_id=outcome.attempt_id,
        who=who,
        why=why,
        at=ports.clock.now(),
    )
    ports.ledger.forget(forgotten)
    return forgotten


def decide(today: CompiledDataset, key: str, *, is_approved: bool, who: str, why: str, ports: Ports) -> RunResult:
    """Approve or reject the held version of a partition, and settle it accordingly.

    If other files have landed since it was held, they are judged as usual, because nobody decided about them.

    Raises:
        MalformedPartitionKey: the key is not valid.
        CannotAct: the partition is not held.
    """
    record_decision(today, key, is_approved=is_approved, who=who, why=why, ports=ports)
    return run_partition(today, key, ports=ports)


def record_decision(today: CompiledDataset, key: str, *, is_approved: bool, who: str, why: str, ports: Ports) -> None:
    """Record what a person decided about a held version; the next run settles it. Raises: as `decide`."""
    outcome = held_version(today, key, ports=ports)
    ports.ledger.decide(
        HeldDecision(
            dataset=outcome.dataset,
            partition_key=outcome.partition_key,
            idempotency_key=outcome.idempotency_key,
            is_approved=is_approved,
            who=who,
            why=why,
            at=ports.clock.now(),
        )
    )


def held_version(today: CompiledDataset, key: str, *, ports: Ports) -> Settlement:
    """The outcome of a held partition; its reasons say what shrank. Raises: as `decide`."""
    dataset, key = today.dataset.name, canonical_key(today.dataset, key, now=ports.clock.now())
    outcome = ports.ledger.outcome(dataset, key)
    if outcome is None or outcome.outcome is not PartitionOutcome.HELD:
        state = outcome.outcome.value.replace("_", " ") if outcome else "not recorded"
        raise CannotAct(f"{dataset} {key} is not held, so there is nothing to decide: it is {state}; see `gate status`")
    return outcome


class Swept(Record):
    """Counts of what was removed, and the problems with tables that could not be read."""

    attempts: int
    spool_folders: int
    staged_files: int
    problems: tuple[str, ...]


def sweep(contracts: Sequence[CompiledDataset], *, older_than: timedelta, ports: Ports) -> Swept:
    """End abandoned attempts, and remove spool folders without an owner and staged files that no version refers to.

    Staged files younger than `older_than`, or than the longest attempt, are not removed.
    """
    ended = [repaired for repaired in repair(ports) if repaired.ending in {Ending.FAILED, Ending.SUPERSEDED}]
    before = ports.clock.now() - max(older_than, ABANDONED_AFTER)
    staged, problems = 0, []
    for compiled in contracts:
        try:
            staged += ports.warehouse.sweep(compiled.table.name, staged_before=before)
        except GateError as error:
            problems.append(str(error))
    return Swept(
        attempts=len(ended),
        spool_folders=remove_abandoned_spools(ports.spool_folder),
        staged_files=staged,
        problems=tuple(problems),
    )
