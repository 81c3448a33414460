"""Delivery of messages."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from partition_gate.judging.attempt import Message


class Notifier(Protocol):
    """Delivers messages; knows nothing of the outbox."""

    def send(self, message: Message, *, root_ts: str | None = None, root_text: str | None = None) -> str:
        """Deliver once and return the message's timestamp. `root_ts` and `root_text` are the timestamp and the text of
        its root message.

        A reply appears in the root's thread. An edit replaces the root, and returns the root's timestamp; a tool that
        cannot change what it sent returns that as well, and sends nothing.
        Raises: NotDelivered, DeliveryUnknown, NotEditable (the root can no longer be changed).
        """

    def find(self, message: Message, *, since: datetime, root_ts: str | None = None) -> str | None:
        """The timestamp of an earlier delivery of this message id, or None. An edit is not looked up: repeat it.

        A tool without a lookup returns None, so after an unknown result its message is sent again. It has the same
        identity, by which receivers recognise the repeat.
        """
