"""Tries what a run does in the warehouse's database, in a transaction that is rolled back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from partition_gate.adapters.warehouse_postgres.database import Database, driver_of
from partition_gate.adapters.warehouse_postgres.storage import VersionStorage
from partition_gate.core.diagnosis import Finding, failed, ok
from partition_gate.core.quoting import identifier

_OLDEST = 130_000  # server_version_num of the oldest PostgreSQL that is still maintained by its authors
_NAME = "_gate_doctor"


class DatabaseProbe:
    """One database and the consumers' schema in it. Trials raise AccessDenied, StoreUnreachable and the like."""

    def __init__(self, database: Database, schema: str) -> None:
        self._database, self._schema = database, schema

    def connect(self) -> Finding:
        """Text is stored as it landed only in a database whose encoding is UTF8."""
        with self._database.reading() as connection:
            row = connection.execute(
                text("SELECT current_setting('server_version_num')::int, current_setting('server_encoding')")
            ).one()
        number, encoding = row
        if encoding != "UTF8":
            return failed(f"{self._database.shown}: its encoding is {encoding}; create a database with ENCODING 'UTF8'")
        if number < _OLDEST:
            return failed(f"{self._database.shown}: PostgreSQL {number // 10_000}; use 13 or newer")
        return ok(f"{self._database.shown}, PostgreSQL {number // 10_000}")

    def write(self) -> Finding:
        """Create the schemas if they are missing, and a table and a view in them; then roll all of it back."""
        storage = VersionStorage(self._schema)
        table = f"{identifier(storage.storage)}.{identifier(_NAME)}"
        with self._database.writing() as connection:
            trial = connection.begin_nested()
            storage.create(connection)
            driver = driver_of(connection)
            driver.execute(f"CREATE TABLE {table} (id int)")
            driver.execute(f"CREATE VIEW {identifier(self._schema)}.{identifier(_NAME)} AS SELECT id FROM {table}")  # noqa: S608 -- quoted
            trial.rollback()
        return ok(f"tables and views, in the schemas {self._schema} and {storage.storage}")

    def now(self) -> datetime:
        """The database's clock, by which replaced versions are swept."""
        with self._database.reading() as connection:
            moment: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
            return moment
