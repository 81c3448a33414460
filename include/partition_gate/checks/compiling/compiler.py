"""Compiles a contract to its suite and its table. No clause is dropped: each that is not compiled has a reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from partition_gate.checks.compiling.column import compile_clause
from partition_gate.checks.compiling.drafts import Documented, Draft, NotExecutable
from partition_gate.checks.compiling.nested import compile_inner
from partition_gate.checks.compiling.quality import compile_rule
from partition_gate.checks.compiling.service_levels import compile_service_level
from partition_gate.checks.expectations import (
    Check,
    FilesReadable,
    MatchesPartitionKey,
    References,
    ReferencesTogether,
    Suite,
    Unique,
    UniqueTogether,
)
from partition_gate.checks.values import NotNull
from partition_gate.contract.model import Column, CompoundForeignKey, Dataset, ForeignKey
from partition_gate.contract.nested_columns import published_type
from partition_gate.core.record import Record
from partition_gate.core.severity import Scope
from partition_gate.core.table import TableColumn, TableSchema

# Part of every idempotency key: increase it when the same contract would be judged differently.
RULES_VERSION = "5"


class Compilation(Record):
    """A suite, the clauses that cannot be executed, and the clauses that have nothing to check.

    `not_run` says why nothing of it is executed here (`server type postgres`); empty if it is. `elsewhere` are the
    parts of the contract, with everything in them, that are not in this environment.
    """

    suite: Suite
    not_executable: tuple[NotExecutable, ...]
    documented: tuple[Documented, ...] = ()
    not_run: str = ""
    elsewhere: tuple[Documented, ...] = ()


def compile_dataset(dataset: Dataset) -> Compilation:
    """The suite of a dataset: files first, then column clauses, keys, relationships, quality rules, service levels."""
    drafts = list(_drafts(dataset))
    checks = _with_ids(draft for draft in drafts if isinstance(draft, Draft))
    return Compilation(
        suite=Suite(
            contract=dataset.contract.id, version=dataset.contract.version, dataset=dataset.name, checks=tuple(checks)
        ),
        not_executable=tuple(draft for draft in drafts if isinstance(draft, NotExecutable)),
        documented=tuple(draft for draft in drafts if isinstance(draft, Documented)),
        not_run=dataset.not_run,
        elsewhere=tuple(Documented(clause=part.path, why=part.why) for part in dataset.elsewhere),
    )


def table_schema(dataset: Dataset) -> TableSchema:
    """The published table: every column of the contract, with the partition columns separate and in path order."""
    columns = {column.name: _table_column(column) for column in dataset.columns}
    segments = dataset.location.names
    return TableSchema(
        name=dataset.name,
        description=dataset.description,
        columns=tuple(column for name, column in columns.items() if name not in segments),
        partition_columns=tuple(
            columns.get(name, TableColumn(name=name, source=name, type="VARCHAR")) for name in segments
        ),
    )


def _drafts(dataset: Dataset) -> Iterator[Draft | NotExecutable | Documented]:
    yield _readable()
    for column in dataset.columns:
        yield from filter(None, (compile_clause(column, clause) for clause in column.clauses))
        yield from compile_inner(column)
    yield from _partition_key(dataset)
    yield from _primary_key(dataset.columns)
    for key in dataset.foreign_keys:
        yield _foreign_key(key)
    for compound in dataset.compound_foreign_keys:
        yield _compound_foreign_key(compound)
    yield from filter(None, (compile_rule(rule, dataset) for rule in dataset.rules))
    for sla in dataset.slas:
        yield from compile_service_level(sla, dataset)
    yield from (NotExecutable(clause=unread.path, why=unread.why) for unread in dataset.unread)


def _readable() -> Draft:
    return Draft(
        name="files.readable",
        clause="servers[0].format",
        expectation=FilesReadable(),
        dimension="conformity",
        scope=Scope.PARTITION,
        expected="every file is a readable Parquet file",
        description="Every file of the partition can be read to its end.",
    )


def _partition_key(dataset: Dataset) -> Iterator[Draft]:
    """Rows are published under the key of their file, so a partition column in the file must not contradict it."""
    segments = {segment.name for segment in dataset.location.segments}
    for column in dataset.columns:
        if column.name in segments:
            yield Draft(
                name=f"partition_key.{column.name}",
                clause=f"{column.path}.partitioned",
                expectation=MatchesPartitionKey(column=column.name),
                dimension="consistency",
                scope=Scope.ROW,
                expected=f"{column.name} in the files equals the partition key",
            )


def _primary_key(columns: Iterable[Column]) -> Iterator[Draft]:
    """Keys are unique as a tuple and their members are not null. Source: ODCS 3.1, primaryKey, primaryKeyPosition."""
    members = sorted((c for c in columns if _clause(c, "primaryKey")), key=_key_position)
    for column in members:
        if not _clause(column, "required"):
            yield Draft(
                name=f"{column.name}.primaryKey",
                clause=f"{column.path}.primaryKey",
                expectation=NotNull(column=column.name),
                dimension="completeness",
                scope=Scope.ROW,
                expected="no nulls in the key",
            )
    if members:
        names = tuple(column.name for column in members)
        yield Draft(
            name="primaryKey",
            clause=f"{members[0].path}.primaryKey",
            expectation=Unique(column=names[0]) if len(names) == 1 else UniqueTogether(columns=names),
            dimension="uniqueness",
            scope=Scope.ROW,
            expected=f"keys ({', '.join(names)}) are unique",
        )


def _foreign_key(key: ForeignKey) -> Draft:
    return Draft(
        name=f"{key.column}.in_{key.to_dataset}",
        clause=key.path,
        expectation=References(column=key.column, to_dataset=key.to_dataset, to_column=key.to_column),
        dimension="consistency",
        scope=Scope.ROW,
        expected=f"every value exists in {key.to_dataset}.{key.to_column}",
        severity=key.severity,
    )


def _compound_foreign_key(key: CompoundForeignKey) -> Draft:
    return Draft(
        name=f"{'+'.join(key.columns)}.in_{key.to_dataset}",
        clause=key.path,
        expectation=ReferencesTogether(columns=key.columns, to_dataset=key.to_dataset, to_columns=key.to_columns),
        dimension="consistency",
        scope=Scope.ROW,
        expected=f"every combination exists in {key.to_dataset} ({', '.join(key.to_columns)})",
        severity=key.severity,
    )


def _with_ids(drafts: Iterable[Draft]) -> Iterator[Check]:
    counts: dict[str, int] = {}
    for draft in drafts:
        count = counts[draft.name] = counts.get(draft.name, 0) + 1
        fields = {name: getattr(draft, name) for name in Draft.model_fields if name != "name"}
        yield Check(rule_id=draft.name if count == 1 else f"{draft.name}.{count}", **fields)


def _table_column(column: Column) -> TableColumn:
    return TableColumn(
        name=column.name,
        source=column.source,
        type=published_type(column),
        description=column.description,
        classified=column.classified,
        default=None if column.default is None else str(column.default),
    )


def _clause(column: Column, name: str) -> bool:
    return any(clause.name == name for clause in column.clauses)


def _key_position(column: Column) -> int:
    positions = [clause.value for clause in column.clauses if clause.name == "primaryKeyPosition"]
    return positions[0] if positions and isinstance(positions[0], int) else 0
