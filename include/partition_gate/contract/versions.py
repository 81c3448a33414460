"""Which version of a contract judges which partition, and which of its parts come from the current version."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from partition_gate.contract.calendar import period
from partition_gate.contract.model import Column, Dataset

# When partitions are expected and ready, and the contract's life cycle: current facts, not promises of a version.
_CURRENT_LIMITS = (
    *("timezone", "start_date", "readiness", "calendar", "schedule"),
    *("general_availability", "end_of_support", "end_of_life"),
)
_CURRENT_TERMS = ("status", "team", "channels")
_HIDDEN = "confidential"


def in_force(versions: Sequence[Dataset], key: str) -> int:
    """Index of the version that judges a partition. `versions` are oldest first; the last one is the current version.

    It is the newest version that is effective on the first day of the partition's period, in the contract's time zone;
    the oldest for earlier periods; the current version for keys that name no date (a snapshot).
    """
    current = versions[-1]
    covered = period(current, key)
    if covered is None:
        return len(versions) - 1
    day = covered[0].astimezone(ZoneInfo(current.limits.timezone)).date()
    effective = [i for i, version in enumerate(versions) if (since := version.limits.effective_from) and since <= day]
    return effective[-1] if effective else 0


def with_current_terms(version: Dataset, current: Dataset) -> Dataset:
    """An earlier version in the form in which it judges now.

    Its columns, rules, severities, limits and latency stay as promised. The data's location, its name in commands, the
    calendar, the status and the recipients of messages come from the current version. A column that is classified now
    is masked, even if the earlier version did not classify it.
    """
    hidden = {name for name, column in matching_columns(version, current).items() if column.classified}
    return version.model_copy(
        update={
            "location": current.location,
            "has_siblings": current.has_siblings,
            "contract": version.contract.model_copy(
                update={name: getattr(current.contract, name) for name in _CURRENT_TERMS},
            ),
            "limits": version.limits.model_copy(
                update={name: getattr(current.limits, name) for name in _CURRENT_LIMITS},
            ),
            "columns": tuple(_hidden(column) if column.name in hidden else column for column in version.columns),
        }
    )


def matching_columns(version: Dataset, newer: Dataset) -> dict[str, Column]:
    """Column name -> the same column in a newer version: matched by name, else by its name in the files.

    Names in the published table are compared without case.
    """
    by_name = {column.name.casefold(): column for column in newer.columns}
    same_name = {column.name: by_name.pop(column.name.casefold(), None) for column in version.columns}
    by_source = {column.source: column for column in by_name.values()}
    return {
        column.name: match
        for column in version.columns
        if (match := same_name[column.name] or by_source.get(column.source)) is not None
    }


def _hidden(column: Column) -> Column:
    return column if column.classified else column.model_copy(update={"classification": _HIDDEN})
