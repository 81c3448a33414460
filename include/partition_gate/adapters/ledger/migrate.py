"""Migrate a ledger's database to the tables of this version."""

from __future__ import annotations

from pathlib import Path

from pydantic import AwareDatetime
from sqlalchemy import Connection, inspect, text

from partition_gate.adapters.ledger.database import TIMEOUT_S, Database
from partition_gate.core.errors import LedgerUnusable
from partition_gate.core.record import Record

HEAD = "0014"
SCRIPTS = Path(__file__).parent / "migrations"
# An arbitrary number of our own: concurrent migrations of a PostgreSQL database serialise on this lock.
_POSTGRES_LOCK = 7_265_374


def migrate(url: str, timeout_s: float = TIMEOUT_S) -> None:
    """Create or upgrade the tables in one transaction; does nothing if they are up to date.

    Safe to call from any number of processes at once.

    Raises:
        LedgerUnusable: the database does not answer in time, is damaged, or was created by a newer version.
    """
    database = Database(url, timeout_s)
    try:
        with database.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _POSTGRES_LOCK})
            version = _version(connection)
            if version is not None and version > HEAD:
                raise LedgerUnusable(
                    f"the ledger {database.shown} has tables of version {version}, from a newer Partition Gate; this "
                    f"one supports up to {HEAD}: install the newer one, or use another ledger in GATE_LEDGER_URL"
                )
            if version != HEAD:
                _upgrade(connection)
    finally:
        database.close()


class LedgerState(Record):
    """The tables' version (None: there are none yet), and the database's clock; None: it is this machine's."""

    version: str | None
    now: AwareDatetime | None


def ledger_state(url: str, timeout_s: float = TIMEOUT_S) -> LedgerState:
    """What a database holds; nothing is changed. Raises: LedgerUnusable."""
    database = Database(url, timeout_s)
    try:
        with database.reading() as connection:
            is_remote = connection.dialect.name == "postgresql"
            now = connection.execute(text("SELECT clock_timestamp()")).scalar() if is_remote else None
            return LedgerState(version=_version(connection), now=now)
    finally:
        database.close()


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    # Importing Alembic takes longer than a usual call of `migrate`, which has nothing to do.
    from alembic import command  # noqa: PLC0415 -- see above
    from alembic.config import Config  # noqa: PLC0415 -- see above

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
