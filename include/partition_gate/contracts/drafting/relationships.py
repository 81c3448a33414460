"""Which columns of several datasets may refer to each other, by their names and types. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from partition_gate.contracts.drafting.guesses import looks_personal
from partition_gate.contracts.drafting.naming import is_descriptive_name, is_key_name, snake_case, table_words
from partition_gate.contracts.drafting.profile import RARE, ColumnProfile, DataProfile, Reference

_TEXT = ("VARCHAR", "UUID")


class Candidate(NamedTuple):
    """A column that may refer to a key of another dataset; the data must confirm it."""

    child: DataProfile
    column: ColumnProfile
    parent: DataProfile
    key: str


def candidates(profiles: Sequence[DataProfile]) -> Iterator[Candidate]:
    """Columns that are named like the key of another dataset, or like that dataset and it, and have its type.

    `customer_id` may refer to `customers.id`, `tailnum` to `planes.tailnum`, and `carrier` to `carriers.code`. The
    column itself is not unique: two unique columns may only both count from one. Personal columns refer to nothing.
    Several parents of a column are adjacent.
    """
    for child in profiles:
        for column in child.columns:
            if column.name not in child.unique and not looks_personal(column):
                parents = ((parent, key) for parent in profiles for key in _keys(parent) if parent is not child)
                found = ((parent, key) for parent, key in parents if _may_refer(column, parent, key))
                yield from (Candidate(child, column, parent, key.name) for parent, key in found)


def confirmed(references: Sequence[Reference]) -> Reference | None:
    """The reference of a column that fits best: with the fewest rows without a parent, and nearly none; else None."""
    best = min(references, key=lambda each: each.orphans, default=None)
    return best if best and best.values > 1 and best.orphans <= RARE * best.rows else None


def _keys(parent: DataProfile) -> Iterator[ColumnProfile]:
    for column in parent.columns:
        is_unique = column.name in parent.unique or column.duplicate_rows is not None
        if is_unique and not looks_personal(column):
            yield column


def _may_refer(column: ColumnProfile, parent: DataProfile, key: ColumnProfile) -> bool:
    if not _have_one_type(column.type, key.type):
        return False
    own, name, table = snake_case(column.name), snake_case(key.name), table_words(parent.source)
    if own in {f"{word}_{name}" for word in table} | table:
        return True
    return own == name and (is_key_name(name) or _identifies_in_words(parent, key))


def _identifies_in_words(parent: DataProfile, key: ColumnProfile) -> bool:
    """Whether a column without a key's name is one: text, and the whole primary key. A number may only count."""
    return parent.key == (key.name,) and key.type.startswith(_TEXT) and not is_descriptive_name(key.name)


def _have_one_type(child: str, parent: str) -> bool:
    return (_is_integer(child) and _is_integer(parent)) or (child == parent and child.startswith(_TEXT))


def _is_integer(kind: str) -> bool:
    return kind.endswith("INT") or kind == "INTEGER"
