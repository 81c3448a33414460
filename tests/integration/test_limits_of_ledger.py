"""A ledger's database that does not answer: each call ends within its limit, and says which."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from tests.integration.test_ledger_behaviour import new_database

from partition_gate.adapters.ledger.ledger import SqlLedger, migrate
from partition_gate.core.errors import LedgerUnusable
from partition_gate.testing.builders import NOON, a_claim


@contextmanager
def ends_within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


@contextmanager
def stopped(url: str) -> Iterator[None]:
    """The server's process behind our connection neither works nor ends."""
    name = url.rpartition("/")[2]
    engine = create_engine(url.replace(name, "postgres"))
    with engine.connect() as connection:
        found = connection.execute(text("SELECT pid FROM pg_stat_activity WHERE datname = :name"), {"name": name})
        pids = [row[0] for row in found]
    engine.dispose()
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_a_postgresql_that_stops_answering_ends_a_call_within_its_limit(postgres: str) -> None:
    url = new_database(postgres)
    migrate(url)
    ledger = SqlLedger(url, timeout_s=1)
    ledger.latest()

    with stopped(url), ends_within(10):
        assert ledger.latest() == ()  # the old connection is given up, and a new one answers


def test_a_postgresql_that_accepts_and_never_answers_ends_a_call_within_its_limit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, ends_within(10):
        ledger = SqlLedger(f"postgresql+psycopg://gate@127.0.0.1:{silent.getsockname()[1]}/ledger", timeout_s=1)
        with pytest.raises(LedgerUnusable, match=r"no answer within 1 s \(GATE_LEDGER_TIMEOUT_S\)"):
            ledger.latest()


def test_a_lock_of_another_transaction_ends_a_call_within_its_limit(postgres: str) -> None:
    url = new_database(postgres)
    migrate(url)
    engine = create_engine(url)
    with engine.begin() as other, ends_within(10):
        other.execute(text("LOCK TABLE attempts"))
        with pytest.raises(LedgerUnusable, match=r"held its lock for 1 s \(GATE_LEDGER_TIMEOUT_S\)"):
            SqlLedger(url, timeout_s=1).open_attempt(a_claim(), idempotency_key="k", after_fence=0, now=NOON)
    engine.dispose()


def test_a_sqlite_whose_folder_is_absent_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnusable, match="the file cannot be opened; create its folder"):
        migrate(f"sqlite:///{tmp_path / 'absent' / 'ledger.sqlite'}")
