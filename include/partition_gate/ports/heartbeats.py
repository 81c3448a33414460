"""The heartbeat of the watch."""

from __future__ import annotations

from typing import Protocol

from partition_gate.watching.heartbeat import Heartbeat


class Heartbeats(Protocol):
    """The heartbeat of the watch. Every call is one transaction."""

    def heartbeat(self) -> Heartbeat | None:
        """The newest pass of the watch; None if it never ran."""

    def beat(self, heartbeat: Heartbeat) -> None:
        """Replace the heartbeat, unless the recorded one is of a later pass."""
