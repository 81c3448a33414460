"""The stable JSON of `gate run --json`: version 1 (docs/reference/run-json.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from partition_gate.judging.attempt import OutboxEntry, Settlement
from partition_gate.judging.verdict import CheckResult

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
    """The document: keys are only ever added within a version; counts are rows, outcomes are the words of the docs."""
    return {
        "interface_version": INTERFACE_VERSION,
        "contract": settlement.contract,
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
        "checks": [result.model_dump(mode="json") for result in results],
        "links": {name: link for name, link in links.items() if link},
        "messages": [_message(entry) for entry in messages],
    }


def _message(entry: OutboxEntry) -> dict[str, str]:
    message = entry.message
    told = {name: getattr(message, name) for name in ("id", "audience", "channel", "text")}
    return {**told, "state": entry.state}
