"""Delivery of messages."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from partition_gate.judging.attempt import Message


class Notifier(Protocol):
    """Delivers messages; knows nothing of the outbox."""

    def send(self, message: Message) -> str:
        """Deliver once and return the message's timestamp. Raises: NotDelivered, DeliveryUnknown."""

    def find(self, message: Message, *, since: datetime) -> str | None:
        """The timestamp of an earlier delivery of this message id, or None."""
