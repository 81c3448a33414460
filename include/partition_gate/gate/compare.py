"""Compare the published rows of two datasets, or of one dataset at two times or in two environments."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.display import displayed
from partition_gate.core.errors import CannotAct
from partition_gate.core.table import TableColumn
from partition_gate.gate.baseline import keys_of
from partition_gate.judging.attempt import Publication
from partition_gate.judging.distribution import (
    LONGEST_TEXT,
    MOST_TEXTS,
    BinnedColumn,
    Bins,
    ColumnKind,
    ColumnSurvey,
    ColumnToSurvey,
    NumberBins,
    TextBins,
    is_whole,
    kind_of,
)
from partition_gate.judging.drift import LeftOut
from partition_gate.judging.pinning import candidates
from partition_gate.judging.skew import (
    ColumnCounts,
    ColumnSides,
    SchemaDifference,
    SideRows,
    Skew,
    skew_of,
    worst_first,
)
from partition_gate.ports import Ports

_A_PASS = timedelta(hours=1)  # a person waits for it and can stop it
_MOVES = "a date or a time: it moves with the partitions"


class Side(NamedTuple):
    """One of the two: as it was `named`, its dataset, its partitions (a key or FROM..TO; empty: all that are published)
    and where they are.
    """

    named: str
    compiled: CompiledDataset
    partitions: str
    ports: Ports


class _Measured(NamedTuple):
    """The published rows of a side, and what was found in their columns, by name."""

    side: Side
    publications: tuple[Publication, ...]
    surveys: dict[str, ColumnSurvey]

    @property
    def row_count(self) -> int:
        return sum(publication.rows for publication in self.publications)


def compare(a: Side, b: Side, *, threshold: float) -> Skew:
    """How the columns of the published rows differ between two sides; nothing is stored.

    Columns are compared by name. Values of a column that one of the contracts classifies are counted, and never shown.

    Raises:
        CannotAct: a side has no published partition.
        MalformedPartitionKey: a key is not valid.
        PartitionChanged: a partition was replaced while it was read.
    """
    own, other = (_columns(side) for side in (a, b))
    shared = [name for name, column in own.items() if name in other and other[name].type == column.type]
    left, right = (_measured(side, shared) for side in (a, b))
    sides = _compared(left, right, shared, hidden=a.compiled.hidden_columns | b.compiled.hidden_columns)
    return Skew(
        a=_rows(left),
        b=_rows(right),
        threshold=threshold,
        schema_differences=tuple(_schema_differences(a, b)),
        columns=worst_first(skew_of(each, threshold=threshold) for each in sides),
    )


def _columns(side: Side) -> dict[str, TableColumn]:
    return {column.name: column for column in side.compiled.published.columns}


def _published(side: Side) -> tuple[Publication, ...]:
    """The visible partitions that a side names, by key."""
    dataset, table = side.compiled.dataset, side.compiled.published.name
    keys = set(keys_of(dataset, side.partitions, now=side.ports.clock.now())) if side.partitions else None
    found = side.ports.warehouse.publications(table)
    chosen = tuple(each for each in found if keys is None or each.partition_key in keys)
    if not chosen:
        which = f"no partition of {displayed(side.partitions)}" if side.partitions else "no partition"
        raise CannotAct(
            f"{displayed(side.named)}: {which} is published in its warehouse; see `gate status`, or compare others"
        )
    return chosen


def _measured(side: Side, names: Sequence[str]) -> _Measured:
    publications = _published(side)
    columns = _columns(side)
    asked = [
        ColumnToSurvey(column=name, kind=kind, is_whole=is_whole(columns[name].type))
        for name in names
        if (kind := kind_of(columns[name].type))
    ]
    surveys = side.ports.warehouse.survey(side.compiled.published, publications, asked) if asked else ()
    return _Measured(side, publications, {survey.column: survey for survey in surveys})


def _compared(a: _Measured, b: _Measured, names: Sequence[str], *, hidden: frozenset[str]) -> Iterator[ColumnSides]:
    """Each column that both sides have with one type and with values that can be counted."""
    reasons = _left_out(a.side.compiled) | _left_out(b.side.compiled)
    bins = {
        name: made
        for name in names
        if name in a.surveys and name not in reasons and (made := _bins(a, b, name)) is not None
    }
    counted = [_counted(each, [made for made in bins.values() if isinstance(made, NumberBins)]) for each in (a, b)]
    for name in (each for each in names if each in a.surveys):
        made = bins.get(name)
        own, other = (
            _counts(side, name, made, numbers.get(name)) for side, numbers in zip((a, b), counted, strict=True)
        )
        is_open = made is not None and name not in hidden
        yield ColumnSides(
            column=name,
            kind=kind_of(_columns(a.side)[name].type),
            labels=tuple(map(made.label, range(made.count))) if made is not None and is_open else (),
            are_values=isinstance(made, TextBins) or (isinstance(made, NumberBins) and made.is_exact),
            a=own,
            b=other,
            why_not="" if made else reasons.get(name, _why_no_bins(a, name)),
        )


def _left_out(compiled: CompiledDataset) -> dict[str, str]:
    """Column -> why its values say nothing about its distribution."""
    offered = candidates(compiled.dataset, compiled.published, frozenset(), partitions=2)
    found = {each.column: each.why for each in offered if isinstance(each, LeftOut)}
    moments = {each.name for each in compiled.published.columns if kind_of(each.type) is ColumnKind.MOMENT}
    return found | dict.fromkeys(moments, _MOVES)


def _bins(a: _Measured, b: _Measured, name: str) -> NumberBins | TextBins | None:
    """Bins for the values of both sides; None if there are too many different ones, or none."""
    own, other, type_name = a.surveys[name], b.surveys[name], _columns(a.side)[name].type
    if kind_of(type_name) is ColumnKind.TEXT:
        has_many = any(side.value_count and not side.texts for side in (own, other))
        texts = tuple(dict.fromkeys(text for side in (own, other) for text, _ in side.texts))
        return TextBins(column=name, texts=texts) if texts and not has_many else None
    is_exact = all(side.numbers or not side.value_count for side in (own, other))
    values = (value for side in (own, other) for value in (side.numbers if is_exact else side.quantiles))
    whole = is_whole(type_name) and not is_exact
    edges = sorted({float(math.floor(value)) if whole else value for value in values if math.isfinite(value)})
    return NumberBins(kind="number", column=name, edges=tuple(edges), is_exact=is_exact) if edges else None


def _why_no_bins(a: _Measured, name: str) -> str:
    if kind_of(_columns(a.side)[name].type) is ColumnKind.TEXT and a.surveys[name].value_count:
        return f"more than {MOST_TEXTS} different texts, or texts of more than {LONGEST_TEXT} characters"
    return "no values"


def _counted(side: _Measured, bins: Sequence[Bins]) -> dict[str, BinnedColumn]:
    """The numbers of a side over the bins, by column; one pass over each partition."""
    whole: dict[str, BinnedColumn] = {}
    for publication in side.publications if bins else ():
        warehouse, table = side.side.ports.warehouse, side.side.compiled.published
        for column in warehouse.binned(table, publication, bins, limit=_A_PASS).columns:
            whole[column.column] = whole[column.column].merged(column) if column.column in whole else column
    return whole


def _counts(
    side: _Measured, name: str, bins: NumberBins | TextBins | None, numbers: BinnedColumn | None
) -> ColumnCounts:
    survey = side.surveys[name]
    counts: tuple[int, ...] = ()
    if isinstance(bins, TextBins):
        by_text = dict(survey.texts)
        counts = (*(by_text.get(text, 0) for text in bins.texts), 0)
    elif numbers is not None:
        counts = numbers.counts
    return ColumnCounts(row_count=side.row_count, nulls=side.row_count - survey.value_count, counts=counts)


def _rows(measured: _Measured) -> SideRows:
    side, keys = measured.side, [each.partition_key for each in measured.publications]
    return SideRows(
        label=side.named,
        contract=side.compiled.contract.id,
        version=side.compiled.contract.version,
        environment=side.compiled.dataset.environment,
        partition_count=len(keys),
        first_key=keys[0],
        last_key=keys[-1],
        row_count=measured.row_count,
    )


def _schema_differences(a: Side, b: Side) -> Iterator[SchemaDifference]:
    own, other = _columns(a), _columns(b)
    for name, column in own.items():
        if name not in other:
            yield _only(name, "A", a, b)
        elif other[name].type != column.type:
            what = f"{displayed(name)} is {column.type} in A and {other[name].type} in B"
            yield SchemaDifference(column=name, sentence=what)
    yield from (_only(name, "B", b, a) for name in other if name not in own)


def _only(name: str, side: str, owner: Side, other: Side) -> SchemaDifference:
    is_same = owner.compiled.contract.content_hash == other.compiled.contract.content_hash
    absent = {part.path for part in other.compiled.dataset.elsewhere} if is_same else set()
    is_expected = owner.compiled.dataset.column(name).path in absent
    why = f", as the contract says of {displayed(other.compiled.dataset.environment)}" if is_expected else ""
    return SchemaDifference(column=name, sentence=f"{displayed(name)} is only in {side}{why}", is_expected=is_expected)
