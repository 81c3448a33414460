"""How the service levels of datasets were kept, from the ledger. Nothing is judged or recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.calendar import local_day
from partition_gate.contract.schedule import example_key
from partition_gate.judging.service_level_report import ClauseReport, clause_reports, due_partitions, severity_order
from partition_gate.ports.ledger import Ledger


def service_level_reports(
    datasets: Sequence[CompiledDataset], *, window: timedelta, now: datetime, ledger: Ledger
) -> tuple[ClauseReport, ...]:
    """One report per dataset and clause over the partitions that became due in the window, worst first.

    Reads one query per dataset, of the partitions in the window. If a part of the key is not a time (a region), a
    second query reads the keys of all recorded partitions.

    Raises:
        LedgerUnusable: the ledger does not answer.
    """
    reports = (report for compiled in datasets for report in _reports(compiled, window, now, ledger))
    return tuple(sorted(reports, key=severity_order))


def _reports(compiled: CompiledDataset, window: timedelta, now: datetime, ledger: Ledger) -> tuple[ClauseReport, ...]:
    dataset = compiled.dataset
    example = example_key(dataset, local_day(dataset, now))
    like = (example,) if example is not None else ledger.recorded_keys(dataset.name)
    partitions = due_partitions(compiled, like, window=window, now=now)
    recorded = ledger.measured(dataset.name, [partition.key for partition in partitions])
    return clause_reports(compiled, partitions, {each.partition_key: each for each in recorded}, now=now)
