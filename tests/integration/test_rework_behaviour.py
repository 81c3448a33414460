"""Quarantined rows are chosen, changed and put together, by the same sentences in memory and in DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from partition_gate.adapters.gx.recovery import Recovery, RecoveryLimits
from partition_gate.adapters.gx.rework import DuckDbRework
from partition_gate.core.errors import CannotAct
from partition_gate.core.table import TableColumn, TableSchema
from partition_gate.judging.replay import ATTEMPTS, Assembled, Assembly, Change, Export, HashedColumn, RowPositions
from partition_gate.judging.shrinkage import MOST_GONE, ColumnShrinkage, GoneValue
from partition_gate.judging.validation import Split
from partition_gate.ports.rework import Rework
from partition_gate.testing.quarantine import FakeRework

TABLE = TableSchema(name="orders", columns=(TableColumn(name="id", source="id", type="BIGINT"),))
HASHED = (HashedColumn(source="id", published="id", type="BIGINT"),)


@pytest.fixture(params=["memory", "duckdb"])
def rework(request: pytest.FixtureRequest, tmp_path: Path) -> Rework:
    """With one recovery function, `fixes:times_ten`."""
    if request.param == "memory":
        fake = FakeRework()
        fake.functions["fixes:times_ten"] = lambda id_: 10 * id_
        return fake
    folder = tmp_path / "recover"
    folder.mkdir()
    (folder / "fixes.py").write_text(
        "import pyarrow.compute as pc\n\ndef times_ten(rows):\n"
        "    return rows.set_column(0, 'id', pc.multiply(rows['id'], 10))\n"
    )
    return DuckDbRework(recovery=Recovery(RecoveryLimits(folder=folder)))


def quarantined(path: Path, *ids: int, source: str = "landing/a.parquet") -> Path:
    """Rows as a split writes them."""
    count = len(ids)
    columns: dict[str, Any] = {
        "id": pa.array(ids, pa.int64()),
        "_gate_rule_ids": [["id.required"]] * count,
        "_gate_reasons": [["it is missing"]] * count,
        **{f"_gate_{name}": ["x"] * count for name in ("contract", "contract_version", "attempt")},
        "_gate_source_file": [source] * count,
        "_gate_source_row": pa.array(range(count), pa.int64()),
    }
    pq.write_table(pa.table(columns), path)
    return path


def plain(path: Path, *ids: int) -> Path:
    pq.write_table(pa.table({"id": pa.array(ids, pa.int64())}), path)
    return path


def ids_of(path: Path | None) -> list[int]:
    return [] if path is None else [int(id_) for id_ in pq.ParquetFile(path).read(["id"])["id"].to_pylist()]


def assembled(rework: Rework, folder: Path, change: Change | None = None, *gone: int) -> Assembled:
    """Rows 1 and 2 are published; 7, 8 and 9 are in quarantine at the positions 0, 1 and 2."""
    assembly = Assembly(
        attempt_id="a1",
        rows=quarantined(folder / "rows.parquet", 7, 8, 9),
        discarded=RowPositions.of(gone),
        published=(plain(folder / "part-a1.parquet", 1, 2),),
        published_columns=(("id", "BIGINT"),),
        table=TABLE,
        change=change or Change(),
        hashed=HASHED,
    )
    into = folder / "assembled"
    into.mkdir()
    return rework.assemble(assembly, into=into)


def judged(made: Assembled) -> list[int]:
    return sorted(id_ for path in made.paths for id_ in ids_of(path))


def test_a_condition_chooses_positions(rework: Rework, tmp_path: Path) -> None:
    rows = quarantined(tmp_path / "rows.parquet", 7, 8, 9)
    assert rework.choose(rows, "id in (7, 9)") == RowPositions.of([0, 2])


def test_no_condition_chooses_all(rework: Rework, tmp_path: Path) -> None:
    assert rework.choose(quarantined(tmp_path / "rows.parquet", 7, 8, 9), "") == RowPositions.of([0, 1, 2])


def test_a_condition_that_cannot_be_evaluated_is_refused(rework: Rework, tmp_path: Path) -> None:
    with pytest.raises(CannotAct, match="--where nonsense"):
        rework.choose(quarantined(tmp_path / "rows.parquet", 7), "nonsense")


def test_published_and_quarantined_rows_are_judged_together(rework: Rework, tmp_path: Path) -> None:
    made = assembled(rework, tmp_path)
    assert (judged(made), made.sources) == ([1, 2, 7, 8, 9], ("published:a1", "quarantine:a1"))


def test_rows_that_are_not_chosen_are_kept_back(rework: Rework, tmp_path: Path) -> None:
    made = assembled(rework, tmp_path, Change(where="id in (8)"))
    assert (judged(made), ids_of(made.kept), made.rows_kept) == ([1, 2, 8], [7, 9], 2)


def test_discarded_rows_are_neither_judged_nor_kept_back(rework: Rework, tmp_path: Path) -> None:
    made = assembled(rework, tmp_path, Change(where="id in (7, 8)"), 0)
    assert (judged(made), ids_of(made.kept), made.rows_taken) == ([1, 2, 8], [9], 1)


def test_an_assignment_changes_the_chosen_rows(rework: Rework, tmp_path: Path) -> None:
    made = assembled(rework, tmp_path, Change(where="id in (8)", assignments=(("id", "800"),)))
    assert (judged(made), ids_of(made.kept)) == ([1, 2, 800], [7, 9])


def test_a_recovery_function_changes_the_chosen_rows(rework: Rework, tmp_path: Path) -> None:
    made = assembled(rework, tmp_path, Change(where="id in (8)", recover="fixes:times_ten"))
    assert (judged(made), ids_of(made.kept), made.hash_change != "0") == ([1, 2, 80], [7, 9], True)


def test_rows_of_a_recovery_function_keep_their_origins(rework: Rework, tmp_path: Path) -> None:
    made = assembled(rework, tmp_path, Change(recover="fixes:times_ten"))
    assert (made.rows_taken, made.rows_given) == (3, 3)


def test_a_recovery_function_that_does_not_exist_is_refused(rework: Rework, tmp_path: Path) -> None:
    with pytest.raises(CannotAct, match="--recover missing:fix: "):
        assembled(rework, tmp_path, Change(recover="missing:fix"))


def test_a_file_takes_the_place_of_the_chosen_rows(rework: Rework, tmp_path: Path) -> None:
    made = assembled(rework, tmp_path, Change(file=plain(tmp_path / "corrected.parquet", 70, 80)))
    assert (judged(made), made.rows_taken, made.rows_given) == ([1, 2, 70, 80], 3, 2)


def test_rows_that_fail_again_have_had_one_more_attempt_and_kept_ones_have_not(rework: Rework, tmp_path: Path) -> None:
    made = assembled(rework, tmp_path, Change(where="id in (8)"))
    failing = quarantined(tmp_path / "failing.parquet", 8, source="quarantine:a1")
    split = Split(passing=(), quarantined=failing, rows_in=3, rows_passing=2, rows_quarantined=1, row_hash="0")
    merged = rework.merge(split, made, into=tmp_path)
    assert (merged.rows_in, merged.rows_quarantined) == (5, 3)
    attempts = pq.read_table(merged.quarantined).select(["id", ATTEMPTS]).to_pylist()
    assert {row["id"]: row[ATTEMPTS] for row in attempts} == {8: 2, 7: 1, 9: 1}


def test_a_split_without_failing_and_kept_rows_stays_as_it_is(rework: Rework, tmp_path: Path) -> None:
    split = Split(passing=(), quarantined=None, rows_in=5, rows_passing=5, rows_quarantined=0, row_hash="0")
    assert rework.merge(split, assembled(rework, tmp_path), into=tmp_path) == split


def test_an_export_leaves_discarded_rows_out(rework: Rework, tmp_path: Path) -> None:
    rows, to = quarantined(tmp_path / "rows.parquet", 7, 8, 9), tmp_path / "export.parquet"
    assert (rework.export(rows, Export(discarded=RowPositions.of([1])), to=to), ids_of(to)) == (2, [7, 9])


def test_hashes_do_not_depend_on_order_and_files(rework: Rework, tmp_path: Path) -> None:
    one = rework.hash_rows([plain(tmp_path / "one.parquet", 1, 2, 3)], [("id", "BIGINT")])
    parts = [plain(tmp_path / "a.parquet", 3), plain(tmp_path / "b.parquet", 2, 1)]
    assert (rework.hash_rows(parts, [("id", "BIGINT")]), one.rows) == (one, 3)


def test_other_rows_have_another_hash(rework: Rework, tmp_path: Path) -> None:
    first, second = plain(tmp_path / "a.parquet", 1, 2), plain(tmp_path / "b.parquet", 1, 3)
    columns = [("id", "BIGINT")]
    assert rework.hash_rows([first], columns) != rework.hash_rows([second], columns)


def test_rows_at_positions_are_hashed_alone(rework: Rework, tmp_path: Path) -> None:
    rows, alone = quarantined(tmp_path / "rows.parquet", 7, 8, 9), plain(tmp_path / "alone.parquet", 7, 9)
    columns = [("id", "BIGINT")]
    assert rework.hash_rows([rows], columns, only=RowPositions.of([0, 2])) == rework.hash_rows([alone], columns)


def test_a_change_of_rows_is_the_change_of_their_hashes(rework: Rework, tmp_path: Path) -> None:
    made = assembled(rework, tmp_path, Change(where="id in (8)", assignments=(("id", "800"),)))
    columns = [("id", "BIGINT")]
    before, after = (rework.hash_rows([plain(tmp_path / f"{id_}.parquet", id_)], columns) for id_ in (8, 800))
    assert int(made.hash_change) == int(after.total) - int(before.total)


def test_the_values_that_are_gone_are_counted_and_the_most_frequent_come_first(rework: Rework, tmp_path: Path) -> None:
    before = plain(tmp_path / "before.parquet", 1, 2, 2, 3, 3, 3)
    now = [plain(tmp_path / "a.parquet", 1), plain(tmp_path / "b.parquet", 4)]

    (found,) = rework.compare_values(before, now, ["id"])

    gone = (GoneValue(value="3", rows=3), GoneValue(value="2", rows=2))
    assert found == ColumnShrinkage(column="id", before=3, now=2, gone_count=2, gone=gone)


def test_no_more_than_five_gone_values_are_named(rework: Rework, tmp_path: Path) -> None:
    (found,) = rework.compare_values(plain(tmp_path / "before.parquet", *range(9)), [], ["id"])

    assert (found.gone_count, len(found.gone), found.now) == (9, MOST_GONE, 0)


def test_a_null_that_is_still_there_is_not_gone(rework: Rework, tmp_path: Path) -> None:
    both = tmp_path / "both.parquet"
    pq.write_table(pa.table({"id": pa.array([None, 1], pa.int64())}), both)

    assert rework.compare_values(both, [both], ["id"])[0].gone_count == 0
