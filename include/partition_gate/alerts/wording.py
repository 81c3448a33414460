"""The wording of alerts: one small function per outcome and audience, for readers who were asleep a minute ago.

First what happened to which partition, then why, then what to do. Lines are mrkdwn built with `plain` and `code`.
"""

from __future__ import annotations

from collections.abc import Callable

from partition_gate.alerts.case import Case, of
from partition_gate.alerts.slack_blocks import clean, code, plain
from partition_gate.core.display import share
from partition_gate.core.record import Record
from partition_gate.incidents.model import Audience
from partition_gate.judging.disposition import VISIBLE, PartitionOutcome
from partition_gate.judging.verdict import CheckResult

_RED, _ORANGE, _YELLOW, _WHITE = "\U0001f534", "\U0001f7e0", "\U0001f7e1", "\u26aa"
_OLD_VERSION = "The previously published version, if any, stays visible."


class AlertText(Record):
    """The content of one alert. `mark` is an emoji for the outcome that `headline` states.

    `headline`, `happened` and labels are clean text; values, `why` and `steps` are mrkdwn.
    """

    mark: str
    headline: str
    happened: str
    facts: tuple[tuple[str, str], ...] = ()
    why: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()


def alert_text(case: Case, audience: Audience) -> AlertText | None:
    """The alert for one audience; None if the audience needs no alert."""
    write = _WRITERS.get((case.settlement.outcome, audience))
    return write(case) if write else None


def promise_text(case: Case, promise: CheckResult) -> AlertText:
    """The alert of a partition whose only news are broken promises over time, of which this is the first."""
    observed = f": {clean(promise.observed, limit=120)}" if promise.observed else ""
    outcome = case.settlement.outcome
    return AlertText(
        mark=_YELLOW,
        headline=f"{case.subject} did not keep {clean(promise.rule_id, limit=80)}{observed}",
        happened=f"Nothing is blocked by it{': the rows that passed are published' if outcome in VISIBLE else ''}.",
        facts=_published_fact(case) if outcome is PartitionOutcome.PUBLISHED else _row_facts(case),
        why=case.rule_lines(case.broken_promises),
        steps=_promise_steps(case),
    )


def _published_with_warnings(case: Case) -> AlertText | None:
    problems = _minor_problems(case)
    if not problems:
        return None
    return AlertText(
        mark=_YELLOW,
        headline=f"{case.subject} was published with {' and '.join(problems)}",
        happened="All rows are visible to consumers. Nothing is blocked, but please check the problems below.",
        facts=_published_fact(case),
        why=case.rule_lines(case.broken_promises + case.warnings),
        steps=(*_promise_steps(case), *_warning_steps(case)),
    )


def _partly_quarantined(case: Case) -> AlertText:
    settled = case.settlement
    return AlertText(
        mark=_YELLOW,
        headline=f"{case.subject}: {_counted(settled.rows_quarantined, 'row')} quarantined, the rest published",
        happened=f"{of(settled.rows_quarantined, settled.rows_in)} violate the contract and are not visible.",
        facts=_row_facts(case),
        why=(*case.rule_lines(case.blocking), *_also(case)),
        steps=(*_inspect_rows(case), _deliver_again(case), _correct_rule(case)),
    )


def _partly_left_out(case: Case) -> AlertText:
    settled = case.settlement
    left_out = _counted(settled.rows_quarantined, "row")
    part = share(settled.rows_quarantined, settled.rows_in)
    return AlertText(
        mark=_YELLOW,
        headline=f"{case.subject} was published without {left_out}",
        happened=f"The published rows passed every blocking rule. Counts and sums do not include {part} of the rows.",
        facts=(("Safe to use", "Yes, the published rows"), *_visible_facts(case)),
        why=case.rule_lines(case.blocking, impact=True),
        steps=("Nothing. When a corrected partition passes, it replaces the whole partition.",),
    )


def _rejected(case: Case) -> AlertText:
    return AlertText(
        mark=_RED,
        headline=f"{case.subject} was rejected: none of its rows were published",
        happened=f"All landed rows are in quarantine. {_OLD_VERSION}",
        facts=_row_facts(case),
        why=(*case.causes, *case.rule_lines(case.blocking), *_also(case)),
        steps=(*_inspect_rows(case), _deliver_again(case), _correct_rule(case)),
    )


def _withheld(case: Case) -> AlertText:
    return AlertText(
        mark=_RED,
        headline=f"{case.subject} was rejected: nothing new is visible",
        happened=f"The landed files violate the contract. {_OLD_VERSION}",
        facts=(*_not_safe(case), *_visible_facts(case)),
        why=(*case.causes, *case.rule_lines(case.blocking, impact=True)),
        steps=("Wait: this thread says when it is published. Questions: ask the owner.",),
    )


def _held(case: Case) -> AlertText:
    return AlertText(
        mark=_ORANGE,
        headline=f"{case.subject} is held until a person decides",
        happened=f"The partition as a whole looks wrong, so none of its rows were published. {_OLD_VERSION}",
        facts=_row_facts(case),
        why=(*case.causes, *case.rule_lines(case.blocking), *_also(case)),
        steps=(
            *_inspect_rows(case),
            f"If the data is right: {case.command('approve')} with {code('--why')}",
            f"If the data is wrong: {case.command('reject')} with {code('--why')}. {_deliver_again(case)}",
        ),
    )


def _awaiting_decision(case: Case) -> AlertText:
    return AlertText(
        mark=_ORANGE,
        headline=f"{case.subject} is held: nothing new is visible",
        happened=f"The partition as a whole looks wrong, and a person must approve it. {_OLD_VERSION}",
        facts=(*_not_safe(case), *_visible_facts(case)),
        why=case.causes,
        steps=("Wait: this thread says when it is decided. Questions: ask the owner.",),
    )


def _missing(case: Case) -> AlertText:
    return AlertText(
        mark=_RED,
        headline=f"{case.subject} has not arrived",
        happened="No complete set of files landed on time, so there was nothing to check.",
        facts=(("Expected in", case.landing_folder),),
        why=case.causes,
        steps=(
            "Find out why the export did not run or did not finish.",
            f"Land the files in {case.landing_folder}; they are judged within minutes.",
            f"If no data is due for this partition, correct the calendar in {code(case.dataset.contract.path)}.",
        ),
    )


def _not_there(case: Case) -> AlertText:
    return AlertText(
        mark=_RED,
        headline=f"{case.subject} has not arrived: it has no rows",
        happened="It was not delivered on time. Missing rows are not zero: exclude this partition.",
        facts=_not_safe(case),
        why=case.causes,
        steps=("Wait: the owner was notified, and this thread says when it is published.",),
    )


def _not_judged(case: Case) -> AlertText:
    return AlertText(
        mark=_WHITE,
        headline=f"{case.subject} could not be judged because of a fault in the gate",
        happened=f"This says nothing about your data. None of its rows were published. {_OLD_VERSION}",
        why=case.causes or case.rule_lines(case.warnings + case.blocking),
        steps=("There is nothing for you to do. Operators find the error in the log of the run.",),
    )


def _to_be_repaired(case: Case) -> AlertText:
    return AlertText(
        mark=_WHITE,
        headline=f"{case.subject} could not be judged",
        happened=f"The gate or a service that it needs failed; the data may be fine. {_OLD_VERSION}",
        facts=(("Lands in", case.landing_folder),),
        why=case.causes or case.rule_lines(case.warnings + case.blocking),
        steps=("Fix the cause that the message names.", f"Then run: {case.command('run')}"),
    )


def _not_safe(case: Case) -> tuple[tuple[str, str], ...]:
    newest = (("Newest partition that is safe", code(case.newest_visible)),) if case.newest_visible else ()
    return (("Safe to use", "No, wait for this partition"), *newest)


def _row_facts(case: Case) -> tuple[tuple[str, str], ...]:
    settled = case.settlement
    return (
        ("Rows landed", f"{settled.rows_in:,}"),
        ("Rows published", f"{settled.rows_published:,}"),
        ("Rows quarantined", f"{settled.rows_quarantined:,} ({share(settled.rows_quarantined, settled.rows_in)})"),
        ("Owner", plain(case.dataset.contract.team.owner or "not named in the contract", limit=80)),
    )


def _published_fact(case: Case) -> tuple[tuple[str, str], ...]:
    return (("Rows published", f"{case.settlement.rows_published:,}"),)


def _visible_facts(case: Case) -> tuple[tuple[str, str], ...]:
    settled = case.settlement
    return (*_published_fact(case), ("Rows left out", f"{settled.rows_in - settled.rows_published:,}"))


def _inspect_rows(case: Case) -> tuple[str, ...]:
    uri = case.settlement.quarantine_uri
    return (f"Look at the rows and their reasons: {code(uri, limit=500)}",) if uri else ()


def _deliver_again(case: Case) -> str:
    return f"Correct the files and land them again in {case.landing_folder}; they are judged within minutes."


def _correct_rule(case: Case) -> str:
    return f"If the rule is wrong, not the data, change {code(case.dataset.contract.path)}."


def _minor_problems(case: Case) -> tuple[str, ...]:
    """`1 promise over time not kept`, `2 warnings`: problems that do not block."""
    promises = f"{_counted(len(case.broken_promises), 'promise')} over time not kept"
    warnings = _counted(len(case.warnings), "warning")
    return (*((promises,) if case.broken_promises else ()), *((warnings,) if case.warnings else ()))


def _also(case: Case) -> tuple[str, ...]:
    problems = _minor_problems(case)
    return (f"Also {' and '.join(problems)}; see the report.",) if problems else ()


def _promise_steps(case: Case) -> tuple[str, ...]:
    step = (
        "A promise over time does not block a partition. Find the partitions that break it, correct them and land "
        f"them again, or change the promise in {code(case.dataset.contract.path)}."
    )
    return (step,) if case.broken_promises else ()


def _warning_steps(case: Case) -> tuple[str, ...]:
    step = "Not urgent: correct the source, or the rule in the contract, before the warning becomes an error."
    return (step,) if case.warnings else ()


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


_WRITERS: dict[tuple[PartitionOutcome, Audience], Callable[[Case], AlertText | None]] = {
    (PartitionOutcome.PUBLISHED, Audience.PRODUCERS): _published_with_warnings,
    (PartitionOutcome.PUBLISHED_WITH_QUARANTINE, Audience.PRODUCERS): _partly_quarantined,
    (PartitionOutcome.PUBLISHED_WITH_QUARANTINE, Audience.CONSUMERS): _partly_left_out,
    (PartitionOutcome.REJECTED, Audience.PRODUCERS): _rejected,
    (PartitionOutcome.REJECTED, Audience.CONSUMERS): _withheld,
    (PartitionOutcome.HELD, Audience.PRODUCERS): _held,
    (PartitionOutcome.HELD, Audience.CONSUMERS): _awaiting_decision,
    (PartitionOutcome.MISSING, Audience.PRODUCERS): _missing,
    (PartitionOutcome.MISSING, Audience.CONSUMERS): _not_there,
    (PartitionOutcome.ERRORED, Audience.PRODUCERS): _not_judged,
    (PartitionOutcome.ERRORED, Audience.OPERATORS): _to_be_repaired,
}
