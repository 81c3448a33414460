"""Whether a partition may be judged now: pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from partition_gate.contract.calendar import deadline, is_expected
from partition_gate.contract.completeness import declared_files
from partition_gate.contract.model import Dataset
from partition_gate.core.partition import DataFile, Partition
from partition_gate.core.record import Record
from partition_gate.core.units import duration


class Ready(Record):
    """All files are there."""

    partition: Partition


class Wait(Record):
    """Not yet; `why` is for people."""

    why: str


class NotExpected(Record):
    """Nothing came, and nothing was promised for this period."""

    why: str


class Missing(Record):
    """It did not come, or not as a whole, by the deadline."""

    why: str


Readiness = Ready | Wait | NotExpected | Missing


def readiness(
    dataset: Dataset, key: str, files: tuple[DataFile, ...], *, note: bytes | None, now: datetime
) -> Readiness:
    """The readiness of what a listing showed; `note` as for `declared_files`.

    `quiet:120s` (the default) means that the newest file is at least 120 seconds old. A producer that declares its
    partitions complete (`success_marker`, `manifest`) is taken at its word, at once.
    """
    place = dataset.location.folder(key)
    if not files and not is_expected(dataset, key):
        return NotExpected(why=f"the contract's calendar expects no partition {key}")
    if not files:
        return _unfinished(dataset, key, f"no file at {place}", now=now)
    declared = declared_files(dataset, files, note)
    if isinstance(declared, str):
        return _unfinished(dataset, key, f"{place}: {declared}", now=now)
    quiet = quiet_period(dataset)
    newest = max(file.modified_at for file in files)
    if now - newest < quiet:
        return Wait(why=f"files still arrive (newest {newest:%H:%M:%S} UTC, quiet after {quiet.total_seconds():g} s)")
    return Ready(partition=Partition(dataset=dataset.name, key=key, files=declared))


def _unfinished(dataset: Dataset, key: str, why: str, *, now: datetime) -> Wait | Missing:
    due = deadline(dataset, key)
    if due is None:
        return Missing(why=why)
    if now < due:
        return Wait(why=f"{why}; due {due:%Y-%m-%d %H:%M} UTC")
    return Missing(why=f"{why}; it was due {due:%Y-%m-%d %H:%M} UTC")


def quiet_period(dataset: Dataset) -> timedelta:
    """How long nothing may have changed before a partition counts as complete (`quiet:120s`); else no time."""
    return duration(dataset.limits.readiness.partition(":")[2]) or timedelta(0)
