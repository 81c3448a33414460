"""What observations mean, and what becomes of the partition."""

from __future__ import annotations

from typing import Any

import pytest

from partition_gate.checks.expectations import Check, RowCount, Suite
from partition_gate.checks.values import NotNull
from partition_gate.contract.limits import Limits
from partition_gate.core.severity import Scope, Severity
from partition_gate.gate.rejudge import flips
from partition_gate.judging.disposition import Disposition, PartitionOutcome, plan_disposition
from partition_gate.judging.validation import Errored, Evaluated, Observation, Unknown
from partition_gate.judging.verdict import CheckOutcome, Verdict, reach_verdict

ROW, PARTITION = Scope.ROW, Scope.PARTITION


def a_check(scope: Scope = ROW, severity: Severity = Severity.ERROR, rule_id: str = "rule") -> Check:
    expectation = NotNull(column="a") if scope is ROW else RowCount(low=1)
    return Check(
        rule_id=rule_id,
        clause="schema[0]",
        expectation=expectation,
        dimension="completeness",
        severity=severity,
        scope=scope,
        expected="no nulls",
    )


def a_verdict(observation: Observation | None, *, rows: int = 100, **check: Any) -> Verdict:
    suite = Suite(contract="c", version="1", dataset="d", checks=(a_check(**check),))
    return reach_verdict(suite, [observation] if observation else [], row_count=rows)


def failed(unexpected: int = 4) -> Evaluated:
    return Evaluated(rule_id="rule", success=False, observed="x", element_count=100, unexpected_count=unexpected)


def disposition(verdict: Verdict, *, quarantined: int = 0, before: int | None = None) -> Disposition:
    return plan_disposition(verdict, Limits(), rows_quarantined=quarantined, rows_published_before=before)


@pytest.mark.parametrize(
    ("observation", "severity", "outcome"),
    [
        (Evaluated(rule_id="rule", success=True, observed=None), Severity.ERROR, CheckOutcome.PASSED),
        (failed(), Severity.ERROR, CheckOutcome.FAILED),
        (failed(), Severity.WARNING, CheckOutcome.WARNED),
        (failed(), Severity.INFO, CheckOutcome.WARNED),
        (Unknown(rule_id="rule", why="no column"), Severity.ERROR, CheckOutcome.UNKNOWN),
        (Errored(rule_id="rule", why="bug"), Severity.ERROR, CheckOutcome.ERRORED),
        (None, Severity.ERROR, CheckOutcome.ERRORED),
    ],
)
def test_an_observation_and_a_severity_make_an_outcome(observation, severity, outcome):
    assert a_verdict(observation, severity=severity).results[0].outcome is outcome


def test_a_partition_level_failure_rejects_everything():
    assert disposition(a_verdict(failed(), scope=PARTITION)).outcome is PartitionOutcome.REJECTED


def test_rows_that_fail_do_not_count_when_a_partition_shrinks():
    failing = a_verdict(failed(), scope=ROW)

    assert disposition(failing, quarantined=4, before=195).outcome is PartitionOutcome.HELD
    assert disposition(failing, quarantined=4, before=192).outcome is PartitionOutcome.PUBLISHED_WITH_QUARANTINE


def test_what_cannot_be_known_is_no_reason_beside_a_failure():
    checks = (a_check(scope=PARTITION), a_check(rule_id="other", scope=PARTITION))
    suite = Suite(contract="c", version="1", dataset="d", checks=checks)

    decided = disposition(reach_verdict(suite, [failed(), Unknown(rule_id="other", why="no column")], row_count=100))

    assert [why.partition(":")[0] for why in decided.why] == ["rule"]


def test_a_rule_that_cannot_be_known_never_passes():
    unknown = a_verdict(Unknown(rule_id="rule", why="the column a is missing"))

    decided = disposition(unknown)

    assert decided.outcome is PartitionOutcome.REJECTED
    assert decided.why == ("rule: the column a is missing",)


@pytest.mark.parametrize(
    ("quarantined", "outcome"),
    [
        (0, PartitionOutcome.PUBLISHED),
        (5, PartitionOutcome.PUBLISHED_WITH_QUARANTINE),
        (6, PartitionOutcome.REJECTED),
    ],
)
def test_the_share_of_failing_rows_decides_between_quarantine_and_rejection(quarantined, outcome):
    assert disposition(a_verdict(failed()), quarantined=quarantined).outcome is outcome


def test_a_warning_publishes():
    assert disposition(a_verdict(failed(), severity=Severity.WARNING)).outcome is PartitionOutcome.PUBLISHED


@pytest.mark.parametrize(("rows", "outcome"), [(50, PartitionOutcome.PUBLISHED), (49, PartitionOutcome.HELD)])
def test_a_version_of_less_than_half_the_rows_waits_for_a_person(rows, outcome):
    passed = Evaluated(rule_id="rule", success=True, observed=None)

    assert disposition(a_verdict(passed, rows=rows), before=100).outcome is outcome


def test_an_empty_version_never_replaces_rows_unasked():
    passed = Evaluated(rule_id="rule", success=True, observed=None)

    assert disposition(a_verdict(passed, rows=0), before=1).outcome is PartitionOutcome.HELD


def test_a_promise_over_time_that_could_not_be_measured_keeps_no_partition_from_being_judged():
    assert a_verdict(None, scope=Scope.SLA).errored == ()


def test_a_broken_promise_over_time_blocks_nothing():
    assert disposition(a_verdict(failed(), scope=Scope.SLA)).outcome is PartitionOutcome.PUBLISHED


def test_another_version_is_not_told_to_break_promises_over_time_by_one_partition_alone():
    old = a_verdict(Evaluated(rule_id="rule", success=True, observed=None), scope=Scope.SLA)

    assert flips(old, a_verdict(failed(), scope=Scope.SLA)) == ()
