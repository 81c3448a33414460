"""Builds the console from the settings."""

from __future__ import annotations

from contextlib import ExitStack

from partition_gate.apps.web.console import Console
from partition_gate.apps.web.ledger_console import LedgerConsole
from partition_gate.home import mask_key
from partition_gate.settings import load_settings
from partition_gate.wiring import WiredPorts, contract_folder


def console() -> Console:
    """A console for the lifetime of the process, which only reads ledger, quarantine and files. It starts no server but
    the embedded one, if a quarantine that is there is shown.
    """
    settings = load_settings()
    ports = WiredPorts(settings, ExitStack())
    return LedgerConsole(
        ports.ledger,
        lambda: ports.warehouse,
        contract_folder(settings),
        docs=ports.docs,
        mask_key=mask_key(settings),
        clock=ports.clock,
    )
