"""`/metrics` and `/health`: what monitoring systems ask of `gate console`.

Airflow's plugin does not have them (docs/adr/0075): whoever asks there must sign in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from partition_gate.alerts.dataset_problems import GATE
from partition_gate.core.diagnosis import Diagnosis, Health
from partition_gate.core.errors import GateError, LedgerUnusable
from partition_gate.gate.deadlines import LimitReached, within
from partition_gate.judging.documents import INTERFACE_VERSION
from partition_gate.ports.clock import Clock
from partition_gate.ports.ledger import Ledger
from partition_gate.watching.metrics import Family
from partition_gate.watching.vital_signs import ledger_unusable, vital_signs, worst

HEALTH_LIMIT_S = 5.0


class Monitored(Protocol):
    """What is asked. Both may be called from any thread."""

    def families(self) -> tuple[Family, ...]:
        """Every metric. Raises: LedgerUnusable."""

    def health(self) -> tuple[Diagnosis, ...]:
        """Whether the gate works, within a few seconds; it raises nothing."""


def monitoring(monitored: Monitored) -> APIRouter:
    """The two routes. They read the ledger only, and nobody has to sign in."""
    router = APIRouter()

    def metrics() -> Response:
        from partition_gate.adapters.prometheus import CONTENT_TYPE, exposition  # noqa: PLC0415 -- the extra `otel`

        try:
            return Response(exposition(monitored.families()), media_type=CONTENT_TYPE)
        except GateError as error:  # a scrape that fails is seen as `up == 0`; a page of HTML would be a parse error
            return Response(f"{error}\n", status_code=503, media_type="text/plain")

    def health() -> Response:
        document = health_document(monitored.health())
        return JSONResponse(document, status_code=503 if document["status"] == Health.FAILED else 200)

    router.add_api_route("/metrics", metrics)
    router.add_api_route("/health", health)
    return router


def health_document(diagnoses: tuple[Diagnosis, ...]) -> dict[str, object]:
    """The JSON of `/health` and of `gate health --json`."""
    checks = [each.model_dump(mode="json") for each in diagnoses]
    return {"interface_version": INTERFACE_VERSION, "status": worst(diagnoses).value, "checks": checks}


def examined(ledger: Callable[[], Ledger], clock: Clock, *, limit_s: float = HEALTH_LIMIT_S) -> tuple[Diagnosis, ...]:
    """The findings of a ledger: three small queries, that end within the limit."""

    def signs() -> tuple[Diagnosis, ...]:
        own = ledger()
        return vital_signs(own.heartbeat(), own.backlog(), own.incidents(GATE), now=clock.now())

    try:
        return within(limit_s, signs)
    except LimitReached:
        return ledger_unusable(f"no answer within {limit_s:g} s; check that its server runs, and the network")
    except LedgerUnusable as error:
        return ledger_unusable(str(error))
