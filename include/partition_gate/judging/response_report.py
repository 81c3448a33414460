"""How fast the incidents of a dataset were detected, told and repaired: one entry per response time. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from statistics import median

from partition_gate.contract.model import Dataset, Sla
from partition_gate.core.record import Record
from partition_gate.core.units import duration
from partition_gate.incidents.model import IncidentResponse, IncidentState, ProblemKind
from partition_gate.judging.measurement import State
from partition_gate.judging.response_times import (
    DETECT,
    NOTIFY,
    RESPONSE_TIMES,
    IncidentMoments,
    elapsed,
    moments,
    response_measurement,
)

# A fault in the data, or data that did not come. Left out are anomalies and rates (they break no promise), dates of the
# contract's life cycle, and faults of the gate's own surroundings, of which only operators are told.
COUNTED = frozenset(
    {
        ProblemKind.MISSING,
        ProblemKind.HELD,
        ProblemKind.ERRORED,
        ProblemKind.RULE,
        ProblemKind.PROMISE,
        ProblemKind.LANDING,
    }
)


class ResponseState(StrEnum):
    """How a response time stands. NOT_COUNTED: there were incidents, but none that says anything about it.

    NOT_JUDGED: every incident still waits, and has time left.
    """

    NOT_PROMISED = "not_promised"
    NO_INCIDENT = "no_incident"
    NOT_COUNTED = "not_counted"
    NOT_JUDGED = "not_judged"
    KEPT = "kept"
    BROKEN = "broken"


class TimedIncident(Record):
    """How long one incident took. `is_done`: the response has happened; else `taken` is how long it is awaited.

    `state` is None if nothing is promised.
    """

    incident: int
    cause: str
    opened_at: datetime
    taken: timedelta
    is_done: bool
    state: State | None
    sentence: str = ""


class ResponseReport(Record):
    """One response time of a dataset over the incidents that were opened in a window, oldest first.

    `promised` and `clause` are of the contract's current version; None if it promises nothing. `not_counted` are
    incidents of the counted kinds that say nothing about this response time: see docs/reference/service-levels.md.
    """

    dataset: str
    rule_id: str
    clause: str | None
    promised: timedelta | None
    timed: tuple[TimedIncident, ...]
    not_counted: int

    @property
    def kept(self) -> int:
        return self._count(State.KEPT)

    @property
    def broken(self) -> tuple[TimedIncident, ...]:
        return tuple(each for each in self.timed if each.state is State.BROKEN)

    @property
    def waiting(self) -> int:
        """Incidents for which the response has not happened and, if a time is promised, has time left."""
        return sum(not each.is_done and each.state is not State.BROKEN for each in self.timed)

    @property
    def median(self) -> timedelta | None:
        """Of the incidents for which it has happened."""
        done = [each.taken.total_seconds() for each in self.timed if each.is_done]
        return timedelta(seconds=median(done)) if done else None

    @property
    def worst(self) -> TimedIncident | None:
        """The one that took longest, or is awaited for longest."""
        return max(self.timed, key=attrgetter("taken"), default=None)

    @property
    def state(self) -> ResponseState:
        if self.promised is None:
            return ResponseState.NOT_PROMISED
        if not self.timed:
            return ResponseState.NOT_COUNTED if self.not_counted else ResponseState.NO_INCIDENT
        if self.broken:
            return ResponseState.BROKEN
        return ResponseState.KEPT if self.kept else ResponseState.NOT_JUDGED

    def _count(self, state: State) -> int:
        return sum(each.state is state for each in self.timed)


def response_reports(
    dataset: Dataset, responses: Sequence[IncidentResponse], *, now: datetime
) -> tuple[ResponseReport, ...]:
    """The response times of a dataset in the order detect, notify, repair, whether they are promised or not."""
    promises = _promises(dataset)
    counted = [each for each in responses if each.incident.kind in COUNTED]
    return tuple(_report(dataset, rule_id, promises.get(rule_id), counted, now) for rule_id in RESPONSE_TIMES)


def _promises(dataset: Dataset) -> dict[str, tuple[Sla, timedelta]]:
    """The first clause of each response time that is a time span."""
    names = {name.lower(): name for name in RESPONSE_TIMES}
    found: dict[str, tuple[Sla, timedelta]] = {}
    for sla in dataset.slas:
        span = duration(sla.value, sla.unit) if sla.property in names else None
        if span is not None:
            found.setdefault(names[sla.property], (sla, span))
    return found


def _report(
    dataset: Dataset,
    rule_id: str,
    promise: tuple[Sla, timedelta] | None,
    counted: Sequence[IncidentResponse],
    now: datetime,
) -> ResponseReport:
    clause, within = (promise[0].path, promise[1]) if promise else (None, None)
    timed = [_timed(rule_id, each, within, now) for each in counted if _says_something(rule_id, each)]
    return ResponseReport(
        dataset=dataset.name,
        rule_id=rule_id,
        clause=clause,
        promised=within,
        timed=tuple(timed),
        not_counted=len(counted) - len(timed),
    )


def _says_something(rule_id: str, response: IncidentResponse) -> bool:
    """Not a backfill of an old period, whose files may have waited for years; not detection from an unknown beginning;
    not notification if nobody had to be told at once, or if a person or a correction was faster than the message.
    """
    incident = response.incident
    if incident.is_quiet:
        return False
    if rule_id == DETECT:
        return incident.began_at is not None
    if rule_id == NOTIFY:
        return response.is_told and (response.queued_at is not None or incident.state is IncidentState.OPEN)
    return True


def _timed(rule_id: str, response: IncidentResponse, within: timedelta | None, now: datetime) -> TimedIncident:
    incident, own = response.incident, moments(response)
    judged = None if within is None else response_measurement(rule_id, own, within=within, now=now)
    return TimedIncident(
        incident=incident.id,
        cause=incident.cause,
        opened_at=incident.opened_at,
        taken=elapsed(rule_id, own, now=now),
        is_done=_is_done(rule_id, own),
        state=judged.state if judged else None,
        sentence=judged.sentence if judged else "",
    )


def _is_done(rule_id: str, own: IncidentMoments) -> bool:
    return RESPONSE_TIMES[rule_id](own) is not None
