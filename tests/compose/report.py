"""The page about the stack in production: what was measured, and one row for each fault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

HEALTHY_WITHIN_S = 180
_MB = 1_000_000


@dataclass(frozen=True)
class Messages:
    """Messages of one round: queued, arrived, and edits of earlier ones."""

    expected: int = 0
    sent: int = 0
    edits: int = 0


@dataclass(frozen=True)
class Round:
    """One fault during one backfill. `wrong` says what is not as promised; empty if all is.

    `seconds` from the start of the backfill until all was published and told.
    """

    fault: str
    in_flight: str
    partitions: int
    seconds: float
    reconcile: str
    messages: Messages
    wrong: tuple[str, ...] = ()


@dataclass
class Found:
    """Everything of one run. `load` is the host's load average before the stack was started."""

    versions: str
    images: str
    cores: int
    image_bytes: int
    base_bytes: int
    load: float
    healthy_s: float = 0.0
    rows: str = ""
    rounds: list[Round] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        slow = [f"healthy after {self.healthy_s:.0f} s, wanted within {HEALTHY_WITHIN_S} s"]
        first = slow if self.healthy_s > HEALTHY_WITHIN_S else []
        return first + [f"{each.fault}: {what}" for each in self.rounds for what in each.wrong]


def page(found: Found) -> str:
    """docs/reference/production.md."""
    return f"""# Production proof

Written by `make compose-test`. Do not edit.

The command builds the image and starts the services of [docker-compose.yaml](../how-to/compose.md) from nothing, with a
project name and ports of its own. It lands days of the demo's weather from outside, through the published S3 port,
and the two Celery workers judge them in a backfill. In each round one thing breaks while they are at work. Then all
days must be published, `gate reconcile` must find nothing to repair, and a strict Slack must have every message exactly
once.

{found.versions}; {found.images}; {found.cores} cores, with a load average of {found.load:.1f} before the start.

| measured | value |
|---|--:|
| image, all layers | {_size(found.image_bytes)} |
| of it Debian with Python | {_size(found.base_bytes)} |
| from nothing to all services healthy | {found.healthy_s:.0f} s |
| `gate reconcile --rows` after all rounds found | {found.rows} |
| not as promised | {"<br>".join(found.wrong) or "nothing"} |

{table(found.rounds)}

*In flight* are the attempts that the ledger showed as unfinished at that moment. For a kill *after the commit*, a lock
on the ledger keeps the attempt between both; for one *before the commit*, the object store is paused. The killed worker
is started again at once. *Seconds* count from the request for the backfill until all its days are published and all are
told. Messages are those of the round: queued in the ledger, and arrived; edits bring earlier messages up to date. After
each round every message of all rounds must be there once, with its newest text.
"""


def table(rounds: Sequence[Round]) -> str:
    """Markdown."""
    head = (
        "what was done",
        "in flight",
        "partitions",
        "seconds",
        "reconcile found",
        "messages expected",
        "sent",
        "edits",
    )
    lines = [f"| {' | '.join(head)} |", "|---|---|--:|--:|---|--:|--:|--:|"]
    return "\n".join([*lines, *(_row(each) for each in rounds)])


def _row(each: Round) -> str:
    told = each.messages
    cells: list[object] = [each.fault, each.in_flight, each.partitions, f"{each.seconds:.0f}", each.reconcile]
    cells += [told.expected, told.sent, told.edits]
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / _MB:,.0f} MB"
