"""Airflow's connections, where Airflow is installed: its environment, secrets backends and, in a task, its database."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import Field
from sqlalchemy.engine import URL

from partition_gate.core.errors import Extent, InvalidSetting, NotDelivered
from partition_gate.core.record import Record

SLACK, LEDGER, WAREHOUSE = "GATE_SLACK_CONN_ID", "GATE_LEDGER_CONN_ID", "GATE_WAREHOUSE_CONN_ID"
_DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg", "sqlite": "sqlite"}
# What a connection's extra says to libpq; anything else there is for other programs.
_LIBPQ = ("application_name", "connect_timeout", "options", "sslcert", "sslkey", "sslmode", "sslrootcert")


class AirflowConnection(Record):
    """One connection. `named` is what messages call it; they show nothing else of it."""

    named: str
    kind: str
    host: str = Field("", repr=False)
    port: int | None = Field(None, repr=False)
    database: str = Field("", repr=False)
    login: str = Field("", repr=False)
    password: str = Field("", repr=False)
    extra: dict[str, Any] = Field(default_factory=dict, repr=False)


def airflow_connection(connection_id: str, *, setting: str, kinds: tuple[str, ...]) -> AirflowConnection:
    """The connection that a setting names, of one of these types.

    Raises:
        InvalidSetting: Airflow is not installed or does not provide it, it has another type, or its extra is not JSON.
    """
    found: Any = _found(connection_id, setting)
    named = f"{setting}: the Airflow connection {connection_id!r}"
    kind = str(found.conn_type or "")
    if kind not in kinds:
        raise InvalidSetting(f"{named} is of type {kind!r}: make one of type {' or '.join(kinds)}")
    return AirflowConnection(
        named=named,
        kind=kind,
        host=found.host or "",
        port=found.port,
        database=found.schema or "",
        login=found.login or "",
        password=found.password or "",
        extra=_extra(found.extra, named),
    )


def slack_token(connection_id: str) -> str:
    """The password of the connection, which must be of type slack or http.

    Raises: NotDelivered, so that messages wait until the connection is there.
    """
    try:
        connection = airflow_connection(connection_id, setting=SLACK, kinds=("slack", "http"))
    except InvalidSetting as error:
        raise NotDelivered(str(error), extent=Extent.TOOL) from error
    if not connection.password:
        raise NotDelivered(f"{connection.named} has no password: enter the bot token there", extent=Extent.TOOL)
    return connection.password


def database_url(connection_id: str, *, setting: str = LEDGER) -> str:
    """The database of the connection as a SQLAlchemy URL; the warehouse's is never SQLite. Raises: InvalidSetting."""
    kinds = tuple(kind for kind in _DRIVERS if kind != "sqlite" or setting == LEDGER)
    connection = airflow_connection(connection_id, setting=setting, kinds=kinds)
    driver = _DRIVERS[connection.kind]
    if driver == "sqlite":
        if not connection.host:
            raise InvalidSetting(f"{connection.named} has no host: enter the path of the database file there")
        return f"sqlite:///{connection.host}"
    if not (connection.host and connection.database):
        raise InvalidSetting(f"{connection.named} has no host or no database: enter both there (database: schema)")
    url = URL.create(
        driver,
        username=connection.login or None,
        password=connection.password or None,
        host=connection.host,
        port=connection.port,
        database=connection.database,
        query={name: str(connection.extra[name]) for name in _LIBPQ if name in connection.extra},
    )
    return url.render_as_string(hide_password=False)


def _found(connection_id: str, setting: str) -> object:
    where = f"{setting}={connection_id}"
    try:
        with _own_logging():
            from airflow.sdk import BaseHook  # noqa: PLC0415 -- only where a setting asks for it
    except ImportError as error:
        step = f"run this where Airflow is installed, or unset {setting} and use the other settings"
        raise InvalidSetting(f"{where}: Airflow is not installed here; {step}") from error
    try:
        return BaseHook.get_connection(connection_id)
    except Exception as error:  # secrets backends raise whatever they like, and it may quote a credential
        why = type(error).__name__
        step = "create it in Airflow (Admin, Connections), or as AIRFLOW_CONN_ in the environment"
        raise InvalidSetting(f"{where}: Airflow does not provide this connection ({why}); {step}") from None


def _extra(text: str | None, named: str) -> dict[str, Any]:
    try:
        extra = json.loads(text or "{}")
    except ValueError:
        extra = None
    if not isinstance(extra, dict):
        raise InvalidSetting(f"{named} has an extra that is not a JSON object: correct it in Airflow")
    return extra


@contextmanager
def _own_logging() -> Iterator[None]:
    """Outside Airflow, its import must not send our log to standard output, where commands print JSON."""
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    is_loaded = "airflow" in sys.modules
    yield
    if not is_loaded:
        root.handlers[:] = handlers
        root.setLevel(level)
