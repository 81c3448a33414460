"""Airflow's timetable of a contract's partitions. plugins/partition_gate_plugin.py registers it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from airflow.configuration import conf
from airflow.sdk import PartitionedAtRuntime
from airflow.timetables.trigger import CronPartitionTimetable

from partition_gate.contract.schedule import Schedule
from partition_gate.core.errors import InvalidSetting

if TYPE_CHECKING:
    from pendulum import DateTime

_PATTERN = ("scheduler", "allowed_run_id_pattern")
_LONGEST_CLOCK_CHANGE = timedelta(hours=2)


class ContractTimetable(CronPartitionTimetable):
    """A run for each period, by cron. A run that somebody triggers may have its key in people's spelling too."""

    def resolve_partition_date(self, partition_key: str | None) -> datetime | None:
        """When the partition of a triggered run begins. Raises: InvalidPartitionKeyError (a ValueError)."""
        found: datetime | None = super().resolve_partition_date(partition_key and to_airflow(partition_key))
        return found

    def _get_prev(self, current: DateTime) -> DateTime:
        """The tick before.

        Airflow's finds `current` itself where clocks leave out its time (02:15 in spring), and so the run of that
        morning would be for its own day, and the day before would have none.
        """
        found = super()._get_prev(current)
        return found if found < current else super()._get_prev(current - _LONGEST_CLOCK_CHANGE)


def timetable_of(schedule: Schedule) -> ContractTimetable | PartitionedAtRuntime:
    """By cron where keys are times; else runs are only triggered, each with its key.

    Raises:
        InvalidSetting: Airflow is set up to refuse the ids of such runs.
        AirflowException, ValueError: Airflow cannot read the cron line or the time zone.
    """
    if schedule.key_format is None:
        return PartitionedAtRuntime()
    key_format = format_to_airflow(schedule.key_format)
    _refuse_unless_allowed(schedule.start.strftime(key_format))
    return ContractTimetable(
        schedule.cron, timezone=schedule.timezone, run_offset=schedule.run_offset, key_format=key_format
    )


def _refuse_unless_allowed(key: str) -> None:
    """Else each of its runs would fail in the scheduler, and only the scheduler's log would say so."""
    pattern = conf.get(*_PATTERN).strip()
    if not pattern or not re.match(pattern, f"scheduled__2026-11-29T02:15:00+00:00__{key}__AbCd1234"):
        raise InvalidSetting(
            f"Airflow's [{_PATTERN[0]}] {_PATTERN[1]} is {pattern!r} and refuses run ids that hold the partition key "
            f"{key!r}; allow letters, digits and each of _.~:+-"
        )


_ENCODED = re.compile("~~(?=[0-9A-F]{2})")


def to_airflow(key: str) -> str:
    """`2026-11-29/02` -> `2026-11-29~02`, `S%C3%A3o` -> `S~~C3~~A3o`. A key in Airflow's spelling stays as it is."""
    return key.replace("/", "~").replace("%", "~~")


def format_to_airflow(key_format: str) -> str:
    """A key's strftime format as one of Airflow's keys: what it writes is a time, in which nothing is encoded."""
    return key_format.replace("/", "~")


def from_airflow(key: str) -> str:
    """`2026-11-29~02` -> `2026-11-29/02`: the key in the ledger, the console, messages and commands.

    A key in people's spelling stays as it is, so a run that somebody triggered with it is the same partition's.
    """
    return _ENCODED.sub("%", key).replace("~", "/")
