"""Changes to drafts of contracts: a mistake in the data is promised, or what nearly holds is not mentioned."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

GUESSES = "tests/unit/test_drafting_layouts.py"
UNIT = "tests/unit/test_drafting.py"
PROFILES = "tests/integration/test_profiles_of_defects.py"
DRAFTS = "tests/integration/test_init_on_lakes.py"

DRAFTING = (
    Mutation("one stray folder hides the layout of a lake", "contracts/drafting/layouts.py",
             "for name in names) * 2 > len(names):", "for name in names) == len(names):",
             f"{GUESSES}::test_a_layout_is_guessed_from_the_names_and_its_pattern_fits_them"),
    Mutation("two tables in one folder are judged as one", "contracts/drafting/layouts.py",
             'if len(patterns) == 1 else patterns', 'if patterns else {}',
             f"{GUESSES}::test_files_with_different_beginnings_are_different_tables"),
    Mutation("the day of a path contradicts a column of the files", "contracts/drafting/layouts.py",
             "if name in taken and (free :=", "if name in columns and (free :=",
             f"{GUESSES}::test_a_field_that_we_name_has_no_name_of_a_column"),
    Mutation("any long number is the number of a card", "contracts/drafting/classification.py",
             '"card numbers": (is_card_number, 0.95)', '"card numbers": (is_card_number, 0.05)',
             f"{GUESSES}::test_a_number_in_ten_is_like_a_card_by_chance_so_that_nearly_all_must_be"),
    Mutation("the salaries of people are the bounds of a draft", "contracts/drafting/guesses.py",
             "if looks_personal(column) or is_key_name(column.name):", "if is_key_name(column.name):",
             f"{DRAFTS}::test_no_value_of_a_person_is_in_the_draft_or_in_what_the_command_tells"),
    Mutation("the phone numbers of people are a list of a draft", "contracts/drafting/guesses.py",
             "return named or column.content is not None", "return named",
             f"{DRAFTS}::test_no_value_of_a_person_is_in_the_draft_or_in_what_the_command_tells"),
    Mutation("a column refers to a table that lacks its values", "contracts/drafting/relationships.py",
             "best.orphans <= RARE * best.rows", "best.orphans <= best.rows",
             f"{GUESSES}::test_a_column_refers_to_the_parent_that_fits_best_if_nearly_every_row_has_one"),
    Mutation("a relationship that one row breaks is not drafted", "contracts/drafting/relationships.py",
             "best.orphans <= RARE * best.rows", "best.orphans == 0",
             f"{GUESSES}::test_a_column_refers_to_the_parent_that_fits_best_if_nearly_every_row_has_one"),
    Mutation("an e-mail address refers to a customer", "contracts/drafting/relationships.py",
             "if is_unique and not looks_personal(column):", "if is_unique:",
             f"{GUESSES}::test_a_column_of_the_same_name_refers_to_it_only_if_it_identifies_something"),
    Mutation("a counter refers to a counter", "contracts/drafting/relationships.py",
             "parent.key == (key.name,) and key.type.startswith(_TEXT)", "parent.key == (key.name,)",
             f"{GUESSES}::test_a_column_of_the_same_name_refers_to_it_only_if_it_identifies_something"),
    Mutation("two tables that count from one refer to each other", "contracts/drafting/relationships.py",
             "if column.name not in child.unique and not", "if not",
             f"{GUESSES}::test_two_unique_columns_do_not_refer_to_each_other"),
    Mutation("only the last region is read", "apps/cli/drafts.py",
             "key=lambda key: day_of(key) or date.min)", "key=str)",
             f"{DRAFTS}::test_the_newest_partitions_of_every_region_are_read"),
    Mutation("a backfill is a history of arrivals", "contracts/drafting/arrivals.py",
             "<= (later.end - earlier.end) / 2", "<= (later.end - earlier.end) * 2",
             f"{UNIT}::test_files_that_landed_together_long_after_their_periods_say_nothing_about_latency"),
    Mutation("days that did not come are not named", "contracts/drafting/arrivals.py",
             "for number in range(1, (later - earlier) // gap):", "for number in range(0):",
             f"{UNIT}::test_the_partitions_that_did_not_come_are_named"),
    Mutation("a mistake far from all others is a bound", "contracts/drafting/columns.py",
             '"minimum": None if column.far_below else low', '"minimum": column.low',
             f"{UNIT}::test_a_value_far_from_all_others_is_no_bound_but_a_warning_that_names_it_and_its_rows"),
    Mutation("the longest delay is a mistake", "adapters/profiling/columns.py", "_FAR = 3", "_FAR = 0", f"{PROFILES}"
             "::test_the_longest_of_many_is_not_far"),
    Mutation("a misspelt state is promised", "contracts/drafting/guesses.py",
             "0 < others <= _OTHERS * known", "others < 0",
             f"{UNIT}::test_rare_values_are_left_out_of_a_list_and_the_rule_only_warns"),
    Mutation("a warning of a draft blocks the data that it came from", "contracts/drafting/columns.py",
             'WARNING = {"severity": "warning"}', 'WARNING = {"severity": "error"}',
             f"{DRAFTS}::test_defects_become_warnings_with_their_figures_and_the_rows_that_they_came_from_pass"),
    Mutation("a key of three columns hides that two of them have duplicates", "adapters/profiling/keys.py",
             "or self._is_by_chance(columns):", "or columns is self:",
             f"{PROFILES}::test_a_key_whose_second_column_counts_within_the_first_stays_a_key"),
    Mutation("duplicates of a key are hidden by a column that is unique by chance", "adapters/profiling/keys.py",
             "key=() if is_nearly and not is_key_name(names[0]) else names[:1]", "key=names[:1]",
             f"{PROFILES}::test_duplicates_of_a_key_are_not_hidden_by_any_other_column"),
    Mutation("only one of several keys is found", "adapters/profiling/keys.py",
             "_MOST_KEYS = 4", "_MOST_KEYS = 1", f"{PROFILES}::test_every_shortest_key_is_found_the_likeliest_first"),
)  # fmt: skip
