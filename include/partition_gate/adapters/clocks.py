"""The time of the system, and one moment in its place."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """The system time, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """One moment, for rehearsals."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment.astimezone(UTC)

    def now(self) -> datetime:
        return self._moment
