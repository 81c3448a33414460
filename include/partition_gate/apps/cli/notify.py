"""`gate notify`: deliver the waiting messages now, or send a test message to the channels of a contract."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from partition_gate.alerts.alert import NOTIFYING_STATUSES, Recipient, address_of, recipients_of, trial_message
from partition_gate.alerts.slack_blocks import clean
from partition_gate.apps.cli import tables
from partition_gate.apps.cli.json_output import dumped, print_json
from partition_gate.contract.model import Dataset
from partition_gate.core.addresses import shown_channel
from partition_gate.core.display import displayed
from partition_gate.core.errors import CannotAct, DeliveryError
from partition_gate.core.record import Record
from partition_gate.gate.notify import DeliveryTimes, Drain, Result, Tried, announce
from partition_gate.incidents.model import Audience
from partition_gate.judging.attempt import Message, OutboxEntry, Silent
from partition_gate.settings import Settings, load_settings
from partition_gate.wiring import WiredPorts, contract_folder, open_ports

_MOST = 10_000
_SCOPES = {Audience.PRODUCERS: "issues", Audience.CONSUMERS: "announcements"}


class Line(Record):
    """One message or channel of the output. `why`: why a message waits, or a test message did not arrive."""

    tool: str
    channel: str
    audience: str
    text: str
    result: str
    why: str = ""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(notify)


def notify(
    contract: Annotated[str | None, typer.Argument(metavar="[CONTRACT]", help="Only with --test.")] = None,
    test: Annotated[
        Audience | None, typer.Option("--test", help="Send a test message to each channel of this audience.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Deliver the waiting messages now, also those that wait for their next try.

    Exit codes: 0 everything was sent, 1 a message waits (with --test: it did not arrive).
    """
    if (test is None) != (contract is None):
        raise CannotAct("write `gate notify`, or `gate notify --test producers CONTRACT`")
    settings = load_settings()
    with open_ports(settings) as ports:
        if test is None or contract is None:
            lines = list(_drained(ports))
        else:
            # Its channels are those of the whole contract, so any of its datasets will do.
            dataset = contract_folder(settings).load_run(contract)[0].dataset
            lines = [_tried(recipient, dataset, settings, ports) for recipient in _channels(dataset, test, settings)]
    _print(lines, as_json=as_json)
    raise typer.Exit(1 if any(line.why for line in lines) else 0)


def _drained(ports: WiredPorts) -> Iterator[Line]:
    """The messages that were tried, then those that were not, oldest first."""
    announce(ports.ledger, ports.clock)
    ports.ledger.retry_now()
    drain = Drain(ports.ledger, ports.notifier, ports.clock, DeliveryTimes(drain=ports.drain_limit))
    tried: dict[str, Tried] = {}
    for each in drain.run(limit=_MOST):
        tried[each.message.id] = each
        if each.result is not Result.POSTPONED:
            yield _line(each.message, "sent")
    for entry in ports.ledger.unsent():
        why = tried[entry.message.id].why if entry.message.id in tried else _why_untried(entry, drain.silent)
        yield _line(entry.message, "waits", why)


def _why_untried(entry: OutboxEntry, silent: Silent) -> str:
    message = entry.message
    if message.tool in silent.tools or (message.tool, message.channel) in silent.channels:
        return "not tried, because an earlier message could not be delivered there"
    if entry.state == "sending":
        return "another process sends it, or the result of its last try is unknown: run this again in two minutes"
    if message.root:
        return "the messages before it in its thread come first"
    return "the time for one run is over (GATE_DRAIN_TIMEOUT_S): run this again"


def _channels(dataset: Dataset, audience: Audience, settings: Settings) -> Sequence[Recipient]:
    """Raises: CannotAct, if nobody would be told."""
    operators = settings.operators_channel
    found = [each for each in recipients_of(dataset, operators=operators) if each.audience is audience]
    if found:
        return found
    if audience is Audience.OPERATORS:
        raise CannotAct("there is no channel of operators: set GATE_OPERATORS_CHANNEL")
    unusable = [f"{each.channel} ({each.tool})" for each in dataset.contract.channels if not address_of(each)]
    others = f"; not usable: {clean(', '.join(unusable))}" if unusable else ""
    step = f"add an entry to `support` with tool slack, email or webhook and scope {_SCOPES[audience]}"
    raise CannotAct(f"{dataset.contract.path}: no channel for {audience.value}{others}; {step}")


def _tried(recipient: Recipient, dataset: Dataset, settings: Settings, ports: WiredPorts) -> Line:
    message = trial_message(recipient, dataset, message_id=f"test-{secrets.token_hex(16)}")
    missing = settings.missing_for(recipient.tool)
    if missing:
        return _line(message, "not sent", f"{missing} is not set, so messages go to the local inbox page")
    try:
        ports.notifier.send(message)
    except DeliveryError as error:
        return _line(message, "not sent", str(error))
    if dataset.contract.status not in NOTIFYING_STATUSES:
        return _line(message, f"sent; but the contract is {dataset.contract.status.value}, and notifies nobody")
    return _line(message, "sent")


def _line(message: Message, result: str, why: str = "") -> Line:
    channel = shown_channel(message.tool, message.channel)
    about = {"tool": message.tool, "audience": message.audience, "text": message.text}
    return Line(channel=channel, result=result, why=why, **about)


def _print(lines: Sequence[Line], *, as_json: bool) -> None:
    if as_json:
        print_json({"channels": dumped(lines)})
        return
    if not lines:
        typer.echo("no message waits")
    for line in lines:
        where = f"{line.tool} {displayed(line.channel)} ({line.audience})"
        tables.terminal().print(f"{line.result}: {where}: {displayed(line.text)}", markup=False, highlight=False)
        if line.why:
            tables.terminal().print(f"    {displayed(line.why, limit=1000)}", markup=False, highlight=False)
