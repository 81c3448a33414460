"""Why a query failed, in words that hold no value of a row."""

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
    """DuckDB refused a query. The text holds no value of a row (DuckDB's own often does)."""


_TELLS_NO_VALUE = (
    *(duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, QueryFailed),
    *(InvalidExpectationConfigurationError, InvalidColumnTypeError, MetricProviderError),
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
