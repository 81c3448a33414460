"""Changes to the pages of the console: a dataset that looks better than it is."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

DATASET = "tests/unit/test_dataset_page.py"

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
)  # fmt: skip
