"""The contract files and partition keys that the arguments of a command name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.core.errors import UnknownContract

# Otherwise the key `-5` is an option. An option that does not exist is then an argument too many.
WITH_NEGATIVE_KEYS = {"ignore_unknown_options": True}
Names = Annotated[list[str] | None, typer.Argument(help="Contract ids or files. Default: all contracts.")]


def stated(reason: str) -> str:
    """A reason that was typed. Raises: BadParameter, if it is blank."""
    if not reason.strip():
        raise typer.BadParameter("write a reason, because it is kept for audits")
    return reason


def named(folder: ContractFolder, names: list[str] | None) -> list[Path]:
    """The files with these names; without names, all contracts of the folder. Raises: UnknownContract."""
    return [_existing(folder, name) for name in names] if names else folder.paths()


def _existing(folder: ContractFolder, name: str) -> Path:
    path = folder.locate(name)
    if not path.is_file():
        raise UnknownContract(
            f"{name!r} is neither a contract of {folder.contracts} nor a file; omit it to use all contracts"
        )
    return path
