"""One pass of the watch: what no partition run would notice, because none runs.

It settles partitions that never came, asks for the runs of those that landed, records the problems of datasets, and
finishes what killed runs left. Nothing of one dataset or one contract can stop or delay the others for long. Whatever
is interrupted is done by the next pass: every step may be repeated.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, zip_longest

from partition_gate.alerts.alert import NOTIFYING_STATUSES
from partition_gate.alerts.dataset_problems import GATE, dataset_assessment, gate_assessment
from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.model import Dataset
from partition_gate.core.errors import GateError, StoreUnreachable
from partition_gate.core.record import Record
from partition_gate.gate.deadlines import Deadline, LimitReached, within
from partition_gate.gate.look import Look, Turn, WantedRun, WatchPlan, look
from partition_gate.gate.notify import Delivery
from partition_gate.gate.operations import sweep
from partition_gate.gate.pipeline import PartitionRun, run_partition
from partition_gate.gate.references import depths, unjudged_parent
from partition_gate.gate.repair import Ending, repair
from partition_gate.gate.retention import retain
from partition_gate.gate.run_context import deliver
from partition_gate.gate.service_levels import burning
from partition_gate.incidents.model import Assessment, Incident
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.ports import Ports
from partition_gate.watching.delivery import not_muted, of_delivery, undelivered
from partition_gate.watching.heartbeat import Heartbeat
from partition_gate.watching.problems import Seen, news, of_contracts, unreadable

log = logging.getLogger(__name__)


class WatchPass(Record):
    """What one pass did. `wanted` are the runs to start, `judged` those it did itself, `waiting` counts those left for
    the next pass, `incomplete` those that have begun to land. `not_looked_at`: (dataset or contract file, why).
    `swept` counts removed leftovers. `undelivered`: a sentence for each tool whose messages have waited for too long,
    unless that is muted.
    """

    datasets: int
    missing: tuple[Settlement, ...] = ()
    wanted: tuple[WantedRun, ...] = ()
    judged: tuple[Settlement, ...] = ()
    waiting: int = 0
    incomplete: int = 0
    assessments: tuple[Assessment, ...] = ()
    not_looked_at: tuple[tuple[str, str], ...] = ()
    repaired: int = 0
    swept: int = 0
    delivery: Delivery = Delivery()
    undelivered: tuple[str, ...] = ()


def watch(
    contracts: Sequence[CompiledDataset], broken: Sequence[tuple[str, str]], *, plan: WatchPlan, ports: Ports
) -> WatchPass:
    """One pass over these contracts; `broken` are the contract files that cannot be used, each with the reason.

    What others refer to comes first.

    Raises:
        OperatorError: the ledger does not answer, so nothing can be recorded.
    """
    heartbeat = _beat(plan, ports)
    repaired = [attempt for attempt in repair(ports) if attempt.ending is not Ending.LEFT]
    datasets = _Datasets(plan, heartbeat, ports)
    looks = datasets.look_at(contracts)
    missing = tuple(settlement for look_ in looks for settlement in datasets.settle_missing(look_))
    wanted = _in_order(looks, contracts)
    now_wanted = wanted[: plan.runs]
    datasets.assess_gate(of_contracts(broken))
    judged, left = _judged(now_wanted, contracts, plan, ports) if plan.judges else ((), 0)
    swept = _hourly(datasets, contracts, heartbeat, ports)
    delivery, waiting = _deliver(datasets, ports)
    return WatchPass(
        datasets=len(looks),
        missing=missing,
        wanted=() if plan.judges else now_wanted,
        judged=judged,
        waiting=len(wanted) - len(now_wanted) + left,
        incomplete=_incomplete(looks, missing),
        assessments=tuple(datasets.assessments),
        not_looked_at=(*broken, *datasets.not_looked_at),
        repaired=len(repaired),
        swept=swept,
        delivery=delivery,
        undelivered=waiting,
    )


def _incomplete(looks: Iterable[Look], missing: Iterable[Settlement]) -> int:
    begun = {(look_.dataset, key) for look_ in looks for key in look_.incomplete}
    return len(begun - {(settled.dataset, settled.partition_key) for settled in missing})


class _Datasets:
    """The datasets of one pass: their looks, and what is recorded about each."""

    def __init__(self, plan: WatchPlan, heartbeat: Heartbeat, ports: Ports) -> None:
        self._plan, self._ports = plan, ports
        self._turn = Turn(number=heartbeat.passes, whole=heartbeat.is_sweep_due(ports.clock.now()))
        self._unfinished = _by_dataset((u.attempt.dataset, u.attempt.partition_key) for u in ports.ledger.unfinished())
        self._active: dict[str, list[Incident]] = {}
        for incident in ports.ledger.incidents():
            self._active.setdefault(incident.dataset, []).append(incident)
        self._silent: dict[str, str] = {}
        self.not_looked_at: list[tuple[str, str]] = []
        self.assessments: list[Assessment] = []

    def look_at(self, contracts: Sequence[CompiledDataset]) -> list[Look]:
        """A look at each dataset. One that cannot be looked at costs the others at most its limit."""
        limit, looks = Deadline(self._plan.pass_limit.total_seconds()), []
        first = self._turn.number % len(contracts) if contracts else 0
        for compiled in (*contracts[first:], *contracts[:first]):
            if limit.passed:
                self.not_looked_at.append((compiled.dataset.name, "no time was left in this pass"))
            elif (found := self._look(compiled)) is not None:
                looks.append(found)
        return looks

    def settle_missing(self, look_: Look) -> Iterator[Settlement]:
        """Settle the overdue partitions of a look that did not come, by the step with which a run settles them."""
        for key in look_.overdue:
            try:
                arrival = PartitionRun(look_.compiled, key, ports=self._ports).arrive()
            except GateError as error:
                log.warning("partition not settled partition=%s/%s why=%s", look_.dataset, key, error)
                continue
            if isinstance(arrival, Settlement) and arrival.outcome is PartitionOutcome.MISSING:
                yield arrival

    def assess(self, dataset: Dataset, seen: Seen) -> None:
        """Record what is new about the problems of a dataset as a whole, and who is told."""
        found = news(seen, self._active.get(dataset.name, ()))
        if found is not None:
            links = self._ports.links(dataset.name, "", "")
            operators = self._ports.operators_channel
            self._record(dataset_assessment(dataset, found.problems, found.in_order, links, operators=operators))

    def assess_budgets(self, contracts: Iterable[CompiledDataset]) -> None:
        """Record which error budgets are used up too fast. It reads the partitions of days, so not in every pass."""
        for compiled in contracts:
            if compiled.contract.status in NOTIFYING_STATUSES:
                self.assess(compiled.dataset, burning(compiled, now=self._ports.clock.now(), ledger=self._ports.ledger))

    def assess_gate(self, seen: Seen) -> bool:
        """Record what is new about the gate itself; whether anything is."""
        found = news(seen, self._active.get(GATE, ()))
        if found is not None:
            links, operators = self._ports.links(GATE, "", ""), self._ports.operators_channel
            self._record(gate_assessment(found.problems, found.in_order, links, operators=operators))
        return found is not None

    def _record(self, assessment: Assessment) -> None:
        self.assessments.append(assessment)
        self._ports.ledger.assess(assessment, now=self._ports.clock.now())

    def _look(self, compiled: CompiledDataset) -> Look | None:
        dataset, storage = compiled.dataset, _storage(compiled.dataset.location.root)
        if storage in self._silent:  # the other datasets in it do not wait for it again in this pass
            self._unreadable(compiled, self._silent[storage])
            return None
        unfinished, limit_s = self._unfinished.get(dataset.name, frozenset()), self._plan.dataset_limit.total_seconds()
        call = partial(look, compiled, unfinished, turn=self._turn, plan=self._plan, ports=self._ports)
        try:
            found = within(limit_s, call)
        except LimitReached:
            why = self._silent[storage] = f"{storage} did not answer within {limit_s:g} s"
        except StoreUnreachable as error:
            why = self._silent[storage] = str(error)
        except GateError as error:
            why = str(error)
        except Exception as error:  # a defect that one contract exposes must not leave all others unwatched
            log.exception("dataset not looked at dataset=%s", dataset.name)
            why = f"a bug in Partition Gate ({type(error).__name__}); the log has its traceback"
        else:
            self.assess(dataset, found.seen)
            return found
        self._unreadable(compiled, why)
        return None

    def _unreadable(self, compiled: CompiledDataset, why: str) -> None:
        """Record that a dataset could not be looked at."""
        log.warning("dataset not looked at dataset=%s why=%s", compiled.dataset.name, why)
        self.not_looked_at.append((compiled.dataset.name, why))
        self.assess(compiled.dataset, unreadable(why))


def _beat(plan: WatchPlan, ports: Ports) -> Heartbeat:
    before, now = ports.ledger.heartbeat(), ports.clock.now()
    beat = before.next(now=now, interval=plan.interval) if before else Heartbeat(at=now, interval=plan.interval)
    ports.ledger.beat(beat)
    return beat


def _judged(
    wanted: Iterable[WantedRun], contracts: Sequence[CompiledDataset], plan: WatchPlan, ports: Ports
) -> tuple[tuple[Settlement, ...], int]:
    """Judge the partitions one after the other; how many are left, because what they refer to is awaited.

    One that fails does not stop the next ones.
    """
    by_dataset = {compiled.dataset.name: compiled for compiled in contracts}
    settled, left = [], 0
    for run in wanted:
        compiled = by_dataset[run.dataset]
        if why := unjudged_parent(compiled.in_force(run.key), run.key, ports):
            log.info("partition waits partition=%s/%s why=%s", run.dataset, run.key, why)
            left += 1
            continue
        try:
            settled.append(run_partition(compiled, run.key, ports=ports).settlement)
        except GateError as error:
            log.warning("partition not judged partition=%s/%s why=%s", run.dataset, run.key, error)
        if (beat := ports.ledger.heartbeat()) is not None:  # judging may take longer than three intervals
            ports.ledger.beat(beat.model_copy(update={"at": ports.clock.now(), "interval": plan.interval}))
    return tuple(settled), left


def _hourly(datasets: _Datasets, contracts: Sequence[CompiledDataset], heartbeat: Heartbeat, ports: Ports) -> int:
    """What is done once an hour: error budgets are read, and leftovers removed; returns how many."""
    now = ports.clock.now()
    if not heartbeat.is_sweep_due(now):
        return 0
    datasets.assess_budgets(contracts)
    swept = sweep(contracts, older_than=ports.versions_kept, ports=ports)
    for problem in swept.problems:
        log.warning("leftovers not removed why=%s", problem)
    aged = retain(contracts, ports=ports, batches=1)
    for problem in aged.problems:
        log.warning("not removed by age why=%s", problem)
    ports.ledger.beat((ports.ledger.heartbeat() or heartbeat).model_copy(update={"swept_at": now}))
    by_age = sum(each.count for each in aged.removed)
    return swept.attempts + swept.spool_folders + swept.staged_files + by_age


def _deliver(datasets: _Datasets, ports: Ports) -> tuple[Delivery, tuple[str, ...]]:
    """End mutes whose time is over and deliver what waits; then record what still waits for too long, and tell the
    operators in the same pass.
    """
    ports.ledger.unmute_due(now=ports.clock.now())
    first = deliver(ports)
    now = ports.clock.now()
    waiting = undelivered(ports.ledger.backlog(), now=now)
    if datasets.assess_gate(of_delivery(waiting)):
        second = deliver(ports)
        first = first.model_copy(update={"sent": first.sent + second.sent})
    sentences = tuple(each.sentence(now) for each in not_muted(waiting, ports.ledger.incidents(GATE)))
    for sentence in sentences:
        log.warning("messages not delivered: %s", sentence)
    return first, sentences


def _by_dataset(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    keys: dict[str, set[str]] = {}
    for dataset, key in pairs:
        keys.setdefault(dataset, set()).add(key)
    return {dataset: frozenset(found) for dataset, found in keys.items()}


def _in_order(looks: Sequence[Look], contracts: Sequence[CompiledDataset]) -> tuple[WantedRun, ...]:
    """What others refer to first; within a generation the datasets in turns."""
    generation = depths(contracts)
    wanted = tuple(_in_turns([look_.wanted for look_ in looks]))
    return tuple(sorted(wanted, key=lambda run: generation[run.dataset]))


def _in_turns(queues: Sequence[Sequence[WantedRun]]) -> Iterator[WantedRun]:
    """The first of each dataset, then the second of each: no dataset waits behind the many partitions of another."""
    return (run for run in chain.from_iterable(zip_longest(*queues)) if run is not None)


def _storage(root: str) -> str:
    """What stops answering as a whole: a bucket, or a local folder."""
    return "/".join(root.split("/")[:3]) if root.startswith("s3://") else root
