"""The versions of a contract with the days whose partitions each of them judges."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from partition_gate.compiling.compiled import CompiledContract
from partition_gate.record import Record


class VersionInForce(Record):
    """A version and the days whose partitions it judges (ISO); None: from the beginning, until further notice."""

    version: str
    first_day: str | None
    last_day: str | None
    file: str
    columns: int
    checks: int


def versions_in_force(today: CompiledContract) -> tuple[VersionInForce, ...]:
    """Every version, newest first. The oldest one judges everything before the second, whatever day it names."""
    starts = [None, *(each.contract.limits.effective_from for each in today.versions[1:]), None]
    return tuple(
        VersionInForce(
            version=each.contract.version,
            first_day=str(start) if start else None,
            last_day=str(end - timedelta(days=1)) if end else None,
            file=each.contract.path,
            columns=len(each.contract.columns),
            checks=len(each.suite.suite.checks),
        )
        for each, (start, end) in zip(today.versions, pairwise(starts), strict=True)
    )[::-1]
