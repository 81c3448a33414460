"""Changes to how columns of real files are read, and to how their values are shown."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

COLUMNS = "tests/integration/test_columns_of_real_files.py"
UNCHANGED = "tests/integration/test_unchanged_files.py"
FILES = "tests/integration/test_gx_files.py"
QUERIES = "tests/integration/test_clauses_of_sql.py"
MASKING = "tests/unit/test_masking.py"
MASKED = "tests/integration/test_masked_values.py"
DISPLAY = "tests/unit/test_display.py"
NAMES = "tests/unit/test_names.py"
LINT = "tests/unit/test_lint.py"

READING = (
    Mutation("a decimal with more digits after the point than it has fails only when it is published",
             "contract/column_types.py", "if not 0 <= scale <= precision:", "if scale < 0:", LINT),
    Mutation("a channel with a misspelt scope is silent", "contracts/lint/words.py",
             "word.lower() not in SCOPES", "word.lower() in SCOPES and not word", LINT),
    Mutation("a misspelt limit of an object is ignored in silence", "contracts/lint/words.py",
             "((item, (*OBJECT_PROPERTIES, *FEATURE_PROPERTIES)) for item in view.objects()),", "", LINT),
    Mutation("a file of many columns cannot be judged", "adapters/gx/metrics/partition.py",
             "sa.func.greatest(sa.literal(0), *touched)", "sum(touched, sa.literal(0))",
             f"{COLUMNS}::test_a_file_of_two_thousand_columns_is_judged_and_split"),
    Mutation("rows of another partition are published under this one's key", "adapters/gx/duckdb/scan.py",
             "if any(file.column(sources[column]) for file in self.footers.files)",
             "if not any(file.column(sources[column]) for file in self.footers.files)",
             f"{COLUMNS}::test_a_row_whose_own_value_differs_from_its_partition_key_fails"),
    Mutation("a column without any value is of the wrong type", "adapters/gx/duckdb/parquet_files.py",
             "accepted = (*types, NO_TYPE)", "accepted = types",
             f"{COLUMNS}::test_a_column_without_any_value_has_every_type_and_is_published_as_null"),
    Mutation("one file without any value makes text of the other's column", "adapters/gx/duckdb/types.py",
             "kinds = kinds - {NO_TYPE} or kinds", "kinds = kinds or {NO_TYPE}",
             f"{COLUMNS}::test_one_of_two_files_may_have_no_value_in_a_column"),
    Mutation("numbers that the table cannot hold are accepted", "contract/column_types.py",
             '_INT64 = (*_SIGNED, "uint8", "uint16", "uint32")', "_INT64 = (*_SIGNED, *_UNSIGNED)",
             f"{COLUMNS}::test_an_unsigned_column_too_wide_for_the_table_is_refused_with_the_widths_that_fit"),
    Mutation("nobody is told how to promise unsigned numbers", "adapters/gx/expectations/partition.py",
             'result["observed_value"] += _WIDER', "pass",
             f"{COLUMNS}::test_an_unsigned_column_too_wide_for_the_table_is_refused_with_the_widths_that_fit"),
    Mutation("a column of another case is only missing", "adapters/gx/expectations/partition.py",
             "if lacking and alike:", "if not lacking and alike:",
             f"{COLUMNS}::test_a_column_that_differs_only_by_case_is_named_with_the_remedy"),
    Mutation("a false footer hides published rows", "adapters/gx/duckdb/unchanged_files.py",
             "return claimed == actual or", "return True or", UNCHANGED),
    Mutation("a false number of nulls hides published rows", "adapters/gx/duckdb/unchanged_files.py",
             "and claims.nulls in (None, claims.rows - actual.known)", "", UNCHANGED),
    Mutation("a Bloom filter is published unseen", "adapters/gx/duckdb/unchanged_files.py",
             "any(each.has_bloom_filter for each in claims) or", "", UNCHANGED),
    Mutation("a footer that contradicts itself ends the process", "adapters/gx/duckdb/parquet_pages.py",
             "            _require_levels(chunks, schema)\n", "",
             "tests/integration/test_gx_files.py::test_a_footer_that_contradicts_its_schema_is_a_damaged_file"
             "_and_ends_no_process"),
    Mutation("an error in a footer is a bug of ours", "adapters/gx/duckdb/parquet_pages.py",
             "ThriftReader(memoryview(bytes(content[max(end - length, 0) : end])))",
             "ThriftReader(content[max(end - length, 0) : end])",
             "tests/integration/test_gx_files.py::test_a_footer_that_contradicts_its_schema_is_a_damaged_file"
             "_and_ends_no_process"),
    Mutation("a damaged page is read", "adapters/gx/duckdb/parquet_pages.py",
             "zlib.crc32(content[page.start : page.end]) != page.checksum", "page.start > page.end", FILES),
    Mutation("a whole row is shown as a number", "adapters/gx/duckdb/query_columns.py",
             "return column is not None and", "return column is None or", QUERIES),
    Mutation("DuckDB's progress is read as an answer", "adapters/gx/duckdb/scan.py",
             "SET enable_progress_bar = false", "SET enable_progress_bar = true", QUERIES),
)  # fmt: skip

SHOWING = (
    Mutation("a classified column is shown because the contract names it", "core/masking.py",
             "frozenset(named - hidden)", "frozenset(named)",
             f"{MASKING}::test_a_column_that_is_classified_or_not_named_is_hidden_whatever_its_case"),
    Mutation("an object shows fields that the contract does not name", "core/masking.py",
             "if whole.is_nested or self.hides(column)", "if self.hides(column)",
             f"{MASKING}::test_an_object_is_masked_whole_because_a_field_of_it_may_be_unnamed"),
    Mutation("quarantined rows are shown as they are", "judging/quarantine.py",
             "masking.shown(column, value, key) for", "displayed(value) if value else None for",
             f"{MASKED}::test_the_canary_is_in_quarantine_and_nowhere_else[some rows]"),
    Mutation("lint says nothing of a query whose text nobody will see", "contracts/lint/read_contract.py",
             "for column in dataset.columns if column.classified]", "for column in ()]",
             f"{LINT}::test_a_text_that_a_query_returns_is_said_to_be_masked_where_a_column_is_classified"),
    Mutation("control characters of a value reach the terminal", "core/display.py",
             'frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})', 'frozenset({"Cf", "Cs", "Zl", "Zp"})',
             f"{DISPLAY}::test_what_a_terminal_would_act_upon_is_seen_as_an_escape"),
    Mutation("marks that turn the direction of text reach the terminal", "core/display.py",
             'frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})', 'frozenset({"Cc", "Cs", "Zl", "Zp"})',
             f"{DISPLAY}::test_what_a_terminal_would_act_upon_is_seen_as_an_escape"),
    Mutation("a value of megabytes is shown whole", "core/display.py",
             "return shown if length <= limit else", "return escaped(text) if length else",
             f"{DISPLAY}::test_a_long_text_is_cut_and_says_how_long_it_is"),
    Mutation("quarantine on S3 is looked for in a local folder", "adapters/tables/quarantine.py",
             "storage, folder = self._storage.locate(uri)\n        return read",
             "storage, folder = Storage(str(Path(uri).parent)), Path(uri).name\n        return read",
             f"{MASKED}::test_quarantine_on_s3_is_shown_as_a_local_one"),
    Mutation("a dataset's name leads out of the folder of suites", "core/names.py",
             "if not _FORM.fullmatch(name):", "if not name:",
             f"{NAMES}::test_what_could_be_another_folder_or_no_dag_id_is_no_name"),
    Mutation("a name that lint refuses is accepted by a table", "core/names.py",
             "Name = Annotated[str, AfterValidator(_name)]", "Name = Annotated[str, AfterValidator(str)]",
             f"{NAMES}::test_what_could_be_another_folder_or_no_dag_id_is_no_name"),
    Mutation("a contract that lint did not see writes into another folder", "contracts/odcs/reader.py",
             "if (why := problem(name))]", "if not (why := problem(name))]",
             f"{NAMES}::test_a_contract_that_lint_did_not_see_is_refused_by_name_as_well"),
)  # fmt: skip
