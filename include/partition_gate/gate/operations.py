"""Remove an outcome that should never have been recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.errors import CannotForget, GateError
from partition_gate.core.record import Record
from partition_gate.gate.repair import ABANDONED_AFTER, Ending, repair
from partition_gate.gate.spool import sweep_spool
from partition_gate.judging.attempt import Forgotten
from partition_gate.ports import Ports


def forget(today: CompiledDataset, key: str, *, who: str, why: str, ports: Ports) -> Forgotten:
    """What was removed: the partition's current outcome, with its messages that were not sent yet.

    Raises:
        MalformedPartitionKey: it is neither recorded nor a key.
        CannotForget: nothing is recorded, or rows of the partition are visible.
    """
    dataset = today.dataset.name
    # As it is recorded first: an older version of ours may have recorded a key that has no value.
    outcome = ports.ledger.outcome(dataset, key)
    if outcome is None:
        key = today.dataset.location.key(key)
        outcome = ports.ledger.outcome(dataset, key)
    if outcome is None:
        raise CannotForget(f"{dataset} {key}: nothing is recorded for this partition; see `gate status`")
    visible = ports.warehouse.current(today.table.name, key)
    if visible is not None:
        raise CannotForget(
            f"{dataset} {key}: {visible.rows:,} rows of this partition are visible, so its outcome stays; "
            f"land corrected files and run it again: gate run {today.contract.id} {key}"
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


class Swept(Record):
    """What was removed, and the tables that could not be looked at."""

    attempts: int
    spool_folders: int
    staged_files: int
    problems: tuple[str, ...]


def sweep(contracts: Sequence[CompiledDataset], *, older_than: timedelta, ports: Ports) -> Swept:
    """End what nobody works on, and remove spool folders without an owner and staged files that no version refers to.

    Staged files younger than `older_than`, or than an attempt may last, are kept.
    """
    ended = [each for each in repair(ports) if each.ending in {Ending.FAILED, Ending.SUPERSEDED}]
    before = ports.clock.now() - max(older_than, ABANDONED_AFTER)
    staged, problems = 0, []
    for compiled in contracts:
        try:
            staged += ports.warehouse.sweep(compiled.table.name, staged_before=before)
        except GateError as error:
            problems.append(str(error))
    return Swept(
        attempts=len(ended),
        spool_folders=sweep_spool(ports.spool_folder),
        staged_files=staged,
        problems=tuple(problems),
    )
