"""Changes to service levels: a report that flatters, an alert that never comes, or one for nothing."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

MEASURED = "tests/unit/test_measurements.py"
ATTAINED = "tests/unit/test_attainment.py"
REPORTED = "tests/unit/test_service_level_report.py"
RESPONDED = "tests/unit/test_response_report.py"
LEDGER = "tests/integration/test_ledger_behaviour.py"

MEASURING = (
    Mutation("the latest of several deadlines counts", "contracts/odcs/limits.py",
             "return min((span for span in spans if span), default=None)",
             "return max((span for span in spans if span), default=None)",
             "tests/unit/test_odcs.py::test_the_strictest_latency_is_the_deadline"),
    Mutation("a correction makes a late partition punctual", "judging/promises.py",
             "if first is not None and first.state is not State.NOT_JUDGED:",
             "if first is not None and first.state is State.KEPT:", MEASURED),
    Mutation("a correction is late for a promise that was made after the first publication", "judging/promises.py",
             "elif first is not None or context.measured_before is None or not isinstance(promise, _ABOUT_ARRIVAL):",
             "else:", MEASURED),
    Mutation("missing partitions break nothing", "gate/pipeline.py",
             "if outcome is PartitionOutcome.MISSING:", "if outcome is PartitionOutcome.ERRORED:", REPORTED),
    Mutation("a missing partition is fresh", "judging/absent_partition.py",
             "ArrivedWithin | TrailsWithin | FreshWithin)", "ArrivedWithin | TrailsWithin)", MEASURED),
    Mutation("a rejected redelivery hides what consumers see", "adapters/ledger/measurements.py",
             "return (visible or oldest_first)[-1]", "return oldest_first[-1]", LEDGER, "on_sqlite"),
    Mutation("a forgotten outcome counts for ever", "adapters/ledger/measurements.py",
             "and_(is_visible, ~_is_forgotten())", "is_visible", LEDGER, "on_sqlite"),
)  # fmt: skip

ALERTING = (
    Mutation("one late day pages somebody at night", "judging/burn_rate.py",
             "long.broken >= rule.fewest_broken and ", "", ATTAINED),
    Mutation("an alert goes on although the cause is repaired", "judging/burn_rate.py",
             "min(long.rate, short.rate) >= threshold", "long.rate >= threshold", ATTAINED),
    Mutation("a complete failure pages nobody where the target is low", "judging/burn_rate.py",
             "threshold = min(rule.rate, float(1 / allowed)) if allowed else rule.rate", "threshold = rule.rate",
             ATTAINED),
    Mutation("a budget loses a partition to rounding", "judging/attainment.py",
             "int((1 - self.target.exact) * self.judged)", "int((1 - self.target.fraction) * self.judged)", ATTAINED),
    Mutation("a publish that failed was on time", "judging/service_level_report.py",
             "if recorded.measurements and recorded.outcome in _JUDGED:", "if recorded.measurements:", REPORTED),
    Mutation("a partition that is not due yet is late", "judging/service_level_report.py",
             "now - window < due_at <= now", "now - window < due_at", REPORTED),
)  # fmt: skip

RESPONDING = (
    Mutation("an incident that comes back counts as repaired", "incidents/changes.py",
             '            "resolved_at": None,\n', "", RESPONDED),
    Mutation("a backfill of years ago was detected late", "judging/response_report.py",
             "    if incident.is_quiet:\n        return False\n", "", RESPONDED),
    Mutation("an anomaly that nobody was told of was told late", "judging/response_report.py",
             "if each.incident.kind in COUNTED", "", RESPONDED),
    Mutation("what only the digest tells was told late", "judging/response_report.py",
             "return response.is_told and (", "return (", RESPONDED),
    Mutation("a message that was never delivered kept its promise", "judging/response_times.py",
             "None if incident.notified_at is None else max(incident.notified_at - since, timedelta(0))",
             "max((incident.notified_at or since) - since, timedelta(0))", RESPONDED),
    Mutation("an e-mail that was not sent told people", "alerts/thread_messages.py",
             "if not (each.is_edit and each.tool == Tool.EMAIL))", ")", RESPONDED),
    Mutation("an incident began when it was judged", "alerts/assessment.py",
             'update={"began_at": case.began_at}', 'update={"began_at": case.settlement.settled_at}', RESPONDED),
    Mutation("a missing partition was due when it was noticed", "gate/pipeline.py",
             "began_at = overdue_at(self.compiled.dataset, self.key)", "began_at = self.ports.clock.now()", RESPONDED),
    Mutation("what nobody was told of counts from long before it came back",
             "judging/response_times.py",
             "notify_from=max(back, default=None),", "", RESPONDED),
    Mutation("a later message replaces the one that told people", "adapters/ledger/threads.py",
             ".where(*own, ~other)", ".where(*own)",
             "tests/integration/test_ledger_behaviour.py"
             "::test_a_later_message_does_not_change_when_people_were_first_told"),
)  # fmt: skip
