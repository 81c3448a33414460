"""Builds the console from the settings."""

from __future__ import annotations

from contextlib import ExitStack

from partition_gate.adapters.cached_catalogue import CachedCatalogue
from partition_gate.apps.web.console import Console
from partition_gate.apps.web.ledger_console import LedgerConsole
from partition_gate.apps.web.metrics import LedgerMetrics
from partition_gate.apps.web.monitoring import examined
from partition_gate.core.diagnosis import Diagnosis
from partition_gate.home import mask_key
from partition_gate.settings import load_settings
from partition_gate.watching.metrics import Family
from partition_gate.wiring import WiredPorts, contract_folder


def console(ports: WiredPorts | None = None) -> Console:
    """A console for the lifetime of the process, which only reads ledger, quarantine and files. It starts no server but
    the embedded one, if a quarantine that is there is shown.
    """
    ports = ports or WiredPorts(load_settings(), ExitStack())
    return LedgerConsole(
        ports.ledger,
        lambda: ports.warehouse,
        contract_folder(ports.settings),
        docs=ports.docs,
        mask_key=mask_key(ports.settings),
        clock=ports.clock,
    )


class WiredMonitoring:
    """Implements `Monitored`, for the lifetime of the process."""

    def __init__(self, ports: WiredPorts) -> None:
        self._ports = ports
        catalogue = CachedCatalogue(contract_folder(ports.settings))
        self._metrics = LedgerMetrics(ports.ledger, catalogue.current, ports.clock)

    def families(self) -> tuple[Family, ...]:
        return self._metrics.families()

    def health(self) -> tuple[Diagnosis, ...]:
        return examined(lambda: self._ports.ledger, self._ports.clock)
