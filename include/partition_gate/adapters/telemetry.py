"""Spans and measurements by OpenTelemetry: through the providers of the process, or to a collector of our own.

Airflow sets providers where `[metrics] otel_on` and `[traces] otel_on` say so, and they win: its exporters, endpoints
and service names hold for our metrics, too. Otherwise `endpoint` names a collector that speaks OTLP over HTTP. Headers,
certificates, sampling and the names of the service come from OpenTelemetry's own `OTEL_` variables.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from opentelemetry import context, metrics, trace
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags

from partition_gate import __version__
from partition_gate.gate.deadlines import LimitReached, within
from partition_gate.judging.attempt import Settlement
from partition_gate.watching.metrics import PREFIX, Family, Kind

NAME = "partition_gate"
LIMIT_S = 3.0
_BOUNDS_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
# Processes are short, so a sum since their beginning says nothing: the collector adds up what each of them reports.
_DELTA: dict[type, AggregationTemporality] = {
    Counter: AggregationTemporality.DELTA,
    Histogram: AggregationTemporality.DELTA,
}


class OpenTelemetry:
    """The `Telemetry` port. `endpoint` is the base URL of a collector; empty: only the process's own providers count.

    Delivery goes on in the background; `close` waits for it at most `limit_s`.
    """

    def __init__(self, endpoint: str, *, limit_s: float = LIMIT_S) -> None:
        self._limit_s, self._own = limit_s, list[MeterProvider | TracerProvider]()
        base = endpoint.rstrip("/")
        meters, tracers = metrics.get_meter_provider(), trace.get_tracer_provider()
        if base and not isinstance(meters, MeterProvider):
            meters = self._meters(f"{base}/v1/metrics")
        if base and not isinstance(tracers, TracerProvider):
            tracers = self._tracers(f"{base}/v1/traces")
        self._meter_provider, self._tracer = meters, tracers.get_tracer(NAME, __version__)
        self._meter = meter = meters.get_meter(NAME, __version__)
        self._attempts = meter.create_counter(f"{PREFIX}attempts")
        self._rows = meter.create_counter(f"{PREFIX}rows")
        self._seconds = meter.create_histogram(
            f"{PREFIX}step_seconds", unit="s", explicit_bucket_boundaries_advisory=_BOUNDS_S
        )
        self._gauges: dict[str, Any] = {}

    @property
    def is_wanted(self) -> bool:
        return isinstance(self._meter_provider, MeterProvider)

    @contextmanager
    def step(self, name: str, fields: Callable[[], Mapping[str, str]]) -> Iterator[None]:
        began = time.monotonic()
        # The text of an exception may hold values of rows, so only its type is told.
        with self._tracer.start_as_current_span(
            f"{NAME}.{name}", record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except BaseException as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise
            finally:
                known = fields()
                span.set_attributes({f"{NAME}.{field}": value for field, value in known.items()})
                labels = {"step": name, "dataset": known.get("dataset", "")}
                self._seconds.record(time.monotonic() - began, labels)

    @contextmanager
    def joined(self, run: str) -> Iterator[None]:
        if not run or trace.get_current_span().get_span_context().is_valid:
            yield
            return
        token = context.attach(trace.set_span_in_context(NonRecordingSpan(_root(run))))
        try:
            yield
        finally:
            context.detach(token)

    def settled(self, settlement: Settlement) -> None:
        own = {"dataset": settlement.dataset}
        self._attempts.add(1, {**own, "outcome": settlement.outcome.value})
        self._rows.add(settlement.rows_published, {**own, "state": "published"})
        self._rows.add(settlement.rows_quarantined, {**own, "state": "quarantined"})

    def gauges(self, families: Iterable[Family]) -> None:
        for family in families:
            if family.definition.kind is Kind.GAUGE:
                instrument = self._gauges.get(family.name) or self._meter.create_gauge(f"{PREFIX}{family.name}")
                self._gauges[family.name] = instrument
                for sample in family.samples:
                    instrument.set(sample.value, dict(zip(family.definition.labels, sample.labels, strict=True)))

    def close(self) -> None:
        """Deliver what waits, as far as the limit allows. The process's own providers stay open."""
        with suppress(LimitReached):
            within(self._limit_s, self._end)

    def _end(self) -> None:
        if isinstance(self._meter_provider, MeterProvider) and self._meter_provider not in self._own:
            self._meter_provider.force_flush(timeout_millis=self._limit_s * 1000)
        for provider in self._own:
            provider.shutdown()

    def _meters(self, endpoint: str) -> MeterProvider:
        # Only here: in Airflow, whose own exporter counts, every task would import it in vain.
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415

        exporter = OTLPMetricExporter(endpoint=endpoint, timeout=self._limit_s, preferred_temporality=_DELTA)
        reader = PeriodicExportingMetricReader(exporter)
        provider = MeterProvider([reader], resource=_resource(), shutdown_on_exit=False)
        self._own.append(provider)
        return provider

    def _tracers(self, endpoint: str) -> TracerProvider:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 -- as above

        provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=self._limit_s)))
        self._own.append(provider)
        return provider


def _root(run: str) -> SpanContext:
    """The same for every process of a run. Nobody reports this span itself: it only holds the others together."""
    digest = hashlib.sha256(run.encode()).digest()
    trace_id, span_id = int.from_bytes(digest[:16]), int.from_bytes(digest[16:24])
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _resource() -> Resource:
    own = Resource.create({"service.name": "partition-gate", "service.version": __version__})
    return own.merge(OTELResourceDetector().detect())
