"""A process imports only what its work needs: imports are most of what a small partition costs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.integration.test_gate_run import KEY, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write_contract()
    desk.land()
    desk.environment = {"PYTHONPROFILEIMPORTTIME": "1"}
    return desk


def imported(desk: Desk, *arguments: str) -> set[str]:
    done = desk.gate(*arguments)
    assert done.returncode == 0, done.stderr[-2000:]
    return set(re.findall(r"\| +(\S+)$", done.stderr, re.MULTILINE))


def test_a_partition_on_local_files_is_judged_and_published_without_an_s3_client(desk):
    names = imported(desk, "run", str(desk.contract), KEY)

    assert {name for name in names if name in ("great_expectations", "s3fs", "aiohttp")} == {"great_expectations"}


def test_where_nothing_is_to_judge_great_expectations_is_not_imported(desk):
    desk.gate("run", str(desk.contract), KEY)

    again = imported(desk, "run", str(desk.contract), KEY)
    status = imported(desk, "status")

    assert "duckdb" in again | status
    assert "great_expectations" not in again | status
