"""The results of compiling a single clause: a check without its id, or the reason why there is no check."""

from __future__ import annotations

from partition_gate.checks.expectations import Expectation
from partition_gate.checks.promises import Promise
from partition_gate.core.record import Record
from partition_gate.core.severity import Scope, Severity


class Draft(Record):
    """A check that has no unique id yet; the id is derived from `name` (`carrier.required`)."""

    name: str
    clause: str
    expectation: Expectation
    dimension: str
    scope: Scope
    expected: str
    severity: Severity = Severity.ERROR
    description: str = ""
    business_impact: str = ""
    promise: Promise | None = None


class NotExecutable(Record):
    """A clause that has no check, and why."""

    clause: str
    why: str


class Documented(Record):
    """A clause that informs people or tools and that no data can violate; `why` says what it is for."""

    clause: str
    why: str


class CannotExecute(Exception):  # a statement about the clause, not a failure
    """Why a clause cannot be executed."""


class OnlyDocumented(Exception):  # a statement about the clause, not a failure
    """Why a clause has nothing to check."""
