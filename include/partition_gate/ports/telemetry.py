"""Traces and metrics of runs, for monitoring systems."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from partition_gate.judging.attempt import Settlement
from partition_gate.watching.metrics import Family


class Telemetry(Protocol):
    """Where spans and measurements of runs go. No call raises or waits: what cannot be delivered is lost."""

    @property
    def is_wanted(self) -> bool:
        """Whether anybody listens; if not, nothing has to be measured."""

    def step(self, name: str, fields: Callable[[], Mapping[str, str]]) -> AbstractContextManager[None]:
        """One step of a run, such as `inspect`: a span below the current one, and its duration.

        `fields` is asked when the step ends: by then the attempt is known. An exception passes, and marks the span.
        """

    def joined(self, run: str) -> AbstractContextManager[None]:
        """The steps within belong to one trace with all others of this run, also those of other processes.

        A span that is current already stays their parent; an empty name changes nothing.
        """

    def settled(self, settlement: Settlement) -> None:
        """An attempt ended: it and its rows are counted."""

    def gauges(self, families: Iterable[Family]) -> None:
        """The newest values of these metrics, of those that are gauges."""


class NoTelemetry:
    """Nobody listens: nothing is measured."""

    is_wanted = False

    def step(self, name: str, fields: Callable[[], Mapping[str, str]]) -> AbstractContextManager[None]:  # noqa: ARG002
        return nullcontext()

    def joined(self, run: str) -> AbstractContextManager[None]:  # noqa: ARG002 -- the port's
        return nullcontext()

    def settled(self, settlement: Settlement) -> None:
        """Nothing is counted."""

    def gauges(self, families: Iterable[Family]) -> None:
        """Nothing is told."""
