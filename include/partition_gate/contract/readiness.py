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
    """The partition is complete."""

    partition: Partition


class Wait(Record):
    """The partition is not ready yet; `why` is a sentence for people."""

    why: str


class NotExpected(Record):
    """Nothing landed, and nothing is promised for this period."""

    why: str


class Missing(Record):
    """The partition was not complete by the deadline."""

    why: str


Readiness = Ready | Wait | NotExpected | Missing


def readiness(
    dataset: Dataset, key: str, files: tuple[DataFile, ...], *, note: bytes | None, now: datetime
) -> Readiness:
    """The readiness of the listed files; `note` as for `declared_files`.

    `quiet:120s` (the default) means that the newest file is at least 120 seconds old. If the producer declares its
    partitions complete (`success_marker`, `manifest`), they are ready at once.
    """
    place = dataset.location.place(key)
    if not files and not is_expected(dataset, key):
        return NotExpected(why=f"the contract's calendar does not expect partition {key}")
    if not files:
        return _unfinished(dataset, key, f"no file at {place}", now=now)
    declared = declared_files(dataset, files, note)
    if isinstance(declared, str):
        return _unfinished(dataset, key, f"{place}: {declared}", now=now)
    quiet = quiet_period(dataset)
    newest = max(file.modified_at for file in files)
    if now - newest < quiet:
        wait = f"ready {quiet.total_seconds():g} s after the newest, {newest:%H:%M:%S} UTC"
        return Wait(why=f"files are still arriving ({wait})")
    endpoint_url = dataset.location.endpoint_url
    return Ready(partition=Partition(dataset=dataset.name, key=key, files=declared, endpoint_url=endpoint_url))


def _unfinished(dataset: Dataset, key: str, why: str, *, now: datetime) -> Wait | Missing:
    due = deadline(dataset, key)
    if due is None:
        return Missing(why=why)
    if now < due:
        return Wait(why=f"{why}; due {due:%Y-%m-%d %H:%M} UTC")
    return Missing(why=f"{why}; it was due {due:%Y-%m-%d %H:%M} UTC")


def quiet_period(dataset: Dataset) -> timedelta:
    """How long the files must stay unchanged before the partition is complete (`quiet:120s`); else zero."""
    return duration(dataset.limits.readiness.partition(":")[2]) or timedelta(0)
