"""Texts for each outcome: symbol, word, meaning, next step. Colour alone never carries information."""

from __future__ import annotations

from partition_gate.core.record import Record
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.judging.verdict import CheckOutcome


class OutcomeText(Record):
    """The texts of one outcome. `css` is its class in gate.css."""

    css: str
    symbol: str
    word: str
    meaning: str
    next_step: str


OUTCOMES = {
    PartitionOutcome.PUBLISHED: OutcomeText(
        css="published",
        symbol="✓",
        word="published",
        meaning="All rows passed, and consumers see them.",
        next_step="Nothing to do.",
    ),
    PartitionOutcome.PUBLISHED_WITH_QUARANTINE: OutcomeText(
        css="quarantined",
        symbol="◐",
        word="with quarantine",
        meaning="The rows that passed are published; the others are in quarantine, each with its reasons.",
        next_step="Look at the quarantined rows. If they matter, ask the producer to deliver the partition again.",
    ),
    PartitionOutcome.REJECTED: OutcomeText(
        css="rejected",
        symbol="✗",
        word="rejected",
        meaning="Nothing was published: consumers still see the previous version, if there is one.",
        next_step="Send the reasons below to the producer. After corrected files have landed, run the partition again.",
    ),
    PartitionOutcome.HELD: OutcomeText(
        css="held",
        symbol="‖",
        word="held",
        meaning="Nothing was published: the data is suspicious, and a person must decide.",
        next_step="Ask the owner. If the data is right, lower shrinkLimit in the contract and run the partition again.",
    ),
    PartitionOutcome.MISSING: OutcomeText(
        css="missing",
        symbol="?",
        word="missing",
        meaning="Nothing arrived before the deadline.",
        next_step="Ask the producer. After the data has landed, run the partition again.",
    ),
    PartitionOutcome.SUPERSEDED: OutcomeText(
        css="superseded",
        symbol="↻",
        word="superseded",
        meaning="A newer attempt took over while this one was running.",
        next_step="Nothing to do; see the newer attempt.",
    ),
    PartitionOutcome.ERRORED: OutcomeText(
        css="errored",
        symbol="!",
        word="errored",
        meaning="The gate could not judge the partition; the data may be fine.",
        next_step="Fix the cause below, then run the partition again.",
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
CHECK_WORDS = {
    CheckOutcome.ERRORED: "not run",
    CheckOutcome.FAILED: "failed",
    CheckOutcome.UNKNOWN: "not judged",
    CheckOutcome.WARNED: "warning",
    CheckOutcome.PASSED: "passed",
}
