"""First step: what has arrived."""

from __future__ import annotations

from partition_gate.contract.model import Contract
from partition_gate.contract.readiness import Missing, Readiness, Ready, readiness
from partition_gate.partition import Partition
from partition_gate.ports import Ports


def arrive(contract: Contract, key: str, *, ports: Ports) -> Readiness:
    """The partition, ready; or why it is waited for, or missing.

    Raises:
        MalformedPartitionKey: the key does not fit the location.
        OperatorError: landing cannot be listed.
    """
    files = ports.store.list_files(contract.location, key)
    return readiness(contract, key, files, now=ports.clock.now())


def look(contract: Contract, key: str, *, ports: Ports) -> Ready | Missing:
    """What is there now, without waiting for quiet: a person asked. Raises as `arrive`."""
    files = ports.store.list_files(contract.location, key)
    if not files:
        return Missing(why=f"no file that matches {contract.location.pattern} at {contract.location.folder(key)}")
    return Ready(partition=Partition(dataset=contract.dataset, key=key, files=files))
