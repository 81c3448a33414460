"""The subject of an alert: one settlement and its checks, rendered as short lines of inert mrkdwn.

The validator has already masked values of columns that the contract classifies or does not name (I9).
"""

from __future__ import annotations

import shlex
from functools import cached_property

from pydantic import AwareDatetime

from partition_gate.alerts.slack_blocks import clean, code, plain
from partition_gate.contract.model import Dataset
from partition_gate.core.display import share
from partition_gate.core.errors import MalformedPartitionKey
from partition_gate.core.partition import readable_path
from partition_gate.core.record import Record
from partition_gate.core.severity import Scope, Severity
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.disposition import VISIBLE
from partition_gate.judging.verdict import CheckOutcome, CheckResult, Unjudged, by_reason

RULES_SHOWN = 6
CAUSES_SHOWN = 3
_NAME_LENGTH = 60
_BLOCKING = frozenset({CheckOutcome.FAILED, CheckOutcome.UNKNOWN})


class Case(Record):
    """A settlement, the results of its attempt in suite order, and the contract.

    `began_at` is when the partition landed, or when a missing one was due; None if that is not known. `newest_visible`
    is the last partition before this one that consumers can use; empty if there is none, or if this one is visible.
    """

    settlement: Settlement
    results: tuple[CheckResult, ...]
    dataset: Dataset
    began_at: AwareDatetime | None = None
    newest_visible: str = ""

    @property
    def subject(self) -> str:
        """Dataset and partition as clean text (not mrkdwn): `flights 2013-01-03`."""
        dataset = clean(self.settlement.dataset, limit=_NAME_LENGTH)
        return f"{dataset} {clean(self.settlement.partition_key, limit=_NAME_LENGTH)}"

    @cached_property
    def blocking(self) -> tuple[CheckResult, ...]:
        """Blocking results: partition-level results first, then by failing rows."""
        blocking = [r for r in self.results if r.severity is Severity.ERROR and r.scope is not Scope.SLA]
        return tuple(sorted((r for r in blocking if r.outcome in _BLOCKING), key=_weight))

    @cached_property
    def warnings(self) -> tuple[CheckResult, ...]:
        """Results that do not block but need attention, by failing rows."""
        warnings = [r for r in self._notable if r.scope is not Scope.SLA and r not in self.blocking]
        return tuple(sorted(warnings, key=_weight))

    @cached_property
    def broken_promises(self) -> tuple[CheckResult, ...]:
        """Promises over time that were not kept; they never block, whatever their severity.

        Unknown promises of a partition that is not visible are left out: they may still be kept.
        """
        promises = (r for r in self._notable if r.scope is Scope.SLA)
        is_visible = self.settlement.outcome in VISIBLE
        return tuple(r for r in promises if is_visible or r.outcome is not CheckOutcome.UNKNOWN)

    @property
    def _notable(self) -> list[CheckResult]:
        passed = CheckOutcome.PASSED
        return [r for r in self.results if r.severity is not Severity.INFO and r.outcome is not passed]

    @property
    def causes(self) -> tuple[str, ...]:
        """The settlement's reasons that do not come from a single rule, as inert lines."""
        rules = tuple(f"{result.rule_id}: " for result in self.results)
        own = [cause for cause in self.settlement.why if not (rules and cause.startswith(rules))]
        more = [f"and {len(own) - CAUSES_SHOWN:,} more"] if len(own) > CAUSES_SHOWN else []
        return tuple(plain(cause, limit=300) for cause in (*own[:CAUSES_SHOWN], *more))

    def rule_lines(self, results: tuple[CheckResult, ...], *, impact: bool = False) -> tuple[str, ...]:
        """One bullet per rule for the six most important rules, then the number of the others.

        Rules that could not be judged share one bullet per reason; it omits the reason if a failure above explains it.
        """
        unjudged = by_reason(results)
        judged = [result for result in results if not any(result in group.results for group in unjudged)]
        lines = [self._rule_line(result, impact=impact) for result in judged]
        if any(result.scope is Scope.PARTITION for result in judged):
            count = sum(len(group.results) for group in unjudged)
            rest = [f"\u2022 {_checks(count)} could not be judged because of that"] if count else []
        else:
            rest = [self._unjudged_line(group, impact=impact) for group in unjudged]
        if len(lines) + len(rest) <= RULES_SHOWN:
            return (*lines, *rest)
        shown = max(RULES_SHOWN - len(rest), 1)
        more = len(lines) - shown + max(len(rest) - RULES_SHOWN, 0)
        return (*lines[:shown], *rest[:RULES_SHOWN], f"\u2022 and {more:,} more")

    def command(self, *words: str) -> str:
        """A `gate` command for this partition that can be copied into a shell."""
        named = (*words, self.dataset.qualified_name, self.settlement.partition_key)
        return code(shlex.join(clean(word) for word in ("gate", *named)), limit=500)

    @property
    def landing_folder(self) -> str:
        """Where the partition's files are expected."""
        location = self.dataset.location
        try:
            folder, place = (of(self.settlement.partition_key) for of in (location.folder, location.place))
            return code(f"{place}/" if place == readable_path(folder) else place)
        except MalformedPartitionKey:
            return code(location.shown_root)

    def _unjudged_line(self, unjudged: Unjudged, *, impact: bool) -> str:
        if len(unjudged.results) == 1:
            return self._rule_line(unjudged.results[0], impact=impact)
        why = f": {plain(unjudged.why, limit=160)}" if unjudged.why else ""
        return f"\u2022 {_checks(len(unjudged.results))} could not be judged{why}"

    def _rule_line(self, result: CheckResult, *, impact: bool) -> str:
        line = f"\u2022 {code(result.rule_id, limit=80)}  {self._finding(result)}"
        rule = next((rule for rule in self.dataset.rules if rule.path == result.clause), None)
        explanation = (rule.business_impact if impact else rule.description) if rule else ""
        return f"{line}. {plain(explanation, limit=160)}" if explanation else line

    def _finding(self, result: CheckResult) -> str:
        expected = plain(result.expected, limit=120)
        observed = plain(result.observed or "", limit=120)
        match result.outcome:
            case CheckOutcome.UNKNOWN | CheckOutcome.ERRORED:
                return f"could not be judged{': ' + observed if observed else ''}"
            case _ if result.unexpected_count is not None and result.element_count and result.scope is not Scope.SLA:
                values = f": {plain(result.failing)}" if result.failing else ""
                return f"{of(result.unexpected_count, result.element_count)}{values}; expected: {expected}"
            case _:
                return f"expected: {expected}{'; found ' + observed if observed else ''}"


def of(count: int, whole: int) -> str:
    """`1,234 of 842,000 rows (0.15%)`."""
    return f"{count:,} of {whole:,} rows ({share(count, whole)})"


def _checks(count: int) -> str:
    return f"{count:,} check" if count == 1 else f"{count:,} checks"


def _weight(result: CheckResult) -> tuple[bool, int]:
    return result.scope is Scope.ROW, -(result.unexpected_count or 0)
