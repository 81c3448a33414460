"""The Airflow timetable for the partitions of a contract. The plugin (plugin.py) registers it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.configuration import conf
from airflow.sdk import PartitionedAtRuntime
from airflow.timetables.trigger import CronPartitionTimetable

from partition_gate.contract.schedule import Schedule
from partition_gate.core.errors import InvalidSetting, MalformedPartitionKey

if TYPE_CHECKING:
    from pendulum import DateTime

# Where a run that the watch started has its key (docs/adr/0032).
KEY_IN_CONF = "partition_key"
_PATTERN = ("scheduler", "allowed_run_id_pattern")
_LONGEST_CLOCK_CHANGE = timedelta(hours=2)


class ContractTimetable(CronPartitionTimetable):
    """One run for each period, by cron. A triggered run may have its key in either spelling, people's or Airflow's."""

    def resolve_partition_date(self, partition_key: str | None) -> datetime | None:
        """The start of a triggered run's partition. Raises: InvalidPartitionKeyError (a ValueError)."""
        start: datetime | None = super().resolve_partition_date(partition_key and to_airflow(partition_key))
        return start

    def _get_prev(self, current: DateTime) -> DateTime:
        """The previous tick.

        If the clocks skip the time of the tick (02:15 in spring), Airflow returns `current` itself. The run of that
        morning would then be for its own day, and the day before would have no run.
        """
        previous = super()._get_prev(current)
        return previous if previous < current else super()._get_prev(current - _LONGEST_CLOCK_CHANGE)


def timetable_of(schedule: Schedule) -> ContractTimetable | PartitionedAtRuntime:
    """A cron timetable if keys are times; else a timetable without a schedule: each run is triggered with its key.

    Raises:
        InvalidSetting: Airflow is configured to refuse the ids of such runs.
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
    """Without this check, every run would fail in the scheduler, and only its log would show the reason."""
    pattern = conf.get(*_PATTERN).strip()
    if not pattern or not re.match(pattern, f"scheduled__2026-11-29T02:15:00+00:00__{key}__AbCd1234"):
        raise InvalidSetting(
            f"Airflow's [{_PATTERN[0]}] {_PATTERN[1]} is {pattern!r}, which refuses run ids with the partition key "
            f"{key!r}; allow letters, digits and the characters _.~:+-"
        )


_ENCODED = re.compile("~~(?=[0-9A-F]{2})")


def to_airflow(key: str) -> str:
    """`2026-11-29/02` -> `2026-11-29~02`, `S%C3%A3o` -> `S~~C3~~A3o`. Airflow's spelling is returned unchanged."""
    return key.replace("/", "~").replace("%", "~~")


def format_to_airflow(key_format: str) -> str:
    """A strftime format for keys in Airflow's spelling. Formatted times contain nothing that needs encoding."""
    return key_format.replace("/", "~")


def from_airflow(key: str) -> str:
    """`2026-11-29~02` -> `2026-11-29/02`: the key in the ledger, the console, messages and commands.

    A key in people's spelling is returned unchanged, so a run that was triggered with it belongs to the same partition.
    """
    return _ENCODED.sub("%", key).replace("~", "/")


def key_of(dag_run: Any) -> str:
    """The partition key of a run, as people write it.

    Raises:
        MalformedPartitionKey: the run was triggered without a key.
    """
    key = dag_run.partition_key or (dag_run.conf or {}).get(KEY_IN_CONF)
    if not key:
        raise MalformedPartitionKey(f"{dag_run.run_id}: this run has no partition key; trigger the DAG with one")
    return from_airflow(str(key))
