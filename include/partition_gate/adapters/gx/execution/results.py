"""Converts Great Expectations' results to observations and to a document that is safe to store."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from duckdb import __version__ as duckdb_version
from great_expectations import __version__ as gx_version
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
)
from great_expectations.validator.validation_statistics import calc_validation_statistics

from partition_gate.adapters.gx.execution.shown_values import Mask
from partition_gate.adapters.gx.execution.suite_file import ABOUT_FILES, Planned, SuiteFile
from partition_gate.adapters.gx.expectations.counts import COUNTED, IS_TEXT
from partition_gate.core.display import PATH_LENGTH, SHOWN_LENGTH, counted, displayed, share
from partition_gate.core.masking import pseudonym
from partition_gate.judging.validation import Evaluated, FailingValue

_COUNTS = frozenset(
    {
        *("element_count", "unexpected_count", "unexpected_percent", "missing_count", "missing_percent"),
        *("unexpected_percent_total", "unexpected_percent_nonmissing"),
    }
)
_EXTREMES = frozenset({"expect_column_max_to_be_between", "expect_column_min_to_be_between"})
_MANY = (list, tuple, set, dict)
_SAMPLES = ("partial_unexpected_list", "partial_unexpected_counts")


def observe(
    planned: Planned, result: ExpectationValidationResult, mask: Mask, failing: Sequence[FailingValue]
) -> Evaluated:
    """The observation of a check; for row-level expectations `observed` contains no value of a row."""
    details = result.result
    if "unexpected_count" in details and "element_count" in details:
        elements, unexpected = details["element_count"], details["unexpected_count"] or 0
        text = details.get(COUNTED) or _share(planned, unexpected, elements - (details.get("missing_count") or 0))
        return Evaluated(
            rule_id=planned.rule_id,
            success=bool(result.success),
            observed=text,
            element_count=elements,
            unexpected_count=unexpected,
            failing_values=tuple(failing),
        )
    shown = _shown(planned, details, mask)
    return Evaluated(
        rule_id=planned.rule_id,
        success=bool(result.success),
        observed=_aggregate(planned, {**details, "observed_value": shown}),
        moment=_moment(planned, shown),
        element_count=details.get("element_count"),
    )


def raised(planned: Planned, result: ExpectationValidationResult, known: Iterable[str]) -> str | None:
    """Why an expectation raised, or None. Only our own messages (`known`) are quoted: others may contain row values."""
    info = result.exception_info
    exceptions = [info] if "raised_exception" in info else list(info.values())
    exceptions = [exception for exception in exceptions if exception["raised_exception"]]
    if not exceptions:
        return None
    messages = [str(exception["exception_message"]) for exception in exceptions]
    own = [message for message in messages if message in set(known)]
    if own:
        return "; ".join(dict.fromkeys(own))
    kind = str(exceptions[0]["exception_traceback"]).strip().splitlines()[-1].split(":")[0].rsplit(".")[-1]
    if kind == "MetricProviderError":
        return f"{planned.type} is not available on DuckDB; choose another expectation"
    return f"Great Expectations could not judge {planned.type} ({kind})"


def presentable(
    planned: Planned, result: ExpectationValidationResult, mask: Mask, failing: Sequence[FailingValue]
) -> ExpectationValidationResult:
    """The result as it may be stored: plain JSON, short texts, and no value of a hidden column."""
    limit = _text_limit(planned)
    details = {key: value for key, value in result.result.items() if key != IS_TEXT}
    shown = {key: value for key, value in details.items() if key in _COUNTS} if mask.hides_texts(planned) else details
    stored = {key: _plain(value, limit) for key, value in shown.items()}
    if "observed_value" in details:
        stored["observed_value"] = _plain(_shown(planned, result.result, mask), limit)
    return ExpectationValidationResult(
        success=bool(result.success),  # numpy's bool is not JSON
        expectation_config=planned.configuration,
        result={**stored, **_samples(planned, details, mask, failing)},
        exception_info=result.exception_info,
    )


def validation_document(suite: SuiteFile, results: Sequence[ExpectationValidationResult]) -> dict[str, Any]:
    """Great Expectations' ExpectationSuiteValidationResult, as plain JSON values."""
    statistics = calc_validation_statistics(list(results))
    document = ExpectationSuiteValidationResult(
        success=statistics.success,
        results=list(results),
        suite_name=suite.name,
        statistics={
            "evaluated_expectations": statistics.evaluated_expectations,
            "successful_expectations": statistics.successful_expectations,
            "unsuccessful_expectations": statistics.unsuccessful_expectations,
            "success_percent": statistics.success_percent,
        },
        meta={**suite.meta, "great_expectations_version": gx_version, "duckdb_version": duckdb_version},
    )
    as_json: dict[str, Any] = document.to_json_dict()  # type: ignore[no-untyped-call]
    return as_json


def _share(planned: Planned, unexpected: int, judged: int) -> str:
    noun = "values" if "column" in planned.kwargs else "rows"
    return f"{unexpected} of {judged} {noun} ({share(unexpected, judged)}) break the rule"


def _aggregate(planned: Planned, details: dict[str, Any]) -> str | None:
    match details.get("observed_value"):
        case None if "unexpected_count" in details:
            missing = f", {details['missing_count']} missing" if "missing_count" in details else ""
            return f"{counted(details['unexpected_count'], 'unexpected value')}{missing}"
        case None:
            return None
        case int() as value if planned.type.startswith("expect_table_row_count"):
            return counted(value, "row")
        case float() as value:
            return f"{value:.10g}"
        case list() | tuple() | dict() as value:
            return counted(len(value), "value")
        case value:
            return displayed(str(value), limit=_text_limit(planned))


def _moment(planned: Planned, value: object) -> date | datetime | None:
    """The smallest or greatest date or time, which Great Expectations gives as ISO 8601 text; a hash is none."""
    if planned.type not in _EXTREMES or not isinstance(value, str):
        return None
    for parse in (date.fromisoformat, datetime.fromisoformat):
        with suppress(ValueError):
            return parse(value)
    return None


def _text_limit(planned: Planned) -> int:
    return PATH_LENGTH if planned.type in ABOUT_FILES else SHOWN_LENGTH


def _shown(planned: Planned, details: dict[str, Any], mask: Mask) -> Any:
    """The observed value, or the keyed hash that replaces it."""
    value = details.get("observed_value")
    hides = mask.hides_texts(planned) if details.get(IS_TEXT) or isinstance(value, _MANY) else mask.hides(planned)
    if value is None or not hides:
        return value
    return [pseudonym(item, mask.key) for item in value] if isinstance(value, _MANY) else pseudonym(value, mask.key)


def _samples(
    planned: Planned, details: dict[str, Any], mask: Mask, failing: Sequence[FailingValue]
) -> dict[str, list[Any]]:
    """Great Expectations' sample of unexpected values, with counts if these cover all rows."""
    if failing:
        counts = [{"value": each.value, "count": each.count} for each in failing]
        return dict(zip(_SAMPLES, ([each.value for each in failing], counts), strict=True))
    sample = details.get(_SAMPLES[0])
    if not isinstance(sample, list) or not planned.columns:
        return {}
    return dict(zip(_SAMPLES, ([mask.sample(planned, item) for item in sample], []), strict=True))


def _plain(value: object, limit: int) -> Any:
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case dict():
            return {displayed(str(key)): _plain(part, limit) for key, part in value.items()}
        case list() | tuple() | set():
            return [_plain(part, limit) for part in value]
        case _:
            return displayed(str(value), limit=limit)
