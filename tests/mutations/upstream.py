"""Changes to what comes before and after the gate: answers about Avro schemas, and rows for a feature store."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

AVRO = "tests/unit/test_avro_compatibility.py"
PAIRS = f"{AVRO}::test_a_pair_of_schemas_breaks_the_rules_of_avro"
EXPORT = "tests/unit/test_avro_export.py"
COMMAND = "tests/unit/test_validate_schema.py"
FEATURES = "tests/unit/test_feature_export.py"
COPIED = f"{FEATURES}::test_only_rows_of_safe_partitions_and_before_the_safe_moment_are_handed_off"

RESOLVING = (
    Mutation("a long is read as an int", "contracts/avro/resolution.py",
             '    "long": frozenset({"float", "double"}),', '    "long": frozenset({"int", "float", "double"}),',
             f"{AVRO}::test_a_type_is_read_as_itself_or_as_one_that_it_is_promoted_to"),
    Mutation("a field that nobody wrote is called compatible", "contracts/avro/resolution.py",
             "elif not each.has_default:", "elif each.has_default:", PAIRS),
    Mutation("the writer's enum default is taken for the reader's", "contracts/avro/resolution.py",
             "if missing and r.default is None:", "if missing and w.default is None:", PAIRS),
    Mutation("a record of another name is read", "contracts/avro/resolution.py",
             "and w.full_name not in r.aliases:", "and False:", PAIRS),
    Mutation("a registry refuses another namespace", "contracts/avro/resolution.py",
             "if simple_name(r.full_name) != simple_name(w.full_name)", "if r.full_name != w.full_name", PAIRS),
    Mutation("one branch of a union is enough", "contracts/avro/resolution.py",
             "for branch in w.branches for each in", "for branch in w.branches[:1] for each in", PAIRS),
    Mutation("backward and forward are confused", "contracts/avro/registry.py",
             "if direction is Direction.BACKWARD\n", "if direction is Direction.FORWARD\n",
             f"{AVRO}::test_backward_and_forward_are_the_two_directions"),
    Mutation("a transitive level forgets the first versions", "contracts/avro/registry.py",
             "mode is None or mode.transitive else", "mode is None else",
             f"{AVRO}::test_only_a_transitive_level_looks_at_every_earlier_schema"),
    Mutation("a wrong default is registered", "contracts/avro/reading.py",
             "and not fits(schema, each.type, each.default)", "and False",
             f"{AVRO}::test_a_default_of_another_type_is_refused"),
    Mutation("an incompatible schema passes CI", "apps/cli/schemas.py",
             "raise typer.Exit(0 if judged.is_compatible else 1)", "raise typer.Exit(0)",
             f"{COMMAND}::test_an_incompatible_schema_ends_with_1_and_each_reason"),
    Mutation("the largest unsigned integers do not fit", "contracts/export/avro.py",
             "stored_type(logical, column.physicalType, width=width,", "stored_type(logical, None, width=None,",
             f"{EXPORT}::test_what_is_written_is_read_back"),
    Mutation("two columns have one name in Avro", "contracts/export/avro.py",
             "free = next(each for each in candidates if each not in taken)", "free = name",
             f"{EXPORT}::test_names_that_become_alike_stay_apart"),
    Mutation("nulls in a list are refused", "contracts/export/avro.py",
             'return kind if column.required else ["null", kind]', "return kind",
             f"{EXPORT}::test_what_is_written_is_read_back"),
)  # fmt: skip

HANDING_OFF = (
    Mutation("features are read past a missing partition", "apps/web/safe_through.py",
             "while visible < len(slots) and _is_visible(slots[visible]):", "while visible < len(slots):",
             f"{FEATURES}::test_what_comes_after_a_missing_partition_is_not_safe"),
    Mutation("a day is safe although a region is missing", "apps/web/safe_through.py",
             "covered[1] if gap is None else min(covered[1], gap)", "covered[1]",
             f"{FEATURES}::test_a_day_is_safe_only_if_each_region_is_there"),
    Mutation("rows of partitions after the gap are handed off", "apps/cli/features.py",
             "if order(compiled.dataset, each.partition_key) <= last]", "if True]", COPIED),
    Mutation("events after the safe moment are handed off", "apps/cli/features.py",
             "before = (table.event_time.name, safe.until)",
             "before = (table.event_time.name, safe.until.replace(year=9999))", COPIED),
    Mutation("classified columns are features without being named", "contracts/export/feast.py",
             "if column.name in self.compiled.hidden_columns:", "if False:",
             f"{FEATURES}::test_a_classified_column_is_no_feature_unless_it_is_named"),
    Mutation("a feature of a misspelt column is noticed when it is exported", "contracts/lint/objects.py",
             "        if name not in published:\n", "        if False:\n",
             "tests/unit/test_lint.py::test_a_wrong_contract_gives_its_findings_and_no_others"),
    Mutation("a description runs as code", "contracts/export/feast.py",
             "return json.dumps(text, ensure_ascii=False)", "return f'\"{text}\"'",
             f"{FEATURES}::test_a_text_of_the_contract_is_a_text_in_the_file"),
    Mutation("the warehouse copies rows of any time", "adapters/tables/distributions.py",
             "AS TIMESTAMPTZ) < ?\"", "AS TIMESTAMPTZ) < ? OR true\"",
             "tests/integration/test_warehouse_behaviour.py::test_rows_of_visible_versions_are_copied_up_to_a_moment",
             only="disk"),
)  # fmt: skip
