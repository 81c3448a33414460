"""A ledger in memory that behaves like the real one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from partition_gate.core.units import Month
from partition_gate.incidents.model import Assessment
from partition_gate.judging.attempt import (
    END_OF,
    Attempt,
    AttemptState,
    Claim,
    CountedAttempt,
    Counts,
    Forgotten,
    HeldDecision,
    Intent,
    MeasuredPartition,
    ProfiledPartition,
    PublishedPartition,
    RecordedOutcome,
    Settlement,
    UnfinishedAttempt,
    attempt_id,
)
from partition_gate.judging.disposition import VISIBLE, PartitionOutcome
from partition_gate.judging.drift import Baseline
from partition_gate.judging.lineage import Inputs
from partition_gate.judging.measurement import Measurement
from partition_gate.judging.profile import PartitionProfile
from partition_gate.judging.totals import SettledTotal, summed
from partition_gate.judging.verdict import CheckOutcome, CheckResult
from partition_gate.testing.incidents import InMemoryIncidents
from partition_gate.testing.retention import InMemoryRetention
from partition_gate.watching.heartbeat import Heartbeat

_ENDS = frozenset(END_OF.values())


class InMemoryLedger(InMemoryRetention, InMemoryIncidents):
    """The `Ledger` port on dictionaries; not thread-safe."""

    def __init__(self) -> None:
        super().__init__()
        self.states: dict[str, AttemptState] = {}
        self._latest: dict[tuple[str, str], str] = {}
        self._since: dict[str, datetime] = {}
        self._intents: dict[str, Intent] = {}
        self._decisions: dict[tuple[str, str, str], HeldDecision] = {}
        self._heartbeat: Heartbeat | None = None
        self._baselines: dict[str, Baseline] = {}
        self.forgotten: list[Forgotten] = []

    def pin(self, baseline: Baseline) -> None:
        self._baselines[baseline.dataset] = baseline

    def unpin(self, dataset: str) -> bool:
        return self._baselines.pop(dataset, None) is not None

    def baseline(self, dataset: str) -> Baseline | None:
        return self._baselines.get(dataset)

    def baselines(self) -> tuple[Baseline, ...]:
        return tuple(sorted(self._baselines.values(), key=lambda each: each.dataset))

    def fence(self, dataset: str, partition_key: str) -> int:
        return self._fences.get((dataset, partition_key), 0)

    def open_attempt(self, claim: Claim, *, idempotency_key: str, after_fence: int, now: datetime) -> Attempt | None:
        where = (claim.dataset, claim.partition_key)
        newest = self._fences.get(where, 0)
        if claim.seen_fence not in (None, newest):
            return None
        fence = self._fences[where] = max(newest, after_fence) + 1
        attempt = Attempt(
            id=attempt_id(claim.dataset, claim.partition_key, fence),
            idempotency_key=idempotency_key,
            fence=fence,
            started_at=now,
            **claim.model_dump(exclude={"seen_fence"}),
        )
        self._attempts[attempt.id], self.states[attempt.id] = attempt, AttemptState.CLAIMED
        self._since[attempt.id] = now
        return attempt

    def record_inputs(self, inputs: Inputs) -> None:
        self._inputs.setdefault(inputs.attempt_id, inputs)

    def inputs(self, attempt_id: str) -> Inputs | None:
        return self._inputs.get(attempt_id)

    def advance(self, attempt_id: str, state: AttemptState, *, now: datetime) -> None:
        if attempt_id in self.states and self.states[attempt_id] not in _ENDS - {AttemptState.FAILED}:
            self.states[attempt_id], self._since[attempt_id] = state, now
        if state in _ENDS - {AttemptState.FAILED}:
            self._intents.pop(attempt_id, None)

    def hand_over(self, attempt_id: str) -> None:
        self._attempts[attempt_id] = self._attempts[attempt_id].model_copy(update={"owner": ""})

    def record_validation(
        self,
        attempt_id: str,
        results: Sequence[CheckResult],
        *,
        document: str,
        profile: PartitionProfile | None = None,
        measurements: Sequence[Measurement] = (),
    ) -> None:
        if attempt_id not in self._validations:
            self._validations[attempt_id] = (tuple(results), document, profile)
            self.record_measurements(attempt_id, measurements)

    def record_measurements(self, attempt_id: str, measurements: Sequence[Measurement]) -> None:
        if measurements:
            self._measurements.setdefault(attempt_id, tuple(sorted(measurements, key=lambda each: each.rule_id)))

    def intend(self, attempt: Attempt, intent: Intent, *, now: datetime) -> bool:
        if self.fence(attempt.dataset, attempt.partition_key) > attempt.fence:
            return False
        self._intents.setdefault(attempt.id, intent)
        self._attempts[attempt.id] = attempt
        self.advance(attempt.id, AttemptState.PUBLISHING, now=now)
        return True

    def intent(self, attempt_id: str) -> Intent | None:
        return self._intents.get(attempt_id)

    def settle(self, settlement: Settlement, assessment: Assessment | None = None, *, is_finished: bool = True) -> None:
        if self._may_record(settlement):
            before = self.outcome(settlement.dataset, settlement.partition_key)
            self._settlements[settlement.attempt_id] = settlement
            if self._is_current(settlement, before):
                self._latest[settlement.dataset, settlement.partition_key] = settlement.attempt_id
                if assessment:
                    self.assess(assessment, now=settlement.settled_at)
        if is_finished:
            self.advance(settlement.attempt_id, END_OF[settlement.outcome], now=settlement.settled_at)

    def outcome(self, dataset: str, partition_key: str) -> Settlement | None:
        attempt_id = self._latest.get((dataset, partition_key))
        return self._settlements[attempt_id] if attempt_id else None

    def forget(self, forgotten: Forgotten) -> None:
        self._latest.pop((forgotten.dataset, forgotten.partition_key), None)
        self.forgotten.append(forgotten)
        self.forget_problems(forgotten.dataset, forgotten.partition_key, forgotten.at)

    def decide(self, decision: HeldDecision) -> None:
        version = (decision.dataset, decision.partition_key, decision.idempotency_key)
        self._decisions[version] = decision

    def decision(self, dataset: str, partition_key: str, idempotency_key: str) -> HeldDecision | None:
        return self._decisions.get((dataset, partition_key, idempotency_key))

    def settled_totals(
        self, *, since: datetime | None = None, before: datetime | None = None
    ) -> tuple[SettledTotal, ...]:
        settled = (s for s in self._settlements.values() if since is None or s.settled_at >= since)
        return summed(self._total(each) for each in settled if before is None or each.settled_at < before)

    def _total(self, settled: Settlement) -> SettledTotal:
        attempt = self._attempts.get(settled.attempt_id)
        seconds = (settled.settled_at - attempt.started_at).total_seconds() if attempt else 0.0
        own = {name: getattr(settled, name) for name in ("dataset", "outcome", "rows_published", "rows_quarantined")}
        return SettledTotal(**own, attempts=1, seconds=seconds)

    def settlement(self, attempt_id: str) -> Settlement | None:
        return self._settlements.get(attempt_id)

    def settlements(self, dataset: str, partition_key: str) -> tuple[Settlement, ...]:
        mine = (s for s in self._settlements.values() if (s.dataset, s.partition_key) == (dataset, partition_key))
        return tuple(sorted(mine, key=lambda settlement: self._attempts[settlement.attempt_id].fence))

    def settled_in(self, dataset: str, month: Month) -> tuple[Settlement, ...]:
        mine = (s for s in self._settlements.values() if s.dataset == dataset and Month.of(s.settled_at) == month)
        return tuple(sorted(mine, key=lambda settlement: (settlement.settled_at, settlement.attempt_id)))

    def beside(self, dataset: str, partition_key: str) -> tuple[str | None, str | None]:
        keys = self.recorded_keys(dataset)
        before, after = ([key for key in keys if key < partition_key], [key for key in keys if key > partition_key])
        return max(before, default=None), min(after, default=None)

    def latest(self, dataset: str | None = None) -> tuple[Settlement, ...]:
        where = sorted(pair for pair in self._latest if dataset in (None, pair[0]))
        return tuple(self._settlements[self._latest[pair]] for pair in where)

    def current(self, dataset: str, keys: Sequence[str]) -> tuple[Settlement, ...]:
        return tuple(each for each in self.latest(dataset) if each.partition_key in keys)

    def recorded_keys(self, dataset: str, *, limit: int | None = None, up_to: str | None = None) -> tuple[str, ...]:
        keys = sorted(key for name, key in self._latest if name == dataset and (up_to is None or key <= up_to))
        return tuple(keys if limit is None else keys[-limit:])

    def visible(self, dataset: str) -> tuple[Settlement, ...]:
        keys = sorted({settled.partition_key for settled in self._settlements.values() if settled.dataset == dataset})
        attempt_ids = (self._newest_visible(dataset, key) for key in keys)
        return tuple(self._settlements[attempt_id] for attempt_id in attempt_ids if attempt_id)

    def outcomes(self, dataset: str, keys: Sequence[str]) -> tuple[RecordedOutcome, ...]:
        settled = ((key, self.outcome(dataset, key)) for key in keys)
        return tuple(self._recorded(settlement) for _, settlement in settled if settlement)

    def heartbeat(self) -> Heartbeat | None:
        return self._heartbeat

    def beat(self, heartbeat: Heartbeat) -> None:
        if self._heartbeat is None or self._heartbeat.passes <= heartbeat.passes:
            self._heartbeat = heartbeat

    def published(
        self, dataset: str, keys: Sequence[str], *, rule_ids: Sequence[str]
    ) -> tuple[PublishedPartition, ...]:
        newest = ((key, self._newest_visible(dataset, key)) for key in keys)
        return tuple(self._published(key, attempt_id, rule_ids) for key, attempt_id in newest if attempt_id)

    def profiles(self, dataset: str, keys: Sequence[str]) -> tuple[ProfiledPartition, ...]:
        attempts = {key: self._newest_visible(dataset, key) for key in keys}
        profiles = {
            key: self._validations[attempt][2] for key, attempt in attempts.items() if attempt in self._validations
        }
        return tuple(ProfiledPartition(partition_key=key, profile=profiles[key]) for key in keys if profiles.get(key))

    def counted(self, attempt_id: str) -> CountedAttempt | None:
        profile = self._validations[attempt_id][2] if attempt_id in self._validations else None
        if profile is None:
            return None
        return CountedAttempt(profile=profile, measurements=self._measurements.get(attempt_id, ()))

    def measured(self, dataset: str, keys: Sequence[str]) -> tuple[MeasuredPartition, ...]:
        current = (self._that_counts(dataset, key) for key in dict.fromkeys(keys))
        return tuple(
            MeasuredPartition(
                **settled.model_dump(include={"partition_key", "version", "outcome", "settled_at"}),
                measurements=self._measurements.get(settled.attempt_id, ()),
            )
            for settled in current
            if settled is not None
        )

    def results(self, attempt_id: str) -> tuple[CheckResult, ...]:
        return self._validations[attempt_id][0] if attempt_id in self._validations else ()

    def not_passed(self, attempt_ids: Sequence[str]) -> dict[str, tuple[CheckResult, ...]]:
        found = {each: self.results(each) for each in dict.fromkeys(attempt_ids)}
        others = {each: tuple(r for r in own if r.outcome is not CheckOutcome.PASSED) for each, own in found.items()}
        return {each: own for each, own in others.items() if own}

    def document(self, attempt_id: str) -> str | None:
        return self._validations[attempt_id][1] if attempt_id in self._validations else None

    def unfinished(self) -> tuple[UnfinishedAttempt, ...]:
        running = [attempt for attempt in self._attempts.values() if self.states[attempt.id] not in _ENDS]
        return self._oldest(running)

    def failed_commits(self, *, before: datetime) -> tuple[UnfinishedAttempt, ...]:
        failed = [
            attempt
            for attempt in self._attempts.values()
            if self.states[attempt.id] is AttemptState.FAILED and attempt.id in self._intents
        ]
        oldest_first = self._oldest(failed)
        return tuple(u for u in oldest_first if u.newest_fence > u.attempt.fence or u.state_since < before)

    def _oldest(self, attempts: Sequence[Attempt]) -> tuple[UnfinishedAttempt, ...]:
        return tuple(
            UnfinishedAttempt(
                attempt=attempt,
                state=self.states[attempt.id],
                state_since=self._since[attempt.id],
                newest_fence=self._fences[attempt.dataset, attempt.partition_key],
            )
            for attempt in sorted(attempts, key=lambda attempt: (attempt.started_at, attempt.id))
        )

    def _recorded(self, settlement: Settlement) -> RecordedOutcome:
        attempt = self._attempts.get(settlement.attempt_id)
        return RecordedOutcome(
            partition_key=settlement.partition_key,
            outcome=settlement.outcome,
            settled_at=settlement.settled_at,
            fingerprint=attempt.fingerprint if attempt else "",
            is_visible=self._newest_visible(settlement.dataset, settlement.partition_key) is not None,
        )

    def _newest_visible(self, dataset: str, key: str) -> str | None:
        attempts = [a for a in self._attempts.values() if (a.dataset, a.partition_key) == (dataset, key)]
        ends = [self._settlements.get(attempt.id) for attempt in sorted(attempts, key=lambda attempt: attempt.fence)]
        visible = [end.attempt_id for end in ends if end is not None and end.outcome in VISIBLE]
        return visible[-1] if visible else None

    def _that_counts(self, dataset: str, key: str) -> Settlement | None:
        """The newest visible settlement since an outcome was last forgotten, else the current outcome."""
        current, newest = self.outcome(dataset, key), self._newest_visible(dataset, key)
        if current is None or newest is None:
            return current
        gone = [each.at for each in self.forgotten if (each.dataset, each.partition_key) == (dataset, key)]
        visible = self._settlements[newest]
        return current if any(at >= visible.settled_at for at in gone) else visible

    def _published(self, key: str, attempt_id: str, rule_ids: Sequence[str]) -> PublishedPartition:
        results = [result for result in self.results(attempt_id) if result.rule_id in rule_ids]
        passed = {result.rule_id: result.outcome is CheckOutcome.PASSED for result in results}
        counted = [r for r in results if (r.element_count, r.unexpected_count) != (None, None)]
        return PublishedPartition(
            partition_key=key,
            counts=tuple(
                Counts(rule_id=r.rule_id, element_count=r.element_count, unexpected_count=r.unexpected_count)
                for r in sorted(counted, key=lambda r: r.rule_id)
            ),
            kept=tuple(rule for rule, has_passed in passed.items() if has_passed),
            broken=tuple(rule for rule, has_passed in passed.items() if not has_passed),
        )

    def _may_record(self, settlement: Settlement) -> bool:
        recorded = self._settlements.get(settlement.attempt_id)
        errored = PartitionOutcome.ERRORED
        return recorded is None or (recorded.outcome is errored and settlement.outcome is not errored)

    def _is_current(self, settlement: Settlement, before: Settlement | None) -> bool:
        if before is None:
            return True
        is_newer = self._fence_of(settlement) >= self._fence_of(before)
        return is_newer and settlement.outcome is not PartitionOutcome.SUPERSEDED

    def _fence_of(self, settlement: Settlement) -> int:
        attempt = self._attempts.get(settlement.attempt_id)
        return attempt.fence if attempt else 0
