"""What the warehouse in memory counts: the values of rows over bins."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from statistics import quantiles
from typing import Any

from partition_gate.judging.distribution import (
    LONGEST_TEXT,
    MOST_NUMBERS,
    MOST_TEXTS,
    BinnedColumn,
    BinnedPartition,
    Bins,
    ColumnKind,
    ColumnSurvey,
    ColumnToSurvey,
    TextBins,
    counted_by_edges,
)

_TENTHS = 10


def surveyed_rows(rows: Sequence[dict[str, Any]], column: ColumnToSurvey) -> ColumnSurvey:
    """As a warehouse surveys one column."""
    values = [row.get(column.column) for row in rows]
    known = [value for value in values if value is not None]
    survey = ColumnSurvey(column=column.column, value_count=len(known))
    if column.kind is ColumnKind.TEXT:
        counts = Counter(map(_text, known))
        is_open = len(counts) <= MOST_TEXTS and max(map(len, counts), default=0) <= LONGEST_TEXT
        texts = sorted(counts.items(), key=lambda each: (-each[1], each[0])) if is_open else []
        return survey.model_copy(update={"texts": tuple(texts)})
    numbers = sorted(value for value in map(_number, known) if math.isfinite(value))
    distinct = tuple(sorted(set(numbers)))
    tenths = tuple(quantiles(numbers, n=_TENTHS)) if len(numbers) > 1 else ()
    few = distinct if len(distinct) <= MOST_NUMBERS else ()
    return survey.model_copy(update={"quantiles": tenths, "numbers": few})


def binned_rows(rows: Sequence[dict[str, Any]], bins: Sequence[Bins]) -> BinnedPartition:
    """As a warehouse counts rows over bins."""
    return BinnedPartition(row_count=len(rows), columns=tuple(_binned(rows, each) for each in bins))


def _binned(rows: Sequence[dict[str, Any]], bins: Bins) -> BinnedColumn:
    known = [value for row in rows if (value := row.get(bins.column)) is not None]
    if isinstance(bins, TextBins):
        counted = Counter(map(_text, known))
        named = tuple(counted[text] for text in bins.texts)
        counts = (*named, len(known) - sum(named))
    else:
        counts = counted_by_edges([_number(value) for value in known], bins.edges)
    return BinnedColumn(column=bins.column, counts=counts, nulls=len(rows) - len(known))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(value: Any) -> float:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time(), tzinfo=UTC)
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return float(value)
