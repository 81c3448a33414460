"""Changes to what differs by environment: judged, published or committed as in another one."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

SKEW = "tests/unit/test_skew.py"
COMPARE = "tests/unit/test_compare.py"
ENVIRONMENTS = "tests/unit/test_environments.py"

DIFFERING = (
    Mutation("a column is published where it is absent", "contracts/odcs/environments.py",
             "columns = _present(dataset.columns, differing)", "columns = dataset.columns",
             f"{ENVIRONMENTS}::test_a_column_that_is_not_in_an_environment_is_not_in_its_table"),
    Mutation("a rule holds where it is absent", "contracts/odcs/environments.py",
             "for rule in _present(dataset.rules, differing)", "for rule in dataset.rules",
             f"{ENVIRONMENTS}::test_a_rule_that_is_not_in_an_environment_is_not_compiled_there"),
    Mutation("the rule of an absent column waits for it", "contracts/odcs/environments.py",
             "any(each in self.absent for each in _with_parents(place))", "place in self.absent",
             f"{ENVIRONMENTS}::test_a_rule_of_an_absent_column_is_absent_with_it"),
    Mutation("a service level holds where it is absent", "contracts/odcs/service_levels.py",
             "if read.path not in (absent or {}).get(name, ()):", "if read.path:",
             f"{ENVIRONMENTS}::test_a_service_level_gives_way_to_another_in_another_environment"),
    Mutation("a warning of development blocks there", "contracts/odcs/environments.py",
             "return part if severity is None else part.model_copy", "return part if True else part.model_copy",
             f"{ENVIRONMENTS}::test_a_severity_differs_by_environment"),
    Mutation("one suite for environments that differ", "adapters/contract_folder.py",
             'if dataset.has_own_suite else ""', 'if False else ""',
             f"{ENVIRONMENTS}::test_the_suite_of_an_environment_is_checked_in_it"),
    Mutation("a kept version is judged with the columns of another environment", "adapters/contract_folder.py",
             "Known(name=contract.id, judged_in=contract.environment)", "Known(name=contract.id)",
             f"{ENVIRONMENTS}::test_a_kept_version_is_judged_in_the_environment_of_the_current_one"),
    Mutation("a partition is not judged again in another environment", "checks/compiling/compiled.py",
             'own = f" in {self.dataset.environment}" if self.dataset.has_own_suite else ""', 'own = ""',
             f"{ENVIRONMENTS}::test_the_same_text_is_another_judgement_in_an_environment_that_differs"),
    Mutation("a word at an object removes all its columns", "contracts/odcs/environments.py",
             "elif isinstance(value, Mapping):\n        for custom in _custom(value) if _may_differ(place) else ():",
             "elif isinstance(value, Mapping):\n        for custom in _custom(value):",
             f"{ENVIRONMENTS}::test_what_is_written_at_an_object_has_no_effect"),
    Mutation("a key may be absent", "contracts/lint/environments.py",
             "if prop.node.get(key) is True:", "if False:",
             f"{ENVIRONMENTS}::test_lint_finds_a_partition_column_that_is_absent"),
)  # fmt: skip

COMPARING_SIDES = (
    Mutation("a value of a classified column is told", "gate/compare.py",
             "is_open = made is not None and name not in hidden", "is_open = made is not None",
             f"{COMPARE}::test_a_classified_column_is_measured_and_none_of_its_values_is_in_the_result"),
    Mutation("a column that one contract classifies is told by the other", "gate/compare.py",
             "hidden=a.compiled.hidden_columns | b.compiled.hidden_columns", "hidden=a.compiled.hidden_columns",
             f"{COMPARE}::test_a_column_that_only_the_other_contract_classifies_is_not_shown"),
    Mutation("a column that a side lacks is no difference", "gate/compare.py",
             'yield from (_only(name, "B", b, a) for name in other if name not in own)\n', "return\n",
             f"{COMPARE}::test_a_column_of_the_second_side_is_a_difference_too"),
    Mutation("another contract excuses a column", "gate/compare.py",
             "if is_same else set()", "if True else set()",
             f"{COMPARE}::test_a_column_that_another_contract_excepts_is_a_difference"),
    Mutation("partitions that nobody named are compared", "gate/compare.py",
             "if keys is None or each.partition_key in keys)", "if True)",
             f"{COMPARE}::test_only_the_named_partitions_are_compared"),
    Mutation("the bins are those of one side", "gate/compare.py",
             "values = (value for side in (own, other) for", "values = (value for side in (own,) for",
             f"{COMPARE}::test_the_distance_is_the_same_from_both_sides"),
    Mutation("a hundred rows differ by chance and are told", "judging/skew.py",
             '"limit": threshold + _sampling_error(measure, a, b),', '"limit": threshold,',
             f"{SKEW}::test_what_two_small_samples_may_differ_by_is_not_told"),
    Mutation("a share without a value is told to nobody", "judging/skew.py",
             "if abs(nulls[0] - nulls[1]) > limit:", "if False:",
             f"{SKEW}::test_a_share_without_a_value_is_told"),
    Mutation("a variable of this project holds for the other", "settings/loading.py",
             "if not name.startswith(PREFIX)}", "}",
             f"{COMPARE}::test_the_settings_of_another_project_are_those_of_its_files"),
)  # fmt: skip
