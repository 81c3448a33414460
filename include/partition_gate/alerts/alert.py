"""The Slack messages of a settlement: who is told, and what, built once so that a re-run does not tell it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC

from partition_gate.alerts.case import Case
from partition_gate.alerts.lifecycle import is_in_force, support_ended
from partition_gate.alerts.slack_blocks import Block, Button, Buttons, Context, Header, Section, block_kit, bold, clean
from partition_gate.alerts.stories import Audience, Story, story
from partition_gate.contract.model import Contract
from partition_gate.judging.attempt import Message, Settlement
from partition_gate.judging.verdict import CheckResult
from partition_gate.record import Record, digest

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
    settlement: Settlement, results: Sequence[CheckResult], contract: Contract, links: Links
) -> tuple[Message, ...]:
    """One message a Slack channel of the contract that has something to hear, producers first.

    The id depends on the attempt and on who is told; the ledger queues messages only where the judgement changes the
    partition's outcome. Contracts that are proposed, draft or retired tell nobody, nor do others before their
    `generalAvailability`.
    """
    if not is_in_force(contract, settlement):
        return ()
    case = Case(settlement=settlement, results=tuple(results), contract=contract)
    told = [(audience, channel, story(case, audience)) for audience, channel in _recipients(contract)]
    messages = [_message(case, tale, audience, channel, links) for audience, channel, tale in told if tale]
    return (*messages, *_of_support(case, links))


def _of_support(case: Case, links: Links) -> Iterator[Message]:
    """That support has ended, once a channel of consumers: the same id at every partition."""
    tale, day = support_ended(case), case.contract.limits.end_of_support
    for audience, channel in _recipients(case.contract):
        if tale and audience is Audience.CONSUMERS:
            message = _message(case, tale, audience, channel, links)
            identity = digest([case.settlement.dataset, "endOfSupport", str(day), channel])
            yield message.model_copy(update={"id": identity})


def _recipients(contract: Contract) -> list[tuple[Audience, str]]:
    """Each (audience, channel) once, in the contract's order, producers first."""
    pairs = [
        (_AUDIENCES[channel.scope.lower()], channel.channel)
        for channel in contract.channels
        if channel.tool.lower() == "slack" and channel.scope.lower() in _AUDIENCES
    ]
    return sorted(dict.fromkeys(pairs), key=lambda pair: pair[0] is Audience.CONSUMERS)


def _message(case: Case, tale: Story, audience: Audience, channel: str, links: Links) -> Message:
    settled = case.settlement
    identity = (settled.attempt_id, settled.outcome, audience, channel)
    return Message(
        id=digest([str(part) for part in identity]),
        attempt_id=settled.attempt_id,
        channel=channel,
        audience=audience,
        text=f"{tale.headline}. {tale.happened}",
        blocks=block_kit(tuple(_blocks(case, tale, audience, links))),
    )


def _blocks(case: Case, tale: Story, audience: Audience, links: Links) -> Iterator[Block]:
    yield Header(text=f"{tale.mark} {tale.headline}")
    yield Section(lines=(tale.happened,), fields=tale.facts)
    if tale.why:
        yield Section(lines=(bold("Why"), *tale.why))
    if tale.steps:
        yield Section(lines=(bold("What to do"), *_numbered(tale.steps)))
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
    settled, team = case.settlement, case.contract.team
    people = ", ".join(clean(member.name or member.username, limit=40) for member in team.members[:_MEMBERS_SHOWN])
    owner = " ".join(part for part in (clean(team.name, limit=60), f"({people})" if people else "") if part)
    parts = (
        f"Contract {clean(settled.contract, limit=60)} {clean(settled.version, limit=20)}",
        f"attempt {clean(settled.attempt_id, limit=64)}",
        f"owner {owner}" if owner else "no owner in the contract",
        f"settled {settled.settled_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
    )
    return " \u00b7 ".join(parts)
