"""The state of everything, in one SQL store."""

from __future__ import annotations

from typing import Protocol

from partition_gate.ports.attempts import Attempts
from partition_gate.ports.outbox import Outbox
from partition_gate.ports.outcomes import Outcomes
from partition_gate.ports.results import Results


class Ledger(Attempts, Outcomes, Results, Outbox, Protocol):
    """The four together: one transaction may touch several of them (an outcome and its messages)."""
