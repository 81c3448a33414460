"""Remove what killed runs left behind, by age and ownership."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from partition_gate.compiling.compiled import CompiledContract
from partition_gate.errors import GateError
from partition_gate.gate.repair import ABANDONED_AFTER, Ending, repair
from partition_gate.gate.spool import sweep_spool
from partition_gate.ports import Ports
from partition_gate.record import Record


class Swept(Record):
    """What was removed, and the tables that could not be looked at."""

    attempts: int
    spool_folders: int
    staged_files: int
    problems: tuple[str, ...]


def sweep(contracts: Sequence[CompiledContract], *, older_than: timedelta, ports: Ports) -> Swept:
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
