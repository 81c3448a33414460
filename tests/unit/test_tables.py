"""What the terminal shows, and what it costs."""

from __future__ import annotations

import cProfile
import re

from partition_gate.apps.cli import tables
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
