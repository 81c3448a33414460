"""Tries what a run does in warehouse and quarantine, with a small file of its own that it removes again."""

from __future__ import annotations

import secrets
from functools import cached_property

from partition_gate.adapters.storage import Storage
from partition_gate.core.diagnosis import Finding, failed, ok

_NAME = "_gate_doctor"  # Delta and Hive readers skip names that begin with `_`


class StorageProbe:
    """One root. Each method is one trial, in this order; it raises AccessDenied, NoSpace or StoreUnreachable."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def list(self) -> Finding:
        """Only a folder that is empty: listing a whole warehouse could take minutes."""
        list(self._storage.listing(_NAME))
        return ok("allowed")

    def write(self) -> Finding:
        """A commit of a table relies on the second of two writers being refused."""
        if not self._storage.create(self._path, b"gate doctor"):
            return failed(f"{self._storage.uri(self._path)}: a new file is refused as existing; check the server")
        if self._storage.create(self._path, b"second"):
            return failed(
                f"{self._storage.root}: the server ignores If-None-Match, so two runs could overwrite each other's "
                "commits; use a server that supports conditional writes"
            )
        return ok("a second writer is refused")

    def read(self) -> Finding:
        if self._storage.get(self._path) is None:
            return failed(f"{self._storage.uri(self._path)}: was not written, so it cannot be read; look at `write`")
        return ok("what was written")

    def delete(self) -> Finding:
        self._storage.delete(self._path)
        gone = self._storage.find(self._path) is None
        return ok("removed again") if gone else failed(f"{self._storage.uri(self._path)}: still there; remove it")

    @cached_property
    def _path(self) -> str:
        return f"{_NAME}_{secrets.token_hex(8)}"
