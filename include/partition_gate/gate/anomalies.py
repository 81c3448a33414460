"""Compares a partition with earlier ones, from the ledger alone. Nothing is blocked by what is found."""

from __future__ import annotations

from collections.abc import Sequence

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.checks.promises import ArrivedWithin
from partition_gate.contract.calendar import EarlierPartition, comparable_words, earlier_weeks
from partition_gate.core.errors import MalformedPartitionKey
from partition_gate.core.record import Record
from partition_gate.judging.anomalies import Anomaly, Comparison, Figures, compared, one_figure
from partition_gate.judging.attempt import CountedAttempt, Settlement
from partition_gate.judging.disposition import VISIBLE
from partition_gate.judging.measurement import Amount, Measurement
from partition_gate.judging.promises import HISTORY
from partition_gate.ports.ledger import Ledger

WEEKS = 12


class Series(Record):
    """A partition's figures, and those of earlier, comparable ones, oldest first; `like` names them (`Tuesdays`)."""

    now: Figures
    earlier: tuple[Figures, ...]
    like: str


def anomalies_of(settlement: Settlement, compiled: CompiledDataset, ledger: Ledger) -> Comparison:
    """What is unusual about a visible partition, and what is as usual; nothing if the contract switches this off.

    Three queries, about the partition and at most 12 earlier ones (48 if a period is shorter than an hour): the cost
    does not depend on the history.
    """
    threshold = compiled.dataset.limits.anomaly_threshold
    if threshold is None or settlement.outcome not in VISIBLE:
        return Comparison()
    series = series_of(settlement.attempt_id, settlement.partition_key, compiled, ledger)
    if series is None:
        return Comparison()
    without_mean = _classified(compiled)
    return compared(series.now, series.earlier, like=series.like, threshold=threshold, without_mean=without_mean)


def figure_of(cause: str, settlement: Settlement, compiled: CompiledDataset, ledger: Ledger) -> Anomaly | None:
    """The figure that an incident's cause names, for this partition; None if it can no longer be compared."""
    series = series_of(settlement.attempt_id, settlement.partition_key, compiled, ledger)
    if series is None:
        return None
    return one_figure(cause, series.now, series.earlier, like=series.like, without_mean=_classified(compiled))


def series_of(attempt_id: str, key: str, compiled: CompiledDataset, ledger: Ledger) -> Series | None:
    """None if the attempt has no profile, or the key names no date (or not in the form that is valid today)."""
    try:
        earlier = earlier_weeks(compiled.dataset, key, WEEKS)
    except MalformedPartitionKey:
        return None
    now = ledger.counted(attempt_id) if earlier else None
    if now is None:
        return None
    return Series(
        now=_figures(now, compiled, weeks_ago=0),
        earlier=_earlier(earlier, compiled, ledger),
        like=comparable_words(compiled.dataset, key),
    )


def _earlier(partitions: Sequence[EarlierPartition], compiled: CompiledDataset, ledger: Ledger) -> tuple[Figures, ...]:
    dataset, keys = compiled.dataset.name, [partition.key for partition in partitions]
    weeks = {partition.key: partition.weeks_ago for partition in partitions}
    measured = {each.partition_key: each.measurements for each in ledger.measured(dataset, keys)}
    counted = (
        (each.partition_key, CountedAttempt(profile=each.profile, measurements=measured.get(each.partition_key, ())))
        for each in ledger.profiles(dataset, keys)
    )
    return tuple(_figures(attempt, compiled, weeks_ago=weeks[key]) for key, attempt in counted)


def _figures(attempt: CountedAttempt, compiled: CompiledDataset, *, weeks_ago: int) -> Figures:
    arrival = _arrival_seconds(attempt.measurements, compiled)
    return Figures(profile=attempt.profile, arrival_seconds=arrival, weeks_ago=weeks_ago)


def _arrival_seconds(measurements: Sequence[Measurement], compiled: CompiledDataset) -> float | None:
    """From the end of the period; None without the promise `latency`, or if so late that it was loaded afterwards."""
    rules = {check.rule_id for check in compiled.suite.suite.checks if isinstance(check.promise, ArrivedWithin)}
    figures = next((each.figures for each in measurements if each.rule_id in rules), None)
    seconds = figures.observed if isinstance(figures, Amount) else None
    return None if seconds is None or seconds > HISTORY.total_seconds() else seconds


def _classified(compiled: CompiledDataset) -> frozenset[str]:
    return frozenset(column.name for column in compiled.dataset.columns if column.classified)
