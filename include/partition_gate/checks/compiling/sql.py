"""Rules of `type: sql`: the query with its names filled in, and what its one value must be."""

from __future__ import annotations

import re
from collections.abc import Iterable

from partition_gate.checks.compiling.bounds import bounds_of
from partition_gate.checks.compiling.drafts import Unfit
from partition_gate.checks.counts import Bounds, Equals, SqlValue
from partition_gate.checks.expectations import Expectation
from partition_gate.contract.model import Dataset, Operator, SqlRule
from partition_gate.core.quoting import identifier

# Source: ODCS 3.1 ({object}, {property}), its JSON Schema's example (${table}, ${column}), and what other tools take.
_OBJECT = frozenset({"object", "table", "schema", "model"})
_PROPERTY = frozenset({"property", "column", "field"})
_PLACEHOLDER = re.compile(r"""(?P<quote>["`]?)\$?\{\s*(?P<name>\w+)\s*\}(?P<published>_published\b)?(?P=quote)""")
_COUNT_ALL = re.compile(r"count\s*\(\s*\*\s*\)", re.IGNORECASE)
_RENAMES = re.compile(r"\*|\bcolumns\s*\(|\b(?:as\s+)?\w+\s*\(\s*\w+\s*(?:,\s*\w+\s*)+\)\s*(?:where|group|$|\))", re.I)


def compile_sql(rule: SqlRule, dataset: Dataset) -> tuple[Expectation, str, str]:
    """The expectation, what it expects, and its dimension. Raises: Unfit."""
    must = _must(rule.operator)
    query = _PLACEHOLDER.sub(lambda found: _filled(found, rule, dataset.name), rule.query).strip()
    names = tuple(column.name for column in dataset.columns)
    value = SqlValue(
        query=query,
        columns=_columns_read(query, names),
        reads_published=re.search(rf"\b{re.escape(dataset.name)}_published\b", query) is not None,
        must=must,
    )
    return value, _sentence(must), "conformity"


def _must(operator: Operator | None) -> Bounds | Equals:
    if operator is not None and operator.name in {"mustBe", "mustNotBe"}:
        value = operator.bounds[0]
        if isinstance(value, bool | str):
            return Equals(value=value, negated=operator.name == "mustNotBe")
    return bounds_of(operator)


def _sentence(must: Bounds | Equals) -> str:
    if isinstance(must, Bounds):
        return f"the query returns {must.words}"
    return f"the query returns {'anything but ' if must.negated else ''}{must.value}"


def _filled(found: re.Match[str], rule: SqlRule, dataset: str) -> str:
    name = found["name"].lower()
    if name in _OBJECT:
        return identifier(dataset + (found["published"] or ""))
    if name not in _PROPERTY:
        raise Unfit(f"{found[0]} is no placeholder; use {{object}} or {{property}}")
    if rule.column is None:
        raise Unfit(f"{found[0]} names a column, and the rule stands at the object; move it under the property")
    return identifier(rule.column) + (found["published"] or "")


def _columns_read(query: str, names: Iterable[str]) -> tuple[str, ...]:
    """The columns that the query mentions; all of them where it can read a column without its name."""
    text = _COUNT_ALL.sub("", query)
    if _RENAMES.search(text):
        return tuple(names)
    return tuple(name for name in names if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE))
