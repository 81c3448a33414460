"""Changes to what becomes of quarantined rows: rows that are lost, doubled, or come back although nobody wanted it."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

REPLAY = "tests/unit/test_replay.py"
RECORDS = "tests/integration/test_quarantine_records.py"
COMMANDS = "tests/integration/test_gate_quarantine.py"

REPLAYING = (
    Mutation("a run of the same landed files undoes a replay", "gate/inspect.py",
             "return replay is not None and replay.landed_key == key", "return False",
             f"{REPLAY}::test_a_run_of_the_same_landed_files_does_not_undo_a_replay"),
    Mutation("a run after an error judges landing and undoes a replay", "gate/pipeline.py",
             " and standing.stands_for(landed.partition):", " and False:",
             f"{REPLAY}::test_a_run_after_an_error_judges_the_standing_version_and_not_landing"),
    Mutation("a new delivery is taken for the one that was replayed", "gate/standing.py",
             " and self.fingerprint == landed.fingerprint", "",
             f"{REPLAY}::test_files_that_land_later_replace_a_replay_and_say_so"),
    Mutation("nobody hears that a replay was undone", "gate/standing.py",
             "if standing is None or standing.replay is None or not (force", "if True or not (force",
             f"{REPLAY}::test_a_forced_run_judges_landing_and_says_that_it_undoes_a_replay"),
    Mutation("rows of an older version are published with those of a rejected one", "gate/standing.py",
             "if settled.outcome not in VISIBLE:\n        return None",
             "if settled.outcome not in VISIBLE:\n        return visible",
             f"{REPLAY}::test_a_rejected_partition_is_replayed_alone_and_replaces_what_is_visible"),
    Mutation("a version that nobody read is overwritten", "gate/dispose.py",
             "spooled, ports), judged.assembled.over", "spooled, ports), over",
             f"{REPLAY}::test_a_version_that_became_visible_while_rows_were_put_together_is_not_overwritten"),
    Mutation("rows that are kept back do not count against the limit", "judging/disposition.py",
             "(failing + kept) / rows", "failing / rows",
             f"{REPLAY}::test_too_many_rows_that_are_kept_back_reject_the_replay"),
    Mutation("a row that was discarded meanwhile is published", "gate/pipeline.py",
             "source = source.model_copy(update={\"standing\":", "_ = source.model_copy(update={\"standing\":",
             f"{REPLAY}::test_a_row_that_is_discarded_just_before_a_replay_opens_is_not_published"),
    Mutation("a replay that could not be judged is an outcome of the partition", "gate/replay.py",
             "            self._fail_attempt()", "            super()._record(error)",
             f"{REPLAY}::test_a_replay_that_cannot_be_judged_is_no_outcome_and_its_rows_stay"),
    Mutation("a replay overtakes a run that works on the partition", "gate/quarantine.py",
             "if any((attempt.dataset, attempt.partition_key)", "if not any((attempt.dataset, attempt.partition_key)",
             f"{REPLAY}::test_a_replay_waits_for_a_run_that_works_on_the_partition"),
    Mutation("a decision about a held replay is forgotten", "gate/standing.py",
             "if not source.is_asked and standing.landed_key == contract_key:", "if False:",
             f"{REPLAY}::test_a_held_replay_that_is_approved_is_published_with_its_rows"),
    Mutation("rows that a replay lost are not missed", "gate/reconcile.py",
             "landed, discarded = before, discarded + before.rows_discarded", "break",
             f"{REPLAY}::test_rows_that_were_discarded_before_a_replay_are_still_counted"),
)  # fmt: skip

GIVING_UP = (
    Mutation("a row is discarded and published", "adapters/ledger/quarantine.py",
             "discard.partition_key) != seen_fence", "discard.partition_key) < seen_fence", RECORDS, "on_sqlite"),
    Mutation("a discard counts twice", "adapters/ledger/quarantine.py",
             "    if not insert_new(connection, discards, **row):\n        return False\n",
             "    insert_new(connection, discards, **row)\n", RECORDS, "on_sqlite"),
    Mutation("discarded rows still count as quarantined", "adapters/ledger/quarantine.py",
             "quarantined: quarantined - discard.rows, ", "", RECORDS, "on_sqlite"),
    Mutation("masked values become data", "adapters/gx/rework.py",
             "if MASKED in names and", "if False and", f"{COMMANDS}::test_masked_values_cannot_become_data"),
    Mutation("an export shows classified values", "adapters/gx/quarantine_export.py",
             "if field.name in masked:", "if False:",
             f"{COMMANDS}::test_an_export_hides_what_the_contract_classifies_or_does_not_name"),
    Mutation("an export can be read by everybody", "adapters/gx/quarantine_export.py",
             "0o600", "0o644", f"{COMMANDS}::test_an_export_is_for_its_owner_only"),
    Mutation("a spreadsheet executes a row", "adapters/gx/quarantine_export.py",
             "return f\"'{text}\" if", "return text if",
             f"{COMMANDS}::test_no_text_of_an_export_is_a_formula_for_a_spreadsheet"),
    Mutation("an expression reads files", "adapters/gx/duckdb/rewriting.py",
             "if other := outside(query, (ROWS,)):", "if other := None:",
             f"{COMMANDS}::test_an_expression_that_cannot_be_used_says_why_and_changes_nothing", "arguments2"),
    Mutation("replayed rows forget where they came from", "adapters/gx/duckdb/reworked_rows.py",
             "coalesce(o.source_file, q.{SOURCE_FILE})", "q.{SOURCE_FILE}",
             f"{COMMANDS}::test_rows_that_fail_again_keep_their_place_in_landing_and_count_attempts"),
)  # fmt: skip
