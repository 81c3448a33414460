"""Changes to what CI servers show: a pull request that lies, or that a contract writes into."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

FORMATS = "tests/unit/test_ci_formats.py"

SHOWN = (
    Mutation("a text of a contract is markup in a pull request", "core/display.py",
             'return f"{fence} {shown} {fence}"', 'return text or f"{fence} {shown} {fence}"',
             f"{FORMATS}::test_no_text_of_a_contract_leaves_its_cell_or_becomes_markup"),
    Mutation("a comment is green although the version is too low", "apps/cli/diff_markdown.py",
             "'✅' if report.passes(mode)", "'✅' if report",
             f"{FORMATS}::test_a_comment_begins_with_its_mark_and_whom_the_changes_break"),
    Mutation("a report of tests passes with an error", "contracts/lint/reports.py",
             "if finding.level is Level.ERROR:", "if finding.level is None:",
             f"{FORMATS}::test_junit_counts_a_case_for_each_finding_and_fails_only_on_errors"),
    Mutation("a contract breaks the report of tests", "contracts/lint/reports.py",
             "return escaped(text).replace(", "return text.replace(",
             f"{FORMATS}::test_junit_can_be_read_whatever_a_contract_contains"),
)  # fmt: skip
