"""Changes to how the standard is read: a promise that is dropped without a word, or one that nobody made."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

NOT_RUN = "tests/unit/test_not_run_here.py"
DIALECTS = "tests/unit/test_dialects.py"
LEVELS = "tests/unit/test_service_levels.py::test_a_level_that_cannot_be_read_promises_nothing_and_says_so"

ACCEPTING = (
    Mutation(
        "clauses that nothing executes count as executed",
        "contracts/coverage/clauses.py",
        "if treatment is Treatment.EXECUTED and kind not in _ALWAYS and",
        "if kind == '' and",
        NOT_RUN,
    ),
    Mutation(
        "a dataset without files is run", "adapters/contract_folder.py", "if chosen.not_run:", "if False:", NOT_RUN
    ),
    Mutation(
        "a table without files takes the name of one with files",
        "adapters/promised_datasets.py",
        "if view.is_object_run(item)}",
        "}",
        NOT_RUN,
    ),
    Mutation(
        "an unknown severity only warns",
        "contracts/odcs/columns.py",
        "else Severity.ERROR",
        "else Severity.WARNING",
        "tests/unit/test_odcs.py",
    ),
    Mutation(
        "a limit that cannot be read is no limit",
        "contracts/odcs/limits.py",
        "return default if promised is None else promised",
        "return 1.0 if promised is None else promised",
        LEVELS.partition("::")[0],
    ),
    Mutation(
        "an end that is no date promises silently",
        "checks/compiling/service_levels.py",
        '**dict.fromkeys(("generalavailability", "endoflife"), _without_check(_day)),',
        "",
        LEVELS,
    ),
    Mutation(
        "a level of no object is dropped without a word",
        "contracts/odcs/service_levels.py",
        "if not any(True for _ in _holders(sla, odcs.slaDefaultElement, columns))",
        "if False",
        "tests/unit/test_several_objects.py",
    ),
)
TRANSLATING = (
    Mutation(
        "a division of whole numbers gets another value",
        "checks/compiling/translation.py",
        "        _require_same_division(tree, dialect)\n",
        "",
        DIALECTS,
    ),
    Mutation(
        "constructs that DuckDB lacks are left out of a translation",
        "checks/compiling/translation.py",
        "unsupported_level=errors.ErrorLevel.RAISE",
        "unsupported_level=errors.ErrorLevel.IGNORE",
        DIALECTS,
    ),
    Mutation(
        "a translation reads any schema's table of another name",
        "checks/compiling/translation.py",
        "if table.name.casefold() in {name.casefold() for name in tables}:",
        "if table.name:",
        DIALECTS,
    ),
    Mutation(
        "a query of an assumed dialect is dropped",
        "checks/compiling/sql.py",
        "if not rule.dialect_is_assumed:",
        "if True:",
        DIALECTS,
    ),
    Mutation(
        "a rule that was not judged passes",
        "judging/verdict.py",
        "return CheckOutcome.WARNED\n        case _:",
        "return CheckOutcome.PASSED\n        case _:",
        "tests/integration/test_clauses_of_sql.py",
    ),
)
