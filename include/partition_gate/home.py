"""The folder GATE_HOME: what it holds of people's data can only be read by the user who runs the gate."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from partition_gate.gate.local_folders import writing_below
from partition_gate.settings import Settings

_PRIVATE_FOLDER, _PRIVATE_FILE, _OF_OTHERS = 0o700, 0o600, 0o077


def make_private(settings: Settings) -> None:
    """Make the folders below GATE_HOME that hold rows, or what was found in them, and close them to other users.

    They are those of quarantine, Data Docs, spool and messages. A folder that a setting names elsewhere, and the
    published tables with their views, stay as they are. Does nothing with GATE_SHARED_HOME. Who needs a folder that
    cannot be made says so.
    """
    if settings.shared_home:
        return
    for folder in _folders(settings):
        with suppress(OSError):
            folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
            _close(folder, _PRIVATE_FOLDER)
    for file in settings.home.glob("ledger.sqlite*"):
        _close(file, _PRIVATE_FILE)


def make_ledger_file(settings: Settings) -> None:
    """Create the file of the SQLite ledger, private unless GATE_SHARED_HOME says otherwise.

    SQLite gives the files beside it the same permissions. Raises: OperatorError.
    """
    make_folder(settings.home)
    if not settings.shared_home:
        with writing_below(settings.home, setting="GATE_HOME"):
            (settings.home / "ledger.sqlite").touch(mode=_PRIVATE_FILE)


def mask_key(settings: Settings) -> bytes:
    """The key of the hashes that replace classified values; created once, readable only by its owner."""
    if key := settings.mask_key.get_secret_value():
        return key.encode()
    path = settings.home / "mask.key"
    make_folder(path.parent)
    with writing_below(path.parent), suppress(FileExistsError):
        draft = path.with_name(f"mask.{secrets.token_hex(4)}")
        draft.touch(mode=_PRIVATE_FILE)
        draft.write_text(secrets.token_hex(32))
        try:
            path.hardlink_to(draft)  # if two processes create a key, the first one wins
        finally:
            draft.unlink()
    return path.read_text().encode()


def make_folder(folder: Path) -> None:
    """Create a folder of GATE_HOME. Raises: OperatorError."""
    with writing_below(folder, setting="GATE_HOME"):
        folder.mkdir(parents=True, exist_ok=True)


def _folders(settings: Settings) -> Iterator[Path]:
    home = settings.home
    yield from (home / "spool", home / "inbox")
    yield from (home / name for name, set_ in _NAMED.items() if not getattr(settings, set_))


_NAMED = {"quarantine": "quarantine_uri", "docs": "docs_folder"}


def _close(path: Path, mode: int) -> None:
    with suppress(PermissionError, FileNotFoundError):  # it belongs to another user, or is gone by now
        if path.stat().st_mode & _OF_OTHERS:
            path.chmod(mode)


def ledger_shown(settings: Settings) -> str:
    """The ledger of these settings, without a password."""
    if settings.ledger_conn_id:
        return f"the Airflow connection {settings.ledger_conn_id!r}"
    if not settings.ledger_url:
        return str(settings.home / "ledger.sqlite")
    before, at, behind = settings.ledger_url.rpartition("@")
    return f"{before.partition('://')[0]}://{behind}" if at else settings.ledger_url
