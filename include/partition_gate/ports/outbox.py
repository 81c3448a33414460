"""Messages that await delivery, and those that were delivered."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from partition_gate.judging.attempt import Backlog, OutboxEntry, Silent

NOBODY = Silent()


class Outbox(Protocol):
    """Messages that await delivery, and those that were delivered. Every call is one transaction."""

    def claim_message(self, *, now: datetime, lease: timedelta, silent: Silent = NOBODY) -> OutboxEntry | None:
        """Lease the oldest message that is neither sent nor leased, and is not to anybody of `silent`. The entry shows
        the state BEFORE this claim.

        A message leased or postponed by a clock that ran more than an hour ahead counts as free.
        """

    def mark_sent(self, message_id: str, *, ts: str, now: datetime) -> None:
        """Record that it was delivered: `ts` is the service's timestamp, `now` becomes the entry's `sent_at`."""

    def postpone(self, message_id: str, *, until: datetime, surely_unsent: bool, why: str = "") -> None:
        """Release a message. `surely_unsent` returns it to `pending`; otherwise its result stays unknown.

        `why` it could not be delivered is kept for `backlog`.
        """

    def retry_now(self) -> None:
        """Messages that certainly were not sent wait no longer for their next try."""

    def unsent(self) -> tuple[OutboxEntry, ...]:
        """Undelivered entries, oldest first."""

    def backlog(self) -> tuple[Backlog, ...]:
        """The channels in which undelivered messages wait, the longest wait first."""

    def messages(self, attempt_id: str | None = None) -> tuple[OutboxEntry, ...]:
        """Outbox entries, newest first."""
