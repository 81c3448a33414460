"""Keys that stand more than once are found whichever way proves or finds them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from partition_gate.adapters.gx.duckdb.dialect import DuckDBDialect
from partition_gate.adapters.gx.duckdb.scan import Machine, open_connection
from partition_gate.adapters.gx.duckdb.sql import select
from partition_gate.adapters.gx.duckdb.uniqueness import Distinctness, duplicates, repeated

an_example = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
HASHES = st.lists(st.lists(st.integers(0, 40).map(lambda n: n * (2**64 // 40 - 1)), max_size=25), max_size=6)


@pytest.mark.parametrize(
    ("kind", "smallest", "largest"),
    [
        *(("TINYINT", -(2**7), 2**7 - 1), ("UTINYINT", 0, 2**8 - 1), ("UINTEGER", 0, 2**32 - 1)),
        *(("BIGINT", -(2**63), 2**63 - 1), ("UBIGINT", 0, 2**64 - 1), ("HUGEINT", -(2**127) + 1, 2**127 - 1)),
    ],
)
@given(draw=st.data(), is_sorted=st.booleans())
@an_example
def test_integers_that_stand_twice_are_found_and_no_others(
    draw: st.DataObject, kind: str, smallest: int, largest: int, *, is_sorted: bool
) -> None:
    numbers = st.integers(0, 90) | st.sampled_from([smallest, largest])

    keys = draw.draw(st.lists(st.none() | numbers, max_size=40))

    assert found_duplicates(keys, kind, is_sorted=is_sorted) == twice(keys)


@given(keys=st.lists(st.none() | st.text("ab", max_size=3), max_size=40), is_sorted=st.booleans())
@example(keys=["a", "b", "c", "d", "e", "f", "g", "h", "i"] * 2, is_sorted=False)  # more than are grouped at once
@an_example
def test_texts_that_stand_twice_are_found_and_no_others(keys: list[str | None], *, is_sorted: bool) -> None:
    assert found_duplicates(keys, "VARCHAR", is_sorted=is_sorted) == twice(keys)


@given(keys=st.lists(st.none() | st.sampled_from([0.0, -0.0, 1.5, float("inf"), -1.0, 7.25]), max_size=9))
@an_example
def test_floats_that_stand_twice_are_found_and_no_others(keys: list[float | None]) -> None:
    assert found_duplicates(keys, "DOUBLE", is_sorted=True) == twice(keys)


def test_two_nans_are_duplicates_also_at_the_end_of_rising_keys() -> None:
    assert len(found_duplicates([1.0, 2.0, float("nan"), float("nan")], "DOUBLE", is_sorted=False)) == 1


def test_where_no_file_can_be_written_duplicates_are_grouped(tmp_path: Path) -> None:
    keys = [*range(50, 0, -1), 7, 7, 9]

    with open_connection(Machine(temporary_folder=str(tmp_path / "absent"))) as connection:
        settled, found = settle(connection, keys, "BIGINT")

    assert (found, "HAVING" in settled) == ([7, 9], True)


@given(batches=HASHES, at_once=st.sampled_from([1, 2, 3, 7, 30, 1000]), spare=st.integers(0, 9))
@example(batches=[[]], at_once=1, spare=0)
@an_example
def test_hashes_that_come_twice_are_found_in_whatever_runs(
    tmp_path: Path, batches: list[list[int]], at_once: int, spare: int
) -> None:
    arrays = [np.array(batch, np.uint64) for batch in batches]
    hashes = [number for batch in batches for number in batch]

    found = repeated(arrays, most=len(hashes) + spare, at_once=at_once, folder=str(tmp_path))

    assert found.tolist() == twice(hashes)
    assert list(tmp_path.iterdir()) == []


def test_more_hashes_than_memory_should_hold_need_a_folder(tmp_path: Path) -> None:
    hashes = [np.arange(20, dtype=np.uint64)]

    assert len(repeated(hashes, most=20, at_once=20, folder=str(tmp_path / "absent"))) == 0
    with pytest.raises(FileNotFoundError):
        repeated(hashes, most=20, at_once=19, folder=str(tmp_path / "absent"))


def found_duplicates(keys: list[Any], kind: str, *, is_sorted: bool) -> list[Any]:
    keys = [*sorted(key for key in keys if key is not None), None] if is_sorted else keys
    with open_connection(Machine()) as connection:
        settled, found = settle(connection, keys, kind)
    assert "HAVING" not in settled, "the slow way was taken"
    return found


def settle(connection: duckdb.DuckDBPyConnection, keys: list[Any], kind: str) -> tuple[str, list[Any]]:
    """The condition that a key stands twice, as it is settled, and the keys for which it is true."""
    dialect = DuckDBDialect()

    def to_sql(clause: Any) -> str:
        return str(clause.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))

    connection.execute(f"CREATE TABLE keys (key {kind})")
    connection.executemany("INSERT INTO keys VALUES (?)", [[key] for key in keys]) if keys else None
    in_parts = Distinctness(connection, to_sql, hashes_at_once=10, keys_at_once=4)
    settled = to_sql(in_parts.resolve(sa.column("key").in_(duplicates([sa.column("key")], sa.table("keys")))))
    found = connection.execute(select(["key"], "keys", where=f"{settled} GROUP BY key")).fetchall()
    return settled, sorted(row[0] for row in found)


def twice(keys: list[Any]) -> list[Any]:
    return sorted(key for key, count in Counter(keys).items() if key is not None and count > 1)
