"""The Delta log of one table: what is visible, and the one commit that replaces a partition.

Finding a publication needs no history: every published partition has at least one file (an empty one if no row passed),
named after its attempt. `_publications/<attempt_id>.json`, written before the commit, holds what the attempt published.
The log's application transactions hold the fence and the commit number of each partition and survive checkpoints. So
`publication` costs one load of the table and one small read. Measured on a local disk: loading takes 4 ms at 400
partitions and 16 ms at 2,000, whatever the number of commits, because a checkpoint is written every 20 commits (with
the default of 100, loading varies between 5 and 36 ms).
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import unquote

from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

from partition_gate.adapters.storage import Storage, StoredFile, translating_errors
from partition_gate.adapters.tables import keys
from partition_gate.adapters.warehouse_delta import layout
from partition_gate.adapters.warehouse_delta.table_schema import added_fields, delta_schema, widened
from partition_gate.core.errors import OperatorError, TableUnreadable
from partition_gate.core.record import canonical_json
from partition_gate.core.table import TableSchema
from partition_gate.judging.attempt import Publication

CONFIGURATION = {"delta.checkpointInterval": "20"}
_NO_RETRY = CommitProperties(max_commit_retries=0)


class _Loaded(NamedTuple):
    """A state, and the options with which it was loaded: it keeps its credentials, which may be renewed meanwhile."""

    log: DeltaTable
    options: dict[str, str]


class TableLogs:
    """The newest states of tables during one run. Loading a table again reads only its new commits, and nothing if
    there are none: commits are numbered without gaps.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        # Per thread: updating a state changes it in place, and another thread may be about to commit on top of it.
        self._loaded = threading.local()

    def load(self, table: str) -> DeltaTable | None:
        """As `load`. A state that the same thread loaded earlier is updated in place."""
        loaded: dict[str, _Loaded] = self._loaded.__dict__
        options = self._storage.options
        known = loaded.pop(table, None)
        log = known.log if known and known.options == options and self._update(known.log, table) else None
        if log is None:
            log = load(self._storage, table)
        if log is not None:
            loaded[table] = _Loaded(log, options)
        return log

    def _update(self, log: DeltaTable, table: str) -> bool:
        """Whether the update succeeded."""
        try:
            if self._storage.find(f"{table}/_delta_log/{log.version() + 1:020d}.json") is not None:
                log.update_incremental()
        except (DeltaError, OSError):  # loading the whole table reports why
            return False
        return True


def load(storage: Storage, table: str) -> DeltaTable | None:
    """The newest state of a table; None if it was never published.

    Raises:
        TableUnreadable: its log is broken.
    """
    with translating_errors(storage.uri(table), right="s3:ListBucket and s3:GetObject"):
        try:
            return DeltaTable(storage.uri(table), storage_options=storage.options or None)
        except TableNotFoundError:
            return None
        except DeltaError as error:
            raise TableUnreadable(
                f"{storage.uri(table)}: its _delta_log cannot be read ({_kind(error)}); restore the log from a backup, "
                "or move the table's folder away and run its partitions again"
            ) from error


def fence(log: DeltaTable, table: str, partition_key: str) -> int | None:
    """The greatest fence that was committed for a partition."""
    newest: int | None = log.transaction_version(_application(table, partition_key))
    return newest


def visible_paths(log: DeltaTable) -> list[str]:
    """The data files of the loaded state, relative to the table's root, with their unencoded names."""
    paths = map(str, log.get_add_actions().column("path").to_pylist())
    # Few names are encoded, and a table may have 100,000: a call for each of them took most of the time.
    return [unquote(path) if "%" in path else path for path in paths]


def partition_paths(log: DeltaTable, partition_key: str) -> list[str]:
    """The visible files of one partition; all belong to one attempt."""
    folder = layout.folder(log.metadata().partition_columns, partition_key)
    return [path for path in visible_paths(log) if path.startswith(folder) and "/" not in path[len(folder) :]]


def publication(storage: Storage, log: DeltaTable, table: str, partition_key: str) -> Publication | None:
    """The visible version of a partition; None also if this table cannot have such a key.

    Raises:
        OperatorError: the publication record was removed.
    """
    if not keys.has_partition(log.metadata().partition_columns, partition_key):
        return None
    path = next(iter(partition_paths(log, partition_key)), None)
    return None if path is None else read_publication(storage, log, table, path)


def read_publication(storage: Storage, log: DeltaTable, table: str, path: str) -> Publication:
    """The publication of a visible file."""
    record = f"{table}/{layout.record_path(layout.attempt_of(path))}"
    content = storage.get(record)
    if content is None:
        raise OperatorError(
            f"{storage.uri(record)}: the publication record of {path} is missing; "
            f"restore it from the field `partition_gate` in the commits of {storage.uri(table)}/_delta_log"
        )
    version = log.transaction_version(_commit_number(table, layout.partition_key_of(path)))
    return Publication.model_validate({**json.loads(content), "table_version": version})


def commit(
    storage: Storage,
    log: DeltaTable | None,
    table: TableSchema,
    *,
    publication: Publication,
    files: Sequence[tuple[StoredFile, int]],
    values: dict[str, str | None],
) -> Publication:
    """Replace the partition with these files (each with its row count) in one commit directly on the loaded state.

    Nothing is rewritten: the partition's old files are removed and the staged ones added by name. Any commit in
    between makes it fail, even of another partition, because the record contains its own commit number.

    Raises:
        DeltaError: another writer committed first, or the result is unknown: load the table again and check.
    """
    published = publication.model_copy(update={"table_version": 0 if log is None else log.version() + 1})
    storage.put(f"{table.name}/{layout.record_path(published.attempt_id)}", _record(published))
    added = [_addition(table, file, rows=rows, values=values) for file, rows in files]
    with translating_errors(storage.uri(table.name)):
        if log is None:
            _create(storage, table, added, published)
        else:
            _replace(log, widened(table, log.schema()), added, published)
    return published


def remove(storage: Storage, log: DeltaTable, table: TableSchema, publication: Publication, *, why: str) -> int:
    """Remove the visible files of a partition in one commit directly on the loaded state; the commit's number.

    The partition's fence stays in the log. Raises: DeltaError (as `commit`).
    """
    key, now_ms = publication.partition_key, int(time.time() * 1000)
    values, columns = keys.values_of(table, key), log.metadata().partition_columns
    removals: list[AddAction | RemoveAction] = [
        RemoveAction(path, True, now_ms, None, values)  # noqa: FBT003 -- positional in the class
        for path in partition_paths(log, key)
    ]
    removed = {"removed": publication.attempt_id, "partition_key": key, "why": why}
    properties = CommitProperties(custom_metadata={"partition_gate": canonical_json(removed)}, max_commit_retries=0)
    with translating_errors(storage.uri(table.name)):
        version = int(log.version()) + 1
        log.create_write_transaction(removals, "append", log.schema(), columns, commit_properties=properties)
    return version


def evolve(storage: Storage, log: DeltaTable, table: TableSchema) -> bool:
    """Add the contract's missing columns as nullable, or widen types, in one commit; whether a commit was made.

    After a commit, load the table and call this again. A table without partitions is widened by the commit that
    replaces it. Files of other partitions keep their narrower type until they are published again; Delta readers and
    the consumers' view widen it.

    Raises:
        ContractError: a column's type cannot hold its old values.
        DeltaError: another writer committed first.
    """
    partitioned_by = log.metadata().partition_columns
    if missing := added_fields(table, log.schema(), partitioned_by):
        with translating_errors(storage.uri(table.name)):
            log.alter.add_columns(missing)
        return True
    schema = widened(table, log.schema())
    if partitioned_by and schema != log.schema():
        with translating_errors(storage.uri(table.name)):
            # Overwriting no partition is the only call that sets a schema and keeps every file.
            _write(log, [], schema, overwrite=[(partitioned_by[0], "in", [])], properties=_NO_RETRY)
        return True
    return False


def removed_since(storage: Storage, log: DeltaTable, table: str, moment: datetime) -> set[str]:
    """Files removed by commits at or after `moment`, read from the newest commit back to the first older or cleaned
    one.
    """
    removed: set[str] = set()
    for version in range(log.version(), -1, -1):
        content = storage.get(f"{table}/_delta_log/{version:020d}.json")
        actions = [json.loads(line) for line in (content or b"").decode().splitlines() if line]
        committed_ms = [action["commitInfo"]["timestamp"] for action in actions if "commitInfo" in action]
        if min(committed_ms, default=0) < moment.timestamp() * 1000:
            break
        removed |= {unquote(action["remove"]["path"]) for action in actions if "remove" in action}
    return removed


def _kind(error: DeltaError) -> str:
    """The first line of Delta's message without quoted values."""
    return re.sub(r"'[^']*'|\"[^\"]*\"", "...", str(error).partition("\n")[0])


def _create(storage: Storage, table: TableSchema, added: list[AddAction], published: Publication) -> None:
    create_table_with_add_actions(
        storage.uri(table.name),
        delta_schema(table),
        added,
        mode="error",
        partition_by=list(keys.names(table)),
        name=table.name,
        description=table.description or None,
        configuration=CONFIGURATION,
        storage_options=storage.options or None,
        commit_properties=_properties(published),
    )


def _replace(log: DeltaTable, schema: Schema, added: list[AddAction], published: Publication) -> None:
    properties = _properties(published)
    if schema != log.schema():  # a table without partitions: all its files are replaced, so none keeps the old type
        _write(log, [*added], schema, overwrite=None, properties=properties)
        return
    old = partition_paths(log, published.partition_key)
    now_ms = int(time.time() * 1000)
    removals = [RemoveAction(path, True, now_ms, None, dict(added[0].partition_values)) for path in old]  # noqa: FBT003 -- positional in the class
    columns = log.metadata().partition_columns
    log.create_write_transaction([*removals, *added], "append", schema, columns, commit_properties=properties)


def _write(
    log: DeltaTable,
    actions: list[AddAction | RemoveAction],
    schema: Schema,
    *,
    overwrite: Any,
    properties: CommitProperties,
) -> None:
    """One commit that sets the schema. `overwrite` selects the partitions that the actions replace; None: all."""
    columns = log.metadata().partition_columns
    log.create_write_transaction(
        actions, "overwrite", schema, columns, partition_filters=overwrite, commit_properties=properties
    )


def _addition(table: TableSchema, file: StoredFile, *, rows: int, values: dict[str, str | None]) -> AddAction:
    return AddAction(
        path=file.path.removeprefix(f"{table.name}/"),
        size=file.size_bytes,
        partition_values=values,
        modification_time=int(file.modified_at.timestamp() * 1000),
        data_change=True,
        stats=json.dumps({"numRecords": rows}),
    )


def _properties(published: Publication) -> CommitProperties:
    key = (published.table, published.partition_key)
    return CommitProperties(
        custom_metadata={"partition_gate": canonical_json(published)},
        max_commit_retries=0,
        app_transactions=[
            Transaction(_application(*key), published.fence),
            Transaction(_commit_number(*key), published.table_version),
        ],
    )


def _record(published: Publication) -> bytes:
    return canonical_json(published.model_dump(mode="json", exclude={"table_version"})).encode()


def _application(table: str, partition_key: str) -> str:
    return f"gate/{table}/{partition_key}"


def _commit_number(table: str, partition_key: str) -> str:
    return f"gate/{table}/{partition_key}@version"
