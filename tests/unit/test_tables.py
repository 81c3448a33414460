"""What the terminal shows, and what it costs."""

from __future__ import annotations

import cProfile
import re
from io import StringIO

from rich.console import Console

from partition_gate.apps.cli import diff_tables, tables
from partition_gate.contracts.compatibility.changes import Change
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.testing.builders import a_settlement


def test_the_status_has_one_line_a_partition_in_columns():
    rejected = a_settlement("b", partition_key="2026-11-02/07", outcome=PartitionOutcome.REJECTED)

    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in tables.status([a_settlement("a"), rejected]).split("\n")]

    assert [re.split(r" {2,}", line) for line in lines] == [
        ["dataset", "partition", "rows in", "published", "quarantined", "outcome", "why"],
        ["orders", "2026-11-01", "100", "100", "0", "published"],
        ["orders", "2026-11-02/07", "100", "0", "100", "rejected", "because"],
    ]
    assert lines[1].index("published", 40) == lines[2].index("rejected")


def test_in_a_narrow_terminal_the_reason_is_below_and_no_line_is_cut():
    why = "amount.minimum: 1 of 100 rows; expected >= 0; known_status: 1 of 100 rows"
    rejected = a_settlement("b", outcome=PartitionOutcome.REJECTED).model_copy(update={"why": (why,)})

    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in tables.status([rejected], width=80).split("\n")]

    assert max(map(len, lines)) <= 80
    assert (lines[1].split()[-1], " ".join("".join(lines[2:]).split())) == ("rejected", why)


def test_changes_of_a_contract_are_lines_in_a_narrow_terminal():
    change = Change(
        kind="rule tightened",
        subject="orders.amount",
        path="schema[0].properties[1].quality[0].mustBeGreaterThan",
        old="mustBeGreaterThan 0",
        new="mustBeGreaterThan 5",
        breaks=("producers",),
        incompatible=(),
        why="Partitions or rows that passed may fail the tighter rule.",
    )
    screen = Console(width=80, record=True, file=StringIO())

    screen.print(diff_tables.narrow(change))

    shown = screen.export_text()
    assert all(text in shown for text in (change.kind, change.path, f"{change.old}  ->  {change.new}", change.why))


def test_the_status_of_nothing_is_its_head():
    assert tables.status([]).split()[0] == "dataset"


def test_one_more_partition_costs_few_calls():
    """Counted, not timed: a table of rich makes hundreds of calls a row, which tens of thousands of rows feel."""

    def calls(partitions: int) -> int:
        settlements = [a_settlement(str(number), partition_key=str(number)) for number in range(partitions)]
        counted = cProfile.Profile()
        counted.runcall(tables.status, settlements)
        return sum(entry.callcount for entry in counted.getstats())

    calls(1)  # styles and enumerations are made once

    assert calls(200) - calls(100) <= 100 * 50
