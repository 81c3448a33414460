"""The contract files and partition keys that the arguments of a command name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from partition_gate.adapters.contract_folder import SUFFIX, ContractFolder
from partition_gate.core.display import displayed
from partition_gate.core.errors import ContractError, UnknownContract
from partition_gate.core.nearest_words import did_you_mean
from partition_gate.core.units import duration

_NEGATIVE, _MARK = re.compile(r"-\d"), "\N{NULL}"
DATASET_HELP = "A contract id or file; CONTRACT/SCHEMA, if it has several schema objects."
Names = Annotated[list[str] | None, typer.Argument(help="Contract ids or files. Default: all contracts.")]


class WithNegativeKeys(TyperCommand):
    """A command with a partition key, which may begin with a minus (`-5`) and is no option then."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As for every command; negative keys are marked until the options are known."""
        with_value = {name for each in self.params if not getattr(each, "is_flag", True) for name in each.opts}
        before = ["", *args]
        marked = [
            f"{_MARK}{arg}" if _NEGATIVE.match(arg) and before[place] not in with_value else arg
            for place, arg in enumerate(args)
        ]
        rest: list[str] = super().parse_args(ctx, marked)
        ctx.params = {name: _unmarked(value) for name, value in ctx.params.items()}
        return rest


def _unmarked(value: Any) -> Any:
    return value.removeprefix(_MARK) if isinstance(value, str) else value


def dataset_part(name: str) -> str:
    """The dataset of `CONTRACT/DATASET`, which the ledger knows by its own name; a name without a contract as it is."""
    return name.rpartition("/")[2]


def datasets_meant(folder: ContractFolder, name: str) -> tuple[str, ...]:
    """The datasets whose records a name means: all those of a contract, otherwise the one with this name.

    The contract may be invalid, and a dataset whose contract is gone has records still.
    """
    try:
        path, dataset = folder.find(name)
        return (dataset,) if dataset else tuple(each.name for each in folder.read(path).datasets)
    except ContractError:
        return (dataset_part(name),)


def refuse_unknown(folder: ContractFolder, name: str, recorded: Iterable[str] = ()) -> None:
    """For a command that found nothing: raises UnknownContract, if nothing has this name."""
    if dataset_part(name) in recorded:
        return
    try:
        folder.find(name)
    except UnknownContract as error:
        near = did_you_mean(dataset_part(name), recorded)
        raise UnknownContract(
            f"nothing of {displayed(name)} is recorded, and {error}{f'; {near}' if near else ''}"
        ) from None


def moment_of(text: str, now: datetime) -> datetime | None:
    """A span before now (`24h`) or a time (`2026-12-01T08:00Z`; without a zone it is UTC); None if it is neither."""
    if span := duration(text):
        return now - span
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


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
