"""Partition Gate: the same as `gate_load`, without column counters."""

from functools import partial

from gate_load import load
from timing import measure

if __name__ == "__main__":
    measure(partial(load, counted=False))
