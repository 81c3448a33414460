"""What only the SQL ledger has: its tables, its migrations, its durability."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event, text
from tests.integration.test_ledger_behaviour import new_database

from partition_gate.adapters.ledger.ledger import SqlLedger, migrate
from partition_gate.adapters.ledger.migrate import HEAD, SCRIPTS
from partition_gate.adapters.ledger.schema import metadata
from partition_gate.core.errors import OperatorError
from partition_gate.judging.attempt import Attempt
from partition_gate.judging.measurement import Measurement, State
from partition_gate.judging.profile import ColumnCounters, PartitionProfile
from partition_gate.testing.builders import (
    NOON,
    a_check_result,
    a_claim,
    a_message,
    a_problem,
    a_settlement,
    an_assessment,
    queue,
)

PROFILE = PartitionProfile(row_count=100, columns=(ColumnCounters(column="id", row_count=100, null_count=2),))
SETTLER = """
import sys
from partition_gate.adapters.ledger.ledger import SqlLedger
from partition_gate.testing.builders import NOON, a_claim, a_problem, a_settlement, an_assessment
ledger = SqlLedger(sys.argv[1])
for number in range(10_000):
    attempt = ledger.open_attempt(
        a_claim(), idempotency_key=f"k{number}", after_fence=0, now=NOON
    )
    settlement = a_settlement(attempt.id, idempotency_key=f"k{number}")
    ledger.settle(settlement, an_assessment(a_problem(attempt.id)))
    print(attempt.id, flush=True)
"""


FIRST_VERSIONS_ROWS = """
INSERT INTO fences VALUES ('orders', '2026-11-01', 1);
INSERT INTO attempts VALUES ('orders-2026-11-01-1', 'orders', '2026-11-01', 'orders', '1.0.0', 'k', 1,
    '2026-11-02 12:00:00', 'published', '2026-11-02 12:00:00');
INSERT INTO settlements VALUES ('orders-2026-11-01-1', 'orders', '1.0.0', 'orders', '2026-11-01', 'published', '[]',
    'k', 100, 100, 0, 1, NULL, '2026-11-02 12:00:00', 1);
INSERT INTO latest VALUES ('orders', '2026-11-01', 'orders-2026-11-01-1')
"""

# What the first version recorded of that attempt.
FIRST_VERSIONS_RESULTS = """
INSERT INTO check_results (attempt_id, position, clause, rule_id, expectation, dimension, severity, scope, outcome,
    observed, expected)
SELECT 'orders-2026-11-01-1', position, 'c', rule_id, 'e', 'd', 'error', scope, outcome, observed, 'x'
FROM (
    SELECT 1 AS position, 'latency' AS rule_id, 'sla' AS scope, 'warned' AS outcome, 'landed late' AS observed
    UNION ALL SELECT 2, 'retention', 'sla', 'passed', NULL
    UNION ALL SELECT 3, 'availability', 'sla', 'unknown', 'no date'
    UNION ALL SELECT 4, 'rows', 'partition', 'failed', '0 rows'
)
"""
MEASURED = Measurement(rule_id="latency", state=State.KEPT, sentence="landed")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.sqlite'}"


def opened(ledger: SqlLedger, key: str = "2026-11-01") -> Attempt:
    attempt = ledger.open_attempt(a_claim(key=key), idempotency_key="k", after_fence=0, now=NOON)
    assert attempt is not None
    return attempt


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    engine = create_engine(url)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


@contextmanager
def queries() -> Iterator[list[tuple[str, Any]]]:
    """Every SELECT that is sent meanwhile, and what was bound in it."""
    asked: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def scans(url: str, asked: list[tuple[str, Any]]) -> list[str]:
    """Steps that read a whole table."""
    with create_engine(url).connect() as connection:
        explained = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", bound).all() for query, bound in asked]
    return [str(step) for plan in explained for *_, step in plan if str(step).startswith("SCAN")]


def downgrade(url: str, *, to: str) -> None:
    """The ledger as an earlier version left it."""
    config, engine = Config(), create_engine(url)
    config.set_main_option("script_location", str(SCRIPTS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, to)
    engine.dispose()


def test_migrations_create_exactly_the_tables_of_the_schema(url: str) -> None:
    migrate(url)

    with create_engine(url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []


def test_the_newest_migration_is_the_one_that_is_looked_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))

    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_migrating_again_keeps_everything(url: str) -> None:
    migrate(url)
    attempt = opened(SqlLedger(url))

    migrate(url)

    assert [found.attempt for found in SqlLedger(url).unfinished()] == [attempt]


def test_a_ledger_of_the_first_version_keeps_everything_and_counts_columns_from_now_on(url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with create_engine(url).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for statement in FIRST_VERSIONS_ROWS.split(";"):
            connection.execute(text(statement))

    migrate(url)

    ledger = SqlLedger(url)
    outcome = ledger.outcome("orders", "2026-11-01")
    assert (outcome and outcome.attempt_id, ledger.fence("orders", "2026-11-01")) == ("orders-2026-11-01-1", 1)
    after = opened(ledger)
    ledger.record_validation(after.id, [], document="{}", profile=PROFILE)
    ledger.settle(a_settlement(after.id))
    assert [one.profile for one in ledger.profiles("orders", ["2026-11-01"])] == [PROFILE]


def test_processes_may_migrate_at_once(url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: migrate(url), range(4)))

    assert rows(url, "SELECT version_num FROM alembic_version") == [(HEAD,)]


def test_a_ledger_without_tables_says_how_to_make_them(url: str) -> None:
    with pytest.raises(OperatorError, match="its tables are missing"):
        SqlLedger(url).latest()


def test_a_ledger_that_does_not_answer_is_named_without_its_password() -> None:
    ledger = SqlLedger("postgresql+psycopg://gate:hush@127.0.0.1:9/ledger")

    with pytest.raises(OperatorError, match=r"gate:\*\*\*@127\.0\.0\.1:9/ledger") as raised:
        ledger.latest()

    assert "hush" not in str(raised.value)


def test_counters_add_up_over_partitions(url: str) -> None:
    migrate(url)
    ledger = SqlLedger(url)
    for key, unexpected in (("2026-11-01", 2), ("2026-11-02", 3)):
        ledger.record_validation(opened(ledger, key).id, [a_check_result(unexpected=unexpected)], document="{}")

    sums = rows(url, "SELECT metric, sum(value) FROM counters WHERE dataset = 'orders' GROUP BY 1 ORDER BY 1")

    assert sums == [("element_count", 200), ("unexpected_count", 5)]


def test_counters_of_columns_add_up_over_partitions(url: str) -> None:
    migrate(url)
    ledger = SqlLedger(url)
    for key in ("2026-11-01", "2026-11-02"):
        ledger.record_validation(opened(ledger, key).id, [], document="{}", profile=PROFILE)

    counted = "column_counters JOIN attempts ON attempts.id = column_counters.attempt_id"
    sums = rows(url, f"SELECT column_name, sum(null_count) FROM {counted} WHERE dataset = 'orders' GROUP BY 1")  # noqa: S608 (constants)

    assert sums == [("id", 4)]


def test_reading_a_dataset_does_not_grow_with_its_history(url: str) -> None:
    migrate(url)

    plan = rows(
        url,
        "EXPLAIN QUERY PLAN SELECT * FROM settlements JOIN latest ON latest.attempt_id = settlements.attempt_id "
        "WHERE latest.dataset = 'orders'",
    )

    assert not [step for *_, step in plan if str(step).startswith("SCAN")]


def test_looking_back_over_a_window_does_not_grow_with_history(url: str) -> None:
    migrate(url)
    ledger = SqlLedger(url)
    attempt = opened(ledger)
    ledger.record_validation(attempt.id, [a_check_result("rule")], document="{}")
    ledger.settle(a_settlement(attempt.id))

    with queries() as asked:
        assert len(ledger.published("orders", ["2026-11-01", "2026-11-02"], rule_ids=["rule"])) == 1

    assert len(asked) == 3
    assert not scans(url, asked)


def test_looking_at_profiles_does_not_grow_with_history(url: str) -> None:
    migrate(url)
    ledger = SqlLedger(url)
    attempt = opened(ledger)
    ledger.record_validation(attempt.id, [], document="{}", profile=PROFILE)
    ledger.settle(a_settlement(attempt.id))

    with queries() as asked:
        assert len(ledger.profiles("orders", ["2026-11-01", "2026-11-02"])) == 1

    assert len(asked) == 3
    assert not scans(url, asked)


def test_reading_measurements_is_one_query_and_does_not_grow_with_history(url: str) -> None:
    migrate(url)
    ledger = SqlLedger(url)
    attempt = opened(ledger)
    ledger.record_validation(attempt.id, [], document="{}", measurements=[MEASURED])
    ledger.settle(a_settlement(attempt.id))
    keys = [f"2026-11-{day:02}" for day in range(1, 31)] + [str(number) for number in range(9_000)]

    with queries() as asked:
        assert len(ledger.measured("orders", keys)) == 1

    assert len(asked) == 1
    assert not scans(url, asked)


def test_keys_are_read_from_an_index(url: str) -> None:
    migrate(url)

    with queries() as asked:
        assert SqlLedger(url).recorded_keys("orders") == ()

    assert not scans(url, asked)


def test_a_ledger_that_judged_before_keeps_its_results_as_measurements_without_figures(url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with create_engine(url).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for statement in (*FIRST_VERSIONS_ROWS.split(";"), FIRST_VERSIONS_RESULTS):
            connection.execute(text(statement))

    migrate(url)

    (found,) = SqlLedger(url).measured("orders", ["2026-11-01"])
    assert [(each.rule_id, each.state.value, each.sentence) for each in found.measurements] == [
        ("availability", "not_judged", "no date"),
        ("latency", "broken", "landed late"),
        ("retention", "kept", ""),
    ]
    assert {each.figures for each in found.measurements} == {None}


def test_an_acknowledged_settlement_survives_a_kill_and_has_its_incident(url: str) -> None:
    migrate(url)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for _ in range(3):
        settler = subprocess.Popen(
            [sys.executable, "-c", SETTLER, url], env=environment, stdout=subprocess.PIPE, text=True
        )
        assert settler.stdout is not None
        acknowledged = [settler.stdout.readline().strip() for _ in range(20)]
        settler.kill()
        settler.wait()

        ledger = SqlLedger(url)
        assert all(ledger.settlement(attempt_id) for attempt_id in acknowledged)
        assert rows(url, "SELECT count(*) FROM settlements") == rows(url, "SELECT count(*) FROM incidents")


def test_moments_come_back_in_utc(url: str) -> None:
    migrate(url)
    ledger = SqlLedger(url)
    queue(ledger, a_message("m1"))
    ledger.claim_message(now=NOON, lease=timedelta(minutes=1))

    (entry,) = ledger.messages()

    assert (entry.created_at, entry.first_try_at, entry.created_at.utcoffset()) == (NOON, NOON, timedelta(0))


def test_reading_when_people_were_told_is_three_queries_and_does_not_grow_with_history(url: str) -> None:
    migrate(url)
    ledger = SqlLedger(url)
    for number in range(20):
        ledger.assess(an_assessment(a_problem(f"rule {number}")), now=NOON)

    with queries() as asked:
        assert len(ledger.responses("orders", since=NOON - timedelta(days=1))) == 20

    assert len(asked) == 3
    assert not scans(url, asked)


@pytest.mark.parametrize("server", ["sqlite", "postgres"])
def test_incidents_of_an_earlier_version_are_told_by_the_message_that_showed_them(
    url: str, server: str, request: pytest.FixtureRequest
) -> None:
    url = url if server == "sqlite" else new_database(request.getfixturevalue("postgres"))
    migrate(url)
    ledger = SqlLedger(url)
    ledger.assess(an_assessment(a_problem()), now=NOON)
    (news,) = ledger.unannounced()
    ledger.announce(news, [a_message(news.thread.id)], now=NOON, told_by=news.thread.id)
    ledger.mark_sent(news.thread.id, ts=f"{NOON.timestamp() + 60:.6f}", now=NOON + timedelta(minutes=2))
    before, now = ledger.responses("orders", since=NOON - timedelta(days=1)), NOON + timedelta(minutes=1)
    ledger.close()
    downgrade(url, to="0007")

    migrate(url)

    later = SqlLedger(url)
    after = later.responses("orders", since=NOON - timedelta(days=1))
    later.close()
    assert after == tuple(each.model_copy(update={"notified_at": now}) for each in before)


def test_counting_what_waits_is_one_query_and_does_not_read_what_was_sent(url: str) -> None:
    migrate(url)
    ledger = SqlLedger(url)
    queue(ledger, a_message("m1"))

    with queries() as asked:
        assert len(ledger.backlog()) == 1

    assert len(asked) == 1
    assert [step for step in scans(url, asked) if "outbox" in step] == []
