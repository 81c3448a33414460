"""The alert about a settlement: who is told, and what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
from partition_gate.alerts.wording import AlertText, alert_text, promise_text
from partition_gate.contract.calendar import local_day
from partition_gate.contract.model import CONSUMER_SCOPES, PRODUCER_SCOPES, Channel, Dataset, Status
from partition_gate.core.addresses import Tool, is_email_address, is_webhook_url, mailto_address, tool_of
from partition_gate.core.display import listed
from partition_gate.core.record import Record
from partition_gate.incidents.model import Audience
from partition_gate.judging.attempt import Message, Settlement
from partition_gate.judging.disposition import VISIBLE

_MEMBERS_SHOWN = 3
_AUDIENCES = {
    **dict.fromkeys(PRODUCER_SCOPES, Audience.PRODUCERS),
    **dict.fromkeys(CONSUMER_SCOPES, Audience.CONSUMERS),
}


class Links(Record):
    """URLs of pages about this attempt; None if the page does not exist."""

    docs: str | None = None
    console: str | None = None
    quarantine: str | None = None
    contract: str | None = None
    airflow: str | None = None


class Alert(Record):
    """What one audience is told about one judgement: the content of a root message."""

    text: AlertText
    buttons: tuple[Button, ...] = ()
    origin: str = ""

    @property
    def sentence(self) -> str:
        """The notification line: what happened to which partition, and what that means."""
        return f"{self.text.headline}. {self.text.happened}"


class Recipient(Record):
    """One channel of a tool, and who reads it."""

    audience: Audience
    tool: str
    channel: str


def recipients_of(dataset: Dataset, *, operators: str = "") -> tuple[Recipient, ...]:
    """Each channel of the contract once, in the contract's order, producers first; then the operators' channel.

    Channels of other tools, and those without a usable address, are for people only.
    """
    named = [
        Recipient(audience=_AUDIENCES[channel.scope.lower()], tool=channel.tool.lower(), channel=address)
        for channel in dataset.contract.channels
        if channel.scope.lower() in _AUDIENCES and (address := address_of(channel))
    ]
    own = operators_recipients(operators)
    return tuple(sorted(dict.fromkeys([*named, *own]), key=lambda each: list(Audience).index(each.audience)))


def operators_recipients(operators: str) -> tuple[Recipient, ...]:
    """The channel of the people who run the gate: a Slack channel, an e-mail address or a webhook; none if empty."""
    own = Recipient(audience=Audience.OPERATORS, tool=tool_of(operators), channel=operators)
    return (own,) if operators else ()


def address_of(channel: Channel) -> str:
    """Where the gate can send messages for this channel; empty if it cannot."""
    address = _ADDRESSES.get(channel.tool.lower())
    return address(channel) if address else ""


def trial_message(recipient: Recipient, dataset: Dataset, *, message_id: str) -> Message:
    """A message that shows whether a channel can be reached; it is about no partition."""
    name = clean(dataset.name, limit=60)
    headline = f"Test message about {name}"
    happened = (
        f"{recipient.audience.value.capitalize()} of {plain(name)} are told here of its problems. Nothing happened."
    )
    blocks = (Header(text=headline), Section(lines=(happened,)), Context(text="Sent by gate notify --test"))
    return Message(
        id=message_id,
        attempt_id="",
        tool=recipient.tool,
        channel=recipient.channel,
        audience=recipient.audience,
        text=f"{headline}. {clean(happened)}",
        blocks=block_kit(blocks),
    )


def alert_for(case: Case, audience: Audience, links: Links) -> Alert | None:
    """The alert about a settlement for one audience; None if the audience needs none."""
    text = alert_text(case, audience)
    return Alert(text=text, buttons=_buttons(case, links, audience), origin=_origin(case)) if text else None


def promise_alerts(case: Case, links: Links) -> Iterator[tuple[str, Alert]]:
    """What producers are told if the only news are broken promises over time: (rule id of the first, alert)."""
    buttons, origin = _buttons(case, links, Audience.PRODUCERS), _origin(case)
    for promise in case.broken_promises:
        yield promise.rule_id, Alert(text=promise_text(case, promise), buttons=buttons, origin=origin)


def end_of_support_alert(case: Case, links: Links) -> Alert | None:
    """What consumers are told of data that is still published after `endOfSupport`; None before that day."""
    text = support_ended(case)
    buttons = _buttons(case, links, Audience.CONSUMERS)
    return Alert(text=text, buttons=buttons, origin=_origin(case)) if text else None


def blocks_of(alert: Alert, *, headline: str = "", status: Sequence[str] = ()) -> str:
    """Block Kit JSON text. `headline` replaces the alert's own; `status` are lines of mrkdwn about its incidents."""
    return block_kit(tuple(_blocks(alert, headline or f"{alert.text.mark} {alert.text.headline}", status)))


def _blocks(alert: Alert, headline: str, status: Sequence[str]) -> Iterator[Block]:
    text = alert.text
    yield Header(text=headline)
    if status:
        yield Section(lines=tuple(status))
    yield Section(lines=(text.happened,), fields=text.facts)
    if text.why:
        yield Section(lines=(bold("Why"), *text.why))
    if text.steps:
        yield Section(lines=(bold("What to do"), *_numbered(text.steps)))
    yield Buttons(buttons=alert.buttons)
    yield Context(text=alert.origin)


def _numbered(steps: Sequence[str]) -> list[str]:
    return list(steps) if len(steps) == 1 else [f"{number}. {step}" for number, step in enumerate(steps, start=1)]


def _buttons(case: Case, links: Links, audience: Audience) -> tuple[Button, ...]:
    """Links to existing pages: a report only if checks ran, quarantined rows only if there are any."""
    for_producers = audience is not Audience.CONSUMERS
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
    people = listed([clean(member.name or member.username, limit=40) for member in team.members], _MEMBERS_SHOWN)
    owner = " ".join(part for part in (clean(team.name, limit=60), f"({people})" if people else "") if part)
    parts = (
        f"Contract {clean(settled.contract, limit=60)} {clean(settled.version, limit=20)}",
        f"attempt {clean(settled.attempt_id, limit=64)}",
        f"owner {owner}" if owner else "no owner named in the contract",
        f"settled {settled.settled_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
    )
    return " \u00b7 ".join(parts)


def _email_address(channel: Channel) -> str:
    candidates = (channel.channel, mailto_address(channel.channel), mailto_address(channel.url or ""))
    return next(filter(is_email_address, candidates), "")


def _webhook_url(channel: Channel) -> str:
    return next(filter(is_webhook_url, (channel.url or "", channel.channel)), "")


_ADDRESSES: dict[str, Callable[[Channel], str]] = {
    Tool.SLACK: lambda channel: channel.channel,
    Tool.EMAIL: _email_address,
    Tool.WEBHOOK: _webhook_url,
}
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
        facts=(("Owner", plain(dataset.contract.team.owner or "not named in the contract", limit=80)),),
        steps=("Ask the owner for a replacement, and migrate to it. This message is sent only once.",),
    )
