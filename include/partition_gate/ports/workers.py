"""The processes that judge."""

from __future__ import annotations

from typing import Protocol


class Workers(Protocol):
    """The processes that judge."""

    @property
    def own(self) -> str:
        """This process, as `host/pid/start`."""

    def is_running(self, owner: str) -> bool | None:
        """Whether that process still runs; None if it runs on another machine."""
