"""Data Docs: reports for people, as a folder of static pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from partition_gate.core.units import Month
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.report import AttemptReport


class DocsSite(Protocol):
    """Rendered reports. The cost of a call does not depend on how many reports there are."""

    def write_report(self, report: AttemptReport) -> str:
        """Write one attempt's page; returns its path relative to the site's root (`attempts/<id>/index.html`)."""

    def write_month(self, dataset: str, month: Month, settlements: Sequence[Settlement]) -> None:
        """Write the page of a dataset and month, and name it in the pages above it if it is the first of its kind."""

    def write_index(self) -> str:
        """Write the pages of the datasets and the index again, from the months that are there; the index's path."""

    def read(self, path: str) -> bytes | None:
        """A file of the site by its path; None if there is none."""

    def address(self, path: str) -> str:
        """Where a file of the site is, for people: `file:///…` or `s3://…`."""
