"""Which contract a dataset's table belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.model import Status
from partition_gate.core.errors import CannotAct, ContractError


def load_to_publish(folder: ContractFolder, name: str) -> CompiledDataset:
    """As `ContractFolder.load`, for a command that changes what consumers see: the table is named after the dataset, so
    no other contract of the folder may have one of this name. A retired contract has given its names up.

    Raises:
        ContractError: as `load`.
        CannotAct: the dataset belongs to another contract of the folder.
    """
    chosen = folder.load(name)
    path, _ = folder.find(name)
    if other := next(_others(folder, path, chosen.dataset.name), None):
        raise CannotAct(
            f"{chosen.dataset.name} belongs to the contract in {folder.label(other)}, so {folder.label(path)} must not "
            "change what its consumers see; give the schema object another name, or judge only: gate run --dry-run"
        )
    return chosen


def _others(folder: ContractFolder, own: Path, dataset: str) -> Iterator[Path]:
    """The files of other contracts with such a dataset. Only files that contain its name are read as contracts."""
    files = folder.paths() if folder.contracts.is_dir() else []
    for path in (each for each in files if each.resolve() != own.resolve()):
        try:
            if dataset.casefold() not in folder.text(path).casefold():
                continue
            contract = folder.read(path)
        except ContractError:
            continue  # `gate lint` says what is wrong with it
        names = {each.name.casefold() for each in contract.datasets if not each.not_run}
        if contract.status is not Status.RETIRED and dataset.casefold() in names:
            yield path
