"""What the page of a partition shows: checks by outcome, what attempts changed, and the messages. Pure."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from itertools import pairwise
from typing import NamedTuple

from markupsafe import Markup

from partition_gate.alerts.slack_preview import preview
from partition_gate.apps.web.console import Attempts
from partition_gate.core.addresses import shown_channel
from partition_gate.core.display import listed
from partition_gate.judging.attempt import OutboxEntry, Settlement
from partition_gate.judging.disposition import VISIBLE, PartitionOutcome
from partition_gate.judging.quarantine import QuarantineSample
from partition_gate.judging.replay import Action
from partition_gate.judging.verdict import CheckResult
from partition_gate.presentation.outcomes import CHECK_SYMBOLS, OUTCOMES

_NAMED = 5


class Ask(NamedTuple):
    """Something that a visitor may ask a run for, and what it does."""

    action: Action
    label: str
    hint: str


_ASKS = (
    Ask(Action.APPROVE, "Approve", "publishes the held version although it is much smaller"),
    Ask(Action.REJECT, "Reject", "keeps the version before; corrected files are judged as usual"),
    Ask(Action.REPLAY, "Replay", "judges the quarantined rows again, with those that are published"),
    Ask(Action.RECOVER, "Recover", "corrects the quarantined rows with the contract's function and judges them again"),
    Ask(Action.ROLL_BACK, "Roll back", "judges the version before again and publishes it"),
)


def asks(settlement: Settlement, attempts: Attempts) -> tuple[Ask, ...]:
    """What can be asked for: a decision about a held version, a replay of quarantined rows, the version before."""
    is_held = settlement.outcome is PartitionOutcome.HELD
    visible = [each for each in attempts.settlements if each.outcome in VISIBLE]
    possible = {
        Action.APPROVE: is_held,
        Action.REJECT: is_held,
        Action.REPLAY: settlement.rows_quarantined > 0,
        Action.RECOVER: settlement.rows_quarantined > 0 and bool(attempts.recover),
        Action.ROLL_BACK: settlement.outcome in VISIBLE and len(visible) > 1,
    }
    return tuple(ask for ask in _ASKS if possible[ask.action])


def failures_first(results: Iterable[CheckResult]) -> list[CheckResult]:
    """Results sorted by outcome, worst first; within one outcome in the order of the suite."""
    order = list(CHECK_SYMBOLS)
    return sorted(results, key=lambda result: order.index(result.outcome))


def differences(attempts: Attempts) -> Mapping[str, tuple[str, ...]]:
    """For each attempt what changed since the one before; nothing for the first."""
    found: dict[str, tuple[str, ...]] = {each.attempt_id: () for each in attempts.settlements[:1]}
    for before, after in pairwise(attempts.settlements):
        changed = tuple(_changes(before, after, attempts.not_passed))
        found[after.attempt_id] = changed or ("nothing: the same files, contract and outcome",)
    return found


def _changes(before: Settlement, after: Settlement, results: Mapping[str, Sequence[CheckResult]]) -> Iterator[str]:
    if before.outcome is not after.outcome:
        yield f"{OUTCOMES[before.outcome].word} → {OUTCOMES[after.outcome].word}"
    if before.version != after.version:
        yield f"contract {before.version} → {after.version}"
    names = {"delivered": "rows_in"} | {word: f"rows_{word}" for word in ("published", "quarantined", "discarded")}
    for word, name in names.items():
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield f"rows {word}: {old:,} → {new:,}"
    old_checks, new_checks = ({each.rule_id for each in results.get(one.attempt_id, ())} for one in (before, after))
    if failing := sorted(new_checks - old_checks):
        yield f"did not pass any more: {_named(failing)}"
    if gone := sorted(old_checks - new_checks):
        yield f"passes now, or was not checked: {_named(gone)}"
    if before.idempotency_key == after.idempotency_key and before.outcome is not after.outcome:
        yield "the files and the contract are the same"


def _named(rules: Sequence[str]) -> str:
    return listed(rules, _NAMED)


def failing_cells(sample: QuarantineSample) -> list[frozenset[int]]:
    """For each row the places of the columns whose rules it breaks; a rule's id begins with its column."""
    places = {name.casefold(): place for place, name in enumerate(sample.columns)}
    names = ([rule_id.partition(".")[0].casefold() for rule_id in row.rule_ids] for row in sample.rows)
    return [frozenset(places[name] for name in own if name in places) for own in names]


def csv_of(sample: QuarantineSample) -> str:
    """The rows as CSV with their reasons. No spreadsheet takes a text for a formula: it gets an apostrophe."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(_inert, ("reasons", *sample.columns, "source file", "row")))
    for row in sample.rows:
        shown = ("; ".join(row.reasons), *row.values, row.source_file)
        writer.writerow([*map(_inert, shown), row.source_row])
    return text.getvalue()


def _inert(text: str | None) -> str:
    """Source: OWASP, CSV injection. Numbers such as -5 stay numbers."""
    if not text or text[0] not in "=+-@":
        return text or ""
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


class ShownMessage(NamedTuple):
    """A message as it looks in Slack: a root shows its newest edit, and its replies oldest first."""

    entry: OutboxEntry
    preview: Markup
    channel: str
    replies: tuple[ShownMessage, ...] = ()


def conversations(entries: Sequence[OutboxEntry]) -> list[ShownMessage]:
    """The messages of an outbox (newest first) with their replies; a reply whose root is missing is shown alone."""
    oldest_first = entries[::-1]
    roots = {entry.message.id for entry in entries}
    edited = {entry.message.root: entry for entry in oldest_first if entry.message.is_edit}
    replies: dict[str, list[ShownMessage]] = {}
    alone = []
    for entry in oldest_first:
        if entry.message.root in roots and not entry.message.is_edit:
            replies.setdefault(entry.message.root, []).append(_shown(entry, entry))
        elif not entry.message.is_edit:
            alone.append(entry)
    return [
        _shown(entry, edited.get(entry.message.id, entry))._replace(replies=tuple(replies.get(entry.message.id, ())))
        for entry in reversed(alone)
    ]


def _shown(entry: OutboxEntry, newest: OutboxEntry) -> ShownMessage:
    # `preview` escapes its whole input.
    channel = shown_channel(entry.message.tool, entry.message.channel)
    return ShownMessage(entry, Markup(preview(newest.message.blocks)), channel)  # noqa: S704
