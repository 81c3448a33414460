"""Removal by age: reports, quarantined rows that no longer count, recorded details of attempts, published partitions.

Every step may be repeated after a kill. A pass does a limited amount of work, and the next one goes on where it ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.errors import GateError
from partition_gate.core.record import Record
from partition_gate.core.units import Month
from partition_gate.gate.published_retention import PublishedRetention
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.replay import Discard, RowPositions
from partition_gate.judging.report import has_report
from partition_gate.judging.retention import Files, Mark, QuarantineRemoval, Removal, Subject, removal_of
from partition_gate.ports import Ports

BATCH = 500  # attempts

_OF_ATTEMPTS = (Subject.REPORTS, Subject.QUARANTINE, Subject.LEDGER)


class Aged(Record):
    """What was removed of a dataset, or would be: how many reports, folders, attempts or partitions, their size, and
    when the oldest was settled. `row_count` is only of published partitions, whose `size_bytes` is not known.
    """

    subject: Subject
    dataset: str
    count: int
    size_bytes: int
    oldest: datetime
    row_count: int | None = None


class Retained(Record):
    """What a pass removed, by subject and dataset; `problems` is what could not be removed, and is tried again."""

    removed: tuple[Aged, ...]
    problems: tuple[str, ...] = ()


class _Found(Record):
    """What was removed of one attempt, or would be."""

    settled: Settlement
    files: Files


def retain(
    contracts: Sequence[CompiledDataset] = (),
    *,
    ports: Ports,
    is_rehearsal: bool = False,
    batches: int | None = None,
    size: int = BATCH,
) -> Retained:
    """Remove what is older than `ports.kept_for`, in at most so many batches of `size` attempts; None: everything.

    Of these contracts also published partitions, at most as many of each dataset.

    `is_rehearsal`: nothing is removed or recorded; the result is what would be. A dataset's problem costs the others
    nothing.
    """
    removed: list[Aged] = []
    problems: list[str] = []
    for subject in _OF_ATTEMPTS:
        aged = _Subject(subject, ports, size, is_rehearsal=is_rehearsal)
        removed += _by_dataset(subject, aged.remove(batches))
        problems += aged.problems
    for compiled in contracts:
        published = PublishedRetention(compiled, ports, is_rehearsal=is_rehearsal)
        removed += _of_published(published.remove(limit=None if batches is None else batches * size))
        problems += published.problems
    return Retained(removed=tuple(removed), problems=tuple(problems))


class _Subject:
    """The removal of one subject."""

    def __init__(self, subject: Subject, ports: Ports, size: int, *, is_rehearsal: bool) -> None:
        self._subject, self._ports, self._size, self._is_rehearsal = subject, ports, size, is_rehearsal
        self._now, self._kept = ports.clock.now(), ports.kept_for
        self.problems: list[str] = []

    def remove(self, batches: int | None) -> Iterator[_Found]:
        """Each attempt of which something was removed, oldest first."""
        age = self._kept.shortest(self._subject)
        if age is None:
            return
        mark, before = self._begin(batches), self._now - age
        while batches is None or batches > 0:
            old = self._aged(before, mark)
            try:
                yield from self._remove(old)
            except GateError as error:  # the same storage or database holds all of them
                self.problems.append(f"{self._subject}: {error}")
                return
            is_last = len(old) < self._size
            mark = self._reached(mark, old, before, is_last=is_last)
            if is_last:
                return
            batches = None if batches is None else batches - 1

    def _remove(self, old: Sequence[Settlement]) -> Iterator[_Found]:
        steps = {Subject.REPORTS: self._reports, Subject.QUARANTINE: self._quarantine, Subject.LEDGER: self._details}
        return steps[self._subject](old)

    def _begin(self, batches: int | None) -> Mark | None:
        """What counts may change later, so quarantined rows are looked at again; all of them if everything is done."""
        if self._subject is Subject.QUARANTINE and batches is None:
            return None
        return self._ports.ledger.retention_mark(self._subject)

    def _aged(self, before: datetime, mark: Mark | None) -> tuple[Settlement, ...]:
        in_quarantine = self._subject is Subject.QUARANTINE
        return self._ports.ledger.aged(before, after=mark, limit=self._size, in_quarantine=in_quarantine)

    def _reached(self, before: Mark | None, old: Sequence[Settlement], end: datetime, *, is_last: bool) -> Mark | None:
        """Record and return how far the removal has come, once everything up to there is removed."""
        mark: Mark | None = Mark(settled_at=end)
        if not is_last:
            mark = Mark(settled_at=old[-1].settled_at, attempt_id=old[-1].attempt_id)
        elif self._subject is Subject.QUARANTINE:
            mark = None
        if self._is_rehearsal:
            return mark
        if self._subject is Subject.REPORTS and mark is not None:
            self._remove_months(before, mark)
        self._ports.ledger.mark_retention(self._subject, mark)
        return mark

    def _remove_months(self, before: Mark | None, mark: Mark) -> None:
        month = Month.of(mark.settled_at)
        if before is None or Month.of(before.settled_at) < month:
            self._ports.docs.remove_months(month)

    def _reports(self, old: Sequence[Settlement]) -> Iterator[_Found]:
        docs, kept = self._ports.docs, self._kept.reports
        for settled in filter(has_report, old):
            if kept is None or self._is_rehearsal:
                files = docs.report_files(settled.attempt_id)
            else:
                files = docs.remove_report(settled.attempt_id, dataset=settled.dataset, kept=kept)
            if files.count:
                yield _Found(settled=settled, files=files)

    def _details(self, old: Sequence[Settlement]) -> Iterator[_Found]:
        ledger, ids = self._ports.ledger, [settled.attempt_id for settled in old]
        sizes = ledger.details(ids)
        if not self._is_rehearsal:
            ledger.remove_details(ids)
        for settled in old:
            if settled.attempt_id in sizes:
                yield _Found(settled=settled, files=Files(count=1, size_bytes=sizes[settled.attempt_id]))

    def _quarantine(self, old: Sequence[Settlement]) -> Iterator[_Found]:
        working = {(u.attempt.dataset, u.attempt.partition_key) for u in self._ports.ledger.unfinished()}
        for settled in old:
            if (settled.dataset, settled.partition_key) in working:
                continue
            try:
                if (found := self._folder(settled)) is not None:
                    yield found
            except GateError as error:
                self.problems.append(str(error))

    def _folder(self, settled: Settlement) -> _Found | None:
        """Remove the folder of an attempt if its rows are old enough and no longer count."""
        ledger, warehouse, uri = self._ports.ledger, self._ports.warehouse, settled.quarantine_uri or ""
        fence = ledger.fence(settled.dataset, settled.partition_key)
        history = ledger.settlements(settled.dataset, settled.partition_key)
        removal = removal_of(settled, history, self._kept, now=self._now)
        if removal is None:
            return None
        if self._is_rehearsal:
            return _Found(settled=settled, files=warehouse.quarantine_files(uri))
        if removal.gives_up_rows and not self._given_up(settled, removal, fence):
            return None
        files = warehouse.remove_quarantine(uri)
        ledger.remove_quarantine(
            QuarantineRemoval(
                attempt_id=settled.attempt_id, uri=uri, why=removal.why, size_bytes=files.size_bytes, at=self._now
            )
        )
        return _Found(settled=settled, files=files)

    def _given_up(self, settled: Settlement, removal: Removal, fence: int) -> bool:
        """Discard the rows that still count; False if a run started meanwhile."""
        before = self._ports.ledger.discards(settled.attempt_id)
        rows = RowPositions.first(settled.rows_quarantined + settled.rows_discarded)
        for each in before:
            rows = rows.without(each.positions)
        if not rows.count:
            return True
        discard = Discard(
            attempt_id=settled.attempt_id,
            number=len(before) + 1,
            dataset=settled.dataset,
            partition_key=settled.partition_key,
            who="gate retain",
            why=removal.why,
            at=self._now,
            condition="",
            positions=rows,
        )
        return self._ports.ledger.discard_rows(discard, seen_fence=fence)


def _of_published(settled: Iterable[Settlement]) -> Iterator[Aged]:
    if found := tuple(settled):
        yield Aged(
            subject=Subject.PUBLISHED,
            dataset=found[0].dataset,
            count=len(found),
            size_bytes=0,
            oldest=min(each.settled_at for each in found),
            row_count=sum(each.rows_published for each in found),
        )


def _by_dataset(subject: Subject, found: Iterable[_Found]) -> Iterator[Aged]:
    """Sums by dataset, in order of its name; the oldest comes first."""
    sums: dict[str, Aged] = {}
    for each in found:
        before = sums.get(each.settled.dataset)
        sums[each.settled.dataset] = Aged(
            subject=subject,
            dataset=each.settled.dataset,
            count=before.count + 1 if before else 1,
            size_bytes=each.files.size_bytes + (before.size_bytes if before else 0),
            oldest=before.oldest if before else each.settled.settled_at,
        )
    yield from (sums[name] for name in sorted(sums))
