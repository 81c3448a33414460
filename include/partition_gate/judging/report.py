"""The record from which the Data Docs page of an attempt is made."""

from __future__ import annotations

from collections.abc import Mapping

from partition_gate.core.record import Record
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.disposition import VISIBLE, PartitionOutcome
from partition_gate.judging.verdict import CheckOutcome, CheckResult

_JUDGED = VISIBLE | {PartitionOutcome.REJECTED, PartitionOutcome.HELD}


def has_report(settlement: Settlement) -> bool:
    """Whether the attempt judged rows, so that there is something to report."""
    return settlement.outcome in _JUDGED


class RecentAttempt(Record):
    """A partition's outcome, and the checks that did not pass in it, by rule id."""

    settlement: Settlement
    not_passed: Mapping[str, CheckOutcome] = {}


class AttemptReport(Record):
    """One attempt: its check results in suite order, and the partitions up to this one by key, this one last.

    `document` is Great Expectations' result as JSON. The addresses are of pages in the console; None if there is no
    console. `contract_page` takes a clause as fragment.
    """

    settlement: Settlement
    results: tuple[CheckResult, ...]
    recent: tuple[RecentAttempt, ...] = ()
    document: str | None = None
    console_page: str | None = None
    quarantine_page: str | None = None
    contract_page: str | None = None
