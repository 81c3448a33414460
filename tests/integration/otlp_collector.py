"""A collector of OpenTelemetry over real HTTP: it decodes what is sent, or refuses to answer."""

from __future__ import annotations

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple, Self

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Span(NamedTuple):
    """A span that arrived; ids are in hexadecimal, and `parent` is empty for a root."""

    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, str]
    is_error: bool
    status: str


class Point(NamedTuple):
    """One value of a metric: a number, or (count, sum) of a histogram."""

    attributes: dict[str, str]
    value: Any
    is_delta: bool


class Collector:
    """`with Collector() as collector:`; `collector.url` is the base of its addresses."""

    def __init__(self, *, status: int = 200) -> None:
        self.spans: list[Span] = []
        self.points: dict[str, list[Point]] = {}
        self.services: set[str] = set()
        self.bodies: list[bytes] = []
        self.status = status
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"collector": self}))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def named(self, name: str) -> Span:
        """The only span with this name."""
        (found,) = [each for each in self.spans if each.name == f"partition_gate.{name}"]
        return found

    def take(self, path: str, body: bytes) -> None:
        self.bodies.append(body)
        if path == "/v1/traces":
            self._take_spans(ExportTraceServiceRequest.FromString(body))
        else:
            self._take_metrics(ExportMetricsServiceRequest.FromString(body))

    def _take_spans(self, request: ExportTraceServiceRequest) -> None:
        for resource in request.resource_spans:
            self.services.add(_attributes(resource.resource.attributes)["service.name"])
            for each in (span for scope in resource.scope_spans for span in scope.spans):
                ids = (each.trace_id.hex(), each.span_id.hex(), each.parent_span_id.hex())
                failed = each.status.code == each.status.STATUS_CODE_ERROR
                self.spans.append(Span(each.name, *ids, _attributes(each.attributes), failed, each.status.message))

    def _take_metrics(self, request: ExportMetricsServiceRequest) -> None:
        scopes = (scope for resource in request.resource_metrics for scope in resource.scope_metrics)
        for metric in (metric for scope in scopes for metric in scope.metrics):
            kind = str(metric.WhichOneof("data"))
            own = getattr(metric, kind)
            is_delta = getattr(own, "aggregation_temporality", 0) == 1
            for point in own.data_points:
                is_histogram = kind.endswith("histogram")  # Airflow's are exponential
                value = (point.count, point.sum) if is_histogram else getattr(point, str(point.WhichOneof("value")))
                self.points.setdefault(metric.name, []).append(Point(_attributes(point.attributes), value, is_delta))

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    collector: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        if self.collector.status == 200:
            self.collector.take(self.path, body)
        self.send_response(self.collector.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing on the standard error."""


def _attributes(found: Any) -> dict[str, str]:
    return {each.key: each.value.string_value for each in found}
