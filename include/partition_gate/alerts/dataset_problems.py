"""What people are told of problems that no judgement of a partition found: of a dataset, or of the gate itself."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from partition_gate.alerts.alert import NOTIFYING_STATUSES, Alert, Links, Recipient, operators_recipients, recipients_of
from partition_gate.alerts.slack_blocks import Button, clean, code, plain
from partition_gate.alerts.wording import AlertText
from partition_gate.contract.model import Dataset
from partition_gate.core.record import Record
from partition_gate.incidents.model import Assessment, Audience, Notice, Problem, ProblemKind
from partition_gate.judging.drift import COMPARISON_FAILED

GATE = "gate"
_ORANGE, _YELLOW, _WHITE = "\U0001f7e0", "\U0001f7e1", "\u26aa"
_FINDING_LENGTH = 300
_EVERYBODY = frozenset({Audience.PRODUCERS, Audience.CONSUMERS})


class _Words(Record):
    """Who is told of a kind of problem, what it means for them, and what to do; `steps` are mrkdwn.

    `is_digest`: it is told in the digest of the day only.
    """

    audiences: frozenset[Audience]
    mark: str
    meaning: str
    steps: tuple[str, ...]
    is_digest: bool = False


def dataset_assessment(
    dataset: Dataset, problems: Sequence[Problem], in_order: frozenset[str], links: Links, *, operators: str = ""
) -> Assessment:
    """The problems of a dataset as a whole; without notices if its contract notifies nobody."""
    notifies = dataset.contract.status in NOTIFYING_STATUSES
    recipients = recipients_of(dataset, operators=operators) if notifies else ()
    return _assessment(dataset.name, dataset.contract.id, problems, in_order).model_copy(
        update={"notices": tuple(_notices(dataset.name, problems, links, recipients))}
    )


def gate_assessment(
    problems: Sequence[Problem], in_order: frozenset[str], links: Links, *, operators: str = ""
) -> Assessment:
    """The problems of the gate itself, which belong to no dataset."""
    own = operators_recipients(operators)
    return _assessment(GATE, "", problems, in_order).model_copy(
        update={"notices": tuple(_notices(GATE, problems, links, own))}
    )


def with_failed_comparison(assessment: Assessment, why: str, links: Links, *, operators: str) -> Assessment:
    """The assessment of a partition that could not be compared with its baseline, which keeps nothing back.

    Only operators are told, because the gate or its surroundings are at fault.
    """
    finding = clean(f"{assessment.partition_key} was not compared with the baseline: {why}", limit=_FINDING_LENGTH)
    problem = Problem(cause=COMPARISON_FAILED, kind=ProblemKind.OPERATIONS, finding=finding)
    told = AlertText(
        mark=_WHITE,
        headline=clean(f"{assessment.dataset}: {problem.finding}", limit=140),
        happened="The partition was judged as usual, but nobody would be told if its columns have drifted.",
        why=(plain(problem.finding, limit=300),) if len(problem.finding) > 100 else (),
        steps=(
            "Repair what the first line names. The next partition is compared again, and this thread says so.",
            f"Or remove the baseline: {code(f'gate baseline unpin {shlex.quote(clean(assessment.dataset))}')}",
        ),
    )
    alert = Alert(text=told, buttons=_buttons(links), origin=clean(f"{assessment.dataset} {assessment.partition_key}"))
    notices = tuple(
        Notice(
            tool=each.tool,
            channel=each.channel,
            audience=each.audience,
            causes=frozenset({problem.cause}),
            content=alert.model_dump_json(),
        )
        for each in operators_recipients(operators)
    )
    update = {"problems": (*assessment.problems, problem), "notices": (*assessment.notices, *notices)}
    return assessment.model_copy(update=update)


def _assessment(dataset: str, contract: str, problems: Sequence[Problem], in_order: frozenset[str]) -> Assessment:
    return Assessment(
        dataset=dataset,
        contract=contract,
        partition_key="",
        position="",
        problems=tuple(problems),
        in_order=in_order - {problem.cause for problem in problems},
    )


def _notices(
    subject: str, problems: Sequence[Problem], links: Links, recipients: Sequence[Recipient]
) -> Iterator[Notice]:
    """One notice for each problem and recipient, because the problems of a dataset do not belong together."""
    for problem in problems:
        words = _WORDS.get(problem.kind)
        for recipient in recipients if words else ():
            if words and recipient.audience in words.audiences:
                alert = Alert(text=_text(subject, problem, words), buttons=_buttons(links), origin=_origin(subject))
                yield Notice(
                    tool=recipient.tool,
                    channel=recipient.channel,
                    audience=recipient.audience,
                    causes=frozenset({problem.cause}),
                    content=alert.model_dump_json(),
                    is_digest=words.is_digest,
                )


def _text(subject: str, problem: Problem, words: _Words) -> AlertText:
    return AlertText(
        mark=words.mark,
        headline=clean(f"{subject}: {problem.finding}", limit=140),
        happened=words.meaning,
        why=(plain(problem.finding, limit=300),) if len(problem.finding) > 100 else (),
        steps=words.steps,
    )


def _buttons(links: Links) -> tuple[Button, ...]:
    named = (("Console", links.console), ("Contract", links.contract))
    return tuple(Button(label=label, url=url) for label, url in named if url)


def _origin(subject: str) -> str:
    return f"found by the watch in {clean(subject, limit=60)}, not by a run of a partition"


_WORDS = {
    ProblemKind.LANDING: _Words(
        audiences=frozenset({Audience.PRODUCERS}),
        mark=_YELLOW,
        meaning="The gate never judges such a folder, so nobody sees its rows.",
        steps=(
            "Rename the folder to a key that the contract's location and calendar expect, or remove it.",
            f"See what is in it: {code('gate reconcile')}",
        ),
    ),
    ProblemKind.PROMISE: _Words(
        audiences=_EVERYBODY,
        mark=_ORANGE,
        meaning="No partition failed: the data that is visible is simply too old.",
        steps=("Producers: find out why no newer data has landed. Consumers: do not read it as today's data.",),
    ),
    ProblemKind.LIFECYCLE: _Words(
        audiences=_EVERYBODY,
        mark=_YELLOW,
        meaning="The contract ends what it promises about this data.",
        steps=("Producers: extend the dates in the contract, or name the replacement. Consumers: plan the change.",),
    ),
    ProblemKind.FAST_BURN: _Words(
        audiences=frozenset({Audience.PRODUCERS}),
        mark=_ORANGE,
        meaning="At this rate the contract's promise is broken before its window ends.",
        steps=(f"See which partitions broke it: {code('gate sla')}",),
    ),
    ProblemKind.SLOW_BURN: _Words(
        audiences=frozenset({Audience.PRODUCERS}),
        mark=_YELLOW,
        meaning="The error budget is used up faster than the contract allows. Not urgent.",
        steps=(f"See which partitions broke it: {code('gate sla')}",),
        is_digest=True,
    ),
    ProblemKind.OPERATIONS: _Words(
        audiences=frozenset({Audience.OPERATORS}),
        mark=_WHITE,
        meaning="While this lasts, the gate does not notice late, missing or changed data there.",
        steps=("Repair what the first line names. The next pass of the watch looks again, and this thread says so.",),
    ),
    ProblemKind.DELIVERY: _Words(
        audiences=frozenset({Audience.OPERATORS}),
        mark=_ORANGE,
        meaning="People there do not hear of problems until it works again. Nothing is lost: the messages wait.",
        steps=(
            "Repair what the error names.",
            f"Then deliver what waits, or see why it still cannot be: {code('gate notify')}",
        ),
    ),
}
