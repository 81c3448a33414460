"""Whether people still get their messages: channels in which messages wait for too long. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from pydantic import AwareDatetime

from partition_gate.core.addresses import shown_channel
from partition_gate.core.display import displayed, listed
from partition_gate.core.record import Record
from partition_gate.core.units import roughly
from partition_gate.incidents.model import Incident, IncidentState, Problem, ProblemKind
from partition_gate.judging.attempt import Backlog
from partition_gate.watching.problems import Seen

# A try is repeated after at most this time, so what waits for longer has failed more than once, or is not tried at all.
UNDELIVERED_AFTER = timedelta(minutes=15)
_DELIVERY = "delivery "
_CHANNELS_NAMED = 2
_NEVER_TRIED = "nothing has tried to deliver them"


class Undelivered(Record):
    """A tool whose messages wait in these channels (as people see them), the longest wait first.

    `messages` counts all that wait there. `last_error` may be empty, and holds no secret: errors name a webhook by its
    host only.
    """

    tool: str
    channels: tuple[str, ...]
    messages: int
    since: AwareDatetime
    last_error: str

    def sentence(self, now: datetime) -> str:
        """What people see in `gate status`, in the console and in the output of the watch."""
        waits = f"{self.messages:,} message{'s' if self.messages != 1 else ''} to {self._where}"
        have = "has" if self.messages == 1 else "have"
        return (
            f"{waits} {have} not been delivered since {self._since} ({roughly(now - self.since)}): {self._why}. "
            "Nothing is lost: repair the cause, then run: gate notify"
        )

    @property
    def problem(self) -> Problem:
        """What is recorded. It does not count the messages, so that it is no news when there are more."""
        finding = f"messages to {self._where} are not delivered since {self._since}: {self._why}"
        return Problem(cause=f"{_DELIVERY}{self.tool}", kind=ProblemKind.DELIVERY, finding=finding)

    @property
    def _where(self) -> str:
        return f"{self.tool} {listed(list(map(displayed, self.channels)), _CHANNELS_NAMED)}"

    @property
    def _since(self) -> str:
        return f"{self.since:%Y-%m-%d %H:%M} UTC"

    @property
    def _why(self) -> str:
        return displayed(self.last_error, limit=300) if self.last_error else _NEVER_TRIED


def undelivered(backlogs: Iterable[Backlog], *, now: datetime) -> tuple[Undelivered, ...]:
    """The tools with a channel in which a message has waited for UNDELIVERED_AFTER, one entry each, by name."""
    by_tool: dict[str, list[Backlog]] = {}
    for backlog in backlogs:
        if now - backlog.since >= UNDELIVERED_AFTER:
            by_tool.setdefault(backlog.tool, []).append(backlog)
    return tuple(_undelivered(tool, waiting) for tool, waiting in sorted(by_tool.items()))


def of_delivery(found: Iterable[Undelivered]) -> Seen:
    """The problems of the gate itself: one for each tool. What is delivered again is in order."""
    return Seen(problems=tuple(each.problem for each in found), examined=frozenset({_DELIVERY}))


def not_muted(found: Iterable[Undelivered], incidents: Iterable[Incident]) -> tuple[Undelivered, ...]:
    """Those whose incident nobody has muted: a person who knows of an outage need not see red until it is over."""
    muted = {incident.cause for incident in incidents if incident.state is IncidentState.MUTED}
    return tuple(each for each in found if each.problem.cause not in muted)


def _undelivered(tool: str, waiting: Sequence[Backlog]) -> Undelivered:
    oldest_first = sorted(waiting, key=lambda backlog: (backlog.since, backlog.channel))
    return Undelivered(
        tool=tool,
        channels=tuple(dict.fromkeys(shown_channel(tool, backlog.channel) for backlog in oldest_first)),
        messages=sum(backlog.messages for backlog in waiting),
        since=oldest_first[0].since,
        last_error=next((backlog.last_error for backlog in oldest_first if backlog.last_error), ""),
    )
