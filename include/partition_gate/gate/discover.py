"""First step: what has arrived."""

from __future__ import annotations

from partition_gate.contract.calendar import deadline, is_expected, period
from partition_gate.contract.completeness import declared_files, note_name
from partition_gate.contract.model import Dataset
from partition_gate.contract.readiness import Missing, NotExpected, Readiness, Ready, Wait, readiness
from partition_gate.core.errors import NothingDue
from partition_gate.core.partition import DataFile, Partition
from partition_gate.core.record import Record
from partition_gate.ports import Ports


class Discovered(Record):
    """A partition that may be judged. `seen_fence` was read before it was listed (`Claim.seen_fence`)."""

    partition: Partition
    seen_fence: int


class NeverCame(Record):
    """It did not come, or not as a whole; `seen_fence` as in `Discovered`."""

    why: str
    seen_fence: int


Arrival = Discovered | NeverCame | Wait | NotExpected


def arrive(dataset: Dataset, key: str, *, ports: Ports) -> Arrival:
    """The partition, ready; or why it is waited for, or missing.

    Raises:
        MalformedPartitionKey: the key does not fit the location.
        OperatorError: landing cannot be listed.
    """
    seen = ports.ledger.fence(dataset.name, key)
    files, note = _landed(dataset, key, ports)
    return _arrival(readiness(dataset, key, files, note=note, now=ports.clock.now()), seen)


def look(dataset: Dataset, key: str, *, ports: Ports) -> Discovered | NeverCame:
    """What is there now, without waiting for quiet: a person asked. Raises as `arrive`.

    A partition that its producer has not declared complete is missing for a person too.
    """
    seen = ports.ledger.fence(dataset.name, key)
    found = landed_now(dataset, key, ports=ports)
    if isinstance(found, str):
        return NeverCame(why=found, seen_fence=seen)
    return Discovered(partition=found, seen_fence=seen)


def landed_now(dataset: Dataset, key: str, *, ports: Ports) -> Partition | str:
    """The partition in landing, or why there is none. The ledger is not asked."""
    files, note = _landed(dataset, key, ports)
    folder = dataset.location.folder(key)
    if not files:
        return f"no file that matches {dataset.location.pattern} at {folder}"
    declared = declared_files(dataset, files, note)
    if isinstance(declared, str):
        return f"{folder}: {declared}"
    return Partition(dataset=dataset.name, key=key, files=declared)


def check_promised(dataset: Dataset, key: str, *, ports: Ports) -> None:
    """Raise NothingDue where nothing is promised for the key, or not yet: a person may have typed another one."""
    where = f"{dataset.name} {key}: nothing landed at {dataset.location.folder(key)}, and"
    if not is_expected(dataset, key):
        raise NothingDue(f"{where} the contract's calendar expects no such partition; nothing was recorded")
    covered = period(dataset, key)
    if covered is None and dataset.location.segments:
        raise NothingDue(f"{where} its key names no date, so no calendar promises it; nothing was recorded")
    due = deadline(dataset, key) or (covered and covered[1])
    if due is not None and ports.clock.now() < due:
        raise NothingDue(f"{where} it is not due before {due:%Y-%m-%d %H:%M %Z}; nothing was recorded")


def _arrival(found: Readiness, seen_fence: int) -> Arrival:
    match found:
        case Ready(partition=partition):
            return Discovered(partition=partition, seen_fence=seen_fence)
        case Missing(why=why):
            return NeverCame(why=why, seen_fence=seen_fence)
        case _:
            return found


def _landed(dataset: Dataset, key: str, ports: Ports) -> tuple[tuple[DataFile, ...], bytes | None]:
    # The note first: what it declares complete has landed by then, so the listing after it shows all of it.
    name = note_name(dataset)
    note = ports.store.note(dataset.location, key, name) if name else None
    return ports.store.list_files(dataset.location, key), note
