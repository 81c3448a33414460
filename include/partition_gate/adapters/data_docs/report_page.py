"""What the page of an attempt shows, from its report. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote

from partition_gate.core.severity import Scope
from partition_gate.judging.report import AttemptReport, RecentAttempt, has_report
from partition_gate.judging.verdict import CheckOutcome, CheckResult, by_reason, told_by_no_check
from partition_gate.presentation.outcomes import CHECK_SYMBOLS, CHECK_WORDS, OUTCOMES

_NOT_CHECKED = "nothing"  # the class of a partition in which the check did not run


class Cause(NamedTuple):
    """Why several checks could not be judged, told once."""

    sentence: str
    rules: tuple[str, ...]


class Cell(NamedTuple):
    """One partition of the history of a check. `page` is relative to the page of an attempt; None: there is none."""

    css: str
    symbol: str
    title: str
    page: str | None


class ReportPage(NamedTuple):
    """Check results that did not pass (worst first), that passed, and the promises over time, each with its history.

    `why` has the reasons of the outcome that no check on the page tells.
    """

    why: tuple[str, ...]
    causes: tuple[Cause, ...]
    not_passed: tuple[CheckResult, ...]
    passed: tuple[CheckResult, ...]
    promises: tuple[CheckResult, ...]
    recent: dict[str, tuple[Cell, ...]]
    clause_link: Callable[[CheckResult], str | None]


def report_page(report: AttemptReport) -> ReportPage:
    """The page's parts. A result that shares its reason with others is in `causes` only."""
    causes = tuple(_causes(report.results))
    told = {rule for cause in causes for rule in cause.rules}
    results = [result for result in report.results if result.rule_id not in told]
    checks = [result for result in results if result.scope is not Scope.SLA]
    worst_first = list(CHECK_SYMBOLS)
    not_passed = [result for result in checks if result.outcome is not CheckOutcome.PASSED]
    return ReportPage(
        why=told_by_no_check(report.settlement.why, results),
        causes=causes,
        not_passed=tuple(sorted(not_passed, key=lambda result: worst_first.index(result.outcome))),
        passed=tuple(result for result in checks if result.outcome is CheckOutcome.PASSED),
        promises=tuple(result for result in results if result.scope is Scope.SLA),
        recent={result.rule_id: tuple(_cells(result.rule_id, report.recent)) for result in results},
        clause_link=lambda result: _clause_link(report.contract_page, result),
    )


def _causes(results: Sequence[CheckResult]) -> Iterator[Cause]:
    """If another check failed, the reason is left out: the failure explains it."""
    has_failure = any(result.outcome is CheckOutcome.FAILED for result in results)
    for group in by_reason(results):
        if (count := len(group.results)) > 1:
            why = "." if has_failure else f": {group.why}"
            yield Cause(f"{count:,} checks could not be judged{why}", tuple(each.rule_id for each in group.results))


def _cells(rule_id: str, recent: Sequence[RecentAttempt]) -> Iterator[Cell]:
    for each in recent:
        settlement = each.settlement
        page = f"../{settlement.attempt_id}/index.html" if has_report(settlement) else None
        if not has_report(settlement):
            words = OUTCOMES[settlement.outcome]
            yield Cell(_NOT_CHECKED, words.symbol, f"{settlement.partition_key}: {words.word}", page)
            continue
        outcome = each.not_passed.get(rule_id, CheckOutcome.PASSED)
        title = f"{settlement.partition_key}: {CHECK_WORDS[outcome]}"
        yield Cell(outcome.value, CHECK_SYMBOLS[outcome], title, page)


def _clause_link(contract_page: str | None, result: CheckResult) -> str | None:
    return f"{contract_page}#{quote(result.clause, safe='')}" if contract_page else None
