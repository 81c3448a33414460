"""First step: what has arrived."""

from __future__ import annotations

from partition_gate.contract.completeness import declared_files, note_name
from partition_gate.contract.model import Contract
from partition_gate.contract.readiness import Missing, Readiness, Ready, readiness
from partition_gate.partition import DataFile, Partition
from partition_gate.ports import Ports


def arrive(contract: Contract, key: str, *, ports: Ports) -> Readiness:
    """The partition, ready; or why it is waited for, or missing.

    Raises:
        MalformedPartitionKey: the key does not fit the location.
        OperatorError: landing cannot be listed.
    """
    files, note = _landed(contract, key, ports)
    return readiness(contract, key, files, note=note, now=ports.clock.now())


def look(contract: Contract, key: str, *, ports: Ports) -> Ready | Missing:
    """What is there now, without waiting for quiet: a person asked. Raises as `arrive`.

    A partition that its producer has not declared complete is missing for a person too.
    """
    files, note = _landed(contract, key, ports)
    folder = contract.location.folder(key)
    if not files:
        return Missing(why=f"no file that matches {contract.location.pattern} at {folder}")
    declared = declared_files(contract, files, note)
    if isinstance(declared, str):
        return Missing(why=f"{folder}: {declared}")
    return Ready(partition=Partition(dataset=contract.dataset, key=key, files=declared))


def _landed(contract: Contract, key: str, ports: Ports) -> tuple[tuple[DataFile, ...], bytes | None]:
    # The note first: what it declares complete has landed by then, so the listing after it shows all of it.
    name = note_name(contract)
    note = ports.store.note(contract.location, key, name) if name else None
    return ports.store.list_files(contract.location, key), note
