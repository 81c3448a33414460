"""All recorded state, in one SQL store."""

from __future__ import annotations

from typing import Protocol

from partition_gate.ports.attempts import Attempts
from partition_gate.ports.baselines import Baselines
from partition_gate.ports.heartbeats import Heartbeats
from partition_gate.ports.incidents import Incidents
from partition_gate.ports.outbox import Outbox
from partition_gate.ports.outcomes import Outcomes
from partition_gate.ports.quarantine import QuarantineRecords
from partition_gate.ports.results import Results
from partition_gate.ports.retention import Retention
from partition_gate.ports.totals import Totals


class Ledger(
    Attempts,
    Outcomes,
    QuarantineRecords,
    Results,
    Retention,
    Incidents,
    Outbox,
    Heartbeats,
    Baselines,
    Totals,
    Protocol,
):
    """All parts in one port, because one transaction may span several (an outcome and its incidents)."""
