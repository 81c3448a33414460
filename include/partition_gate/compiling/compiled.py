"""A contract with everything that is made from it: what one partition's journey needs."""

from __future__ import annotations

from partition_gate.compiling.compiler import RULES_VERSION, Compilation, compile_contract, table_schema
from partition_gate.contract.model import Contract
from partition_gate.judging.disposition import Policy
from partition_gate.record import Record
from partition_gate.suite.counts import SqlValue
from partition_gate.suite.document import suite_document
from partition_gate.suite.expectations import CompiledSuite, References, ReferencesTogether
from partition_gate.table import TableSchema


class CompiledContract(Record):
    """`in_memory` says that no committed suite file stands behind it (a contract that is only tried)."""

    contract: Contract
    compilation: Compilation
    suite: CompiledSuite
    table: TableSchema
    in_memory: bool

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
    def classified_columns(self) -> tuple[str, ...]:
        """Names whose values are hidden, in the table and in the files (quarantined rows keep the files' names)."""
        hidden = [column for column in self.contract.columns if column.classified]
        return tuple(dict.fromkeys(name for column in hidden for name in (column.name, column.source)))

    @property
    def rules_version(self) -> str:
        """Changes when the same contract would be judged in another way."""
        return RULES_VERSION


def compiled(contract: Contract) -> CompiledContract:
    """The contract compiled just now, in memory."""
    compilation = compile_contract(contract)
    return CompiledContract(
        contract=contract,
        compilation=compilation,
        suite=CompiledSuite(suite=compilation.suite, document=suite_document(compilation.suite)),
        table=table_schema(contract),
        in_memory=True,
    )
