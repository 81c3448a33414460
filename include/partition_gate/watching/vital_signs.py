"""Whether the gate as a whole works, in three findings: for health checks of containers and load balancers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from partition_gate.core.diagnosis import Diagnosis, Finding, Health, failed, ok, warning
from partition_gate.incidents.model import Incident
from partition_gate.judging.attempt import Backlog
from partition_gate.watching.delivery import not_muted, undelivered
from partition_gate.watching.heartbeat import NEVER_RAN, Heartbeat, silence

LEDGER, WATCH, MESSAGES = "ledger", "watch", "messages"


def vital_signs(
    heartbeat: Heartbeat | None, backlogs: Iterable[Backlog], incidents: Iterable[Incident], *, now: datetime
) -> tuple[Diagnosis, ...]:
    """The findings about a ledger that answers. `incidents` are those of the gate itself.

    A watch that never ran is a warning only, because an installation begins that way.
    """
    waiting = not_muted(undelivered(backlogs, now=now), incidents)
    sentences = "; ".join(each.sentence(now) for each in waiting)
    return (
        _diagnosis(LEDGER, ok("it answers")),
        _diagnosis(WATCH, _watch(heartbeat, now)),
        _diagnosis(MESSAGES, failed(sentences) if sentences else ok("none waits for too long")),
    )


def ledger_unusable(why: str) -> tuple[Diagnosis, ...]:
    """The only finding if the ledger does not answer: everything else is read from it."""
    return (_diagnosis(LEDGER, failed(why)),)


def worst(diagnoses: Sequence[Diagnosis]) -> Health:
    """The worst of the findings."""
    return max((each.health for each in diagnoses), key=list(Health).index, default=Health.OK)


def _watch(heartbeat: Heartbeat | None, now: datetime) -> Finding:
    if heartbeat is None:
        return warning(NEVER_RAN)
    sentence = silence(heartbeat, now=now)
    return failed(sentence) if sentence else ok("it runs")


def _diagnosis(subject: str, finding: Finding) -> Diagnosis:
    return Diagnosis(subject=subject, health=finding.health, what=finding.what)
