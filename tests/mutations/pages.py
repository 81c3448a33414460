"""Changes to the pages of the console: a dataset that looks better than it is."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

DATASET = "tests/unit/test_dataset_page.py"
OVERVIEW = "tests/unit/test_overview.py"
PARTITION = "tests/unit/test_partition_page.py"
NOTES = "tests/unit/test_airflow_notes.py"
ACTIONS = "tests/integration/test_console_actions.py"
SITE = "tests/integration/test_docs_site.py"
RUNS = "tests/integration/test_airflow_runs.py"

LOOKING = (
    Mutation("data after a missing partition is called safe", "apps/web/safe_through.py",
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
    Mutation("a form starts a run with options that it does not have", "apps/web/incident_pages.py",
             'for name in ("action", "why") if fields.get(name)', "for name in fields",
             "tests/integration/test_console_actions.py"
             "::test_rows_that_were_judged_before_can_be_asked_for_with_a_reason"),
    Mutation("a version that is held cannot be approved from its page", "apps/web/partition_page.py",
             "Action.APPROVE: is_held", "Action.APPROVE: False",
             f"{PARTITION}::test_a_visitor_is_offered_what_the_partition_allows"),
    Mutation("the row of a dataset that ended is empty", "apps/web/overview.py",
             "newest if newest and newest < weeks.days[-1] else None", "None",
             f"{OVERVIEW}::test_a_dataset_that_ended_before_these_days_leads_to_its_newest_day"),
    Mutation("a problem that hides data comes after others", "apps/web/overview.py",
             "return is_muted, not incident.blocked,", "return is_muted, bool(incident.blocked),",
             f"{OVERVIEW}::test_problems_are_counted_and_those_that_hide_data_come_first"),
    Mutation("a muted problem is shown before open ones", "apps/web/overview.py",
             "for each in incidents if each.state is not IncidentState.MUTED)", "for each in incidents)",
             f"{OVERVIEW}::test_a_muted_problem_is_counted_but_not_among_the_worst"),
    Mutation("an attempt that failed more checks changed nothing", "apps/web/partition_page.py",
             "if failing := sorted(new_checks - old_checks):", "if failing := sorted(new_checks & old_checks):",
             f"{PARTITION}::test_a_worse_delivery_shows_the_checks_that_fail_and_the_contract_s_new_version"),
    Mutation("a text of a producer is a formula in a spreadsheet", "apps/web/partition_page.py",
             """return f"'{text}\"""", "return text",
             f"{PARTITION}::test_no_text_in_a_csv_file_is_a_formula_and_numbers_stay_numbers"),
)  # fmt: skip

NOTING = (
    Mutation("a rejected run looks like one that had nothing new", "apps/airflow/notes.py",
             "if outcome == _PUBLISHED and not view_problem:", "if not view_problem:",
             f"{NOTES}::test_every_other_outcome_has_one_that_begins_with_the_outcome"),
    Mutation("a note is too long for Airflow and is lost", "apps/airflow/notes.py",
             "if left < 0:", "if left < -500:",
             f"{NOTES}::test_a_note_fits_into_airflows_column_and_counts_the_reasons_that_do_not"),
    Mutation("the gate overwrites what a person wrote", "apps/airflow/notes.py",
             "note.user_id != AUTHOR", "note.user_id is None",
             f"{RUNS}::test_what_a_person_wrote_into_a_note_stays"),
    Mutation("a run that ended well keeps the note of its failure", "apps/airflow/notes.py",
             "setattr(noted, relation, None)", "pass",
             f"{RUNS}::test_a_run_that_ends_better_the_second_time_has_no_note_any_more"),
    Mutation("a dry run publishes", "apps/airflow/tasks.py",
             "if options.dry_run:", "if options.force:",
             f"{RUNS}::test_a_dry_run_says_what_would_happen_and_records_nothing"),
    Mutation("a forced run judges nothing", "gate/pipeline.py",
             "if before is not None and not self.force:", "if before is not None:",
             "tests/unit/test_pipeline.py::test_a_forced_run_judges_the_same_bytes_again_and_publishes_no_other_version"),
)  # fmt: skip

REPORTING = (
    Mutation("attempts of an hourly month are on no page", "adapters/data_docs/site.py",
             "yield from full[next(written, 0) :]", "yield from full[:0]",
             f"{SITE}::test_the_pages_of_a_month_list_every_attempt_once_newest_first"),
    Mutation("old pages of a removed month stay", "adapters/data_docs/site.py",
             'if PurePosixPath(file.path).name.partition(".")[0] in old:',
             'if PurePosixPath(file.path).name.removesuffix(".html") in old:',
             f"{SITE}::test_all_pages_of_a_month_are_removed"),
    Mutation("ninety-seven checks tell the same cause", "adapters/data_docs/report_page.py",
             "if (count := len(group.results)) > 1:", "if (count := len(group.results)) > 100:",
             f"{SITE}::test_a_cause_that_many_checks_share_is_told_once"),
    Mutation("a partition without data looks as if its checks had passed", "adapters/data_docs/report_page.py",
             "if not has_report(settlement):", "if page == settlement:",
             f"{SITE}::test_a_check_that_did_not_pass_shows_how_it_went_in_the_partitions_before"),
    Mutation("the index is written again with each report", "adapters/data_docs/site.py",
             "if not is_first:", "if not is_first and not settlements:",
             f"{SITE}::test_writing_a_report_costs_the_same_however_many_there_are"),
    Mutation("a dataset's first report is in no index", "adapters/data_docs/site.py",
             "if months == [month]:", "if False:",
             f"{SITE}::test_a_site_is_the_same_in_a_folder_and_in_s3", "folder"),
    Mutation("the console serves a file outside the reports", "adapters/data_docs/site.py",
             "return file.is_file() and file.is_relative_to(root)", "return file.is_file()",
             f"{SITE}::test_a_link_in_the_folder_leads_nobody_out_of_it"),
    Mutation("a report shows partitions that came later", "gate/reports.py",
             "limit=RECENT, up_to=settlement.partition_key", "limit=RECENT, up_to=None",
             "tests/unit/test_pipeline.py::test_a_report_shows_the_partitions_before_by_their_outcome_and_its_own_attempt"),
)  # fmt: skip

ACTING = (
    Mutation("a page of another site acts in a visitor's name", "apps/web/access.py",
             "    if not is_own:", "    if not is_own and site is None:",
             f"{ACTIONS}::test_no_other_site_can_make_a_visitors_browser_act"),
    Mutation("an opaque origin is taken for our own", "apps/web/access.py",
             "urlsplit(origin).netloc == host", "urlsplit(origin).netloc in {host, ''}",
             f"{ACTIONS}::test_no_other_site_can_make_a_visitors_browser_act"),
    Mutation("whoever may look may act", "apps/web/incident_pages.py",
             "if not self._access.may_act(request, dag_of(self._console, dataset)):", "if not dataset:",
             f"{ACTIONS}::test_a_visitor_without_the_right_sees_no_form_and_may_do_nothing"),
    Mutation("an action has nobody's name", "apps/web/incident_pages.py",
             "who, why = self._access.visitor(request), ", 'who, why = "", ',
             f"{ACTIONS}::test_an_action_is_recorded_with_the_visitors_name_and_shows_the_incident_again"),
)  # fmt: skip
