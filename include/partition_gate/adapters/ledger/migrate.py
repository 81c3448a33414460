"""Bring a ledger's database to this version's tables."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from partition_gate.adapters.ledger.database import TIMEOUT_S, Database
from partition_gate.core.errors import LedgerUnusable

HEAD = "0004"
SCRIPTS = Path(__file__).parent / "migrations"
# Any number, as long as it is ours: two migrations of one PostgreSQL database take turns by it.
_POSTGRES_LOCK = 7_265_374


def migrate(url: str, timeout_s: float = TIMEOUT_S) -> None:
    """Create or upgrade the tables, in one transaction; nothing happens if they are of this version.

    Any number of processes may call it at once.

    Raises:
        LedgerUnusable: the database does not answer in time, is damaged, or was made by a newer version of ours.
    """
    database = Database(url, timeout_s)
    try:
        with database.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _POSTGRES_LOCK})
            version = _version(connection)
            if version is not None and version > HEAD:
                raise LedgerUnusable(
                    f"the ledger {database.shown} has tables of version {version}, made by a newer Partition Gate; "
                    f"this one knows them up to {HEAD}: install the newer, or name another ledger in GATE_LEDGER_URL"
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
    # Alembic takes longer to import than the usual call of `migrate` takes to find nothing to do.
    from alembic import command  # noqa: PLC0415 -- see above
    from alembic.config import Config  # noqa: PLC0415 -- see above

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
