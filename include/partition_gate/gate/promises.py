"""What became of a contract's promises over time, when one of its partitions is judged."""

from __future__ import annotations

from partition_gate.compiling.compiled import CompiledContract
from partition_gate.judging.promises import Occasion, keys_looked_at, over_time
from partition_gate.judging.validation import Validation
from partition_gate.judging.verdict import Verdict, reach_verdict
from partition_gate.partition import Partition
from partition_gate.ports import Ports


def judged_over_time(
    compiled: CompiledContract, partition: Partition, validation: Validation, *, ports: Ports
) -> Verdict:
    """The verdict on a partition, with its promises over time; no old data is read for them, only the ledger."""
    suite, contract = compiled.suite.suite, compiled.contract
    keys = keys_looked_at(suite, contract, partition.key)
    promised = [check.rule_id for check in suite.checks if check.promise is not None]
    occasion = Occasion(
        contract=contract,
        partition=partition,
        now=ports.clock.now(),
        published=ports.ledger.published(contract.dataset, keys, rule_ids=promised) if keys else (),
    )
    observations = over_time(suite, validation.observations, occasion)
    return reach_verdict(suite, observations, row_count=validation.row_count)
