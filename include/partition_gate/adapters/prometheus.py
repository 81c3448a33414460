"""Metrics in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from partition_gate.watching.metrics import PREFIX, Family, Kind

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


def exposition(families: Iterable[Family]) -> bytes:
    """The text that a Prometheus server scrapes, format 0.0.4; values of labels are escaped."""
    registry = CollectorRegistry()
    registry.register(_Collected([_metric(each) for each in families]))
    return generate_latest(registry)


class _Collected:
    """A collector whose metrics are there already."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        return iter(self._metrics)


def _metric(family: Family) -> Metric:
    name, kind, labels = f"{PREFIX}{family.name}", family.definition.kind, family.definition.labels
    meaning = family.definition.meaning
    if kind is Kind.SUMMARY:
        summary = SummaryMetricFamily(name, meaning, labels=labels)
        for each in family.samples:
            summary.add_metric(each.labels, count_value=each.observations, sum_value=each.value)
        return summary
    plain = CounterMetricFamily(name, meaning, labels=labels) if kind is Kind.COUNTER else None
    made = plain or GaugeMetricFamily(name, meaning, labels=labels)
    for each in family.samples:
        made.add_metric(each.labels, each.value)
    return made
