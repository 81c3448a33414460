"""The common DuckDB type of several types, and whether one type can be cast to another."""

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
NO_TYPE = '"NULL"'  # DuckDB's type of a column, member or element without any value

Leaf = Callable[[set[str]], str]


def exact_type(kinds: set[str]) -> str:
    """The type that stores every value of all these types exactly; text if there is none."""
    return _common(kinds, _exact)


def comparable_type(kinds: set[str]) -> str:
    """A type in which rules can compare values of all these types, and to which no cast fails.

    Numbers stay exact unless there is a FLOAT or DOUBLE, or 38 digits are too few. A timestamp without a zone is in
    UTC; nanoseconds are rounded if there are microseconds.
    """
    return _common(kinds, _comparable)


def can_become(kind: str, target: str) -> bool:
    """Whether DuckDB accepts the cast: not between structs that have no member in common."""
    if kind == target or not (_is_nested(kind) and _is_nested(target)):
        return True
    source_type, target_type = duckdb.sqltype(kind), duckdb.sqltype(target)
    if source_type.id == target_type.id == "struct":
        members, wanted = _members([source_type]), _members([target_type])
        shared = members.keys() & wanted.keys()
        return bool(shared) and all(can_become(members[name][0], wanted[name][0]) for name in shared)
    inner = zip(_inner(source_type), _inner(target_type), strict=False)
    return all(can_become(part, wanted) for part, wanted in inner)


def _common(kinds: set[str], leaf: Leaf) -> str:
    kinds = kinds - {NO_TYPE} or kinds  # without any value, every type fits
    if len(kinds) == 1:
        return next(iter(kinds))
    if not all(_is_nested(kind) for kind in kinds):
        return leaf(kinds)
    parsed = [duckdb.sqltype(kind) for kind in sorted(kinds)]
    ids = {each.id for each in parsed}
    if ids == {"struct"}:
        return _struct(parsed, leaf)
    if ids <= _LISTS:
        return _common({_inner(each)[0] for each in parsed}, leaf) + "[]"
    if ids == {"map"}:
        keys, values = ({_inner(each)[i] for each in parsed} for i in (0, 1))
        return f"MAP({_common(keys, leaf)}, {_common(values, leaf)})"
    return leaf(kinds)


def _struct(structs: Sequence[Any], leaf: Leaf) -> str:
    """The union of all members; members that a file lacks are null. DuckDB's member names ignore case."""
    members = _members(structs)
    if len({name.casefold() for name in members}) < len(members):
        return "VARCHAR"
    return f"STRUCT({', '.join(f'{identifier(name)} {_common(set(kinds), leaf)}' for name, kinds in members.items())})"


def _members(structs: Iterable[Any]) -> dict[str, list[str]]:
    members: dict[str, list[str]] = {}
    for struct in structs:
        for name, kind in struct.children:
            members.setdefault(name, []).append(str(kind))
    return members


def _inner(kind: Any) -> list[str]:
    """The inner types of a list (one) or a map (keys and values)."""
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
    """The decimal that fits all these numbers; text if it would need too many digits."""
    sizes = [(_DIGITS[kind], 0) if kind in _DIGITS else _precision_and_scale(kind) for kind in kinds]
    scale = max(scale for _, scale in sizes)
    digits = max(precision - decimals for precision, decimals in sizes) + scale
    return f"DECIMAL({digits},{scale})" if digits <= _MOST_DIGITS else "VARCHAR"


def _precision_and_scale(kind: str) -> tuple[int, int]:
    precision, _, scale = kind.removeprefix("DECIMAL(").removesuffix(")").partition(",")
    return int(precision), int(scale)
