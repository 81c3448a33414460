"""What a ledger's database refused, as an error of ours with the next step."""

from __future__ import annotations

import sqlite3

from partition_gate.errors import LedgerUnusable

# By SQLite's name of the error, by its beginning; by PostgreSQL's five characters (SQLSTATE), by their beginning.
_SQLITE = {
    "SQLITE_BUSY": "another process kept it locked for {timeout_s:g} s (GATE_LEDGER_TIMEOUT_S); run it again",
    "SQLITE_FULL": "its disk is full; free space there, and run it again",
    "SQLITE_READONLY": "it cannot be written; give our user the right to write the file and its folder",
    "SQLITE_CANTOPEN": "the file cannot be opened; make its folder, and give our user the right to write there",
    "SQLITE_CORRUPT": "{damaged}",
    "SQLITE_NOTADB": "{damaged}",
    "SQLITE_ERROR": "its tables are missing; any `gate` command that judges makes them",
    "SQLITE_IOERR": "its disk does not read or write; check the disk, and restore the file from a backup if it is lost",
}
_DAMAGED = (
    "the file is damaged or is no SQLite database; restore it from a backup, or move it away and start an empty one: "
    "published rows stay visible, and `gate reconcile` shows what is no longer recorded"
)
_POSTGRESQL = {
    "28": "it refuses our user or password; correct GATE_LEDGER_URL",
    "3D": "there is no such database; create it, or correct GATE_LEDGER_URL",
    "42501": "our user may not use its tables; grant it to them",
    "42P01": "its tables are missing; run any `gate` command that judges, which makes them",
    "25006": "it is read-only; name the primary server in GATE_LEDGER_URL",
    "53": "the server has no room left (disk, memory or connections); make some, and run it again",
    "55P03": "another process kept it locked for {timeout_s:g} s (GATE_LEDGER_TIMEOUT_S); run it again",
    "57014": "a statement took longer than {timeout_s:g} s (GATE_LEDGER_TIMEOUT_S); run it again",
}
_SILENT = "no answer within {timeout_s:g} s (GATE_LEDGER_TIMEOUT_S); check that it runs and can be reached"


def ledger_unusable(shown: str, error: BaseException | None, *, timeout_s: float) -> LedgerUnusable:
    """The error for a database, named without its password; its driver's text may repeat values, and stays out."""
    why = _why(error).format(timeout_s=timeout_s, damaged=_DAMAGED)
    return LedgerUnusable(f"the ledger {shown} cannot be used: {why}")


def _why(error: BaseException | None) -> str:
    if isinstance(error, sqlite3.Error):
        name = getattr(error, "sqlite_errorname", "")
        found = next((why for start, why in _SQLITE.items() if name.startswith(start)), None)
        return found or f"SQLite says {name or type(error).__name__}; check the file with `sqlite3 FILE .schema`"
    state = str(getattr(error, "sqlstate", None) or "")
    found = next((why for start, why in _POSTGRESQL.items() if state.startswith(start)), None)
    return found or (_SILENT if not state else f"the server says SQLSTATE {state}; see the server's log")
