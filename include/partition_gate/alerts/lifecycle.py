"""What a contract's dates mean for those who are told: before it is in force, and after its support has ended."""

from __future__ import annotations

from partition_gate.alerts.case import Case
from partition_gate.alerts.slack_blocks import clean, plain
from partition_gate.alerts.stories import Story
from partition_gate.contract.calendar import local_day
from partition_gate.contract.model import Contract, Status
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.disposition import VISIBLE

TOLD = frozenset({Status.ACTIVE, Status.DEPRECATED})


def is_in_force(contract: Contract, settlement: Settlement) -> bool:
    """Whether anybody is told: the contract is active or deprecated, and `generalAvailability` has come."""
    start = contract.limits.general_availability
    return contract.status in TOLD and (start is None or local_day(contract, settlement.settled_at) >= start)


def support_ended(case: Case) -> Story | None:
    """For consumers of data that is still published after `endOfSupport`; None before that."""
    day, contract = case.contract.limits.end_of_support, case.contract
    if day is None or case.settlement.outcome not in VISIBLE or local_day(contract, case.settlement.settled_at) < day:
        return None
    until = f" until {contract.limits.end_of_life}" if contract.limits.end_of_life else ""
    return Story(
        mark="\U0001f7e1",
        headline=f"{clean(case.settlement.dataset, limit=60)} is not supported any more",
        happened=f"Its support ended on {day}. It is still published{until}, but nobody promises to repair it.",
        facts=(("Owner", plain(contract.team.name or "not named in the contract", limit=80)),),
        steps=("Ask the owner what replaces it, and move what you build on it. This is told once.",),
    )
