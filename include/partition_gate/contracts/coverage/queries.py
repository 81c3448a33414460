"""Which queries of a contract DuckDB cannot plan, and what they are in its dialect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from partition_gate.checks.compiling.compiler import Compilation, table_schema
from partition_gate.checks.compiling.dialects import may_be_foreign, nearest_form
from partition_gate.checks.counts import SqlValue
from partition_gate.contract.model import Dataset, SqlRule
from partition_gate.core.table import TableSchema

WhyRefused = Callable[[TableSchema, str], str | None]


class UnplannedQuery(NamedTuple):
    """A rule (`clause`) whose query cannot run. `is_foreign`: it is valid in another dialect, and `why` has its form
    in DuckDB's; otherwise no dialect explains it.
    """

    clause: str
    why: str
    is_foreign: bool


def unplanned_queries(dataset: Dataset, compilation: Compilation, why_refused: WhyRefused) -> Iterator[UnplannedQuery]:
    """The queries of a dataset that DuckDB cannot plan over its columns. A dataset that is not run here has none."""
    if dataset.not_run or not any(isinstance(rule, SqlRule) for rule in dataset.rules):
        return
    table = table_schema(dataset)
    tables = (table.name, f"{table.name}_published")
    for check in compilation.suite.checks:
        if isinstance(check.expectation, SqlValue) and (why := why_refused(table, check.expectation.query)):
            query, found = check.expectation.query, None
            if may_be_foreign(why):
                found = nearest_form(query, tables, lambda text: why_refused(table, text) is None)
            yield UnplannedQuery(check.clause, f"{why}{_hint(found)}", found is not None)


def _hint(found: tuple[str, str] | None) -> str:
    if found is None:
        return ""
    dialect, query = found
    named = f"customProperties [{{property: dialect, value: {dialect}}}]"
    return f"; it is {dialect} SQL: add {named} to the rule, or write `{query}`"
