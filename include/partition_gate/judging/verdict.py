"""Turns observations into a verdict: pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from partition_gate.checks.document import expectation_type
from partition_gate.checks.expectations import Check, Suite
from partition_gate.core.record import Record
from partition_gate.core.severity import Scope, Severity
from partition_gate.judging.measurement import Measurement
from partition_gate.judging.validation import Errored, Evaluated, FailingValue, NotJudged, Observation, Unknown


class CheckOutcome(StrEnum):
    """The outcome of one check. UNKNOWN never passes; ERRORED is a fault of the gate, not of the data."""

    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    UNKNOWN = "unknown"
    ERRORED = "errored"


class CheckResult(Record):
    """One check and its observation. Counts are rows; `None` if the expectation does not count rows.

    `failing_values` are the most frequent values that break a rule on one column, the most frequent first.
    """

    clause: str
    rule_id: str
    expectation: str
    dimension: str
    severity: Severity
    scope: Scope
    outcome: CheckOutcome
    observed: str | None
    expected: str
    element_count: int | None = None
    unexpected_count: int | None = None
    failing_values: tuple[FailingValue, ...] = ()

    @property
    def failing(self) -> str:
        """The failing values for people: `SJU 20, BQN 3`, or `SJU 20, BQN 3, PSE 2 and 8 more rows`; empty if none were
        counted.
        """
        named = ", ".join(f"{_word(failing.value)} {failing.count:,}" for failing in self.failing_values)
        more = (self.unexpected_count or 0) - sum(failing.count for failing in self.failing_values)
        return f"{named} and {more:,} more row{'' if more == 1 else 's'}" if named and more > 0 else named

    @property
    def finding(self) -> str:
        """The observation and the failing values: `23 of 842 values (2.73%) break the rule: SJU 20, BQN 3`."""
        return ": ".join(text for text in (self.observed, self.failing) if text)


class Verdict(Record):
    """All check results of one attempt, in suite order, and the measurements of its promises over time.

    A promise that does not apply to the partition has a result, but no measurement.
    """

    row_count: int | None
    results: tuple[CheckResult, ...]
    measurements: tuple[Measurement, ...] = ()

    def failed(self, scope: Scope) -> tuple[CheckResult, ...]:
        """The blocking results of a scope: severity error, and failed or unknown."""
        blocking = {CheckOutcome.FAILED, CheckOutcome.UNKNOWN}
        return tuple(
            result
            for result in self.results
            if result.scope is scope and result.severity is Severity.ERROR and result.outcome in blocking
        )

    @property
    def errored(self) -> tuple[CheckResult, ...]:
        """Results that prevent judging the partition; a promise over time never does."""
        errored = (result for result in self.results if result.outcome is CheckOutcome.ERRORED)
        return tuple(result for result in errored if result.scope is not Scope.SLA)


class Unjudged(Record):
    """Results that could not be judged for the same reason."""

    why: str
    results: tuple[CheckResult, ...]

    @property
    def sentence(self) -> str:
        """One sentence about all of them."""
        name = self.results[0].rule_id if len(self.results) == 1 else f"{len(self.results):,} checks"
        return f"{name} could not be judged: {self.why}" if self.why else f"{name} could not be judged"


def by_reason(results: Iterable[CheckResult]) -> tuple[Unjudged, ...]:
    """The results that could not be judged, grouped by reason, in order."""
    groups: dict[str, list[CheckResult]] = {}
    for result in results:
        if result.outcome in {CheckOutcome.UNKNOWN, CheckOutcome.ERRORED}:
            groups.setdefault(result.observed or "", []).append(result)
    return tuple(Unjudged(why=why, results=tuple(members)) for why, members in groups.items())


def told_by_no_check(why: Iterable[str], results: Iterable[CheckResult]) -> tuple[str, ...]:
    """The reasons of an outcome that are not the finding of a check which is shown beside them."""
    told = tuple(f"{result.rule_id}: " for result in results)
    return tuple(cause for cause in why if not cause.startswith(told))


def reach_verdict(suite: Suite, observations: Iterable[Observation], *, row_count: int | None) -> Verdict:
    """The verdict on a suite's observations.

    A check without an observation is ERRORED: a rule that did not run must never look green (I8).
    """
    by_rule = {observation.rule_id: observation for observation in observations}
    results = tuple(_result(check, by_rule.get(check.rule_id)) for check in suite.checks)
    return Verdict(row_count=row_count, results=results)


def _result(check: Check, observation: Observation | None) -> CheckResult:
    evaluated = observation if isinstance(observation, Evaluated) else None
    return CheckResult(
        clause=check.clause,
        rule_id=check.rule_id,
        expectation=expectation_type(check.expectation),
        dimension=check.dimension,
        severity=check.severity,
        scope=check.scope,
        outcome=_outcome(check, observation),
        observed=_observed(observation),
        expected=check.expected,
        element_count=evaluated.element_count if evaluated else None,
        unexpected_count=evaluated.unexpected_count if evaluated else None,
        failing_values=evaluated.failing_values if evaluated else (),
    )


def _word(value: str | None) -> str:
    return "null" if value is None else value or '""'


def _outcome(check: Check, observation: Observation | None) -> CheckOutcome:
    match observation:
        case Evaluated(success=True):
            return CheckOutcome.PASSED
        case Evaluated():
            return CheckOutcome.FAILED if check.severity is Severity.ERROR else CheckOutcome.WARNED
        case Unknown():
            return CheckOutcome.UNKNOWN
        case NotJudged():  # as any clause that is not executable: it is told, and blocks nothing
            return CheckOutcome.WARNED
        case _:
            return CheckOutcome.ERRORED


def _observed(observation: Observation | None) -> str | None:
    match observation:
        case Evaluated(observed=observed):
            return observed
        case Unknown(why=why) | Errored(why=why):
            return why
        case NotJudged(why=why):
            return f"not judged: {why}"
        case _:
            return "the validator returned no result for this check"
