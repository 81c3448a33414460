"""Changes to the warehouse in PostgreSQL: rows that are lost, shown too early or altered, and rights that vanish."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

WAREHOUSE, ONLY = "tests/integration/test_warehouse_behaviour.py", "in_postgres"
POSTGRES = "tests/integration/test_postgres_warehouse.py"
COMMANDS = "tests/integration/test_gate_run_on_postgres.py"
ADAPTER = "adapters/warehouse_postgres"

STORING = (
    Mutation("in PostgreSQL, the same fence publishes twice", f"{ADAPTER}/warehouse.py",
             "if visible and visible.fence >= fence:", "if visible and visible.fence > fence:",
             f"{WAREHOUSE}::test_publishing_twice_with_the_same_key_changes_nothing", ONLY),
    Mutation("in PostgreSQL, another version than the decision rests on is replaced", f"{ADAPTER}/warehouse.py",
             "if over not in {None, visible.fence if visible else 0}:", "if False:",
             f"{WAREHOUSE}::test_a_publish_over_another_version_than_the_visible_one_changes_nothing", ONLY),
    Mutation("in PostgreSQL, visible rows are discarded", f"{ADAPTER}/warehouse.py",
             "(c.attempt_id == attempt_id) & ~c.is_visible", "(c.attempt_id == attempt_id)",
             f"{WAREHOUSE}::test_published_rows_cannot_be_discarded", ONLY),
    Mutation("in PostgreSQL, rows of another staging are published", f"{ADAPTER}/warehouse.py",
             " or (version.rows, version.row_hash) != (staged.rows, staged.row_hash)", "",
             f"{POSTGRES}::test_rows_of_another_staging_are_not_published"),
    Mutation("in PostgreSQL, a version that was replaced a moment ago is swept", f"{ADAPTER}/warehouse.py",
             "c.replaced_at < staged_before)", "c.replaced_at.is_not(None))",
             f"{POSTGRES}::test_a_version_that_was_visible_a_moment_ago_is_kept"),
    Mutation("in PostgreSQL, swept rows stay for ever", f"{ADAPTER}/warehouse.py",
             "            self._storage.purge(connection, table)\n", "            pass\n",
             f"{POSTGRES}::test_a_sweep_deletes_the_rows"),
    Mutation("rows with new columns are missing until the view is made anew", f"{ADAPTER}/warehouse.py",
             "if dataset.view is not None and version.shape", "if False and version.shape",
             f"{POSTGRES}::test_columns_are_added_and_widened_without_a_moment_without_rows"),
    Mutation("an old period takes columns from the view", f"{ADAPTER}/warehouse.py",
             "self._views.refresh(connection, extended(shown, table, published=dataset.columns))",
             "self._views.refresh(connection, table)",
             f"{POSTGRES}::test_an_old_period_takes_no_column_from_the_view"),
    Mutation("readers lose their right when a column is removed", f"{ADAPTER}/views.py",
             "for statement in (create, *grants):", "for statement in (create,):",
             f"{POSTGRES}::test_readers_keep_their_right_if_the_view_is_made_anew"),
    Mutation("a view that somebody dropped looks current", f"{ADAPTER}/views.py",
             "return bool(dataset.view == wanted.digest and self._exists(connection, table.name))",
             "return bool(dataset.view == wanted.digest)",
             f"{POSTGRES}::test_a_view_that_somebody_dropped_is_stale"),
    Mutation("a text that looks like a null becomes one", f"{ADAPTER}/rows.py",
             "quoted_strings_can_be_null=False", "quoted_strings_can_be_null=True",
             f"{POSTGRES}::test_every_type_comes_back_as_it_was_published"),
    Mutation("a value is quoted from PostgreSQL's message", f"{ADAPTER}/database.py",
             "column ([^:]+?)(?::|$)", "column (.+)$",
             f"{POSTGRES}::test_a_value_that_cannot_be_stored_is_told_by_its_column"),
    Mutation("a refused user of PostgreSQL is told as no answer", f"{ADAPTER}/database.py",
             'state.startswith(prefix)), None)', 'state == prefix), None)',
             "tests/unit/test_postgres_errors.py"),
    Mutation("PostgreSQL cuts a long name in silence", f"{ADAPTER}/columns.py",
             "if len(name.encode()) > LONGEST_NAME_BYTES:", "if len(name.encode()) > 100:",
             f"{POSTGRES}::test_a_name_longer_than_postgresql_s_is_refused"),
    Mutation("long names share a table", f"{ADAPTER}/storage.py",
             "~{digest(dataset)[:8]}", "",
             f"{POSTGRES}::test_long_names_that_begin_alike_are_tables_of_their_own"),
    Mutation("the doctor leaves schemas in the database", f"{ADAPTER}/examination.py",
             "            trial.rollback()\n", "            trial.commit()\n",
             f"{COMMANDS}::test_the_doctor_tries_the_database_and_leaves_nothing_behind"),
    Mutation("a rehearsal publishes to a real database", "settings/model.py",
             'databases = ("ledger_url", "warehouse_uri")', 'databases = ("ledger_url",)',
             "tests/unit/test_docs.py::test_a_rehearsal_is_refused_where_something_real_is_connected"),
    Mutation("the warehouse's password may stand in a shared file", "settings/sources.py",
             '_URLS = frozenset({"ledger_url", "warehouse_uri"})', '_URLS = frozenset({"ledger_url"})',
             "tests/unit/test_settings_files.py"),
)  # fmt: skip
