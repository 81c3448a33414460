"""Where the rows of a partition come from, and what depends on them, read from the ledger and the contracts; and the
events that tell catalogues of it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.checks.expectations import Expectation, References, ReferencesTogether
from partition_gate.core.display import displayed
from partition_gate.core.errors import CannotAct, GateError
from partition_gate.gate.references import referring_datasets
from partition_gate.gate.run_context import ended
from partition_gate.gate.standing import newest_judged
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.lineage import (
    DatasetLineage,
    Downstream,
    Execution,
    ForeignKey,
    PartitionLineage,
    RecordedAttempt,
    execution,
    visible_attempt,
)
from partition_gate.judging.open_lineage import Judged, run_events
from partition_gate.ports import Ports
from partition_gate.ports.ledger import Ledger

log = logging.getLogger(__name__)

_SOFTWARE = {"great_expectations_version": "great_expectations", "duckdb_version": "duckdb"}


def partition_lineage(dataset: str, key: str, downstream: Downstream, *, ledger: Ledger) -> PartitionLineage:
    """The executions from a partition's outcome, and from its visible rows, back to the landed files.

    `key` is canonical. The cost depends on the number of attempts of the partition, not on the dataset's history.
    Raises: CannotAct (nothing is recorded about the partition).
    """
    settlements = ledger.settlements(dataset, key)
    if not settlements:
        raise CannotAct(f"{dataset} {displayed(key)}: nothing is recorded about this partition; see `gate status`")
    visible = visible_attempt(settlements)
    roots = filter(None, (settlements[-1], newest_judged(settlements), visible))
    found = {each.attempt_id: each for root in roots for each in _made_from(root, ledger)}
    order = {each.attempt_id: place for place, each in enumerate(settlements)}
    return PartitionLineage(
        dataset=dataset,
        partition_key=key,
        visible=visible.attempt_id if visible else None,
        executions=tuple(sorted(found.values(), key=lambda each: order.get(each.attempt_id, 0), reverse=True)),
        downstream=downstream,
    )


def attempt_lineage(settlement: Settlement, downstream: Downstream, *, ledger: Ledger) -> PartitionLineage:
    """As `partition_lineage`, for one attempt of a partition, whichever is the current one."""
    visible = visible_attempt(ledger.settlements(settlement.dataset, settlement.partition_key))
    return PartitionLineage(
        dataset=settlement.dataset,
        partition_key=settlement.partition_key,
        visible=visible.attempt_id if visible else None,
        executions=tuple(_made_from(settlement, ledger)),
        downstream=downstream,
    )


def dataset_lineage(today: CompiledDataset, downstream: Downstream, *, ledger: Ledger) -> DatasetLineage:
    """The neighbours of a dataset, by its newest contract version."""
    dataset, location = today.dataset, today.dataset.location
    segments = [f"{name}=*" for name in location.names] if location.layout is None else []
    return DatasetLineage(
        dataset=dataset.name,
        contract=today.contract.id,
        version=today.contract.version,
        source="/".join([location.shown_root, *segments, location.pattern]),
        endpoint_url=location.endpoint_url,
        table=today.published.name,
        partitions=len(ledger.recorded_keys(dataset.name)),
        references=tuple(_foreign_keys(check.expectation for check in today.suite.suite.checks)),
        downstream=downstream,
    )


def downstream_of(
    dataset: str, contracts: Iterable[CompiledDataset], *, consumers: tuple[str, ...] | None = None
) -> Downstream:
    """What depends on a dataset; `consumers` as in `Downstream`."""
    referring = referring_datasets(dataset, contracts)
    return Downstream(asset=f"validated.{dataset}", referenced_by=referring, consumers=consumers)


def tell_of_run(settlement: Settlement, compiled: CompiledDataset, *, ports: Ports) -> None:
    """Count an attempt that was settled, and emit its events. A failure is logged: the outcome is recorded, and no run
    fails because of it.
    """
    ended(settlement, ports)
    if not ports.run_events.is_wanted:
        return
    try:
        ports.run_events.emit(run_events(_judged(settlement, compiled, ports)))
    except Exception as error:
        is_defect = not isinstance(error, GateError)
        log.warning("run events not delivered attempt=%s why=%s", settlement.attempt_id, error, exc_info=is_defect)


def _made_from(root: Settlement, ledger: Ledger) -> Iterator[Execution]:
    """The execution of an attempt, and of each older attempt whose rows came into it; at last the one that judged
    landed files.
    """
    settled: Settlement | None = root
    while settled is not None:
        recorded = _recorded(settled, ledger)
        yield execution(recorded)
        settled = ledger.settlement(recorded.replay.of_attempt) if recorded.replay else None


def _recorded(settled: Settlement, ledger: Ledger) -> RecordedAttempt:
    own = settled.attempt_id
    return RecordedAttempt(
        settlement=settled,
        attempt=ledger.attempt(own),
        inputs=ledger.inputs(own),
        replay=ledger.replay(own),
        discards=ledger.discards(own),
        suite_software=_software(ledger.document(own)),
    )


def _software(document: str | None) -> Mapping[str, str]:
    meta: dict[str, Any] = (json.loads(document).get("meta") or {}) if document else {}
    return {name: str(meta[key]) for key, name in _SOFTWARE.items() if key in meta}


def _foreign_keys(expectations: Iterable[Expectation]) -> Iterator[ForeignKey]:
    for each in expectations:
        match each:
            case References():
                yield ForeignKey(columns=(each.column,), dataset=each.to_dataset, to_columns=(each.to_column,))
            case ReferencesTogether():
                yield ForeignKey(columns=each.columns, dataset=each.to_dataset, to_columns=each.to_columns)


def _judged(settlement: Settlement, compiled: CompiledDataset, ports: Ports) -> Judged:
    dataset = compiled.dataset
    nobody = Downstream(asset="")
    return Judged(
        execution=attempt_lineage(settlement, nobody, ledger=ports.ledger).executions[0],
        why=settlement.why,
        rows_in=settlement.rows_in,
        results=ports.ledger.results(settlement.attempt_id),
        job=dataset.qualified_name,
        table=compiled.published.name,
        landing=dataset.location.shown_root,
        owner=compiled.contract.team.owner,
        read=compiled.table.columns,
        published=compiled.published.columns,
    )
