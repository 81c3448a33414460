"""Connections to PostgreSQL whose every wait has a limit. Shared by the ledger and the warehouse."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from threading import Timer
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError

_WATCHDOG = "gate_watch"
# A working PostgreSQL ends a wait itself and says why, before we close its connection.
_CLOSE_AFTER_S = 1.0


def postgresql_engine(url: str, *, limit_s: float, wait_s: float | None = None, options: str = "") -> Engine:
    """An engine whose transactions take at most `limit_s`, also if the server stops answering.

    `wait_s` limits the wait for a connection and for a lock (`limit_s` by default). `options` are further settings of
    the session, as `-c name=value`.
    """
    engine = create_engine(url, connect_args=_limits(limit_s, wait_s or limit_s, options))
    # Not `pool_pre_ping`: it would wait forever for a server that was stopped while we were connected.
    event.listen(engine, "checkout", _Watchdog(limit_s + _CLOSE_AFTER_S).begin)
    event.listen(engine, "checkin", _Watchdog.end)
    return engine


def _limits(limit_s: float, wait_s: float, options: str) -> dict[str, Any]:
    limit_ms, wait_ms = int(limit_s * 1000), int(wait_s * 1000)
    # The statement limit is longer, so that a lock timeout names the lock.
    limits = f"-c lock_timeout={wait_ms} -c statement_timeout={limit_ms + 500}"
    return {
        "connect_timeout": max(2, int(wait_s)),  # psycopg raises smaller values to 2 s
        "options": f"{limits} {options}".strip(),
        "tcp_user_timeout": wait_ms,
    }


class _Watchdog:
    """Closes the connection of a transaction that takes too long, so that its pending call fails."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s

    def begin(self, connection: Any, record: Any, _proxy: Any) -> None:
        timer = Timer(self._limit_s, _shut_down, (connection,))
        timer.daemon = True
        timer.start()
        record.info[_WATCHDOG] = timer
        try:
            connection.execute("SELECT 1")
            connection.rollback()
        except connection.OperationalError as error:  # the server was restarted: SQLAlchemy connects again
            timer.cancel()
            raise DisconnectionError from error

    @staticmethod
    def end(_connection: Any, record: Any) -> None:
        if timer := record.info.pop(_WATCHDOG, None):
            timer.cancel()


def _shut_down(connection: Any) -> None:
    # It may be closed already.
    with suppress(OSError, connection.OperationalError), socket.socket(fileno=os.dup(connection.fileno())) as ours:
        ours.shutdown(socket.SHUT_RDWR)
