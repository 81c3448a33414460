"""Incidents, and the threads in which people are told about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from partition_gate.incidents.actions import Action
from partition_gate.incidents.model import Assessment, Event, Incident, IncidentResponse, Thread, ThreadNews
from partition_gate.judging.attempt import Message


class Incidents(Protocol):
    """Incidents and threads. Every call is one transaction."""

    def assess(self, assessment: Assessment, *, now: datetime) -> None:
        """Open, repeat and resolve incidents for something that is no settlement (`settle` assesses its own)."""

    def incidents(self, dataset: str | None = None, *, active_only: bool = True) -> tuple[Incident, ...]:
        """Incidents, newest first; of the resolved ones at most the newest thousand."""

    def incident(self, incident_id: int) -> Incident | None: ...

    def incident_events(self, incident_id: int) -> tuple[Event, ...]:
        """Its history, oldest first."""

    def act(self, incident_id: int, action: Action, *, now: datetime) -> Incident:
        """Acknowledge, mute or resolve it for a person. Raises: CannotAct (there is none, or it is resolved)."""

    def unmute_due(self, *, now: datetime) -> tuple[Incident, ...]:
        """End the mutes whose time has come; the incidents that speak again."""

    def unannounced(self, *, limit: int = 100) -> tuple[ThreadNews, ...]:
        """Threads whose newest revision is not in the outbox yet, oldest first."""

    def announce(
        self, news: ThreadNews, messages: Sequence[Message], *, now: datetime, told_by: str | None = None
    ) -> bool:
        """Queue a thread's messages and mark its revision as announced. False if another process did it first.

        `told_by` is the id of the first of them that shows the incidents of the news; None if none does.

        An edit replaces the earlier edits of the same message that have not been tried yet.
        """

    def responses(self, dataset: str, *, since: datetime) -> tuple[IncidentResponse, ...]:
        """The dataset's incidents that were opened after `since`, oldest first, with when people were told."""

    def threads(self, incident_id: int) -> tuple[Thread, ...]:
        """The threads about an incident, oldest first."""
