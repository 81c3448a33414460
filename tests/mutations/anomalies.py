"""Changes to anomalies: noise that teaches people to look away, or a loss that nobody hears of."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

ANOMALIES = "tests/unit/test_anomalies.py"
PROMOTED = "tests/integration/test_gate_anomalies.py"
COUNTED = "tests/integration/test_ledger_behaviour.py"

COMPARING = (
    Mutation("a constant series alarms at the smallest change", "judging/anomalies.py",
             "return max(_RELATIVE_FLOOR * middle, math.sqrt(middle))", "return 0.1", ANOMALIES),
    Mutation("one null in a column without nulls is an anomaly", "judging/anomalies.py",
             "return max(_RELATIVE_FLOOR * middle, math.sqrt(probable * (1 - probable) / rows))",
             "return _RELATIVE_FLOOR * middle + 1e-9", ANOMALIES),
    Mutation("one outlier hides the next", "judging/anomalies.py",
             "_MAD_OF_NORMAL * median(abs(value - middle) for value in earlier)",
             "max(abs(value - middle) for value in earlier)", ANOMALIES),
    Mutation("three values are enough", "judging/anomalies.py", "FEWEST_VALUES = 4", "FEWEST_VALUES = 3", ANOMALIES),
    Mutation("what happens now and then is told each time", "judging/anomalies.py",
             "_RARE = 2", "_RARE = 20", ANOMALIES),
    Mutation("the month is told for a whole month", "judging/anomalies.py",
             " and column.minimum != column.maximum", "", ANOMALIES),
    Mutation("the mean of a classified column is shown", "judging/anomalies.py",
             "has_mean=column.column not in without_mean", "has_mean=True", ANOMALIES),
    Mutation("cancelled flights are three lines a column", "judging/anomalies.py",
             "or (series.metric in _OF_VALUES and of_nulls)", "", ANOMALIES),
    Mutation("a Saturday is compared with Fridays", "contract/calendar.py",
             "_A_WEEK, _NEAREST = timedelta(weeks=1), 4", "_A_WEEK, _NEAREST = timedelta(days=1), 4", ANOMALIES),
)  # fmt: skip

DIGESTING = (
    Mutation("an anomaly is told at once", "incidents/threads.py", " and not notice.is_digest", "", ANOMALIES),
    Mutation("consumers are told of anomalies", "alerts/assessment.py",
             "if each.audience is Audience.PRODUCERS and causes", "if causes", ANOMALIES),
    Mutation("an anomaly is never over", "alerts/assessment.py",
             "assessment.in_order | found.in_order", "assessment.in_order", ANOMALIES),
    Mutation("a contract cannot switch anomalies off", "gate/anomalies.py",
             "if threshold is None or settlement", "if settlement", ANOMALIES),
    Mutation("an old partition that is loaded now is told as late", "gate/anomalies.py",
             "seconds is None or seconds > HISTORY.total_seconds()", "seconds is None", ANOMALIES),
    Mutation("an attempt that is not visible was not counted", "adapters/ledger/measurements.py",
             ".where(rows.c.attempt_id == attempt_id).order_by(rows.c.rule_id)",
             ".where(rows.c.attempt_id != attempt_id).order_by(rows.c.rule_id)", COUNTED),
)  # fmt: skip

PROMOTING = (
    Mutation("a promoted rule is as narrow as a few earlier days", "contracts/drafting/promotion.py",
             "*anomaly.limits(threshold)", "anomaly.low, anomaly.high", PROMOTED),
    Mutation("a comment moves to another rule", "contracts/drafting/promotion.py",
             "return quality, [", "return first, [", PROMOTED),
    Mutation("a contract is written without its suite", "adapters/contract_folder.py",
             "documents = {path: text, **(suites if is_own else {})}", "documents = {path: text}", PROMOTED),
    Mutation("half of a promotion stays", "adapters/contract_folder.py",
             "if content is not None and path.read_bytes() != content:", "if False:", PROMOTED),
)  # fmt: skip
