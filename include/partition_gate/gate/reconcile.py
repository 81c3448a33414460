"""Compare visible tables, recorded outcomes and sent messages, after repairing what can be repaired."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.addresses import shown_channel
from partition_gate.core.display import counted, rows_are
from partition_gate.core.errors import GateError
from partition_gate.core.record import Record
from partition_gate.core.table import TableSchema
from partition_gate.gate.notify import DeliveryTimes, notify
from partition_gate.gate.repair import Ending, Repaired, repair
from partition_gate.gate.row_comparison import RowComparison, compare_rows
from partition_gate.judging.attempt import Publication, Settlement
from partition_gate.judging.disposition import FINAL, VISIBLE
from partition_gate.ports import Ports
from partition_gate.ports.ledger import Ledger

log = logging.getLogger(__name__)


class RowProof(Record):
    """Where the rows of a partition are: rows_in = published + quarantined + discarded + superseded.

    `rows_in` are the landed rows, and those of corrected files that replaced quarantined ones (`rows_superseded`).
    Discarded and superseded rows are counted over all attempts that the current outcome is made from.
    """

    dataset: str
    partition_key: str
    outcome: str
    rows_in: int
    rows_published: int
    rows_quarantined: int
    rows_discarded: int = 0
    rows_superseded: int = 0

    @property
    def holds(self) -> bool:
        kept = self.rows_published + self.rows_quarantined
        return self.rows_in == kept + self.rows_discarded + self.rows_superseded


class Difference(Record):
    """A mismatch and the next step; the key is None if it concerns the whole dataset."""

    dataset: str
    partition_key: str | None
    what: str


class Reconciliation(Record):
    """`repaired`: attempts finished now; `views`: tables whose view was refreshed; `sent`: messages delivered.

    `compared`: partitions whose rows were compared with those that landed, if that was asked for.
    """

    repaired: tuple[Repaired, ...]
    views: tuple[str, ...]
    sent: int
    proofs: tuple[RowProof, ...]
    compared: tuple[RowComparison, ...] = ()
    differences: tuple[Difference, ...]


def reconcile(
    contracts: Sequence[CompiledDataset], *, ports: Ports, send_messages: bool = True, with_rows: bool = False
) -> Reconciliation:
    """Finish everything unfinished, then compare ledger, tables, views, quarantine and outbox.

    `contracts` are all usable contracts. `with_rows` also finds the landed rows again by their content, which reads all
    of them. A dataset that cannot be read is reported as a difference; the others go on.
    """
    repaired = repair(ports)
    times = DeliveryTimes(drain=ports.drain_limit)
    delivery = notify(ports.ledger, ports.notifier, ports.clock, times=times) if send_messages else None
    refreshed, of_views = _views([contract.published for contract in contracts], ports)
    outcomes = ports.ledger.latest()
    compared = tuple(chain.from_iterable(compare_rows(each, ports=ports) for each in contracts)) if with_rows else ()
    differences = (
        *_of_attempts(repaired),
        *of_views,
        *chain.from_iterable(_of_dataset(dataset, outcomes, ports) for dataset in _datasets(contracts, outcomes)),
        *_of_quarantine(outcomes, ports),
        *_of_rows(compared),
        *chain.from_iterable(_of_landing(contract, ports) for contract in contracts),
        *_of_outbox(ports),
    )
    return Reconciliation(
        repaired=tuple(attempt for attempt in repaired if attempt.ending is not Ending.LEFT),
        views=refreshed,
        sent=delivery.sent + delivery.already_delivered if delivery else 0,
        proofs=tuple(_proof(settlement, ports.ledger) for settlement in outcomes if settlement.outcome in FINAL),
        compared=compared,
        differences=differences,
    )


def _of_rows(compared: Iterable[RowComparison]) -> Iterator[Difference]:
    for each in compared:
        if each.is_equal is False:
            yield Difference(dataset=each.dataset, partition_key=each.partition_key, what=f"{each.why}; run it again")


def _of_attempts(repaired: Iterable[Repaired]) -> Iterator[Difference]:
    for attempt in repaired:
        if attempt.ending is Ending.UNKNOWN:
            what = f"attempt {attempt.attempt_id} could not be finished: {attempt.why}"
            yield Difference(dataset=attempt.dataset, partition_key=attempt.partition_key, what=what)


def _views(tables: Sequence[TableSchema], ports: Ports) -> tuple[tuple[str, ...], tuple[Difference, ...]]:
    """Names of the tables whose view was refreshed, and the refreshes that failed."""
    refreshed, differences = [], []
    for table in tables:
        try:
            if ports.warehouse.stale_views([table]):
                ports.warehouse.refresh_view(table)
                refreshed.append(table.name)
        except GateError as error:
            what = f"the consumers' view is out of date: {error}"
            differences.append(Difference(dataset=table.name, partition_key=None, what=what))
    return tuple(refreshed), tuple(differences)


def _datasets(contracts: Sequence[CompiledDataset], outcomes: Sequence[Settlement]) -> tuple[str, ...]:
    names = (*(contract.dataset.name for contract in contracts), *(settlement.dataset for settlement in outcomes))
    return tuple(dict.fromkeys(names))


def _of_dataset(dataset: str, outcomes: Sequence[Settlement], ports: Ports) -> Iterator[Difference]:
    try:
        visible = {publication.partition_key: publication for publication in ports.warehouse.publications(dataset)}
    except GateError as error:
        yield Difference(dataset=dataset, partition_key=None, what=str(error))
        return
    recorded = {settlement.partition_key: settlement for settlement in ports.ledger.visible(dataset)}
    aged = ports.ledger.published_removals(dataset)
    recorded = {key: each for key, each in recorded.items() if key in visible or each.attempt_id not in aged}
    current = {settlement.partition_key: settlement for settlement in outcomes if settlement.dataset == dataset}
    for key in sorted(visible.keys() | recorded.keys()):
        what = _disagreement(visible.get(key), recorded.get(key), current.get(key))
        if what:
            yield Difference(dataset=dataset, partition_key=key, what=what)


def _disagreement(
    publication: Publication | None, recorded: Settlement | None, current: Settlement | None
) -> str | None:
    """How table and ledger disagree on a partition; None if they agree."""
    if publication is None:
        return "the ledger says that it is published, but the table has no such partition; run it again"
    if recorded is None or current is None:
        return f"{rows_are(publication.rows)} visible, but the ledger has no record of them; run it again"
    if publication.idempotency_key != recorded.idempotency_key:
        return (
            f"the visible version is of attempt {publication.attempt_id}, the recorded one of {recorded.attempt_id}; "
            "run it again"
        )
    if publication.rows != recorded.rows_published:
        return f"{rows_are(publication.rows)} visible, but the ledger records {recorded.rows_published:,}; run it again"
    return None


def _of_quarantine(outcomes: Sequence[Settlement], ports: Ports) -> Iterator[Difference]:
    for settlement in outcomes:
        if settlement.quarantine_uri is None:
            continue
        stored = settlement.rows_quarantined + settlement.rows_discarded
        if what := _quarantine_problem(settlement.quarantine_uri, stored, ports):
            yield Difference(dataset=settlement.dataset, partition_key=settlement.partition_key, what=what)


def _quarantine_problem(uri: str, recorded: int, ports: Ports) -> str | None:
    try:
        stored = ports.warehouse.quarantined(uri, limit=0).row_count
    except GateError as error:
        return str(error)
    return None if stored == recorded else f"{uri} holds {counted(stored, 'row')}, but the ledger records {recorded:,}"


def _of_landing(compiled: CompiledDataset, ports: Ports) -> Iterator[Difference]:
    """Folders in landing without a valid key: their files are never judged."""
    dataset = compiled.dataset
    try:
        refused = ports.store.partition_keys(dataset.location).refused
    except GateError as error:
        log.warning("landing not compared dataset=%s why=%s", dataset.name, error)
        return
    for folder, why in refused:
        what = f"{dataset.location.shown_root}/{folder} is never judged: {why}"
        yield Difference(dataset=dataset.name, partition_key=None, what=what)


def _of_outbox(ports: Ports) -> Iterator[Difference]:
    for entry in ports.ledger.unsent():
        message = f"message {entry.message.id[:12]} to {shown_channel(entry.message.tool, entry.message.channel)}"
        what = f"{message} has not been delivered yet ({'1 try' if entry.tries == 1 else f'{entry.tries} tries'})"
        about = ports.ledger.settlement(entry.message.attempt_id)
        dataset, key = (about.dataset, about.partition_key) if about else (entry.message.attempt_id, None)
        yield Difference(dataset=dataset, partition_key=key, what=what)


def _proof(settlement: Settlement, ledger: Ledger) -> RowProof:
    """Follows the current outcome through its replays, back to the attempt that judged the landed files."""
    landed, added, superseded, discarded = settlement, 0, 0, settlement.rows_discarded
    while replay := ledger.replay(landed.attempt_id):
        if replay.is_replaced:
            added, superseded = added + replay.rows_given, superseded + replay.rows_taken
        before = ledger.settlement(replay.of_attempt)
        if before is None:
            break
        landed, discarded = before, discarded + before.rows_discarded
    return RowProof(
        dataset=settlement.dataset,
        partition_key=settlement.partition_key,
        outcome=settlement.outcome.value,
        rows_in=landed.rows_in + added,
        rows_published=settlement.rows_published if settlement.outcome in VISIBLE else 0,
        rows_quarantined=settlement.rows_quarantined,
        rows_discarded=discarded,
        rows_superseded=superseded,
    )
