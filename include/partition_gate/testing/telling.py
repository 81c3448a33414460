"""Where events, spans and measurements of runs go, in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from partition_gate.core.errors import DeliveryError
from partition_gate.judging.attempt import Settlement
from partition_gate.watching.metrics import Family


class FakeRunEvents:
    """Stores the events that were emitted; if `error` is set, it is raised instead."""

    def __init__(self) -> None:
        self.is_wanted = True
        self.emitted: list[Mapping[str, Any]] = []
        self.error: DeliveryError | None = None

    def emit(self, events: Sequence[Mapping[str, Any]]) -> None:
        if self.error:
            raise self.error
        self.emitted += events


class FakeTelemetry:
    """Stores the steps that ended with their fields, and the settlements that were counted."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, Mapping[str, str]]] = []
        self.counted: list[Settlement] = []
        self.told: dict[str, Family] = {}
        self.is_wanted = True

    @contextmanager
    def step(self, name: str, fields: Callable[[], Mapping[str, str]]) -> Iterator[None]:
        try:
            yield
        finally:
            self.steps.append((name, fields()))

    @contextmanager
    def joined(self, run: str) -> Iterator[None]:  # noqa: ARG002 -- the port's
        yield

    def settled(self, settlement: Settlement) -> None:
        self.counted.append(settlement)

    def gauges(self, families: Iterable[Family]) -> None:
        self.told |= {each.name: each for each in families}
