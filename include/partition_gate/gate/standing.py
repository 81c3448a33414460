"""The standing version of a partition: the rows of its newest judged attempt that are published or in quarantine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import reduce
from pathlib import Path

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.errors import CannotAct, PartitionChanged
from partition_gate.core.partition import DataFile, Partition, Spooled
from partition_gate.core.record import Record, digest
from partition_gate.gate.spool import spool_folder
from partition_gate.judging.attempt import Publication, Settlement
from partition_gate.judging.disposition import FINAL, VISIBLE
from partition_gate.judging.replay import Assembled, Assembly, Change, Discard, Replay, RowPositions, hashed_columns
from partition_gate.ports import Ports


class Standing(Record):
    """The newest attempt that judged a partition, and what people did to its rows in quarantine since then.

    `fingerprint` identifies the landed files that the rows once came from, `replay` is how they came into the attempt
    (None: from landing).
    """

    settlement: Settlement
    fingerprint: str
    replay: Replay | None = None
    discards: tuple[Discard, ...] = ()

    @property
    def discarded(self) -> RowPositions:
        """The rows in quarantine that no longer count."""
        return reduce(RowPositions.union, (each.positions for each in self.discards), RowPositions())

    @property
    def landed_key(self) -> str:
        """The idempotency key of the landed files, under the contract by which the rows were judged."""
        return self.replay.landed_key if self.replay else self.settlement.idempotency_key

    @property
    def row_count(self) -> int:
        """How many rows are published or in quarantine."""
        return self.settlement.rows_published * (self.settlement.outcome in VISIBLE) + self.settlement.rows_quarantined

    @property
    def people(self) -> tuple[str, str]:
        """Who last replayed or discarded rows, and why; empty if nobody did."""
        by = self.replay or next(reversed(self.discards), None)
        return (by.who, by.why) if by else ("", "")

    def stands_for(self, landed: Partition) -> bool:
        """Whether somebody replayed or discarded rows of these very files: they alone no longer give this version."""
        return (self.replay is not None or bool(self.discards)) and self.fingerprint == landed.fingerprint


class Source(Record):
    """Rows that are judged again: whose, how they are changed, and when their files landed.

    `is_asked`: a person wants another version than the standing one; otherwise a run only repeats its judgement.
    `version`: the replaced version that comes back; None: the published rows are those that are visible.
    """

    standing: Standing
    change: Change
    arrived_at: datetime
    is_asked: bool = True
    version: Publication | None = None

    @property
    def sentence(self) -> str:
        """What is done, without any value of a row except those that the person's expressions contain."""
        return f"rolled back to {self.version.attempt_id}" if self.version else self.change.sentence


def standing_version(dataset: str, key: str, *, ports: Ports) -> Standing | None:
    """The standing version; None if the partition has no outcome, or was never judged.

    A run that judged nothing (missing, errored, superseded) does not change it.
    """
    if ports.ledger.outcome(dataset, key) is None:
        return None
    settled = newest_judged(ports.ledger.settlements(dataset, key))
    if settled is None:
        return None
    return _with_records(settled, ports)


def standing_of(attempt_id: str, ports: Ports) -> Standing:
    """What stood after an older attempt, with what people did to its rows in quarantine.

    Raises: CannotAct (the ledger does not have its settlement).
    """
    settled = ports.ledger.settlement(attempt_id)
    if settled is None:
        raise CannotAct(f"the ledger does not know how the attempt {attempt_id} ended")
    return _with_records(settled, ports)


def own_rows(settled: Settlement, visible: Publication | None) -> Publication | None:
    """The visible rows of the attempt; None if it published nothing, and so quarantined the whole partition.

    Raises: PartitionChanged (the visible version is another one).
    """
    if settled.outcome not in VISIBLE:
        return None
    if visible is None or visible.idempotency_key != settled.idempotency_key:
        where = f"{settled.dataset}/{settled.partition_key}"
        raise PartitionChanged(f"{where}: the visible version is not of attempt {settled.attempt_id}; run it again")
    return visible


def replayed_key(source: Source, contract_key: str) -> str:
    """The idempotency key of rows that are judged again; `contract_key` stands for landed files, contract and rules.

    A repeated judgement under the same contract keeps its key, so that a decision about it still holds.
    """
    standing, change = source.standing, source.change
    if not source.is_asked and standing.landed_key == contract_key:
        return standing.settlement.idempotency_key
    content = _file_digest(change.file) if change.file else ""
    how = [change.recover] if change.recover else []
    return digest([standing.settlement.attempt_id, contract_key, change.where, change.assignments, content, *how])


def undone(standing: Standing | None, landed: Partition) -> tuple[str, ...]:
    """What a run that judges landed files says about a replay that it replaces."""
    if standing is None or standing.replay is None:
        return ()
    files = "the landed files" if standing.fingerprint == landed.fingerprint else "new files"
    return (f"{files} replace what {standing.replay.who} replayed ({standing.replay.why})",)


@contextmanager
def assembled_rows(
    compiled: CompiledDataset, source: Source, attempt_id: str, *, ports: Ports
) -> Iterator[tuple[Spooled, Assembled]]:
    """The rows to judge in a private folder, as if they had landed.

    Raises:
        CannotAct: an expression or the corrected file cannot be used.
        PartitionChanged: the visible version is not the one that the ledger records.
    """
    with spool_folder(ports.spool_folder, attempt_id) as folder:
        settled = source.standing.settlement
        visible = ports.warehouse.current(compiled.table.name, settled.partition_key)
        assembly = _assembly(compiled, source, source.version or own_rows(settled, visible), folder, ports)
        into = folder / "assembled"
        into.mkdir()
        assembled = ports.rework.assemble(assembly, into=into)
        if source.is_asked and source.version is None and not assembled.rows_taken:
            raise CannotAct(f"{settled.dataset} {settled.partition_key}: no row in quarantine fits --where")
        over = visible.fence if visible else 0
        yield _spooled(source, assembled, folder), assembled.model_copy(update={"over": over})


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def newest_judged(settlements: Sequence[Settlement]) -> Settlement | None:
    """The last of these settlements that judged rows."""
    return next((settled for settled in reversed(settlements) if settled.outcome in FINAL), None)


def _with_records(settled: Settlement, ports: Ports) -> Standing:
    replay, attempt = ports.ledger.replay(settled.attempt_id), ports.ledger.attempt(settled.attempt_id)
    fingerprint = replay.fingerprint if replay else attempt.fingerprint if attempt else ""
    discards = ports.ledger.discards(settled.attempt_id)
    return Standing(settlement=settled, fingerprint=fingerprint, replay=replay, discards=discards)


def _assembly(
    compiled: CompiledDataset, source: Source, own: Publication | None, folder: Path, ports: Ports
) -> Assembly:
    settled, into = source.standing.settlement, folder / "quarantine"
    uri = settled.quarantine_uri
    if uri is None and settled.rows_quarantined:
        raise CannotAct(
            f"{settled.dataset} {settled.partition_key}: the rows that attempt {settled.attempt_id} quarantined were "
            "removed by age (GATE_KEEP_QUARANTINE_DAYS); land the partition's files again"
        )
    return Assembly(
        attempt_id=source.standing.settlement.attempt_id,
        rows=ports.warehouse.quarantined_file(uri, into=into) if uri else None,
        discarded=source.standing.discarded,
        published=ports.warehouse.published_files(own, into=folder / "published") if own else (),
        published_columns=own.columns if own else (),
        table=compiled.table,
        change=source.change,
        hashed=hashed_columns(compiled.table, compiled.published, ()),
    )


def _spooled(source: Source, assembled: Assembled, folder: Path) -> Spooled:
    settled = source.standing.settlement
    files = tuple(
        DataFile(path=name, etag="", size_bytes=path.stat().st_size, modified_at=source.arrived_at)
        for name, path in zip(assembled.sources, assembled.paths, strict=True)
    )
    partition = Partition(dataset=settled.dataset, key=settled.partition_key, files=files)
    return Spooled(partition=partition, folder=folder, paths=assembled.paths)
