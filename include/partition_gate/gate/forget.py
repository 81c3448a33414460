"""Remove an outcome that should never have been recorded."""

from __future__ import annotations

from partition_gate.compiling.compiled import CompiledContract
from partition_gate.errors import CannotForget
from partition_gate.judging.attempt import Forgotten
from partition_gate.ports import Ports


def forget(today: CompiledContract, key: str, *, who: str, why: str, ports: Ports) -> Forgotten:
    """What was removed: the partition's current outcome, with its messages that were not sent yet.

    Raises:
        MalformedPartitionKey: it is neither recorded nor a key.
        CannotForget: nothing is recorded, or rows of the partition are visible.
    """
    dataset = today.contract.dataset
    # As it is recorded first: an older version of ours may have recorded a key that has no value.
    outcome = ports.ledger.outcome(dataset, key)
    if outcome is None:
        key = today.contract.location.key(key)
        outcome = ports.ledger.outcome(dataset, key)
    if outcome is None:
        raise CannotForget(f"{dataset} {key}: nothing is recorded for this partition; see `gate status`")
    visible = ports.warehouse.current(today.table.name, key)
    if visible is not None:
        raise CannotForget(
            f"{dataset} {key}: {visible.rows:,} rows of this partition are visible, so its outcome stays; "
            f"land corrected files and run it again: gate run {today.contract.id} {key}"
        )
    forgotten = Forgotten(
        dataset=dataset,
        partition_key=key,
        outcome=outcome.outcome,
        attempt_id=outcome.attempt_id,
        who=who,
        why=why,
        at=ports.clock.now(),
    )
    ports.ledger.forget(forgotten)
    return forgotten
