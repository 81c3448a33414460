"""Judges every expectation of a suite file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from great_expectations.core.expectation_validation_result import ExpectationValidationResult

from partition_gate.adapters.gx.duckdb.distinct_values import only_column
from partition_gate.adapters.gx.duckdb.parquet_files import READ_ERRORS, Unreadable
from partition_gate.adapters.gx.duckdb.sql import any_of, select
from partition_gate.adapters.gx.engine.conditions import MetricId
from partition_gate.adapters.gx.engine.engine import DuckDBExecutionEngine
from partition_gate.adapters.gx.execution.preconditions import Preconditions, Unmet
from partition_gate.adapters.gx.execution.predicates import row_predicate
from partition_gate.adapters.gx.execution.results import observe, presentable, raised
from partition_gate.adapters.gx.execution.run import not_run, run_expectations
from partition_gate.adapters.gx.execution.shown_values import Mask, failing_values, mask_of
from partition_gate.adapters.gx.execution.suite_file import FILES_READABLE, Planned
from partition_gate.adapters.gx.expectations.partition import name_some
from partition_gate.core.quoting import identifier
from partition_gate.judging.profile import BrokenRows, PartitionProfile
from partition_gate.judging.validation import Errored, Evaluated, Observation, RowPredicate, Unknown


@dataclass(frozen=True)
class Judgement:
    """An observation, and its result in Great Expectations' document."""

    planned: Planned
    observation: Observation
    result: ExpectationValidationResult


def judge(engine: DuckDBExecutionEngine, planned: Iterable[Planned], *, mask_key: bytes) -> list[Judgement]:
    """One judgement per expectation, in order; only those with met preconditions are run."""
    planned, mask = list(planned), mask_of(engine.partition, mask_key)
    preconditions = Preconditions(engine.duckdb_connection, engine.partition, planned, engine.sql_rules)
    unmet_by_plan = [(plan, preconditions.first_unmet(plan)) for plan in planned]
    results = run_expectations(engine, [plan.configuration for plan, unmet in unmet_by_plan if unmet is None])
    by_rule = {_rule_id(result): result for result in results}
    return [
        _judged(engine, plan, by_rule[plan.rule_id], mask) if unmet is None else _not_judged(plan, unmet)
        for plan, unmet in unmet_by_plan
    ]


def judge_unreadable(planned: Iterable[Planned], unreadable: tuple[Unreadable, ...]) -> list[Judgement]:
    """The judgements if files cannot be read: the readability check fails, all others are unknown."""
    why = f"file {name_some([file.source for file in unreadable])} cannot be read as Parquet"
    files = name_some([f"{file.source} ({file.why})" for file in unreadable])
    return [
        _failed_readability(plan, f"cannot be read as Parquet: {files}")
        if plan.type == FILES_READABLE
        else _not_judged(plan, Unknown(rule_id=plan.rule_id, why=why))
        for plan in planned
    ]


def row_predicates(engine: DuckDBExecutionEngine, judgements: Iterable[Judgement]) -> tuple[RowPredicate, ...]:
    """A predicate for every row-level expectation that was judged; the rows that break them are saved for the split."""
    evaluated = [judgement for judgement in judgements if isinstance(judgement.observation, Evaluated)]
    rule_ids = [judgement.planned.rule_id for judgement in evaluated]
    sql_by_rule = ((rule_id, row_predicate(engine, rule_id)) for rule_id in rule_ids)
    predicates = tuple(RowPredicate(rule_id=rule_id, sql=sql) for rule_id, sql in sql_by_rule if sql is not None)
    sql_by_condition = {engine.rules[predicate.rule_id]: predicate.sql for predicate in predicates}
    engine.broken_rows.save(engine.partition.scan, sql_by_condition)
    return predicates


def column_profile(engine: DuckDBExecutionEngine) -> PartitionProfile | None:
    """The counters of the table's columns; None if they cannot be counted."""
    broken = broken_by_column(engine)
    try:
        return engine.profiler.profile(engine.distinct_values.tables).with_invalid(broken)
    except READ_ERRORS:
        return None


def _judged(
    engine: DuckDBExecutionEngine, planned: Planned, result: ExpectationValidationResult, mask: Mask
) -> Judgement:
    why = raised(planned, result, known=engine.failures.values())
    if why is not None:
        return _not_judged(planned, Errored(rule_id=planned.rule_id, why=why))
    failing = () if result.success else failing_values(engine, planned, mask)
    return Judgement(planned, observe(planned, result, mask, failing), presentable(planned, result, mask, failing))


def _not_judged(planned: Planned, unmet: Unmet) -> Judgement:
    return Judgement(planned, unmet, not_run(planned.configuration, unmet.why))


def _failed_readability(planned: Planned, observed: str) -> Judgement:
    result = ExpectationValidationResult(
        success=False, expectation_config=planned.configuration, result={"observed_value": observed}
    )
    return Judgement(planned, Evaluated(rule_id=planned.rule_id, success=False, observed=observed), result)


def _rule_id(result: ExpectationValidationResult) -> str:
    configuration = result.expectation_config
    return "" if configuration is None else str(configuration.meta["rule_id"])


def broken_by_column(engine: DuckDBExecutionEngine) -> tuple[BrokenRows, ...]:
    """Per column with rules on it alone: the rows that break any of these rules."""
    rules: dict[str, list[MetricId]] = {}
    for key in {key for key in engine.rules.values() if key in engine.conditions}:
        rules.setdefault(only_column(engine.conditions.expression(key, resolved=False)), []).append(key)
    return tuple(_broken(engine, column, keys) for column, keys in rules.items() if column in engine.partition.types)


def _broken(engine: DuckDBExecutionEngine, column: str, rules: Sequence[MetricId]) -> BrokenRows:
    rows = engine.broken_rows.count(rules)
    try:
        return BrokenRows(column=column, rows=rows, with_nulls=bool(rows) and _null_breaks(engine, column, rules))
    except READ_ERRORS:
        return BrokenRows(column=column, rows=None, with_nulls=False)


def _null_breaks(engine: DuckDBExecutionEngine, column: str, rules: Sequence[MetricId]) -> bool:
    """Whether a null breaks one of the rules: then every null does, because the rules read no other column."""
    null = f"(SELECT CAST(NULL AS {engine.partition.types[column]}) AS {identifier(column)})"
    conditions = (engine.literal_sql(engine.conditions.expression(key, resolved=True)) for key in rules)
    [(broken,)] = engine.duckdb_connection.execute(select([any_of(conditions)], null)).fetchall()
    return bool(broken)
