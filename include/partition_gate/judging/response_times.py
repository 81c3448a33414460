"""timeToDetect, timeToNotify and timeToRepair: measured from the moments of one incident. Pure.

Source: ODCS slaProperties `timeToDetect` (Td), `timeToNotify` (Tn) and `timeToRepair` (Tr).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from pydantic import AwareDatetime

from partition_gate.core.record import Record
from partition_gate.core.units import in_words, roughly
from partition_gate.incidents.model import IncidentResponse
from partition_gate.judging.measurement import Amount, Measurement, State

DETECT, NOTIFY, REPAIR = "timeToDetect", "timeToNotify", "timeToRepair"


class IncidentMoments(Record):
    """When an incident began, opened, was announced and was resolved; None: not yet, or (`began_at`) not known.

    `began_at` is the landing of the partition that broke a rule, or the due time of a partition that did not arrive.
    `notified_at` is when the first message about the incident was delivered. `notify_from` is when people had to be
    told, if that is not when it opened.
    """

    began_at: AwareDatetime | None
    opened_at: AwareDatetime
    notify_from: AwareDatetime | None = None
    notified_at: AwareDatetime | None = None
    resolved_at: AwareDatetime | None = None


def moments(response: IncidentResponse) -> IncidentMoments:
    """The moments of an incident. One that was reopened is the same incident: it is not repaired until it stays away.

    An incident that was over before any message was queued is told when it comes back, and counts from then.
    """
    incident, queued_at = response.incident, response.queued_at
    back = [at for at in response.reopened_at if queued_at is None or at <= queued_at]
    return IncidentMoments(
        began_at=incident.began_at,
        opened_at=incident.opened_at,
        notify_from=max(back, default=None),
        notified_at=response.notified_at,
        resolved_at=incident.resolved_at,
    )


def time_to_detect(incident: IncidentMoments) -> timedelta | None:
    """From the beginning until it was noticed; never negative, as a partition may be judged ahead of its due time.

    None if the beginning is not known.
    """
    return None if incident.began_at is None else max(incident.opened_at - incident.began_at, timedelta(0))


def time_to_notify(incident: IncidentMoments) -> timedelta | None:
    """From detection until the first message was delivered; None if none was."""
    since = _counts_from(NOTIFY, incident)
    return None if incident.notified_at is None else max(incident.notified_at - since, timedelta(0))


def time_to_repair(incident: IncidentMoments) -> timedelta | None:
    """From detection until it was resolved; None if it is not."""
    return None if incident.resolved_at is None else max(incident.resolved_at - incident.opened_at, timedelta(0))


def elapsed(rule_id: str, incident: IncidentMoments, *, now: datetime) -> timedelta:
    """How long the response took or, if it has not happened, how long it is awaited."""
    taken = RESPONSE_TIMES[rule_id](incident)
    return max(now - _counts_from(rule_id, incident), timedelta(0)) if taken is None else taken


def response_measurement(rule_id: str, incident: IncidentMoments, *, within: timedelta, now: datetime) -> Measurement:
    """How a promised response time was kept, in seconds. `rule_id` is one of RESPONSE_TIMES.

    An incident that still waits for the response breaks the promise once the time has passed; until then it is not
    judged.
    """
    taken, waited = RESPONSE_TIMES[rule_id](incident), elapsed(rule_id, incident, now=now)
    figures = Amount(unit="seconds", at_most=within.total_seconds(), observed=waited.total_seconds())
    promised = f"promised within {in_words(within)}"
    if taken is None and waited <= within:
        sentence = f"open for {roughly(waited)}; {promised}"
        return Measurement(rule_id=rule_id, state=State.NOT_JUDGED, sentence=sentence, figures=figures)
    state = State.KEPT if waited <= within else State.BROKEN
    done = f"took {roughly(waited)}" if taken is not None else f"not done after {roughly(waited)}"
    return Measurement(rule_id=rule_id, state=state, sentence=f"{done}; {promised}", figures=figures)


def _counts_from(rule_id: str, incident: IncidentMoments) -> datetime:
    return incident.notify_from or incident.opened_at if rule_id == NOTIFY else incident.opened_at


RESPONSE_TIMES: dict[str, Callable[[IncidentMoments], timedelta | None]] = {
    DETECT: time_to_detect,
    NOTIFY: time_to_notify,
    REPAIR: time_to_repair,
}
