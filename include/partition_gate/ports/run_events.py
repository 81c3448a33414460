"""Events about runs, for catalogues of lineage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class RunEvents(Protocol):
    """Where OpenLineage events go. An event may be lost, and may arrive twice: its run id stays the same."""

    @property
    def is_wanted(self) -> bool:
        """Whether anybody listens; if not, no event has to be made."""

    def emit(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Deliver the events, in this order, within a few seconds. Raises: DeliveryError."""
