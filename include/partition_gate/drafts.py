"""What the compilers of single clauses return: a check without its id, or the reason why there is none."""

from __future__ import annotations

from partition_gate.record import Record
from partition_gate.suite import Expectation, Scope, Severity


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


class NotExecutable(Record):
    """A clause that no check stands for, and why."""

    clause: str
    why: str
