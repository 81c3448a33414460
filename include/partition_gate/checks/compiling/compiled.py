"""A dataset of a contract and everything compiled from it: what a run needs to process a partition."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from partition_gate.checks.compiling.compiler import RULES_VERSION, Compilation, compile_dataset, table_schema
from partition_gate.checks.compiling.versions import published_table, with_former_names
from partition_gate.checks.counts import SqlValue
from partition_gate.checks.document import suite_document
from partition_gate.checks.expectations import CompiledSuite, References, ReferencesTogether
from partition_gate.contract.model import Dataset, Terms
from partition_gate.contract.versions import in_force, with_current_terms
from partition_gate.core.display import displayed
from partition_gate.core.errors import UnknownContract
from partition_gate.core.masking import Masking, masking_of_files
from partition_gate.core.record import Record, digest
from partition_gate.core.table import TableSchema


class CompiledDataset(Record):
    """One version. `in_memory`: the suite was compiled just now and is not committed (a contract that is being tried).

    `table` describes how its files are read and judged, `published` how its rows are published: the same columns, with
    the names and types of the current version. `earlier` are the versions before the current version, oldest first.
    """

    dataset: Dataset
    compilation: Compilation
    suite: CompiledSuite
    table: TableSchema
    published: TableSchema
    in_memory: bool
    earlier: tuple[CompiledDataset, ...] = ()

    @property
    def contract(self) -> Terms:
        """The terms of its contract."""
        return self.dataset.contract

    @property
    def versions(self) -> tuple[CompiledDataset, ...]:
        """All versions, oldest first; this version is the last."""
        return (*self.earlier, self)

    def in_force(self, key: str) -> CompiledDataset:
        """The version that judges a partition. Raises: MalformedPartitionKey."""
        return self.versions[in_force([version.dataset for version in self.versions], key)]

    def version(self, number: str) -> CompiledDataset:
        """One version by its number. Raises: UnknownContract."""
        known = {version.contract.version: version for version in self.versions}
        if number not in known:
            name = self.dataset.qualified_name
            raise UnknownContract(f"{name} has no version {displayed(number)}; it has {', '.join(known)}")
        return known[number]

    @property
    def referenced_datasets(self) -> tuple[str, ...]:
        """The distinct datasets that foreign keys reference."""
        expectations = [check.expectation for check in self.suite.suite.checks]
        references = [e for e in expectations if isinstance(e, References | ReferencesTogether)]
        return tuple(dict.fromkeys(reference.to_dataset for reference in references))

    @property
    def reads_published(self) -> bool:
        """Whether a rule compares the partition with the published rows of its own dataset."""
        expectations = (check.expectation for check in self.suite.suite.checks)
        return any(isinstance(e, SqlValue) and e.reads_published for e in expectations)

    @property
    def masking(self) -> Masking:
        """The visible columns of quarantined rows: columns that a version reads and that no version classifies."""
        return masking_of_files(version.table for version in self.versions)

    @property
    def hidden_columns(self) -> frozenset[str]:
        """The published columns whose values are never shown: this version, an earlier one or the current classifies
        them.
        """
        masking = self.masking
        return frozenset(
            column.name for column in self.published.columns if column.classified or masking.hides(column.source)
        )

    @property
    def rules_version(self) -> str:
        """Changes if the same contract would be judged differently, also by its environment, or its rows published with
        other types.
        """
        own = f" in {self.dataset.environment}" if self.dataset.has_own_suite else ""
        if self.published.stored_columns == self.table.stored_columns:
            return f"{RULES_VERSION}{own}"
        return f"{RULES_VERSION}{own} {digest(self.published.stored_columns)}"


def compiled(dataset: Dataset, earlier: Sequence[Dataset] = ()) -> CompiledDataset:
    """The dataset, compiled in memory, with its earlier versions (oldest first)."""
    versions = [with_current_terms(version, dataset) for version in earlier]
    with_newer = [(version, (*versions[i + 1 :], dataset)) for i, version in enumerate(versions)]
    current = _compiled(dataset, ())
    return current.model_copy(
        update={
            "published": with_former_names(current.published, dataset, versions),
            "earlier": tuple(_compiled(version, newer) for version, newer in with_newer),
        }
    )


def _compiled(dataset: Dataset, newer: Sequence[Dataset]) -> CompiledDataset:
    compilation = compile_dataset(dataset)
    return CompiledDataset(
        dataset=dataset,
        compilation=compilation,
        suite=CompiledSuite(suite=compilation.suite, document=suite_document(compilation.suite)),
        table=table_schema(dataset),
        published=published_table(dataset, newer),
        in_memory=True,
    )


class VersionInForce(Record):
    """A version of a dataset and the first and last day (ISO) of the partitions that it judges; None: unbounded."""

    dataset: str
    version: str
    first_day: str | None
    last_day: str | None
    file: str
    columns: int
    checks: int


def versions_in_force(current: CompiledDataset) -> tuple[VersionInForce, ...]:
    """Every version, newest first. The oldest judges everything before the second, whatever its `effectiveFrom`."""
    starts = [None, *(version.dataset.limits.effective_from for version in current.versions[1:]), None]
    return tuple(
        VersionInForce(
            dataset=current.dataset.name,
            version=version.dataset.contract.version,
            first_day=str(start) if start else None,
            last_day=str(end - timedelta(days=1)) if end else None,
            file=version.dataset.contract.path,
            columns=len(version.dataset.columns),
            checks=len(version.suite.suite.checks),
        )
        for version, (start, end) in zip(current.versions, pairwise(starts), strict=True)
    )[::-1]
