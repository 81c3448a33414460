"""What DuckDB gives, and what Great Expectations gives on pandas, for the same rows and expectations."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import great_expectations as gx
import pyarrow as pa
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.exceptions.exceptions import GreatExpectationsError
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from partition_gate.adapters.gx.validator import DuckDbValidator
from partition_gate.testing.scans import a_scan, a_suite

Case = tuple[str, Mapping[str, Any]]  # an expectation's type and its arguments, with values of Python
Cases = Mapping[str, Case]
Seen = list[Any] | None  # success, element, unexpected and missing count, percent, observed; None: not judged

_NUMBERS = ("element_count", "unexpected_count", "unexpected_percent", "missing_count", "observed_value")


def on_duckdb(folder: Path, rows: pa.Table, cases: Cases) -> dict[str, Seen]:
    """The arguments go through the suite's JSON, as a contract's do."""
    names = {f"rule_{i}": name for i, name in enumerate(cases)}
    suite = a_suite({rule_id: (cases[name][0], as_json(cases[name][1])) for rule_id, name in names.items()})
    document = DuckDbValidator().validate(a_scan(folder, rows), suite).document
    return {names[one["expectation_config"]["meta"]["rule_id"]]: _seen(one) for one in document["results"]}


def on_pandas(rows: pa.Table, cases: Cases) -> dict[str, Seen]:
    """As a user of Great Expectations writes it: values of Python, a data frame made by pyarrow."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": rows.to_pandas()})
    return judged_on(batch, cases)


def judged_on(batch: Any, cases: Cases) -> dict[str, Seen]:
    """What Great Expectations itself says of its batch."""
    with _quietly():
        return {name: _judged(batch, *case) for name, case in cases.items()}


def differences(ours: Mapping[str, Seen], theirs: Mapping[str, Seen]) -> dict[str, tuple[Seen, Seen]]:
    """The cases that are not equal, with both sides."""
    return {name: (seen, theirs[name]) for name, seen in ours.items() if seen != theirs[name]}


def as_json(value: Any) -> Any:
    """Arguments as a suite file has them: a decimal as a number where that is exact, else as text."""
    match value:
        case Mapping():
            return {key: as_json(part) for key, part in value.items()}
        case list() | tuple():
            return [as_json(part) for part in value]
        case Decimal():
            return float(value) if Decimal(repr(float(value))) == value else str(value)
        case date() | time():
            return value.isoformat()
        case _:
            return value


def _judged(batch: Any, kind: str, kwargs: Mapping[str, Any]) -> Seen:
    try:
        expectation = ExpectationConfiguration(type=kind, kwargs=dict(kwargs)).to_domain_obj()
        return _seen(batch.validate(expectation, result_format="BASIC").to_json_dict())
    except (GreatExpectationsError, TypeError, ValueError):
        return None  # pandas fails outside of where Great Expectations looks


def _seen(result: dict[str, Any]) -> Seen:
    if result["exception_info"].get("raised_exception", True):
        return None
    return [bool(result["success"]), *(_rounded(result["result"].get(key)) for key in _NUMBERS)]


def _rounded(value: Any) -> Any:
    """To nine digits, as sums depend on their order; moments in UTC, as text."""
    match value:
        case bool() | None:
            return value
        case str():
            return None if value == "NaT" else _moment(str(value))
        case int() | float() if math.isfinite(value):
            return float(f"{value:.9g}")
        case float():
            return str(value)  # as JSON text has it
        case dict():
            return {key: _rounded(part) for key, part in value.items()}
        case _:
            return [_rounded(part) for part in value]


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return str(moment if moment.tzinfo is None else moment.astimezone(UTC))


@contextmanager
def _quietly() -> Iterator[None]:
    """Without a warning for each decimal that Great Expectations shows as a double.

    To decide about the warning, it inspects the source of every caller: two thirds of the time of a comparison.
    """
    logging.disable(logging.WARNING)
    try:
        with patch.object(gx.util, "stack", return_value=[]):
            yield
    finally:
        logging.disable(logging.NOTSET)
