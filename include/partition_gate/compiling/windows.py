"""Library metrics over a rolling window: the partition is only counted, and the sums are held against the operator."""

from __future__ import annotations

from partition_gate.compiling.bounds import bounds_of
from partition_gate.compiling.drafts import Unfit
from partition_gate.compiling.metrics import Compiled, compile_metric
from partition_gate.contract.model import Contract, LibraryRule
from partition_gate.suite.counts import Bounds
from partition_gate.suite.promises import OverWindow
from partition_gate.units import in_words

ADDITIVE = ("nullValues", "missingValues", "invalidValues", "rowCount")


def compile_window(rule: LibraryRule, contract: Contract) -> tuple[Compiled, OverWindow | None]:
    """The rule's count without bounds, and its window with them; None for a rule without a window. Raises: Unfit."""
    compiled = compile_metric(rule)
    if rule.window is None:
        return compiled, None
    if rule.metric not in ADDITIVE:
        known = ", ".join(ADDITIVE)
        raise Unfit(f"{rule.metric} of two partitions cannot be added up; a window can be put on {known}")
    if not contract.location.segments:
        raise Unfit("a window needs partitions by day or hour, and the location names none; remove the window")
    _, expected, dimension = compiled
    counted, *_ = compile_metric(rule, bounds=Bounds())
    window = OverWindow(
        span=rule.window,
        counts="element_count" if rule.metric == "rowCount" else "unexpected_count",
        bounds=bounds_of(rule.operator, unit=rule.unit),
    )
    return (counted, f"{expected}, over {in_words(rule.window)}", dimension), window
