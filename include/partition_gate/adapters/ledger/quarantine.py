"""Replays and discards of quarantined rows: their tables, and the part of the ledger that keeps them."""

from __future__ import annotations

import zlib

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    select,
    update,
)

from partition_gate.adapters.ledger.attempts import lock_partition
from partition_gate.adapters.ledger.database import Database, insert_new
from partition_gate.adapters.ledger.schema import Moment, attempts, metadata, settlements
from partition_gate.judging.attempt import Attempt
from partition_gate.judging.replay import Discard, Replay, RowPositions

# What an attempt was made from, if not from landed files.
replays = Table(
    "replays",
    metadata,
    Column("attempt_id", String, ForeignKey("attempts.id"), primary_key=True),
    Column("dataset", String, nullable=False),
    Column("partition_key", String, nullable=False),
    Column("of_attempt", String, nullable=False),
    Column("fingerprint", String, nullable=False),
    Column("landed_key", String, nullable=False),
    Column("who", String, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("change", Text, nullable=False),
    Column("is_replaced", Boolean, nullable=False),
    Column("is_rollback", Boolean, nullable=False),
    Column("rows_published", BigInteger, nullable=False),
    Column("rows_taken", BigInteger, nullable=False),
    Column("rows_given", BigInteger, nullable=False),
    Column("rows_kept", BigInteger, nullable=False),
    Column("hash_change", String, nullable=False),
)

# Rows that a person gave up; `positions` is the bitmap of their positions, compressed with zlib.
discards = Table(
    "discards",
    metadata,
    Column("attempt_id", String, ForeignKey("settlements.attempt_id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("dataset", String, nullable=False),
    Column("partition_key", String, nullable=False),
    Column("who", String, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("condition", Text, nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("positions", LargeBinary, nullable=False),
)


class SqlQuarantineRecords:
    """The `QuarantineRecords` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def attempt(self, attempt_id: str) -> Attempt | None:
        query = select(*(attempts.c[name] for name in Attempt.model_fields)).where(attempts.c.id == attempt_id)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else Attempt.model_validate(dict(row._mapping))

    def record_replay(self, replay: Replay) -> None:
        with self._database.writing() as connection:
            insert_new(connection, replays, **replay.model_dump())

    def replay(self, attempt_id: str) -> Replay | None:
        with self._database.reading() as connection:
            row = connection.execute(select(replays).where(replays.c.attempt_id == attempt_id)).first()
        return None if row is None else Replay.model_validate(dict(row._mapping))

    def discard_rows(self, discard: Discard, *, seen_fence: int) -> bool:
        with self._database.writing() as connection:
            if lock_partition(connection, discard.dataset, discard.partition_key) != seen_fence:
                return False
            return _discarded(connection, discard)

    def discards(self, attempt_id: str) -> tuple[Discard, ...]:
        query = select(discards).where(discards.c.attempt_id == attempt_id).order_by(discards.c.number)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(_discard(dict(row._mapping)) for row in rows)


def _discarded(connection: Connection, discard: Discard) -> bool:
    """Record the discard with its counts; False if there is one of this number."""
    row = discard.model_dump(exclude={"positions"}) | {
        "row_count": discard.rows,
        "positions": zlib.compress(discard.positions.bitmap),
    }
    if not insert_new(connection, discards, **row):
        return False
    quarantined, given_up = settlements.c.rows_quarantined, settlements.c.rows_discarded
    counted = {quarantined: quarantined - discard.rows, given_up: given_up + discard.rows}
    connection.execute(update(settlements).where(settlements.c.attempt_id == discard.attempt_id).values(counted))
    return True


def _discard(row: dict[str, object]) -> Discard:
    compressed = row.pop("positions")
    assert isinstance(compressed, bytes)  # noqa: S101 -- the column's type
    del row["row_count"]
    return Discard.model_validate({**row, "positions": RowPositions(bitmap=zlib.decompress(compressed))})
