"""Whether a range, a set or a type became wider or narrower: exact if that is decidable, else "moved"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import StrEnum

from partition_gate.checks.compiling.bounds import bounds_of
from partition_gate.checks.compiling.drafts import CannotExecute
from partition_gate.contract.column_types import accepted_by_logical, accepted_by_physical
from partition_gate.contract.model import Operator
from partition_gate.contracts.compatibility.terms import Value
from partition_gate.core.values import Scalar

End = tuple[Scalar | None, bool]
Interval = tuple[End, End]


class Extent(StrEnum):
    """How the allowed values changed."""

    SAME = "same"
    WIDER = "wider"
    NARROWER = "narrower"
    MOVED = "moved"


def of_ranges(old: Value | None, new: Value | None) -> Extent:
    """Ranges as (low, high, low is exclusive, high is exclusive); None is unbounded."""
    return of_intervals(_interval(old), _interval(new))


def of_low_bounds(old: Value | None, new: Value | None) -> Extent:
    return of_intervals(((_scalar(old), False), _OPEN), ((_scalar(new), False), _OPEN))


def of_high_bounds(old: Value | None, new: Value | None) -> Extent:
    return of_intervals((_OPEN, (_scalar(old), False)), (_OPEN, (_scalar(new), False)))


def of_intervals(old: Interval, new: Interval) -> Extent:
    """Compares two intervals; bounds that cannot be compared (a number with a text) are `moved`."""
    return _combined((_end(old[0], new[0], 1), _end(old[1], new[1], -1)))


def of_sets(old: Value | None, new: Value | None) -> Extent:
    """Compares two sets of allowed values; None allows every value."""
    if old is None or new is None:
        return Extent.NARROWER if old is None else Extent.WIDER
    return _of_members(set(_members(old)), set(_members(new)))


def of_operators(old: Value | None, new: Value | None) -> Extent:
    """Compares operators of a quality rule, given as (name, bounds...), by the values that they allow."""
    before, after = _operator_interval(old), _operator_interval(new)
    if before and after:
        return of_intervals(before, after)
    return Extent.MOVED


def of_logical_types(old: Value | None, new: Value | None) -> Extent:
    return _of_types(old, new, accepted_by_logical)


def of_physical_types(old: Value | None, new: Value | None) -> Extent:
    """Compares types by what files may store, and the lengths and precisions of the same type by their numbers."""
    names = [_bare(str(value)) for value in (old, new)]
    if old is not None and new is not None and names[0] == names[1]:
        return _of_sizes(_numbers(str(old)), _numbers(str(new)))
    return _of_types(old, new, accepted_by_physical)


_OPEN: End = (None, False)


def _interval(value: Value | None) -> Interval:
    if not isinstance(value, tuple):
        return _OPEN, _OPEN
    low, high, low_is_exclusive, high_is_exclusive = value
    return (low, bool(low_is_exclusive)), (high, bool(high_is_exclusive))


def _end(old: End, new: End, inwards: int) -> Extent:
    if old[0] is None or new[0] is None:
        return Extent.SAME if old[0] is new[0] else Extent.NARROWER if old[0] is None else Extent.WIDER
    step = _order(old[0], new[0])
    if step is None:
        return Extent.MOVED
    step = step * inwards or int(new[1]) - int(old[1])
    return (Extent.SAME, Extent.NARROWER, Extent.WIDER)[step]


def _order(old: Scalar, new: Scalar) -> int | None:
    if isinstance(old, str) != isinstance(new, str):
        return None
    return (str(new) > str(old)) - (str(new) < str(old)) if isinstance(old, str) else _sign(float(new) - float(old))


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)


def _combined(ends: Iterable[Extent]) -> Extent:
    changed = set(ends) - {Extent.SAME}
    return changed.pop() if len(changed) == 1 else Extent.MOVED if changed else Extent.SAME


def _of_members(old: set[str], new: set[str]) -> Extent:
    if old == new:
        return Extent.SAME
    return Extent.WIDER if old < new else Extent.NARROWER if new < old else Extent.MOVED


def _members(value: Value) -> Iterable[str]:
    return map(repr, value) if isinstance(value, tuple) else [repr(value)]


def _of_types(old: Value | None, new: Value | None, accepted: Callable[[str], tuple[str, ...] | None]) -> Extent:
    if old is None or new is None:
        return Extent.NARROWER if old is None else Extent.WIDER
    before, after = accepted(str(old)), accepted(str(new))
    return _of_members(set(before), set(after)) if before and after else Extent.MOVED


def _of_sizes(old: tuple[int, ...], new: tuple[int, ...]) -> Extent:
    """(length) or (precision, scale): a decimal is wider if neither its integer digits nor its scale shrink."""
    if not old or not new:
        return Extent.SAME if old == new else Extent.WIDER if old else Extent.NARROWER
    sizes = [(size[0] - sum(size[1:]), *(size[1:] or (0,))) for size in (old, new)]
    signs = [_sign(after - before) for before, after in zip(*sizes, strict=False)]
    return _combined((Extent.SAME, Extent.WIDER, Extent.NARROWER)[sign] for sign in signs)


def _bare(physical_type: str) -> str:
    return re.sub(r"\s*\(.*\)", "", physical_type.upper()).strip()


def _numbers(physical_type: str) -> tuple[int, ...]:
    inside = re.search(r"\(([\d\s,]+)\)", physical_type)
    return tuple(int(number) for number in re.findall(r"\d+", inside[1])) if inside else ()


def _operator_interval(value: Value | None) -> Interval | None:
    if not isinstance(value, tuple):
        return None
    try:
        given = tuple(bound for bound in value[1:] if bound is not None)
        bounds = bounds_of(Operator(name=str(value[0]), bounds=given))
    except (CannotExecute, ValueError):  # a bound is not a number, or is missing
        return None
    if bounds.negated:
        return None
    return (bounds.low, bounds.low_is_exclusive), (bounds.high, bounds.high_is_exclusive)


def _scalar(value: Value | None) -> Scalar | None:
    return None if isinstance(value, tuple) else value
