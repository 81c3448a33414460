"""What a part of the chaos suite found: faults that landed inside the work, and what must stay 0."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Tally:
    """Counts of one part. `faults` landed while the product was at work; `tried` counts those that came too late, too.

    `lost`: rows that passed and are not visible. `doubled`: visible more than once. `unjudged`: visible without having
    passed. `hung`: not done within its limit. `traces`: Python tracebacks shown. `leaks`: places outside data and
    quarantine that hold a classified value. `wrong`: everything else that is not as promised, in words.
    """

    part: str
    tried: int = 0
    faults: int = 0
    lost: int = 0
    doubled: int = 0
    unjudged: int = 0
    hung: int = 0
    traces: int = 0
    leaks: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not any((self.lost, self.doubled, self.unjudged, self.hung, self.traces, self.leaks, self.wrong))

    def saw(self, visible: set[tuple[int, int]], *allowed: set[tuple[int, int]], where: str) -> None:
        """Hold what is visible of a partition against the versions that may be."""
        if visible in allowed:
            return
        may = set().union(*allowed)
        self.unjudged += len(visible - may)
        self.lost += min(len(one - visible) for one in allowed) if allowed else 0
        self.wrong.append(f"{where}: {len(visible)} rows are visible, expected {[len(one) for one in allowed]}")

    def found_in(self, places: list[str]) -> None:
        """Count what `World.leaks` found."""
        self.traces += sum("canary" not in place for place in places)
        self.leaks += sum("canary" in place for place in places)
        self.wrong += places


COLUMNS = ("part", "tried", "faults", "lost", "doubled", "unjudged", "hung", "traces", "leaks", "wrong")


def table(tallies: list[Tally]) -> str:
    """Markdown."""
    lines = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    return "\n".join([*lines, *(f"| {' | '.join(_cells(one))} |" for one in tallies)])


def _cells(tally: Tally) -> Iterator[str]:
    for name in COLUMNS:
        value = getattr(tally, name)
        yield str(len(value) if isinstance(value, list) else value)
