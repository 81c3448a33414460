"""Lint plans the queries of a contract, and DuckDB computes while it plans: within the limits of a run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.test_gate_run import FAILED, Desk

COLUMNS = [{"name": "dt", "logicalType": "date", "partitioned": True}, {"name": "id", "logicalType": "integer"}]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_lint_plans_queries_within_the_limits_of_a_run(desk: Desk) -> None:
    queries = ("select len(range(0, 300000000))", "select count(*) from {object}", "select nope from {object}")
    rules = [{"id": f"q{n}", "type": "sql", "query": query, "mustBe": 1} for n, query in enumerate(queries)]
    desk.write_contract(schema=[{"name": "orders", "properties": COLUMNS, "quality": rules}])
    measured = (
        "import resource, sys; from partition_gate.apps.cli.main import main\n"
        "try: main()\n"
        "finally: print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)"
    )
    limits = {"GATE_SQL_RULE_MEMORY_MB": "256", "GATE_SQL_RULE_TIMEOUT_S": "4"}
    environment = {**os.environ, "PYTHONPATH": "include", **limits}
    command = [sys.executable, "-c", measured, "lint", str(desk.contract), "--json"]

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == FAILED, done.stderr
    found = {f["place"]: f["what"] for each in json.loads(done.stdout)["files"] for f in each["findings"]}
    assert "nope" in found["schema[0].quality[2].query"]
    assert int(done.stderr.split()[-1]) < 700_000


def test_lint_gives_the_planning_of_a_query_the_time_of_a_run(desk: Desk) -> None:
    query = f"select regexp_matches(repeat('a', 200000), '{'(a|aa|aaa)' * 333}c')"  # computed while it is planned
    rules = [{"id": "slow", "type": "sql", "query": query, "mustBe": True}]
    desk.write_contract(schema=[{"name": "orders", "properties": COLUMNS, "quality": rules}])
    desk.environment = {"GATE_SQL_RULE_TIMEOUT_S": "0.1"}

    done = desk.gate("lint", str(desk.contract))

    assert done.returncode == FAILED, done.stderr
    assert "longer than 0.1 s (GATE_SQL_RULE_TIMEOUT_S)" in done.stdout
