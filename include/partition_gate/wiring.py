"""Builds the adapters from the settings. The only module that knows which adapter implements which port."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import cache, cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from partition_gate.adapters.clocks import FixedClock, SystemClock
from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.alerts.alert import Links
from partition_gate.core.addresses import Tool, smtp_server
from partition_gate.core.errors import InvalidSetting
from partition_gate.core.table import TableSchema
from partition_gate.home import make_ledger_file, make_private, mask_key
from partition_gate.machines import require_landing_seen, require_places_seen
from partition_gate.settings import Settings, load_settings

if TYPE_CHECKING:
    from partition_gate.adapters.gx.duckdb.query_process import QueryLimits
    from partition_gate.adapters.gx.duckdb.sql_rules import SqlRules
    from partition_gate.adapters.object_store.s3_clients import Endpoint
    from partition_gate.adapters.s3_access.service import S3Service
    from partition_gate.adapters.warehouse_postgres.database import Database
    from partition_gate.contracts.drafting.layouts import ListChildren
    from partition_gate.gate.publish_contracts import RegistryStore
    from partition_gate.judging.retention import KeptFor
    from partition_gate.ports.clock import Clock
    from partition_gate.ports.docs import DocsSite
    from partition_gate.ports.ledger import Ledger
    from partition_gate.ports.notifier import Notifier
    from partition_gate.ports.rework import Rework
    from partition_gate.ports.run_events import RunEvents
    from partition_gate.ports.store import ObjectStore
    from partition_gate.ports.telemetry import Telemetry
    from partition_gate.ports.validator import Validator
    from partition_gate.ports.warehouse import Warehouse
    from partition_gate.ports.workers import Workers

_TASK_MODULES = (
    "gx.validator",
    "ledger.ledger",
    "object_store.routing",
    "object_store.s3",
    "warehouse_delta.warehouse",
)


def clock(settings: Settings) -> Clock:
    """The system clock, unless GATE_NOW sets another moment."""
    return SystemClock() if settings.now is None else FixedClock(settings.now)


class WiredPorts:
    """The `Ports` for these settings. Adapters and their heavy packages are loaded on first use."""

    def __init__(self, settings: Settings, stack: ExitStack) -> None:
        self.settings, self._stack = settings, stack
        self.clock = clock(settings)

    @property
    def spool_folder(self) -> Path:
        return self.settings.home / "spool"

    @property
    def operators_channel(self) -> str:
        return self.settings.operators_channel

    @property
    def drain_limit(self) -> timedelta:
        return timedelta(seconds=self.settings.drain_timeout_s)

    @property
    def versions_kept(self) -> timedelta:
        return timedelta(hours=self.settings.keep_versions_hours)

    @property
    def kept_for(self) -> KeptFor:
        return self.settings.kept_for

    @cached_property
    def contracts(self) -> ContractFolder:
        return contract_folder(self.settings)

    @cached_property
    def workers(self) -> Workers:
        from partition_gate.adapters.workers import LocalWorkers

        return LocalWorkers()

    def links(self, dataset: str, key: str, attempt_id: str) -> Links:
        """Links to a partition: console addresses, or local files if there is no console."""
        base = self.settings.public_url.rstrip("/")
        page = f"attempts/{attempt_id}/index.html"
        if not base:
            root = docs_root(self.settings)
            address = f"{root}/{page}" if root.startswith("s3://") else (Path(root) / page).absolute().as_uri()
            return Links(docs=address if attempt_id else None)
        return Links(
            docs=f"{base}/docs/{page}" if attempt_id else None,
            console=f"{base}/partitions/{quote(dataset, safe='')}/{quote(key, safe='/')}",
            quarantine=f"{base}/quarantine/{attempt_id}" if attempt_id else None,
            contract=f"{base}/contracts/{dataset}",
        )

    @cached_property
    def store(self) -> ObjectStore:
        from partition_gate.adapters.object_store.local import LocalObjectStore
        from partition_gate.adapters.object_store.routing import RoutingObjectStore

        return RoutingObjectStore(
            s3=self._s3_store,
            local=LocalObjectStore(),
            spool_max_bytes=self.settings.spool_max_bytes,
            require_seen=partial(require_landing_seen, self.settings),
        )

    @cached_property
    def validator(self) -> Validator:
        from partition_gate.adapters.gx.imports import lean_imports

        with lean_imports():
            from partition_gate.adapters.gx.validator import DuckDbValidator

        settings = self.settings
        return DuckDbValidator(
            timeout_s=settings.scan_timeout_s, query_limits=_query_limits(settings), mask_key=mask_key(settings)
        )

    @cached_property
    def rework(self) -> Rework:
        from partition_gate.adapters.gx.recovery import Recovery, RecoveryLimits
        from partition_gate.adapters.gx.rework import DuckDbRework

        settings = self.settings
        seconds, memory_mb = settings.recover_timeout_s, settings.recover_memory_mb
        limits = RecoveryLimits(folder=settings.recover, seconds=seconds, memory_mb=memory_mb)
        return DuckDbRework(_query_limits(settings), Recovery(limits))

    @cached_property
    def warehouse(self) -> Warehouse:
        from partition_gate.adapters.storage import QUARANTINE_SETTING, S3Access, Storage

        settings, s3 = self.settings, S3Access(self.s3_service, call_s=self.settings.store_call_timeout_s)
        quarantine_root = settings.path(settings.quarantine_uri, "quarantine")
        views_wait = timedelta(seconds=settings.view_swap_timeout_s)
        if settings.is_warehouse_postgresql:
            from partition_gate.adapters.warehouse_postgres.warehouse import PostgresWarehouse

            database, schema = warehouse_database(settings), settings.warehouse_schema
            quarantine = Storage(quarantine_root, s3, setting=QUARANTINE_SETTING)
            return PostgresWarehouse(database, schema=schema, quarantine=quarantine, views_wait=views_wait)
        from partition_gate.adapters.warehouse_delta.warehouse import DeltaWarehouse

        root = settings.path(settings.warehouse_uri, "warehouse")
        file = Path(settings.path(settings.serving_file, "warehouse.duckdb"))
        return DeltaWarehouse(root, s3=s3, serving_file=file, quarantine_root=quarantine_root, views_wait=views_wait)

    @cached_property
    def ledger(self) -> Ledger:
        from partition_gate.adapters.ledger.ledger import SqlLedger
        from partition_gate.adapters.ledger.migrate import migrate
        from partition_gate.connections import ledger_database

        settings = self.settings
        if not (settings.ledger_url or settings.ledger_conn_id):
            make_ledger_file(settings)
        url = ledger_database(settings)
        migrate(url, settings.ledger_timeout_s)
        return SqlLedger(url, settings.ledger_timeout_s)

    @cached_property
    def run_events(self) -> RunEvents:
        from partition_gate.adapters.open_lineage import OpenLineageEvents

        return OpenLineageEvents(self.settings.openlineage_file, self.settings.openlineage_url)

    @cached_property
    def telemetry(self) -> Telemetry:
        from partition_gate.connections import telemetry

        return telemetry(self.settings, self._stack)

    @cached_property
    def docs(self) -> DocsSite:
        from partition_gate.adapters.data_docs.site import StaticDocsSite
        from partition_gate.adapters.storage import S3Access, Storage

        s3 = S3Access(self.s3_service, call_s=self.settings.store_call_timeout_s)
        return StaticDocsSite(Storage(docs_root(self.settings), s3, setting="GATE_DOCS_FOLDER"))

    @cached_property
    def notifier(self) -> Notifier:
        from partition_gate.adapters.inbox import InboxNotifier
        from partition_gate.adapters.routing import RoutingNotifier

        known: dict[str, Callable[[], Notifier]] = {
            Tool.SLACK: self._slack,
            Tool.EMAIL: self._email,
            Tool.WEBHOOK: self._webhook,
        }
        ready = {tool: opened for tool, opened in known.items() if not self.settings.missing_for(tool)}
        return RoutingNotifier(ready, otherwise=InboxNotifier(self.settings.home / "inbox"))

    def _slack(self) -> Notifier:
        from partition_gate.adapters.slack import SlackNotifier
        from partition_gate.connections import slack_bot_token

        settings, token = self.settings, slack_bot_token(self.settings)
        return SlackNotifier(token, base_url=settings.slack_api_url, limit_s=settings.message_timeout_s)

    def _email(self) -> Notifier:
        from partition_gate.adapters.email import EmailNotifier

        settings = self.settings
        server = smtp_server(settings.smtp_url.get_secret_value())
        return EmailNotifier(server, sender=settings.smtp_from, limit_s=settings.message_timeout_s)

    def _webhook(self) -> Notifier:
        from partition_gate.adapters.webhook import WebhookNotifier

        settings = self.settings
        return WebhookNotifier(settings.webhook_secret.get_secret_value(), limit_s=settings.message_timeout_s)

    def registry(self, root: str) -> RegistryStore:
        """The contract registry at `s3://bucket/prefix` or in a local folder."""
        from partition_gate.adapters.object_store.registry import LocalRegistryStore, S3RegistryStore

        return S3RegistryStore(root, self.endpoint()) if root.startswith("s3://") else LocalRegistryStore(Path(root))

    def children(self, path: str) -> ListChildren:
        """A function that lists the folders and files in a folder; `path` says whether they are in S3."""
        from partition_gate.adapters.object_store.layout import local_children, s3_children

        return s3_children(self.endpoint()) if path.startswith("s3://") else local_children

    def endpoint(self, endpoint_url: str | None = None) -> Endpoint:
        """`s3_service` with our limits."""
        from partition_gate.adapters.object_store.s3_clients import Endpoint
        from partition_gate.connections import store_limits

        return Endpoint(self.s3_service(endpoint_url), store_limits(self.settings))

    def s3_service(self, endpoint_url: str | None = None) -> S3Service:
        """The embedded server, where the settings ask for it; it is started on first use. Otherwise the endpoint that a
        contract names, that of the settings, or Amazon S3.
        """
        if self.settings.s3_embedded:
            return self._embedded_s3
        if self.settings.now is not None:
            raise InvalidSetting("GATE_NOW: is for rehearsals; unset it, or set GATE_S3_EMBEDDED, or use local folders")
        return self._s3 if endpoint_url is None else replace(self._s3, url=endpoint_url)

    @cached_property
    def _embedded_s3(self) -> S3Service:
        from partition_gate.adapters.embedded_s3.users import running
        from partition_gate.adapters.s3_access.service import FixedCredentials, S3Service

        server = self._stack.enter_context(running(self.settings.home))
        credentials = FixedCredentials.of_key(
            server.access_key_id, server.secret_access_key, origin="the embedded server's own key"
        )
        return S3Service(url=server.endpoint_url, credentials=credentials, region=server.region)

    @cached_property
    def _s3(self) -> S3Service:
        """All clients share it, so that they ask one source for credentials."""
        from partition_gate.connections import s3_service

        return s3_service(self.settings)

    def _s3_store(self, endpoint_url: str | None) -> ObjectStore:
        from partition_gate.adapters.object_store.s3 import S3ObjectStore

        return S3ObjectStore(self.endpoint(endpoint_url))


@contextmanager
def open_ports(settings: Settings | None = None) -> Iterator[WiredPorts]:
    """The ports for a command or a task. An embedded server that was started for them is stopped on exit.

    Raises: InvalidSetting, also for places that other machines cannot see.
    """
    settings = settings or load_settings()
    require_places_seen(settings)
    make_private(settings)
    with ExitStack() as stack:
        yield WiredPorts(settings, stack)


def preload() -> None:
    """Import what tasks need in the process that forks them, so that no task spends time on it. Nothing is opened,
    because neither connections nor threads survive a fork.
    """
    from partition_gate.adapters.gx.imports import lean_imports

    with lean_imports():
        for name in _TASK_MODULES:
            import_module(f"partition_gate.adapters.{name}")
        from partition_gate.adapters.data_docs.site import load_templates

        load_templates()
        with suppress(ModuleNotFoundError):  # without the extra `s3`
            import_module("s3fs")


def contract_folder(settings: Settings) -> ContractFolder:
    """The contracts and suites of these settings."""
    return ContractFolder(settings.contracts, settings.expectations, environment=settings.environment)


@contextmanager
def query_planner(settings: Settings) -> Iterator[Callable[[TableSchema, str], str | None]]:
    """A function that returns why a contract's query cannot run over its table; it loads the engine on first use."""
    with ExitStack() as stack:

        @cache
        def rules() -> SqlRules:
            from partition_gate.adapters.gx.duckdb.sql_rules import SqlRules

            return stack.enter_context(closing(SqlRules(_query_limits(settings))))

        yield lambda table, query: rules().why_unplanned(table, query)


def warehouse_database(settings: Settings) -> Database:
    """The database of a warehouse in PostgreSQL. Raises: InvalidSetting."""
    from partition_gate.adapters.warehouse_postgres.database import Database
    from partition_gate.connections import warehouse_url

    return Database(warehouse_url(settings), call_s=settings.store_call_timeout_s, rows_s=settings.scan_timeout_s)


def docs_root(settings: Settings) -> str:
    """The root of the Data Docs site: a folder or `s3://bucket/prefix`."""
    return settings.path(settings.docs_folder, "docs")


def _query_limits(settings: Settings) -> QueryLimits:
    from partition_gate.adapters.gx.duckdb.query_process import QueryLimits

    return QueryLimits(seconds=settings.sql_rule_timeout_s, memory_mb=settings.sql_rule_memory_mb)
