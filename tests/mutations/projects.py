"""Changes to the package as teams install it: a plugin that is there twice, a project that does harm."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

PLUGIN = "tests/integration/test_airflow_plugin.py"
DAGS = "tests/integration/test_airflow_dags.py"
NEW = "tests/integration/test_gate_new.py"
INSTALLED = "tests/integration/test_installed_package.py"
DOCTOR = "tests/integration/test_gate_doctor.py"

PROVIDING = (
    Mutation("a plugin that is installed is provided by the folder as well", "apps/airflow/plugin.py",
             "each.group == ENTRY_POINTS", "each.group is None",
             f"{PLUGIN}::test_the_plugin_loads_once_and_without_an_error"),
    Mutation("every process of Airflow loads the web with the plugin", "apps/airflow/plugin.py",
             "from functools import cached_property\n", "from functools import cached_property\n\nimport fastapi\n",
             f"{PLUGIN}::test_loading_it_costs_a_task_s_process_neither_the_web_nor_great_expectations"),
    Mutation("a contract without a DAG is told to nobody", "apps/airflow/gate_dags.py",
             "refuse_left_out(built_dags().left_out)", "built_dags()",
             f"{DAGS}::test_bad_contracts_cost_the_good_ones_nothing_and_airflow_shows_which_have_no_dag_and_why"),
    Mutation("the process of a task builds the DAGs of all contracts", "apps/airflow/gate_dags.py",
             "only = get_parsing_context().dag_id", "only = None",
             f"{DAGS}::test_the_process_of_a_task_has_the_dag_of_its_own_object_alone"),
)  # fmt: skip

BEGINNING = (
    Mutation("a new project replaces what is in the folder", "apps/cli/new.py",
             "if folder.exists() and not _is_empty(folder):", "if folder.is_file():",
             f"{NEW}::test_a_folder_with_anything_in_it_is_refused_in_one_sentence_and_stays_as_it_is"),
    Mutation("a project has a name that no service can have", "apps/cli/new.py",
             "if problem := name_problem(name):", "if problem := None:",
             f"{NEW}::test_a_name_that_files_and_services_cannot_have_is_refused_before_anything_is_made"),
    Mutation("every new project has the same password", "apps/cli/project_templates/env.example",
             "POSTGRES_PASSWORD=\n", "POSTGRES_PASSWORD=airflow\n",
             f"{NEW}::test_every_secret_is_named_in_the_example_of_env_and_has_no_value_anywhere"),
    Mutation("a package that is not installed is a bug of ours", "apps/cli/main.py",
             "if name not in EXTRAS:", "if name in EXTRAS:",
             f"{INSTALLED}::test_a_command_that_needs_an_extra_says_in_one_sentence_which"),
    Mutation("the command line needs every extra", "apps/cli/status.py",
             "import typer\n", "import sqlalchemy  # noqa: F401\nimport typer\n",
             f"{INSTALLED}::test_what_works_on_contract_files_needs_no_extra"),
    Mutation("a package of another version is said to fit", "doctor.py",
             "wanted.specifier.contains(found, prereleases=True)", "found",
             f"{DOCTOR}::test_a_package_outside_of_the_range_of_this_version_is_named"),
)  # fmt: skip
