"""What became of a contract's promises over time, when one of its partitions is judged."""

from __future__ import annotations

from partition_gate.gate.dispose import Inspection, Judged
from partition_gate.judging.disposition import VISIBLE
from partition_gate.judging.occasion import Occasion
from partition_gate.judging.promises import keys_looked_at, verdict_over_time
from partition_gate.judging.verdict import Verdict
from partition_gate.partition import Partition
from partition_gate.ports import Ports


def judged_over_time(judged: Judged, partition: Partition, inspection: Inspection, *, ports: Ports) -> Verdict:
    """The verdict on a partition, with its promises over time; no old data is read for them, only the ledger."""
    suite, contract = judged.compiled.suite.suite, judged.compiled.contract
    keys = keys_looked_at(suite, contract, partition.key)
    promised = [check.rule_id for check in suite.checks if check.promise is not None]
    occasion = Occasion(
        contract=contract,
        partition=partition,
        now=ports.clock.now(),
        is_published=inspection.disposition.outcome in VISIBLE,
        published=ports.ledger.published(contract.dataset, keys, rule_ids=promised) if keys else (),
    )
    return verdict_over_time(suite, judged.validation, occasion)
