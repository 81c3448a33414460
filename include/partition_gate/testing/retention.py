"""Removal by age, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from partition_gate.judging.attempt import Settlement
from partition_gate.judging.lineage import Inputs
from partition_gate.judging.measurement import Measurement
from partition_gate.judging.profile import PartitionProfile
from partition_gate.judging.retention import Mark, PublishedRemoval, QuarantineRemoval, Subject
from partition_gate.judging.verdict import CheckResult
from partition_gate.testing.quarantine import InMemoryQuarantineRecords


class InMemoryRetention(InMemoryQuarantineRecords):
    """The `Retention` port on dictionaries; what an attempt recorded about its rows is here."""

    def __init__(self) -> None:
        super().__init__()
        self._validations: dict[str, tuple[tuple[CheckResult, ...], str, PartitionProfile | None]] = {}
        self._measurements: dict[str, tuple[Measurement, ...]] = {}
        self._inputs: dict[str, Inputs] = {}
        self._marks: dict[Subject, Mark] = {}
        self._removals: dict[str, QuarantineRemoval] = {}
        self._removed_versions: dict[str, PublishedRemoval] = {}

    def aged(
        self, before: datetime, *, after: Mark | None, limit: int, in_quarantine: bool = False
    ) -> tuple[Settlement, ...]:
        since = (after.settled_at, after.attempt_id) if after else None
        places = sorted((each.settled_at, each.attempt_id) for each in self._settlements.values())
        old = [place for place in places if place[0] < before and (since is None or place > since)]
        found = (self._settlements[attempt_id] for _, attempt_id in old)
        return tuple(each for each in found if each.quarantine_uri or not in_quarantine)[:limit]

    def retention_mark(self, subject: Subject) -> Mark | None:
        return self._marks.get(subject)

    def mark_retention(self, subject: Subject, mark: Mark | None) -> None:
        self._marks.pop(subject, None)
        if mark is not None:
            self._marks[subject] = mark

    def details(self, attempt_ids: Sequence[str]) -> Mapping[str, int]:
        documents = {each: len(own[1].encode()) for each, own in self._validations.items()}
        for each, own in self._inputs.items():
            documents[each] = documents.get(each, 0) + len(own.model_dump_json())
        return {each: size_bytes for each, size_bytes in documents.items() if each in attempt_ids}

    def remove_details(self, attempt_ids: Sequence[str]) -> None:
        for attempt_id in attempt_ids:
            self._validations.pop(attempt_id, None)
            self._measurements.pop(attempt_id, None)
            self._inputs.pop(attempt_id, None)

    def remove_quarantine(self, removal: QuarantineRemoval) -> None:
        self._removals.setdefault(removal.attempt_id, removal)
        settled = self._settlements[removal.attempt_id]
        self._settlements[removal.attempt_id] = settled.model_copy(update={"quarantine_uri": None})

    def quarantine_removal(self, attempt_id: str) -> QuarantineRemoval | None:
        return self._removals.get(attempt_id)

    def remove_published(self, removal: PublishedRemoval) -> None:
        if removal.attempt_id not in self._removed_versions:
            self._removed_versions[removal.attempt_id] = removal
            settled = self._settlements[removal.attempt_id]
            why = (*settled.why, removal.why)
            self._settlements[removal.attempt_id] = settled.model_copy(update={"why": why})

    def published_removals(self, dataset: str) -> Mapping[str, PublishedRemoval]:
        return {each: own for each, own in self._removed_versions.items() if own.dataset == dataset}
