"""`gate read` as a person uses it: rows of today and of an earlier version, masked on the screen, whole in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.integration.test_gate_run import KEY, Desk
from tests.snapshots import Snapshot


@pytest.fixture(scope="module")
def replaced(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """A partition of two rows that was replaced by one of thirty, a day later."""
    desk = Desk(tmp_path_factory.mktemp("replaced"))
    desk.write_contract()
    for day, ids in (("2026-01-02", [1, 2]), ("2026-01-03", list(range(30)))):
        desk.environment["GATE_NOW"] = f"{day}T08:00Z"
        desk.land(KEY, id=ids, amount=[9.5] * len(ids))
        assert desk.run()[1]["outcome"] == "published"
    return Snapshot(desk.folder)


@pytest.fixture
def desk(replaced: Snapshot) -> Desk:
    return Desk(replaced.restore())


def read(desk: Desk, *arguments: str) -> dict[str, Any]:
    done = desk.gate("read", str(desk.contract), *arguments, "--json")
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.mark.parametrize("as_of", [["--as-of", "0"], ["--as-of", "2026-01-02T12:00Z"]])
def test_rows_are_those_of_the_time_or_version_that_is_asked_for(desk: Desk, as_of: list[str]) -> None:
    now, then = read(desk), read(desk, KEY, *as_of)

    assert (now["row_count"], now["as_of"], then["row_count"]) == (30, None, 2)
    assert [row["id"] for row in then["rows"]] == ["1", "2"]
    assert {row["dt"] for row in then["rows"]} == {KEY}


def test_classified_values_are_hashes_on_the_screen_and_whole_in_a_file(desk: Desk, tmp_path: Path) -> None:
    to = tmp_path / "rows.parquet"

    shown = desk.gate("read", str(desk.contract)).stdout
    written = desk.gate("read", str(desk.contract), "--columns", "amount,dt", "--to", str(to))

    assert ("30 rows, the first 20 of them" in shown, "9.5" in shown, "#" in shown) == (True, False, True)
    assert written.stdout.startswith("wrote 30 rows to ")
    assert pq.read_table(to).to_pydict()["amount"] == [9.5] * 30


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--as-of", "yesterday"], "write 7, 2d or 2026-12-01T08:00Z"),
        (["--columns", "amuont"], "amuont is not a published column; there are id, amount, dt"),
        (["--to", "rows.csv"], "name a new file that ends with .parquet"),
        (["--to", "/nowhere/rows.parquet"], "/nowhere is not a folder; create it first"),
        (["--as-of", "2025-01-01"], "nothing was published until 2025-01-01 00:00:00 UTC"),
    ],
)
def test_what_cannot_be_read_says_what_to_write(desk: Desk, arguments: list[str], said: str) -> None:
    done = desk.gate("read", str(desk.contract), *arguments)

    assert (done.returncode, said in " ".join(done.stderr.replace("\u2502", " ").split())) == (2, True), done.stderr
