"""Why a query failed, without any value of a row."""

from __future__ import annotations

import duckdb
import sqlalchemy as sa
from great_expectations.exceptions.exceptions import (
    GreatExpectationsError,
    InvalidExpectationConfigurationError,
    MetricProviderError,
)
from great_expectations.expectations.metrics.column_map_metrics.column_values_between import InvalidColumnTypeError


class QueryFailed(GreatExpectationsError):
    """DuckDB rejected a query. The message contains no value of a row (DuckDB's own often does)."""


_ERRORS_WITHOUT_VALUES = (
    *(duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, QueryFailed),
    *(InvalidExpectationConfigurationError, InvalidColumnTypeError, MetricProviderError),
)


def reason(error: BaseException) -> str:
    """Why something failed, in one line without any value of a row."""
    if isinstance(error, sa.exc.DBAPIError) and error.orig is not None:
        return reason(error.orig)
    if isinstance(error, _ERRORS_WITHOUT_VALUES):
        return str(error).split("\n")[0]
    if isinstance(error, duckdb.ConversionException):
        return "a value cannot be converted; compare the column's type with the rule's values"
    return f"the query failed ({type(error).__name__})"
