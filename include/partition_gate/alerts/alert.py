"""The Slack messages of a settlement: recipients and content, built once so that a re-run does not send them again."""

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
from partition_gate.alerts.wording import AlertText, Audience, alert_text
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
    """URLs of pages about this attempt; None if the page does not exist."""

    docs: str | None = None
    console: str | None = None
    quarantine: str | None = None
    contract: str | None = None
    airflow: str | None = None


def alerts_for(
    settlement: Settlement, results: Sequence[CheckResult], dataset: Dataset, links: Links
) -> tuple[Message, ...]:
    """One message per Slack channel of the contract that must be notified, producers first.

    The id depends on the attempt and the recipient; the ledger queues messages only if the judgement changes the
    partition's outcome. Contracts that are proposed, draft or retired notify nobody, and neither do other contracts
    before their `generalAvailability`.
    """
    if not is_in_force(dataset, settlement):
        return ()
    case = Case(settlement=settlement, results=tuple(results), dataset=dataset)
    texts = [(audience, channel, alert_text(case, audience)) for audience, channel in _recipients(dataset)]
    messages = [_message(case, text, audience, channel, links) for audience, channel, text in texts if text]
    return (*messages, *_end_of_support_messages(case, links))


def _end_of_support_messages(case: Case, links: Links) -> Iterator[Message]:
    """The end of support, once per consumers' channel: every partition has the same id."""
    text, day = support_ended(case), case.dataset.limits.end_of_support
    for audience, channel in _recipients(case.dataset):
        if text and audience is Audience.CONSUMERS:
            message = _message(case, text, audience, channel, links)
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


def _message(case: Case, text: AlertText, audience: Audience, channel: str, links: Links) -> Message:
    settled = case.settlement
    identity = (settled.attempt_id, settled.outcome, audience, channel)
    return Message(
        id=digest([str(part) for part in identity]),
        attempt_id=settled.attempt_id,
        channel=channel,
        audience=audience,
        text=f"{text.headline}. {text.happened}",
        blocks=block_kit(tuple(_blocks(case, text, audience, links))),
    )


def _blocks(case: Case, text: AlertText, audience: Audience, links: Links) -> Iterator[Block]:
    yield Header(text=f"{text.mark} {text.headline}")
    yield Section(lines=(text.happened,), fields=text.facts)
    if text.why:
        yield Section(lines=(bold("Why"), *text.why))
    if text.steps:
        yield Section(lines=(bold("What to do"), *_numbered(text.steps)))
    yield Buttons(buttons=_buttons(case, links, audience))
    yield Context(text=_origin(case))


def _numbered(steps: Sequence[str]) -> list[str]:
    return list(steps) if len(steps) == 1 else [f"{number}. {step}" for number, step in enumerate(steps, start=1)]


def _buttons(case: Case, links: Links, audience: Audience) -> tuple[Button, ...]:
    """Links to existing pages: a report only if checks ran, quarantined rows only if there are any."""
    for_producers = audience is Audience.PRODUCERS
    named = (
        ("Report", links.docs if case.results else None),
        ("Quarantined rows", links.quarantine if for_producers and case.settlement.quarantine_uri else None),
        ("Airflow run", links.airflow if for_producers else None),
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
        f"owner {owner}" if owner else "no owner named in the contract",
        f"settled {settled.settled_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
    )
    return " \u00b7 ".join(parts)


NOTIFYING_STATUSES = frozenset({Status.ACTIVE, Status.DEPRECATED})


def is_in_force(dataset: Dataset, settlement: Settlement) -> bool:
    """Whether people are notified: the contract is active or deprecated, and `generalAvailability` has passed."""
    start = dataset.limits.general_availability
    return dataset.contract.status in NOTIFYING_STATUSES and (
        start is None or local_day(dataset, settlement.settled_at) >= start
    )


def support_ended(case: Case) -> AlertText | None:
    """The alert to consumers of data that is still published after `endOfSupport`; None before that day."""
    day, dataset = case.dataset.limits.end_of_support, case.dataset
    if day is None or case.settlement.outcome not in VISIBLE or local_day(dataset, case.settlement.settled_at) < day:
        return None
    until = f" until {dataset.limits.end_of_life}" if dataset.limits.end_of_life else ""
    return AlertText(
        mark="\U0001f7e1",
        headline=f"{clean(case.settlement.dataset, limit=60)} is no longer supported",
        happened=f"Support ended on {day}. The data is still published{until}, but nobody promises to fix it.",
        facts=(("Owner", plain(dataset.contract.team.name or "not named in the contract", limit=80)),),
        steps=("Ask the owner for a replacement, and migrate to it. This message is sent only once.",),
    )
