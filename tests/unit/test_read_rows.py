"""Published rows as they are, and as they were at a moment or a version of the table; every port in memory."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.unit.test_replay import KEY, orders
from tests.unit.test_rollback import FIRST, SECOND, History

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.core.errors import CannotAct
from partition_gate.gate.read_rows import AsOf, read_rows

NOW = AsOf()


@pytest.fixture(scope="module")
def contract() -> CompiledDataset:
    return orders("1.0.0")


@pytest.fixture
def gate(contract: CompiledDataset, tmp_path: Path) -> History:
    return History(contract, tmp_path)


def ids(gate: History, as_of: AsOf, key: str | None = KEY) -> list[int]:
    into = gate.folder / "read.parquet"
    count = read_rows(gate.contract, key, as_of, columns=["id"], into=into, ports=gate.ports)
    found = pq.read_table(into)["id"].to_pylist()
    assert count == len(found)
    return sorted(found)


@pytest.mark.parametrize("key", [KEY, None])
def test_without_a_moment_they_are_those_that_consumers_see(gate: History, key: str | None) -> None:
    assert ids(gate, NOW, key) == SECOND


@pytest.mark.parametrize("key", [KEY, None])
def test_an_earlier_version_of_the_table_has_the_rows_of_then(gate: History, key: str | None) -> None:
    newest, first = gate.versions()
    assert (newest.table_version, first.table_version) == (1, 0)

    assert (ids(gate, AsOf(table_version=0), key), ids(gate, AsOf(table_version=1), key)) == (FIRST, SECOND)


def test_a_moment_shows_what_was_visible_then(gate: History) -> None:
    gate.ports.clock.forward(timedelta(hours=1))
    gate.ports.store.land(KEY, range(1, 99))
    gate.run()
    newest, second, _ = gate.versions()

    assert ids(gate, AsOf(moment=newest.settled_at)) == list(range(1, 99))
    assert ids(gate, AsOf(moment=newest.settled_at - timedelta(microseconds=1))) == SECOND
    with pytest.raises(CannotAct, match="nothing was published until"):
        ids(gate, AsOf(moment=second.settled_at - timedelta(microseconds=1)))


def test_rows_that_were_removed_cannot_be_read_and_the_setting_is_named(gate: History) -> None:
    gate.sweep()

    with pytest.raises(CannotAct, match=r"2026-11-01: the rows of \S+, which were visible at version 0, were removed"):
        ids(gate, AsOf(table_version=0))
    assert ids(gate, NOW) == SECOND


def test_a_partition_that_never_was_is_told(gate: History) -> None:
    with pytest.raises(CannotAct, match="orders 2026-11-09: nothing was published; see `gate status orders`"):
        ids(gate, NOW, "2026-11-09")
