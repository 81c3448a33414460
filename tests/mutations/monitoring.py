"""Changes to what monitoring systems are told: an installation that looks better than it is, or says too much."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

METRICS = "tests/unit/test_metrics.py"
SIGNS = "tests/unit/test_vital_signs.py"
CONTEXT = "tests/unit/test_run_context.py"
TELEMETRY = "tests/integration/test_telemetry.py"
HEALTH = "tests/integration/test_gate_health.py"

MONITORED = (
    Mutation("an attempt is counted again by every scrape", "apps/web/metrics.py",
             "self._ledger.settled_totals(before=edge), edge", "self._ledger.settled_totals(), edge",
             f"{METRICS}::test_what_is_settled_between_two_scrapes_is_counted_once"),
    Mutation("labels grow with every dataset that ever was", "apps/web/metrics.py",
             "each if each.dataset in known else", "each if each.dataset else",
             f"{METRICS}::test_datasets_without_a_contract_share_one_label"),
    Mutation("a late partition is on time once it failed", "apps/web/metrics.py",
             "settled.settled_at if settled and settled.outcome in VISIBLE else None",
             "settled.settled_at if settled else None",
             f"{METRICS}::test_the_newest_due_partition_is_late_until_it_is_visible"),
    Mutation("a scrape has no limit", "apps/web/metrics.py",
             "            if limit.passed:\n                break\n", "",
             f"{METRICS}::test_a_scrape_without_time_reads_no_service_levels_and_the_next_one_begins_with_the_oldest"),
    Mutation("lags stand still between two looks", "apps/web/metrics.py",
             "(now - each.safe_until).total_seconds()", "(each.read_at - each.safe_until).total_seconds()",
             f"{METRICS}::test_the_lag_is_the_time_since_everything_that_is_expected_is_visible"),
    Mutation("a stopped watch is healthy", "watching/vital_signs.py",
             "return failed(sentence) if sentence", "return warning(sentence) if sentence",
             f"{SIGNS}::test_a_watch_that_has_stopped_is_a_failure"),
    Mutation("a health check migrates the ledger", "apps/cli/monitoring.py",
             "if version != HEAD:", "if version is None:",
             f"{HEALTH}::test_a_ledger_of_another_version_is_not_migrated"),
    Mutation("an exception's text is in a trace", "adapters/telemetry.py",
             "type(error).__name__))", "str(error)))",
             f"{TELEMETRY}::test_a_step_that_fails_tells_the_kind_of_the_error_and_not_its_text"),
    Mutation("an exception's text is in the log", "apps/cli/progress.py",
             "record.exc_info[0].__name__", "str(record.exc_info[1])",
             f"{CONTEXT}::test_an_exception_is_logged_by_its_type_without_its_text"),
    Mutation("a line of the log names the partition before", "gate/run_context.py",
             "        note(**{name: before.get(name, \"\") for name in FIELDS})", "        pass",
             f"{CONTEXT}::test_a_run_leaves_no_fields_behind_and_another_partition_begins_with_its_own"),
)  # fmt: skip
