"""How the service levels of a dataset were kept over its due partitions: one entry per clause. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from types import UnionType

from pydantic import AwareDatetime

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.checks.expectations import Check
from partition_gate.checks.promises import ArrivedWithin, Attained, PublishedBy, SupportedUntil
from partition_gate.contract.calendar import due_after, expected_periods, local_day, newest_ended, period
from partition_gate.contract.model import Dataset
from partition_gate.core.errors import MalformedPartitionKey
from partition_gate.core.record import Record
from partition_gate.core.severity import Severity
from partition_gate.judging.absent_partition import NOT_RECORDED, measured_as_unrecorded, unpublished_since
from partition_gate.judging.attainment import Attainment, JudgedPartition, Target, attainment, worst
from partition_gate.judging.attempt import MeasuredPartition
from partition_gate.judging.burn_rate import BurnAlert, BurnSeverity, burn_alert
from partition_gate.judging.disposition import FINAL, PartitionOutcome
from partition_gate.judging.measurement import Measurement, Measurements, State

_ON_TIME = ArrivedWithin | PublishedBy
_JUDGED = FINAL | {PartitionOutcome.MISSING}


class ClauseReport(Record):
    """One service level of a dataset over the due partitions of a window, oldest first.

    `promised` are the words of the contract's current version. `worst` is None if no partition has a margin.
    """

    dataset: str
    rule_id: str
    clause: str
    promised: str
    attainment: Attainment
    alert: BurnAlert
    worst: JudgedPartition | None
    broken: tuple[JudgedPartition, ...]


class DuePartition(Record):
    """A partition that is expected and due. `ended_at`: the end of its period; None if its key names no date."""

    key: str
    ended_at: AwareDatetime | None


def due_partitions(
    compiled: CompiledDataset, like: Sequence[str], *, window: timedelta, now: datetime
) -> tuple[DuePartition, ...]:
    """The expected partitions that became due in the window that ends now, oldest period first.

    `like` has at least one key of each series: partitions that differ in a part of the key that is not a time. A key
    that names no date is due now; one that an earlier version recorded and that is no longer valid is left out.
    Partitions due before `generalAvailability` do not count.
    """
    valid = [key for key in like if _is_valid(compiled.dataset, key)]
    series = {newest_ended(compiled.dataset, key, now=now) or key: None for key in valid}
    partitions = [partition for newest in series for partition in _due(compiled, newest, window, now)]
    return tuple(sorted(partitions, key=lambda each: (each.ended_at or now, each.key)))


def clause_reports(
    compiled: CompiledDataset,
    partitions: Sequence[DuePartition],
    recorded: Mapping[str, MeasuredPartition],
    *,
    now: datetime,
) -> tuple[ClauseReport, ...]:
    """The clauses of the contract's current version, worst first.

    Each partition counts for the clauses under which it was judged. If the contract does not say when partitions start
    (`startDate`), the first one with an outcome in the window is the first that is expected.
    """
    partitions = _since_the_first(compiled.dataset, partitions, recorded)
    checks = compiled.suite.suite.checks
    every_check = [check for version in compiled.versions for check in version.suite.suite.checks]
    rules = _Rules(on_time=_rules(every_check, _ON_TIME), available=_rules(every_check, Attained))
    measured = [(each, _measurements(compiled, each.key, recorded.get(each.key), rules, now)) for each in partitions]
    reports = [
        _report(compiled.dataset, check, list(_judged(check, measured)), _target(check, checks))
        for check in checks
        if check.promise is not None and not isinstance(check.promise, SupportedUntil)
    ]
    return tuple(sorted(reports, key=severity_order))


def severity_order(report: ClauseReport) -> tuple[object, ...]:
    """Sorts reports: burning budgets first, then missed targets, then by what is left of the budget."""
    counted = report.attainment
    left = counted.budget.left if counted.judged else 0
    fraction = 2.0 if counted.fraction is None else counted.fraction  # nothing is known: last
    rank = list(BurnSeverity).index(report.alert.severity)
    return rank, counted.is_met, min(left, 0), fraction, -counted.unknown, report.dataset, report.rule_id


def _is_valid(dataset: Dataset, key: str) -> bool:
    try:
        return dataset.location.key(key) == key
    except MalformedPartitionKey:
        return False


def _due(compiled: CompiledDataset, newest: str, window: timedelta, now: datetime) -> Iterator[DuePartition]:
    covered = period(compiled.dataset, newest)
    if covered is None:
        yield DuePartition(key=newest, ended_at=None)
        return
    # A partition becomes due some time after its period began, so the oldest periods begin before the window.
    last_due = max(due_after(version.dataset, covered[1]) for version in compiled.versions)
    span = window + (last_due - covered[0]) + (covered[1] - covered[0])
    start = compiled.dataset.limits.general_availability
    for key, _, end in expected_periods(compiled.dataset, newest, span):
        dataset = compiled.in_force(key).dataset if compiled.earlier else compiled.dataset
        due_at = due_after(dataset, end)
        if now - window < due_at <= now and (start is None or local_day(dataset, due_at) >= start):
            yield DuePartition(key=key, ended_at=end)


def _since_the_first(
    dataset: Dataset, partitions: Sequence[DuePartition], recorded: Mapping[str, MeasuredPartition]
) -> list[DuePartition]:
    ended = [each.ended_at for each in partitions if each.key in recorded and each.ended_at is not None]
    if dataset.limits.start_date is not None:
        return list(partitions)
    first = min(ended, default=None)
    return [each for each in partitions if each.ended_at is None or (first is not None and each.ended_at >= first)]


class _Rules(Record):
    """The rules of any version that decide whether a partition is on time, and those about the availability."""

    on_time: tuple[str, ...]
    available: tuple[str, ...]


def _measurements(
    compiled: CompiledDataset, key: str, recorded: MeasuredPartition | None, rules: _Rules, now: datetime
) -> Measurements:
    """The measurement of each clause that counts for the partition, by rule id."""
    is_visible = recorded is not None and recorded.is_visible
    if recorded is not None and is_visible:
        found: Sequence[Measurement] = recorded.measurements
    else:
        found = [unpublished_since(each, now=now) for each in _of_unpublished(compiled, key, recorded, now)]
    measurements = {measurement.rule_id: measurement for measurement in found}
    on_time = [measurements[rule] for rule in rules.on_time if rule in measurements]
    available = [rule for rule in rules.available if rule in measurements]
    return measurements | {rule: _availability(rule, on_time, is_visible=is_visible) for rule in available}


def _of_unpublished(
    compiled: CompiledDataset, key: str, recorded: MeasuredPartition | None, now: datetime
) -> Sequence[Measurement]:
    """What was recorded; if the partition was not judged, what follows from that for the promises made for it."""
    version, why = compiled.in_force(key), NOT_RECORDED
    if recorded is not None:
        if recorded.measurements and recorded.outcome in _JUDGED:
            return recorded.measurements
        if recorded.outcome in FINAL or recorded.version != version.contract.version:
            return ()  # what was promised for it is not known to the contract any more
        why = f"the partition could not be judged: it is {recorded.outcome.value}"
    return measured_as_unrecorded(version.suite.suite, version.dataset, key, now=now, why=why)


def _rules(checks: Sequence[Check], kind: type | UnionType) -> tuple[str, ...]:
    return tuple(dict.fromkeys(check.rule_id for check in checks if isinstance(check.promise, kind)))


def _judged(check: Check, measured: Sequence[tuple[DuePartition, Measurements]]) -> Iterator[JudgedPartition]:
    for partition, measurements in measured:
        if own := measurements.get(check.rule_id):
            yield JudgedPartition(partition_key=partition.key, ended_at=partition.ended_at, measurement=own)


def _availability(rule_id: str, on_time: Sequence[Measurement], *, is_visible: bool) -> Measurement:
    """A partition is available if it is published, and on time where that is promised."""
    broken = [each for each in on_time if each.state is State.BROKEN]
    unknown = [each for each in on_time if each.state is State.NOT_JUDGED and is_visible]
    if decisive := (*broken, *unknown):
        return decisive[0].model_copy(update={"rule_id": rule_id})
    state, sentence = (State.KEPT, "published on time") if is_visible else (State.BROKEN, "not published")
    return Measurement(rule_id=rule_id, state=state, sentence=sentence)


def _target(check: Check, checks: Sequence[Check]) -> Target:
    """The contract's availability, for the clauses that decide whether a partition is on time; else the default."""
    lows = [each.promise.target.low for each in checks if isinstance(each.promise, Attained)]
    percent = next((low for low in lows if low is not None), None)
    if percent is None or not isinstance(check.promise, _ON_TIME | Attained):
        return Target()
    return Target(fraction=round(percent / 100, 12), is_default=False)


def _period(partitions: Sequence[JudgedPartition]) -> timedelta | None:
    """The shortest time between two periods; None with fewer than two."""
    ended = sorted({each.ended_at for each in partitions if each.ended_at is not None})
    return min((after - before for before, after in pairwise(ended)), default=None)


def _report(dataset: Dataset, check: Check, partitions: Sequence[JudgedPartition], target: Target) -> ClauseReport:
    alert = burn_alert(partitions, target, period=_period(partitions))
    if check.severity is Severity.INFO:  # recorded only: nobody is notified
        alert = alert.model_copy(update={"severity": BurnSeverity.NONE})
    return ClauseReport(
        dataset=dataset.name,
        rule_id=check.rule_id,
        clause=check.clause,
        promised=check.expected,
        attainment=attainment(partitions, target),
        alert=alert,
        worst=worst(partitions),
        broken=tuple(each for each in partitions if each.measurement.state is State.BROKEN),
    )
