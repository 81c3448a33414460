"""Whether a partition may be judged now: pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from partition_gate.contract.calendar import deadline
from partition_gate.contract.model import Contract
from partition_gate.partition import DataFile, Partition
from partition_gate.record import Record
from partition_gate.units import duration


class Ready(Record):
    """All files are there and quiet."""

    partition: Partition


class Wait(Record):
    """Not yet; `why` is for people."""

    why: str


class Missing(Record):
    """Nothing came by the deadline."""

    why: str


Readiness = Ready | Wait | Missing


def readiness(contract: Contract, key: str, files: tuple[DataFile, ...], *, now: datetime) -> Readiness:
    """The readiness of what a listing showed.

    `quiet:120s` (the default) means that the newest file is at least 120 seconds old.
    """
    due = deadline(contract, key)
    if not files:
        place = contract.location.folder(key)
        if due is None:
            return Missing(why=f"no file at {place}")
        if now < due:
            return Wait(why=f"no file at {place} yet; due {due:%Y-%m-%d %H:%M} UTC")
        return Missing(why=f"no file at {place}; it was due {due:%Y-%m-%d %H:%M} UTC")
    quiet = quiet_period(contract)
    newest = max(file.modified_at for file in files)
    if now - newest < quiet:
        return Wait(why=f"files still arrive (newest {newest:%H:%M:%S} UTC, quiet after {quiet.total_seconds():g} s)")
    return Ready(partition=Partition(dataset=contract.dataset, key=key, files=files))


def quiet_period(contract: Contract) -> timedelta:
    """How long nothing may have changed before a partition counts as complete (`quiet:120s`)."""
    return duration(contract.limits.readiness.partition(":")[2]) or timedelta(0)
