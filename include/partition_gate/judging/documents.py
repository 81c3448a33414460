"""Result documents: Great Expectations' document with the verdict on promises over time, and the document of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from partition_gate.checks.document import PROMISE_KEPT
from partition_gate.checks.expectations import Suite
from partition_gate.judging.attempt import OutboxEntry, Settlement
from partition_gate.judging.verdict import CheckOutcome, CheckResult, Verdict


def with_promises(document: dict[str, Any], suite: Suite, verdict: Verdict) -> dict[str, Any]:
    """The document (an ExpectationSuiteValidationResult) with the result of each promise over time.

    Great Expectations only measures a promise. If the measurement failed, its exception stays in the document.
    """
    promised = {check.rule_id for check in suite.checks if check.promise is not None}
    if not promised:
        return document
    results = {result.rule_id: result for result in verdict.results if result.rule_id in promised}
    entries = [_with_result(entry, results.get(_rule_id(entry))) for entry in document["results"]]
    return {**document, "results": entries, **_totals(entries)}


def _why_unjudged(entry: dict[str, Any]) -> str | None:
    exception = entry.get("exception_info") or {}
    return str(exception["exception_message"]) if exception.get("raised_exception") else None


def _rule_id(entry: dict[str, Any]) -> str:
    configuration = entry["expectation_config"]
    return str((configuration.get("meta") or {}).get("rule_id") or configuration["type"])


def _with_result(entry: dict[str, Any], result: CheckResult | None) -> dict[str, Any]:
    if result is None:
        return entry
    configuration = entry["expectation_config"]
    column = {name: value for name, value in configuration["kwargs"].items() if name == "column"}
    kwargs = {**column, "promise": result.expected}
    entry = {**entry, "expectation_config": {**configuration, "type": PROMISE_KEPT, "kwargs": kwargs}}
    if _why_unjudged(entry) is not None:
        return entry
    return {**entry, "success": result.outcome is CheckOutcome.PASSED, "result": {"observed_value": result.observed}}


def _totals(entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    count, passed = len(entries), sum(bool(entry["success"]) for entry in entries)
    statistics = {
        "evaluated_expectations": count,
        "successful_expectations": passed,
        "unsuccessful_expectations": count - passed,
        "success_percent": 100 * passed / count,
    }
    return {"success": passed == count, "statistics": statistics}


INTERFACE_VERSION = 1


def run_document(
    settlement: Settlement,
    results: Sequence[CheckResult],
    *,
    already_published: bool,
    in_memory: bool,
    links: dict[str, str | None],
    messages: Sequence[OutboxEntry],
) -> dict[str, Any]:
    """The JSON document of a run. Within an interface version keys are only added; counts are rows."""
    return {
        "interface_version": INTERFACE_VERSION,
        "contract": settlement.contract,
        "dataset": settlement.dataset,
        "version": settlement.version,
        "partition_key": settlement.partition_key,
        "outcome": settlement.outcome.value,
        "why": list(settlement.why),
        "already_published": already_published,
        "suite": "compiled_in_memory" if in_memory else "committed",
        "idempotency_key": settlement.idempotency_key,
        "attempt_id": settlement.attempt_id,
        "rows_in": settlement.rows_in,
        "rows_published": settlement.rows_published,
        "rows_quarantined": settlement.rows_quarantined,
        "rows_discarded": settlement.rows_discarded,
        "checks": [result.model_dump(mode="json") for result in results],
        "links": {name: link for name, link in links.items() if link},
        "messages": [_message(entry) for entry in messages],
    }


def _message(entry: OutboxEntry) -> dict[str, str]:
    message = entry.message
    fields = {name: getattr(message, name) for name in ("id", "audience", "channel", "text")}
    return {**fields, "state": entry.state}
