"""Which values of a key's columns a smaller version of a partition no longer has. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from partition_gate.core.display import counted, displayed
from partition_gate.core.record import Record

MOST_GONE = 5
LONGEST_VALUE = 40  # characters


class GoneValue(Record):
    """A value that the visible version has and the new one has not, as text (None: null), and how many rows have it."""

    value: str | None
    rows: int


class ColumnShrinkage(Record):
    """The distinct values of a column in the visible version and in the new one; null counts as a value.

    `gone` are those of the most rows first, at most `MOST_GONE`; `gone_count` counts all.
    """

    column: str
    before: int
    now: int
    gone_count: int
    gone: tuple[GoneValue, ...] = ()


def shrinkage_sentences(columns: Sequence[ColumnShrinkage], *, hidden: frozenset[str]) -> Iterator[str]:
    """One sentence for each column; values of a hidden column are counted and not shown."""
    for each in columns:
        counts = f"{counted(each.before, 'value')} before, {each.now:,} now"
        yield f"{displayed(each.column)}: {counts}; {_gone(each, hidden)}"


def _gone(each: ColumnShrinkage, hidden: frozenset[str]) -> str:
    if not each.gone_count:
        return "none is gone"
    what = f"{each.gone_count:,} {'is' if each.gone_count == 1 else 'are'} gone"
    if each.column in hidden or not each.gone:
        return what
    values = [f"{_shown(one.value)} ({counted(one.rows, 'row')})" for one in each.gone]
    more = each.gone_count - len(values)
    return f"{what}: {', '.join(values)}{f' and {more:,} more' if more else ''}"


def _shown(value: str | None) -> str:
    return "null" if value is None else displayed(value, limit=LONGEST_VALUE)
