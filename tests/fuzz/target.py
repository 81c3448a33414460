"""What is fuzzed: inputs of one kind, and what must hold for each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st


@dataclass(frozen=True)
class Target:
    """`check` raises for an input that the product does not read or refuse as its documentation says.

    `weight`: its part of all executions, relative to the other targets; the slow ones have less.
    `can_end_process`: a library in C reads the input, so it is kept on disk until the check is over.
    """

    name: str
    inputs: st.SearchStrategy[Any]
    check: Callable[[Any], None]
    weight: int
    can_end_process: bool = False
