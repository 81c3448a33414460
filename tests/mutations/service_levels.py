"""Changes to service levels: a report that flatters, an alert that never comes, or one for nothing."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

MEASURED = "tests/unit/test_measurements.py"
ATTAINED = "tests/unit/test_attainment.py"
REPORTED = "tests/unit/test_service_level_report.py"
LEDGER = "tests/integration/test_ledger_behaviour.py"

MEASURING = (
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
             "return (visible or oldest_first)[-1]", "return oldest_first[-1]", LEDGER),
    Mutation("a forgotten outcome counts for ever", "adapters/ledger/measurements.py",
             "and_(is_visible, ~_is_forgotten())", "is_visible", LEDGER),
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
