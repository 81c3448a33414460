"""timeToDetect, timeToNotify and timeToRepair: measured from the moments of one incident. Pure.

Source: ODCS slaProperties `timeToDetect` (Td), `timeToNotify` (Tn) and `timeToRepair` (Tr).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from pydantic import AwareDatetime

from partition_gate.core.record import Record
from partition_gate.core.units import in_words, roughly
from partition_gate.judging.measurement import Amount, Measurement, State


class IncidentMoments(Record):
    """When an incident began, opened, was announced and was resolved; None: not yet.

    `began_at` is the landing of the partition that broke a rule, or the due time of a partition that did not arrive.
    `notified_at` is when the first message about the incident was delivered.
    """

    began_at: AwareDatetime
    opened_at: AwareDatetime
    notified_at: AwareDatetime | None = None
    resolved_at: AwareDatetime | None = None


def time_to_detect(incident: IncidentMoments) -> timedelta:
    """From the beginning until it was noticed; never negative, as a partition may be judged ahead of its due time."""
    return max(incident.opened_at - incident.began_at, timedelta(0))


def time_to_notify(incident: IncidentMoments) -> timedelta | None:
    """From detection until the first message was delivered; None if none was."""
    return None if incident.notified_at is None else max(incident.notified_at - incident.opened_at, timedelta(0))


def time_to_repair(incident: IncidentMoments) -> timedelta | None:
    """From detection until it was resolved; None if it is not."""
    return None if incident.resolved_at is None else max(incident.resolved_at - incident.opened_at, timedelta(0))


def response_measurement(rule_id: str, incident: IncidentMoments, *, within: timedelta, now: datetime) -> Measurement:
    """How a promised response time was kept, in seconds. `rule_id` is one of RESPONSE_TIMES.

    An incident that still waits for the response breaks the promise once the time has passed; until then it is not
    judged.
    """
    taken = RESPONSE_TIMES[rule_id](incident)
    elapsed = now - incident.opened_at if taken is None else taken
    figures = Amount(unit="seconds", at_most=within.total_seconds(), observed=elapsed.total_seconds())
    promised = f"promised within {in_words(within)}"
    if taken is None and elapsed <= within:
        sentence = f"open for {roughly(elapsed)}; {promised}"
        return Measurement(rule_id=rule_id, state=State.NOT_JUDGED, sentence=sentence, figures=figures)
    state = State.KEPT if elapsed <= within else State.BROKEN
    done = f"took {roughly(elapsed)}" if taken is not None else f"not done after {roughly(elapsed)}"
    return Measurement(rule_id=rule_id, state=state, sentence=f"{done}; {promised}", figures=figures)


RESPONSE_TIMES: dict[str, Callable[[IncidentMoments], timedelta | None]] = {
    "timeToDetect": time_to_detect,
    "timeToNotify": time_to_notify,
    "timeToRepair": time_to_repair,
}
