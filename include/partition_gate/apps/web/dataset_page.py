"""What the page of a dataset shows, from its history. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from markupsafe import Markup

from partition_gate.apps.web.charts import Bar, band, bars, line
from partition_gate.apps.web.dataset_history import DatasetHistory
from partition_gate.apps.web.safe_through import safe_through
from partition_gate.apps.web.slots import Slot, Tile, moment, tile
from partition_gate.contract.model import Column, Status
from partition_gate.core.display import counted, percentage, share
from partition_gate.core.record import Record
from partition_gate.core.units import roughly
from partition_gate.incidents.model import Incident, ProblemKind
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.disposition import VISIBLE
from partition_gate.judging.exact_values import Extreme
from partition_gate.judging.profile import ColumnCounters
from partition_gate.judging.service_level_report import ClauseReport
from partition_gate.judging.verdict import CheckOutcome
from partition_gate.presentation.outcomes import OUTCOMES

_RULES_SHOWN = 12
_A_DAY = timedelta(days=1)
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Health(Record):
    """The state of a dataset in one sentence. `css` and `symbol` are those of an outcome."""

    css: str
    symbol: str
    sentence: str


class Calendar(Record):
    """Tiles by row (weekdays, or hours of the day) and column (weeks, or days); None: no partition is expected."""

    head: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    tiles: tuple[tuple[Tile | None, ...], ...]


class FailingCheck(Record):
    """A check that did not pass in some of the partitions: for each partition shown its outcome and count, or None."""

    rule_id: str
    partitions: int
    cells: tuple[tuple[CheckOutcome, int | None] | None, ...]


class ServiceLevel(NamedTuple):
    """One promise, how it was kept, and its error budget after each partition."""

    report: ClauseReport
    attained: str
    burn_down: Markup


class ShownColumn(NamedTuple):
    """A column, the newest figures of its visible rows, and how they developed."""

    column: Column
    nulls: str
    null_chart: Markup
    span: str
    span_chart: Markup | None


class DatasetPage(NamedTuple):
    """Everything on the page that is more than a field of the history."""

    health: Health
    facts: tuple[tuple[str, str], ...]
    calendar: Calendar
    settled: tuple[Settlement, ...]
    rows_chart: Markup
    failing: tuple[FailingCheck, ...]
    service_levels: tuple[ServiceLevel, ...]
    columns: tuple[ShownColumn, ...]
    problems: tuple[Incident, ...]
    anomalies: tuple[Incident, ...]


def dataset_page(history: DatasetHistory) -> DatasetPage:
    """The page's parts; the order of partitions is that of the slots, oldest first."""
    settled = tuple(slot.settlement for slot in history.slots if slot.settlement)
    anomalies = tuple(each for each in history.incidents if each.kind is ProblemKind.ANOMALY)
    problems = tuple(each for each in history.incidents if each.kind is not ProblemKind.ANOMALY)
    return DatasetPage(
        health=_health(history, problems),
        facts=tuple(_facts(history)),
        calendar=_calendar(history),
        settled=settled,
        rows_chart=_rows_chart(settled),
        failing=_failing(history, settled),
        service_levels=tuple(_service_level(each, history.slots) for each in history.service_levels),
        columns=tuple(_columns(history)),
        problems=problems,
        anomalies=anomalies,
    )


# Health


def _health(history: DatasetHistory, problems: Sequence[Incident]) -> Health:
    contract, slots = history.compiled.contract, history.slots
    judged = [slot.settlement for slot in slots if slot.settlement]
    if contract.status is Status.RETIRED:
        return Health(css="superseded", symbol="↻", sentence="The contract is retired: nothing is judged any more.")
    if not judged:
        return Health(css="missing", symbol="?", sentence="No partition has been judged yet.")
    absent = [slot for slot in slots if slot.is_absent(history.now)]
    hidden = [each for each in judged if each.outcome not in VISIBLE]
    safe = safe_through(slots, history.now)
    upto = (
        f"Consumers can rely on the data through {safe}." if safe else "Consumers can rely on no partition shown here."
    )
    if absent or hidden:
        count = len(absent) + len(hidden)
        first = min([*(slot.key for slot in absent), *(each.partition_key for each in hidden)])
        what = (
            f"{count} partitions are not published, the first is {first}" if count > 1 else f"{first} is not published"
        )
        return Health(css="rejected", symbol="✗", sentence=f"{what}. {upto}")
    if problems:
        what = _counted(len(problems), "problem is open", "problems are open")
        return Health(
            css="quarantined", symbol="◐", sentence=f"Everything that was due is published, but {what}. {upto}"
        )
    return Health(css="published", symbol="✓", sentence=f"Everything that was due is published. {upto}")


def _facts(history: DatasetHistory) -> Iterator[tuple[str, str]]:
    newest = next((slot for slot in reversed(history.slots) if slot.settlement), None)
    if newest and newest.settlement:
        word = OUTCOMES[newest.settlement.outcome].word
        yield "Newest outcome", f"{newest.key}, {word}, {_ago(newest.settlement.settled_at, history.now)}"
    due = [slot for slot in history.slots if slot.due_at and slot.due_at <= history.now]
    if due:
        yield "Last expected", f"{due[-1].key}, due {moment(due[-1].due_at)}"
    if history.next:
        yield "Next expected", f"{history.next.key}, due {moment(history.next.due_at)}"
    elif end := history.compiled.dataset.limits.end_of_life:
        yield "Next expected", f"none: the dataset's life ends on {end}"
    yield "Safe through", safe_through(history.slots, history.now) or "no partition shown here"


def _ago(moment: datetime, now: datetime) -> str:
    return f"{roughly(now - moment)} ago"


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


# Calendar


def _calendar(history: DatasetHistory) -> Calendar:
    """Weekdays by weeks; hours by days for shorter periods; one row if the keys name no date."""
    zone = ZoneInfo(history.compiled.dataset.limits.timezone)
    starts = {slot.key: slot.start.astimezone(zone) for slot in history.slots if slot.start}
    if len(starts) < len(history.slots) or not starts:
        return _strip(history)
    is_daily = all(start.hour == start.minute == 0 for start in starts.values())
    placed: dict[tuple[str, str], list[Slot]] = defaultdict(list)
    for slot in history.slots:
        start = starts[slot.key]
        monday = start.date() - start.weekday() * _A_DAY
        placed[(_WEEKDAYS[start.weekday()], f"{monday}") if is_daily else (f"{start:%H}", f"{start.date()}")].append(
            slot
        )
    used = {row for row, _ in placed}
    rows = _WEEKDAYS if is_daily else tuple(hour for hour in (f"{i:02d}" for i in range(24)) if hour in used)
    columns = tuple(sorted({column for _, column in placed}))
    tiles = tuple(tuple(tile(placed.get((row, column), []), history.now) for column in columns) for row in rows)
    return Calendar(head="Week of" if is_daily else "Hour", rows=rows, columns=columns, tiles=tiles)


def _strip(history: DatasetHistory) -> Calendar:
    tiles = tuple(tile([slot], history.now) for slot in history.slots)
    return Calendar(head="Partition", rows=("",), columns=tuple(slot.key for slot in history.slots), tiles=(tiles,))


# Rows and checks


def _rows_chart(settled: Sequence[Settlement]) -> Markup:
    each = [
        Bar(
            title=f"{one.partition_key}: {one.rows_published:,} published, {one.rows_quarantined:,} quarantined",
            parts=(("published", one.rows_published), ("quarantined", one.rows_quarantined)),
        )
        for one in settled
    ]
    published, quarantined = (
        sum(values) for values in ([s.rows_published for s in settled], [s.rows_quarantined for s in settled])
    )
    partitions = counted(len(settled), "partition")
    return bars(f"{counted(published, 'row')} published and {quarantined:,} quarantined in {partitions}", each)


def _failing(history: DatasetHistory, settled: Sequence[Settlement]) -> tuple[FailingCheck, ...]:
    """The checks that did not pass in most partitions first."""
    by_rule: dict[str, dict[str, tuple[CheckOutcome, int | None]]] = defaultdict(dict)
    for one in settled:
        for result in history.not_passed.get(one.attempt_id, ()):
            by_rule[result.rule_id][one.attempt_id] = (result.outcome, result.unexpected_count)
    counts = Counter({rule: len(found) for rule, found in by_rule.items()})
    return tuple(
        FailingCheck(
            rule_id=rule,
            partitions=count,
            cells=tuple(by_rule[rule].get(one.attempt_id) for one in settled),
        )
        for rule, count in counts.most_common(_RULES_SHOWN)
    )


def _service_level(report: ClauseReport, slots: Sequence[Slot]) -> ServiceLevel:
    counted, broken = report.attainment, {each.partition_key for each in report.broken}
    left, values = counted.budget.allowed, []
    for slot in slots:
        left -= slot.key in broken
        values.append(float(left))
    low, high = min([*values, 0.0]), max([*values, 1.0])
    label = f"error budget: {counted.budget.left} of {counted.budget.allowed} left"
    attained = share(counted.kept, counted.judged) if counted.judged else "not judged"
    return ServiceLevel(report=report, attained=attained, burn_down=line(label, values, low=low, high=high))


# Columns


def _columns(history: DatasetHistory) -> Iterator[ShownColumn]:
    profiles = {each.partition_key: each.profile for each in history.profiles}
    keys = [slot.key for slot in history.slots if slot.key in profiles]
    by_column = [{each.column: each for each in profiles[key].columns} for key in keys]
    for column in history.compiled.dataset.columns:
        yield _column(column, [counters.get(column.name) for counters in by_column])


def _column(column: Column, counters: Sequence[ColumnCounters | None]) -> ShownColumn:
    shares = [each.null_count / each.row_count if each and each.row_count else None for each in counters]
    known = [value for value in shares if value is not None]
    nulls = percentage(known[-1]) if known else ""
    high = max([*known, 0.01])
    label = (
        f"null share of {column.name}: newest {nulls}, highest {percentage(max(known))}"
        if known
        else f"{column.name}: not counted"
    )
    lows, highs = (
        [_number(getattr(each, name)) if each else None for each in counters] for name in ("minimum", "maximum")
    )
    newest = next((each for each in reversed(counters) if each and each.minimum is not None), None)
    span = f"{newest.minimum} to {newest.maximum}" if newest and not column.classified else ""
    return ShownColumn(
        column=column,
        nulls=nulls,
        null_chart=line(label, shares, low=0.0, high=high),
        span=span,
        span_chart=band(f"range of {column.name}: newest {span}", lows, highs) if span else None,
    )


def _number(value: Extreme | None) -> float | None:
    """A place on an axis, for numbers, dates and times."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, date):
        return float(value.toordinal())
    return None if value is None else float(value)
