"""Examines an installation: tries what runs do, one thing at a time, and says what to change. Shows no secret."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from partition_gate.adapters.ledger.migrate import HEAD, ledger_state
from partition_gate.adapters.object_store.examination import LandingProbe, clock_skew, local_landing, skew
from partition_gate.adapters.slack import SCOPES, SlackNotifier
from partition_gate.adapters.storage import QUARANTINE_SETTING, S3Access, Storage
from partition_gate.adapters.warehouse_delta.examination import StorageProbe
from partition_gate.connections import ledger_database, slack_bot_token
from partition_gate.core.addresses import Tool
from partition_gate.core.diagnosis import Diagnosis, Finding, failed, ok, warning
from partition_gate.core.display import listed
from partition_gate.core.errors import ContractError, GateError
from partition_gate.core.partition import Location
from partition_gate.gate.deadlines import LimitReached, within
from partition_gate.home import mask_key
from partition_gate.machines import machine_trials
from partition_gate.settings import Settings
from partition_gate.watching.heartbeat import NEVER_RAN, silence
from partition_gate.wiring import WiredPorts, contract_folder, warehouse_database

if TYPE_CHECKING:
    from partition_gate.adapters.warehouse_postgres.examination import DatabaseProbe

LIMIT_S = 30.0
_S3 = "s3://"
_DISTRIBUTION = "partition-gate"
_EXTRA = "run"  # whoever judges partitions has it
_S3_EXTRA, _POSTGRES_EXTRA = "s3", "postgres"  # all else that a trial needs is in _EXTRA
_PYTHON = (3, 11)
_FULL_BYTES, _NEARLY_FULL_BYTES = 1_000_000_000, 10_000_000_000
_NAMED = 3

Trial = tuple[str, Callable[[], Finding]]


def examine(settings: Settings, ports: WiredPorts, *, limit_s: float = LIMIT_S) -> Iterator[Diagnosis]:
    """One diagnosis for each trial, in the order of a run. Each trial takes at most `limit_s`.

    The ledger is not migrated; a small object is written to warehouse and quarantine, and removed again.
    """
    for subject, trial in _trials(settings, ports):
        finding = _tried(trial, limit_s)
        yield Diagnosis(subject=subject, health=finding.health, what=finding.what)


def _tried(trial: Callable[[], Finding], limit_s: float) -> Finding:
    try:
        return within(limit_s, trial)
    except GateError as error:
        return failed(str(error))
    except LimitReached:
        return failed(f"no result within {limit_s:g} s; check that the service runs, and the network")
    except ModuleNotFoundError as error:
        extra = _POSTGRES_EXTRA if error.name == "psycopg" else _S3_EXTRA
        return failed(f"needs {error.name}, which is not installed; run: pip install 'partition-gate[{extra}]'")
    except Exception as error:  # a text of a library may quote what it was given
        return failed(f"could not be tried ({type(error).__name__}); report this as a bug")


def _trials(settings: Settings, ports: WiredPorts) -> Iterator[Trial]:
    yield "versions", _versions
    yield "home", partial(_home, settings.home)
    yield "mask key", partial(_mask_key, settings)
    yield "contracts", partial(_contracts, settings)
    roots = {
        "warehouse": (settings.path(settings.warehouse_uri, "warehouse"), "GATE_WAREHOUSE_URI"),
        "quarantine": (settings.path(settings.quarantine_uri, "quarantine"), QUARANTINE_SETTING),
    }
    landing = _landing_locations(settings)
    yield from machine_trials(settings, tuple(location.root for location in landing))
    endpoints = [location.endpoint_url for location in landing if _bucket(location.root)]
    endpoints += [None for root, _ in roots.values() if _bucket(root)]
    for endpoint_url in dict.fromkeys(endpoints):
        yield "s3: credentials", partial(_credentials, ports, endpoint_url)
        yield "s3: clock", partial(_s3_clock, ports, endpoint_url)
    for location in landing:
        yield from _trials_of(location, ports)
    for name, (root, setting) in roots.items():
        if name == "warehouse" and settings.is_warehouse_postgresql:
            yield from _database_trials(settings)
        else:
            yield from _storage_trials(name, root, setting, ports)
    yield from _ledger_trials(settings, ports)
    yield "slack", partial(_slack, settings)


def _ledger_trials(settings: Settings, ports: WiredPorts) -> Iterator[Trial]:
    yield "ledger: tables", partial(_ledger, settings)
    yield "ledger: clock", partial(_ledger_clock, settings)
    yield "watch", partial(_watch, settings, ports)


def _storage_trials(name: str, root: str, setting: str, ports: WiredPorts) -> Iterator[Trial]:
    access = S3Access(ports.s3_service, call_s=ports.settings.store_call_timeout_s)
    probe = StorageProbe(Storage(root, access, setting=setting))
    for trial in (probe.list, probe.write, probe.read, probe.delete):
        yield f"{name}: {trial.__name__}", trial


def _database_trials(settings: Settings) -> Iterator[Trial]:
    """Of a warehouse in PostgreSQL."""

    @cache
    def probe() -> DatabaseProbe:
        from partition_gate.adapters.warehouse_postgres.examination import DatabaseProbe  # noqa: PLC0415 -- an extra

        return DatabaseProbe(warehouse_database(settings), settings.warehouse_schema)

    yield "warehouse: contracts", partial(_storable, settings)
    yield "warehouse: connect", lambda: probe().connect()
    yield "warehouse: write", lambda: probe().write()
    yield "warehouse: clock", lambda: skew(probe().now(), now=datetime.now(UTC))


def _storable(settings: Settings) -> Finding:
    """Whether PostgreSQL has names and types for every table of the contracts."""
    from partition_gate.adapters.warehouse_postgres.columns import require_storable  # noqa: PLC0415 -- only here

    contracts, problems = contract_folder(settings).load_all().contracts, []
    for compiled in contracts:
        try:
            require_storable(compiled.published)
        except ContractError as error:
            problems.append(str(error).splitlines()[0])
    return failed(listed(problems, _NAMED)) if problems else ok(f"tables that can be published: {len(contracts)}")


def _versions() -> Finding:
    """The installed packages are compared with the ranges of this version. What only an extra needs may be missing."""
    if sys.version_info[:2] != _PYTHON:
        return failed(f"Python {sys.version_info[0]}.{sys.version_info[1]}; use Python 3.11")
    try:
        stated = [Requirement(each) for each in requires(_DISTRIBUTION) or ()]
    except PackageNotFoundError:
        return warning("the package is not installed, so its versions could not be compared; install it with pip")
    others = [each for each in stated if each.name != _DISTRIBUTION]
    differing = [text for each in others if (text := _differing(each))]
    if differing:
        named = listed(differing, _NAMED)
        return warning(f"packages that do not fit this version: {named}; install {_DISTRIBUTION} again")
    return ok(f"{_DISTRIBUTION} {version(_DISTRIBUTION)}, Python 3.11; its packages fit")


def _differing(wanted: Requirement) -> str:
    is_needed = wanted.marker is None or wanted.marker.evaluate({"extra": _EXTRA})
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return f"{wanted.name} is missing" if is_needed else ""
    return "" if wanted.specifier.contains(found, prereleases=True) else f"{wanted.name} {found} ({wanted.specifier})"


def _home(home: Path) -> Finding:
    folder = next(each for each in (home, *home.parents) if each.exists())
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:,.1f} GB are free at {folder}"
    if free < _FULL_BYTES:
        return failed(f"{text}; free some, or set GATE_HOME to another disk")
    return ok(text) if free >= _NEARLY_FULL_BYTES else warning(f"{text}; partitions are copied there to be judged")


def _mask_key(settings: Settings) -> Finding:
    if settings.mask_key.get_secret_value():
        return ok("GATE_MASK_KEY")
    mask_key(settings)
    path = settings.home / "mask.key"
    if path.stat().st_mode & 0o077:
        return warning(f"{path} can be read by others; run: chmod 600 {path}")
    return ok(f"{path}; other machines have another one unless GATE_MASK_KEY is set")


def _contracts(settings: Settings) -> Finding:
    catalogue = contract_folder(settings).load_all()
    if catalogue.broken:
        file, problem = catalogue.broken[0]
        what = f"files that cannot be used: {len(catalogue.broken)}, the first is {file}"
        return warning(f"{what}: {problem.splitlines()[0]}")
    return ok(f"datasets: {len(catalogue.contracts)}")


def _landing_locations(settings: Settings) -> tuple[Location, ...]:
    """One location for each bucket of each endpoint, and each local folder."""
    locations: dict[tuple[str | None, str], Location] = {}
    with suppress(GateError):  # the trial of the contracts says why
        for compiled in contract_folder(settings).load_all().contracts:
            location = compiled.dataset.location
            place = _bucket(location.root) or location.root
            locations.setdefault((location.endpoint_url, place), location)
    return tuple(locations.values())


def _bucket(root: str) -> str:
    """The bucket of a root in S3; empty for a local folder."""
    return root.removeprefix(_S3).partition("/")[0] if root.startswith(_S3) else ""


def _trials_of(location: Location, ports: WiredPorts) -> Iterator[Trial]:
    if not _bucket(location.root):
        yield f"landing: list {location.shown_root}", partial(local_landing, location.root)
        return

    @cache
    def probe() -> LandingProbe:
        return LandingProbe(ports.endpoint(location.endpoint_url), location.root)

    yield f"landing: list {location.root}", lambda: probe().list()
    yield f"landing: read {location.root}", lambda: probe().read()
    yield f"landing: read if unchanged {location.root}", lambda: probe().read_if_unchanged()


def _credentials(ports: WiredPorts, endpoint_url: str | None) -> Finding:
    service = ports.s3_service(endpoint_url)
    credentials = service.credentials.current()
    kind = "a temporary key" if credentials.session_token or credentials.expires_at else "a key"
    kind += ", which is renewed," if credentials.is_renewed else ""
    origin = f", from {credentials.origin}" if credentials.origin else ""
    return ok(f"{kind} for {service.display_name}{origin}")


def _s3_clock(ports: WiredPorts, endpoint_url: str | None) -> Finding:
    limit_s = ports.settings.store_call_timeout_s
    return clock_skew(ports.s3_service(endpoint_url), now=datetime.now(UTC), limit_s=limit_s)


def _ledger(settings: Settings) -> Finding:
    if not (settings.ledger_url or settings.ledger_conn_id) and not (settings.home / "ledger.sqlite").exists():
        return ok("there is none yet; the first run creates it")
    found = ledger_state(ledger_database(settings), settings.ledger_timeout_s).version
    if found is None:
        return ok("the database is empty; the first run creates the tables")
    if found > HEAD:
        return failed(f"its tables are of version {found}, from a newer Partition Gate; install the newer one")
    if found < HEAD:
        return warning(f"its tables are of version {found}; the next run changes them to {HEAD}: make a backup first")
    return ok(f"tables of version {found}")


def _ledger_clock(settings: Settings) -> Finding:
    if not (settings.ledger_url or settings.ledger_conn_id):
        return ok("it is on this machine")
    theirs = ledger_state(ledger_database(settings), settings.ledger_timeout_s).now
    return ok("it is on this machine") if theirs is None else skew(theirs, now=datetime.now(UTC))


def _watch(settings: Settings, ports: WiredPorts) -> Finding:
    """Only of a ledger with the tables of this version, because opening another one would migrate it."""
    exists = settings.ledger_url or settings.ledger_conn_id or (settings.home / "ledger.sqlite").exists()
    if not exists or ledger_state(ledger_database(settings), settings.ledger_timeout_s).version != HEAD:
        return warning(NEVER_RAN)
    heartbeat = ports.ledger.heartbeat()
    sentence = NEVER_RAN if heartbeat is None else silence(heartbeat, now=ports.clock.now())
    return warning(sentence) if sentence else ok("it runs")


def _slack(settings: Settings) -> Finding:
    if missing := settings.missing_for(Tool.SLACK):
        return ok(f"{missing} is not set: messages go to the local inbox page")
    token, limit_s = slack_bot_token(settings), settings.message_timeout_s
    missing_scopes = SCOPES - SlackNotifier(token, base_url=settings.slack_api_url, limit_s=limit_s).scopes()
    if missing_scopes:
        return failed(f"the token lacks {', '.join(sorted(missing_scopes))}; add them to the app and install it again")
    return ok("the token is accepted, with every scope")
