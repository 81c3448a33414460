"""`gate metrics`, `gate health`: what monitoring systems read, without a server."""

from __future__ import annotations

from typing import Annotated

import typer

from partition_gate.apps.cli.json_output import print_json
from partition_gate.core.diagnosis import Diagnosis, Health
from partition_gate.core.display import SENTENCE_LENGTH, displayed
from partition_gate.settings import Settings, load_settings
from partition_gate.wiring import WiredPorts, contract_folder, open_ports

_UNLIMITED_S = 3600.0


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(metrics)
    app.command()(health)


def metrics() -> None:
    """Print the metrics once, in the text format of Prometheus: for a file that another exporter reads."""
    from partition_gate.adapters.cached_catalogue import CachedCatalogue
    from partition_gate.adapters.prometheus import exposition
    from partition_gate.apps.web.metrics import LedgerMetrics

    settings = load_settings()
    with open_ports(settings) as ports:
        catalogue = CachedCatalogue(contract_folder(settings))
        families = LedgerMetrics(ports.ledger, catalogue.current, ports.clock).families(limit_s=_UNLIMITED_S)
    typer.echo(exposition(families).decode(), nl=False)


def health(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say whether the gate works: the ledger answers, the watch runs, messages are delivered. It changes nothing.

    Exit codes: 0 it works, or there is a warning only; 1 something failed.
    """
    from partition_gate.apps.web.monitoring import health_document
    from partition_gate.watching.vital_signs import worst

    settings = load_settings()
    with open_ports(settings) as ports:
        found = _findings(settings, ports)
    if as_json:
        document = health_document(found)
        print_json({name: value for name, value in document.items() if name != "interface_version"})
    else:
        for each in found:
            typer.echo(f"{each.health.value:<8} {each.subject}: {displayed(each.what, limit=SENTENCE_LENGTH)}")
    raise typer.Exit(1 if worst(found) is Health.FAILED else 0)


def _findings(settings: Settings, ports: WiredPorts) -> tuple[Diagnosis, ...]:
    """A ledger that is not there yet, or of another version, is not opened: that would make or migrate it."""
    from partition_gate.adapters.ledger.migrate import HEAD, ledger_state
    from partition_gate.apps.web.monitoring import HEALTH_LIMIT_S, examined
    from partition_gate.connections import ledger_database
    from partition_gate.core.errors import LedgerUnusable
    from partition_gate.watching.vital_signs import LEDGER, ledger_unusable

    def unopened(what: str) -> tuple[Diagnosis, ...]:
        return (Diagnosis(subject=LEDGER, health=Health.WARNING, what=what),)

    is_file = not (settings.ledger_url or settings.ledger_conn_id)
    if is_file and not (settings.home / "ledger.sqlite").exists():
        return unopened("there is none yet; the first run creates it")
    try:
        version = ledger_state(ledger_database(settings), min(settings.ledger_timeout_s, HEALTH_LIMIT_S)).version
    except LedgerUnusable as error:
        return ledger_unusable(str(error))
    if version != HEAD:
        return unopened(f"its tables are of version {version}, and this program has {HEAD}; gate doctor says more")
    return examined(lambda: ports.ledger, ports.clock)
