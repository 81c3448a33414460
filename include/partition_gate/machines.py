"""What several machines must all see: the places that only this one sees, and what to set instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from partition_gate.core.addresses import Tool
from partition_gate.core.diagnosis import Finding, failed, ok, warning
from partition_gate.core.errors import InvalidSetting
from partition_gate.home import ledger_shown
from partition_gate.settings import Settings

_HOW_TO_SHARE = "or name a folder that all machines mount in GATE_SHARED_FOLDERS"
Trial = tuple[str, Callable[[], Finding]]


def require_places_seen(settings: Settings) -> None:
    """Refuse to work with places that other machines cannot see. Nothing is refused on one machine.

    Where partitions land is not looked at, because that would read every contract: `require_landing_seen` does.

    Raises: InvalidSetting, with all of these places and what to set for each.
    """
    if not settings.many_machines:
        return
    hidden = [f"  {name}: {problem}" for name, find in _PLACES.items() if (problem := find(settings))]
    if hidden:
        places = "\n".join(hidden)
        raise InvalidSetting(
            "GATE_MANY_MACHINES: several machines judge partitions (as it says, or Airflow's executor), and other "
            f"machines cannot see:\n{places}\nset these, {_HOW_TO_SHARE}; "
            "if all workers are on this machine, set GATE_MANY_MACHINES=0"
        )


def require_landing_seen(settings: Settings, path: str) -> None:
    """Refuse a local path of landing that other machines cannot see. Raises: InvalidSetting."""
    if problem := _hidden_landing(settings, path):
        raise InvalidSetting(f"GATE_MANY_MACHINES: landing: {problem}")


def machine_trials(settings: Settings, landing: tuple[str, ...]) -> Iterator[Trial]:
    """The same for `gate doctor`: one trial for each place, and for each of the roots of landing."""
    if not settings.many_machines:
        yield "machines", lambda: ok("one; with several, set GATE_MANY_MACHINES")
        return
    for name, find in _PLACES.items():
        yield f"machines: {name}", partial(_found, find, settings)
    yield "machines: consumers' file", partial(_consumers_file, settings)
    for root in landing:
        yield f"machines: landing {root}", partial(_found, partial(_hidden_landing, path=root), settings)


def _found(find: Callable[[Settings], str], settings: Settings) -> Finding:
    problem = find(settings)
    return failed(f"other machines cannot see {problem}") if problem else ok("every machine sees it")


def _consumers_file(settings: Settings) -> Finding:
    """A warning only: its views can be made again from the tables, and nothing of the gate reads it."""
    file = settings.path(settings.serving_file, "warehouse.duckdb")
    if settings.is_warehouse_postgresql or settings.is_shared(file):
        return ok("every machine sees what consumers read")
    return warning(
        f"each machine has its own {file}, with the views of what was published there; let consumers read the tables, "
        "or set GATE_SERVING_FILE to a file on a disk that all machines mount, and name its folder in "
        "GATE_SHARED_FOLDERS"
    )


def _hidden_landing(settings: Settings, path: str) -> str:
    if not settings.many_machines or settings.is_shared(path):
        return ""
    return f"{path}: land in s3:// and correct servers[].location in the contract, {_HOW_TO_SHARE}"


def _embedded_server(settings: Settings) -> str:
    if not settings.s3_embedded:
        return ""
    return "the embedded server: unset GATE_S3_EMBEDDED and set GATE_S3_ENDPOINT_URL, or use Amazon S3"


def _warehouse(settings: Settings) -> str:
    root = settings.path(settings.warehouse_uri, "warehouse")
    if settings.is_warehouse_postgresql or settings.is_shared(root):
        return ""
    return f"{root}: set GATE_WAREHOUSE_URI to s3://bucket/prefix or postgresql://user@host/db"


def _quarantine(settings: Settings) -> str:
    root = settings.path(settings.quarantine_uri, "quarantine")
    return "" if settings.is_shared(root) else f"{root}: set GATE_QUARANTINE_URI to s3://bucket/prefix"


def _docs(settings: Settings) -> str:
    root = settings.path(settings.docs_folder, "docs")
    return "" if settings.is_shared(root) else f"{root}: set GATE_DOCS_FOLDER to s3://bucket/prefix"


def _ledger(settings: Settings) -> str:
    """SQLite is refused on a shared disk, too, because its locks do not hold between machines."""
    from partition_gate.connections import ledger_database  # noqa: PLC0415 -- needs SQLAlchemy, which `lint` does not

    if not ledger_database(settings).startswith("sqlite"):
        return ""
    return f"{ledger_shown(settings)}, which is SQLite: set GATE_LEDGER_URL to postgresql+psycopg://user@host/db"


def _mask_key(settings: Settings) -> str:
    path = settings.home / "mask.key"
    if settings.mask_key.get_secret_value() or settings.is_shared(path):
        return ""
    return f"{path}, and would make another key: set GATE_MASK_KEY"


def _inbox(settings: Settings) -> str:
    """A service for some channels is enough: which channels there are is known to the contracts only."""
    path: Path = settings.home / "inbox"
    if settings.is_shared(path) or not all(settings.missing_for(tool) for tool in Tool):
        return ""
    services = "GATE_SLACK_TOKEN, GATE_SMTP_URL with GATE_SMTP_FROM, or GATE_WEBHOOK_SECRET"
    return f"{path}, where messages go without a service: set {services}"


# What each finds is `place: what to set`, and empty if every machine sees it.
_PLACES: dict[str, Callable[[Settings], str]] = {
    "S3": _embedded_server,
    "warehouse": _warehouse,
    "quarantine": _quarantine,
    "report pages": _docs,
    "ledger": _ledger,
    "mask key": _mask_key,
    "inbox": _inbox,
}
