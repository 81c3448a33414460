"""How the values of columns are distributed over bins that never change. Pure.

The bins are made once from pinned partitions. Every later partition is counted over the same bins: bins made anew for
each partition would hold a tenth of its values each, however far they have moved.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from partition_gate.core.display import displayed
from partition_gate.core.record import Record

# What a warehouse is asked for (`ColumnSurvey`).
QUANTILES = tuple(tenth / 10 for tenth in range(1, 10))
MOST_NUMBERS = 20
MOST_TEXTS = 200
NAMED_TEXTS = 20
LONGEST_TEXT = 200
OTHER = "others"
_SHOWN_TEXT = 24
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WHOLE = re.compile(r"(TINY|SMALL|BIG|HUGE|U\w*)?INT(EGER)?|DECIMAL\(\d+, ?0\)")
_NUMBERS = re.compile(rf"{_WHOLE.pattern}|DOUBLE|FLOAT|REAL|DECIMAL(\(\d+, ?\d+\))?")
_MOMENTS = re.compile(r"DATE|TIMESTAMP(_\w+| WITH TIME ZONE|TZ)?")


class ColumnKind(StrEnum):
    """How a column's values are put into bins; moments are dates and timestamps, as seconds since 1970 in UTC."""

    NUMBER = "number"
    MOMENT = "moment"
    TEXT = "text"


def kind_of(type_name: str) -> ColumnKind | None:
    """The kind of a DuckDB type; None for types without such bins (lists, objects, times of day, binary values)."""
    name = type_name.upper()
    if _NUMBERS.fullmatch(name):
        return ColumnKind.NUMBER
    if _MOMENTS.fullmatch(name):
        return ColumnKind.MOMENT
    return ColumnKind.TEXT if name in {"VARCHAR", "TEXT", "STRING", "BOOLEAN"} else None


def is_whole(type_name: str) -> bool:
    """Whether a DuckDB type has whole numbers only."""
    return _WHOLE.fullmatch(type_name.upper()) is not None


class ColumnToSurvey(Record):
    """A column of the published table, and how its values are read. `is_whole`: it has whole numbers only."""

    column: str
    kind: ColumnKind
    is_whole: bool = False


class ColumnSurvey(Record):
    """What bins are made from; grain: one column over all rows of the pinned partitions.

    `value_count` counts the rows with a value. `quantiles` are about the nine deciles of numbers and moments.
    `numbers` are their distinct values, ascending, if there are at most 20; `texts` the distinct texts (booleans:
    `true`, `false`) with their rows, most frequent first, if there are at most 200 and none is longer than 200
    characters. NaN and infinite values are in no list.
    """

    column: str
    value_count: int
    quantiles: tuple[float, ...] = ()
    numbers: tuple[float, ...] = ()
    texts: tuple[tuple[str, int], ...] = ()


class NumberBins(Record):
    """Bin i holds the values above edge i - 1 up to and including edge i; the last bin holds those above all edges, and
    NaN. `is_exact`: each edge is one of few distinct values.
    """

    kind: Literal["number", "moment"]
    column: str
    edges: Annotated[tuple[float, ...], Field(min_length=1)]
    is_exact: bool = False

    @model_validator(mode="after")
    def _edges_ascend(self) -> NumberBins:
        if not all(map(math.isfinite, self.edges)) or any(low >= high for low, high in pairwise(self.edges)):
            raise ValueError(f"column {self.column}: the edges of bins are finite and ascend")
        return self

    @property
    def count(self) -> int:
        """The number of bins."""
        return len(self.edges) + 1

    def label(self, number: int) -> str:
        """The values of a bin: `up to 5`, `5 to 10`, `above 10`; `5` if it is one of few values."""
        shown = _moment if self.kind == "moment" else _number
        if number == len(self.edges):
            return f"above {shown(self.edges[-1])}"
        if self.is_exact:
            return shown(self.edges[number])
        return (
            f"{shown(self.edges[number - 1])} to {shown(self.edges[number])}"
            if number
            else f"up to {shown(self.edges[0])}"
        )


class TextBins(Record):
    """One bin for each of the most frequent texts, and a last one for all others."""

    kind: Literal["text"] = "text"
    column: str
    texts: Annotated[tuple[str, ...], Field(min_length=1)]

    @property
    def count(self) -> int:
        """The number of bins."""
        return len(self.texts) + 1

    def label(self, number: int) -> str:
        """The text of a bin, cut if it is long; `others` for the last bin."""
        if number == len(self.texts):
            return OTHER
        text = self.texts[number]
        return displayed(text[:_SHOWN_TEXT]) + ("…" if len(text) > _SHOWN_TEXT else "") if text else "empty text"


Bins = Annotated[NumberBins | TextBins, Field(discriminator="kind")]


class BinnedColumn(Record):
    """How many rows are in each bin of a column, and how many have no value."""

    column: str
    counts: tuple[int, ...]
    nulls: int

    @property
    def all(self) -> tuple[int, ...]:
        """The bins, then the rows without a value."""
        return (*self.counts, self.nulls)

    def merged(self, other: BinnedColumn) -> BinnedColumn:
        """The rows of both, counted over the same bins."""
        counts = tuple(mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True))
        return BinnedColumn(column=self.column, counts=counts, nulls=self.nulls + other.nulls)

    def without(self, part: BinnedColumn) -> BinnedColumn:
        """The rows that are not in `part`, which is contained in these."""
        counts = tuple(mine - theirs for mine, theirs in zip(self.counts, part.counts, strict=True))
        return BinnedColumn(column=self.column, counts=counts, nulls=self.nulls - part.nulls)


class BinnedPartition(Record):
    """Columns of a partition over given bins, in their order. `row_count` rows were counted: all, or a sample."""

    row_count: int
    columns: tuple[BinnedColumn, ...]


def bins_of(survey: ColumnSurvey, column: ColumnToSurvey) -> NumberBins | TextBins | str:
    """The bins of a column, or why it has none."""
    if column.kind is ColumnKind.TEXT:
        return _text_bins(survey)
    if len(survey.numbers) == 1:
        return _CONSTANT
    kind = column.kind.value
    if survey.numbers:
        return NumberBins(kind=kind, column=survey.column, edges=survey.numbers, is_exact=True)
    finite = filter(math.isfinite, survey.quantiles)
    edges = tuple(sorted({float(math.floor(value)) if column.is_whole else value for value in finite}))
    return NumberBins(kind=kind, column=survey.column, edges=edges) if edges else "no finite values"


_CONSTANT = "the same value in all rows"


def _text_bins(survey: ColumnSurvey) -> TextBins | str:
    if len(survey.texts) == 1:
        return _CONSTANT
    if not survey.texts:
        return f"more than {MOST_TEXTS} different texts, or texts of more than {LONGEST_TEXT} characters"
    return TextBins(column=survey.column, texts=tuple(text for text, _ in survey.texts[:NAMED_TEXTS]))


def counted_by_edges(values: Sequence[float], edges: Sequence[float]) -> tuple[int, ...]:
    """How many values are in each bin of `NumberBins`; NaN is above all edges."""
    counts = [0] * (len(edges) + 1)
    for value in values:
        counts[next((number for number, edge in enumerate(edges) if value <= edge), len(edges))] += 1
    return tuple(counts)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.4g}"


def _moment(seconds: float) -> str:
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return _number(seconds)
    return f"{moment:%Y-%m-%d}" if seconds % 86_400 == 0 else f"{moment:%Y-%m-%d %H:%M}Z"
