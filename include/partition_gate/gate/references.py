"""Datasets that refer to others: parents are judged before their children, and children again after their parents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.calendar import deadline, frequency, window_keys
from partition_gate.core.partition import SNAPSHOT
from partition_gate.judging.attempt import RecordedOutcome
from partition_gate.judging.disposition import VISIBLE, PartitionOutcome
from partition_gate.ports import Ports

# What an outcome may owe to the rows of a parent.
_DEPENDENT = VISIBLE | {PartitionOutcome.REJECTED, PartitionOutcome.ERRORED}
# A parent that has a partition for one of so many earlier keys will have one for this key, too.
_EARLIER_KEYS = 7


def depths(contracts: Sequence[CompiledDataset]) -> Mapping[str, int]:
    """How many generations of parents each dataset has; those that refer to each other in a circle count once."""
    known = {compiled.dataset.name: compiled.referenced_datasets for compiled in contracts}

    def depth(name: str, below: frozenset[str]) -> int:
        parents = [parent for parent in known[name] if parent in known and parent not in below]
        return max((1 + depth(parent, below | {parent}) for parent in parents), default=0)

    return {name: depth(name, frozenset({name})) for name in known}


def referring_datasets(name: str, contracts: Iterable[CompiledDataset]) -> tuple[str, ...]:
    """The datasets whose foreign keys refer to this one, by name."""
    return tuple(sorted({each.dataset.name for each in contracts if name in each.referenced_datasets}))


def outdated(compiled: CompiledDataset, outcomes: Mapping[str, RecordedOutcome], ports: Ports) -> Iterator[str]:
    """The keys of the partitions that were judged before a parent was published, whose rows they may refer to.

    That is the parent's partition with the same key, or its snapshot. A new snapshot does not concern a partition that
    was published without a problem, because snapshots change often, and all partitions refer to them.
    """
    judged = {key: outcome for key, outcome in outcomes.items() if outcome.outcome in _DEPENDENT}
    parents = [name for name in compiled.referenced_datasets if judged and name != compiled.dataset.name]
    found: dict[str, None] = {}
    for parent in parents:
        published = {each.partition_key: each for each in ports.ledger.outcomes(parent, [*judged, SNAPSHOT])}
        for key, own in judged.items():
            is_clean = own.outcome is PartitionOutcome.PUBLISHED
            if _is_newer(published.get(key), own) or (not is_clean and _is_newer(published.get(SNAPSHOT), own)):
                found[key] = None
    yield from found


def unjudged_parent(compiled: CompiledDataset, key: str, ports: Ports) -> str | None:
    """Why a partition should wait for the one that its rows refer to; None if nothing is awaited.

    Judged before, it would be rejected for parents that are about to be published. A parent has partitions with the
    same keys if an earlier one was judged. Waiting ends at this partition's own deadline, because its consumers wait.
    """
    dataset, due = compiled.dataset, deadline(compiled.dataset, key)
    if due is None or ports.clock.now() >= due:
        return None
    *earlier, _ = window_keys(dataset, key, (_EARLIER_KEYS + 1) * frequency(dataset))
    for parent in compiled.referenced_datasets:
        judged = {each.partition_key for each in ports.ledger.outcomes(parent, [*earlier, key])}
        if judged and key not in judged:
            until = f"it is awaited until {due:%Y-%m-%d %H:%M} UTC"
            return f"{parent} {key}, which its rows refer to, is not judged yet; {until}"
    return None


def _is_newer(parent: RecordedOutcome | None, own: RecordedOutcome) -> bool:
    return parent is not None and parent.outcome in VISIBLE and parent.settled_at > own.settled_at
