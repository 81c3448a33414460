"""Make an earlier version of a partition visible again (docs/adr/0057)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import dropwhile, groupby

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.schedule import canonical_key
from partition_gate.core.errors import CannotAct
from partition_gate.core.record import Record
from partition_gate.gate.asked_run import Asked, AskedRun, Chosen, arrival
from partition_gate.gate.pipeline import RunResult
from partition_gate.gate.quarantine import refuse_while_running
from partition_gate.gate.standing import Source, replayed_key, standing_of, standing_version
from partition_gate.judging.attempt import HeldDecision, Publication, Settlement
from partition_gate.judging.disposition import VISIBLE
from partition_gate.judging.replay import Change
from partition_gate.ports import Ports


class Version(Record):
    """A version of a partition that was published. `is_kept`: its rows can still be read, so it can come back.

    `contract` is the version of the contract by which it was judged. `table_version` counts the commits of its table,
    and is None for a publish that was found done already. `judged_again_by` are the later attempts that
    found the same rows visible already.
    """

    attempt_id: str
    judged_again_by: tuple[str, ...] = ()
    settled_at: datetime
    contract: str
    outcome: str
    table_version: int | None = None
    rows_published: int
    rows_quarantined: int
    is_visible: bool
    is_kept: bool
    why: tuple[str, ...]


_OF_SETTLEMENT = {"attempt_id", "settled_at", "table_version", "rows_published", "rows_quarantined", "why"}


def versions(today: CompiledDataset, key: str, *, ports: Ports) -> tuple[Version, ...]:
    """The published versions of a partition, the newest first. Raises: MalformedPartitionKey."""
    key, table = canonical_key(today.dataset, key, now=ports.clock.now()), today.table.name
    visible = ports.warehouse.current(table, key)
    found = [
        Version(
            **each.model_dump(include=_OF_SETTLEMENT),
            judged_again_by=tuple(again.attempt_id for again in repeats),
            contract=each.version,
            outcome=each.outcome.value,
            is_visible=visible is not None and visible.attempt_id == each.attempt_id,
            is_kept=ports.warehouse.version(table, key, each.attempt_id) is not None,
        )
        for each, *repeats in by_version(today.dataset.name, key, ports)
    ]
    return tuple(reversed(found))


def by_version(dataset: str, key: str, ports: Ports) -> list[list[Settlement]]:
    """The settlements that published a partition, oldest first: of each version the one that published it, and those
    that found the same rows visible.
    """
    settled = [each for each in ports.ledger.settlements(dataset, key) if each.outcome in VISIBLE]
    return [list(same) for _, same in groupby(settled, key=lambda each: each.idempotency_key)]


def rollback(today: CompiledDataset, key: str, asked: Asked, *, to: str = "", ports: Ports) -> RunResult:
    """Judge the rows of an earlier version again and publish them as a new attempt; `to` is its attempt or its number.

    Without `to` it is the newest one before the visible version. Safe to kill and repeat, as a run is. The landed files
    that were judged last do not come back by themselves: a run changes nothing until other files land.

    Raises:
        MalformedPartitionKey: the key was mistyped.
        CannotAct: there is no such version, its rows are gone, it is visible, or a run is working on the partition.
        OperatorError: the rows cannot be judged.
        NotRecorded: the rows are visible, but the ledger could not be updated.
    """
    return RollbackRun(today, key, asked, to=to, ports=ports).carry_out()


class RollbackRun(AskedRun):
    """The steps of a partition whose rows come from an earlier version."""

    def __init__(self, today: CompiledDataset, key: str, asked: Asked, *, to: str, ports: Ports) -> None:
        super().__init__(today, key, asked, ports=ports)
        self._to = to

    def choose(self) -> Chosen:
        seen = self.ports.ledger.fence(self.dataset, self.key)
        refuse_while_running(self.compiled.dataset, self.key, ports=self.ports)
        current, version = standing_version(self.dataset, self.key, ports=self.ports), self._version()
        older = standing_of(version.attempt_id, self.ports)
        arrived_at = arrival(self.compiled, older, self.ports)
        # A run that finds the files which were judged last must not undo the rollback.
        standing = older.model_copy(update={"fingerprint": current.fingerprint if current else older.fingerprint})
        source = Source(standing=standing, change=Change(), arrived_at=arrived_at, version=version)
        note = f"rolled back to {version.attempt_id} by {self.asked.who}: {self.asked.why}"
        return Chosen(source=source, seen_fence=seen, note=note)

    def before_judging(self, chosen: Chosen, landed_key: str) -> None:
        """Approve it, because whoever rolls back has decided that it may be smaller than what is visible."""
        self.ports.ledger.decide(
            HeldDecision(
                dataset=self.dataset,
                partition_key=self.key,
                idempotency_key=replayed_key(chosen.source, landed_key),
                is_approved=True,
                who=self.asked.who,
                why=self.asked.why,
                at=self.ports.clock.now(),
            )
        )

    def _version(self) -> Publication:
        meant = self._meant(versions(self.today, self.key, ports=self.ports))
        where = f"{self.dataset} {self.key}"
        if not meant:
            missing = f"there is no version {self._to}" if self._to else "there is no earlier version"
            raise CannotAct(f"{where}: {missing}; see `gate history {self.today.dataset.qualified_name} {self.key}`")
        if meant[0].is_visible:
            raise CannotAct(f"{where}: {meant[0].attempt_id} is visible already")
        found = self.ports.warehouse.version(self.compiled.table.name, self.key, meant[0].attempt_id)
        if found is None:
            raise CannotAct(
                f"{where}: the rows of {meant[0].attempt_id} were removed; replaced versions are kept for "
                "GATE_KEEP_VERSIONS_HOURS"
            )
        return found

    def _meant(self, known: Sequence[Version]) -> list[Version]:
        if self._to:
            return [each for each in known if self._to in _names(each)]
        visible = next((each for each in known if each.is_visible), None)
        replay = self.ports.ledger.replay(visible.attempt_id) if visible else None
        if replay is not None and replay.is_rollback:  # a repeated command must not go back once more
            raise CannotAct(
                f"{self.dataset} {self.key}: {replay.who} has rolled back to {replay.of_attempt} already "
                f"({replay.why}); name another version with --to"
            )
        before = list(dropwhile(lambda each: each is not visible, known))[1:] if visible else known
        return [each for each in before if each.is_kept]


def _names(version: Version) -> set[str]:
    """What a person may call it: its attempt or that attempt's number, also of an attempt that judged it again."""
    attempts = (version.attempt_id, *version.judged_again_by)
    return {*attempts, *(attempt.rpartition("-")[2] for attempt in attempts)}
