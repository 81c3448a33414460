"""Which columns of several datasets may refer to each other, by their names and types. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from partition_gate.contracts.drafting.profile import ColumnProfile, DataProfile

_TYPES = ("VARCHAR", "UUID", "DATE")


class Candidate(NamedTuple):
    """A column that may refer to a unique column of another dataset; the data must confirm it."""

    child: DataProfile
    column: ColumnProfile
    parent: DataProfile
    key: str


def candidates(profiles: Sequence[DataProfile]) -> Iterator[Candidate]:
    """Columns of equal type that are named like the unique column of another dataset, or like that dataset and it.

    `customer_id` may refer to `customers.id`, and `tailnum` to `planes.tailnum`. The column itself is not unique:
    two unique columns may only both count from one. Of several parents the first one is kept.
    """
    for child in profiles:
        for column in child.columns:
            if column.name not in child.unique and _may_refer(column):
                parents = ((parent, key) for parent in profiles for key in parent.unique if parent is not child)
                found = [(parent, key) for parent, key in parents if _is_named_like(column, parent, key)]
                yield from (Candidate(child, column, parent, key) for parent, key in found[:1])


def _may_refer(column: ColumnProfile) -> bool:
    return column.type.startswith(_TYPES) or column.type.endswith("INT") or column.type == "INTEGER"


def _is_named_like(column: ColumnProfile, parent: DataProfile, key: str) -> bool:
    types = {each.name: each.type for each in parent.columns}
    folder = re.sub(r"[^a-z0-9]+", "_", parent.source.rstrip("/").rsplit("/", 1)[-1].casefold()).strip("_")
    names = {key.casefold(), *(f"{each}_{key.casefold()}" for each in (folder, _singular(folder)))}
    return column.name.casefold() in names and types.get(key) == column.type


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") else word
