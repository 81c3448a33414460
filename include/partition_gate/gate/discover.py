"""First step: find out what has landed."""

from __future__ import annotations

from partition_gate.contract.calendar import deadline, is_expected, period
from partition_gate.contract.completeness import declared_files, note_name
from partition_gate.contract.model import Dataset
from partition_gate.contract.readiness import Missing, NotExpected, Readiness, Ready, Wait, readiness
from partition_gate.core.errors import NothingDue, OperatorError
from partition_gate.core.partition import DataFile, Partition, readable_path
from partition_gate.core.record import Record
from partition_gate.ports import Ports


class Discovered(Record):
    """A partition that is ready to be judged. `seen_fence` was read before landing was listed (`Claim.seen_fence`)."""

    partition: Partition
    seen_fence: int


class NotLanded(Record):
    """The partition did not land, or is incomplete; `seen_fence` as in `Discovered`."""

    why: str
    seen_fence: int


_FOLDERS_NAMED = 3
_DATED = ("DATE", "TIMESTAMP")
Arrival = Discovered | NotLanded | Wait | NotExpected


def arrive(dataset: Dataset, key: str, *, ports: Ports) -> Arrival:
    """The partition if it is ready; otherwise why it is awaited, missing or not expected.

    Raises:
        MalformedPartitionKey: the key does not fit the location.
        OperatorError: landing cannot be listed.
    """
    seen = ports.ledger.fence(dataset.name, key)
    files, note = _landed(dataset, key, ports)
    return _arrival(readiness(dataset, key, files, note=note, now=ports.clock.now()), seen)


def find_landed(dataset: Dataset, key: str, *, ports: Ports) -> Discovered | NotLanded:
    """What is in landing now, without waiting for the files to settle, because a person asked. Raises as `arrive`.

    A partition that its producer has not declared complete is missing here too.
    """
    seen = ports.ledger.fence(dataset.name, key)
    landed = landed_now(dataset, key, ports=ports)
    if isinstance(landed, str):
        return NotLanded(why=landed, seen_fence=seen)
    return Discovered(partition=landed, seen_fence=seen)


def landed_now(dataset: Dataset, key: str, *, ports: Ports) -> Partition | str:
    """The partition in landing, or why there is none. Does not use the ledger."""
    files, note = _landed(dataset, key, ports)
    folder = readable_path(dataset.location.folder(key))
    if not files:
        return f"no file matches {dataset.location.files(key)} in {folder}{_misnamed(dataset, key, ports)}"
    declared = declared_files(dataset, files, note)
    if isinstance(declared, str):
        return f"{folder}: {declared}"
    return Partition(dataset=dataset.name, key=key, files=declared, endpoint_url=dataset.location.endpoint_url)


def check_promised(dataset: Dataset, key: str, *, ports: Ports) -> None:
    """Raise NothingDue if nothing is promised for the key, or not yet: a person may have mistyped it."""
    where = (
        f"{dataset.name} {key}: nothing landed in {dataset.location.place(key)}{_misnamed(dataset, key, ports)}, and"
    )
    if not is_expected(dataset, key):
        raise NothingDue(f"{where} the contract's calendar expects no partition with this key; nothing was recorded")
    covered = period(dataset, key)
    if covered is None and dataset.location.segments:
        values = dataset.location.values(key)
        dated = any(each.type.startswith(_DATED) and values[each.name] for each in dataset.location.segments)
        why = "only dates from 0001-01-02 to 9998-12-31 have a calendar" if dated else "the key contains no date"
        raise NothingDue(f"{where} {why}, so nothing expects it; nothing was recorded")
    due = deadline(dataset, key) or (covered and covered[1])
    if due is not None and ports.clock.now() < due:
        raise NothingDue(f"{where} it is not due until {due:%Y-%m-%d %H:%M %Z}; nothing was recorded")


def _arrival(state: Readiness, seen_fence: int) -> Arrival:
    match state:
        case Ready(partition=partition):
            return Discovered(partition=partition, seen_fence=seen_fence)
        case Missing(why=why):
            return NotLanded(why=why, seen_fence=seen_fence)
        case _:
            return state


def _misnamed(dataset: Dataset, key: str, ports: Ports) -> str:
    """The folders in landing that probably mean this partition, but are never judged, because of their names."""
    location = dataset.location
    if not location.segments:
        return ""
    wanted = list(location.parts(key).values())

    def is_meant(folder: str) -> bool:
        if location.layout is not None:
            return _digits(key) in _digits(folder)
        texts = [name.partition("=")[2] for name in folder.split("/")]
        parts = [segment.meant(text) for segment, text in zip(location.segments, texts, strict=False)]
        return parts == wanted[: len(parts)]

    try:
        refused = ports.store.partition_keys(location).refused
    except OperatorError:
        return ""
    found = [f"{location.shown_root}/{folder} is never judged: {why}" for folder, why in refused if is_meant(folder)]
    more = len(found) - _FOLDERS_NAMED
    return "".join(f" ({each})" for each in found[:_FOLDERS_NAMED]) + (f" (and {more:,} more)" if more > 0 else "")


def _digits(text: str) -> str:
    """All digits of a text: those of a date are the same however it is written, if its year comes first."""
    return "".join(filter(str.isdigit, text)) or text


def _landed(dataset: Dataset, key: str, ports: Ports) -> tuple[tuple[DataFile, ...], bytes | None]:
    # Read the note before listing: the files that it declares complete have landed by then, so the listing shows them.
    name = note_name(dataset)
    note = ports.store.note(dataset.location, key, name) if name else None
    return ports.store.list_files(dataset.location, key), note
