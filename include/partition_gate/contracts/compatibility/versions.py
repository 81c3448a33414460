"""Checks that the kept versions and the current version of a contract are in order and load into one table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import quote

from partition_gate.checks.compiling.compiler import table_schema
from partition_gate.checks.compiling.versions import published_table
from partition_gate.contract.model import Contract, Dataset
from partition_gate.contract.widening import can_represent
from partition_gate.contracts.compatibility.changes import parsed_version

_CUSTOM, _EFFECTIVE = "customProperties", "{property: effectiveFrom, value: 2026-01-31}"


class VersionProblem(NamedTuple):
    """A problem in one of the versions: the place in its file, and `what; what to do`."""

    version: Dataset
    place: str
    what: str

    @property
    def file(self) -> str:
        return self.version.contract.path


def same_datasets(old: Contract, new: Contract) -> tuple[tuple[Dataset, Dataset], ...]:
    """Each dataset that both versions have, in the old and in the new form, in the new file's order.

    A contract with a single dataset may have renamed it.
    """
    if len(old.datasets) == len(new.datasets) == 1:
        return ((old.datasets[0], new.datasets[0]),)
    before = {dataset.name: dataset for dataset in old.datasets}
    return tuple((before[dataset.name], dataset) for dataset in new.datasets if dataset.name in before)


def earlier_datasets(kept: Iterable[Contract], current: Contract) -> dict[str, tuple[Dataset, ...]]:
    """Each dataset in the kept versions of its contract that have it, oldest first, by its current name."""
    earlier: dict[str, list[Dataset]] = {dataset.name: [] for dataset in current.datasets}
    for version in kept:
        for before, now in same_datasets(version, current):
            earlier[now.name].append(before)
    return {name: oldest_first(versions) for name, versions in earlier.items()}


def oldest_first(kept: Iterable[Dataset]) -> tuple[Dataset, ...]:
    """The versions ordered by `effectiveFrom`; a version without a day comes first."""
    return tuple(sorted(kept, key=lambda version: (version.limits.effective_from or date.min, _number(version))))


def version_problems(kept: Sequence[Dataset], current: Dataset) -> tuple[VersionProblem, ...]:
    """Every problem that prevents judging partitions by the right version. `kept` are oldest first."""
    versions = (*kept, current)
    problems = [problem for before, after in pairwise(versions) for problem in _out_of_order(before, after)]
    for version in kept:
        problems += [*_misnamed(version), *_of_another_dataset(version, current)]
    if not problems:
        for i, version in enumerate(kept):
            problems += _unloadable(version, versions[i + 1 :])
    return tuple(problems)


def _out_of_order(before: Dataset, after: Dataset) -> Iterator[VersionProblem]:
    since, then = before.limits.effective_from, after.limits.effective_from
    old, new = before.contract, after.contract
    if old.version == new.version:
        what = f"{old.version} is also the current version; raise the version in {new.path}, or remove this file"
        yield VersionProblem(before, "version", what)
    elif then is None:
        what = f"{new.version} follows {old.version} ({old.path}), so it needs a first day; add {_EFFECTIVE}"
        yield VersionProblem(after, _CUSTOM, what)
    elif since is not None and since >= then:
        what = (
            f"effectiveFrom {then} of {new.version} is not after {since} of {old.version} ({old.path}); "
            "correct one of them"
        )
        yield VersionProblem(after, _CUSTOM, what)
    elif _number(before) >= _number(after):
        what = f"{new.version} follows {old.version} ({old.path}) but is not higher; correct effectiveFrom or a version"
        yield VersionProblem(after, "version", what)


def _misnamed(version: Dataset) -> Iterator[VersionProblem]:
    name = f"{quote(version.contract.version, safe='')}.odcs.yaml"
    if version.contract.path.rpartition("/")[2] != name:
        what = f"the file of version {version.contract.version} must be named {name}; rename the file"
        yield VersionProblem(version, "version", what)


def _of_another_dataset(version: Dataset, current: Dataset) -> Iterator[VersionProblem]:
    if version.name != current.name:
        what = f"the table was {version.name!r} and is {current.name!r}, and a new table needs a new contract"
        yield VersionProblem(version, f"{version.path}.name", f"{what}; give it a new id, and remove this file")
    if _keys(version) != _keys(current):
        was, now = (_keys(dataset) for dataset in (version, current))
        what = f"partitions were {was} and are {now}, so their keys have another meaning"
        yield VersionProblem(version, "servers", f"{what}; give it a new id and a new table, and remove this file")


def _keys(version: Dataset) -> str:
    """The form of the keys: the names of the segments, and an example value of each type."""
    return "/".join(f"{segment.name}={segment.example}" for segment in version.location.segments) or "one partition"


def _unloadable(version: Dataset, newer: Sequence[Dataset]) -> Iterator[VersionProblem]:
    own, now = table_schema(version), published_table(version, newer)
    names = Counter(column.name.casefold() for column in now.columns)
    for column, published in zip(own.columns, now.columns, strict=True):
        place = version.column(column.name).path
        if not can_represent(published.type, column.type):
            what = f"{column.name} was {column.type} and is {published.type}, which cannot represent all its values"
            yield VersionProblem(version, place, f"{what}; give the column with the new type a new name")
        if names[published.name.casefold()] > 1:
            what = f"{column.name} and another column of this version are both named {published.name} now"
            yield VersionProblem(version, place, f"{what}; rename one of the current columns")


def _number(version: Dataset) -> tuple[int, int, int]:
    return parsed_version(version.contract.version) or (0, 0, 0)
