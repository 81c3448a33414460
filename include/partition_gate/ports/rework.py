"""Quarantined rows that are chosen, changed and put together with published ones, in local files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from partition_gate.judging.replay import Assembled, Assembly, Export, RowHash, RowPositions
from partition_gate.judging.shrinkage import ColumnShrinkage
from partition_gate.judging.validation import Split


class Rework(Protocol):
    """Works on local Parquet files only. Expressions are DuckDB SQL over one row, or over all rows as `quarantined`.

    A recovery function gets the chosen rows with their reasons, and returns them in the same order.
    """

    def choose(self, rows: Path, where: str) -> RowPositions:
        """The positions of the rows of a `rows.parquet` for which the condition is true; all, if it is empty.

        Raises: CannotAct (the condition cannot be evaluated).
        """

    def assemble(self, assembly: Assembly, *, into: Path) -> Assembled:
        """The rows to judge and the rows kept back, as files in the folder `into`. `over` is left for the caller.

        Raises: CannotAct (an expression, the function or the corrected file cannot be used; the text says which).
        """

    def merge(self, split: Split, assembled: Assembled, *, into: Path) -> Split:
        """The split of the judged rows with the rows kept back, which count as rows in and as quarantined.

        Every quarantined row has its place in landing again, and the number of its attempts.
        """

    def export(self, rows: Path, export: Export, *, to: Path) -> int:
        """Write quarantined rows with their reasons to a new file that only its owner can read; how many there are.

        Raises: CannotAct (the file exists, its name ends neither with .parquet nor .csv, or a column is unknown).
        """

    def hash_rows(
        self, files: Sequence[Path], columns: Sequence[tuple[str, str]], *, only: RowPositions | None = None
    ) -> RowHash:
        """The sum of the hashes of the rows of these files over the columns, given as (name, DuckDB type to cast to).

        A column that the files lack, and a value that cannot be cast, is null. `only`: the rows at these positions of a
        single file.
        """

    def compare_values(self, before: Path, now: Sequence[Path], columns: Sequence[str]) -> tuple[ColumnShrinkage, ...]:
        """The distinct values of each column in `before` and in all files of `now`, which has no file if no row is
        left; in the order of `columns`.

        Raises: OperatorError (a file cannot be read, or has no such column).
        """
