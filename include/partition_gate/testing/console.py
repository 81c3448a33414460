"""A console in memory, for tests of the pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from partition_gate.attempt import OutboxEntry, Settlement
from partition_gate.verdict import CheckResult
from partition_gate.web.console import BrokenContract, ContractSummary, QuarantineSample


class InMemoryConsole:
    """What the pages are given, as attributes that a test may set; results and samples by attempt."""

    def __init__(self, docs_folder: Path, settlements: Sequence[Settlement] = ()) -> None:
        self.docs_folder = docs_folder
        self.settled = tuple(settlements)
        self.summaries: tuple[ContractSummary, ...] = ()
        self.broken: tuple[BrokenContract, ...] = ()
        self.texts: Mapping[str, str] = {}
        self.checks: Mapping[str, tuple[CheckResult, ...]] = {}
        self.outbox: tuple[OutboxEntry, ...] = ()
        self.samples: Mapping[str, QuarantineSample] = {}

    def settlements(self) -> tuple[Settlement, ...]:
        newest = {(one.dataset, one.partition_key): one for one in sorted(self.settled, key=lambda s: s.settled_at)}
        return tuple(newest.values())

    def contracts(self) -> tuple[ContractSummary, ...]:
        return self.summaries

    def broken_contracts(self) -> tuple[BrokenContract, ...]:
        return self.broken

    def contract_text(self, contract_id: str) -> str | None:
        return self.texts.get(contract_id)

    def settlement(self, attempt_id: str) -> Settlement | None:
        return next((one for one in self.settled if one.attempt_id == attempt_id), None)

    def results(self, attempt_id: str) -> tuple[CheckResult, ...]:
        return self.checks.get(attempt_id, ())

    def messages(self, attempt_id: str | None = None) -> tuple[OutboxEntry, ...]:
        return tuple(entry for entry in self.outbox if attempt_id in (None, entry.message.attempt_id))

    def quarantine_sample(self, attempt_id: str, *, limit: int) -> QuarantineSample | None:
        sample = self.samples.get(attempt_id)
        return sample.model_copy(update={"rows": sample.rows[:limit]}) if sample else None
