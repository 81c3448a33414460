"""The Notifier without a Slack token: messages are files in a folder, which the console shows."""

from __future__ import annotations

import heapq
import os
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

from pydantic import ValidationError

from partition_gate.core.errors import NotDelivered
from partition_gate.core.record import Record
from partition_gate.judging.attempt import Message


class Delivered(Record):
    """A message in the inbox; `ts` is seconds since 1970 as text, as in Slack."""

    message: Message
    ts: str


class InboxNotifier:
    """One file per message, `<message id>.json`. The file is the delivery, so sending is idempotent.

    A message sent again with a new text replaces the file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(  # a file names its root
        self,
        message: Message,
        *,
        root_ts: str | None = None,  # noqa: ARG002
        root_text: str | None = None,  # noqa: ARG002
    ) -> str:
        """Write the file atomically and durably; returns its timestamp. An edit keeps the timestamp of its root.

        Raises: NotDelivered.
        """
        if message.is_edit:
            message = message.model_copy(update={"id": message.root, "root": "", "is_edit": False})
        path = self._path(message.id)
        try:
            if not _holds(path, message):
                self.folder.mkdir(parents=True, exist_ok=True)
                _write(path, message.model_dump_json(indent=2))
            return _ts(path)
        except OSError as error:
            raise NotDelivered(
                f"{path}: cannot be written ({error.strerror}); check the free space and permissions of the folder"
            ) from error

    def find(self, message: Message, *, since: datetime, root_ts: str | None = None) -> str | None:  # noqa: ARG002 - an id has one file at any time
        """The file's timestamp if it holds this message."""
        path = self._path(message.id)
        return _ts(path) if _holds(path, message) else None

    def delivered(self, *, limit: int = 200) -> tuple[Delivered, ...]:
        """The newest messages, newest first. Files that are not messages are skipped."""
        newest = heapq.nlargest(limit, self.folder.glob("[!.]*.json"), key=_ts)
        return tuple(delivered for path in newest if (delivered := _read(path)))

    def _path(self, message_id: str) -> Path:
        return self.folder / f"{message_id}.json"


def _holds(path: Path, message: Message) -> bool:
    delivered = _read(path)
    return delivered is not None and delivered.message == message


def _write(path: Path, text: str) -> None:
    # A leading dot, so that an unfinished file does not count as a message.
    with NamedTemporaryFile("w", dir=path.parent, prefix=".", suffix=".part", delete=False, encoding="utf-8") as part:
        part.write(text)
        part.flush()
        os.fsync(part.fileno())
    if path.exists():
        os.utime(part.name, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    Path(part.name).replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(path: Path) -> Delivered | None:
    try:
        return Delivered(message=Message.model_validate_json(path.read_bytes()), ts=_ts(path))
    except (OSError, ValidationError):
        return None


def _ts(path: Path) -> str:
    written_ns = path.stat().st_mtime_ns
    return f"{written_ns // 10**9}.{written_ns % 10**9 // 1000:06d}"
