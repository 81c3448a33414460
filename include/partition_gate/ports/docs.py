"""Data Docs: reports for people, as a folder of static pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from partition_gate.core.units import Month
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.report import AttemptReport
from partition_gate.judging.retention import Files


class DocsSite(Protocol):
    """Rendered reports. The cost of a call does not depend on how many reports there are."""

    def write_report(self, report: AttemptReport) -> str:
        """Write one attempt's page; returns its path relative to the site's root (`attempts/<id>/index.html`)."""

    def write_month(
        self, dataset: str, month: Month, settlements: Sequence[Settlement], *, whole: bool = False
    ) -> None:
        """Write the page of a dataset and month, and name it in the pages above it if it is the first of its kind.

        `settlements` are all of the month, the newest last. Attempts that are not among the newest are on pages of
        their own, which are written once; `whole`: again.
        """

    def write_index(self) -> str:
        """Write the pages of the datasets and the index again, from the months that are there; the index's path."""

    def report_files(self, attempt_id: str) -> Files:
        """The files of an attempt's report; none if it has none."""

    def remove_report(self, attempt_id: str, *, dataset: str, kept: timedelta) -> Files:
        """Remove the files of an attempt's report; returns what there was.

        Links to its page keep working: it says in one sentence that reports are `kept` for so long. Idempotent.
        """

    def remove_months(self, before: Month) -> int:
        """Remove the pages of all earlier months, with the links to them; returns how many. Idempotent."""

    def read(self, path: str) -> bytes | None:
        """A file of the site by its path; None if there is none."""

    def address(self, path: str) -> str:
        """Where a file of the site is, for people: `file:///…` or `s3://…`."""
