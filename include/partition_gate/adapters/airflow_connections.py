"""The Slack token from an Airflow connection, where Airflow is installed."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from partition_gate.core.errors import Extent, NotDelivered

_TYPES = frozenset({"slack", "http"})


def slack_token(connection_id: str) -> str:
    """The password of the connection, which must be of type slack or http.

    Raises: NotDelivered, so that messages wait until the connection is there.
    """
    connection = _connection(connection_id)
    named = f"GATE_SLACK_CONNECTION: the Airflow connection {connection_id!r}"
    kind = str(getattr(connection, "conn_type", ""))
    if kind not in _TYPES:
        raise NotDelivered(f"{named} is of type {kind!r}: make one of type slack or http", extent=Extent.TOOL)
    token = getattr(connection, "password", None)
    if not token:
        raise NotDelivered(f"{named} has no password: enter the bot token there", extent=Extent.TOOL)
    return str(token)


def _connection(connection_id: str) -> object:
    where = f"GATE_SLACK_CONNECTION={connection_id}"
    try:
        with _own_logging():
            from airflow.sdk import BaseHook  # noqa: PLC0415 -- only where the setting asks for it
    except ImportError as error:
        step = "run this where Airflow is installed, or set GATE_SLACK_TOKEN instead"
        raise NotDelivered(f"{where}: Airflow is not installed here; {step}", extent=Extent.TOOL) from error
    try:
        return BaseHook.get_connection(connection_id)
    except Exception as error:  # secrets backends raise whatever they like, and it may quote a credential
        why = type(error).__name__
        step = "create it in Airflow (Admin, Connections), or as AIRFLOW_CONN_ in the environment"
        raise NotDelivered(
            f"{where}: Airflow does not provide this connection ({why}); {step}", extent=Extent.TOOL
        ) from None


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
