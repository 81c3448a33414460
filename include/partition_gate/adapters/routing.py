"""A Notifier that hands each message to the notifier of its tool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from partition_gate.judging.attempt import Message
from partition_gate.ports.notifier import Notifier


class RoutingNotifier:
    """Opens each tool's notifier for its first message. Messages of any other tool go to `otherwise`."""

    def __init__(self, by_tool: Mapping[str, Callable[[], Notifier]], *, otherwise: Notifier) -> None:
        self._by_tool, self._otherwise = dict(by_tool), otherwise
        self._opened: dict[str, Notifier] = {}

    def send(self, message: Message, *, root_ts: str | None = None, root_text: str | None = None) -> str:
        """As the tool's notifier. Raises: DeliveryError, also if the notifier cannot be opened."""
        return self._notifier(message).send(message, root_ts=root_ts, root_text=root_text)

    def find(self, message: Message, *, since: datetime, root_ts: str | None = None) -> str | None:
        """As the tool's notifier."""
        return self._notifier(message).find(message, since=since, root_ts=root_ts)

    def _notifier(self, message: Message) -> Notifier:
        tool = message.tool
        if tool not in self._by_tool:
            return self._otherwise
        if tool not in self._opened:
            self._opened[tool] = self._by_tool[tool]()
        return self._opened[tool]
