"""From Great Expectations' results to observations, and to a document without surprises."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from great_expectations import __version__ as gx_version
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
)
from great_expectations.validator.validation_statistics import calc_validation_statistics

from partition_gate.adapters.gx.execution.shown_values import Mask
from partition_gate.adapters.gx.execution.suite_file import ABOUT_FILES, Planned, SuiteFile
from partition_gate.adapters.gx.expectations.counts import COUNTED, IS_TEXT
from partition_gate.core.display import PATH_LENGTH, SHOWN_LENGTH, displayed, share
from partition_gate.core.masking import pseudonym
from partition_gate.judging.validation import Evaluated, FailingValue

_COUNTS = frozenset(
    {
        *("element_count", "unexpected_count", "unexpected_percent", "missing_count", "missing_percent"),
        *("unexpected_percent_total", "unexpected_percent_nonmissing"),
    }
)
_MANY = (list, tuple, set, dict)
_SAMPLES = ("partial_unexpected_list", "partial_unexpected_counts")


def observe(
    planned: Planned, result: ExpectationValidationResult, mask: Mask, failing: Sequence[FailingValue]
) -> Evaluated:
    """What a result says about the check; `observed` holds no value of a row for row-level expectations."""
    found = result.result
    if "unexpected_count" in found and "element_count" in found:
        elements, unexpected = found["element_count"], found["unexpected_count"] or 0
        text = found.get(COUNTED) or _share(planned, unexpected, elements - (found.get("missing_count") or 0))
        return Evaluated(
            rule_id=planned.rule_id,
            success=bool(result.success),
            observed=text,
            element_count=elements,
            unexpected_count=unexpected,
            failing_values=tuple(failing),
        )
    return Evaluated(
        rule_id=planned.rule_id,
        success=bool(result.success),
        observed=_aggregate(planned, {**found, "observed_value": _seen(planned, found, mask)}),
        element_count=found.get("element_count"),
    )


def raised(planned: Planned, result: ExpectationValidationResult, known: Iterable[str]) -> str | None:
    """Why an expectation raised, or None. Only texts of ours (`known`) are quoted: others may hold a row's value."""
    info = result.exception_info
    raises = [info] if "raised_exception" in info else list(info.values())
    raises = [one for one in raises if one["raised_exception"]]
    if not raises:
        return None
    messages = [str(one["exception_message"]) for one in raises]
    mine = [message for message in messages if message in set(known)]
    if mine:
        return "; ".join(dict.fromkeys(mine))
    kind = str(raises[0]["exception_traceback"]).strip().splitlines()[-1].split(":")[0].rsplit(".")[-1]
    if kind == "MetricProviderError":
        return f"{planned.type} is not available on DuckDB; choose another expectation"
    return f"Great Expectations could not judge {planned.type} ({kind})"


def presentable(
    planned: Planned, result: ExpectationValidationResult, mask: Mask, failing: Sequence[FailingValue]
) -> ExpectationValidationResult:
    """The result as it may be kept: plain JSON, short texts, and no value of a column that must not be seen."""
    longest = _longest(planned)
    found = {key: value for key, value in result.result.items() if key != IS_TEXT}
    shown = {key: value for key, value in found.items() if key in _COUNTS} if mask.hides_texts(planned) else found
    kept = {key: _plain(value, longest) for key, value in shown.items()}
    if "observed_value" in found:
        kept["observed_value"] = _plain(_seen(planned, result.result, mask), longest)
    return ExpectationValidationResult(
        success=bool(result.success),  # numpy's bool is not JSON
        expectation_config=planned.configuration,
        result={**kept, **_samples(planned, found, mask, failing)},
        exception_info=result.exception_info,
    )


def validation_document(suite: SuiteFile, results: Sequence[ExpectationValidationResult]) -> str:
    """Great Expectations' ExpectationSuiteValidationResult, as JSON text."""
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
        meta={**suite.meta, "great_expectations_version": gx_version},
    )
    as_json: dict[str, Any] = document.to_json_dict()  # type: ignore[no-untyped-call]
    return json.dumps(as_json, ensure_ascii=False)


def _share(planned: Planned, unexpected: int, judged: int) -> str:
    noun = "values" if "column" in planned.kwargs else "rows"
    return f"{unexpected} of {judged} {noun} ({share(unexpected, judged)}) break the rule"


def _aggregate(planned: Planned, found: dict[str, Any]) -> str | None:
    match found.get("observed_value"):
        case None if "unexpected_count" in found:
            missing = f", {found['missing_count']} missing" if "missing_count" in found else ""
            return f"{found['unexpected_count']} unexpected values{missing}"
        case None:
            return None
        case int() as value if planned.type.startswith("expect_table_row_count"):
            return f"{value} rows"
        case float() as value:
            return f"{value:.10g}"
        case list() | tuple() | dict() as value:
            return f"{len(value)} values"
        case value:
            return displayed(str(value), limit=_longest(planned))


def _longest(planned: Planned) -> int:
    return PATH_LENGTH if planned.type in ABOUT_FILES else SHOWN_LENGTH


def _seen(planned: Planned, found: dict[str, Any], mask: Mask) -> Any:
    """The observed value, or the keyed hash that stands for it."""
    value = found.get("observed_value")
    hides = mask.hides_texts(planned) if found.get(IS_TEXT) or isinstance(value, _MANY) else mask.hides(planned)
    if value is None or not hides:
        return value
    return [pseudonym(one, mask.key) for one in value] if isinstance(value, _MANY) else pseudonym(value, mask.key)


def _samples(
    planned: Planned, found: dict[str, Any], mask: Mask, failing: Sequence[FailingValue]
) -> dict[str, list[Any]]:
    """Great Expectations' sample of unexpected values, which are counted where all rows were."""
    if failing:
        counts = [{"value": one.value, "count": one.count} for one in failing]
        return dict(zip(_SAMPLES, ([one.value for one in failing], counts), strict=True))
    sample = found.get(_SAMPLES[0])
    if not isinstance(sample, list) or not planned.columns:
        return {}
    return dict(zip(_SAMPLES, ([mask.sample(planned, one) for one in sample], []), strict=True))


def _plain(value: object, longest: int) -> Any:
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case dict():
            return {displayed(str(key)): _plain(part, longest) for key, part in value.items()}
        case list() | tuple() | set():
            return [_plain(part, longest) for part in value]
        case _:
            return displayed(str(value), limit=longest)
