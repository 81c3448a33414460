"""The contracts of a folder, as far as they are usable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.model import Status
from partition_gate.core.names import dag_id
from partition_gate.core.record import Record

T = TypeVar("T")


class Catalogue(Record):
    """The usable datasets of all contracts, and (file, problem) for each contract with a dataset that is not usable.

    `not_run` has a sentence for each dataset of a valid contract that is not judged here. That is no problem.
    """

    contracts: tuple[CompiledDataset, ...]
    broken: tuple[tuple[str, str], ...]
    not_run: tuple[str, ...] = ()


class FileDatasets(NamedTuple, Generic[T]):
    """The usable datasets of one contract file, a sentence for each dataset that is not judged here, and problems."""

    datasets: tuple[T, ...]
    not_run: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class FolderDatasets(NamedTuple, Generic[T]):
    """As Catalogue, for whatever is known of each dataset."""

    datasets: tuple[T, ...]
    broken: tuple[tuple[str, str], ...]
    not_run: tuple[str, ...]


class Claim(Record):
    """The names that no other dataset may have: its own, and its DAG's. A retired contract has given them up."""

    name: str
    dag: str
    is_retired: bool
    place: str  # file and object, for messages

    @property
    def names(self) -> tuple[str, ...]:
        """The claimed names, in the case in which they are compared."""
        return () if self.is_retired else (self.name.casefold(), self.dag)


def claim_of(compiled: CompiledDataset) -> Claim:
    """What a dataset claims."""
    return Claim(
        name=compiled.dataset.name,
        dag=dag_id(compiled.dataset.qualified_name),
        is_retired=compiled.contract.status is Status.RETIRED,
        place=f"{compiled.contract.path}: {compiled.dataset.path}",
    )


def without_clashes(files: Mapping[str, FileDatasets[T]], claim: Callable[[T], Claim]) -> FolderDatasets[T]:
    """The datasets of each file, without those whose name, or whose DAG's id, is not unique.

    Of two datasets with the same name, neither is usable: both would be published to one table. A dataset of a retired
    contract gives way to another one.
    """
    claims = {file: [(each, claim(each)) for each in found.datasets] for file, found in files.items()}
    owners: dict[str, list[str]] = {}
    for file, own in claims.items():
        for name in (name for _, claimed in own for name in claimed.names):
            owners.setdefault(name, []).append(file)
    usable, problems = [], {file: list(dict.fromkeys(found.problems)) for file, found in files.items()}
    for file, own in claims.items():
        for each, claimed in own:
            taken = next((name for name in claimed.names if len(owners[name]) > 1), None)
            if taken is not None:
                others = ", ".join(sorted({*owners[taken]} - {file}))
                what = f"the name {taken} is also claimed by {others}; rename one of them"
                problems[file].append(f"{claimed.place}.name: {what}")
            elif not _gives_way(claimed, owners):
                usable.append(each)
    broken = tuple((file, "\n".join(each)) for file, each in problems.items() if each)
    return FolderDatasets(tuple(usable), broken, tuple(why for found in files.values() for why in found.not_run))


def _gives_way(claim: Claim, owners: Mapping[str, Sequence[str]]) -> bool:
    return claim.is_retired and claim.name.casefold() in owners
