"""How the service levels of datasets were kept, from the ledger. Nothing is judged or recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.calendar import frequency, local_day
from partition_gate.contract.schedule import example_key
from partition_gate.incidents.model import Problem, ProblemKind
from partition_gate.judging.burn_rate import BurnSeverity
from partition_gate.judging.response_report import ResponseReport, response_reports
from partition_gate.judging.service_level_report import ClauseReport, clause_reports, due_partitions, severity_order
from partition_gate.ports.ledger import Ledger
from partition_gate.watching.problems import Seen

_BUDGET = "budget "
_BURNS = {BurnSeverity.PAGE: ProblemKind.FAST_BURN, BurnSeverity.TICKET: ProblemKind.SLOW_BURN}
# The longest window of the rules on burn rates, in time and in periods, and one more period that may not be due yet.
_BURN_WINDOW, _BURN_PERIODS = timedelta(days=4), 13


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


def service_level_responses(
    datasets: Sequence[CompiledDataset], *, window: timedelta, now: datetime, ledger: Ledger
) -> tuple[ResponseReport, ...]:
    """Three reports per dataset over the incidents that were opened in the window: to detect, to notify, to repair.

    At most three queries per dataset, whose cost depends on the incidents of the window only.

    Raises:
        LedgerUnusable: the ledger does not answer.
    """
    since = now - window
    return tuple(
        report
        for compiled in datasets
        for report in response_reports(compiled.dataset, ledger.responses(compiled.dataset.name, since=since), now=now)
    )


def burning(compiled: CompiledDataset, *, now: datetime, ledger: Ledger) -> Seen:
    """The service levels of a dataset whose error budget is used up too fast: pages (fast) and tickets (slow burn).

    Raises:
        LedgerUnusable: the ledger does not answer.
    """
    window = max(_BURN_WINDOW, _BURN_PERIODS * frequency(compiled.dataset))
    reports = service_level_reports([compiled], window=window, now=now, ledger=ledger)
    problems = (
        Problem(cause=f"{_BUDGET}{report.rule_id}", kind=kind, finding=f"{report.rule_id}: {report.alert.sentence}")
        for report in reports
        if (kind := _BURNS.get(report.alert.severity))
    )
    return Seen(problems=tuple(problems), examined=frozenset({_BUDGET}))


def _reports(compiled: CompiledDataset, window: timedelta, now: datetime, ledger: Ledger) -> tuple[ClauseReport, ...]:
    dataset = compiled.dataset
    example = example_key(dataset, local_day(dataset, now))
    like = (example,) if example is not None else ledger.recorded_keys(dataset.name)
    partitions = due_partitions(compiled, like, window=window, now=now)
    recorded = ledger.measured(dataset.name, [partition.key for partition in partitions])
    return clause_reports(compiled, partitions, {each.partition_key: each for each in recorded}, now=now)
