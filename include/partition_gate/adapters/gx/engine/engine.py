"""Great Expectations' execution engine on one DuckDB connection, for one validation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import duckdb
import sqlalchemy as sa
from great_expectations.exceptions.exceptions import MetricResolutionError
from great_expectations.execution_engine.execution_engine import MetricComputationConfiguration
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.util import convert_to_json_serializable
from great_expectations.validator.metric_configuration import MetricConfiguration

from partition_gate.adapters.gx.duckdb.dialect import dialect_module, sqlalchemy_engine
from partition_gate.adapters.gx.duckdb.distinct_values import DistinctValues
from partition_gate.adapters.gx.duckdb.failing_rows import BrokenRows, ScanMode, in_row_order
from partition_gate.adapters.gx.duckdb.parquet_files import READ_ERRORS, Unreadable
from partition_gate.adapters.gx.duckdb.profile import Profiler
from partition_gate.adapters.gx.duckdb.scan import ROW, EngineOptions, Scanned, damaged_files
from partition_gate.adapters.gx.duckdb.single_scan import SingleScan
from partition_gate.adapters.gx.duckdb.sql_rules import SqlRules
from partition_gate.adapters.gx.duckdb.uniqueness import Distinctness
from partition_gate.adapters.gx.engine.conditions import (
    DETAILS,
    FILTERED,
    UNEXPECTED,
    Conditions,
    MetricId,
    condition_id,
    count_id,
)
from partition_gate.adapters.gx.engine.query_errors import QueryFailed, reason

Resolved = dict[MetricId, Any]

SAMPLE_SIZE = 20


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """Bundles aggregates into one SELECT, as Great Expectations does. In addition:

    - queries contain literal values, so that a condition means the same here and as a row predicate;
    - details (samples) wait for their unexpected count, and are skipped if it is 0;
    - a failed metric is not computed again, and the other results of the same query are kept;
    - the rows of all conditions are counted in that one SELECT, whatever their row filters, and the numbers of the rows
      that break `rules` (rule id -> condition) are kept;
    - the compiled conditions are kept for `predicates.py`.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        partition: Scanned,
        options: EngineOptions,
        sql_rules: SqlRules | None = None,
    ) -> None:
        super().__init__(engine=sqlalchemy_engine(connection), create_temp_table=False)
        self.dialect_module: Any = dialect_module
        self.duckdb_connection = connection
        self.partition = partition
        self.sql_rules = sql_rules or SqlRules()
        self.rules: dict[str, MetricId] = {}
        self.broken_rows = BrokenRows(connection, partition, options)
        self.failures: dict[MetricId, str] = {}
        distinctness = Distinctness(connection, self.literal_sql)
        self.conditions = Conditions(distinctness.resolve, self.condition_to_filter_clause)
        self.distinct_values = DistinctValues(
            connection, partition, self.literal_sql, from_rows=options.look_up_from_rows
        )
        self.profiler = Profiler(connection, partition)
        self._damaged: tuple[Unreadable, ...] | None = None

    @property
    def damaged(self) -> tuple[Unreadable, ...]:
        """The files that cannot be read to their end, found by reading each file once."""
        if self._damaged is None:
            self._damaged = damaged_files(self.duckdb_connection, self.partition.footers)
        return self._damaged

    @contextmanager
    def get_connection(self) -> Iterator[sa.Connection]:
        if self._connection is None or self._connection.closed:
            self._connection = self.engine.connect()
        yield self._connection

    def get_domain_records(self, domain_kwargs: dict[str, Any]) -> Any:
        # A filtered domain is a SELECT, but some of Great Expectations' metrics use it like a table.
        records: Any = super().get_domain_records(domain_kwargs)
        return records.subquery() if isinstance(records, sa.Select) else records

    def execute_query(self, query: Any) -> Any:
        sql = self.literal_sql(in_row_order(query))
        try:
            with self.get_connection() as connection:
                return connection.exec_driver_sql(sql)
        except (sa.exc.DBAPIError, *READ_ERRORS) as error:
            # `from None`: Great Expectations stores tracebacks, and the message of the cause may contain a value.
            raise QueryFailed(reason(error)) from None

    def literal_sql(self, clause: sa.ClauseElement) -> str:
        """The clause as DuckDB SQL with literal values."""
        return str(clause.compile(dialect=self.engine.dialect, compile_kwargs={"literal_binds": True}))

    def resolve_metrics(
        self,
        metrics_to_resolve: Iterable[MetricConfiguration],
        metrics: Resolved | None = None,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> Resolved:
        """Resolve some of these metrics; Great Expectations requests the others again in the next round.

        Raises:
            MetricResolutionError: only failed metrics are left; it is for one of them, with its own reason.
        """
        known, wanted = metrics or {}, list(metrics_to_resolve)
        if not wanted:
            return known
        counts = {metric.id: known.get(count_id(metric)) for metric in wanted if metric.metric_name.endswith(DETAILS)}
        resolved: Resolved = {metric_id: [] for metric_id, count in counts.items() if count == 0}
        open_metrics = [metric for metric in wanted if metric.id not in resolved and metric.id not in self.failures]
        ready = [metric for metric in open_metrics if counts.get(metric.id, 1) is not None]
        if not ready and not resolved:
            ready = open_metrics  # details whose count failed: no other metric is left
        if not ready and not resolved:
            raise MetricResolutionError(message=self.failures[wanted[0].id], failed_metrics=(wanted[0],))
        resolved.update(self._resolve(ready, known, runtime_configuration))
        self.conditions.learn(resolved)
        return resolved

    def predicate(self, key: MetricId) -> str:
        """The condition of a key with its row filters, as SQL over the view's columns."""
        return self.literal_sql(self.conditions.expression(key, resolved=False))

    def _resolve(
        self, metrics: Sequence[MetricConfiguration], known: Resolved, runtime_configuration: dict[str, Any] | None
    ) -> Resolved:
        known = known | self._sampled(metrics)
        direct, bundled = self._build_direct_and_bundled_metric_computation_configurations(
            metrics_to_resolve=metrics, metrics=known, runtime_configuration=runtime_configuration
        )
        immediate = [computation for computation in direct if not self._is_counted(computation)]
        resolved: Resolved = {}
        for computation in immediate:
            metric = computation.metric_configuration
            try:
                compute: Any = computation.metric_fn
                value = compute(**computation.metric_provider_kwargs)
                resolved[metric.id] = value if metric.metric_name.endswith(DETAILS) else _comparable(value)
            except Exception as error:  # a metric of Great Expectations may raise anything
                self.failures[metric.id] = reason(error)
        # Counts and aggregates wait until all else is resolved, so that they share one SELECT.
        waiting = [*bundled, *(computation for computation in direct if self._is_counted(computation))]
        return resolved if immediate else self._in_one_scan(waiting, ScanMode.ROW_NUMBERS)

    def _sampled(self, metrics: Sequence[MetricConfiguration]) -> Resolved:
        """Conditions that are true only for the first broken rows, for metrics that show some of those rows."""
        sampled: Resolved = {}
        for metric in metrics:
            if metric.metric_name.endswith(DETAILS):
                key = condition_id(count_id(metric))
                rows = self.broken_rows.first(key, SAMPLE_SIZE)
                if rows is not None and key in self.conditions:
                    sampled[key] = self.conditions.for_rows(key, rows, ROW)
        return sampled

    def _is_counted(self, computation: MetricComputationConfiguration) -> bool:
        """Whether the metric is the row count of a known condition."""
        metric = computation.metric_configuration
        if metric.metric_name.endswith(FILTERED):
            return True
        return metric.metric_name.endswith(UNEXPECTED) and condition_id(metric.id) in self.conditions

    def _in_one_scan(self, members: Sequence[MetricComputationConfiguration], mode: ScanMode) -> Resolved:
        """Compute the members in one SELECT. If it fails, split them in halves until the failing member is alone.

        The numbers of broken rows are not kept if they would take too much memory.
        """
        if not members:
            return {}
        try:
            return self._scanned(members, mode)
        except duckdb.OutOfMemoryException as error:
            return self._in_one_scan(members, ScanMode(mode - 1)) if mode else self._failed(members, error)
        except Exception as error:  # as above
            if len(members) == 1 or self.damaged:
                return self._failed(members, error)
        halves = members[: len(members) // 2], members[len(members) // 2 :]
        first, second = (self._in_one_scan(half, ScanMode.PARTIAL) for half in halves)
        return first | second

    def _scanned(self, members: Sequence[MetricComputationConfiguration], mode: ScanMode) -> Resolved:
        metrics = [member.metric_configuration for member in members if self._is_counted(member)]
        conditions = {metric.id: self._counted_condition(metric) for metric in metrics}
        others = [member for member in members if not self._is_counted(member)]
        filtered = [other for other in others if (other.compute_domain_kwargs or {}).get("row_condition") is not None]
        aggregated = {other.metric_configuration.id: other.metric_fn for other in others if other not in filtered}
        rule_counts = [key for key in conditions if self._is_of_a_rule(key)]
        known = self.distinct_values.counts(conditions)
        rules = {condition_id(key): self.distinct_values.sql(conditions[key]) for key in rule_counts if known[key] != 0}
        profiled = self.profiler.cells(but=self.distinct_values.tables) if mode > ScanMode.PARTIAL else {}
        scan = SingleScan(
            counts={key: self.literal_sql(conditions[key]) for key, count in known.items() if count is None},
            aggregates={key: self.literal_sql(sql) for key, sql in aggregated.items()} | profiled,
            rules=tuple(dict.fromkeys(rules.values())) if mode >= ScanMode.ROW_NUMBERS else (),
        )
        table = self.broken_rows.next_table()
        with self.broken_rows.within_memory(mode):
            values = known | scan.run(self.duckdb_connection, broken=table)
        self.profiler.add_values({key: values.pop(key) for key in profiled})
        positions = {key: scan.rules.index(sql) for key, sql in rules.items() if scan.rules}
        self.broken_rows.add(table, positions)
        self.broken_rows.add_unmet(condition_id(key) for key in rule_counts if values[key] == 0)
        plain = {metric_id: convert_to_json_serializable(value) for metric_id, value in values.items()}
        return plain | (self.resolve_metric_bundle(filtered) if filtered else {})

    def _is_of_a_rule(self, count: MetricId) -> bool:
        return count[0].endswith(UNEXPECTED) and condition_id(count) in self.rules.values()

    def _counted_condition(self, metric: MetricConfiguration) -> sa.ColumnElement[bool]:
        if metric.metric_name.endswith(UNEXPECTED):
            return self.conditions.expression(condition_id(metric.id), resolved=True)
        return sa.and_(sa.true(), *self.conditions.guards(metric.metric_domain_kwargs))

    def _failed(self, members: Sequence[MetricComputationConfiguration], error: Exception) -> Resolved:
        self.failures.update((member.metric_configuration.id, reason(error)) for member in members)
        return {}


def _comparable(value: Any) -> Any:
    """Decimals as doubles, like the numbers in a suite's JSON: so 1.10 is not below the bound 1.1."""
    match value:
        case Decimal():
            return float(value)
        case list() if all(isinstance(item, Decimal) for item in value):
            return [float(item) for item in value]
        case _:
            return value
