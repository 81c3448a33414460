"""About how many distinct values HyperLogLog registers stand for.

Source: Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", arXiv:1702.01284, algorithm 6, of
which the correction for full registers is left out, as in DuckDB's `approx_count_distinct`: it is about more than 10^16
values.
"""

from __future__ import annotations

import math

PRECISION = 10
REGISTERS = 1 << PRECISION
HIGHEST = 64 - PRECISION + 1  # the rank of a 64-bit hash of which the 54 bits after the register's number are all zero


def estimate(registers: bytes) -> float:
    """The improved estimator over 1024 registers of 0 to 55: standard error 1.04 / sqrt(1024) = 3.25 %."""
    counts = [registers.count(rank) for rank in range(HIGHEST + 1)]
    denominator = 0.0
    for count in reversed(counts[1:HIGHEST]):
        denominator = (denominator + count) / 2
    denominator += REGISTERS * _sigma(counts[0] / REGISTERS)
    if not denominator:  # every register is full: all the hashes that there are
        return float(1 << 64)
    return REGISTERS * REGISTERS / (2 * math.log(2) * denominator)


def _sigma(x: float) -> float:
    """The correction for registers that no value has met (the share `x` of all)."""
    if x == 1:
        return math.inf
    term, total, before = 1.0, x, math.nan
    while total != before:
        x, before = x * x, total
        total, term = total + x * term, term * 2
    return total
