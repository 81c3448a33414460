"""A contract with everything that is made from it: what one partition's journey needs."""

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
from partition_gate.contract.versions import in_force, in_todays_place
from partition_gate.core.masking import Masking, masking_of_files
from partition_gate.core.record import Record, digest
from partition_gate.core.table import TableSchema


class CompiledDataset(Record):
    """One version. `in_memory` says that no committed suite file stands behind it (a contract that is only tried).

    `table` is how its files are read and judged, `published` how its rows are published: the same columns, under the
    names and types of today's version. `earlier` are the versions before today's, oldest first.
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
        """What its contract says of itself."""
        return self.dataset.contract

    @property
    def versions(self) -> tuple[CompiledDataset, ...]:
        """All versions, oldest first; this one is the last."""
        return (*self.earlier, self)

    def in_force(self, key: str) -> CompiledDataset:
        """The version that judges a partition. Raises: MalformedPartitionKey."""
        return self.versions[in_force([each.dataset for each in self.versions], key)]

    @property
    def referenced_datasets(self) -> tuple[str, ...]:
        """Datasets that foreign keys point at, each once."""
        found = [check.expectation for check in self.suite.suite.checks]
        return tuple(dict.fromkeys(e.to_dataset for e in found if isinstance(e, References | ReferencesTogether)))

    @property
    def reads_published(self) -> bool:
        """Whether a rule compares the partition with what is published of its own dataset."""
        expectations = (check.expectation for check in self.suite.suite.checks)
        return any(isinstance(e, SqlValue) and e.reads_published for e in expectations)

    @property
    def masking(self) -> Masking:
        """Which columns of quarantined rows may be seen: those that a version reads and none classifies."""
        return masking_of_files(version.table for version in self.versions)

    @property
    def rules_version(self) -> str:
        """Changes when the same contract would be judged in another way, or its rows published as other types."""
        if self.published.held == self.table.held:
            return RULES_VERSION
        return f"{RULES_VERSION} {digest(self.published.held)}"


def compiled(dataset: Dataset, earlier: Sequence[Dataset] = ()) -> CompiledDataset:
    """The contract compiled just now, in memory, with its earlier versions (oldest first)."""
    placed = [in_todays_place(each, dataset) for each in earlier]
    newer = [(each, (*placed[i + 1 :], dataset)) for i, each in enumerate(placed)]
    today = _compiled(dataset, ())
    return today.model_copy(
        update={
            "published": with_former_names(today.published, dataset, placed),
            "earlier": tuple(_compiled(each, after) for each, after in newer),
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
    """A version and the days whose partitions it judges (ISO); None: from the beginning, until further notice."""

    version: str
    first_day: str | None
    last_day: str | None
    file: str
    columns: int
    checks: int


def versions_in_force(today: CompiledDataset) -> tuple[VersionInForce, ...]:
    """Every version, newest first. The oldest one judges everything before the second, whatever day it names."""
    starts = [None, *(each.dataset.limits.effective_from for each in today.versions[1:]), None]
    return tuple(
        VersionInForce(
            version=each.dataset.contract.version,
            first_day=str(start) if start else None,
            last_day=str(end - timedelta(days=1)) if end else None,
            file=each.dataset.contract.path,
            columns=len(each.dataset.columns),
            checks=len(each.suite.suite.checks),
        )
        for each, (start, end) in zip(today.versions, pairwise(starts), strict=True)
    )[::-1]
