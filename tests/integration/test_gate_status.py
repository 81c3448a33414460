"""`gate status` over a recorded ledger: all partitions, or those that somebody asks for."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from partition_gate.adapters.ledger.ledger import SqlLedger, migrate
from partition_gate.apps.cli.main import app
from partition_gate.core.errors import UnknownContract
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.testing.builders import NOON, a_claim, a_settlement

RECORDED = (
    ("orders", "2026-11-01", PartitionOutcome.PUBLISHED, 0),
    ("orders", "2026-11-02", PartitionOutcome.REJECTED, 2),
    ("returns", "2026-11-01", PartitionOutcome.PUBLISHED, 1),
    ("returns", "2026-11-02", PartitionOutcome.MISSING, 3),
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    url = f"sqlite:///{folder / 'ledger.sqlite'}"
    migrate(url)
    ledger = SqlLedger(url)
    for dataset, key, outcome, hour in RECORDED:
        attempt = ledger.open_attempt(a_claim(dataset, key), idempotency_key="k", after_fence=0, now=NOON)
        assert attempt is not None
        settled_at = NOON + timedelta(hours=hour)
        ledger.settle(
            a_settlement(attempt.id, dataset=dataset, partition_key=key, outcome=outcome, settled_at=settled_at)
        )
    return folder


def gate(home: Path, *arguments: str) -> Any:
    now = (NOON + timedelta(hours=4)).isoformat()
    return CliRunner().invoke(app, ["status", *arguments], env={"GATE_HOME": str(home), "GATE_NOW": now})


def shown(home: Path, *arguments: str) -> list[tuple[str, str]]:
    found = json.loads(gate(home, *arguments, "--json").stdout)["partitions"]
    return [(each["dataset"], each["partition_key"][-2:]) for each in found]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), [("orders", "01"), ("orders", "02"), ("returns", "01"), ("returns", "02")]),
        (("returns",), [("returns", "01"), ("returns", "02")]),
        (("shop/returns",), [("returns", "01"), ("returns", "02")]),
        (("--since", "150m"), [("orders", "02"), ("returns", "02")]),
        (("--since", "2026-11-02T15:00"), [("returns", "02")]),
        (("--outcome", "missing", "--outcome", "rejected"), [("orders", "02"), ("returns", "02")]),
        (("--limit", "2"), [("orders", "02"), ("returns", "02")]),
        (("--outcome", "published", "--limit", "1"), [("returns", "01")]),
        (("orders", "--outcome", "held"), []),
    ],
)
def test_partitions_are_selected_by_dataset_time_outcome_and_number(
    home: Path, arguments: tuple[str, ...], expected: Any
):
    assert shown(home, *arguments) == expected


def test_no_partition_that_fits_is_told_with_their_number(home: Path):
    assert "none of 2 partitions fits" in gate(home, "orders", "--outcome", "held").stdout


def test_a_misspelt_dataset_is_told_the_nearest(home: Path):
    answer = gate(home, "ordres")

    assert isinstance(answer.exception, UnknownContract)
    assert str(answer.exception).startswith("nothing of ordres is recorded, and 'ordres' is not a contract")
    assert str(answer.exception).endswith("did you mean 'orders'?")


def test_a_time_that_is_none_is_a_usage_error(home: Path):
    answer = gate(home, "--since", "yesterday")

    assert answer.exit_code == 2
    assert "neither a span nor a time" in answer.stderr
