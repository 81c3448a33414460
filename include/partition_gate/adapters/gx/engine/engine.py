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
from partition_gate.adapters.gx.duckdb.failing_rows import BrokenRows, Keep, in_row_order
from partition_gate.adapters.gx.duckdb.parquet_files import READ_ERRORS
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
    """Bundles aggregates into one SELECT as Great Expectations does, and beyond that:

    - queries are sent with literal values, so that a condition means the same here and as a row predicate of ours;
    - details (samples) wait for their unexpected count, and are not asked for where it is 0;
    - a metric that failed is not computed again, and what was computed beside it is kept;
    - rows that meet a condition are all counted in that one SELECT, whatever they are filtered by, and the rows that
      break `rules` (rule id -> condition) are kept, by their numbers;
    - the compiled conditions are kept, for `predicates.py`.
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
        self.conditions = Conditions(distinctness.settled, self.condition_to_filter_clause)
        self.distinct_values = DistinctValues(
            connection, partition, self.literal_sql, from_rows=options.look_up_from_rows
        )
        self.profiler = Profiler(connection, partition)
        self._damaged: tuple[str, ...] | None = None

    @property
    def damaged(self) -> tuple[str, ...]:
        """Landing paths of the files that cannot be read to their end; each is read, once."""
        if self._damaged is None:
            self._damaged = damaged_files(self.duckdb_connection, self.partition.footers)
        return self._damaged

    @contextmanager
    def get_connection(self) -> Iterator[sa.Connection]:
        if self._connection is None or self._connection.closed:
            self._connection = self.engine.connect()
        yield self._connection

    def get_domain_records(self, domain_kwargs: dict[str, Any]) -> Any:
        # A filtered domain is a SELECT, and some of Great Expectations' metrics use it as if it were a table.
        records: Any = super().get_domain_records(domain_kwargs)
        return records.subquery() if isinstance(records, sa.Select) else records

    def execute_query(self, query: Any) -> Any:
        sql = self.literal_sql(in_row_order(query))
        try:
            with self.get_connection() as connection:
                return connection.exec_driver_sql(sql)
        except (sa.exc.DBAPIError, *READ_ERRORS) as error:
            # `from None`: Great Expectations keeps tracebacks, and the cause's text may hold a value.
            raise QueryFailed(reason(error)) from None

    def literal_sql(self, clause: sa.ClauseElement) -> str:
        """The clause as DuckDB SQL with its values written out."""
        return str(clause.compile(dialect=self.engine.dialect, compile_kwargs={"literal_binds": True}))

    def resolve_metrics(
        self,
        metrics_to_resolve: Iterable[MetricConfiguration],
        metrics: Resolved | None = None,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> Resolved:
        """One round of the metric graph; what is left out is asked for again.

        Raises:
            MetricResolutionError: nothing but failed metrics is left; for one of them, with its own reason.
        """
        known, wanted = metrics or {}, list(metrics_to_resolve)
        if not wanted:
            return known
        counts = {metric.id: known.get(count_id(metric)) for metric in wanted if metric.metric_name.endswith(DETAILS)}
        resolved: Resolved = {metric_id: [] for metric_id, count in counts.items() if count == 0}
        open_metrics = [metric for metric in wanted if metric.id not in resolved and metric.id not in self.failures]
        ready = [metric for metric in open_metrics if counts.get(metric.id, 1) is not None]
        if not ready and not resolved:
            ready = open_metrics  # details whose count failed: nothing else is left to wait for
        if not ready and not resolved:
            raise MetricResolutionError(message=self.failures[wanted[0].id], failed_metrics=(wanted[0],))
        resolved.update(self._resolve(ready, known, runtime_configuration))
        self.conditions.learn(resolved)
        return resolved

    def predicate(self, key: MetricId) -> str:
        """The condition of that key, with what Great Expectations filters by before it, over the view's columns."""
        return self.literal_sql(self.conditions.expression(key, settled=False))

    def _resolve(
        self, metrics: Sequence[MetricConfiguration], known: Resolved, runtime_configuration: dict[str, Any] | None
    ) -> Resolved:
        known = known | self._sampled(metrics)
        direct, bundled = self._build_direct_and_bundled_metric_computation_configurations(
            metrics_to_resolve=metrics, metrics=known, runtime_configuration=runtime_configuration
        )
        now = [one for one in direct if not self._is_counted(one)]
        resolved: Resolved = {}
        for one in now:
            try:
                compute: Any = one.metric_fn
                value = compute(**one.metric_provider_kwargs)
                is_shown = one.metric_configuration.metric_name.endswith(DETAILS)
                resolved[one.metric_configuration.id] = value if is_shown else _comparable(value)
            except Exception as error:  # a metric of Great Expectations may raise anything
                self.failures[one.metric_configuration.id] = reason(error)
        # Counts and aggregates wait until nothing else is left to resolve, so that they all share one SELECT.
        waiting = [*bundled, *(one for one in direct if self._is_counted(one))]
        return resolved if now else self._in_one_scan(waiting, Keep.NUMBERS)

    def _sampled(self, metrics: Sequence[MetricConfiguration]) -> Resolved:
        """Conditions that hold for the first broken rows only, for metrics that show some of those rows."""
        sampled: Resolved = {}
        for metric in metrics:
            if metric.metric_name.endswith(DETAILS):
                key = condition_id(count_id(metric))
                rows = self.broken_rows.first(key, SAMPLE_SIZE)
                if rows is not None and key in self.conditions:
                    sampled[key] = self.conditions.for_rows(key, rows, ROW)
        return sampled

    def _is_counted(self, one: MetricComputationConfiguration) -> bool:
        """Whether the metric is a number of rows that meet a condition known here."""
        metric = one.metric_configuration
        if metric.metric_name.endswith(FILTERED):
            return True
        return metric.metric_name.endswith(UNEXPECTED) and condition_id(metric.id) in self.conditions

    def _in_one_scan(self, members: Sequence[MetricComputationConfiguration], keep: Keep) -> Resolved:
        """The members in one SELECT, or without those that break it: halved until they stand alone.

        No row that breaks a rule is kept where these would take too much memory.
        """
        if not members:
            return {}
        try:
            return self._scanned(members, keep)
        except duckdb.OutOfMemoryException as error:
            return self._in_one_scan(members, Keep(keep - 1)) if keep else self._failed(members, error)
        except Exception as error:  # as above
            if len(members) == 1 or self.damaged:
                return self._failed(members, error)
        middle = len(members) // 2
        return self._in_one_scan(members[:middle], Keep.PART) | self._in_one_scan(members[middle:], Keep.PART)

    def _scanned(self, members: Sequence[MetricComputationConfiguration], keep: Keep) -> Resolved:
        metrics = [one.metric_configuration for one in members if self._is_counted(one)]
        conditions = {metric.id: self._counted_condition(metric) for metric in metrics}
        others = [one for one in members if not self._is_counted(one)]
        filtered = [one for one in others if (one.compute_domain_kwargs or {}).get("row_condition") is not None]
        aggregated = {one.metric_configuration.id: one.metric_fn for one in others if one not in filtered}
        watched = [key for key in conditions if self._is_of_a_rule(key)]
        known = self.distinct_values.counts(conditions)
        rules = {condition_id(key): self.distinct_values.sql(conditions[key]) for key in watched if known[key] != 0}
        profiled = self.profiler.cells(but=self.distinct_values.tables) if keep > Keep.PART else {}
        scan = SingleScan(
            counts={key: self.literal_sql(conditions[key]) for key, count in known.items() if count is None},
            aggregates={key: self.literal_sql(sql) for key, sql in aggregated.items()} | profiled,
            rules=tuple(dict.fromkeys(rules.values())) if keep >= Keep.NUMBERS else (),
        )
        table = self.broken_rows.next_table()
        with self.broken_rows.within_memory(keep):
            found = known | scan.run(self.duckdb_connection, broken=table)
        self.profiler.take({key: found.pop(key) for key in profiled})
        kept = {key: scan.rules.index(sql) for key, sql in rules.items() if scan.rules}
        self.broken_rows.add(table, kept)
        self.broken_rows.add_unmet(condition_id(key) for key in watched if found[key] == 0)
        plain = {metric_id: convert_to_json_serializable(value) for metric_id, value in found.items()}
        return plain | (self.resolve_metric_bundle(filtered) if filtered else {})

    def _is_of_a_rule(self, count: MetricId) -> bool:
        return count[0].endswith(UNEXPECTED) and condition_id(count) in self.rules.values()

    def _counted_condition(self, metric: MetricConfiguration) -> sa.ColumnElement[bool]:
        if metric.metric_name.endswith(UNEXPECTED):
            return self.conditions.expression(condition_id(metric.id), settled=True)
        return sa.and_(sa.true(), *self.conditions.guards(metric.metric_domain_kwargs))

    def _failed(self, members: Sequence[MetricComputationConfiguration], error: Exception) -> Resolved:
        self.failures.update((one.metric_configuration.id, reason(error)) for one in members)
        return {}


def _comparable(value: Any) -> Any:
    """A decimal as the double that a suite's JSON has for it, as in aggregates: 1.10 is not below the bound 1.1."""
    match value:
        case Decimal():
            return float(value)
        case list() if all(isinstance(one, Decimal) for one in value):
            return [float(one) for one in value]
        case _:
            return value
