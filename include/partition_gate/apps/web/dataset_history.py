"""What the ledger knows about the newest partitions of a dataset: the data of its page in the console."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import AwareDatetime

from partition_gate.apps.web.slots import SHOWN, Slot, expected_slots, newest_keys, order, with_outcomes
from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.calendar import due, is_expected, local_day, newest_ended, recorded_period
from partition_gate.contract.model import Dataset
from partition_gate.core.record import Record
from partition_gate.gate.references import referring_datasets
from partition_gate.gate.service_levels import service_level_reports
from partition_gate.incidents.model import Incident
from partition_gate.judging.attempt import ProfiledPartition
from partition_gate.judging.service_level_report import ClauseReport
from partition_gate.judging.verdict import CheckResult
from partition_gate.ports.ledger import Ledger

_A_DAY, _MOST_AHEAD = timedelta(days=1), 31


class DatasetHistory(Record):
    """A dataset as of `now`. `slots` are by time and key.

    `next`: the first expected partition whose period has not ended yet. `older`: the last key before the slots.
    `not_passed` are check results by attempt. `service_levels` cover 91 days up to the last slot. `referenced_by` are
    the datasets whose contracts refer to this one.
    """

    compiled: CompiledDataset
    now: AwareDatetime
    slots: tuple[Slot, ...]
    next: Slot | None
    older: str | None
    not_passed: Mapping[str, tuple[CheckResult, ...]]
    profiles: tuple[ProfiledPartition, ...]
    service_levels: tuple[ClauseReport, ...]
    incidents: tuple[Incident, ...]
    referenced_by: tuple[str, ...]


def dataset_history(
    compiled: CompiledDataset, others: Iterable[CompiledDataset], *, up_to: str | None, now: datetime, ledger: Ledger
) -> DatasetHistory:
    """The newest 91 partitions, or those up to the key `up_to`.

    The cost depends on the partitions shown, except as in `newest_keys`.

    Raises:
        LedgerUnusable: the ledger does not answer.
    """
    dataset = compiled.dataset
    recorded = newest_keys(dataset, ledger, limit=SHOWN + 1, up_to=up_to, now=now)
    anchor = _anchor(dataset, recorded, up_to, now)
    expected = list(expected_slots(dataset, recorded, count=SHOWN, at=anchor))
    keys = dict.fromkeys([*recorded, *(each.key for each in expected)])
    shown = sorted(keys, key=lambda key: order(dataset, key))[-SHOWN:]
    settlements = ledger.current(dataset.name, shown)
    return DatasetHistory(
        compiled=compiled,
        now=now,
        slots=tuple(with_outcomes(dataset, expected, shown, settlements)),
        next=_next(dataset, shown[-1], now) if shown else None,
        older=next((key for key in reversed(recorded) if key not in shown), None),
        not_passed=ledger.not_passed([each.attempt_id for each in settlements]),
        profiles=ledger.profiles(dataset.name, [each.partition_key for each in settlements]),
        service_levels=service_level_reports([compiled], window=SHOWN * _A_DAY, now=anchor, ledger=ledger),
        incidents=ledger.incidents(dataset.name),
        referenced_by=referring_datasets(dataset.name, others),
    )


def _anchor(dataset: Dataset, recorded: Sequence[str], up_to: str | None, now: datetime) -> datetime:
    """The moment that the page shows: now, unless older partitions were asked for or none is expected any more."""
    covered = None if up_to is None else recorded_period(dataset, up_to)
    if covered is not None:
        return min(now, covered[1])
    ended = [covered[1] for key in recorded if (covered := recorded_period(dataset, key))]
    is_over = dataset.limits.end_of_life is not None and dataset.limits.end_of_life <= local_day(dataset, now)
    return max(ended) if is_over and ended else now


def _next(dataset: Dataset, like: str, now: datetime) -> Slot | None:
    covered = recorded_period(dataset, like)
    if covered is None:
        return None
    step = covered[1] - covered[0]
    later = (newest_ended(dataset, like, now=now + ahead * step) for ahead in range(1, _MOST_AHEAD))
    key = next((key for key in later if key and is_expected(dataset, key)), None)
    return Slot(key=key, due_at=due(dataset, key)) if key else None
