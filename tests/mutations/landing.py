"""Changes to how paths in landing are read: rows under another key, missed, or read twice."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

PATTERNS = "tests/unit/test_path_patterns.py"
STORES = "tests/integration/test_object_store_behaviour.py"
LAYOUTS = "tests/integration/test_landing_layouts.py"
LINT = "tests/unit/test_lint.py"

PATHS = (
    Mutation("a name with two readings has the one that is found first", "core/path_pattern.py",
             "if long.groups() != short.groups():", "if long is short:",
             f"{PATTERNS}::test_a_name_that_can_be_read_in_two_ways_is_refused"),
    Mutation("fields run into each other", "core/path_pattern.py",
             "if not is_text and (has_whole or left == right == ANY):", "if not is_text and left == right == ANY:",
             PATTERNS),
    Mutation("a path that names two dates has the first one", "core/path_values.py",
             "if times.setdefault(directive, digits) != digits:", "if times.setdefault(directive, digits) is None:",
             f"{PATTERNS}::test_a_path_whose_date_does_not_exist_or_contradicts_itself_has_no_key"),
    Mutation("a value has two paths, and is published from one", "core/path_values.py",
             "if text != unquote(part):", "if not part:",
             f"{PATTERNS}::test_a_value_has_one_spelling_in_a_path"),
    Mutation("a key leads out of the lake", "core/path_values.py",
             "if _NO_NAME & set(names):", "if not names:",
             f"{PATTERNS}::test_a_key_that_no_path_can_have_is_refused"),
    Mutation("a moment is published under the hour that contains it", "core/path_values.py",
             "if part_of(segment, pattern.fields(segment.name), texts) != parts[segment.name]:", "if not texts:",
             f"{PATTERNS}::test_a_key_that_no_path_can_have_is_refused"),
    Mutation("a month counts as a day", "core/path_values.py",
             "if missing := [each for each in _DAY if each not in directives]:",
             "if missing := [each for each in _DAY[:2] if each not in directives]:",
             f"{PATTERNS}::test_a_format_that_does_not_determine_a_value_of_the_column_is_refused"),
    Mutation("the watch misses what is written from day to year", "core/path_pattern.py",
             'if not wanted or (piece.startswith("%") and piece != next(iter(wanted))):', "if not wanted:",
             f"{PATTERNS}::test_a_listing_begins_with_the_first_day_where_the_names_are_in_order_of_days"),
    Mutation("the watch believes that nothing landed before", "adapters/object_store/s3.py",
             "any(entry.name < start.first for entry in first))", "False)",
             f"{STORES}::test_paths_of_earlier_days_are_left_out_when_only_recent_keys_are_asked_for",
             only="s3 and not routed"),
    Mutation("the watch reads the whole history of a folder", "adapters/object_store/s3.py",
             "entries = self._entries(folder, start.prefix, after=after)",
             "entries = self._entries(folder, start.prefix)",
             f"{STORES}::test_the_watch_s_listing_begins_with_its_first_day_so_that_history_costs_nothing"),
    Mutation("the first thousand files are the partition", "adapters/object_store/s3.py",
             'if most or not page.get("IsTruncated"):', "if page:",
             f"{STORES}::test_a_page_of_a_listing_is_followed_by_the_next_one"),
    Mutation("a partition gets the files of its neighbour", "adapters/object_store/patterned.py",
             "return read_name(level, name, kinds) == own", "return read_name(level, name, kinds) is not None",
             f"{STORES}::test_files_of_several_partitions_in_one_folder_are_told_apart", only="local and not routed"),
    Mutation("a name that does not fit is dropped in silence", "adapters/object_store/patterned.py",
             "if begins_and_ends(level, name):", "if begins_and_ends(level, name) and texts:",
             f"{STORES}::test_names_that_do_not_fit_the_pattern_are_refused_by_name_and_block_no_other",
             only="local and not routed"),
    Mutation("an unfinished upload is judged", "adapters/object_store/listing.py",
             "(name.lower().endswith(TEMPORARY) and", "(name.endswith(_HIDDEN) and",
             f"{STORES}::test_hidden_and_temporary_files_are_ignored_by_name", only="local and not routed"),
    Mutation("a marker declares the partitions of its neighbours complete", "contracts/lint/objects.py",
             "isinstance(where, Location) and where.layout is not None and where.layout.shares_folders:",
             "isinstance(where, Location) and where.layout is None and where.names == ():", LINT),
    Mutation("a pattern at the root is ignored", "contracts/lint/objects.py",
             'if custom.node.get("property") == PATTERN):', "if not custom.node):", LINT),
)  # fmt: skip
