"""Replays and discards in memory, and what is put together for a replay, on files with one column `id`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from partition_gate.core.errors import CannotAct
from partition_gate.judging.attempt import Attempt, Settlement
from partition_gate.judging.replay import (
    ATTEMPTS,
    Assembled,
    Assembly,
    Change,
    Discard,
    Export,
    Replay,
    RowHash,
    RowPositions,
)
from partition_gate.judging.shrinkage import MOST_GONE, ColumnShrinkage, GoneValue
from partition_gate.judging.validation import Split

_Rows = list[tuple[int, int]]  # id, attempts


class InMemoryQuarantineRecords:
    """The `QuarantineRecords` port on dictionaries; the ledger's attempts, fences and settlements are here."""

    def __init__(self) -> None:
        super().__init__()
        self._attempts: dict[str, Attempt] = {}
        self._fences: dict[tuple[str, str], int] = {}
        self._settlements: dict[str, Settlement] = {}
        self._replays: dict[str, Replay] = {}
        self._discards: list[Discard] = []

    def attempt(self, attempt_id: str) -> Attempt | None:
        return self._attempts.get(attempt_id)

    def record_replay(self, replay: Replay) -> None:
        self._replays.setdefault(replay.attempt_id, replay)

    def replay(self, attempt_id: str) -> Replay | None:
        return self._replays.get(attempt_id)

    def discard_rows(self, discard: Discard, *, seen_fence: int) -> bool:
        is_known = discard.number in {each.number for each in self.discards(discard.attempt_id)}
        if is_known or self._fences.get((discard.dataset, discard.partition_key), 0) != seen_fence:
            return False
        self._discards.append(discard)
        settled = self._settlements[discard.attempt_id]
        counts = {
            "rows_quarantined": settled.rows_quarantined - discard.rows,
            "rows_discarded": settled.rows_discarded + discard.rows,
        }
        self._settlements[discard.attempt_id] = settled.model_copy(update=counts)
        return True

    def discards(self, attempt_id: str) -> tuple[Discard, ...]:
        mine = (discard for discard in self._discards if discard.attempt_id == attempt_id)
        return tuple(sorted(mine, key=lambda discard: discard.number))


class FakeRework:
    """The `Rework` port. A condition is `id in (1, 2)`; an assignment is a number; a corrected file is Parquet.

    `functions` are the recovery functions, by name: from the old id to the new one.
    """

    def __init__(self) -> None:
        self.functions: dict[str, Callable[[int], int]] = {}

    def choose(self, rows: Path, where: str) -> RowPositions:
        ids = [id_ for id_, _ in _read(rows)]
        if where and not re.fullmatch(r"id in \([\d, ]*\)", where):
            raise CannotAct(f"--where {where}: it cannot be evaluated")
        wanted = {int(number) for number in re.findall(r"\d+", where)} if where else set(ids)
        return RowPositions.of(number for number, id_ in enumerate(ids) if id_ in wanted)

    def assemble(self, assembly: Assembly, *, into: Path) -> Assembled:
        rows, change = _read(assembly.rows) if assembly.rows else [], assembly.change
        all_chosen = self.choose(assembly.rows, change.where) if assembly.rows else RowPositions()
        chosen = set(all_chosen.without(assembly.discarded).numbers())
        gone = set(assembly.discarded.numbers())
        taken = [row for number, row in enumerate(rows) if number in chosen]
        kept = [row for number, row in enumerate(rows) if number not in chosen | gone]
        given = self._given(taken, change)
        published = [row for file in assembly.published for row in _read(file)]
        named = {f"published:{assembly.attempt_id}": published, f"quarantine:{assembly.attempt_id}": given}
        files = {
            name: _written(own, into / f"{number}.parquet") for number, (name, own) in enumerate(named.items()) if own
        }
        return Assembled(
            paths=tuple(files.values()),
            sources=tuple(files),
            origins=_written(given, into / "origins.parquet"),
            kept=_written(kept, into / "kept.parquet") if kept else None,
            rows_published=len(published),
            rows_taken=len(taken),
            rows_given=len(given),
            rows_kept=len(kept),
            hash_change=str(sum(id_**2 for id_, _ in given) - sum(id_**2 for id_, _ in taken)),
        )

    def _given(self, taken: _Rows, change: Change) -> _Rows:
        if change.file is not None:
            return [(id_, 0) for id_, _ in _read(change.file)]
        if change.recover:
            return [(self._function(change.recover)(id_), tried) for id_, tried in taken]
        return [(int(change.assignments[0][1]), tried) for _, tried in taken] if change.assignments else taken

    def _function(self, name: str) -> Callable[[int], int]:
        if name not in self.functions:
            raise CannotAct(f"--recover {name}: there is no such function")
        return self.functions[name]

    def hash_rows(
        self,
        files: Sequence[Path],
        columns: Sequence[tuple[str, str]],  # noqa: ARG002 -- `id` is the only one
        *,
        only: RowPositions | None = None,
    ) -> RowHash:
        ids = [id_ for file in files for id_, _ in _read(file)]
        wanted = range(len(ids)) if only is None else only.numbers()
        chosen = [ids[number] for number in wanted]
        return RowHash(rows=len(chosen), total=str(sum(id_**2 for id_ in chosen)))

    def export(self, rows: Path, export: Export, *, to: Path) -> int:
        gone = set(export.discarded.numbers())
        left = [row for number, row in enumerate(_read(rows)) if number not in gone]
        _written(left, to)
        return len(left)

    def compare_values(self, before: Path, now: Sequence[Path], columns: Sequence[str]) -> tuple[ColumnShrinkage, ...]:
        return tuple(_compared(_values([before], column), _values(now, column), column) for column in columns)

    def merge(self, split: Split, assembled: Assembled, *, into: Path) -> Split:
        failing = _read(split.quarantined) if split.quarantined else []
        tried = dict(_read(assembled.origins)) if assembled.origins else {}
        kept = _read(assembled.kept) if assembled.kept else []
        rows = [*((id_, tried.get(id_, 1) + 1) for id_, _ in failing), *kept]
        merged = _written(rows, into / "quarantined.parquet") if rows else None
        counts = {"rows_in": split.rows_in + len(kept), "rows_quarantined": split.rows_quarantined + len(kept)}
        return split.model_copy(update={"quarantined": merged, **counts})


def _values(files: Sequence[Path], column: str) -> Counter[str | None]:
    cells = (cell for file in files for cell in pq.read_table(file)[column].to_pylist())
    return Counter(None if cell is None else str(cell) for cell in cells)


def _compared(before: Counter[str | None], now: Counter[str | None], column: str) -> ColumnShrinkage:
    gone = [GoneValue(value=value, rows=rows) for value, rows in before.items() if value not in now]
    first = sorted(gone, key=lambda each: (-each.rows, each.value is None, each.value or ""))[:MOST_GONE]
    return ColumnShrinkage(column=column, before=len(before), now=len(now), gone_count=len(gone), gone=tuple(first))


def _read(path: Path) -> _Rows:
    table = pq.read_table(path)
    ids = [int(id_) for id_ in table["id"].to_pylist()]
    tried = table[ATTEMPTS].to_pylist() if ATTEMPTS in table.column_names else [1] * len(ids)
    return list(zip(ids, tried, strict=True))


def _written(rows: _Rows, path: Path) -> Path:
    ids, tried = [id_ for id_, _ in rows], [attempts for _, attempts in rows]
    pq.write_table(pa.table({"id": pa.array(ids, pa.int64()), ATTEMPTS: pa.array(tried, pa.int64())}), path)
    return path
