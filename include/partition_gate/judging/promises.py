"""Promises over time: what a partition's measures mean among the partitions around it, and at this time. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pydantic import AwareDatetime

from partition_gate.contract.calendar import is_expected, period, window_keys
from partition_gate.contract.model import Contract
from partition_gate.judging.attempt import Counts, PublishedPartition
from partition_gate.judging.validation import Held, Observation, Unknown
from partition_gate.partition import Partition
from partition_gate.record import Record
from partition_gate.suite.expectations import Suite
from partition_gate.suite.promises import OverWindow, Promise


class Occasion(Record):
    """What is known when a partition is judged. `published` are the visible partitions of `keys_looked_at`."""

    contract: Contract
    partition: Partition
    now: AwareDatetime
    published: tuple[PublishedPartition, ...]


def keys_looked_at(suite: Suite, contract: Contract, key: str) -> tuple[str, ...]:
    """The partitions that the suite's widest window may hold, oldest first; none without a window."""
    spans = [check.promise.span for check in suite.checks if check.promise is not None]
    return window_keys(contract, key, max(spans)) if spans else ()


def over_time(suite: Suite, observations: Iterable[Observation], occasion: Occasion) -> tuple[Observation, ...]:
    """The observations, those of promises over time held against what they promise; counts stay the partition's.

    What could not be measured stays as it is.
    """
    promises = {check.rule_id: check.promise for check in suite.checks if check.promise is not None}
    return tuple(_held_over_time(promises.get(one.rule_id), one, occasion) for one in observations)


def _held_over_time(promise: Promise | None, observation: Observation, occasion: Occasion) -> Observation:
    if promise is None or not isinstance(observation, Held):
        return observation
    return _JUDGES[promise.kind](promise, observation, occasion)


def _over_window(promise: OverWindow, held: Held, occasion: Occasion) -> Observation:
    """The sums over the window's visible partitions, this one's own counters replaced by what was counted now."""
    contract, key = occasion.contract, occasion.partition.key
    if period(contract, key) is None:
        return Unknown(rule_id=held.rule_id, why=f"the partition key {key} names no date, so its window is not known")
    keys = window_keys(contract, key, promise.span)
    counted = {key: Counts(rule_id=held.rule_id, **held.model_dump(include=_COUNTS)), **_before(held, keys, occasion)}
    rows = sum(one.element_count or 0 for one in counted.values())
    number = sum(getattr(one, promise.counts) or 0 for one in counted.values())
    whole = len({one for one in keys if is_expected(contract, one)} | set(counted))
    found = f"{number:,} rows" if promise.counts == "element_count" else _of(number, rows)
    return held.model_copy(
        update={
            "success": promise.bounds.hold_for(number, of=rows),
            "observed": f"{found} in {len(counted)} of {whole} partitions",
        }
    )


def _before(held: Held, keys: tuple[str, ...], occasion: Occasion) -> dict[str, Counts]:
    """What the other partitions of the window counted by this rule."""
    others = (one for one in occasion.published if one.partition_key in keys[:-1])
    found = ((one.partition_key, counts) for one in others for counts in one.counts if counts.rule_id == held.rule_id)
    return dict(found)


def _of(number: int, rows: int) -> str:
    share = f" ({number / rows:.2%})".replace("%", " %") if rows else ""
    return f"{number:,} of {rows:,} rows{share}"


_COUNTS = {"element_count", "unexpected_count"}
_JUDGES: dict[str, Callable[[Any, Held, Occasion], Observation]] = {"over_window": _over_window}
