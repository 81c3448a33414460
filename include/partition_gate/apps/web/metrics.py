"""The metrics of an installation, from its ledger and its contracts, whenever somebody asks.

A scrape costs what is open now, the attempts of the last hour or two, and at most `limit_s` for service levels: those
are read dataset by dataset, the oldest figures first, so that a large installation spreads them over several scrapes.
What is kept between scrapes are moments and not ages, so lags grow correctly while nothing is read.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from partition_gate.adapters.catalogue import Catalogue
from partition_gate.apps.web.safe_through import newest_slots, safe_until
from partition_gate.apps.web.slots import Slot
from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.model import Status
from partition_gate.core.addresses import Tool
from partition_gate.gate.deadlines import Deadline
from partition_gate.gate.service_levels import service_level_reports
from partition_gate.incidents.model import IncidentState, ProblemKind
from partition_gate.judging.attainment import Attainment
from partition_gate.judging.disposition import FINAL, VISIBLE
from partition_gate.judging.totals import SettledTotal, summed
from partition_gate.ports import Ports
from partition_gate.ports.clock import Clock
from partition_gate.ports.ledger import Ledger
from partition_gate.watching.metrics import OTHERS, Family, Sample, family, gauge

WINDOW = timedelta(days=30)
LIMIT_S, PASS_LIMIT_S = 1.0, 20.0
# An attempt may be recorded some time after it was settled (a repair), so the history is added up anew now and then.
_OPEN_FOR, _ADDED_UP_EVERY = timedelta(hours=1), timedelta(hours=2)


class Promises(NamedTuple):
    """How a dataset stands to what it promises, as of `read_at`.

    `safe_until`: until when all expected partitions are visible. `due_at` and `visible_at` are of the newest due
    partition; it is not visible yet if the latter is None. `attainments`: (rule id, counts).
    """

    read_at: datetime
    safe_until: datetime | None
    due_at: datetime | None
    visible_at: datetime | None
    attainments: tuple[tuple[str, Attainment], ...]

    def lateness(self, now: datetime) -> float | None:
        """Seconds after its deadline at which the newest due partition became visible, or until now; None: none is."""
        late = None if self.due_at is None else ((self.visible_at or now) - self.due_at).total_seconds()
        return None if late is None else max(0.0, late)


class LedgerMetrics:
    """The metrics; made once for a process, and asked from any thread."""

    def __init__(self, ledger: Ledger, catalogue: Callable[[], Catalogue], clock: Clock) -> None:
        self._ledger, self._catalogue, self._clock = ledger, catalogue, clock
        self._lock = threading.Lock()  # two scrapes at once would read the same datasets
        self._promises: dict[str, Promises] = {}
        self._edge: datetime | None = None
        self._closed: tuple[SettledTotal, ...] = ()

    def families(self, *, limit_s: float = LIMIT_S, turn: int = 0) -> tuple[Family, ...]:
        """All metrics. `limit_s`: no other dataset's service levels are read after this time.

        `turn`: with which dataset it begins among those that were never read; for processes that live for one pass.

        Raises:
            LedgerUnusable: the ledger does not answer.
        """
        with self._lock:
            now, catalogue = self._clock.now(), self._catalogue()
            current = [each for each in catalogue.contracts if each.contract.status is not Status.RETIRED]
            self._read_promises(current[turn % max(1, len(current)) :] + current, now, Deadline(limit_s))
            return (
                *_of_attempts(self._totals(now), frozenset(each.dataset.name for each in current)),
                *self._of_promises(now),
                _incidents(self._ledger),
                *_messages(self._ledger, now),
                *_watch(self._ledger, now),
                gauge("datasets", len(current)),
                gauge("broken_contracts", len(catalogue.broken)),
            )

    def _totals(self, now: datetime) -> tuple[SettledTotal, ...]:
        if self._edge is None or now - self._edge >= _ADDED_UP_EVERY:
            edge = now - _OPEN_FOR
            self._closed, self._edge = self._ledger.settled_totals(before=edge), edge
        return summed((*self._closed, *self._ledger.settled_totals(since=self._edge)))

    def _read_promises(self, current: Iterable[CompiledDataset], now: datetime, limit: Deadline) -> None:
        by_name = {each.dataset.name: each for each in current}  # in this order where none was read before
        self._promises = {name: read for name, read in self._promises.items() if name in by_name}
        for name in sorted(by_name, key=self._read_at):
            if limit.passed:
                break
            self._promises[name] = _promises(by_name[name], now, self._ledger)

    def _read_at(self, name: str) -> float:
        read = self._promises.get(name)
        return read.read_at.timestamp() if read else 0.0

    def _of_promises(self, now: datetime) -> Iterator[Family]:
        read = sorted(self._promises.items())
        lags = [(name, (now - each.safe_until).total_seconds()) for name, each in read if each.safe_until]
        yield family("safe_through_lag_seconds", (Sample((name,), lag) for name, lag in lags))
        late = [(name, each.lateness(now)) for name, each in read]
        yield family("lateness_seconds", (Sample((name,), value) for name, value in late if value is not None))
        kept = [(name, rule, counts) for name, each in read for rule, counts in each.attainments]
        left = (Sample((name, rule), counts.budget.left) for name, rule, counts in kept if counts.judged)
        yield family("error_budget_left_partitions", left)
        ratios = (Sample((name, rule), counts.fraction) for name, rule, counts in kept if counts.fraction is not None)
        yield family("attainment_ratio", ratios)
        oldest = min((each.read_at for _, each in read), default=None)
        yield gauge("promises_age_seconds", (now - oldest).total_seconds() if oldest else None)


def tell_gauges(metrics: LedgerMetrics, ports: Ports) -> None:
    """Send the gauges after a pass of the watch, if anybody listens. Raises: LedgerUnusable."""
    if ports.telemetry.is_wanted:
        heartbeat = ports.ledger.heartbeat()
        ports.telemetry.gauges(metrics.families(limit_s=PASS_LIMIT_S, turn=heartbeat.passes if heartbeat else 0))


def _promises(compiled: CompiledDataset, now: datetime, ledger: Ledger) -> Promises:
    slots = newest_slots(compiled.dataset, ledger, now=now)
    safe = safe_until(compiled.dataset, slots)
    due = max((each for each in slots if each.due_at and each.due_at <= now), key=_due_at, default=None)
    settled = due.settlement if due else None
    reports = service_level_reports([compiled], window=WINDOW, now=now, ledger=ledger)
    return Promises(
        read_at=now,
        safe_until=safe.until if safe else None,
        due_at=due.due_at if due else None,
        visible_at=settled.settled_at if settled and settled.outcome in VISIBLE else None,
        attainments=tuple((each.rule_id, each.attainment) for each in sorted(reports, key=lambda each: each.rule_id)),
    )


def _due_at(slot: Slot) -> float:
    return slot.due_at.timestamp() if slot.due_at else 0.0


def _of_attempts(totals: Iterable[SettledTotal], known: frozenset[str]) -> Iterator[Family]:
    """Datasets without a usable contract are one: what was ever recorded must not add labels without end."""
    named = summed(each if each.dataset in known else each.model_copy(update={"dataset": OTHERS}) for each in totals)
    yield family("attempts", (Sample((each.dataset, each.outcome.value), each.attempts) for each in named))
    rows, judged = Counter[tuple[str, ...]](), Counter[str]()
    seconds = dict.fromkeys((each.dataset for each in named), 0.0)
    for each in named:
        rows[each.dataset, "published"] += each.rows_published
        rows[each.dataset, "quarantined"] += each.rows_quarantined
        if each.outcome in FINAL:
            judged[each.dataset] += each.attempts
            seconds[each.dataset] += each.seconds
    yield family("rows", (Sample(labels, count) for labels, count in sorted(rows.items())))
    yield family("attempt_seconds", (Sample((name,), seconds[name], count) for name, count in sorted(judged.items())))


def _incidents(ledger: Ledger) -> Family:
    """Every combination has a value, so that an alert sees 0 and not nothing."""
    states = (IncidentState.OPEN, IncidentState.ACKED, IncidentState.MUTED)
    counts = {(k.value, s, t.value): 0 for k in ProblemKind for s in ("blocking", "other") for t in states}
    for each in ledger.incidents():
        counts[each.kind.value, "blocking" if each.blocked else "other", each.state.value] += 1
    return family("open_incidents", (Sample(labels, count) for labels, count in counts.items()))


def _messages(ledger: Ledger, now: datetime) -> Iterator[Family]:
    waiting, oldest = dict.fromkeys((tool.value for tool in Tool), 0), dict.fromkeys((t.value for t in Tool), 0.0)
    for each in ledger.backlog():
        waiting[each.tool] = waiting.get(each.tool, 0) + each.messages
        oldest[each.tool] = max(oldest.get(each.tool, 0.0), (now - each.since).total_seconds())
    yield family("undelivered_messages", (Sample((tool,), count) for tool, count in waiting.items()))
    yield family("undelivered_oldest_seconds", (Sample((tool,), seconds) for tool, seconds in oldest.items()))


def _watch(ledger: Ledger, now: datetime) -> Iterator[Family]:
    beat = ledger.heartbeat()
    yield gauge("watch_heartbeat_age_seconds", (now - beat.at).total_seconds() if beat else None)
    yield gauge("watch_interval_seconds", beat.interval.total_seconds() if beat else None)
