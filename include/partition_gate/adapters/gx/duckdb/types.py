"""The DuckDB type in which columns of several types meet, and whether one type can become another at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import duckdb

from partition_gate.core.integers import DIGITS
from partition_gate.core.quoting import identifier

_SMALL_INTEGERS = DIGITS.keys() - {"UBIGINT"}
_DIGITS = {**DIGITS, "HUGEINT": 39}
_MOST_DIGITS = 38
_FLOATS = {"FLOAT", "DOUBLE"}
_ZONED = "TIMESTAMP WITH TIME ZONE"
_INSTANTS = {"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}
_LISTS = {"list", "array"}
NO_TYPE = '"NULL"'  # DuckDB's type of a column, member or element that has no value in any row

Leaf = Callable[[set[str]], str]


def exact_type(kinds: set[str]) -> str:
    """The type that holds each value of all these types as it came; text where there is none."""
    return _meet(kinds, _exact)


def comparable_type(kinds: set[str]) -> str:
    """A type in which rules can compare values of all these types, and to which no cast fails.

    Numbers stay exact unless a FLOAT or DOUBLE is among them, or 38 digits are too few. A moment without a zone is in
    UTC; beside microseconds, nanoseconds are rounded.
    """
    return _meet(kinds, _comparable)


def can_become(kind: str, target: str) -> bool:
    """Whether DuckDB takes the cast at all: a struct without any member of the other never becomes it."""
    if kind == target or not (_is_nested(kind) and _is_nested(target)):
        return True
    one, other = duckdb.sqltype(kind), duckdb.sqltype(target)
    if one.id == other.id == "struct":
        members, wanted = _members([one]), _members([other])
        shared = members.keys() & wanted.keys()
        return bool(shared) and all(can_become(members[name][0], wanted[name][0]) for name in shared)
    inner = zip(_inner(one), _inner(other), strict=False)
    return all(can_become(part, wanted) for part, wanted in inner)


def _meet(kinds: set[str], leaf: Leaf) -> str:
    kinds = kinds - {NO_TYPE} or kinds  # what has no value has every type
    if len(kinds) == 1:
        return next(iter(kinds))
    if not all(_is_nested(kind) for kind in kinds):
        return leaf(kinds)
    parsed = [duckdb.sqltype(kind) for kind in sorted(kinds)]
    ids = {one.id for one in parsed}
    if ids == {"struct"}:
        return _struct(parsed, leaf)
    if ids <= _LISTS:
        return _meet({_inner(one)[0] for one in parsed}, leaf) + "[]"
    if ids == {"map"}:
        keys, values = ({_inner(one)[i] for one in parsed} for i in (0, 1))
        return f"MAP({_meet(keys, leaf)}, {_meet(values, leaf)})"
    return leaf(kinds)


def _struct(structs: Sequence[Any], leaf: Leaf) -> str:
    """Every member of any of them; a value has null for those that its file lacks. DuckDB's members ignore case."""
    members = _members(structs)
    if len({name.casefold() for name in members}) < len(members):
        return "VARCHAR"
    return f"STRUCT({', '.join(f'{identifier(name)} {_meet(set(kinds), leaf)}' for name, kinds in members.items())})"


def _members(structs: Iterable[Any]) -> dict[str, list[str]]:
    members: dict[str, list[str]] = {}
    for struct in structs:
        for name, kind in struct.children:
            members.setdefault(name, []).append(str(kind))
    return members


def _inner(kind: Any) -> list[str]:
    """The types inside of a list (one) or a map (of its keys and of its values)."""
    return [str(part) for name, part in kind.children if name in ("child", "key", "value")]


def _is_nested(kind: str) -> bool:
    return kind.endswith("]") or kind.startswith(("STRUCT(", "MAP("))


def _exact(kinds: set[str]) -> str:
    if kinds <= _SMALL_INTEGERS:
        return "BIGINT"
    if kinds <= _FLOATS:
        return "DOUBLE"
    return _decimal(kinds) if all(kind.startswith("DECIMAL") for kind in kinds) else "VARCHAR"


def _comparable(kinds: set[str]) -> str:
    if kinds <= _SMALL_INTEGERS:
        return "BIGINT"
    if kinds <= set(_DIGITS):
        return "HUGEINT"
    if all(kind in _DIGITS or kind.startswith("DECIMAL") for kind in kinds):
        exact = _decimal(kinds)
        return "DOUBLE" if exact == "VARCHAR" else exact
    if all(kind in _DIGITS or kind in _FLOATS or kind.startswith("DECIMAL") for kind in kinds):
        return "DOUBLE"
    if kinds <= _INSTANTS:
        return "TIMESTAMP"
    return _ZONED if kinds <= {*_INSTANTS, _ZONED} else "VARCHAR"


def _decimal(kinds: Iterable[str]) -> str:
    """The decimal that holds all these numbers; text where it would need too many digits."""
    sizes = [(_DIGITS[kind], 0) if kind in _DIGITS else _precision_and_scale(kind) for kind in kinds]
    scale = max(scale for _, scale in sizes)
    digits = max(precision - of for precision, of in sizes) + scale
    return f"DECIMAL({digits},{scale})" if digits <= _MOST_DIGITS else "VARCHAR"


def _precision_and_scale(kind: str) -> tuple[int, int]:
    precision, _, scale = kind.removeprefix("DECIMAL(").removesuffix(")").partition(",")
    return int(precision), int(scale)
