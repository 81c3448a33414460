"""Fifth step: queue what people must be told, then drain the outbox.

A message is neither lost nor sent twice, even if the process is killed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum

from partition_gate.alerts.thread_messages import telling_message, thread_messages
from partition_gate.core.errors import DeliveryError, Extent, NotDelivered, NotEditable
from partition_gate.core.record import Record
from partition_gate.judging.attempt import Message, OutboxEntry, Silent
from partition_gate.ports.clock import Clock
from partition_gate.ports.ledger import Ledger
from partition_gate.ports.notifier import Notifier

log = logging.getLogger(__name__)


class DeliveryTimes(Record):
    """Time limits of a delivery.

    `lease` must exceed one lookup plus one send, so that a second worker claims only messages that the first has
    abandoned. `settling` must exceed the time in which the service may still carry out a request whose answer was lost,
    so that a lookup that finds nothing proves that nothing was accepted. `clock_skew` is how far the service's clock
    may lag behind ours, which may have run ahead at the first try. `drain` is how long a drain may start deliveries.
    """

    lease: timedelta = timedelta(minutes=2)
    settling: timedelta = timedelta(seconds=30)
    clock_skew: timedelta = timedelta(hours=3)
    first_wait: timedelta = timedelta(seconds=2)
    longest_wait: timedelta = timedelta(minutes=15)
    drain: timedelta = timedelta(seconds=60)


class Delivery(Record):
    """The result of a drain. `has_more`: it stopped early. `problems`: why messages were postponed."""

    sent: int = 0
    already_delivered: int = 0
    postponed: int = 0
    has_more: bool = False
    problems: tuple[str, ...] = ()


class Result(StrEnum):
    """What became of a try."""

    SENT = "sent"
    ALREADY_DELIVERED = "already_delivered"
    POSTPONED = "postponed"


class Tried(Record):
    """One message that was tried; `why`: the reason if it was postponed."""

    message: Message
    result: Result
    why: str = ""


def notify(
    ledger: Ledger, notifier: Notifier, clock: Clock, *, limit: int = 100, times: DeliveryTimes | None = None
) -> Delivery:
    """Queue the news of all threads, then deliver up to `limit` messages, oldest first; postpone those that cannot be
    delivered now.

    If a service does not answer at all, the other messages of its tool (of a webhook: of its channel) are left
    untouched; those of other tools are delivered.

    Exactly once, because:
    - incidents and their threads change in the transaction that settles the attempt, and a thread's messages enter the
      outbox in the transaction that marks its revision as announced, so an earlier kill loses nothing;
    - a claim marks it `sending` before anything is sent, so after a kill or a lost answer it is still `sending`;
    - whoever claims a message that was `sending` first looks up its id at the service, after `times.settling`,
      and sends it only if it is not there;
    - only a refusal of the send itself returns it to `pending`. A failed lookup proves nothing.
    The remaining gap: a worker that is frozen between claim and send for longer than `times.lease`.
    """
    announce(ledger, clock)
    drain = Drain(ledger, notifier, clock, times or DeliveryTimes())
    tried = tuple(drain.run(limit=limit))
    results = [each.result for each in tried]
    return Delivery(
        sent=results.count(Result.SENT),
        already_delivered=results.count(Result.ALREADY_DELIVERED),
        postponed=results.count(Result.POSTPONED),
        has_more=len(results) >= limit or drain.is_over or bool(drain.silent),
        problems=tuple(dict.fromkeys(each.why for each in tried if each.why)),
    )


def announce(ledger: Ledger, clock: Clock) -> int:
    """Queue the messages of every thread that does not show its newest revision; how many were queued.

    All news of a thread since the last time become one edit, and one reply for each event that people follow.
    """
    queued = 0
    while news := ledger.unannounced():
        for each in news:
            messages = thread_messages(each)
            told_by = telling_message(each, messages)
            queued += len(messages) if ledger.announce(each, messages, now=clock.now(), told_by=told_by) else 0
    return queued


class Drain:
    """One pass over the outbox. `silent`: whose service did not answer in this pass."""

    def __init__(self, ledger: Ledger, notifier: Notifier, clock: Clock, times: DeliveryTimes) -> None:
        self.ledger, self.notifier, self.clock, self.times = ledger, notifier, clock, times
        self.silent = Silent()
        self._began_at = clock.now()

    @property
    def is_over(self) -> bool:
        """Whether the time for new deliveries has passed."""
        return self.clock.now() - self._began_at >= self.times.drain

    def run(self, *, limit: int) -> Iterator[Tried]:
        """Try up to `limit` messages, oldest first."""
        for _ in range(limit):
            entry = None if self.is_over else self._claim()
            if entry is None:
                return
            yield self._try(entry)

    def _claim(self) -> OutboxEntry | None:
        return self.ledger.claim_message(now=self.clock.now(), lease=self.times.lease, silent=self.silent)

    def _try(self, entry: OutboxEntry) -> Tried:
        # The state BEFORE this claim: `sending` means that an earlier send may have been accepted.
        is_unknown = entry.state == "sending" and not entry.message.is_edit  # to repeat an edit changes nothing
        try:
            if is_unknown and (earlier_ts := self._find(entry)):
                self.ledger.mark_sent(entry.message.id, ts=earlier_ts, now=self.clock.now())
                return Tried(message=entry.message, result=Result.ALREADY_DELIVERED)
            is_unknown = False
            timestamp = self.notifier.send(entry.message, root_ts=entry.root_ts, root_text=entry.root_text)
        except NotEditable as error:
            log.warning("message no longer edited id=%s why=%s", entry.message.root, error)
            timestamp = entry.root_ts or ""
        except DeliveryError as error:
            self._leave_alone(entry.message, error.extent)
            self._postpone(entry, error, surely_unsent=isinstance(error, NotDelivered) and not is_unknown)
            return Tried(message=entry.message, result=Result.POSTPONED, why=str(error))
        self.ledger.mark_sent(entry.message.id, ts=timestamp, now=self.clock.now())
        return Tried(message=entry.message, result=Result.SENT)

    def _leave_alone(self, message: Message, extent: Extent) -> None:
        tools, channels = self.silent.tools, self.silent.channels
        if extent is Extent.TOOL:
            self.silent = Silent(tools=tools | {message.tool}, channels=channels)
        if extent is Extent.CHANNEL:
            self.silent = Silent(tools=tools, channels=channels | {(message.tool, message.channel)})

    def _find(self, entry: OutboxEntry) -> str | None:
        first_try_at = entry.first_try_at or entry.created_at
        since = first_try_at - self.times.clock_skew
        return self.notifier.find(entry.message, since=since, root_ts=entry.root_ts)

    def _postpone(self, entry: OutboxEntry, error: DeliveryError, *, surely_unsent: bool) -> None:
        until = self.clock.now() + self._wait(entry, error, surely_unsent=surely_unsent)
        log.warning("message postponed id=%s until=%s why=%s", entry.message.id, _stamp(until), error)
        self.ledger.postpone(entry.message.id, until=until, surely_unsent=surely_unsent, why=str(error))

    def _wait(self, entry: OutboxEntry, error: DeliveryError, *, surely_unsent: bool) -> timedelta:
        """The wait that the service asks for; otherwise it doubles with each try."""
        longest = self.times.longest_wait
        if error.retry_after_s is not None:
            wait = timedelta(seconds=min(error.retry_after_s, longest.total_seconds()))
        else:
            wait = min(self.times.first_wait * 2 ** min(entry.tries, 20), longest)
        return wait if surely_unsent else max(wait, self.times.settling)


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
