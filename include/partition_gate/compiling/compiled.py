"""A contract with everything that is made from it: what one partition's journey needs."""

from __future__ import annotations

from collections.abc import Sequence

from partition_gate.compiling.compiler import RULES_VERSION, Compilation, compile_contract, table_schema
from partition_gate.compiling.versions import published_table, with_former_names
from partition_gate.contract.model import Contract
from partition_gate.contract.versions import in_force, in_todays_place
from partition_gate.judging.disposition import Policy
from partition_gate.masking import Masking, masking_of_files
from partition_gate.record import Record, digest
from partition_gate.suite.counts import SqlValue
from partition_gate.suite.document import suite_document
from partition_gate.suite.expectations import CompiledSuite, References, ReferencesTogether
from partition_gate.table import TableSchema


class CompiledContract(Record):
    """One version. `in_memory` says that no committed suite file stands behind it (a contract that is only tried).

    `table` is how its files are read and judged, `published` how its rows are published: the same columns, under the
    names and types of today's version. `earlier` are the versions before today's, oldest first.
    """

    contract: Contract
    compilation: Compilation
    suite: CompiledSuite
    table: TableSchema
    published: TableSchema
    in_memory: bool
    earlier: tuple[CompiledContract, ...] = ()

    @property
    def versions(self) -> tuple[CompiledContract, ...]:
        """All versions, oldest first; this one is the last."""
        return (*self.earlier, self)

    def in_force(self, key: str) -> CompiledContract:
        """The version that judges a partition. Raises: MalformedPartitionKey."""
        return self.versions[in_force([each.contract for each in self.versions], key)]

    @property
    def policy(self) -> Policy:
        limits = self.contract.limits
        return Policy(quarantine_limit=limits.quarantine_limit, shrink_limit=limits.shrink_limit)

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


def compiled(contract: Contract, earlier: Sequence[Contract] = ()) -> CompiledContract:
    """The contract compiled just now, in memory, with its earlier versions (oldest first)."""
    placed = [in_todays_place(each, contract) for each in earlier]
    newer = [(each, (*placed[i + 1 :], contract)) for i, each in enumerate(placed)]
    today = _compiled(contract, ())
    return today.model_copy(
        update={
            "published": with_former_names(today.published, contract, placed),
            "earlier": tuple(_compiled(each, after) for each, after in newer),
        }
    )


def _compiled(contract: Contract, newer: Sequence[Contract]) -> CompiledContract:
    compilation = compile_contract(contract)
    return CompiledContract(
        contract=contract,
        compilation=compilation,
        suite=CompiledSuite(suite=compilation.suite, document=suite_document(compilation.suite)),
        table=table_schema(contract),
        published=published_table(contract, newer),
        in_memory=True,
    )
