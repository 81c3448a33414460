"""Incidents with their history. One transaction at a time changes the incidents of a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, Row, and_, or_, select, update

from partition_gate.adapters.ledger import threads
from partition_gate.adapters.ledger.attempts import lock_partition
from partition_gate.adapters.ledger.schema import incident_events, incidents
from partition_gate.core.errors import CannotAct
from partition_gate.incidents.actions import Action, acted, unmuted
from partition_gate.incidents.changes import REOPENED_WITHIN, assessed, forgotten
from partition_gate.incidents.model import Assessment, Change, Event, Incident, IncidentState

_RESOLVED = IncidentState.RESOLVED.value
_MOST = 1000
_EVENT = tuple(Event.model_fields)


def assess(connection: Connection, assessment: Assessment, now: datetime) -> None:
    """Open, repeat and resolve the dataset's incidents, and start or update their threads."""
    _lock(connection, assessment.dataset)
    changes = assessed(_of_dataset(connection, assessment.dataset, now), assessment, now)
    stored = _store(connection, changes)
    threads.tell(connection, assessment, stored, now)


def forget(connection: Connection, dataset: str, partition_key: str, now: datetime) -> None:
    """Remove the partition from the dataset's incidents."""
    _lock(connection, dataset)
    changes = forgotten(_of_dataset(connection, dataset, now), partition_key, now)
    _tell_known(connection, _store(connection, changes), now)


def act(connection: Connection, incident_id: int, action: Action, now: datetime) -> Incident:
    """As the port documents."""
    found = of_id(connection, incident_id)
    if found is None:
        raise CannotAct(f"there is no incident {incident_id}; see `gate incidents list`")
    _lock(connection, found.dataset)
    stored = _store(connection, [acted(of_id(connection, incident_id) or found, action, now)])
    _tell_known(connection, stored, now)
    return stored[0].incident


def unmute_due(connection: Connection, now: datetime) -> tuple[Incident, ...]:
    """As the port documents."""
    query = select(incidents).where(incidents.c.state == IncidentState.MUTED.value)
    muted = [incident_of(row) for row in connection.execute(query.with_for_update())]
    stored = _store(connection, [change for each in muted if (change := unmuted(each, now))])
    _tell_known(connection, stored, now)
    return tuple(change.incident for change in stored)


def listed(connection: Connection, dataset: str | None, *, active_only: bool) -> tuple[Incident, ...]:
    """Newest first."""
    query = select(incidents).order_by(incidents.c.id.desc())
    if dataset is not None:
        query = query.where(incidents.c.dataset == dataset)
    query = query.where(incidents.c.state != _RESOLVED) if active_only else query.limit(_MOST)
    return tuple(incident_of(row) for row in connection.execute(query))


def of_id(connection: Connection, incident_id: int) -> Incident | None:
    row = connection.execute(select(incidents).where(incidents.c.id == incident_id)).first()
    return None if row is None else incident_of(row)


def of_ids(connection: Connection, ids: Sequence[int]) -> tuple[Incident, ...]:
    """In the order in which they were opened."""
    query = select(incidents).where(incidents.c.id.in_(ids)).order_by(incidents.c.id)
    return tuple(incident_of(row) for row in connection.execute(query))


def events(connection: Connection, ids: Sequence[int], *, after: int = 0) -> tuple[Event, ...]:
    """The events of incidents with a number above `after`, oldest first."""
    query = (
        select(incident_events)
        .where(incident_events.c.incident_id.in_(ids), incident_events.c.number > after)
        .order_by(incident_events.c.number)
    )
    return tuple(
        Event.model_validate({name: row._mapping[name] for name in _EVENT}) for row in connection.execute(query)
    )


def incident_of(row: Row[tuple[object, ...]]) -> Incident:
    """The incident in a row of the table."""
    return Incident.model_validate_json(str(row.document)).model_copy(update={"id": row.id})


def _lock(connection: Connection, dataset: str) -> None:
    """Until the transaction ends, nobody else changes this dataset's incidents (no partition has an empty key)."""
    lock_partition(connection, dataset, "")


def _of_dataset(connection: Connection, dataset: str, now: datetime) -> tuple[Incident, ...]:
    """The incidents that are active or may be reopened; the cost does not depend on the older ones."""
    matters = or_(incidents.c.state != _RESOLVED, incidents.c.resolved_at >= now - REOPENED_WITHIN)
    query = select(incidents).where(and_(incidents.c.dataset == dataset, matters)).order_by(incidents.c.id)
    return tuple(incident_of(row) for row in connection.execute(query))


def _store(connection: Connection, changes: Iterable[Change]) -> list[Change]:
    """The changes with the ids that their incidents have now."""
    return [_stored(connection, change) for change in changes]


def _stored(connection: Connection, change: Change) -> Change:
    incident = change.incident
    columns = {
        "dataset": incident.dataset,
        "cause": incident.cause,
        "state": incident.state.value,
        "resolved_at": incident.resolved_at,
        "opened_at": incident.opened_at,
        "document": incident.model_dump_json(exclude={"id"}),
    }
    if incident.id:
        connection.execute(update(incidents).where(incidents.c.id == incident.id).values(**columns))
    else:
        new_id = connection.execute(incidents.insert().values(**columns).returning(incidents.c.id)).scalar_one()
        incident = incident.model_copy(update={"id": new_id})
    if change.event:
        values = change.event.model_dump(exclude={"number", "incident_id"})
        connection.execute(incident_events.insert().values(**values, incident_id=incident.id))
    return change.model_copy(update={"incident": incident})


def _tell_known(connection: Connection, changes: Iterable[Change], now: datetime) -> None:
    threads.touch(connection, [change.incident.id for change in changes], now)
