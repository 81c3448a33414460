"""One change to the code, and the tests that must fail when it is made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """One change and what it would do.

    `old` stands exactly once in `file`, which lies below include/partition_gate. `tests` is a file, or one test of it:
    `tests/unit/test_names.py::test_a_version_is_a_folder_of_its_own`. `only` selects some of them, as pytest's -k does:
    a behaviour suite is not run on every adapter.
    """

    harm: str
    file: str
    old: str
    new: str
    tests: str
    only: str = ""
