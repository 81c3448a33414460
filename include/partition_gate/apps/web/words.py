"""How outcomes are told: a symbol, a word, what it means, and what to do next. Never by colour alone."""

from __future__ import annotations

from collections.abc import Iterable

from partition_gate.core.record import Record
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.judging.verdict import CheckOutcome, CheckResult


class Telling(Record):
    """One outcome for people. `css` is its class in gate.css."""

    css: str
    symbol: str
    word: str
    meaning: str
    next_step: str


OUTCOMES = {
    PartitionOutcome.PUBLISHED: Telling(
        css="published",
        symbol="✓",
        word="published",
        meaning="Every row passed and consumers see them.",
        next_step="Nothing to do.",
    ),
    PartitionOutcome.PUBLISHED_WITH_QUARANTINE: Telling(
        css="quarantined",
        symbol="◐",
        word="with quarantine",
        meaning="The rows that passed are published; the others wait in quarantine, each with its reasons.",
        next_step="Look at the quarantined rows; if they matter, ask the producer to deliver the partition again.",
    ),
    PartitionOutcome.REJECTED: Telling(
        css="rejected",
        symbol="✗",
        word="rejected",
        meaning="Nothing was published: consumers still see the version before, if there was one.",
        next_step="Send the producer the reasons below; when corrected files have landed, run the partition again.",
    ),
    PartitionOutcome.HELD: Telling(
        css="held",
        symbol="‖",
        word="held",
        meaning="Nothing was published: the data is suspicious, and a person must decide.",
        next_step="Ask the owner; if the data is right, lower shrinkLimit in the contract and run the partition again.",
    ),
    PartitionOutcome.MISSING: Telling(
        css="missing",
        symbol="?",
        word="missing",
        meaning="Nothing arrived before the deadline.",
        next_step="Ask the producer; when the data has landed, run the partition again.",
    ),
    PartitionOutcome.SUPERSEDED: Telling(
        css="superseded",
        symbol="↻",
        word="superseded",
        meaning="A newer attempt took over while this one ran.",
        next_step="Nothing to do: look at the newer attempt.",
    ),
    PartitionOutcome.ERRORED: Telling(
        css="errored",
        symbol="!",
        word="errored",
        meaning="We could not judge the partition; the data may be fine.",
        next_step="Remove the cause below, then run the partition again.",
    ),
}
WORST_FIRST = (
    PartitionOutcome.ERRORED,
    PartitionOutcome.REJECTED,
    PartitionOutcome.HELD,
    PartitionOutcome.MISSING,
    PartitionOutcome.PUBLISHED_WITH_QUARANTINE,
    PartitionOutcome.SUPERSEDED,
    PartitionOutcome.PUBLISHED,
)
CHECK_SYMBOLS = {
    CheckOutcome.ERRORED: "!",
    CheckOutcome.FAILED: "✗",
    CheckOutcome.UNKNOWN: "?",
    CheckOutcome.WARNED: "△",
    CheckOutcome.PASSED: "✓",
}


def failures_first(results: Iterable[CheckResult]) -> list[CheckResult]:
    """Results by severity of their outcome; within one outcome the suite's order stays."""
    order = list(CHECK_SYMBOLS)
    return sorted(results, key=lambda result: order.index(result.outcome))
