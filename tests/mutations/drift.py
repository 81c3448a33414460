"""Changes to the comparison with a baseline: noise, silence, or a value that must not be stored."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

FIGURE = "tests/unit/test_drift.py"
GATE = "tests/unit/test_baseline.py"
WAREHOUSE = "tests/integration/test_warehouse_behaviour.py"
LEDGER = "tests/integration/test_ledger_behaviour.py"
COMMAND = "tests/integration/test_gate_baseline.py"

DRIFTING = (
    Mutation("small partitions drift by chance", "judging/drift.py",
             "max(threshold, column.usual) + noise(bins, sum(column.binned.all), sum(now.all))",
             "max(threshold, column.usual)", FIGURE),
    Mutation("what varies anyway is told each day", "judging/drift.py",
             "max(threshold, column.usual) + ", "threshold + ", FIGURE),
    Mutation("an empty bin of a few rows is a drift", "judging/drift.py",
             "_PSEUDO_COUNT = 0.5", "_PSEUDO_COUNT = 1e-6", FIGURE),
    Mutation("three rows end a drift", "judging/drift.py",
             "if partition.row_count < FEWEST_COMPARED:", "if False:", FIGURE),
    Mutation("rows without a value are not compared", "judging/distribution.py",
             "return (*self.counts, self.nulls)", "return self.counts", FIGURE),
    Mutation("the bin that moved least is named", "judging/drift.py",
             "key=lambda number: (-parts[number], number)", "key=lambda number: (parts[number], number)", FIGURE),
    Mutation("the number of the day drifts each day", "judging/pinning.py",
             "if len(own) > 1 and median(own) >= LABELS_FROM:", "if False:", FIGURE),
    Mutation("a partition is compared with itself", "judging/pinning.py",
             "psi(whole.without(part).all, part.all)", "psi(whole.all, part.all)", FIGURE),
    Mutation("values of a classified column are pinned", "judging/pinning.py",
             "if is_hidden:", "if False:", FIGURE),
    Mutation("the date of the only pinned day drifts each day", "judging/pinning.py",
             "is_one_of_many = partitions == 1 and", "is_one_of_many = partitions == 0 and", FIGURE),
    Mutation("an edge of minus infinity is stored", "judging/distribution.py",
             "if not all(map(math.isfinite, self.edges)) or any(", "if any(", FIGURE),
)  # fmt: skip

COMPARING_WITH_BASELINES = (
    Mutation("a comparison that fails keeps a partition back", "gate/drift.py",
             "except Exception as error:", "except KeyError as error:", GATE),
    Mutation("a comparison that fails is silent", "gate/drift.py",
             '{"failure": type(error).__name__ if is_defect else str(error)}', '{"failure": ""}', GATE),
    Mutation("the text of a defect, which may hold values, is told", "gate/drift.py",
             "type(error).__name__ if is_defect else str(error)", "str(error)", GATE),
    Mutation("a failed comparison is a problem for ever", "gate/drift.py",
             "found.in_order | drift.in_order | {COMPARISON_FAILED}", "found.in_order | drift.in_order", GATE),
    Mutation("a killed run forgets the drift", "gate/settle.py",
             "began_at=landed_at, staged=staged)", "began_at=landed_at)", GATE),
    Mutation("values of a column that is classified now are told", "gate/drift.py",
             "if each.column not in hidden and", "if", GATE),
    Mutation("a column is open that an earlier version classified", "checks/compiling/compiled.py",
             "if column.classified or masking.hides(column.source)", "if column.classified", GATE),
    Mutation("a drift of nulls is told twice", "gate/drift.py",
             "if each.column not in nulls)", ")", GATE),
    Mutation("the comparison has no limit", "gate/drift.py",
             "bins, limit=LIMIT,", "bins, limit=100 * LIMIT,", GATE),
    Mutation("a contract cannot switch drift off", "gate/drift.py",
             "if threshold is None:", "if threshold is ...:", GATE),
    Mutation("a range without one of its partitions is pinned", "gate/baseline.py",
             "    if missing:", "    if not found:", GATE),
    Mutation("the drifts of a removed baseline stay for ever", "gate/baseline.py",
             "if is_cause(incident.cause):", "if False:", GATE),
    Mutation("a range of hours is refused where the clocks change", "gate/baseline.py",
             "span = end[1] - begin[0] + _A_DAY", "span = end[1] - begin[0]", GATE),
    Mutation("the baseline of every dataset is removed", "adapters/ledger/profiles.py",
             "delete(baseline_rows).where(baseline_rows.c.dataset == dataset)", "delete(baseline_rows)",
             LEDGER, "on_sqlite"),
    Mutation("NaN is among the smallest values", "adapters/tables/distributions.py",
             "if(isnan({number}), 'infinity'::DOUBLE, {number})", "{number}", WAREHOUSE),
    Mutation("a text that nobody named counts as the empty text", "adapters/tables/distributions.py",
             '_MARK = "="', '_MARK = ""', WAREHOUSE),
    Mutation("the rows of a replaced version are counted", "adapters/warehouse_delta/files.py",
             "if layout.attempt_of(path) == version.attempt_id]", "]", WAREHOUSE),
    Mutation("all rows of a large partition are counted", "adapters/tables/distributions.py",
             "if sample is None or rows <= sample:", "if True:", WAREHOUSE),
    Mutation("counting never ends", "adapters/tables/distributions.py",
             "within_or_stopped(seconds, count,", "within_or_stopped(3600, count,", WAREHOUSE),
    Mutation("values of a column that was classified later are shown", "apps/cli/baselines.py",
             " - (compiled.hidden_columns if compiled else frozenset())", "", COMMAND),
)  # fmt: skip
