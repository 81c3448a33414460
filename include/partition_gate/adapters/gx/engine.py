"""Great Expectations' execution engine on one DuckDB connection, for one validation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import sqlalchemy as sa
from great_expectations.exceptions.exceptions import (
    GreatExpectationsError,
    InvalidExpectationConfigurationError,
    MetricProviderError,
    MetricResolutionError,
)
from great_expectations.execution_engine.execution_engine import MetricComputationConfiguration
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.validator.metric_configuration import MetricConfiguration

from partition_gate.adapters.gx.dialect import dialect_module, sqlalchemy_engine
from partition_gate.adapters.gx.footers import READ_ERRORS
from partition_gate.adapters.gx.scan import Scanned, damaged_files

MetricId = Any  # Great Expectations' (name, domain id, value id)
Resolved = dict[MetricId, Any]

_DETAILS = (".unexpected_values", ".unexpected_index_list", ".unexpected_rows", ".unexpected_value_counts")


class QueryFailed(GreatExpectationsError):
    """DuckDB refused a query. The text holds no value of a row (DuckDB's own often does)."""


_TELLS_NO_VALUE = (
    *(duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, QueryFailed),
    *(InvalidExpectationConfigurationError, MetricProviderError),
)


def reason(error: BaseException) -> str:
    """Why something failed, in one line that holds no value of a row."""
    if isinstance(error, sa.exc.DBAPIError) and error.orig is not None:
        return reason(error.orig)
    if isinstance(error, _TELLS_NO_VALUE):
        return str(error).split("\n")[0]
    if isinstance(error, duckdb.ConversionException):
        return "a value cannot be converted; compare the column's type with the rule's values"
    return f"the query failed ({type(error).__name__})"


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """Bundles aggregates into one SELECT as Great Expectations does, and beyond that:

    - queries are sent with literal values, so that a condition means the same here and as a row predicate of ours;
    - details (samples) wait for their unexpected count, and are not asked for where it is 0;
    - a metric that failed is not computed again, and what was computed beside it is kept;
    - the compiled conditions are kept, for `predicates.py`.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, partition: Scanned) -> None:
        super().__init__(engine=sqlalchemy_engine(connection), create_temp_table=False)
        self.dialect_module: Any = dialect_module
        self.duckdb_connection = connection
        self.partition = partition
        self.conditions: Resolved = {}
        self.failures: dict[MetricId, str] = {}
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

    def execute_query(self, query: Any) -> Any:
        sql = self.literal_sql(query)
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
        counts = {metric.id: known.get(_count_id(metric)) for metric in wanted if metric.metric_name.endswith(_DETAILS)}
        resolved: Resolved = {metric_id: [] for metric_id, count in counts.items() if count == 0}
        open_metrics = [metric for metric in wanted if metric.id not in resolved and metric.id not in self.failures]
        ready = [metric for metric in open_metrics if counts.get(metric.id, 1) is not None]
        if not ready and not resolved:
            ready = open_metrics  # details whose count failed: nothing else is left to wait for
        if not ready and not resolved:
            raise MetricResolutionError(message=self.failures[wanted[0].id], failed_metrics=(wanted[0],))
        resolved.update(self._resolve(ready, known, runtime_configuration))
        self.conditions.update((key, value) for key, value in resolved.items() if key[0].endswith(".condition"))
        return resolved

    def _resolve(
        self, metrics: Sequence[MetricConfiguration], known: Resolved, runtime_configuration: dict[str, Any] | None
    ) -> Resolved:
        direct, bundled = self._build_direct_and_bundled_metric_computation_configurations(
            metrics_to_resolve=metrics, metrics=known, runtime_configuration=runtime_configuration
        )
        resolved: Resolved = {}
        for one in direct:
            try:
                compute: Any = one.metric_fn
                resolved[one.metric_configuration.id] = compute(**one.metric_provider_kwargs)
            except Exception as error:  # a metric of Great Expectations may raise anything
                self.failures[one.metric_configuration.id] = reason(error)
        # Aggregates wait until nothing else is left to resolve, so that they all share one SELECT.
        return resolved if direct else self._resolve_bundle(bundled)

    def _resolve_bundle(self, bundle: Sequence[MetricComputationConfiguration]) -> Resolved:
        """The bundle in one SELECT, or without the members that break it: halved until they stand alone."""
        if not bundle:
            return {}
        try:
            return self.resolve_metric_bundle(bundle)
        except Exception as error:
            if len(bundle) == 1 or self.damaged:
                self.failures.update((one.metric_configuration.id, reason(error)) for one in bundle)
                return {}
        middle = len(bundle) // 2
        return self._resolve_bundle(bundle[:middle]) | self._resolve_bundle(bundle[middle:])


def _count_id(detail: MetricConfiguration) -> MetricId:
    name = next(detail.metric_name.removesuffix(suffix) for suffix in _DETAILS if detail.metric_name.endswith(suffix))
    values = {key: value for key, value in detail.metric_value_kwargs.items() if key != "result_format"}
    return MetricConfiguration(f"{name}.unexpected_count", detail.metric_domain_kwargs, values).id
