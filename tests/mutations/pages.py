"""Changes to the pages of the console: a dataset that looks better than it is."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

DATASET = "tests/unit/test_dataset_page.py"
OVERVIEW = "tests/unit/test_overview.py"
PARTITION = "tests/unit/test_partition_page.py"

LOOKING = (
    Mutation("data after a missing partition is called safe", "apps/web/dataset_page.py",
             "elif slot.settlement or slot.is_absent(now):", "elif slot.settlement:",
             f"{DATASET}::test_a_partition_that_never_came_is_named_and_ends_what_is_safe"),
    Mutation("a dataset without its newest partition is healthy", "apps/web/dataset_page.py",
             "if absent or hidden:", "if hidden:",
             f"{DATASET}::test_a_partition_that_never_came_is_named_and_ends_what_is_safe"),
    Mutation("a partition that never came hides behind one that did", "apps/web/slots.py",
             "if worst and (absent is None or worst.outcome not in VISIBLE):", "if worst:",
             f"{DATASET}::test_a_day_with_several_partitions_shows_the_worst_and_their_number"),
    Mutation("what is not due yet looks missing", "apps/web/slots.py",
             "self.due_at is not None and self.due_at <= now", "self.due_at is not None",
             f"{DATASET}::test_days_are_in_weeks_and_what_is_not_due_waits"),
    Mutation("a page of older partitions ends with the newest one", "apps/web/dataset_history.py",
             "return min(now, covered[1])", "return now",
             f"{DATASET}::test_older_partitions_are_on_older_pages"),
    Mutation("a page of datasets leaves one out", "apps/web/overview.py",
             "selected[(filters.page - 1) * ROWS_SHOWN : filters.page * ROWS_SHOWN]",
             "selected[(filters.page - 1) * ROWS_SHOWN : filters.page * ROWS_SHOWN - 1]",
             f"{OVERVIEW}::test_every_dataset_is_on_one_page"),
    Mutation("a problem that hides data comes after others", "apps/web/overview.py",
             "return not incident.blocked, ", "return bool(incident.blocked), ",
             f"{OVERVIEW}::test_problems_are_counted_and_those_that_hide_data_come_first"),
    Mutation("an attempt that failed more checks changed nothing", "apps/web/partition_page.py",
             "if failing := sorted(new_checks - old_checks):", "if failing := sorted(new_checks & old_checks):",
             f"{PARTITION}::test_a_worse_delivery_shows_the_checks_that_fail_and_the_contract_s_new_version"),
    Mutation("a text of a producer is a formula in a spreadsheet", "apps/web/partition_page.py",
             """return f"'{text}\"""", "return text",
             f"{PARTITION}::test_no_text_in_a_csv_file_is_a_formula_and_numbers_stay_numbers"),
)  # fmt: skip
