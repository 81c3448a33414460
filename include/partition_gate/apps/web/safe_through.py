"""Up to which partition, and until which moment, everything that was expected is visible."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import AwareDatetime

from partition_gate.apps.web.slots import SHOWN, Slot, expected_slots, newest_keys, order, with_outcomes
from partition_gate.contract.calendar import recorded_period
from partition_gate.contract.model import Dataset
from partition_gate.core.record import Record
from partition_gate.judging.disposition import VISIBLE
from partition_gate.ports.ledger import Ledger


class SafeThrough(Record):
    """The newest partition without a gap before it, and the moment (exclusive) until which there is none."""

    key: str
    until: AwareDatetime


def safe_through(slots: Sequence[Slot], now: datetime) -> str | None:
    """The newest partition up to which every partition that was due is visible; None if there is none."""
    safe = None
    for slot in slots:
        if _is_visible(slot):
            safe = slot.key
        elif slot.settlement or slot.is_absent(now):
            break
    return safe


def safe_until(dataset: Dataset, slots: Sequence[Slot]) -> SafeThrough | None:
    """The newest partition up to which every expected partition is visible; None if there is none, or it has no time.

    It is stricter than `safe_through`: a partition that is not due yet is a gap, too, because its rows will belong
    before those of a later one. `slots` are by time and key.
    """
    visible = 0
    while visible < len(slots) and _is_visible(slots[visible]):
        visible += 1
    covered = recorded_period(dataset, slots[visible - 1].key) if visible else None
    if covered is None:
        return None
    gap = slots[visible].start if visible < len(slots) else None
    until = covered[1] if gap is None else min(covered[1], gap)
    return SafeThrough(key=slots[visible - 1].key, until=until)


def newest_slots(dataset: Dataset, ledger: Ledger, *, now: datetime) -> list[Slot]:
    """The newest 91 partitions that are recorded or expected, by time and key, with their outcomes."""
    recorded = newest_keys(dataset, ledger, limit=SHOWN, up_to=None, now=now)
    expected = list(expected_slots(dataset, recorded, count=SHOWN, at=now))
    keys = dict.fromkeys([*recorded, *(each.key for each in expected)])
    shown = sorted(keys, key=lambda key: order(dataset, key))[-SHOWN:]
    return with_outcomes(dataset, expected, shown, ledger.current(dataset.name, shown))


def _is_visible(slot: Slot) -> bool:
    return slot.settlement is not None and slot.settlement.outcome in VISIBLE
