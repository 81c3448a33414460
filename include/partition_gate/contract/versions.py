"""Which version of a contract judges which partition, and what of it is today's."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from partition_gate.contract.calendar import period
from partition_gate.contract.model import Column, Dataset

# When partitions are expected and ready, and the contract's own life: facts of today, not promises of a version.
_TODAYS_LIMITS = (
    *("timezone", "start_date", "readiness", "calendar", "schedule"),
    *("general_availability", "end_of_support", "end_of_life"),
)
_TODAYS_TERMS = ("status", "team", "channels")
_HIDDEN = "confidential"


def in_force(versions: Sequence[Dataset], key: str) -> int:
    """Position of the version that judges a partition. `versions` are oldest first, the last one is today's.

    It is the newest that is effective on the day, in the contract's time zone, on which the partition's period starts;
    the oldest for periods before all of them; today's for keys that name no date (a snapshot).
    """
    today = versions[-1]
    covered = period(today, key)
    if covered is None:
        return len(versions) - 1
    day = covered[0].astimezone(ZoneInfo(today.limits.timezone)).date()
    effective = [i for i, each in enumerate(versions) if (since := each.limits.effective_from) and since <= day]
    return effective[-1] if effective else 0


def in_todays_place(version: Dataset, today: Dataset) -> Dataset:
    """An earlier version as it judges today.

    Its columns, rules, severities, limits and latency stay as promised. Where data lies, the calendar, the status and
    who is told are today's. What is classified today is hidden, although the version did not say so.
    """
    hidden = {name for name, column in columns_now(version, today).items() if column.classified}
    return version.model_copy(
        update={
            "location": today.location,
            "endpoint_url": today.endpoint_url,
            "contract": version.contract.model_copy(
                update={name: getattr(today.contract, name) for name in _TODAYS_TERMS},
            ),
            "limits": version.limits.model_copy(
                update={name: getattr(today.limits, name) for name in _TODAYS_LIMITS},
            ),
            "columns": tuple(_hidden(each) if each.name in hidden else each for each in version.columns),
        }
    )


def columns_now(version: Dataset, newer: Dataset) -> dict[str, Column]:
    """Column name -> the same column in a newer version: of the same name, else of the same name in the files.

    Names of the published table ignore case.
    """
    by_name = {column.name.casefold(): column for column in newer.columns}
    found = {column.name: by_name.pop(column.name.casefold(), None) for column in version.columns}
    by_source = {column.source: column for column in by_name.values()}
    return {
        column.name: same
        for column in version.columns
        if (same := found[column.name] or by_source.get(column.source)) is not None
    }


def _hidden(column: Column) -> Column:
    return column if column.classified else column.model_copy(update={"classification": _HIDDEN})
