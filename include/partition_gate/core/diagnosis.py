"""What an examination of an installation found: one line for each thing that was tried."""

from __future__ import annotations

from enum import StrEnum

from partition_gate.core.record import Record


class Health(StrEnum):
    """FAILED: runs will fail. WARNING: they may, or something could not be tried."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


class Diagnosis(Record):
    """`subject` is what was tried (`warehouse: write`); `what` is `what; what to do` unless it is ok."""

    subject: str
    health: Health
    what: str


class Finding(Record):
    """The result of one trial, without its subject."""

    health: Health
    what: str


def ok(what: str) -> Finding:
    return Finding(health=Health.OK, what=what)


def warning(what: str) -> Finding:
    return Finding(health=Health.WARNING, what=what)


def failed(what: str) -> Finding:
    return Finding(health=Health.FAILED, what=what)
