"""OpenLineage events in a file, or as HTTP calls to a catalogue such as Marquez or DataHub."""

from __future__ import annotations

import fcntl
import http.client
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request

from partition_gate.adapters.http_deadlines import opener_until
from partition_gate.core.errors import DeliveryUnknown, NotDelivered
from partition_gate.gate.deadlines import Deadline, LimitReached, within

_LIMIT_S = 5.0


class OpenLineageEvents:
    """The `RunEvents` port. `file` gets a JSON line for each event, `url` a POST; an empty one gets nothing.

    A file may be shared by processes of one machine. All calls of `emit` together end within `limit_s`; redirects are
    not followed.
    """

    def __init__(self, file: str, url: str, *, limit_s: float = _LIMIT_S) -> None:
        self._file, self._url, self._limit_s = file, url, limit_s

    @property
    def is_wanted(self) -> bool:
        return bool(self._file or self._url)

    def emit(self, events: Sequence[Mapping[str, Any]]) -> None:
        try:
            if self._file:
                self._append(events)
        finally:  # a full disk costs the catalogue nothing
            if self._url:
                deadline = Deadline(self._limit_s)
                for event in events:
                    self._post(event, deadline)

    def _append(self, events: Sequence[Mapping[str, Any]]) -> None:
        path, lines = Path(self._file), "".join(f"{json.dumps(event, ensure_ascii=False)}\n" for event in events)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8", errors="replace") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.write(lines)
        except OSError as error:
            raise NotDelivered(f"GATE_OPENLINEAGE_FILE: {path} cannot be written ({error.strerror})") from error

    def _post(self, event: Mapping[str, Any], deadline: Deadline) -> None:
        where = f"GATE_OPENLINEAGE_URL: {urlsplit(self._url).hostname}"
        body = json.dumps(event, ensure_ascii=False).encode("utf-8", "replace")
        headers = {"Content-Type": "application/json", "User-Agent": "partition-gate"}
        request = Request(self._url, data=body, headers=headers, method="POST")  # noqa: S310 -- http(s) only
        try:
            within(max(deadline.left_s, 0.001), lambda: _answered(request, deadline))
        except (LimitReached, TimeoutError) as error:
            raise DeliveryUnknown(f"{where}: no answer within {self._limit_s:g} s") from error
        except HTTPError as error:
            error.close()
            raise NotDelivered(f"{where}: the catalogue answers {error.code}") from error
        except (OSError, http.client.HTTPException) as error:
            cause = type(getattr(error, "reason", error)).__name__
            raise NotDelivered(f"{where}: cannot be reached ({cause})") from error


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Nothing: the answer becomes an error."""


def _answered(request: Request, deadline: Deadline) -> None:
    opener_until(deadline, _NoRedirects()).open(request, timeout=max(deadline.left_s, 0.001)).close()
