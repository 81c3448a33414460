"""Whether the kept versions of a contract and today's follow one another, and load into one table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import quote

from partition_gate.checks.compiling.compiler import table_schema
from partition_gate.checks.compiling.versions import published_table
from partition_gate.contract.model import Dataset
from partition_gate.contract.widening import holds
from partition_gate.contracts.compatibility.changes import parsed_version

_CUSTOM, _EFFECTIVE = "customProperties", "{property: effectiveFrom, value: 2026-01-31}"


class VersionProblem(NamedTuple):
    """What is wrong with one of the versions: the place in its file, and `what; what to do`."""

    version: Dataset
    place: str
    what: str

    @property
    def file(self) -> str:
        return self.version.contract.path


def oldest_first(kept: Iterable[Dataset]) -> tuple[Dataset, ...]:
    """The versions by the day from which they are in force; one without a day is the first."""
    return tuple(sorted(kept, key=lambda each: (each.limits.effective_from or date.min, _number(each))))


def version_problems(kept: Sequence[Dataset], today: Dataset) -> tuple[VersionProblem, ...]:
    """Everything that keeps partitions from being judged by the right version. `kept` are oldest first."""
    versions = (*kept, today)
    found = [problem for before, after in pairwise(versions) for problem in _out_of_order(before, after)]
    found += [problem for each in kept for problem in (*_misnamed(each), *_of_another_dataset(each, today))]
    if not found:
        found += [problem for i, each in enumerate(kept) for problem in _unloadable(each, versions[i + 1 :])]
    return tuple(found)


def _out_of_order(before: Dataset, after: Dataset) -> Iterator[VersionProblem]:
    since, then = before.limits.effective_from, after.limits.effective_from
    old, new = before.contract, after.contract
    if old.version == new.version:
        what = f"{old.version} is kept and is today's; raise it in {new.path}, or remove this file"
        yield VersionProblem(before, "version", what)
    elif then is None:
        what = f"{new.version} follows {old.version} ({old.path}): say from which day; add {_EFFECTIVE}"
        yield VersionProblem(after, _CUSTOM, what)
    elif since is not None and since >= then:
        what = (
            f"effectiveFrom {then} of {new.version} is not after {since} of {old.version} ({old.path}); "
            "correct one of them"
        )
        yield VersionProblem(after, _CUSTOM, what)
    elif _number(before) >= _number(after):
        what = f"{new.version} follows {old.version} ({old.path}), so it must be higher; correct the days or it"
        yield VersionProblem(after, "version", what)


def _misnamed(version: Dataset) -> Iterator[VersionProblem]:
    name = f"{quote(version.contract.version, safe='')}.odcs.yaml"
    if version.contract.path.rpartition("/")[2] != name:
        what = f"{version.contract.version} must be the file's name, {name}; rename the file"
        yield VersionProblem(version, "version", what)


def _of_another_dataset(version: Dataset, today: Dataset) -> Iterator[VersionProblem]:
    if version.name != today.name:
        what = f"the table was {version.name!r} and is {today.name!r}: another table is another contract"
        yield VersionProblem(version, "schema[0].name", f"{what}; give it an id of its own, and remove this file")
    if _keys(version) != _keys(today):
        was, now = (_keys(each) for each in (version, today))
        what = f"partitions were {was} and are {now}: their keys mean something else"
        yield VersionProblem(version, "servers", f"{what}; give it an id and a table of its own, and remove this file")


def _keys(version: Dataset) -> str:
    """What tells keys of two locations apart: the segments' names, and how values of their types are written."""
    return "/".join(f"{each.name}={each.example}" for each in version.location.segments) or "one partition"


def _unloadable(version: Dataset, newer: Sequence[Dataset]) -> Iterator[VersionProblem]:
    own, now = table_schema(version), published_table(version, newer)
    names = Counter(column.name.casefold() for column in now.columns)
    for column, published in zip(own.columns, now.columns, strict=True):
        place = version.column(column.name).path
        if not holds(published.type, column.type):
            what = f"{column.name} was {column.type} and is {published.type}, which does not hold every value of it"
            yield VersionProblem(version, place, f"{what}; give the column of the new type a new name")
        if names[published.name.casefold()] > 1:
            what = f"{column.name} is {published.name} now, and so is another column of this version"
            yield VersionProblem(version, place, f"{what}; give one of today's columns a new name")


def _number(version: Dataset) -> tuple[int, int, int]:
    return parsed_version(version.contract.version) or (0, 0, 0)
