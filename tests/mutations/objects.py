"""Changes to contracts with several objects: one judged, named or read as another."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

OBJECTS = "tests/unit/test_several_objects.py"
LINT = "tests/unit/test_lint.py"
COMMANDS = "tests/integration/test_several_objects.py"
DRAFTS = "tests/integration/test_gate_init.py"
CONSOLE = "tests/integration/test_console.py"
READ_BY = f"{OBJECTS}::test_an_object_is_read_from_its_own_server_of_the_environment_before_the_one_for_all"

ASSIGNING = (
    Mutation("a service level of one object holds for all", "contracts/odcs/service_levels.py",
             "for name in columns if is_shared else own if named is None else columns.keys() & {named}:",
             "for name in columns if named is None else columns.keys() & {named}:", OBJECTS),
    Mutation("an object has its own error rate and that of all", "contracts/odcs/service_levels.py",
             "if not is_shared or sla.property not in own)", "if is_shared or not is_shared or own)",
             f"{OBJECTS}::test_a_level_of_one_object_replaces_the_one_of_every_object"),
    Mutation("an object has the limits of the contract although it has its own", "contracts/odcs/limits.py",
             "if name in of_object", "if name in of_object and name not in of_contract",
             f"{OBJECTS}::test_a_limit_of_an_object_comes_before_that_of_the_contract"),
    Mutation("an object that gets a limit is compared with the default, not with the contract's",
             "contracts/compatibility/compare.py", "if d.before and d.after else _UNLIKE_CONTRACT.get(name)", "",
             f"{OBJECTS}::test_a_limit_that_an_object_gets_is_a_loosened_one_and_a_lower_one_is_a_tightened_one"),
    Mutation("an object is read from the folder of all although it has its own", "contracts/odcs/servers.py",
             "first.get(name, first.get(None))", "first.get(None, first.get(name))", READ_BY),
    Mutation("an object is read from the folder of another", "contracts/odcs/servers.py",
             "first.setdefault(object_of(server), i)", "first.setdefault(None, i)", READ_BY),
    Mutation("two objects are read from the same files", "contracts/odcs/reader.py",
             "_require_own_files(datasets, path)", "pass",
             f"{OBJECTS}::test_two_objects_are_not_read_from_the_same_files"),
    Mutation("lint says nothing of two objects in one folder", "contracts/lint/objects.py",
             "for names in same_files({name: where for name, (_, where) in objects.items()}):", "for names in ():",
             f"{OBJECTS}::test_an_object_whose_own_server_is_in_one_environment_shares_the_folder_in_the_other"),
    Mutation("a rule names a column of another object", "contracts/lint/quality.py",
             "columns, names = view.columns_beside(rule), given",
             "columns, names = frozenset().union(*view.column_names.values()), given",
             f"{OBJECTS}::test_a_rule_may_only_name_columns_of_its_object"),
    Mutation("a relationship begins at another object", "contracts/lint/references.py",
             "elif places.get(other, object_place(relationship)) != object_place(relationship):", "elif not places:",
             LINT),
    Mutation("a reference by ids leads nowhere", "contracts/odcs/object_names.py",
             "if match[1] in (each.id, each.name))", "if match[1] == each.name)", OBJECTS),
    Mutation("a clause that one dataset cannot execute counts as executed", "contracts/coverage/clauses.py",
             "(Treatment.NOT_EXECUTABLE, Treatment.EXECUTED, Treatment.DOCUMENTED)",
             "(Treatment.EXECUTED, Treatment.NOT_EXECUTABLE, Treatment.DOCUMENTED)", OBJECTS),
)  # fmt: skip

NAMING = (
    Mutation("a draft publishes into the table of a contract", "adapters/contract_claims.py",
             "if other := next(_others(folder, path, chosen.dataset.name), None):",
             "if other := next(_others(folder, path, chosen.dataset.name), None) and None:",
             "tests/integration/test_refused_commands.py::"
             "test_a_contract_must_not_publish_into_the_table_of_another_and_may_be_tried"),
    Mutation("two contracts write one table", "adapters/catalogue.py",
             "taken = next((name for name in _claims(compiled) if len(owners[name]) > 1), None)", "taken = None",
             f"{COMMANDS}::test_two_contracts_that_claim_a_table_are_both_told_and_neither_is_used"),
    Mutation("a retired contract keeps its table from the contract that took it over", "adapters/catalogue.py",
             "if compiled.contract.status is Status.RETIRED:", "if compiled.in_memory is None:",
             f"{COMMANDS}::test_a_retired_contract_has_given_up_its_tables"),
    Mutation("lint says nothing of two contracts that claim a table", "contracts/lint/objects.py",
             "other = next((other for other in known.claims.get(claim, ()) if other != own), None)", "other = None",
             LINT),
    Mutation("a stale suite hides the other objects", "adapters/contract_folder.py",
             "                    problems.setdefault(path.name, []).append(str(error))",
             "                    problems[path.name] = [str(error), *map(str, usable.pop(path.name, ()))]",
             f"{COMMANDS}::test_suites_lie_beside_each_other_and_a_stale_one_costs_the_others_nothing"),
    Mutation("the objects of a contract share a DAG", "core/names.py",
             'qualified.replace("/", "__")', 'qualified.partition("/")[0]', OBJECTS),
    Mutation("the task of one object reads every contract", "adapters/contract_folder.py",
             "own = None if dag is None else self._of_dag(dag)", "own = None",
             f"{COMMANDS}::test_the_dag_of_one_object_compiles_only_it_and_reads_only_its_contract"),
    Mutation("the watch starts the DAG of no object", "apps/airflow/watch.py",
             '"trigger_dag_id": run.dag,', '"trigger_dag_id": f"gate__{run.contract}",',
             "tests/unit/test_airflow_keys.py"),
    Mutation("an earlier version has its former name in commands", "contract/versions.py",
             '            "has_siblings": current.has_siblings,\n', "", OBJECTS),
    Mutation("a kept version judges another object", "contracts/compatibility/versions.py",
             "tuple((before[dataset.name], dataset) for dataset in new.datasets if dataset.name in before)",
             "tuple(zip(old.datasets[::-1], new.datasets))", OBJECTS),
    Mutation("an object that comes and one that goes are a rename", "contracts/compatibility/differences.py",
             "if have_one_table and alone:",
             'if alone and [node.owner for node in unmatched].count("table") == len(alone) == 1:', OBJECTS),
    Mutation("two folders become one table", "contracts/drafting/draft.py",
             "if each.casefold() not in names)", "if each or names)",
             f"{DRAFTS}::test_two_folders_never_become_one_table"),
    Mutation("a rule of another object stops a promotion", "contracts/drafting/promotion.py",
             "if any(rule.id == _id(anomaly) for rule in dataset.rules):", "if _id(anomaly) in text:", OBJECTS),
    Mutation("the command on a page names no object", "apps/web/pages.py",
             "is_only=datasets <= {settlement.dataset})", "is_only=True)",
             f"{CONSOLE}::test_a_contract_with_several_datasets_lists_them_and_commands_name_them"),
    Mutation("a repair refreshes the view of another dataset", "gate/repair.py",
             "if own is not None and (own.contract.id, own.dataset.name) == name:",
             "if own is not None and own.contract.id == attempt.contract:",
             "tests/unit/test_pipeline.py::test_a_run_of_one_dataset_finishes_another_of_its_contract_with_its_own_table"),
)  # fmt: skip
