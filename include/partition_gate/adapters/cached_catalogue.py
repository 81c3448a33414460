"""The contracts of a folder, kept in the memory of a process that lives long."""

from __future__ import annotations

import time

from partition_gate.adapters.catalogue import Catalogue
from partition_gate.adapters.contract_folder import HISTORY, SUFFIX, ContractFolder
from partition_gate.core.errors import UnknownContract

_LOOK_EVERY_S = 1.0


class CachedCatalogue:
    """The contracts of a folder for a process that lives long: read again only if a file of them changed.

    The files are looked at once a second, because a page asks several times, and there may be thousands.
    """

    def __init__(self, folder: ContractFolder) -> None:
        self._folder = folder
        self._read: tuple[object, Catalogue] | None = None
        self._looked_at = -_LOOK_EVERY_S
        self._newest = Catalogue(contracts=(), broken=())

    def current(self) -> Catalogue:
        """All contracts. A folder that does not exist is a broken contract."""
        if time.monotonic() - self._looked_at >= _LOOK_EVERY_S:
            self._newest = self._look()
            self._looked_at = time.monotonic()
        return self._newest

    def _look(self) -> Catalogue:
        folder = self._folder
        try:
            paths = folder.paths()
        except UnknownContract as error:
            return Catalogue(contracts=(), broken=((str(folder.contracts), str(error)),))
        kept = folder.contracts.glob(f"{HISTORY}/*/*{SUFFIX}")
        files = [*paths, *sorted(kept), *sorted(folder.expectations.rglob("*.json"))]
        state = [(path, path.stat().st_mtime_ns, path.stat().st_size) for path in files]
        if self._read is None or self._read[0] != state:
            self._read = (state, folder.load_all())
        return self._read[1]
