"""Migrate a ledger's database to the tables of this version."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from partition_gate.adapters.ledger.database import TIMEOUT_S, Database
from partition_gate.core.errors import LedgerUnusable

HEAD = "0009"
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
