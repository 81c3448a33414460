"""What the compilers of single clauses return: a check without its id, or the reason why there is none."""

from __future__ import annotations

from partition_gate.checks.expectations import Expectation
from partition_gate.checks.promises import Promise
from partition_gate.core.record import Record
from partition_gate.core.severity import Scope, Severity


class Draft(Record):
    """A check before it has a unique id; `name` is what the id is made of (`carrier.required`)."""

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
    """A clause that no check stands for, and why."""

    clause: str
    why: str


class Documented(Record):
    """A clause that says something to people, or to tools, that no data can break; `why` says what."""

    clause: str
    why: str


class Unfit(Exception):  # a sentence about the clause, not a failure
    """Why a clause cannot be executed."""


class OnlyDocumented(Exception):  # the same
    """Why nothing in a clause can be checked."""
