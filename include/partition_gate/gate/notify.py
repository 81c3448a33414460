"""Fifth step: drain the outbox. An alert is neither lost nor sent twice, whenever we are killed."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from enum import Enum

from partition_gate.core.errors import DeliveryError, NotDelivered, ServiceSilent
from partition_gate.core.record import Record
from partition_gate.judging.attempt import OutboxEntry
from partition_gate.ports.clock import Clock
from partition_gate.ports.ledger import Ledger
from partition_gate.ports.notifier import Notifier

log = logging.getLogger(__name__)


class Pace(Record):
    """How long things take.

    `lease` must be longer than one look and one send together: then a second worker claims only what a first one no
    longer works on. `settling` must be longer than the service may take to carry out a request whose answer was lost:
    then a look that finds nothing proves that nothing was taken. `clock_skew` is how far its clock may lag ours: ours
    may have run ahead when the message was tried first. After so long a drain begins no further message: `drain`.
    """

    lease: timedelta = timedelta(minutes=2)
    settling: timedelta = timedelta(seconds=30)
    clock_skew: timedelta = timedelta(hours=3)
    first_wait: timedelta = timedelta(seconds=2)
    longest_wait: timedelta = timedelta(minutes=15)
    drain: timedelta = timedelta(seconds=60)


class Delivery(Record):
    """What a drain did. `left`: it stopped early, so more may wait. `problems`: why some were postponed."""

    sent: int = 0
    already_there: int = 0
    postponed: int = 0
    left: bool = False
    problems: tuple[str, ...] = ()


class _End(Enum):
    SENT = "sent"
    ALREADY_THERE = "already_there"
    POSTPONED = "postponed"


def notify(ledger: Ledger, notifier: Notifier, clock: Clock, *, limit: int = 100, pace: Pace | None = None) -> Delivery:
    """Deliver up to `limit` claimed messages, oldest first; what cannot be delivered now is postponed.

    A service that answers nobody is left alone: the messages after the first one that met it stay as they are.

    Exactly once, because:
    - the message is in the outbox in the transaction that settled its attempt, so a kill before us loses nothing;
    - a claim makes it `sending` before anything is sent, so a kill or a lost answer leaves it `sending`;
    - whoever claims a message that was `sending` looks for its id at the service first, after `pace.settling`,
      and sends only what is not there;
    - only a refusal of the send itself returns it to `pending`. A look that failed proves nothing.
    What remains: a worker that is frozen between claim and send for longer than `pace.lease`.
    """
    ends: list[_End] = []
    drain = _Drain(ledger, notifier, clock, pace or Pace())
    while len(ends) < limit and not drain.is_over and (entry := drain.claim()):
        ends.append(drain.deliver(entry))
    return Delivery(
        sent=ends.count(_End.SENT),
        already_there=ends.count(_End.ALREADY_THERE),
        postponed=ends.count(_End.POSTPONED),
        left=len(ends) >= limit or drain.is_over,
        problems=tuple(dict.fromkeys(drain.problems)),
    )


class _Drain:
    def __init__(self, ledger: Ledger, notifier: Notifier, clock: Clock, pace: Pace) -> None:
        self.ledger, self.notifier, self.clock, self.pace = ledger, notifier, clock, pace
        self.problems: list[str] = []
        self._is_silent, self._began_at = False, clock.now()

    @property
    def is_over(self) -> bool:
        return self._is_silent or self.clock.now() - self._began_at >= self.pace.drain

    def claim(self) -> OutboxEntry | None:
        return self.ledger.claim_message(now=self.clock.now(), lease=self.pace.lease)

    def deliver(self, entry: OutboxEntry) -> _End:
        # The state BEFORE this claim: `sending` means that a former try may have been taken.
        is_unknown = entry.state == "sending"
        try:
            if is_unknown and (found := self._find(entry)):
                self.ledger.mark_sent(entry.message.id, ts=found)
                return _End.ALREADY_THERE
            is_unknown = False
            timestamp = self.notifier.send(entry.message)
        except DeliveryError as error:
            self._is_silent = isinstance(error, ServiceSilent)
            self._postpone(entry, error, surely_unsent=isinstance(error, NotDelivered) and not is_unknown)
            return _End.POSTPONED
        self.ledger.mark_sent(entry.message.id, ts=timestamp)
        return _End.SENT

    def _find(self, entry: OutboxEntry) -> str | None:
        first_try_at = entry.first_try_at or entry.created_at
        return self.notifier.find(entry.message, since=first_try_at - self.pace.clock_skew)

    def _postpone(self, entry: OutboxEntry, error: DeliveryError, *, surely_unsent: bool) -> None:
        self.problems.append(str(error))
        until = self.clock.now() + self._wait(entry, error, surely_unsent=surely_unsent)
        log.warning("message postponed id=%s until=%s why=%s", entry.message.id, _stamp(until), error)
        self.ledger.postpone(entry.message.id, until=until, surely_unsent=surely_unsent)

    def _wait(self, entry: OutboxEntry, error: DeliveryError, *, surely_unsent: bool) -> timedelta:
        """What the service asked for, else twice as long at each try."""
        longest = self.pace.longest_wait
        if error.retry_after_s is not None:
            wait = timedelta(seconds=min(error.retry_after_s, longest.total_seconds()))
        else:
            wait = min(self.pace.first_wait * 2 ** min(entry.tries, 20), longest)
        return wait if surely_unsent else max(wait, self.pace.settling)


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
