"""The severity and the scope of a check."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """What a failure does: block, warn, or only be recorded."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Scope(StrEnum):
    """What a failure affects: single rows, the partition as a whole, or a promise over time."""

    ROW = "row"
    PARTITION = "partition"
    SLA = "sla"
