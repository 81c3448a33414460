"""A ledger of each earlier version, with a row in every table, is upgraded and read by this version."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, Engine, MetaData, Table, create_engine, func, insert, select
from tests.integration.test_ledger_behaviour import new_database

from partition_gate.adapters.ledger.ledger import SqlLedger, migrate
from partition_gate.adapters.ledger.migrate import HEAD, SCRIPTS
from partition_gate.incidents.model import Incident, IncidentState, ProblemKind
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.testing.builders import NOON, a_claim, a_problem, a_settlement, an_assessment

KEY, ATTEMPT = "2026-11-01", "orders-2026-11-01-1"
OWN: dict[str, Any] = {
    "dataset": "orders",
    "partition_key": KEY,
    "attempt_id": ATTEMPT,
    "outcome": "published",
    "why": "[]",
    "contract": "orders",
    "version": "1.0.0",
    "rows_in": 7,
    "rows_published": 7,
    "rows_quarantined": 0,
    "tool": "slack",
    "channel": "#orders",
    "audience": "producers",
}
INCIDENT = Incident(
    dataset="orders",
    contract="orders",
    cause="missing",
    kind=ProblemKind.MISSING,
    state=IncidentState.RESOLVED,
    finding="no file",
    opened_at=NOON,
    since=KEY,
    last_key=KEY,
    last_position="1",
    last_at=NOON,
    resolved_at=NOON,
)
# What a table needs in a column, if not what the others have.
VALUES: dict[tuple[str, str], Any] = {
    ("attempts", "id"): ATTEMPT,
    ("attempts", "state"): "published",
    ("outbox", "state"): "pending",
    ("incidents", "state"): "resolved",
    ("incidents", "document"): INCIDENT.model_dump_json(exclude={"id"}),
    ("measurements", "state"): "kept",
    ("intents", "intent"): "{}",
    ("threads", "kind"): "incident",
    ("threads", "channel"): "#others",
}


def config() -> Config:
    made = Config()
    made.set_main_option("script_location", str(SCRIPTS))
    return made


REVISIONS = sorted(each.revision for each in ScriptDirectory.from_config(config()).walk_revisions())


def on_sqlite(_request: pytest.FixtureRequest, folder: Path) -> str:
    return f"sqlite:///{folder / 'ledger.sqlite'}"


def on_postgres(request: pytest.FixtureRequest, _folder: Path) -> str:
    return new_database(request.getfixturevalue("postgres"))


def filled(engine: Engine, revision: str) -> dict[str, int]:
    """Make the tables of a version, with a row in each; the number of rows by table."""
    made = config()
    with engine.begin() as connection:
        made.attributes["connection"] = connection
        command.upgrade(made, revision)
        (metadata := MetaData()).reflect(connection)
        tables = [table for table in metadata.sorted_tables if table.name != "alembic_version"]
        for table in tables:
            row = {column.name: _value(table.name, column) for column in table.columns if _is_needed(column)}
            connection.execute(insert(table).values(**row))
        return {table.name: _count(connection, table) for table in tables}


def _is_needed(column: Column[Any]) -> bool:
    """Not the numbers that a database gives."""
    is_number = column.name in {"number", "id"} and column.type.python_type is int
    is_counted = is_number and column.primary_key and len(column.table.primary_key) == 1
    return column.name in OWN or (not column.nullable and not is_counted)


def _value(table: str, column: Column[Any]) -> Any:
    if (table, column.name) in VALUES:
        return VALUES[table, column.name]
    if column.name in OWN:
        return OWN[column.name]
    kinds: dict[type, Any] = {str: "x", int: 1, float: 1.0, bool: False, bytes: b"", datetime: NOON, dict: {}}
    return kinds[column.type.python_type]


def _count(connection: Connection, table: Any) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar() or 0


def counts(engine: Engine, names: set[str]) -> dict[str, int]:
    with engine.connect() as connection:
        return {name: _count(connection, Table(name, MetaData())) for name in names}


@pytest.mark.parametrize("database", [on_sqlite, on_postgres])
@pytest.mark.parametrize("revision", REVISIONS)
def test_a_ledger_of_an_earlier_version_keeps_its_rows_and_works_on(
    revision: str, database: Callable[..., str], request: pytest.FixtureRequest, tmp_path: Path
):
    engine = create_engine(url := database(request, tmp_path))
    before = filled(engine, revision)

    migrate(url)

    after, ledger = counts(engine, set(before)), SqlLedger(url)
    assert [name for name, rows in before.items() if after[name] < rows] == []
    outcome = ledger.outcome("orders", KEY)
    assert outcome is not None
    assert (outcome.attempt_id, outcome.outcome, outcome.rows_published) == (ATTEMPT, PartitionOutcome.PUBLISHED, 7)
    assert [each.attempts for each in ledger.settled_totals()] == [1]
    assert [(each.channel, each.messages) for each in ledger.backlog()] == [("#orders", 1)]
    attempt = ledger.open_attempt(a_claim(), idempotency_key="k2", after_fence=0, now=NOON)
    assert attempt is not None
    ledger.settle(a_settlement(attempt.id), an_assessment(a_problem()))
    assert (attempt.fence, len(ledger.incidents("orders")), len(ledger.settlements("orders", KEY))) == (2, 1, 2)
    ledger.close()
    engine.dispose()


def test_every_version_up_to_this_one_is_tried():
    assert (REVISIONS[0], REVISIONS[-1], len(REVISIONS)) == ("0001", HEAD, int(HEAD))
