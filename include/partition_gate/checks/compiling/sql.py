"""Compiles rules of `type: sql`: the query with its placeholders filled in, and the bounds of its result."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from partition_gate.checks.compiling.bounds import bounds_of
from partition_gate.checks.compiling.dialects import DUCKDB, quoted, translated, why_unknown
from partition_gate.checks.compiling.drafts import CannotExecute
from partition_gate.checks.counts import Bounds, Equals, SqlValue
from partition_gate.checks.expectations import Expectation
from partition_gate.contract.model import Dataset, Operator, SqlRule
from partition_gate.core.quoting import identifier

# Source: ODCS 3.1 ({object}, {property}), the example in its JSON Schema (${table}, ${column}), and other tools.
_OBJECT = frozenset({"object", "table", "schema", "model"})
_PROPERTY = frozenset({"property", "column", "field"})
_PLACEHOLDER = re.compile(r"""(?P<quote>["`]?)\$?\{\s*(?P<name>\w+)\s*\}(?P<published>_published\b)?(?P=quote)""")
_COUNT_ALL = re.compile(r"count\s*\(\s*\*\s*\)", re.IGNORECASE)
_RENAMES = re.compile(r"\*|\bcolumns\s*\(|\b(?:as\s+)?\w+\s*\(\s*\w+\s*(?:,\s*\w+\s*)+\)\s*(?:where|group|$|\))", re.I)


def compile_sql(rule: SqlRule, dataset: Dataset) -> tuple[Expectation, str, str]:
    """(expectation, expected, dimension). Raises: CannotExecute."""
    must = _must(rule.operator)
    query, origin = _in_duckdb(rule, dataset.name)
    names = tuple(column.name for column in dataset.columns)
    value = SqlValue(
        query=query,
        columns=_columns_read(query, names),
        reads_published=re.search(rf"\b{re.escape(dataset.name)}_published\b", query) is not None,
        must=must,
    )
    return value, f"{_sentence(must)}{origin}", "conformity"


def _in_duckdb(rule: SqlRule, dataset: str) -> tuple[str, str]:
    """(query in DuckDB's dialect, ` (translated from snowflake)` if it was translated)."""
    if rule.dialect is None or rule.dialect.lower() == DUCKDB:
        return _with_names(rule, dataset, identifier), ""
    if why := why_unknown(rule.dialect):
        raise CannotExecute(why)
    own = rule.dialect
    text = _with_names(rule, dataset, lambda name: quoted(name, own))
    try:
        return translated(text, own, tables=(dataset, f"{dataset}_published")), f" (translated from {own})"
    except CannotExecute:
        if not rule.dialect_is_assumed:
            raise
    return _with_names(rule, dataset, identifier), ""


def _with_names(rule: SqlRule, dataset: str, quote: Callable[[str], str]) -> str:
    """The query with its placeholders filled in."""
    return _PLACEHOLDER.sub(lambda placeholder: quote(_named(placeholder, rule, dataset)), rule.query).strip()


def _must(operator: Operator | None) -> Bounds | Equals:
    if operator is not None and operator.name in {"mustBe", "mustNotBe"} and len(operator.bounds) == 1:
        value = operator.bounds[0]
        if isinstance(value, bool | str):
            return Equals(value=value, negated=operator.name == "mustNotBe")
    return bounds_of(operator)


def _sentence(must: Bounds | Equals) -> str:
    if isinstance(must, Bounds):
        return f"the query returns {must.words}"
    return f"the query returns {'anything but ' if must.negated else ''}{must.value}"


def _named(placeholder: re.Match[str], rule: SqlRule, dataset: str) -> str:
    name = placeholder["name"].lower()
    if name in _OBJECT:
        return dataset + (placeholder["published"] or "")
    if name not in _PROPERTY:
        raise CannotExecute(f"{placeholder[0]} is not a placeholder; use {{object}} or {{property}}")
    if rule.column is None:
        raise CannotExecute(
            f"{placeholder[0]} names a column, but the rule is at object level; move it to the property"
        )
    return rule.column + (placeholder["published"] or "")


def _columns_read(query: str, names: Iterable[str]) -> tuple[str, ...]:
    """The columns that the query mentions; every column if the query can read columns without naming them."""
    text = _COUNT_ALL.sub("", query)
    if _RENAMES.search(text):
        return tuple(names)
    return tuple(name for name in names if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE))
