"""The contract files and partition keys that the arguments of a command name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from partition_gate.adapters.contract_folder import SUFFIX, ContractFolder
from partition_gate.core.errors import UnknownContract

# Otherwise the key `-5` is an option. An option that does not exist is then an argument too many.
WITH_NEGATIVE_KEYS = {"ignore_unknown_options": True}
DATASET_HELP = "A contract id or file; CONTRACT/SCHEMA, if it has several schema objects."
Names = Annotated[list[str] | None, typer.Argument(help="Contract ids or files. Default: all contracts.")]


def dataset_part(name: str) -> str:
    """The dataset of `CONTRACT/DATASET`, which the ledger knows by its own name; a name without a contract as it is."""
    return name.rpartition("/")[2]


def stated(reason: str) -> str:
    """A reason that was typed. Raises: BadParameter, if it is blank."""
    if not reason.strip():
        raise typer.BadParameter("write a reason, because it is kept for audits")
    return reason


def named(folder: ContractFolder, names: list[str] | None) -> list[Path]:
    """The files with these names; without names, all contracts of the folder. Raises: UnknownContract."""
    return [_existing(folder, name) for name in names] if names else folder.paths()


def whole_contract(folder: ContractFolder, name: str) -> Path:
    """The file of a contract. Raises: UnknownContract, also if the name is that of one of its datasets."""
    path, dataset = folder.find(name)
    if dataset is not None:
        contract = path.name.removesuffix(SUFFIX) if folder.own_name(path) else path
        raise UnknownContract(f"{name!r} is a dataset, and this command works on a whole contract: write {contract}")
    return path


def _existing(folder: ContractFolder, name: str) -> Path:
    try:
        return whole_contract(folder, name)
    except UnknownContract as error:
        raise UnknownContract(f"{error}; omit it to use all contracts") from None
