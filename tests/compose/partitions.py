"""Partitions of the demo that land from outside, and what the ledger in the stack says of them.

They are days of the real weather of 2013, landed as the newest days: people are told of those, and not of old ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml
from tests.compose.stack import Stack, wait_until

from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.adapters.object_store.landing import LandingWriter
from partition_gate.adapters.object_store.s3_clients import Endpoint
from partition_gate.apps.demo.faults import TABLE_FAULTS
from partition_gate.apps.demo.nycflights import by_day, read
from partition_gate.apps.demo.seed import landing_path, parquet

DATASET = "weather"
DAG = f"gate__{DATASET}"
_WHOLE_DAY_ROWS = 72  # three airports, 24 hours
_EVERY = 3  # of so many days, one has a duplicate row, which is quarantined and told
_SETTLED_LIMIT_S = 900
_ATTEMPTS = "SELECT id, state, split_part(owner, '/', 1) FROM attempts ORDER BY started_at, id"
_PUBLISHED = (
    "SELECT l.partition_key FROM latest l JOIN settlements s USING (attempt_id) WHERE outcome LIKE 'published%'"
)
_DAGS = "SELECT dag_id FROM dag JOIN serialized_dag USING (dag_id)"
_UNSENT = "SELECT id FROM outbox WHERE state <> 'sent'"
_UNENDED_RUNS = "SELECT dag_id, partition_key FROM dag_run WHERE state IN ('queued', 'running')"
_FINAL = ("published", "rejected", "held", "superseded", "failed")


def write_contract(source: Path, folder: Path, *, first: date) -> None:
    """The demo's contract of the weather with a calendar that begins on `first` and does not end; with its suite."""
    document: dict[str, Any] = yaml.safe_load(source.read_text())
    document["slaProperties"] = [each for each in document["slaProperties"] if each["property"] != "endOfLife"]
    for each in document["customProperties"]:
        if each["property"] == "startDate":
            each["value"] = first.isoformat()
    contracts = folder / "contracts"
    contracts.mkdir(parents=True)
    (contracts / source.name).write_text(yaml.safe_dump(document, sort_keys=False))
    ContractFolder(contracts, folder / "expectations").write_suites(contracts / source.name)


def land(stack: Stack, days: Sequence[date], *, first: date) -> None:
    """Land these days through the published port; `first` is the first day of all."""
    key = (stack.secret("s3_access_key_id"), stack.secret("s3_secret_access_key"))
    writer = LandingWriter(Endpoint.with_key(f"http://127.0.0.1:{stack.object_store_port}", *key))
    sources = _whole_days()
    for day in days:
        number = (day - first).days
        table = sources[number]
        if number % _EVERY == 0:
            table = TABLE_FAULTS["duplicates"](table, DATASET)
        writer.put(landing_path(DATASET, day.isoformat()), parquet(table))


def _whole_days() -> list[pa.Table]:
    """The days of January to March 2013 without a gap, oldest first."""
    landed = by_day(read(DATASET), first=date(2013, 1, 1), last=date(2013, 3, 31))
    return [table for _, table in landed if table.num_rows == _WHOLE_DAY_ROWS]


def backfill(stack: Stack, days: Sequence[date]) -> None:
    """Let Airflow judge these days. Raises: EngineError."""
    dates = ("--from-date", days[0].isoformat(), "--to-date", (days[-1] + timedelta(days=1)).isoformat())
    command = ("airflow", "backfill", "create", "--dag-id", DAG, *dates)
    stack.compose("run", "--rm", "--no-deps", "-T", "scheduler", *command, limit_s=180)


def wait_for_dag(stack: Stack) -> None:
    """Raises: EngineError, if Airflow does not know the DAG in time."""
    wait_until(lambda: [DAG] in stack.query("airflow", _DAGS), limit_s=180, what=lambda: f"there is no DAG {DAG}")


def wait_until_published(stack: Stack, days: Sequence[date]) -> float:
    """Seconds until all these days are published and everybody is told. Raises: EngineError."""
    return wait_until(lambda: not _waiting(stack, days), limit_s=_SETTLED_LIMIT_S, what=lambda: _shown(stack, days))


def in_flight(stack: Stack) -> list[tuple[str, str, str]]:
    """(attempt id, its state, the host that works on it) of each attempt that has not ended."""
    attempts = stack.query("gate", _ATTEMPTS)
    return [(attempt, state, host) for attempt, state, host in attempts if state not in _FINAL]


def state_of(stack: Stack, attempt: str) -> str:
    """The state of an attempt, as the ledger has it."""
    return {each: state for each, state, _ in stack.query("gate", _ATTEMPTS)}[attempt]


def queued_messages(stack: Stack) -> list[str]:
    """The ids of all messages that were queued, without edits of earlier ones."""
    return [row[0] for row in stack.query("gate", "SELECT id FROM outbox WHERE NOT is_edit ORDER BY number")]


def queued_edits(stack: Stack) -> list[tuple[str, str]]:
    """(id of the edited message, MD5 of its new text) of all edits, oldest first."""
    edits = stack.query("gate", "SELECT root, md5(text) FROM outbox WHERE is_edit ORDER BY number")
    return [(message, digest) for message, digest in edits]


def _waiting(stack: Stack, days: Sequence[date]) -> list[str]:
    """Days that are not published or whose run goes on, attempts that have not ended, messages that were not sent."""
    keys = [day.isoformat() for day in days]
    published = {key for (key,) in stack.query("gate", _PUBLISHED)}
    unended = {key for dag, key in stack.query("airflow", _UNENDED_RUNS) if dag == DAG}
    waiting = [f"day {key}" for key in keys if key not in published or key in unended]
    waiting += [f"attempt {attempt} ({state}, {host})" for attempt, state, host in in_flight(stack)]
    return waiting + [f"message {message[:12]}" for (message,) in stack.query("gate", _UNSENT)]


def _shown(stack: Stack, days: Sequence[date]) -> str:
    return f"not published, not ended, or not sent: {', '.join(_waiting(stack, days))}"
