"""The partitions that a page shows: those with an outcome, and those that are expected; and how each is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from pydantic import AwareDatetime

from partition_gate.contract.calendar import due_after, expected_periods, local_day, newest_ended, recorded_period
from partition_gate.contract.model import Dataset
from partition_gate.contract.schedule import example_key
from partition_gate.core.display import counted
from partition_gate.core.record import Record
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.disposition import VISIBLE
from partition_gate.ports.ledger import Ledger
from partition_gate.presentation.outcomes import OUTCOMES, WORST_FIRST

SHOWN = 91  # thirteen weeks of days, or somewhat less than four days of hours
_LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)
_MOMENT = "%Y-%m-%d %H:%M"


class Slot(Record):
    """A partition that has an outcome, or that is expected: then `due_at` says when. `start`: of its period."""

    key: str
    start: AwareDatetime | None = None
    due_at: AwareDatetime | None = None
    settlement: Settlement | None = None

    def is_absent(self, now: datetime) -> bool:
        """Whether it was due and has no outcome."""
        return self.settlement is None and self.due_at is not None and self.due_at <= now


class Tile(Record):
    """The partitions in one place of a calendar: the worst of them, and how many there are.

    `word` says what it is; `settlement` is None for a partition without an outcome.
    """

    title: str
    css: str
    symbol: str
    word: str
    settlement: Settlement | None = None
    count: int = 1


def newest_keys(dataset: Dataset, ledger: Ledger, *, limit: int, up_to: str | None, now: datetime) -> list[str]:
    """The last recorded keys, oldest first.

    The cost depends on `limit`; only where a part of the key is not a time (a region), all recorded keys are read.
    """
    if example_key(dataset, local_day(dataset, now)) is not None:
        return list(ledger.recorded_keys(dataset.name, limit=limit, up_to=up_to))
    keys = sorted(ledger.recorded_keys(dataset.name), key=lambda key: order(dataset, key))
    last = None if up_to is None else order(dataset, up_to)
    return [key for key in keys if last is None or order(dataset, key) <= last][-limit:]


def expected_slots(dataset: Dataset, recorded: Sequence[str], *, count: int, at: datetime) -> Iterator[Slot]:
    """The last `count` expected partitions of each series whose periods ended before a moment, without outcomes.

    If the contract does not say when partitions start, the first recorded one does.
    """
    example = example_key(dataset, local_day(dataset, at))
    like = recorded if example is None else recorded[-1:] or [example]
    newest = (newest_ended(dataset, key, now=at) for key in like if recorded_period(dataset, key))
    begun = next((span[0] for key in recorded if (span := recorded_period(dataset, key))), at)
    first = None if dataset.limits.start_date is not None else begun
    for key in filter(None, dict.fromkeys(newest)):
        covered = recorded_period(dataset, key)
        length = count * (covered[1] - covered[0]) if covered else timedelta(0)
        for own, start, end in expected_periods(dataset, key, length):
            if first is None or start >= first:
                yield Slot(key=own, start=start, due_at=due_after(dataset, end))


def with_outcomes(
    dataset: Dataset, expected: Iterable[Slot], keys: Iterable[str], settlements: Iterable[Settlement]
) -> list[Slot]:
    """The slots of these keys with their outcomes; those that are not expected have no time at which they are due."""
    due = {each.key: each for each in expected}
    settled = {each.partition_key: each for each in settlements}
    slots = ((due.get(key) or _unexpected(dataset, key), settled.get(key)) for key in keys)
    return [slot.model_copy(update={"settlement": outcome}) for slot, outcome in slots]


def _unexpected(dataset: Dataset, key: str) -> Slot:
    covered = recorded_period(dataset, key)
    return Slot(key=key, start=covered[0] if covered else None)


def order(dataset: Dataset, key: str) -> tuple[datetime, str]:
    """Sorts keys by time, then by their text; keys without a date come first."""
    covered = recorded_period(dataset, key)
    return (covered[0] if covered else _LONG_AGO, key)


def tile(slots: Sequence[Slot], now: datetime) -> Tile | None:
    """The worst of the partitions in one place; what was due and has no outcome is worse than what is visible."""
    if not slots:
        return None
    settled = [each.settlement for each in slots if each.settlement]
    absent = next((each for each in slots if each.is_absent(now)), None)
    worst = min(settled, key=lambda each: WORST_FIRST.index(each.outcome), default=None)
    if worst and (absent is None or worst.outcome not in VISIBLE):
        text = OUTCOMES[worst.outcome]
        kept = f"{worst.rows_published:,} published, {worst.rows_quarantined:,} quarantined"
        rows = f"{counted(worst.rows_in, 'row')} in, {kept}"
        title = f"{worst.partition_key}: {text.word}; {rows}"
        return Tile(title=title, css=text.css, symbol=text.symbol, word=text.word, settlement=worst, count=len(slots))
    if absent:
        title = f"{absent.key}: nothing recorded, was due {moment(absent.due_at)}"
        return Tile(title=title, css="missing", symbol="?", word="nothing recorded", count=len(slots))
    title = f"{slots[0].key}: not due before {moment(slots[0].due_at)}"
    return Tile(title=title, css="waiting", symbol="…", word="not due yet", count=len(slots))


def moment(at: datetime | None) -> str:
    """`2026-11-30 07:30 CET`."""
    return f"{at:{_MOMENT}} {at:%Z}" if at else "at an unknown time"
