"""The contract registry: immutable versions of approved contracts, and an index of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from urllib.parse import quote

from pydantic import AwareDatetime, ValidationError

from partition_gate.contract.model import Status
from partition_gate.contracts.compatibility.changes import parsed_version
from partition_gate.core.display import counted
from partition_gate.core.errors import ContractError
from partition_gate.core.record import Record

INDEX = "index.json"
INDEX_FORMAT = 1
APPROVED = (Status.ACTIVE, Status.DEPRECATED)


class RegisteredVersion(Record):
    """One published version. `path` is relative to the registry's root; the file there never changes."""

    version: str
    status: str
    path: str
    sha256: str
    size_bytes: int
    published_at: AwareDatetime


class RegisteredContract(Record):
    """One contract with its versions, lowest first. `latest` is the highest version.

    `datasets` are those of the highest version; `dataset` is the first of them.
    """

    id: str
    name: str
    dataset: str
    datasets: tuple[str, ...] = ()
    latest: str
    versions: tuple[RegisteredVersion, ...]


class RegistryIndex(Record):
    """Every contract of the registry, by id."""

    format: int = INDEX_FORMAT
    contracts: tuple[RegisteredContract, ...] = ()


class Entry(Record):
    """The data that publishing one version adds to the index."""

    id: str
    name: str
    datasets: tuple[str, ...]
    version: RegisteredVersion


def version_path(contract_id: str, version: str) -> str:
    """`contracts/flights/1.2.0.odcs.yaml`; characters that are not allowed in a path are percent-encoded."""
    return f"contracts/{quote(contract_id, safe='')}/{quote(version, safe='')}.odcs.yaml"


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def with_entries(index: RegistryIndex, entries: Iterable[Entry]) -> RegistryIndex:
    """The index with these versions added. An existing version does not change, because its file is immutable."""
    contracts = {contract.id: contract for contract in index.contracts}
    for entry in entries:
        contracts[entry.id] = _with_entry(contracts.get(entry.id), entry)
    return index.model_copy(update={"contracts": tuple(contracts[name] for name in sorted(contracts))})


def index_text(index: RegistryIndex) -> str:
    return json.dumps(index.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def read_index(text: str, *, place: str) -> RegistryIndex:
    """The index in a text.

    Raises:
        ContractError: the text is not an index, or its format is newer than this version supports.
    """
    try:
        index = RegistryIndex.model_validate_json(text)
    except ValidationError as error:
        raise ContractError(
            f"{place}: not an index of a registry ({counted(error.error_count(), 'problem')}); choose another --to, "
            "or remove the file and publish again"
        ) from error
    if index.format != INDEX_FORMAT:
        raise ContractError(
            f"{place}: format {index.format} is newer than the supported format {INDEX_FORMAT}; update Partition Gate"
        )
    return index


def _with_entry(known: RegisteredContract | None, entry: Entry) -> RegisteredContract:
    versions = {version.version: version for version in (known.versions if known else ())}
    versions.setdefault(entry.version.version, entry.version)
    ordered = tuple(sorted(versions.values(), key=lambda version: _order(version.version)))
    newest = ordered[-1].version == entry.version.version or known is None
    datasets = entry.datasets if newest or known is None else known.datasets
    return RegisteredContract(
        id=entry.id,
        name=entry.name if newest or known is None else known.name,
        dataset=datasets[0] if datasets or known is None else known.dataset,
        datasets=datasets,
        latest=ordered[-1].version,
        versions=ordered,
    )


def _order(version: str) -> tuple[tuple[int, int, int], str]:
    # Versions of another form come before all versions that can be ordered.
    return parsed_version(version) or (-1, 0, 0), version
