"""The table datasets x partitions: pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from partition_gate.apps.web.words import WORST_FIRST
from partition_gate.core.record import Record
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.disposition import PartitionOutcome

COLUMNS_SHOWN = 31
NEEDS_A_PERSON = frozenset(
    {PartitionOutcome.ERRORED, PartitionOutcome.REJECTED, PartitionOutcome.HELD, PartitionOutcome.MISSING}
)


class View(Record):
    """What of the table is wanted: one dataset or all, and the keys between `first` and `last`, both inclusive."""

    dataset: str | None = None
    first: str | None = None
    last: str | None = None


class Cell(Record):
    """The partitions of one dataset in one column: all of them (newest key first), and the worst."""

    settlements: tuple[Settlement, ...]
    worst: Settlement

    @property
    def alike(self) -> int:
        """How many share the worst outcome."""
        return sum(one.outcome is self.worst.outcome for one in self.settlements)


class Row(Record):
    """One dataset; a cell is None where nothing is recorded."""

    dataset: str
    cells: tuple[Cell | None, ...]


class Overview(Record):
    """The visible part. `older` and `newer` are the next keys outside of it; `attention` has the newest key first."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    totals: tuple[tuple[PartitionOutcome, int], ...]
    attention: tuple[Settlement, ...]
    older: str | None
    newer: str | None


def overview(settlements: Sequence[Settlement], datasets: Iterable[str], view: View) -> Overview:
    """The table of a view: undated keys (`snapshot`) first, then dates, the newest first.

    Over all datasets a column is a day (the key's first part), so hourly and daily datasets share it; for one
    dataset a column is one partition.
    """
    wanted = [one for one in settlements if view.dataset in (None, one.dataset)]
    grouped: dict[tuple[str, str], list[Settlement]] = defaultdict(list)
    for one in wanted:
        grouped[one.dataset, _column(one, view)].append(one)
    dates = sorted({column for _, column in grouped if _is_dated(column)})
    window = _window(dates, view)
    columns = (*sorted({column for _, column in grouped if not _is_dated(column)}), *reversed(window))
    names = {view.dataset} if view.dataset else {*datasets, *(one.dataset for one in wanted)}
    rows = [
        Row(dataset=name, cells=tuple(_cell(grouped.get((name, column), ())) for column in columns))
        for name in sorted(names)
    ]
    shown = [one for row in rows for cell in row.cells if cell for one in cell.settlements]
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
    """At most 31 dates, ascending: the newest up to `last`, or the oldest from `first` on where there is no last."""
    last = view.last
    kept = [
        date
        for date in dates
        if (view.first is None or date >= view.first) and (last is None or date <= last or date.startswith(f"{last}/"))
    ]
    return kept[:COLUMNS_SHOWN] if view.first is not None and last is None else kept[-COLUMNS_SHOWN:]


def _cell(settlements: Sequence[Settlement]) -> Cell | None:
    if not settlements:
        return None
    newest_first = sorted(settlements, key=lambda one: one.partition_key, reverse=True)
    worst = min(newest_first, key=lambda one: WORST_FIRST.index(one.outcome))
    return Cell(settlements=tuple(newest_first), worst=worst)


def _totals(shown: Iterable[Settlement]) -> tuple[tuple[PartitionOutcome, int], ...]:
    counts = Counter(one.outcome for one in shown)
    return tuple((outcome, counts[outcome]) for outcome in reversed(WORST_FIRST))


def _attention(shown: Iterable[Settlement]) -> tuple[Settlement, ...]:
    troubled = (one for one in shown if one.outcome in NEEDS_A_PERSON)
    return tuple(sorted(troubled, key=lambda one: (one.partition_key, one.settled_at), reverse=True))
