"""Keeps what was computed from contract files, for as long as every byte that it was computed from is the same."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from pydantic import ValidationError

import partition_gate
from partition_gate.adapters.contract_folder import HISTORY, SUFFIX, ContractFolder
from partition_gate.core.record import Record

R = TypeVar("R", bound=Record)
# Packages that decide what a contract compiles to.
_ENGINES = ("duckdb", "great_expectations", "jsonschema", "pydantic", "PyYAML", "sqlglot")
_WRITTEN_AT_ONCE = 50  # readings
_OWNER_ONLY, _BY_UMASK = 0o600, 0o666

log = logging.getLogger(__name__)


class ReadingCache(Generic[R]):
    """Readings (records of one kind) of the contract files of a folder, in one JSON file.

    A reading is used again if its contract, the kept versions, the committed suites and `context` are the same; pass
    `software_state` in the context. A damaged or missing file means that everything is computed. Several processes may
    use it: the file is replaced as a whole, and each entry says what it was computed from.
    """

    def __init__(
        self, file: Path, folder: ContractFolder, kind: type[R], *, context: object, is_shared: bool = False
    ) -> None:
        self._file, self._folder, self._kind = file, folder, kind
        place = (str(folder.contracts.resolve()), str(folder.expectations.resolve()), folder.environment)
        self._context = json.dumps([kind.__name__, place, context])
        self._unwritten = 0
        self._mode = _BY_UMASK if is_shared else _OWNER_ONLY

    def readings(self, read: Callable[[Path], R], *, is_kept: Callable[[R], bool]) -> dict[str, R]:
        """The reading of each contract file, by the file's name; `read` computes it, and `is_kept` says which to keep.

        Raises: UnknownContract (the folder does not exist), and whatever `read` raises.
        """
        old, found = self._entries(), {}
        new: dict[str, Any] = {}
        for path in self._folder.paths():
            source = self._source(path)
            reading = self._restored(old.get(path.name), source)
            if reading is None:
                reading = read(path)
                # A file that changed meanwhile may be only half in the reading.
                is_whole = source is not None and self._source(path) == source
                kept = _entry(str(source), reading.model_dump_json()) if is_whole and is_kept(reading) else None
                self._write_some({**old, **new})
            else:
                kept = old[path.name]
            found[path.name] = reading
            new |= {path.name: kept} if kept else {}
        if new != old:
            self._write(new)
        return found

    def _restored(self, entry: Any, source: str | None) -> R | None:
        """The reading of an entry; None if it is damaged or was computed from something else."""
        try:
            text = entry["reading"]
            is_current = source is not None and entry == _entry(source, text)
            return self._kind.model_validate_json(text) if is_current else None
        except (TypeError, KeyError, AttributeError, ValidationError):
            return None

    def _source(self, path: Path) -> str | None:
        """A digest of everything that is read for a contract file; None if some of it cannot be read."""
        digest = hashlib.sha256(self._context.encode())
        try:
            for file in _inputs(self._folder, path):
                content = file.read_bytes()
                digest.update(f"{file}\0{len(content)}\0".encode(errors="surrogateescape"))
                digest.update(content)
        except OSError:
            return None
        return digest.hexdigest()

    def _entries(self) -> dict[str, Any]:
        try:
            entries = json.loads(self._file.read_bytes())
        except (OSError, ValueError):
            return {}
        return entries if isinstance(entries, dict) else {}

    def _write_some(self, entries: dict[str, Any]) -> None:
        """Write now and then, because Airflow stops a parse that takes too long: the next one then goes on from here,
        and does not begin again.
        """
        self._unwritten += 1
        if self._unwritten % _WRITTEN_AT_ONCE == 0:
            self._write(entries)

    def _write(self, entries: dict[str, Any]) -> None:
        """Replace the file. The folder must exist: whoever only reads contracts makes no GATE_HOME."""
        draft = self._file.with_name(f".{self._file.name}.{secrets.token_hex(4)}")
        try:
            draft.touch(mode=self._mode, exist_ok=False)
            draft.write_text(json.dumps(entries), encoding="utf-8")
            draft.replace(self._file)
        except OSError as error:
            log.info("readings of contracts are not kept file=%s why=%s", self._file, error.strerror)
            with suppress(OSError):
                draft.unlink(missing_ok=True)


def software_state(package: Path = Path(partition_gate.__file__).parent) -> str:
    """A digest of our files' names, sizes and times, and the versions of the packages that take part.

    The version alone would not change in a checkout, where the code changes between two releases.
    """
    files = sorted(each for each in package.rglob("*") if each.is_file() and each.suffix != ".pyc")
    states = [(str(file), stat.st_size, stat.st_mtime_ns) for file in files for stat in [file.stat()]]
    return hashlib.sha256(json.dumps([states, [_installed(name) for name in _ENGINES]]).encode()).hexdigest()


def _inputs(folder: ContractFolder, path: Path) -> Iterator[Path]:
    """The contract file, its kept versions and all its committed suites; the id of a contract is its file's name."""
    contract = path.name.removesuffix(SUFFIX)
    yield path
    yield from sorted((path.parent / HISTORY / quote(contract, safe="")).glob(f"*{SUFFIX}"))
    yield from sorted((folder.expectations / contract).rglob("*.json"))


def _entry(source: str, reading: str) -> dict[str, str]:
    return {"source": source, "reading": reading, "seal": hashlib.sha256(f"{source}\0{reading}".encode()).hexdigest()}


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # an extra that is not installed
        return ""
