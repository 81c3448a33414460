"""Whether what is visible, what is recorded and what is told agree; what can be repaired is repaired first."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.errors import GateError
from partition_gate.core.record import Record
from partition_gate.core.table import TableSchema
from partition_gate.gate.notify import Pace, notify
from partition_gate.gate.repair import Ending, Repaired, repair
from partition_gate.judging.attempt import Publication, Settlement
from partition_gate.judging.disposition import FINAL, VISIBLE
from partition_gate.ports import Ports

log = logging.getLogger(__name__)


class RowProof(Record):
    """Where the rows of a partition's current outcome are: rows_in = published + quarantined + discarded."""

    dataset: str
    partition_key: str
    outcome: str
    rows_in: int
    rows_published: int
    rows_quarantined: int
    rows_discarded: int = 0

    @property
    def holds(self) -> bool:
        return self.rows_in == self.rows_published + self.rows_quarantined + self.rows_discarded


class Difference(Record):
    """Something that does not agree, and what to do; no key where it is about the whole dataset."""

    dataset: str
    partition_key: str | None
    what: str


class Reconciliation(Record):
    """`repaired` are attempts that were finished just now, `views` tables whose view was, `sent` messages that were."""

    repaired: tuple[Repaired, ...]
    views: tuple[str, ...]
    sent: int
    proofs: tuple[RowProof, ...]
    differences: tuple[Difference, ...]


def reconcile(contracts: Sequence[CompiledDataset], *, ports: Ports, tell: bool = True) -> Reconciliation:
    """The comparison of ledger, tables, views, quarantine and outbox, after everything unfinished was finished.

    `contracts` are all that can be used. A dataset that cannot be looked at is a difference of its own and stops none.
    """
    repaired = repair(ports)
    delivery = notify(ports.ledger, ports.notifier, ports.clock, pace=Pace(drain=ports.drain_limit)) if tell else None
    refreshed, of_views = _views([each.published for each in contracts], ports)
    outcomes = ports.ledger.latest()
    differences = (
        *_of_attempts(repaired),
        *of_views,
        *(found for dataset in _datasets(contracts, outcomes) for found in _of_dataset(dataset, outcomes, ports)),
        *_of_quarantine(outcomes, ports),
        *(found for each in contracts for found in _of_landing(each, ports)),
        *_of_outbox(ports),
    )
    return Reconciliation(
        repaired=tuple(each for each in repaired if each.ending is not Ending.LEFT),
        views=refreshed,
        sent=delivery.sent + delivery.already_there if delivery else 0,
        proofs=tuple(_proof(each) for each in outcomes if each.outcome in FINAL),
        differences=differences,
    )


def _of_attempts(repaired: Iterable[Repaired]) -> Iterator[Difference]:
    for each in repaired:
        if each.ending is Ending.UNKNOWN:
            what = f"attempt {each.attempt_id} could not be finished: {each.why}"
            yield Difference(dataset=each.dataset, partition_key=each.partition_key, what=what)


def _views(tables: Sequence[TableSchema], ports: Ports) -> tuple[tuple[str, ...], tuple[Difference, ...]]:
    """Tables whose view was refreshed, and those where that failed."""
    refreshed, differences = [], []
    for table in tables:
        try:
            if ports.warehouse.stale_views([table]):
                ports.warehouse.refresh_view(table)
                refreshed.append(table.name)
        except GateError as error:
            what = f"the consumers' view is not current: {error}"
            differences.append(Difference(dataset=table.name, partition_key=None, what=what))
    return tuple(refreshed), tuple(differences)


def _datasets(contracts: Sequence[CompiledDataset], outcomes: Sequence[Settlement]) -> tuple[str, ...]:
    named = (*(each.dataset.name for each in contracts), *(each.dataset for each in outcomes))
    return tuple(dict.fromkeys(named))


def _of_dataset(dataset: str, outcomes: Sequence[Settlement], ports: Ports) -> Iterator[Difference]:
    try:
        visible = {each.partition_key: each for each in ports.warehouse.publications(dataset)}
    except GateError as error:
        yield Difference(dataset=dataset, partition_key=None, what=str(error))
        return
    recorded = {each.partition_key: each for each in ports.ledger.visible(dataset)}
    current = {each.partition_key: each for each in outcomes if each.dataset == dataset}
    for key in sorted(visible.keys() | recorded.keys()):
        what = _disagreement(visible.get(key), recorded.get(key), current.get(key))
        if what:
            yield Difference(dataset=dataset, partition_key=key, what=what)


def _disagreement(
    publication: Publication | None, recorded: Settlement | None, current: Settlement | None
) -> str | None:
    """Why table and ledger do not agree on a partition; None where they do."""
    if publication is None:
        return "the ledger says that it is published, and the table has no such partition; run it again"
    if recorded is None or current is None:
        return f"{publication.rows:,} rows are visible, and the ledger does not know them; run it again"
    if publication.idempotency_key != recorded.idempotency_key:
        return (
            f"visible is the version of attempt {publication.attempt_id}, recorded {recorded.attempt_id}; run it again"
        )
    if publication.rows != recorded.rows_published:
        return f"{publication.rows:,} rows are visible, {recorded.rows_published:,} are recorded; run it again"
    return None


def _of_quarantine(outcomes: Sequence[Settlement], ports: Ports) -> Iterator[Difference]:
    for each in outcomes:
        if each.quarantine_uri is None:
            continue
        if what := _quarantine_problem(each.quarantine_uri, each.rows_quarantined, ports):
            yield Difference(dataset=each.dataset, partition_key=each.partition_key, what=what)


def _quarantine_problem(uri: str, recorded: int, ports: Ports) -> str | None:
    try:
        kept = ports.warehouse.quarantined(uri, limit=0).row_count
    except GateError as error:
        return str(error)
    return None if kept == recorded else f"{uri} holds {kept:,} rows, {recorded:,} are recorded"


def _of_landing(compiled: CompiledDataset, ports: Ports) -> Iterator[Difference]:
    """Folders in landing that no key leads to: what lies in them is never judged."""
    dataset = compiled.dataset
    try:
        refused = ports.store.partition_keys(dataset.location).refused
    except GateError as error:
        log.warning("landing not compared dataset=%s why=%s", dataset.name, error)
        return
    for folder, why in refused:
        what = f"{dataset.location.root}/{folder} is never judged: {why}"
        yield Difference(dataset=dataset.name, partition_key=None, what=what)


def _of_outbox(ports: Ports) -> Iterator[Difference]:
    for entry in ports.ledger.unsent():
        what = f"message {entry.message.id[:12]} to {entry.message.channel} is not delivered yet ({entry.tries} tries)"
        about = ports.ledger.settlement(entry.message.attempt_id)
        dataset, key = (about.dataset, about.partition_key) if about else (entry.message.attempt_id, None)
        yield Difference(dataset=dataset, partition_key=key, what=what)


def _proof(settlement: Settlement) -> RowProof:
    return RowProof(
        dataset=settlement.dataset,
        partition_key=settlement.partition_key,
        outcome=settlement.outcome.value,
        rows_in=settlement.rows_in,
        rows_published=settlement.rows_published if settlement.outcome in VISIBLE else 0,
        rows_quarantined=settlement.rows_quarantined,
    )
