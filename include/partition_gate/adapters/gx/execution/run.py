"""Runs Great Expectations over the view without a data context, so it stores, sends and prints nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from great_expectations.core.batch import Batch
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.core.id_dict import IDDict
from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.validator.validation_graph import ExpectationValidationGraph, ValidationGraph
from great_expectations.validator.validator import Validator

from partition_gate.adapters.gx.duckdb.scan import SCANNED
from partition_gate.adapters.gx.engine.engine import SAMPLE_SIZE, DuckDBExecutionEngine
from partition_gate.adapters.gx.engine.query_errors import reason
from partition_gate.adapters.gx.execution.predicates import register_rules

_RUNTIME = {
    "result_format": {"result_format": "BASIC", "partial_unexpected_count": SAMPLE_SIZE},
    "catch_exceptions": True,
}


def run_expectations(
    engine: DuckDBExecutionEngine, configurations: Sequence[ExpectationConfiguration]
) -> list[ExpectationValidationResult]:
    """One result per expectation, in any order; `exception_info` is set if it raised."""
    if not configurations:
        return []
    try:
        validator = _validator(engine)
        return validator.graph_validate(configurations=list(configurations), runtime_configuration=_RUNTIME)
    except Exception as error:  # an expectation's code may raise anything, which fails the whole run
        if len(configurations) == 1:
            return [not_run(configurations[0], reason(error))]
    return [result for configuration in configurations for result in run_expectations(engine, [configuration])]


def not_run(configuration: ExpectationConfiguration, why: str) -> ExpectationValidationResult:
    """The result of an expectation that was not judged: failed, with the reason in place of an exception."""
    return ExpectationValidationResult(
        success=False,
        expectation_config=configuration,
        exception_info={"raised_exception": True, "exception_message": why, "exception_traceback": None},
    )


class _RegisteringValidator(Validator):
    """Registers the row-level rules with the engine before anything is computed."""

    def __init__(self, engine: DuckDBExecutionEngine, batch: Batch) -> None:
        super().__init__(execution_engine=engine, batches=[batch])
        self._engine = engine

    def _generate_suite_level_graph_from_expectation_level_sub_graphs(
        self, expectation_validation_graphs: list[ExpectationValidationGraph]
    ) -> ValidationGraph:
        register_rules(self._engine, expectation_validation_graphs)
        return super()._generate_suite_level_graph_from_expectation_level_sub_graphs(expectation_validation_graphs)


def _validator(engine: DuckDBExecutionEngine) -> Validator:
    batch_data = SqlAlchemyBatchData(execution_engine=engine, table_name=SCANNED, create_temp_table=False)
    batch: Any = Batch(data=batch_data, batch_definition=IDDict({"view": SCANNED}))  # type: ignore[arg-type]
    validator = _RegisteringValidator(engine, batch)
    validator.metrics_calculator.show_progress_bars = False
    return validator
