"""Data Docs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from partition_gate.judging.attempt import Settlement


class DocsSite(Protocol):
    """Rendered reports."""

    def write_page(self, attempt_id: str, document: str, *, title: str) -> str:
        """Write one attempt's page; returns its path relative to the site's root (`attempts/<id>/index.html`)."""

    def write_index(self, settlements: Sequence[Settlement]) -> str: ...
