"""Messages that wait for delivery, and those that were delivered."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from partition_gate.judging.attempt import OutboxEntry


class Outbox(Protocol):
    """Messages that wait for delivery, and those that were delivered. Every call is one transaction."""

    def claim_message(self, *, now: datetime, lease: timedelta) -> OutboxEntry | None:
        """The oldest message neither sent nor leased; leased to the caller. The entry shows the state BEFORE.

        One that was leased or postponed by a clock that ran more than an hour ahead is free.
        """

    def mark_sent(self, message_id: str, *, ts: str) -> None: ...

    def postpone(self, message_id: str, *, until: datetime, surely_unsent: bool) -> None:
        """Give a message back. `surely_unsent` returns it to `pending`; else its result stays unknown."""

    def unsent(self) -> tuple[OutboxEntry, ...]:
        """Outbox entries that were not delivered yet, oldest first."""

    def messages(self, attempt_id: str | None = None) -> tuple[OutboxEntry, ...]:
        """Outbox entries, newest first."""
