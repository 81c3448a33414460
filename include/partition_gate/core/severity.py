"""What a failed check means, and what it is about."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """What a failure means: block, tell, or only record."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Scope(StrEnum):
    """What a failure concerns: single rows, the partition as a whole, or a promise over time."""

    ROW = "row"
    PARTITION = "partition"
    SLA = "sla"
