"""Which columns a baseline has, and how much they vary among the pinned partitions. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean, median, stdev

from partition_gate.contract.model import Column, Dataset
from partition_gate.core.display import counted
from partition_gate.core.table import TableColumn, TableSchema
from partition_gate.judging.distribution import (
    BinnedColumn,
    BinnedPartition,
    ColumnKind,
    ColumnSurvey,
    ColumnToSurvey,
    NumberBins,
    TextBins,
    bins_of,
    is_whole,
    kind_of,
)
from partition_gate.judging.drift import DEVIATIONS, LeftOut, PinnedColumn, psi

FEWEST_VALUES = 200
LABELS_FROM = 1.0
_MOMENTS_OF_ONE = "one partition does not show whether its dates move with the partition: pin two or more"


def candidates(
    dataset: Dataset, table: TableSchema, hidden: frozenset[str], *, partitions: int
) -> Iterator[ColumnToSurvey | LeftOut]:
    """The columns of the published table whose values may be read, in table order; the others with the reason.

    Values of `hidden` columns, which are classified, are never read, so none can be stored or shown. `partitions` will
    be pinned: one of a dataset that has more does not show whether its dates follow the partition, as most do.
    """
    is_one_of_many = partitions == 1 and bool(table.partition_columns)
    keys = [column.name for column in dataset.columns if _is(column, "primaryKey")]
    unique = {column.name for column in dataset.columns if _is(column, "unique")} | set(keys if len(keys) == 1 else ())
    for column in table.columns:
        offered = _candidate(column, is_hidden=column.name in hidden, is_unique=column.name in unique)
        is_moment = isinstance(offered, ColumnToSurvey) and offered.kind is ColumnKind.MOMENT
        yield LeftOut(column=column.name, why=_MOMENTS_OF_ONE) if is_moment and is_one_of_many else offered
    for column in table.partition_columns:
        yield LeftOut(column=column.name, why="part of the partition key")


def surveyed(
    surveys: Sequence[ColumnSurvey], asked: Sequence[ColumnToSurvey]
) -> Iterator[NumberBins | TextBins | LeftOut]:
    """The bins of each surveyed column, or why it has none."""
    for survey, column in zip(surveys, asked, strict=True):
        if survey.value_count < FEWEST_VALUES:
            what = f"{counted(survey.value_count, 'value')}, fewer than {FEWEST_VALUES}"
            yield LeftOut(column=survey.column, why=what)
            continue
        bins = bins_of(survey, column)
        yield LeftOut(column=survey.column, why=bins) if isinstance(bins, str) else bins


def pinned(
    bins: Sequence[NumberBins | TextBins], partitions: Sequence[BinnedPartition]
) -> Iterator[PinnedColumn | LeftOut]:
    """Each column of the pinned partitions (at least one), or why it is left out.

    A column that differs widely between the pinned partitions is a label of the partition (a day) or has no stable
    distribution within one (the temperature), so nothing could be said about a later partition.
    """
    for number, each in enumerate(bins):
        parts = [partition.columns[number] for partition in partitions]
        yield _pinned(each, parts)


def _pinned(bins: NumberBins | TextBins, parts: Sequence[BinnedColumn]) -> PinnedColumn | LeftOut:
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.merged(part)
    own = [psi(whole.without(part).all, part.all) for part in parts if sum(part.all)] if len(parts) > 1 else []
    if len(own) > 1 and median(own) >= LABELS_FROM:
        what = f"differs between the pinned partitions (PSI {median(own):.1f}), so it has no baseline"
        return LeftOut(column=bins.column, why=what)
    usual = fmean(own) + DEVIATIONS * stdev(own) if len(own) > 1 else 0.0
    return PinnedColumn(bins=bins, binned=whole, usual=usual)


def _candidate(column: TableColumn, *, is_hidden: bool, is_unique: bool) -> ColumnToSurvey | LeftOut:
    kind = kind_of(column.type)
    if is_hidden:
        return LeftOut(column=column.name, why="classified: its values are not read")
    if is_unique:
        return LeftOut(column=column.name, why="a key: its values are unique")
    if kind is None:
        return LeftOut(column=column.name, why=f"values of type {column.type} have no bins")
    return ColumnToSurvey(column=column.name, kind=kind, is_whole=is_whole(column.type))


def _is(column: Column, clause: str) -> bool:
    return any(each.name == clause and each.value is True for each in column.clauses)
