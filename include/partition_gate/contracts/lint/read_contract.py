"""Lint rules that need the parsed contract and information from outside the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from partition_gate.checks.compiling.compiler import Compilation
from partition_gate.checks.counts import Equals, SqlValue
from partition_gate.contract.model import Contract, Dataset
from partition_gate.contracts.compatibility.changes import compare, contract_version
from partition_gate.contracts.coverage.clauses import NOT_RUN, Treatment, cover
from partition_gate.contracts.coverage.queries import unplanned_queries
from partition_gate.contracts.lint.view import Known, Problem
from partition_gate.core.display import listed
from partition_gate.core.finding import Level
from partition_gate.core.strict_yaml.reading import Document

UNCHECKED = "this clause is not checked against the data"


class ReadContract(NamedTuple):
    """A contract that could be read, and what each of its datasets compiles to: once, for all rules."""

    contract: Contract
    compilations: tuple[Compilation, ...]

    @property
    def datasets(self) -> tuple[tuple[Dataset, Compilation], ...]:
        """Each dataset with its compilation."""
        return tuple(zip(self.contract.datasets, self.compilations, strict=True))


def not_executable(document: Document, read: ReadContract, _known: Known) -> Iterator[Problem]:
    """Every clause is executed, or only informs readers."""
    for row in cover(document, read.compilations):
        if row.treatment is Treatment.NOT_EXECUTABLE and not row.by.startswith(NOT_RUN):  # readable-server says it once
            yield Problem(row.clause, f"{UNCHECKED}: {row.by}")


def sql_query(_document: Document, read: ReadContract, known: Known) -> Iterator[Problem]:
    """A query is a single SELECT that DuckDB can run over the columns of its schema object (a warning if it is one in
    another dialect, which is shown in DuckDB's).
    """
    for dataset, compilation in read.datasets:
        for found in unplanned_queries(dataset, compilation, known.why_refused) if known.why_refused else ():
            what = f"{UNCHECKED}: {found.why}" if found.is_foreign else found.why
            yield Problem(f"{found.clause}.query", what, Level.WARNING if found.is_foreign else None)


def masked_text(_document: Document, read: ReadContract, _known: Known) -> Iterator[Problem]:
    """If a column is classified, queries return a number or a boolean, because text would be masked."""
    for dataset, compilation in read.datasets:
        yield from _masked_text(dataset, compilation)


def _masked_text(dataset: Dataset, compilation: Compilation) -> Iterator[Problem]:
    classified = [column.name for column in dataset.columns if column.classified]
    for check in compilation.suite.checks if classified else ():
        if isinstance(check.expectation, SqlValue) and _is_text(check.expectation):
            what = f"this query returns text, which is shown as a keyed hash because {classified[0]!r} is classified"
            yield Problem(f"{check.clause}.query", f"{what}; return a number or a boolean to see the result")


def _is_text(query: SqlValue) -> bool:
    return isinstance(query.must, Equals) and isinstance(query.must.value, str)


def version_rise(document: Document, _read: ReadContract, known: Known) -> Iterator[Problem]:
    """A change since the approved version (HEAD, or --since) raises the version; a breaking change, the major part."""
    if known.before is None:
        return
    comparison = compare(known.before, contract_version(document.mapping, label="this file"))
    rule = comparison.version_rule
    if not rule.ok:
        breaking = [f"{change.path} ({change.kind})" for change in comparison.changes if change.breaks]
        what = f"{rule.sentence}{_first(breaking)}; `gate diff` shows each change"
        yield Problem("version", what, None if breaking else Level.WARNING)


def _first(breaking: list[str]) -> str:
    return f" (breaking: {listed(breaking, 3)})" if breaking else ""
