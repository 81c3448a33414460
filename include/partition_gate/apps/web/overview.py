"""Builds the table of datasets and partitions. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from partition_gate.apps.web.outcomes import WORST_FIRST
from partition_gate.core.record import Record
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.disposition import PartitionOutcome

COLUMNS_SHOWN = 31
NEEDS_ATTENTION = frozenset(
    {PartitionOutcome.ERRORED, PartitionOutcome.REJECTED, PartitionOutcome.HELD, PartitionOutcome.MISSING}
)


class View(Record):
    """The selected part of the table: one dataset or all, and the keys from `first` to `last`, both included."""

    dataset: str | None = None
    first: str | None = None
    last: str | None = None


class Cell(Record):
    """The partitions of one dataset in one column (newest key first), and the one with the worst outcome."""

    settlements: tuple[Settlement, ...]
    worst: Settlement

    @property
    def worst_count(self) -> int:
        """How many partitions have the worst outcome."""
        return sum(settlement.outcome is self.worst.outcome for settlement in self.settlements)


class Row(Record):
    """One dataset. A cell is None if nothing is recorded."""

    dataset: str
    cells: tuple[Cell | None, ...]


class Overview(Record):
    """The visible part. `older` and `newer` are the next keys outside it. `attention` starts with the newest key."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    totals: tuple[tuple[PartitionOutcome, int], ...]
    attention: tuple[Settlement, ...]
    older: str | None
    newer: str | None


def overview(settlements: Sequence[Settlement], datasets: Iterable[str], view: View) -> Overview:
    """The table of a view. Keys without a date (`snapshot`) come first, then the dates, newest first.

    With all datasets, a column is a day (the first part of the key), so hourly and daily datasets share it. With one
    dataset, a column is one partition.
    """
    selected = [settlement for settlement in settlements if view.dataset in (None, settlement.dataset)]
    grouped: dict[tuple[str, str], list[Settlement]] = defaultdict(list)
    for settlement in selected:
        grouped[settlement.dataset, _column(settlement, view)].append(settlement)
    dates = sorted({column for _, column in grouped if _is_dated(column)})
    window = _window(dates, view)
    columns = (*sorted({column for _, column in grouped if not _is_dated(column)}), *reversed(window))
    names = {view.dataset} if view.dataset else {*datasets, *(settlement.dataset for settlement in selected)}
    rows = [
        Row(dataset=name, cells=tuple(_cell(grouped.get((name, column), ())) for column in columns))
        for name in sorted(names)
    ]
    shown = [settlement for row in rows for cell in row.cells if cell for settlement in cell.settlements]
    return Overview(
        columns=columns,
        rows=tuple(rows),
        totals=_totals(shown),
        attention=_attention(shown),
        older=max((date for date in dates if window and date < window[0]), default=None),
        newer=min((date for date in dates if window and date > window[-1]), default=None),
    )


def _column(settlement: Settlement, view: View) -> str:
    return settlement.partition_key if view.dataset else settlement.partition_key.partition("/")[0]


def _is_dated(column: str) -> bool:
    return column[:1].isdigit()


def _window(dates: Sequence[str], view: View) -> list[str]:
    """At most 31 dates, ascending: the newest up to `last`, or the oldest from `first` on if there is no `last`."""
    last = view.last
    selected = [
        date
        for date in dates
        if (view.first is None or date >= view.first) and (last is None or date <= last or date.startswith(f"{last}/"))
    ]
    from_first = view.first is not None and last is None
    return selected[:COLUMNS_SHOWN] if from_first else selected[-COLUMNS_SHOWN:]


def _cell(settlements: Sequence[Settlement]) -> Cell | None:
    if not settlements:
        return None
    newest_first = sorted(settlements, key=lambda settlement: settlement.partition_key, reverse=True)
    worst = min(newest_first, key=lambda settlement: WORST_FIRST.index(settlement.outcome))
    return Cell(settlements=tuple(newest_first), worst=worst)


def _totals(shown: Iterable[Settlement]) -> tuple[tuple[PartitionOutcome, int], ...]:
    counts = Counter(settlement.outcome for settlement in shown)
    return tuple((outcome, counts[outcome]) for outcome in reversed(WORST_FIRST))


def _attention(shown: Iterable[Settlement]) -> tuple[Settlement, ...]:
    attention = (settlement for settlement in shown if settlement.outcome in NEEDS_ATTENTION)
    return tuple(sorted(attention, key=lambda s: (s.partition_key, s.settled_at), reverse=True))
