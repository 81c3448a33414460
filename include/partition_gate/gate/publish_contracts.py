"""Publish approved contracts to the registry: versions first, the index last, each by a conditional write."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from partition_gate.contract.model import Contract
from partition_gate.contracts.registry import (
    APPROVED,
    INDEX,
    Entry,
    RegisteredVersion,
    RegistryIndex,
    index_text,
    read_index,
    sha256,
    version_path,
    with_entries,
)
from partition_gate.core.errors import OperatorError
from partition_gate.core.record import Record

_TRIES = 20


class Stored(Record):
    """An object's bytes, with the token that a later `replace` compares."""

    body: bytes
    token: str


class RegistryStore(Protocol):
    """Objects below one root. Every write is conditional; paths are relative to the root."""

    @property
    def root(self) -> str: ...

    def read(self, path: str) -> Stored | None: ...

    def create(self, path: str, body: bytes) -> bool:
        """Write a new object; False, and nothing is written, if it already exists."""

    def replace(self, path: str, body: bytes, *, token: str) -> bool:
        """Overwrite the object if it still has this token; otherwise False, and nothing is written."""


class Approved(Record):
    """A contract and the bytes of its file."""

    contract: Contract
    body: bytes


class RegistryOutcome(StrEnum):
    """The result for one contract."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    NOT_APPROVED = "not approved"


class Publication(Record):
    """The result for one contract; `why` explains anything but a plain publication."""

    id: str
    version: str
    outcome: RegistryOutcome
    why: str = ""


def publish_contracts(files: Sequence[Approved], store: RegistryStore, *, now: datetime) -> tuple[Publication, ...]:
    """Publish every contract; one result each, in order. A refused contract does not stop the others. Idempotent.

    A kill between writing a version and the index leaves a version that is not in the index; the next call adds it.

    Raises:
        OperatorError: storage fails, or other writers keep changing the index.
    """
    publications, entries = [], []
    for file in files:
        publication = _publish(file, store)
        publications.append(publication)
        if publication.outcome in {RegistryOutcome.PUBLISHED, RegistryOutcome.UNCHANGED}:
            entries.append(_entry(file, now))
    _write_index(store, entries)
    return tuple(publications)


def _publish(file: Approved, store: RegistryStore) -> Publication:
    contract = file.contract
    named = {"id": contract.id, "version": contract.version}
    if contract.status not in APPROVED:
        why = f"status is {contract.status.value}; only active and deprecated contracts are published"
        return Publication(**named, outcome=RegistryOutcome.NOT_APPROVED, why=why)
    path = version_path(contract.id, contract.version)
    if store.create(path, file.body):
        return Publication(**named, outcome=RegistryOutcome.PUBLISHED)
    there = store.read(path)
    if there is not None and there.body == file.body:
        return Publication(**named, outcome=RegistryOutcome.UNCHANGED)
    return Publication(**named, outcome=RegistryOutcome.REFUSED, why=_other_content(file, store.root, path, there))


def _other_content(file: Approved, root: str, path: str, there: Stored | None) -> str:
    hashes = (
        f"sha256 {sha256(there.body)[:12]} there, {sha256(file.body)[:12]} here"
        if there
        else "it has been removed since"
    )
    return (
        f"{root}/{path}: version {file.contract.version} is already published with different content ({hashes}); "
        f"a published version never changes: increase `version` in {file.contract.path}"
    )


def _entry(file: Approved, now: datetime) -> Entry:
    contract = file.contract
    return Entry(
        id=contract.id,
        name=contract.name,
        datasets=tuple(dataset.name for dataset in contract.datasets),
        version=RegisteredVersion(
            version=contract.version,
            status=contract.status.value,
            path=version_path(contract.id, contract.version),
            sha256=sha256(file.body),
            size_bytes=len(file.body),
            published_at=now,
        ),
    )


def _write_index(store: RegistryStore, entries: Sequence[Entry]) -> None:
    """Add the entries to the current index; if another writer changed it, read it again and retry."""
    for _ in range(_TRIES):
        there = store.read(INDEX)
        index = read_index(there.body.decode(), place=f"{store.root}/{INDEX}") if there else RegistryIndex()
        body = index_text(with_entries(index, entries)).encode()
        if there is not None and (there.body == body or store.replace(INDEX, body, token=there.token)):
            return
        if there is None and store.create(INDEX, body):
            return
    raise OperatorError(
        f"{store.root}/{INDEX}: other writers changed it during all {_TRIES} tries; run the command again"
    )
