"""Measures a contender: prints the CPU seconds of this process for its work, and the failed checks, as JSON."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext


def cpu_s() -> float:
    """User and system time of this process (all threads) and of its ended children."""
    both = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def measure(
    work: Callable[[str], Mapping[str, int]],
    *,
    around: Callable[[str], AbstractContextManager[str]] = nullcontext,
) -> None:
    """Run the work on the file that the first argument names. `work_s` includes neither imports nor `around`."""
    with around(sys.argv[1]) as source:
        before = cpu_s()
        failed = work(source)
        work_s = cpu_s() - before
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"work_s": work_s, "process_s": cpu_s(), "peak_mb": peak_mb, "failed": dict(failed)}))
