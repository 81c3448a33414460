"""Find every landed row again by its content: published, in quarantine, discarded, or changed by a replay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.display import counted
from partition_gate.core.errors import GateError
from partition_gate.core.partition import Partition
from partition_gate.core.record import Record
from partition_gate.gate.discover import landed_now
from partition_gate.gate.spool import spool_folder
from partition_gate.gate.standing import Standing, own_rows, standing_of, standing_version
from partition_gate.judging.attempt import Publication
from partition_gate.judging.replay import HashedColumn, RowHash, RowPositions, hashed_columns, hashed_in_files
from partition_gate.ports import Ports


class RowComparison(Record):
    """Whether the rows of a partition are those that landed; None if that could not be compared, `why` says why."""

    dataset: str
    partition_key: str
    is_equal: bool | None
    why: str = ""


class _NotComparable(Exception):
    """Why the rows of a partition cannot be compared with those that landed."""


def compare_rows(today: CompiledDataset, *, ports: Ports) -> Iterator[RowComparison]:
    """Compare each judged partition of a dataset, by key. Every file is read once.

    The rows are compared as sums of hashes of their columns in the published types, independent of order. Objects,
    lists and columns with a default are left out. What landing no longer has, or has again in another version, cannot
    be compared.
    """
    for outcome in ports.ledger.latest(today.dataset.name):
        key = outcome.partition_key
        try:
            standing = standing_version(today.dataset.name, key, ports=ports)
            if standing is None:
                continue
            landed, found = _sides(today.in_force(key), standing, ports)
            yield _comparison(outcome.dataset, key, landed == found, _difference(landed, found))
        except (_NotComparable, GateError) as error:
            yield _comparison(outcome.dataset, key, None, str(error))


def _sides(compiled: CompiledDataset, standing: Standing, ports: Ports) -> tuple[RowHash, RowHash]:
    """What landed (with the changes of replays), and what is there of it."""
    settled = standing.settlement
    with spool_folder(ports.spool_folder, settled.attempt_id) as folder:
        own = own_rows(settled, ports.warehouse.current(compiled.table.name, settled.partition_key))
        columns = hashed_columns(compiled.table, compiled.published, own.columns if own else ())
        found = _published(own, columns, folder / "published", ports)
        found += _quarantined(standing, columns, None, folder / settled.attempt_id, ports)
        root, changes = standing, RowHash()
        while root.replay is not None:
            changes += _change(root, settled.version)
            root = standing_of(root.replay.of_attempt, ports)
            found += _quarantined(root, columns, root.discarded, folder / root.settlement.attempt_id, ports)
        return _landed(compiled, root, columns, folder / "landed", ports) + changes, found


def _change(standing: Standing, version: str) -> RowHash:
    replay = standing.replay
    if replay is None or replay.hash_change == "0":
        return RowHash(rows=replay.rows_given - replay.rows_taken) if replay else RowHash()
    if standing.settlement.version != version:
        raise _NotComparable("rows were changed under another version of the contract")
    return RowHash(rows=replay.rows_given - replay.rows_taken, total=replay.hash_change)


def _landed(
    compiled: CompiledDataset, standing: Standing, columns: tuple[HashedColumn, ...], folder: Path, ports: Ports
) -> RowHash:
    landed = landed_now(compiled.dataset, standing.settlement.partition_key, ports=ports)
    if not isinstance(landed, Partition):
        raise _NotComparable("its files are no longer in landing")
    if landed.fingerprint != standing.fingerprint:
        raise _NotComparable("landing has other files than those that were judged")
    folder.mkdir()
    spooled = ports.store.spool(landed, folder)
    return ports.rework.hash_rows(spooled.paths, hashed_in_files(columns))


def _published(own: Publication | None, columns: tuple[HashedColumn, ...], folder: Path, ports: Ports) -> RowHash:
    if own is None or not own.rows:
        return RowHash()
    files = ports.warehouse.published_files(own, into=folder)
    return ports.rework.hash_rows(files, tuple((column.published, column.type) for column in columns))


def _quarantined(
    standing: Standing,
    columns: tuple[HashedColumn, ...],
    only: RowPositions | None,
    folder: Path,
    ports: Ports,
) -> RowHash:
    settled, uri = standing.settlement, standing.settlement.quarantine_uri
    if only is not None and not only.count:
        return RowHash()
    if settled.is_quarantine_removed:
        raise _NotComparable("its quarantined rows were removed by age")
    if uri is None:
        return RowHash()
    rows = ports.warehouse.quarantined_file(uri, into=folder)
    if rows is None:
        raise _NotComparable("its files could not be read")
    return ports.rework.hash_rows((rows,), hashed_in_files(columns), only=only)


def _difference(landed: RowHash, found: RowHash) -> str:
    if landed == found:
        return ""
    if landed.rows != found.rows:
        return f"{counted(landed.rows, 'row')} landed, but {found.rows:,} can be found"
    return "as many rows as landed were found, but not the same ones"


def _comparison(dataset: str, key: str, is_equal: bool | None, why: str) -> RowComparison:  # noqa: FBT001 -- a field
    return RowComparison(dataset=dataset, partition_key=key, is_equal=is_equal, why=why)
