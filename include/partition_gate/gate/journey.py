"""One partition's whole journey in one process: the same steps as the DAG's tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from partition_gate.alerts.alert import Links
from partition_gate.compiling.compiled import CompiledContract
from partition_gate.contract.readiness import Missing
from partition_gate.errors import GateError, MalformedPartitionKey
from partition_gate.gate.discover import look
from partition_gate.gate.inspect import inspect
from partition_gate.gate.report import report
from partition_gate.gate.settle import settle, settle_unjudged
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.partition import Partition
from partition_gate.ports import Ports
from partition_gate.record import Record
from partition_gate.table import TableSchema

LinksFor = Callable[[str, str, str], Links]


class Journey(Record):
    """A partition's settlement; `already` says that it was recorded by an earlier run and nothing was changed."""

    settlement: Settlement
    already: bool


def travel(
    compiled: CompiledContract, key: str, *, ports: Ports, tables: Sequence[TableSchema], links: LinksFor
) -> Journey:
    """The journey's end, always recorded: what could not be judged is ERRORED with the reason.

    `links` makes the links of (dataset, key, attempt id).

    Raises:
        MalformedPartitionKey: nothing is recorded under a key that cannot exist.
    """
    try:
        arrival = look(compiled.contract, key, ports=ports)
        if isinstance(arrival, Missing):
            return _unjudged(compiled, key, PartitionOutcome.MISSING, arrival.why, ports, links)
        return _judged(compiled, arrival.partition, ports, tables, links)
    except MalformedPartitionKey:
        raise
    except GateError as error:
        return _unjudged(compiled, key, PartitionOutcome.ERRORED, str(error), ports, links)


def _judged(
    compiled: CompiledContract, partition: Partition, ports: Ports, tables: Sequence[TableSchema], links: LinksFor
) -> Journey:
    inspection = inspect(compiled, partition, ports=ports)
    if isinstance(inspection, Settlement):
        return Journey(settlement=inspection, already=True)
    attempt = inspection.attempt
    where = links(attempt.dataset, attempt.partition_key, attempt.id)
    settlement = settle(compiled, inspection, ports=ports, tables=tables, links=where)
    report(compiled, settlement, ports=ports)
    return Journey(settlement=settlement, already=False)


def _unjudged(
    compiled: CompiledContract, key: str, outcome: PartitionOutcome, why: str, ports: Ports, links: LinksFor
) -> Journey:
    where = links(compiled.contract.dataset, key, "")
    settlement = settle_unjudged(compiled, key, outcome=outcome, why=why, ports=ports, links=where)
    return Journey(settlement=settlement, already=False)
