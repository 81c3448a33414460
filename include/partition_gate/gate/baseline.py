"""Pin the distribution of published partitions, which later partitions of the dataset are compared with."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.calendar import expected_periods, period, window_keys
from partition_gate.contract.model import Dataset
from partition_gate.contract.schedule import canonical_key
from partition_gate.core.display import displayed, listed
from partition_gate.core.errors import CannotAct, MalformedPartitionKey
from partition_gate.core.record import Record
from partition_gate.incidents.actions import Action, ActionKind
from partition_gate.judging.attempt import Publication
from partition_gate.judging.distribution import ColumnToSurvey, NumberBins, TextBins
from partition_gate.judging.drift import Baseline, LeftOut, PinnedColumn, is_cause
from partition_gate.judging.pinning import candidates, pinned, surveyed
from partition_gate.ports import Ports

log = logging.getLogger(__name__)

RANGE = ".."
_A_PASS = timedelta(hours=1)  # a person waits for it and can stop it
_A_DAY = timedelta(days=1)
_NAMED = 5


class Pin(Record):
    """Who pins which partitions, and why; `partitions` is a key or `FROM..TO`."""

    partitions: str
    who: str
    why: str = ""


def pin(today: CompiledDataset, asked: Pin, *, ports: Ports) -> Baseline:
    """Pin the published rows of these partitions, as consumers see them; it replaces an earlier baseline.

    Incidents of the earlier baseline are over: the next partition is compared with the new one.

    Raises:
        MalformedPartitionKey: a key is not valid.
        CannotAct: a partition is not published, or no column can be compared. Nothing is stored.
        PartitionChanged: a partition was replaced while it was read. Nothing is stored.
    """
    dataset, keys = today.dataset.name, keys_of(today.dataset, asked.partitions, now=ports.clock.now())
    publications = _published(today, keys, ports)
    columns, left_out = _columns(today, publications, ports)
    if not columns:
        reasons = "; ".join(f"{displayed(each.column)}: {each.why}" for each in left_out)
        raise CannotAct(f"{dataset} {asked.partitions}: no column can be compared, so nothing was pinned: {reasons}")
    baseline = Baseline(
        dataset=dataset,
        keys=keys,
        row_count=sum(publication.rows for publication in publications),
        who=asked.who,
        why=asked.why,
        at=ports.clock.now(),
        columns=columns,
        left_out=left_out,
    )
    ports.ledger.pin(baseline)
    _end_incidents(dataset, Action(kind=ActionKind.RESOLVE, who=asked.who, why="a new baseline was pinned"), ports)
    log.info("baseline pinned dataset=%s partitions=%s who=%s", dataset, baseline.label, asked.who)
    return baseline


def unpin(dataset: str, *, who: str, ports: Ports) -> None:
    """Remove the baseline of a dataset and end its incidents, because nothing would ever end them.

    Raises:
        CannotAct: the dataset has no baseline.
    """
    _end_incidents(dataset, Action(kind=ActionKind.RESOLVE, who=who, why="the baseline was removed"), ports)
    if not ports.ledger.unpin(dataset):
        raise CannotAct(f"{displayed(dataset)} has no baseline; see `gate baseline show`")
    log.info("baseline removed dataset=%s who=%s", dataset, who)


def keys_of(dataset: Dataset, text: str, *, now: datetime) -> tuple[str, ...]:
    """The canonical keys of a key or of `FROM..TO`, oldest first; a range has the partitions that the calendar expects.

    Raises:
        MalformedPartitionKey: a key is not valid.
        CannotAct: TO is before FROM, or they differ in more than their date.
    """
    first, separator, last = text.partition(RANGE)
    if not separator or not _is_range(dataset, first, last):
        return (canonical_key(dataset, text, now=now),)
    first, last = (canonical_key(dataset, each, now=now) for each in (first, last))
    begin, end = period(dataset, first), period(dataset, last)
    if begin is None or end is None or end[0] < begin[0]:
        raise CannotAct(f"{displayed(text)}: {displayed(last)} is before {displayed(first)}; write FROM..TO")
    span = end[1] - begin[0] + _A_DAY  # in spring, 23 hours have 24 names; what is before FROM is left out below
    if first not in window_keys(dataset, last, span):
        raise CannotAct(f"{displayed(text)}: FROM and TO may differ only in their date; name one part of the key only")
    keys = tuple(key for key, start, _ in expected_periods(dataset, last, span) if start >= begin[0])
    if not keys:
        raise CannotAct(f"{displayed(text)}: the contract expects no partition in this range")
    return keys


def _is_range(dataset: Dataset, first: str, last: str) -> bool:
    """Whether both are keys with a date; else the text is one key, which may contain two dots."""
    try:
        return all(period(dataset, dataset.location.key(key)) is not None for key in (first, last))
    except MalformedPartitionKey:
        try:
            dataset.location.key(f"{first}{RANGE}{last}")
        except MalformedPartitionKey:
            return True  # the error names the half that is not a key
        return False


def _published(today: CompiledDataset, keys: tuple[str, ...], ports: Ports) -> list[Publication]:
    found = {key: ports.warehouse.current(today.published.name, key) for key in keys}
    missing = [key for key, publication in found.items() if publication is None]
    if missing:
        named = listed(list(map(displayed, missing)), _NAMED)
        raise CannotAct(
            f"{today.dataset.name}: not published: {named}; nothing was pinned. Publish them first "
            f"(gate run {today.dataset.qualified_name} {displayed(missing[0])}), or pin other partitions"
        )
    return [publication for publication in found.values() if publication is not None]


def _columns(
    today: CompiledDataset, publications: list[Publication], ports: Ports
) -> tuple[tuple[PinnedColumn, ...], tuple[LeftOut, ...]]:
    """The columns of the baseline, and those that are left out, each in table order."""
    offered = list(candidates(today.dataset, today.published, today.hidden_columns, partitions=len(publications)))
    asked = [each for each in offered if isinstance(each, ColumnToSurvey)]
    surveys = ports.warehouse.survey(today.published, publications, asked) if asked else ()
    found = list(surveyed(surveys, asked))
    bins = [each for each in found if isinstance(each, NumberBins | TextBins)]
    counted = (
        [ports.warehouse.binned(today.published, each, bins, limit=_A_PASS) for each in publications] if bins else []
    )
    columns = list(pinned(bins, counted)) if bins else []
    reasons = {each.column: each for each in (*offered, *found, *columns) if isinstance(each, LeftOut)}
    order = [column.name for column in (*today.published.columns, *today.published.partition_columns)]
    left_out = tuple(reasons[name] for name in order if name in reasons)
    return tuple(each for each in columns if isinstance(each, PinnedColumn)), left_out


def _end_incidents(dataset: str, action: Action, ports: Ports) -> None:
    for incident in ports.ledger.incidents(dataset):
        if is_cause(incident.cause):
            with suppress(CannotAct):  # somebody else has just resolved it
                ports.ledger.act(incident.id, action, now=ports.clock.now())
