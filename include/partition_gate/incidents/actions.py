"""What people do with incidents: acknowledge, mute, resolve."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime

from partition_gate.core.errors import CannotAct
from partition_gate.core.record import Record
from partition_gate.core.units import roughly
from partition_gate.incidents.model import Change, Event, EventKind, Incident, IncidentState


class ActionKind(StrEnum):
    ACK = "ack"
    MUTE = "mute"
    RESOLVE = "resolve"


class Action(Record):
    """What a person asks for. `until` ends a mute; `why` is kept for audits."""

    kind: ActionKind
    who: str
    why: str = ""
    until: AwareDatetime | None = None


def acted(incident: Incident, action: Action, now: datetime) -> Change:
    """The incident after the action. Raises: CannotAct (it is resolved, or a mute that ends in the past)."""
    if not incident.is_active:
        when = f"{incident.resolved_at:%Y-%m-%d %H:%M} UTC" if incident.resolved_at else "before"
        raise CannotAct(f"incident {incident.id} was resolved {when}; see `gate incidents list`")
    if action.kind is ActionKind.MUTE and (action.until is None or action.until <= now):
        raise CannotAct(f"incident {incident.id}: a mute must end in the future; write --until 2h or a later time")
    return _ACTIONS[action.kind](incident, action, now)


def unmuted(incident: Incident, now: datetime) -> Change | None:
    """The incident that speaks again because its mute has ended; None if it has not."""
    if incident.state is not IncidentState.MUTED or incident.muted_until is None or incident.muted_until > now:
        return None
    after = incident.model_copy(update={"state": IncidentState.OPEN, "muted_until": None})
    lasts = f"the mute has ended; the problem is open for {roughly(now - incident.opened_at)}"
    return Change(incident=after, event=Event(kind=EventKind.UNMUTED, at=now, text=lasts))


def _acked(incident: Incident, action: Action, now: datetime) -> Change:
    return _changed(incident, action, EventKind.ACKED, now, state=IncidentState.ACKED, muted_until=None)


def _muted(incident: Incident, action: Action, now: datetime) -> Change:
    return _changed(incident, action, EventKind.MUTED, now, state=IncidentState.MUTED, muted_until=action.until)


def _resolved(incident: Incident, action: Action, now: datetime) -> Change:
    gone: dict[str, object] = {"resolved_at": now, "muted_until": None, "keys": (), "blocked": ()}
    return _changed(incident, action, EventKind.RESOLVED, now, state=IncidentState.RESOLVED, **gone)


def _changed(incident: Incident, action: Action, kind: EventKind, now: datetime, **values: object) -> Change:
    after = incident.model_copy(update={"who": action.who, "why": action.why, **values})
    return Change(incident=after, event=Event(kind=kind, at=now, who=action.who, text=action.why))


_ACTIONS = {ActionKind.ACK: _acked, ActionKind.MUTE: _muted, ActionKind.RESOLVE: _resolved}
