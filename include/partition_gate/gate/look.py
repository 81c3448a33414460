"""A look of the watch at one dataset: it reads landing and the ledger, and changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from datetime import timedelta

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.errors import AmbiguousPartition
from partition_gate.core.names import dag_id
from partition_gate.core.record import Record, digest
from partition_gate.gate.discover import Discovered, arrive
from partition_gate.gate.references import outdated
from partition_gate.ports import Ports
from partition_gate.watching import partitions
from partition_gate.watching.heartbeat import INTERVAL
from partition_gate.watching.partitions import LOOK_BACK, Outcomes
from partition_gate.watching.problems import Seen, seen

# Folders of one dataset whose files are listed in one pass, because they wait for a run.
FOLDERS_LISTED = 100


class WatchPlan(Record):
    """How a pass works. `judges`: it judges the partitions that wait itself, instead of returning them.

    `runs` is the greatest number of partitions that it asks for or judges; `dataset_limit` how long a look at one
    dataset may take, and `pass_limit` how long a pass begins new ones. The next pass begins with another dataset.
    """

    interval: timedelta = INTERVAL
    judges: bool = False
    runs: int = 50
    look_back: timedelta = LOOK_BACK
    dataset_limit: timedelta = timedelta(seconds=60)
    pass_limit: timedelta = timedelta(minutes=4)


class WantedRun(Record):
    """A partition that must be judged: it landed, its files changed, or what it refers to was published (`why`).

    `dag` is the id of its DAG. `fingerprint` identifies the files, and `fence` the newest attempt before them: two
    passes that see the same want the same run, and a run that was killed before it recorded anything is wanted again.
    """

    contract: str
    dataset: str
    dag: str
    key: str
    fingerprint: str
    fence: int
    why: str

    @property
    def identity(self) -> str:
        """Twelve hexadecimal digits, the same for the same partition, files and attempts."""
        return digest([self.dataset, self.key, self.fingerprint, self.fence])[:12]


class Look(Record):
    """What a look found. `overdue` are the partitions that are missing unless they arrive in this moment. `incomplete`
    are those that have begun to land, of which more is awaited before they are judged.
    """

    compiled: CompiledDataset
    wanted: tuple[WantedRun, ...]
    overdue: tuple[str, ...]
    incomplete: tuple[str, ...]
    seen: Seen

    @property
    def dataset(self) -> str:
        return self.compiled.dataset.name


class Turn(Record):
    """Which pass it is: `number` counts the passes. `whole`: names in landing from before the look-back are read, too,
    which every hour one pass does.
    """

    number: int
    whole: bool = False


def look(compiled: CompiledDataset, unfinished: frozenset[str], *, turn: Turn, plan: WatchPlan, ports: Ports) -> Look:
    """A look at a dataset; `unfinished` are the keys that a run works on.

    One listing of the folders, a question to the ledger about it and each dataset that it refers to, and a listing for
    each partition that waits or that it is the turn of. Raises: OperatorError (landing or the ledger does not answer).
    """
    dataset, now = compiled.dataset, ports.clock.now()
    since = partitions.first_day(dataset, now=now, look_back=plan.look_back).date()
    landed = ports.store.partition_keys(dataset.location, since=since, whole=turn.whole)
    found = partitions.window(dataset, landed, now=now, look_back=plan.look_back)
    outcomes = {outcome.partition_key: outcome for outcome in ports.ledger.outcomes(dataset.name, found.keys)}
    found = partitions.without_strays(dataset, found, outcomes, now=now)
    promises = partitions.promised(dataset, found, outcomes, now=now)
    overdue = partitions.overdue(lambda key: compiled.in_force(key).dataset, promises, outcomes, now=now)
    compared = partitions.to_compare(found, outcomes, unfinished, number=turn.number, interval=plan.interval)
    landing = tuple(partitions.waiting(found, outcomes, unfinished))[:FOLDERS_LISTED]
    wanted = (*_landed(compiled, landing, ports), *_changed(compiled, compared, outcomes, ports))
    again = (key for key in outdated(compiled, outcomes, ports) if key not in unfinished)
    wanted = (*wanted, *_outdated(compiled, again, {run.key for run in wanted}, ports))
    arrived = {run.key for run in wanted}
    return Look(
        compiled=compiled,
        wanted=wanted,
        overdue=tuple(key for key in overdue if key not in arrived and key not in unfinished),
        incomplete=tuple(key for key in landing if key not in arrived),
        seen=seen(dataset, compiled.suite.suite, found, promises, outcomes, now=now),
    )


def _landed(compiled: CompiledDataset, keys: Iterable[str], ports: Ports) -> Iterator[WantedRun]:
    """The runs of the partitions that are complete in landing and have not been judged."""
    for key in keys:
        try:
            arrival = arrive(compiled.in_force(key).dataset, key, ports=ports)
        except AmbiguousPartition:  # its run records what is wrong
            yield _wanted(compiled, key, "", ports.ledger.fence(compiled.dataset.name, key), why="landed twice")
            continue
        if isinstance(arrival, Discovered):
            yield _wanted(compiled, key, arrival.partition.fingerprint, arrival.seen_fence, why="landed")


def _changed(compiled: CompiledDataset, keys: Iterable[str], outcomes: Outcomes, ports: Ports) -> Iterator[WantedRun]:
    """The runs of the partitions whose files are not those that were judged. One that vanished is not judged again."""
    for key, found in _complete(compiled, keys, ports):
        if partitions.has_changed(outcomes[key], found.partition):
            yield _wanted(compiled, key, found.partition.fingerprint, found.seen_fence, why="its files changed")


def _outdated(
    compiled: CompiledDataset, keys: Iterable[str], known: Collection[str], ports: Ports
) -> Iterator[WantedRun]:
    """The runs of the partitions that were judged before what they refer to was published."""
    why = "was judged before what it refers to was published"
    for key, found in _complete(compiled, [key for key in keys if key not in known][:FOLDERS_LISTED], ports):
        yield _wanted(compiled, key, found.partition.fingerprint, found.seen_fence, why=why)


def _complete(compiled: CompiledDataset, keys: Iterable[str], ports: Ports) -> Iterator[tuple[str, Discovered]]:
    """Those of these judged partitions that are complete in landing.

    One that landed twice is left out: its problem would hide what was judged before.
    """
    for key in keys:
        with suppress(AmbiguousPartition):
            if isinstance(arrival := arrive(compiled.in_force(key).dataset, key, ports=ports), Discovered):
                yield key, arrival


def _wanted(compiled: CompiledDataset, key: str, fingerprint: str, fence: int, *, why: str) -> WantedRun:
    return WantedRun(
        contract=compiled.contract.id,
        dataset=compiled.dataset.name,
        dag=dag_id(compiled.dataset.qualified_name),
        key=key,
        fingerprint=fingerprint,
        fence=fence,
        why=why,
    )
