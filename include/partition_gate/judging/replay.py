"""Rows that come back from quarantine, or are discarded there: what people asked for, and what was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path

from pydantic import AwareDatetime

from partition_gate.core.errors import InvalidSetting
from partition_gate.core.masking import Masking
from partition_gate.core.record import Record
from partition_gate.core.table import TableSchema

# The number of attempts that a quarantined row has had; a file without the column is of its first attempt.
ATTEMPTS = "_gate_attempts"
# A row's position in `rows.parquet`, 0-based; expressions and exports have it as a column.
POSITION = "_gate_position"
# An exported file has this column if values of some columns are hashes: it names them.
MASKED = "_gate_masked"


class Action(StrEnum):
    """What a run is for. All but the first need a reason, which is kept with the name of the person."""

    JUDGE = "judge what has landed"
    REPLAY = "replay the quarantined rows"
    RECOVER = "replay them with the contract's recovery function"
    ROLL_BACK = "roll back to an earlier version"
    APPROVE = "approve the held version"
    REJECT = "reject the held version"


class RowPositions(Record):
    """A set of positions in an attempt's `rows.parquet`: bit i of the bitmap (least significant first) is row i."""

    bitmap: bytes = b""

    @classmethod
    def of(cls, positions: Iterable[int]) -> RowPositions:
        """These positions."""
        bits = bytearray()
        for position in positions:
            if position >= len(bits) * 8:
                bits.extend(bytes(max(position // 8 + 1 - len(bits), len(bits))))
            bits[position // 8] |= 1 << position % 8
        return cls(bitmap=bytes(bits).rstrip(b"\0"))

    @classmethod
    def first(cls, count: int) -> RowPositions:
        """The positions from 0 to `count` - 1."""
        return _positions((1 << count) - 1)

    @property
    def count(self) -> int:
        """How many positions there are."""
        return self._bits.bit_count()

    def numbers(self) -> Iterator[int]:
        """The positions, ascending."""
        for number, byte in enumerate(self.bitmap):
            yield from (number * 8 + bit for bit in range(8) if byte & 1 << bit)

    def union(self, other: RowPositions) -> RowPositions:
        """The positions of both."""
        return _positions(self._bits | other._bits)

    def without(self, other: RowPositions) -> RowPositions:
        """The positions that are not in the other."""
        return _positions(self._bits & ~other._bits)

    @property
    def _bits(self) -> int:
        return int.from_bytes(self.bitmap, "little")


class RowHash(Record):
    """The number of rows, and the sum of their hashes as decimal text: independent of their order."""

    rows: int = 0
    total: str = "0"

    def __add__(self, other: RowHash) -> RowHash:
        return RowHash(rows=self.rows + other.rows, total=str(int(self.total) + int(other.total)))


class HashedColumn(Record):
    """A column by which rows are compared: its name in files, its name in the published table, its published type."""

    source: str
    published: str
    type: str


class Change(Record):
    """What is done to quarantined rows before they are judged again.

    `where` is the DuckDB condition that chooses them (empty: all); the others are kept back. `assignments` are pairs of
    a column's name in the files and a DuckDB expression. `file` (Parquet or CSV) replaces the chosen rows. `recover`
    names the Python function of the contract that corrects them (`module:function`).
    """

    where: str = ""
    assignments: tuple[tuple[str, str], ...] = ()
    file: Path | None = None
    recover: str = ""

    @property
    def sentence(self) -> str:
        """What is done, without any value of a row except those that the expressions themselves contain."""
        done = [f"set {column}" for column, _ in self.assignments]
        if self.recover:
            done.append(f"recovered by {self.recover}")
        if self.file is not None:
            done.append(f"replaced by {self.file.name}")
        return (", ".join(done) or "unchanged") + (", chosen by a condition" if self.where else "")


def assignment(text: str) -> tuple[str, str]:
    """`amount=abs(amount)` as a pair. Raises: InvalidSetting."""
    column, separator, expression = text.partition("=")
    if not separator or not column.strip() or not expression.strip():
        raise InvalidSetting(f"{text!r}: write COLUMN=EXPRESSION, such as amount=abs(amount)")
    return column.strip(), expression.strip()


class Assembly(Record):
    """What a replay is made from: local copies of an attempt's rows.

    `rows` is its `rows.parquet` (None if it quarantined none), and `discarded` the rows in it that no longer count.
    `published` are the files of its visible rows (none if it published nothing) with their columns as (name, DuckDB
    type). `table` is the table that the rules name.
    """

    attempt_id: str
    rows: Path | None
    discarded: RowPositions
    published: tuple[Path, ...]
    published_columns: tuple[tuple[str, str], ...]
    table: TableSchema
    change: Change
    hashed: tuple[HashedColumn, ...] = ()


class Assembled(Record):
    """The rows to judge, as Parquet files with the columns and types of the quarantined rows, and the rows kept back.

    `sources[i]` names what `paths[i]` came from, in messages and in quarantine. `origins` has, for each row of the file
    from quarantine by its number, its place in landing and its attempts so far. `kept` are rows that are not judged.
    `over` is the fence of the version that was visible when the rows were read; 0 if there was none. `hash_change` is
    the sum of the hashes of the given rows minus that of the taken ones.
    """

    paths: tuple[Path, ...]
    sources: tuple[str, ...]
    origins: Path | None
    kept: Path | None
    rows_published: int
    rows_taken: int
    rows_given: int
    rows_kept: int
    hash_change: str = "0"
    over: int = 0


class Replay(Record):
    """An attempt that judged rows of an older attempt (`of_attempt`) again: who asked for it, when and why.

    `fingerprint` identifies the landed files that the rows once came from, and `landed_key` is the idempotency key that
    these files would have: a run that finds them changes nothing. `rows_taken` left quarantine, `rows_given` were
    judged in their place (another number only if a file replaced them), `rows_kept` were kept back. `hash_change` as in
    `Assembled`. `is_rollback`: the older attempt's version had been replaced, and `fingerprint` is of the files that
    replaced it.
    """

    attempt_id: str
    dataset: str
    partition_key: str
    of_attempt: str
    fingerprint: str
    landed_key: str
    who: str
    why: str
    at: AwareDatetime
    change: str
    is_replaced: bool = False
    is_rollback: bool = False
    rows_published: int = 0
    rows_taken: int = 0
    rows_given: int = 0
    rows_kept: int = 0
    hash_change: str = "0"


class Discard(Record):
    """Rows of an attempt that a person gave up: who, when and why. `number` counts the discards of the attempt from 1.

    `condition` is what chose them (empty: all that were left).
    """

    attempt_id: str
    number: int
    dataset: str
    partition_key: str
    who: str
    why: str
    at: AwareDatetime
    condition: str
    positions: RowPositions

    @property
    def rows(self) -> int:
        """How many rows were discarded."""
        return self.positions.count


class Export(Record):
    """Which columns of quarantined rows people get in a file (none: all), and what is hidden from them.

    `masking` hides values, which become hashes with `key`; None: nothing is hidden. `discarded` rows are left out.
    """

    columns: tuple[str, ...] = ()
    masking: Masking | None = None
    key: bytes = b""
    discarded: RowPositions = RowPositions()


def hashed_columns(
    read: TableSchema, published: TableSchema, stored: Iterable[tuple[str, str]]
) -> tuple[HashedColumn, ...]:
    """The columns by which landed and published rows are compared.

    `stored` are the columns of the visible files, as (name, DuckDB type); empty if none are visible. Objects, lists,
    and columns with a default are left out, because a published row may differ from the landed one there.
    """
    types = dict(stored) or {column.name: column.type for column in published.columns}
    pairs = zip(read.columns, published.columns, strict=True)
    named = ((a.source, next((n for n in (b.name, *b.formerly) if n in types), None), b.default) for a, b in pairs)
    return tuple(
        HashedColumn(source=source, published=name, type=types[name])
        for source, name, default in named
        if name is not None and default is None and not _is_nested(types[name])
    )


def hashed_in_files(columns: Iterable[HashedColumn]) -> tuple[tuple[str, str], ...]:
    """The columns as landed and quarantined files name them, with their published types."""
    return tuple((column.source, column.type) for column in columns)


def _is_nested(kind: str) -> bool:
    return kind.startswith(("STRUCT", "MAP", "UNION")) or kind.endswith("]")


def _positions(bits: int) -> RowPositions:
    return RowPositions(bitmap=bits.to_bytes((bits.bit_length() + 7) // 8, "little"))
