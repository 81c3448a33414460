"""The Slack messages of a settlement: who is told, and what, built once so that a re-run does not tell it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC

from partition_gate.alerts.case import Case
from partition_gate.alerts.slack_blocks import (
    Block,
    Button,
    Buttons,
    Context,
    Header,
    Section,
    block_kit,
    bold,
    clean,
    plain,
)
from partition_gate.alerts.stories import Audience, Story, story
from partition_gate.contract.calendar import local_day
from partition_gate.contract.model import Dataset, Status
from partition_gate.core.record import Record, digest
from partition_gate.judging.attempt import Message, Settlement
from partition_gate.judging.disposition import VISIBLE
from partition_gate.judging.verdict import CheckResult

_MEMBERS_SHOWN = 3
_AUDIENCES = {
    "issues": Audience.PRODUCERS,
    "interactive": Audience.PRODUCERS,
    "announcements": Audience.CONSUMERS,
    "notifications": Audience.CONSUMERS,
}


class Links(Record):
    """Absolute web addresses about this attempt; None where there is no such page."""

    docs: str | None = None
    console: str | None = None
    quarantine: str | None = None
    contract: str | None = None
    airflow: str | None = None


def alerts_for(
    settlement: Settlement, results: Sequence[CheckResult], dataset: Dataset, links: Links
) -> tuple[Message, ...]:
    """One message a Slack channel of the contract that has something to hear, producers first.

    The id depends on the attempt and on who is told; the ledger queues messages only where the judgement changes the
    partition's outcome. Contracts that are proposed, draft or retired tell nobody, nor do others before their
    `generalAvailability`.
    """
    if not is_in_force(dataset, settlement):
        return ()
    case = Case(settlement=settlement, results=tuple(results), dataset=dataset)
    told = [(audience, channel, story(case, audience)) for audience, channel in _recipients(dataset)]
    messages = [_message(case, story, audience, channel, links) for audience, channel, story in told if story]
    return (*messages, *_of_support(case, links))


def _of_support(case: Case, links: Links) -> Iterator[Message]:
    """That support has ended, once a channel of consumers: the same id at every partition."""
    story, day = support_ended(case), case.dataset.limits.end_of_support
    for audience, channel in _recipients(case.dataset):
        if story and audience is Audience.CONSUMERS:
            message = _message(case, story, audience, channel, links)
            identity = digest([case.settlement.dataset, "endOfSupport", str(day), channel])
            yield message.model_copy(update={"id": identity})


def _recipients(dataset: Dataset) -> list[tuple[Audience, str]]:
    """Each (audience, channel) once, in the contract's order, producers first."""
    pairs = [
        (_AUDIENCES[channel.scope.lower()], channel.channel)
        for channel in dataset.contract.channels
        if channel.tool.lower() == "slack" and channel.scope.lower() in _AUDIENCES
    ]
    return sorted(dict.fromkeys(pairs), key=lambda pair: pair[0] is Audience.CONSUMERS)


def _message(case: Case, story: Story, audience: Audience, channel: str, links: Links) -> Message:
    settled = case.settlement
    identity = (settled.attempt_id, settled.outcome, audience, channel)
    return Message(
        id=digest([str(part) for part in identity]),
        attempt_id=settled.attempt_id,
        channel=channel,
        audience=audience,
        text=f"{story.headline}. {story.happened}",
        blocks=block_kit(tuple(_blocks(case, story, audience, links))),
    )


def _blocks(case: Case, story: Story, audience: Audience, links: Links) -> Iterator[Block]:
    yield Header(text=f"{story.mark} {story.headline}")
    yield Section(lines=(story.happened,), fields=story.facts)
    if story.why:
        yield Section(lines=(bold("Why"), *story.why))
    if story.steps:
        yield Section(lines=(bold("What to do"), *_numbered(story.steps)))
    yield Buttons(buttons=_buttons(case, links, audience))
    yield Context(text=_origin(case))


def _numbered(steps: Sequence[str]) -> list[str]:
    return list(steps) if len(steps) == 1 else [f"{number}. {step}" for number, step in enumerate(steps, start=1)]


def _buttons(case: Case, links: Links, audience: Audience) -> tuple[Button, ...]:
    """Only pages that exist: no report where nothing was judged, no rows where none are in quarantine."""
    inside = audience is Audience.PRODUCERS
    named = (
        ("Report", links.docs if case.results else None),
        ("Quarantined rows", links.quarantine if inside and case.settlement.quarantine_uri else None),
        ("Airflow run", links.airflow if inside else None),
        ("Console", links.console),
        ("Contract", links.contract),
    )
    return tuple(Button(label=label, url=url) for label, url in named if url)


def _origin(case: Case) -> str:
    settled, team = case.settlement, case.dataset.contract.team
    people = ", ".join(clean(member.name or member.username, limit=40) for member in team.members[:_MEMBERS_SHOWN])
    owner = " ".join(part for part in (clean(team.name, limit=60), f"({people})" if people else "") if part)
    parts = (
        f"Contract {clean(settled.contract, limit=60)} {clean(settled.version, limit=20)}",
        f"attempt {clean(settled.attempt_id, limit=64)}",
        f"owner {owner}" if owner else "no owner in the contract",
        f"settled {settled.settled_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
    )
    return " \u00b7 ".join(parts)


TOLD = frozenset({Status.ACTIVE, Status.DEPRECATED})


def is_in_force(dataset: Dataset, settlement: Settlement) -> bool:
    """Whether anybody is told: the contract is active or deprecated, and `generalAvailability` has come."""
    start = dataset.limits.general_availability
    return dataset.contract.status in TOLD and (start is None or local_day(dataset, settlement.settled_at) >= start)


def support_ended(case: Case) -> Story | None:
    """For consumers of data that is still published after `endOfSupport`; None before that."""
    day, dataset = case.dataset.limits.end_of_support, case.dataset
    if day is None or case.settlement.outcome not in VISIBLE or local_day(dataset, case.settlement.settled_at) < day:
        return None
    until = f" until {dataset.limits.end_of_life}" if dataset.limits.end_of_life else ""
    return Story(
        mark="\U0001f7e1",
        headline=f"{clean(case.settlement.dataset, limit=60)} is not supported any more",
        happened=f"Its support ended on {day}. It is still published{until}, but nobody promises to repair it.",
        facts=(("Owner", plain(dataset.contract.team.name or "not named in the contract", limit=80)),),
        steps=("Ask the owner what replaces it, and move what you build on it. This is told once.",),
    )
