"""Changes to limits and settings: a run that has no end, or that blames itself for what the operator must mend."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

RUNS = "tests/integration/test_limits_of_runs.py"
CALLS = "tests/integration/test_limits_of_stores.py"
PATTERNS = "tests/unit/test_ecma_patterns.py"
SERVING = "tests/integration/test_serving_file.py"
LINT_LIMITS = "tests/integration/test_limits_of_lint.py"
LINT = "tests/integration/test_gate_lint.py"
SURROUNDINGS = "tests/integration/test_surroundings.py"
FILES = "tests/unit/test_settings_files.py"
DOCTOR = "tests/integration/test_gate_doctor.py"
CREDENTIALS = "tests/integration/test_s3_credentials.py"
JOURNEY = "test_a_run_lands_publishes_and_quarantines_on_s3_with_the_credentials_of"

REFUSING = (
    Mutation("a refusal does not say which policy statement is missing", "adapters/s3_access/refusals.py",
             'resource = bucket if right == "s3:ListBucket" else', 'resource = "*" if right else',
             "tests/integration/test_s3_credentials.py::"
             "test_a_right_that_is_missing_is_named_with_the_role_and_the_statement"),
    Mutation("an endpoint without http:// is a bug of ours", "settings/storage.py",
             "if value and not (value.startswith((", "if not value and not (value.startswith((",
             f"{RUNS}::test_a_setting_that_cannot_be_used_is_refused_by_name"),
    Mutation("a database that we cannot use is found out by the driver", "settings/storage.py",
             "if scheme not in _DATABASES:", "if not scheme:",
             f"{RUNS}::test_a_setting_that_cannot_be_used_is_refused_by_name"),
    Mutation("a full disk is a bug of ours", "gate/local_folders.py",
             "if error.errno in _FULL:", "if error.errno is None:",
             f"{CALLS}::test_a_full_disk_is_told_with_the_folder_and_the_next_step"),
    Mutation("a full disk is a bug of ours where DuckDB writes", "adapters/gx/duckdb/split.py",
             'if "No space left" in str(error):', "if error is None:",
             f"{RUNS}::test_a_full_disk_is_an_errored_outcome_with_the_next_step[split]"),
    Mutation("a home that cannot be made is a bug of ours", "gate/local_folders.py",
             "errno.EISDIR, errno.EEXIST,", "errno.EISDIR,",
             f"{RUNS}::test_what_cannot_be_used_is_one_sentence_with_the_next_step"),
    Mutation("an older version works on a newer ledger", "adapters/ledger/migrate.py",
             "if version is not None and version > HEAD:", "if version is None and version == HEAD:",
             f"{RUNS}::test_what_cannot_be_used_is_one_sentence_with_the_next_step"),
    Mutation("a damaged ledger is named by a code", "adapters/ledger/database.py",
             '    "SQLITE_NOTADB": "{damaged}",\n', "",
             f"{RUNS}::test_what_cannot_be_used_is_one_sentence_with_the_next_step"),
    Mutation("a spool that cannot be made leaves no outcome", "gate/local_folders.py",
             "errno.EISDIR, errno.EEXIST,", "errno.EISDIR,",
             f"{RUNS}::test_a_spool_that_cannot_be_made_is_an_errored_outcome"),
)  # fmt: skip

ENDING = (
    Mutation("a listing that drips has no end", "adapters/object_store/s3_clients.py",
             "timeout=limit_s, **options", "timeout=None, **options",
             f"{CALLS}::test_a_call_ends_within_its_limit_and_names_it"),
    Mutation("a small object is waited for as long as the client likes", "adapters/s3_access/clients.py",
             '"timeout": timedelta(seconds=try_s),', '"timeout": timedelta(seconds=try_s + 4),',
             f"{CALLS}::test_a_write_ends_within_its_limit"),
    Mutation("each try at a file may take the time of all of them", "adapters/object_store/s3_download.py",
             "return Deadline(min(own_s, left_s))", "return Deadline(_TRIES * min(own_s, left_s))",
             f"{CALLS}::test_the_files_of_a_partition_end_within_their_common_limit"),
    Mutation("the limit of all files of a partition is not named", "adapters/object_store/s3_download.py",
             "if left_s < own_s:", "if left_s < 0:",
             f"{CALLS}::test_a_partition_that_comes_too_slowly_names_the_limit_of_all_its_files"),
    Mutation("landing that does not answer leaves no outcome", "core/errors.py",
             "class StoreUnreachable(OperatorError):", "class StoreUnreachable(Exception):",
             f"{RUNS}::test_landing_that_never_answers_is_an_errored_outcome"),
    Mutation("a slow pattern has no end", "wiring.py",
             "timeout_s=settings.scan_timeout_s, query_limits", "query_limits",
             f"{RUNS}::test_a_slow_pattern_ends_as_errored_with_the_limit_s_name_and_the_process_ends"),
    Mutation("a pattern may grow as large as its repeats make it", "checks/compiling/ecma_patterns.py",
             "if _elements_by_repeats(translated) > MOST_ELEMENTS:", "if len(translated) > MOST_ELEMENTS:",
             f"{PATTERNS}::test_a_pattern_that_grows_too_large_by_its_repeats_is_refused"),
    Mutation("repeats within repeats are added up", "checks/compiling/ecma_patterns.py",
             "groups[-1][-1] *= max(1,", "groups[-1][-1] += max(1,",
             f"{PATTERNS}::test_a_pattern_that_grows_too_large_by_its_repeats_is_refused"),
    Mutation("a query takes four times the memory of its limit", "adapters/gx/duckdb/query_process.py",
             "resource.setrlimit(resource.RLIMIT_AS, (max_bytes, max_bytes))",
             "resource.setrlimit(resource.RLIMIT_AS, (4 * max_bytes, 4 * max_bytes))",
             f"{LINT_LIMITS}::test_lint_plans_queries_within_the_limits_of_a_run"),
    Mutation("lint has other limits than a run", "wiring.py",
             "SqlRules(_query_limits(settings))", "SqlRules()",
             f"{LINT_LIMITS}::test_lint_gives_the_planning_of_a_query_the_time_of_a_run"),
    Mutation("the cost of lint grows with the square of the contracts", "adapters/promised_datasets.py",
             "if folders not in self._known:", "if folders:",
             f"{LINT}::test_each_of_many_contracts_is_read_a_few_times_and_git_is_asked_once"),
)  # fmt: skip

READERS = (
    Mutation("the log of a killed stranger locks every reader out", "adapters/warehouse_delta/views.py",
             "        for log in self._stray_logs():\n            log.unlink(missing_ok=True)\n", "",
             f"{SERVING}::test_the_log_of_a_killed_stranger_goes_with_the_next_publish"),
    Mutation("the file of the views looks current beside a stranger's log", "adapters/warehouse_delta/views.py",
             "shown = None if self._stray_logs() else self._shown(table)", "shown = self._shown(table)",
             f"{SERVING}::test_the_log_of_a_killed_stranger_goes_with_the_next_publish"),
    Mutation("readers may write the file of the views", "adapters/warehouse_delta/views.py",
             "READ_ONLY = 0o444", "READ_ONLY = 0o644",
             f"{SERVING}::test_nobody_may_write_the_file"),
)  # fmt: skip

INSTALLING = (
    Mutation("state and contracts are looked for inside of the Python environment", "settings/loading.py",
             "return folder.parent if folder.name == _CHECKOUT_FOLDER else Path.cwd()", "return folder.parent",
             f"{SURROUNDINGS}::test_without_a_checkout_home_and_contracts_start_at_the_working_directory"),
    Mutation("a server of ours stands in for Amazon S3", "wiring.py",
             "if self.settings.s3_embedded:", "if not self.settings.s3_endpoint_url:",
             f"{SURROUNDINGS}::test_without_an_endpoint_it_is_amazon_s3_and_no_server_is_started"),
    Mutation("a secret in a file that is committed is accepted", "settings/sources.py",
             "if secret or (", "if (",
             f"{FILES}::test_a_key_that_cannot_be_used_is_refused_by_its_name_and_not_quoted"),
    Mutation("a file wins over the environment", "settings/loading.py",
             "given |= from_variables(variables)", "given = from_variables(variables) | given",
             f"{FILES}::test_the_environment_wins_over_dotenv_and_dotenv_over_toml"),
    Mutation("a misspelt line of .env is ignored", "settings/sources.py",
             "    return _known(given, prefix=PREFIX)\n\n\ndef from_toml",
             "    given = {name: each for name, each in given.items() if name[5:].lower() in Settings.model_fields}\n"
             "    return _known(given, prefix=PREFIX)\n\n\ndef from_toml",
             f"{FILES}::test_a_line_that_cannot_be_used_is_refused_by_its_number_and_not_quoted"),
    Mutation("the engine is given files in S3, which it cannot read", "gate/inspect.py",
             "ports.warehouse.local_files(dataset, into=references)", "ports.warehouse.files(dataset)",
             "tests/integration/test_s3_warehouse.py"
             "::test_rows_are_judged_by_the_published_rows_of_another_table_and_of_their_own"),
    Mutation("a rehearsal reaches a real S3", "wiring.py",
             "if self.settings.now is not None:\n            raise", "if self.settings is None:\n            raise",
             f"{SURROUNDINGS}::test_a_rehearsal_never_reaches_a_real_s3"),
    Mutation("the session token of a key is left out", "adapters/s3_access/clients.py",
             'session_token or None,\n        "expires_at"', 'session_token and None,\n        "expires_at"',
             f"{CREDENTIALS}::{JOURNEY}[our_own_session]"),
    Mutation("a role is not assumed", "adapters/s3_access/chain.py",
             "if not identity.role_arn:", "if identity.role_arn:",
             f"{CREDENTIALS}::test_credentials_that_cannot_be_had_are_one_sentence_with_the_next_step"),
    Mutation("a table's log keeps the token with which it was loaded", "adapters/warehouse_delta/table_log.py",
             "known.options == options and", "",
             f"{CREDENTIALS}::test_a_run_outlives_the_token_that_it_began_with"),
    Mutation("a client that lists keeps the token with which it was opened", "adapters/object_store/s3_clients.py",
             "if self._key != credentials.key:", "if self._key is None:",
             f"{CREDENTIALS}::test_a_run_outlives_the_token_that_it_began_with"),
    Mutation("files are read with the token with which the client was opened", "adapters/s3_access/clients.py",
             '"expires_at": credentials.expires_at,', '"expires_at": None,',
             f"{CREDENTIALS}::test_a_run_outlives_the_token_that_it_began_with"),
    Mutation("the endpoint of the contract is ignored", "adapters/object_store/routing.py",
             "self._open_s3(endpoint_url)", "self._open_s3(None)",
             f"{CREDENTIALS}::test_the_endpoint_of_the_contract_s_server_is_the_one_that_is_read"),
    Mutation("an Airflow connection turns certificates off", "connections.py",
             '.lower() == "false":', '.lower() == "no":',
             f"{CREDENTIALS}::test_an_airflow_connection_that_cannot_be_used_says_what_to_change"),
    Mutation("a server that ignores If-Match is called healthy", "adapters/object_store/examination.py",
             'failed(f"{self._endpoint.display_name} ignores', 'ok(f"{self._endpoint.display_name} ignores',
             f"{DOCTOR}::test_a_server_that_ignores_conditions_is_refused"),
    Mutation("a server that ignores If-None-Match is called healthy", "adapters/warehouse_delta/examination.py",
             'create(self._path, b"second"):', 'create(self._path, b"second") is None:',
             f"{DOCTOR}::test_a_server_that_ignores_conditions_is_refused"),
    Mutation("the doctor leaves its file behind", "adapters/warehouse_delta/examination.py",
             "self._storage.delete(self._path)\n", "\n",
             f"{DOCTOR}::test_on_this_machine_alone_nothing_fails_and_nothing_is_left_behind"),
    Mutation("the doctor migrates the ledger", "doctor.py",
             ".version != HEAD:", ".version is None:",
             f"{DOCTOR}::test_a_ledger_of_another_version_is_told_and_stays_as_it_is"),
    Mutation("a refused deletion is called an outage", "adapters/storage.py",
             "|\\(code: AccessDenied\\)", "",
             f"{DOCTOR}::test_a_missing_right_is_the_one_that_is_named"),
    Mutation("a machine without credentials is told to start Amazon S3", "adapters/s3_access/chain.py",
             "except problems.NoCredentialsError as error:", "except KeyError as error:",
             f"{CREDENTIALS}::test_credentials_that_cannot_be_had_are_one_sentence_with_the_next_step"),
)  # fmt: skip
