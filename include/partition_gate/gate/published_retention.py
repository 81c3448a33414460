"""Removal of published partitions by age: a commit that removes the visible version, then its record in the ledger.

After a kill in between, the next pass finds the version gone and records it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.checks.promises import NotOlderThan
from partition_gate.contract.calendar import recorded_period
from partition_gate.core.display import displayed
from partition_gate.core.errors import GateError
from partition_gate.core.units import in_words
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.retention import PublishedRemoval
from partition_gate.ports import Ports


def kept_published(compiled: CompiledDataset, ports: Ports) -> timedelta | None:
    """How long a partition stays published after the end of its period; None: for ever.

    The longest `retention` of the contract, and at least what the setting says. Without the setting, without the
    clause, and without a period nothing is removed.
    """
    promises = (check.promise for check in compiled.suite.suite.checks)
    spans = [promise.span for promise in promises if isinstance(promise, NotOlderThan)]
    return max(*spans, ports.kept_for.published) if spans and ports.kept_for.published else None


class PublishedRetention:
    """The removal of a dataset's old partitions. `problems` is what could not be removed, and is tried again."""

    def __init__(self, compiled: CompiledDataset, ports: Ports, *, is_rehearsal: bool) -> None:
        self._compiled, self._ports, self._is_rehearsal = compiled, ports, is_rehearsal
        self._now, self._span = ports.clock.now(), kept_published(compiled, ports)
        self.problems: list[str] = []

    def remove(self, *, limit: int | None) -> Iterator[Settlement]:
        """The settlements of the partitions that were removed, or would be, by key; at most `limit`."""
        removed = 0
        for settled in self._old():
            if removed == limit:
                break
            if self._is_rehearsal or self._removed(settled):
                removed += 1
                yield settled
        if removed and not self._is_rehearsal:
            self._refresh_view()

    def _old(self) -> Iterator[Settlement]:
        """The recorded versions that are visible and old enough, except those of partitions that a run works on."""
        if self._span is None:
            return
        name, ledger = self._compiled.dataset.name, self._ports.ledger
        working = {(each.attempt.dataset, each.attempt.partition_key) for each in ledger.unfinished()}
        gone = ledger.published_removals(name)
        for settled in ledger.visible(name):
            covered = recorded_period(self._compiled.dataset, settled.partition_key)
            is_old = covered is not None and self._now - covered[1] > self._span
            if is_old and settled.attempt_id not in gone and (name, settled.partition_key) not in working:
                yield settled

    def _removed(self, settled: Settlement) -> bool:
        table, key, why = self._compiled.table.name, settled.partition_key, self._why
        try:
            visible, version = self._ports.warehouse.current(table, key), None
            if visible is not None and visible.idempotency_key != settled.idempotency_key:
                return False  # `gate reconcile` says what is wrong with it
            if visible is not None:
                version = self._ports.warehouse.remove_version(self._compiled.published, visible, why=why)
                if version is None:  # a run published another version meanwhile
                    return False
            removal = PublishedRemoval(
                attempt_id=settled.attempt_id, dataset=settled.dataset, why=why, at=self._now, table_version=version
            )
            self._ports.ledger.remove_published(removal)
        except GateError as error:
            self.problems.append(f"{settled.dataset} {displayed(key)}: {error}")
            return False
        return True

    @property
    def _why(self) -> str:
        span = in_words(self._span or timedelta())
        return f"removed by age on {self._now:%Y-%m-%d}: its period ended more than {span} ago"

    def _refresh_view(self) -> None:
        try:
            self._ports.warehouse.refresh_view(self._compiled.published)
        except GateError as error:
            self.problems.append(f"the consumers' view of {self._compiled.dataset.name} is not refreshed: {error}")
