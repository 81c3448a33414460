"""All datasets: who owns them, what is wrong, and their partitions of two weeks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from partition_gate.apps.web.slots import Slot, Tile, expected_slots, newest_keys, tile, with_outcomes
from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.calendar import is_expected, local_day, newest_ended, recorded_period
from partition_gate.contract.model import Dataset, Status
from partition_gate.contract.schedule import example_key
from partition_gate.core.record import Record
from partition_gate.incidents.model import Incident, IncidentState, ProblemKind
from partition_gate.ports.ledger import Ledger

DAYS_SHOWN, ROWS_SHOWN, PROBLEMS_SHOWN = 14, 50, 6
_A_DAY, _SERIES = timedelta(days=1), 24


class Filters(Record):
    """Which datasets are shown: `text` is part of their name, id, description, domain or owner. `last` is the last of
    the 14 days; None: the newest. `readable` are the names that the visitor may read; None: all.
    """

    text: str = ""
    domain: str = ""
    owner: str = ""
    only_problems: bool = False
    page: int = 1
    last: date | None = None
    readable: frozenset[str] | None = None

    def may_read(self, dataset: str) -> bool:
        return self.readable is None or dataset in self.readable


class Row(NamedTuple):
    """A dataset; `tiles` are by day, and `undated` is for partitions whose keys name no date.

    `ended_on` is the day of its newest partition if that is before all of these days.
    """

    dataset: Dataset
    problems: int
    is_blocked: bool
    tiles: tuple[Tile | None, ...]
    undated: Tile | None
    ended_on: date | None


class _TwoWeeks(NamedTuple):
    """`days` are the newest first; `slots` and `newest` (the day of the newest partition) are by dataset."""

    days: tuple[date, ...]
    is_newest: bool
    slots: dict[str, list[Slot]]
    newest: dict[str, date | None]


class Overview(NamedTuple):
    """One page of datasets, by domain. `total` counts the datasets that the filters select, over all pages.

    `days` are the newest first. `problems` are the worst open ones of all datasets that may be read
    and are not muted; `open_problems` counts them all.
    """

    days: tuple[date, ...]
    groups: tuple[tuple[str, tuple[Row, ...]], ...]
    total: int
    pages: int
    domains: tuple[str, ...]
    owners: tuple[str, ...]
    problems: tuple[Incident, ...]
    open_problems: int
    is_newest: bool

    @property
    def older(self) -> date:
        """The last of the days before these."""
        return self.days[-1] - _A_DAY


def overview(datasets: Iterable[CompiledDataset], filters: Filters, *, now: datetime, ledger: Ledger) -> Overview:
    """The datasets of contracts that are not retired. The cost depends on the datasets of one page and on the open
    incidents, not on history.

    Raises:
        LedgerUnusable: the ledger does not answer.
    """
    readable = [each for each in datasets if filters.may_read(each.dataset.name)]
    current = [each.dataset for each in readable if each.contract.status is not Status.RETIRED]
    incidents = tuple(each for each in worst_first(ledger.incidents()) if filters.may_read(each.dataset))
    troubled: dict[str, list[Incident]] = defaultdict(list)
    for incident in incidents:
        troubled[incident.dataset].append(incident)
    selected = sorted((each for each in current if _is_selected(each, filters, troubled)), key=_domain_and_name)
    shown = selected[(filters.page - 1) * ROWS_SHOWN : filters.page * ROWS_SHOWN]
    weeks = _two_weeks(shown, filters.last, now, ledger)
    rows = [_row(each, weeks, troubled[each.name], now) for each in shown]
    return Overview(
        days=weeks.days,
        groups=tuple((name, tuple(own)) for name, own in groupby(rows, key=lambda row: row.dataset.contract.domain)),
        total=len(selected),
        pages=max(1, -(-len(selected) // ROWS_SHOWN)),
        domains=tuple(sorted({each.contract.domain for each in current if each.contract.domain})),
        owners=tuple(sorted({each.contract.team.owner for each in current if each.contract.team.owner})),
        problems=tuple(each for each in incidents if each.state is not IncidentState.MUTED)[:PROBLEMS_SHOWN],
        open_problems=len(incidents),
        is_newest=weeks.is_newest,
    )


def _is_selected(dataset: Dataset, filters: Filters, troubled: dict[str, list[Incident]]) -> bool:
    contract = dataset.contract
    texts = (dataset.name, contract.id, dataset.description, contract.domain, contract.team.owner)
    return (
        any(filters.text.casefold() in text.casefold() for text in texts)
        and filters.domain in ("", contract.domain)
        and filters.owner in ("", contract.team.owner)
        and (not filters.only_problems or bool(troubled.get(dataset.name)))
    )


def _domain_and_name(dataset: Dataset) -> tuple[bool, str, str]:
    """Datasets without a domain come last."""
    return not dataset.contract.domain, dataset.contract.domain, dataset.name


def worst_first(incidents: Iterable[Incident]) -> tuple[Incident, ...]:
    """Without anomalies; those that hide data first, then the newest. Muted ones come last."""

    def place(incident: Incident) -> tuple[bool, bool, float, int]:
        is_muted = incident.state is IncidentState.MUTED
        return is_muted, not incident.blocked, -incident.last_at.timestamp(), -incident.id

    return tuple(sorted((each for each in incidents if each.kind is not ProblemKind.ANOMALY), key=place))


def _two_weeks(shown: Sequence[Dataset], asked: date | None, now: datetime, ledger: Ledger) -> _TwoWeeks:
    recorded = {each.name: _recorded(each, None, now, ledger) for each in shown}
    newest_of = {each.name: _newest_day(each, recorded[each.name], now) for each in shown}
    newest = max((day for day in newest_of.values() if day), default=now.date())
    last = min(asked or newest, newest)
    if last < newest:
        recorded = {each.name: _recorded(each, last, now, ledger) for each in shown}
    days = tuple(last - back * _A_DAY for back in range(DAYS_SHOWN))
    slots = {each.name: _slots(each, recorded[each.name], last, now, ledger) for each in shown}
    return _TwoWeeks(days=days, is_newest=last == newest, slots=slots, newest=newest_of)


def _recorded(dataset: Dataset, last: date | None, now: datetime, ledger: Ledger) -> list[str]:
    """The newest keys of two weeks; those up to a day, and perhaps one more."""
    up_to = None if last is None else example_key(dataset, last + _A_DAY)
    limit = DAYS_SHOWN * _partitions_in_a_day(dataset, last or now.date())
    return newest_keys(dataset, ledger, limit=limit + 1, up_to=up_to, now=now)


def _newest_day(dataset: Dataset, recorded: Sequence[str], now: datetime) -> date | None:
    """The day of the newest partition that has an outcome or is expected."""
    example = example_key(dataset, local_day(dataset, now))
    like = recorded[-1] if recorded else example
    if like is None or recorded_period(dataset, like) is None:
        return None
    ended = newest_ended(dataset, like, now=now)
    keys = [*recorded[-1:], *([ended] if ended and is_expected(dataset, ended) else [])]
    return max((local_day(dataset, span[0]) for key in keys if (span := recorded_period(dataset, key))), default=None)


def _slots(dataset: Dataset, recorded: Sequence[str], last: date, now: datetime, ledger: Ledger) -> list[Slot]:
    """The recorded and the expected partitions of the days up to the last one."""
    midnight = datetime.combine(last + _A_DAY, time(), ZoneInfo(dataset.limits.timezone)).astimezone(UTC)
    count = DAYS_SHOWN * _partitions_in_a_day(dataset, last)
    expected = list(expected_slots(dataset, recorded, count=count, at=min(now, midnight)))
    keys = dict.fromkeys([*recorded, *(each.key for each in expected)])
    return with_outcomes(dataset, expected, keys, ledger.current(dataset.name, list(keys)))


def _row(dataset: Dataset, weeks: _TwoWeeks, problems: Sequence[Incident], now: datetime) -> Row:
    by_day: dict[date | None, list[Slot]] = defaultdict(list)
    newest = weeks.newest[dataset.name]
    for each in weeks.slots[dataset.name]:
        by_day[local_day(dataset, each.start) if each.start else None].append(each)
    return Row(
        dataset=dataset,
        problems=len(problems),
        is_blocked=any(each.blocked for each in problems),
        tiles=tuple(tile(by_day[day], now) for day in weeks.days),
        undated=tile(by_day[None], now),
        ended_on=newest if newest and newest < weeks.days[-1] else None,
    )


def _partitions_in_a_day(dataset: Dataset, day: date) -> int:
    """Of one series; where a part of the key is not a time, an assumed number of series."""
    example = example_key(dataset, day)
    covered = recorded_period(dataset, example) if example else None
    return max(1, _A_DAY // (covered[1] - covered[0])) if covered else _SERIES
