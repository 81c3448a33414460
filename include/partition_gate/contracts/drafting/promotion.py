"""Turns an anomaly into a rule of the contract, as lines inserted into its file. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal

from partition_gate.contract.model import Dataset
from partition_gate.core.errors import CannotAct
from partition_gate.core.strict_yaml.reading import Document, load_document
from partition_gate.judging.anomalies import Anomaly, Metric

_BY_HAND = "write this rule by hand:"


def with_rule(text: str, anomaly: Anomaly, dataset: Dataset, *, threshold: float) -> str:
    """The contract file with a rule that warns where the figure would be an anomaly; every other line is unchanged.

    The bounds are those of the anomaly, not the lowest and highest of its few earlier values: of 12 values, two of 13
    usual partitions would be outside.

    Raises:
        CannotAct: no clause can promise the figure, the rule exists, or the place is written in `{...}` or `[...]`.
    """
    lines = _rule(anomaly, threshold)
    place = _place(anomaly, dataset)
    if any(rule.id == _id(anomaly) for rule in dataset.rules):
        raise CannotAct(f"the contract already has the rule {_id(anomaly)}; change its bounds in the file")
    document = load_document(text, path=dataset.contract.path)
    at, inserted = _insertion(text.splitlines(), document, place, lines)
    before = text.splitlines(keepends=True)
    ending = "\r\n" if before[at - 1].endswith("\r\n") else "\n"
    if not before[at - 1].endswith("\n"):
        before[at - 1] += ending
    return "".join((*before[:at], *(f"{line}{ending}" for line in inserted), *before[at:]))


def _rule(anomaly: Anomaly, threshold: float) -> list[str]:
    """The rule as YAML, without indentation."""
    if anomaly.metric not in _CLAUSES:
        raise CannotAct("the arrival is promised by the clause `latency`; change its value in the contract")
    described = anomaly.sentence.split("; ", maxsplit=1)[1].replace("'", "''")
    clause = _CLAUSES[anomaly.metric](anomaly, *anomaly.limits(threshold))
    return [f"- id: {_id(anomaly)}", *(f"  {line}" for line in clause), f"  description: 'As usual: {described}.'"]


def _of_rows(_anomaly: Anomaly, low: float, high: float) -> list[str]:
    return ["metric: rowCount", f"mustBeBetween: [{math.floor(low)}, {math.ceil(high)}]", "severity: warning"]


def _of_nulls(anomaly: Anomaly, low: float, high: float) -> list[str]:
    """Only the side of the anomaly is bounded."""
    bound = f"mustBeLessThan: {_plain(100 * high)}" if anomaly.z > 0 else f"mustBeGreaterThan: {_plain(100 * low)}"
    return ["metric: nullValues", bound, "unit: percent", "severity: warning"]


def _of_distinct(_anomaly: Anomaly, low: float, high: float) -> list[str]:
    return _sql("count(DISTINCT {property}) / count({property})", low, high)


def _of_mean(_anomaly: Anomaly, low: float, high: float) -> list[str]:
    return _sql("avg({property})", low, high)


def _sql(figure: str, low: float, high: float) -> list[str]:
    query = " ".join(("query: SELECT", figure, "FROM {object}"))
    return ["type: sql", query, f"mustBeBetween: [{_plain(low)}, {_plain(high)}]", "severity: warning"]


_CLAUSES: dict[Metric, Callable[[Anomaly, float, float], list[str]]] = {
    Metric.ROWS: _of_rows,
    Metric.NULL_SHARE: _of_nulls,
    Metric.DISTINCT_SHARE: _of_distinct,
    Metric.MEAN: _of_mean,
}


def _id(anomaly: Anomaly) -> str:
    name = f"{anomaly.column or ''} {anomaly.metric.value} as usual"
    return re.sub(r"\W+", "_", name.strip()).strip("_")


def _plain(number: float) -> str:
    """Six digits without an exponent, which YAML would read as text."""
    return f"{Decimal(f'{number:.6g}'):f}"


def _place(anomaly: Anomaly, dataset: Dataset) -> str:
    """Where the rule belongs: the dataset's schema, or the column's property."""
    if anomaly.column is None:
        return dataset.path
    return next(column.path for column in dataset.columns if column.name == anomaly.column)


def _insertion(lines: list[str], document: Document, place: str, rule: list[str]) -> tuple[int, list[str]]:
    """(the number of lines before the new ones, the new lines): below `quality`, or with it below the name."""
    quality, first = document.lines.get(f"{place}.quality"), document.lines.get(f"{place}.quality[0]")
    if quality is not None and first is not None:
        item = re.match(r"( *)- ", lines[first - 1])
        if first == quality or item is None:
            raise CannotAct("\n".join((f"{place}.quality is not written as one line for each rule; {_BY_HAND}", *rule)))
        return quality, [f"{item[1]}{line}" for line in rule]
    named = document.lines.get(f"{place}.name")
    head = re.fullmatch(r"(?P<indent>[ -]*)name:\s+[^{}\[\]|>]+", lines[named - 1]) if named and not quality else None
    if named is None or head is None:
        raise CannotAct("\n".join((f"{place} is not written as one line for each key; {_BY_HAND}", *rule)))
    indent = " " * len(head["indent"])
    return named, [f"{indent}quality:", *(f"{indent}  {line}" for line in rule)]
