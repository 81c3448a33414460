"""What an alert says: one small function an outcome and audience, for somebody who was asleep a minute ago.

First what happened to which partition, then why, then what to do. Lines are mrkdwn made of `plain` and `code`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from partition_gate.alerts.case import Case, of
from partition_gate.alerts.slack_blocks import code, plain
from partition_gate.core.display import share
from partition_gate.core.record import Record
from partition_gate.judging.disposition import PartitionOutcome

_RED, _ORANGE, _YELLOW, _WHITE = "\U0001f534", "\U0001f7e0", "\U0001f7e1", "\u26aa"
_OLD_VERSION = "The version published before, if there is one, stays visible."


class Audience(StrEnum):
    """Who deliver the data, and who use it."""

    PRODUCERS = "producers"
    CONSUMERS = "consumers"


class Story(Record):
    """One alert. `mark` repeats what the words say.

    `headline`, `happened` and labels are clean text; values, `why` and `steps` are mrkdwn.
    """

    mark: str
    headline: str
    happened: str
    facts: tuple[tuple[str, str], ...] = ()
    why: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()


def story(case: Case, audience: Audience) -> Story | None:
    """The story for one audience; None where there is nothing to tell."""
    teller = _TELLERS.get((case.settlement.outcome, audience))
    return teller(case) if teller else None


def _warned(case: Case) -> Story | None:
    noticed = _noticed(case)
    if not noticed:
        return None
    return Story(
        mark=_YELLOW,
        headline=f"{case.subject} was published, with {' and '.join(noticed)}",
        happened="All rows are visible to consumers. Nothing is blocked, but somebody should look.",
        facts=(("Rows published", f"{case.settlement.rows_published:,}"),),
        why=case.rule_lines(case.broken_promises + case.warnings),
        steps=(*_keep_promises(case), *_mind_warnings(case)),
    )


def _partly_quarantined(case: Case) -> Story:
    settled = case.settlement
    return Story(
        mark=_YELLOW,
        headline=f"{case.subject}: {_counted(settled.rows_quarantined, 'row')} quarantined, the rest published",
        happened=f"{of(settled.rows_quarantined, settled.rows_in)} broke the contract and are not visible.",
        facts=_row_facts(case),
        why=(*case.rule_lines(case.blocking), *_also(case)),
        steps=(*_look(case), _deliver_again(case), _rule_is_wrong(case)),
    )


def _partly_left_out(case: Case) -> Story:
    settled = case.settlement
    left_out = _counted(settled.rows_quarantined, "row")
    part = share(settled.rows_quarantined, settled.rows_in)
    return Story(
        mark=_YELLOW,
        headline=f"{case.subject} is published without {left_out}",
        happened=f"The published rows passed every blocking rule. Counts and sums miss {part} of the rows.",
        facts=(("Safe to use", "Yes, what is published"), *_visible_facts(case)),
        why=case.rule_lines(case.blocking, impact=True),
        steps=("Nothing. When a corrected partition passes, it replaces this one as a whole.",),
    )


def _rejected(case: Case) -> Story:
    return Story(
        mark=_RED,
        headline=f"{case.subject} was rejected: nothing of it was published",
        happened=f"All that landed is in quarantine. {_OLD_VERSION}",
        facts=_row_facts(case),
        why=(*case.causes, *case.rule_lines(case.blocking), *_also(case)),
        steps=(*_look(case), _deliver_again(case), _rule_is_wrong(case)),
    )


def _withheld(case: Case) -> Story:
    return Story(
        mark=_RED,
        headline=f"{case.subject} was rejected: nothing new is visible",
        happened=f"The files that landed break the contract. {_OLD_VERSION}",
        facts=(_NOT_SAFE, *_visible_facts(case)),
        why=(*case.causes, *case.rule_lines(case.blocking, impact=True)),
        steps=("Wait for the corrected partition, or ask the owner.",),
    )


def _held(case: Case) -> Story:
    return Story(
        mark=_ORANGE,
        headline=f"{case.subject} is held until a person decides",
        happened=f"It looks wrong as a whole, so nothing of it was published. {_OLD_VERSION}",
        facts=_row_facts(case),
        why=(*case.causes, *case.rule_lines(case.blocking), *_also(case)),
        steps=(
            *_look(case),
            f"If the data is right, lower {code('shrinkLimit')} in {code(case.dataset.contract.path)}, "
            f"then: {case.command('run')}",
            f"If it is wrong: {_deliver_again(case)}",
        ),
    )


def _awaiting_decision(case: Case) -> Story:
    return Story(
        mark=_ORANGE,
        headline=f"{case.subject} is held: nothing new is visible",
        happened=f"It looks wrong as a whole and a person must approve it. {_OLD_VERSION}",
        facts=(_NOT_SAFE, *_visible_facts(case)),
        why=case.causes,
        steps=("Wait for the decision, or ask the owner.",),
    )


def _missing(case: Case) -> Story:
    return Story(
        mark=_RED,
        headline=f"{case.subject} has not arrived",
        happened="No complete set of files landed in time, so there was nothing to check.",
        facts=(("Expected in", case.landing_folder),),
        why=case.causes,
        steps=(
            "Find out why the export did not run or did not finish.",
            f"Land the files in {case.landing_folder}, then: {case.command('run')}",
            f"No data due for this partition? Correct the calendar in {code(case.dataset.contract.path)}.",
        ),
    )


def _not_there(case: Case) -> Story:
    return Story(
        mark=_RED,
        headline=f"{case.subject} has not arrived: it has no rows",
        happened="It was not delivered in time. Absent is not zero: leave this partition out.",
        facts=(_NOT_SAFE,),
        why=case.causes,
        steps=("Wait: the owner was told. It is published once it has landed and passed.",),
    )


def _not_judged(case: Case) -> Story:
    return Story(
        mark=_WHITE,
        headline=f"{case.subject} could not be judged: a fault on our side",
        happened=f"This says nothing about your data, and nothing of it was published. {_OLD_VERSION}",
        why=case.causes or case.rule_lines(case.warnings + case.blocking),
        steps=("Nothing for you to do. The operators find the error in the log of the run.",),
    )


_NOT_SAFE = ("Safe to use", "No, wait for this partition")


def _row_facts(case: Case) -> tuple[tuple[str, str], ...]:
    settled = case.settlement
    return (
        ("Rows landed", f"{settled.rows_in:,}"),
        ("Rows published", f"{settled.rows_published:,}"),
        ("Rows quarantined", f"{settled.rows_quarantined:,} ({share(settled.rows_quarantined, settled.rows_in)})"),
        ("Owner", plain(case.dataset.contract.team.name or "not named in the contract", limit=80)),
    )


def _visible_facts(case: Case) -> tuple[tuple[str, str], ...]:
    settled = case.settlement
    return (
        ("Rows published", f"{settled.rows_published:,}"),
        ("Rows left out", f"{settled.rows_in - settled.rows_published:,}"),
    )


def _look(case: Case) -> tuple[str, ...]:
    shown = f"Look at the rows and their reasons: {case.command('quarantine', 'show')}"
    return (shown,) if case.settlement.quarantine_uri else ()


def _deliver_again(case: Case) -> str:
    return f"Correct the files, land them again in {case.landing_folder}, then: {case.command('run')}"


def _rule_is_wrong(case: Case) -> str:
    return f"Is the rule wrong, not the data? Change {code(case.dataset.contract.path)}."


def _noticed(case: Case) -> tuple[str, ...]:
    """`1 promise over time not kept`, `2 warnings`: what blocks nothing."""
    promises = _counted(len(case.broken_promises), "promise")
    told = (f"{promises} over time not kept",) if case.broken_promises else ()
    return (*told, _counted(len(case.warnings), "warning")) if case.warnings else told


def _also(case: Case) -> tuple[str, ...]:
    noticed = _noticed(case)
    return (f"Also {' and '.join(noticed)}, see the report.",) if noticed else ()


def _keep_promises(case: Case) -> tuple[str, ...]:
    step = (
        "A promise over time blocks no partition. Find the partitions that break it, correct them and land them "
        f"again, or agree on another promise in {code(case.dataset.contract.path)}."
    )
    return (step,) if case.broken_promises else ()


def _mind_warnings(case: Case) -> tuple[str, ...]:
    step = "Not urgent: correct the source, or the rule in the contract, before it becomes an error."
    return (step,) if case.warnings else ()


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


_TELLERS: dict[tuple[PartitionOutcome, Audience], Callable[[Case], Story | None]] = {
    (PartitionOutcome.PUBLISHED, Audience.PRODUCERS): _warned,
    (PartitionOutcome.PUBLISHED_WITH_QUARANTINE, Audience.PRODUCERS): _partly_quarantined,
    (PartitionOutcome.PUBLISHED_WITH_QUARANTINE, Audience.CONSUMERS): _partly_left_out,
    (PartitionOutcome.REJECTED, Audience.PRODUCERS): _rejected,
    (PartitionOutcome.REJECTED, Audience.CONSUMERS): _withheld,
    (PartitionOutcome.HELD, Audience.PRODUCERS): _held,
    (PartitionOutcome.HELD, Audience.CONSUMERS): _awaiting_decision,
    (PartitionOutcome.MISSING, Audience.PRODUCERS): _missing,
    (PartitionOutcome.MISSING, Audience.CONSUMERS): _not_there,
    (PartitionOutcome.ERRORED, Audience.PRODUCERS): _not_judged,
}
