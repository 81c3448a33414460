"""Whether the watch still runs: who watches it are the partition runs, `gate status` and the console. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import AwareDatetime

from partition_gate.core.record import Record
from partition_gate.core.units import in_words, roughly
from partition_gate.incidents.model import Problem, ProblemKind

INTERVAL = timedelta(minutes=5)
SILENT_AFTER = 3  # intervals
SWEEP_EVERY = timedelta(hours=1)
HOW_TO_START = "unpause the DAG gate_watch in Airflow, or run: gate watch --every 5m"
NEVER_RAN = f"The watch has never run, so a partition that does not come is not noticed. {HOW_TO_START[0].upper()}"
NEVER_RAN += HOW_TO_START[1:]
STOPPED = "watch stopped"


class Heartbeat(Record):
    """The newest pass of the watch: when it began, and the time between two passes.

    `passes` counts all passes. `swept_at` is when leftovers were last removed; None: never.
    """

    at: AwareDatetime
    interval: timedelta
    passes: int = 1
    swept_at: AwareDatetime | None = None

    def next(self, *, now: datetime, interval: timedelta) -> Heartbeat:
        """The heartbeat of the pass after this one."""
        return Heartbeat(at=now, interval=interval, passes=self.passes + 1, swept_at=self.swept_at)

    def is_sweep_due(self, now: datetime) -> bool:
        return self.swept_at is None or now - self.swept_at >= SWEEP_EVERY


def silence(heartbeat: Heartbeat, *, now: datetime) -> str | None:
    """A sentence for people if no pass began for three intervals; None if the watch runs."""
    quiet = now - heartbeat.at
    if quiet <= SILENT_AFTER * heartbeat.interval:
        return None
    return (
        f"The watch has not run for {roughly(quiet)} (it ran every {in_words(heartbeat.interval)}, last at "
        f"{heartbeat.at:%Y-%m-%d %H:%M} UTC), so a partition that does not come is not noticed; {HOW_TO_START}"
    )


def stopped(heartbeat: Heartbeat, *, now: datetime) -> Problem | None:
    """The problem that a partition run records if the watch has stopped; None if it runs."""
    if silence(heartbeat, now=now) is None:
        return None
    finding = f"the watch has not run since {heartbeat.at:%Y-%m-%d %H:%M} UTC; {HOW_TO_START}"
    return Problem(cause=STOPPED, kind=ProblemKind.OPERATIONS, finding=finding)
