"""An expectation's configuration, copied once in a run.

Great Expectations makes a deep copy of all of an expectation's arguments whenever it looks at one: 1,900 for 15
expectations, a fifth of what a small partition costs. Nothing in it (1.24.1) changes such a copy. Outside of
`copied_once` all is as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

_copy: Callable[[Expectation], ExpectationConfiguration] = vars(Expectation)["configuration"].fget
# By the expectation's id; it is kept as well, so that no other gets its id.
_copies: ContextVar[dict[int, tuple[Expectation, ExpectationConfiguration]] | None] = ContextVar("copies", default=None)


@contextmanager
def copied_once() -> Iterator[None]:
    """For this thread: until the end each expectation shows the same copy of its configuration."""
    token = _copies.set({})
    try:
        yield
    finally:
        _copies.reset(token)


def _configuration(expectation: Expectation) -> ExpectationConfiguration:
    copies = _copies.get()
    if copies is None:
        return _copy(expectation)
    if id(expectation) not in copies:
        copies[id(expectation)] = (expectation, _copy(expectation))
    return copies[id(expectation)][1]


Expectation.configuration = property(_configuration)  # type: ignore[method-assign, assignment]
