"""What a settlement says about the problems of its dataset, and who is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC

from partition_gate.alerts.alert import (
    Alert,
    Links,
    Recipient,
    alert_for,
    end_of_support_alert,
    is_in_force,
    promise_alerts,
    recipients_of,
)
from partition_gate.alerts.case import Case, of
from partition_gate.alerts.slack_blocks import clean
from partition_gate.contract.calendar import recorded_period
from partition_gate.core.display import counted
from partition_gate.core.severity import Scope
from partition_gate.incidents.model import Assessment, Audience, Notice, Problem, ProblemKind
from partition_gate.judging.anomalies import Comparison
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.judging.promises import HISTORY
from partition_gate.judging.verdict import CheckOutcome, CheckResult, by_reason

MISSING, HELD, ERRORED, REJECTED, UNJUDGED = "missing", "held", "errored", "rejected", "unjudged"
END_OF_SUPPORT = "endOfSupport"
_FINDING_LENGTH = 160
_OF_PARTITION = {
    PartitionOutcome.MISSING: (MISSING, ProblemKind.MISSING),
    PartitionOutcome.ERRORED: (ERRORED, ProblemKind.ERRORED),
    PartitionOutcome.HELD: (HELD, ProblemKind.HELD),
}
# What an outcome shows to be in order, besides the checks that passed.
_IN_ORDER = {
    PartitionOutcome.MISSING: frozenset({ERRORED}),
    PartitionOutcome.ERRORED: frozenset[str](),
    PartitionOutcome.HELD: frozenset({MISSING, ERRORED, REJECTED}),
}
_JUDGED = frozenset({MISSING, ERRORED, HELD, REJECTED, UNJUDGED})
_UNKNOWN = frozenset({CheckOutcome.UNKNOWN, CheckOutcome.ERRORED})


def assessment_of(case: Case, links: Links, *, operators: str = "", is_backfill: bool = False) -> Assessment | None:
    """The problems of the partition, what is in order, and the notices; None if the contract notifies nobody.

    A contract notifies while it is active or deprecated, from its `generalAvailability` on. A missing or unreadable
    partition is one problem: what follows from it (unknown checks, a promise on arrival) is not told as well. A
    backfill of a partition whose period ended more than 30 days ago is quiet. `operators` is the channel of those who
    run the gate; with it, producers are not told of the gate's own faults.
    """
    settlement, dataset = case.settlement, case.dataset
    if settlement.outcome is PartitionOutcome.SUPERSEDED or not is_in_force(dataset, settlement):
        return None
    problems = tuple(each.model_copy(update={"began_at": case.began_at}) for each in _problems(case))
    in_order = _IN_ORDER.get(settlement.outcome, _JUDGED) | {
        result.rule_id for result in case.results if result.outcome is CheckOutcome.PASSED
    }
    covered = recorded_period(dataset, settlement.partition_key)
    return Assessment(
        dataset=settlement.dataset,
        contract=settlement.contract,
        partition_key=settlement.partition_key,
        position=covered[0].astimezone(UTC).isoformat() if covered else settlement.partition_key,
        problems=problems,
        in_order=in_order - {problem.cause for problem in problems},
        notices=tuple(_notices(case, problems, links, recipients_of(dataset, operators=operators))),
        is_quiet=is_backfill and covered is not None and settlement.settled_at - covered[1] > HISTORY,
        attempt_id=settlement.attempt_id,
        summary=_summary(settlement),
    )


def with_anomalies(assessment: Assessment, found: Comparison, recipients: Sequence[Recipient]) -> Assessment:
    """The assessment with the anomalies and drifts, of which the digest tells producers."""
    unusual = [(each.cause, each.sentence) for each in found.anomalies]
    unusual += [(each.cause, each.sentence) for each in found.drifts]
    causes = frozenset(cause for cause, _ in unusual)
    problems = tuple(
        Problem(cause=cause, kind=ProblemKind.ANOMALY, finding=clean(sentence, limit=_FINDING_LENGTH))
        for cause, sentence in unusual
    )
    notices = tuple(
        Notice(tool=each.tool, channel=each.channel, audience=each.audience, causes=causes, content="", is_digest=True)
        for each in recipients
        if each.audience is Audience.PRODUCERS and causes
    )
    return assessment.model_copy(
        update={
            "problems": (*assessment.problems, *problems),
            "in_order": assessment.in_order | found.in_order,
            "notices": (*assessment.notices, *notices),
        }
    )


def _problems(case: Case) -> Iterator[Problem]:
    """The problem of the partition as a whole, then its failing checks, then the promises that it breaks."""
    settled = case.settlement
    why = clean(settled.why[0], limit=_FINDING_LENGTH) if settled.why else settled.outcome.value
    if settled.outcome in _OF_PARTITION:
        cause, kind = _OF_PARTITION[settled.outcome]
        yield Problem(cause=cause, kind=kind, finding=why, blocks=True)
    if settled.outcome in {PartitionOutcome.MISSING, PartitionOutcome.ERRORED}:
        return
    checks = list(_of_checks(case))
    if settled.outcome is PartitionOutcome.REJECTED and not any(problem.blocks for problem in checks):
        yield Problem(cause=REJECTED, kind=ProblemKind.RULE, finding=why, blocks=True)
    yield from checks
    for result in case.broken_promises:
        yield Problem(cause=result.rule_id, kind=ProblemKind.PROMISE, finding=_finding(result))
    if end_of_support_alert(case, Links()):
        day = case.dataset.limits.end_of_support
        yield Problem(cause=END_OF_SUPPORT, kind=ProblemKind.LIFECYCLE, finding=f"support ended on {day}")


def _of_checks(case: Case) -> Iterator[Problem]:
    """The checks that failed or warned; checks that could not be judged are one problem, or none if a failed check of
    the whole partition explains them.
    """
    is_rejected = case.settlement.outcome is PartitionOutcome.REJECTED
    notable = (*case.blocking, *case.warnings)
    for result in notable:
        if result.outcome not in _UNKNOWN:
            blocks = is_rejected and result in case.blocking
            yield Problem(cause=result.rule_id, kind=ProblemKind.RULE, finding=_finding(result), blocks=blocks)
    if any(result.scope is Scope.PARTITION and result.outcome is CheckOutcome.FAILED for result in notable):
        return
    for group in by_reason(notable)[:1]:
        blocks = is_rejected and any(result in case.blocking for result in group.results)
        finding = clean(group.sentence, limit=_FINDING_LENGTH)
        yield Problem(cause=UNJUDGED, kind=ProblemKind.RULE, finding=finding, blocks=blocks)


def _finding(result: CheckResult) -> str:
    """`20 of 842 rows (2.4%): SJU 20`, or what was observed (of the whole partition: and expected)."""
    if result.unexpected_count is not None and result.element_count and result.scope is not Scope.SLA:
        counted = of(result.unexpected_count, result.element_count)
        return clean(": ".join(text for text in (counted, result.failing) if text), limit=_FINDING_LENGTH)
    if result.observed and result.scope is Scope.PARTITION:
        return clean(f"{result.observed}; expected: {result.expected}", limit=_FINDING_LENGTH)
    return clean(result.observed or f"expected: {result.expected}", limit=_FINDING_LENGTH)


def _notices(
    case: Case, problems: Sequence[Problem], links: Links, recipients: Sequence[Recipient]
) -> Iterator[Notice]:
    has_operators = any(recipient.audience is Audience.OPERATORS for recipient in recipients)
    ended = frozenset({END_OF_SUPPORT})
    for recipient in recipients:
        causes = _causes_for(recipient.audience, case, problems, has_operators=has_operators)
        alert = alert_for(case, recipient.audience, links) if causes else None
        if alert:
            yield _with_promises(_notice(recipient, causes - ended, alert), case, links)
        if recipient.audience is Audience.CONSUMERS and (alert := end_of_support_alert(case, links)):
            yield _notice(recipient, ended, alert)


def _causes_for(audience: Audience, case: Case, problems: Sequence[Problem], *, has_operators: bool) -> frozenset[str]:
    """Consumers are told what changes the rows that they see; operators what the gate could not judge."""
    errored = frozenset(problem.cause for problem in problems if problem.kind is ProblemKind.ERRORED)
    everything = frozenset(problem.cause for problem in problems)
    match audience:
        case Audience.OPERATORS:
            return errored
        case Audience.CONSUMERS:
            leaving_out = frozenset(result.rule_id for result in case.blocking)
            return frozenset(problem.cause for problem in problems if problem.blocks or problem.cause in leaving_out)
        case _:
            return everything - errored if has_operators else everything


def _with_promises(notice: Notice, case: Case, links: Links) -> Notice:
    """The notice, with what producers are told if the partition's other problems are known already."""
    if notice.audience is not Audience.PRODUCERS:
        return notice
    alerts = ((cause, alert.model_dump_json()) for cause, alert in promise_alerts(case, links))
    return notice.model_copy(update={"minor": tuple(each for each in alerts if each[0] in notice.causes)})


def _notice(recipient: Recipient, causes: frozenset[str], alert: Alert) -> Notice:
    return Notice(
        tool=recipient.tool,
        channel=recipient.channel,
        audience=recipient.audience,
        causes=causes,
        content=alert.model_dump_json(),
    )


def _summary(settlement: Settlement) -> str:
    """`2013-01-03 is published with 842 rows`, for the message that a problem is over."""
    key, outcome = settlement.partition_key, settlement.outcome.value.replace("_", " ")
    if settlement.outcome is PartitionOutcome.PUBLISHED:
        return f"{key} is published with {counted(settlement.rows_published, 'row')}"
    if settlement.outcome is PartitionOutcome.PUBLISHED_WITH_QUARANTINE:
        return f"{key} is published with {settlement.rows_published:,} of {settlement.rows_in:,} rows"
    return f"{key} was judged: {outcome}"
