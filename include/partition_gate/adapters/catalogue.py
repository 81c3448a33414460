"""The contracts of a folder, as far as they are usable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.model import Status
from partition_gate.core.names import dag_id
from partition_gate.core.record import Record


class Catalogue(Record):
    """The usable datasets of all contracts, and (file, problem) for each contract with a dataset that is not usable.

    `not_run` has a sentence for each dataset of a valid contract that is not judged here. That is no problem.
    """

    contracts: tuple[CompiledDataset, ...]
    broken: tuple[tuple[str, str], ...]
    not_run: tuple[str, ...] = ()


def without_clashes(datasets: Mapping[str, Iterable[CompiledDataset]], broken: Mapping[str, str]) -> Catalogue:
    """The catalogue of the datasets of each file, without those whose name, or whose DAG's id, is not unique.

    Of two datasets with the same name, neither is usable: both would be published to one table. A dataset of a retired
    contract gives way to another one. `broken` has the problems of files. Both are by file, and stay in this order.
    """
    owners: dict[str, list[str]] = {}
    for file, own in datasets.items():
        for name in (name for compiled in own for name in _claims(compiled)):
            owners.setdefault(name, []).append(file)
    usable, problems = [], {file: [broken[file]] if file in broken else [] for file in (*datasets, *broken)}
    for file, own in datasets.items():
        for compiled in own:
            taken = next((name for name in _claims(compiled) if len(owners[name]) > 1), None)
            if taken is None and not _gives_way(compiled, owners):
                usable.append(compiled)
            elif taken is not None:
                others = ", ".join(sorted({*owners[taken]} - {file}))
                what = f"the name {taken} is also claimed by {others}; rename one of them"
                problems[file].append(f"{compiled.contract.path}: {compiled.dataset.path}.name: {what}")
    return Catalogue(
        contracts=tuple(usable), broken=tuple((file, "\n".join(each)) for file, each in problems.items() if each)
    )


def _gives_way(compiled: CompiledDataset, owners: Mapping[str, Sequence[str]]) -> bool:
    return compiled.contract.status is Status.RETIRED and compiled.dataset.name.casefold() in owners


def _claims(compiled: CompiledDataset) -> tuple[str, ...]:
    """The names that no other dataset may have; a retired contract has given them up."""
    if compiled.contract.status is Status.RETIRED:
        return ()
    return compiled.dataset.name.casefold(), dag_id(compiled.dataset.qualified_name)
