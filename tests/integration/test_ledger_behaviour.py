"""What every ledger promises: the fake, SQLite, and PostgreSQL where its programs are installed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from partition_gate.adapters.ledger.ledger import SqlLedger, migrate
from partition_gate.core.errors import CannotAct
from partition_gate.core.units import Month
from partition_gate.incidents.actions import Action, ActionKind
from partition_gate.judging.attempt import (
    Attempt,
    AttemptState,
    Backlog,
    CountedAttempt,
    Counts,
    Forgotten,
    HeldDecision,
    Intent,
    Message,
    Silent,
)
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.judging.lineage import Inputs, ReferencedVersion
from partition_gate.judging.measurement import Amount, Measurement, Moment, State
from partition_gate.judging.profile import ColumnCounters, DistinctSketch, PartitionProfile
from partition_gate.judging.verdict import CheckOutcome
from partition_gate.ports.ledger import Ledger
from partition_gate.testing.builders import (
    NOON,
    a_baseline,
    a_check_result,
    a_claim,
    a_message,
    a_notice,
    a_partition,
    a_problem,
    a_settlement,
    an_assessment,
    queue,
)
from partition_gate.testing.ledger import InMemoryLedger
from partition_gate.watching.heartbeat import Heartbeat

MINUTE = timedelta(minutes=1)
LEASE = timedelta(minutes=2)


def in_memory(request: pytest.FixtureRequest, folder: Path) -> Ledger:
    return InMemoryLedger()


def on_sqlite(request: pytest.FixtureRequest, folder: Path) -> Ledger:
    return migrated(f"sqlite:///{folder / 'ledger.sqlite'}")


def on_postgres(request: pytest.FixtureRequest, folder: Path) -> Ledger:
    return migrated(new_database(request.getfixturevalue("postgres")))


def new_database(server: str) -> str:
    name = f"ledger_{uuid.uuid4().hex}"
    engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{server}/{name}"


def migrated(url: str) -> SqlLedger:
    migrate(url)
    return SqlLedger(url)


@pytest.fixture(params=[in_memory, on_sqlite, on_postgres])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    made = request.param(request, tmp_path)
    yield made
    if isinstance(made, SqlLedger):
        made.close()


@pytest.fixture(params=[on_sqlite, on_postgres])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """A ledger that several threads may use."""
    made = request.param(request, tmp_path)
    yield made
    made.close()


def opened(ledger: Ledger, key: str = "2026-11-01", *, dataset: str = "orders", after_fence: int = 0) -> Attempt:
    attempt = ledger.open_attempt(a_claim(dataset, key), idempotency_key="key-1", after_fence=after_fence, now=NOON)
    assert attempt is not None
    return attempt


def claimed(ledger: Ledger, *, after: timedelta = timedelta(0)) -> str | None:
    entry = ledger.claim_message(now=NOON + after, lease=LEASE)
    return entry.message.id if entry else None


def queued(ledger: Ledger, *ids: str) -> tuple[Message, ...]:
    messages = tuple(a_message(message_id) for message_id in ids)
    queue(ledger, *messages)
    return messages


def causes(ledger: Ledger) -> list[str]:
    return [incident.cause for incident in ledger.incidents(active_only=False)]


def a_forgotten(attempt: Attempt) -> Forgotten:
    return Forgotten(
        dataset=attempt.dataset,
        partition_key=attempt.partition_key,
        outcome=PartitionOutcome.MISSING,
        attempt_id=attempt.id,
        who="ann",
        why="typo",
        at=NOON,
    )


def unfinished(ledger: Ledger) -> list[Attempt]:
    return [found.attempt for found in ledger.unfinished()]


# Attempts


def some_inputs(attempt: Attempt, *, rules: str = "7") -> Inputs:
    return Inputs(
        attempt_id=attempt.id,
        files=a_partition().files,
        references=(ReferencedVersion(dataset="places", version="key-2", attempt_id="places-1", table_version=4),),
        contract_hash="c",
        rules=rules,
        suite_hash="s",
        gate_version="1.2.3",
    )


def test_what_an_attempt_judged_comes_back_as_it_was(ledger: Ledger) -> None:
    attempt = opened(ledger)
    ledger.record_inputs(some_inputs(attempt))
    assert ledger.inputs(attempt.id) == some_inputs(attempt)


def test_the_first_record_of_what_an_attempt_judged_stays(ledger: Ledger) -> None:
    attempt = opened(ledger)
    ledger.record_inputs(some_inputs(attempt))
    ledger.record_inputs(some_inputs(attempt, rules="8"))
    assert ledger.inputs(attempt.id) == some_inputs(attempt)


def test_an_attempt_that_judged_nothing_has_no_inputs(ledger: Ledger) -> None:
    assert ledger.inputs(opened(ledger).id) is None


def test_an_attempt_has_a_readable_id(ledger: Ledger) -> None:
    assert opened(ledger, "2026-11-01/07").id == "orders-2026-11-01_07-1"


def test_an_attempt_starts_claimed_and_unfinished(ledger: Ledger) -> None:
    attempt = opened(ledger)

    assert unfinished(ledger) == [attempt]


def test_fences_rise_within_a_partition_only(ledger: Ledger) -> None:
    fences = [opened(ledger, key).fence for key in ("2026-11-01", "2026-11-01", "2026-11-02")]

    assert fences == [1, 2, 1]


def test_a_fence_is_greater_than_what_the_table_has_seen(ledger: Ledger) -> None:
    assert [opened(ledger, after_fence=7).fence, opened(ledger, after_fence=3).fence] == [8, 9]


def test_an_attempt_that_was_replaced_is_unfinished_until_somebody_ends_it(ledger: Ledger) -> None:
    older, newer = opened(ledger), opened(ledger)

    assert [(found.attempt, found.newest_fence) for found in ledger.unfinished()] == [(older, 2), (newer, 2)]


def test_an_attempt_is_opened_only_if_no_other_was_since_landing_was_listed(ledger: Ledger) -> None:
    seen = ledger.fence("orders", "2026-11-01")
    opened(ledger)

    late = ledger.open_attempt(a_claim(seen_fence=seen), idempotency_key="k", after_fence=0, now=NOON)
    again = ledger.open_attempt(a_claim(seen_fence=1), idempotency_key="k", after_fence=0, now=NOON)

    assert (seen, late, again and again.fence) == (0, None, 2)


def test_what_an_attempt_means_to_record_is_kept_until_it_has_ended(ledger: Ledger) -> None:
    attempt = opened(ledger)
    intent = Intent(settlement=a_settlement(attempt.id), assessment=an_assessment(a_problem()))

    is_newest = ledger.intend(attempt.model_copy(update={"owner": "other/2/0.00"}), intent, now=NOON)
    kept = ledger.intent(attempt.id)
    (found,) = ledger.unfinished()
    ledger.settle(intent.settlement, intent.assessment)

    assert (is_newest, kept, found.state, found.attempt.owner) == (True, intent, "publishing", "other/2/0.00")
    assert ledger.intent(attempt.id) is None


def test_an_attempt_that_was_replaced_may_not_publish(ledger: Ledger) -> None:
    older, _ = opened(ledger), opened(ledger)

    assert not ledger.intend(older, Intent(settlement=a_settlement(older.id)), now=NOON)
    assert ledger.intent(older.id) is None


def test_a_commit_that_failed_is_known_once_a_newer_attempt_was_opened_or_long_after(ledger: Ledger) -> None:
    attempt = opened(ledger)
    ledger.intend(attempt, Intent(settlement=a_settlement(attempt.id)), now=NOON)
    ledger.advance(attempt.id, AttemptState.FAILED, now=NOON)

    early, late = (ledger.failed_commits(before=moment) for moment in (NOON, NOON + MINUTE))
    opened(ledger)
    followed = ledger.failed_commits(before=NOON)
    ledger.advance(attempt.id, AttemptState.SUPERSEDED, now=NOON)

    assert [[found.attempt for found in each] for each in (early, late, followed)] == [[], [attempt], [attempt]]
    assert ledger.failed_commits(before=NOON + MINUTE) == ()


def test_an_attempt_that_failed_before_it_meant_to_publish_is_no_failed_commit(ledger: Ledger) -> None:
    ledger.advance(opened(ledger).id, AttemptState.FAILED, now=NOON)

    assert ledger.failed_commits(before=NOON + MINUTE) == ()


def test_an_attempt_that_was_superseded_does_not_change_the_outcome(ledger: Ledger) -> None:
    older, newer = opened(ledger), opened(ledger)
    ledger.settle(a_settlement(older.id))

    ledger.settle(a_settlement(newer.id, outcome=PartitionOutcome.SUPERSEDED))

    current = ledger.outcome("orders", "2026-11-01")
    assert current is not None
    assert current.attempt_id == older.id


def test_a_settlement_with_something_left_to_do_leaves_the_attempt_unfinished(ledger: Ledger) -> None:
    attempt = opened(ledger)

    ledger.settle(a_settlement(attempt.id), is_finished=False)
    before = unfinished(ledger)
    ledger.settle(a_settlement(attempt.id))

    assert (before, unfinished(ledger)) == ([attempt], [])


def test_an_attempt_on_its_way_is_unfinished(ledger: Ledger) -> None:
    attempt = opened(ledger)

    ledger.advance(attempt.id, AttemptState.PUBLISHING, now=NOON)

    assert unfinished(ledger) == [attempt]


@pytest.mark.parametrize("outcome", list(PartitionOutcome))
def test_a_settled_attempt_is_finished(ledger: Ledger, outcome: PartitionOutcome) -> None:
    attempt = opened(ledger)

    ledger.settle(a_settlement(attempt.id, outcome=outcome))

    assert ledger.unfinished() == ()


def test_an_attempt_that_ended_stays_ended(ledger: Ledger) -> None:
    attempt = opened(ledger)
    ledger.settle(a_settlement(attempt.id))

    ledger.advance(attempt.id, AttemptState.STAGED, now=NOON)

    assert ledger.unfinished() == ()


def test_openers_at_once_get_different_fences(shared: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        fences = list(pool.map(lambda _: opened(shared).fence, range(40)))

    assert sorted(fences) == list(range(1, 41))


# Findings


def test_results_come_back_in_suite_order(ledger: Ledger) -> None:
    attempt = opened(ledger)
    results = (a_check_result("z"), a_check_result("a", unexpected=None))

    ledger.record_validation(attempt.id, results, document="{}")

    assert ledger.results(attempt.id) == results


def test_what_did_not_pass_comes_back_by_attempt_in_suite_order(ledger: Ledger) -> None:
    first, second, clean = (opened(ledger, key).id for key in ("2026-11-01", "2026-11-02", "2026-11-03"))
    failed = (a_check_result("z", outcome=CheckOutcome.FAILED), a_check_result("a", outcome=CheckOutcome.WARNED))
    ledger.record_validation(first, (a_check_result("b"), *failed), document="{}")
    ledger.record_validation(second, failed[:1], document="{}")
    ledger.record_validation(clean, (a_check_result("b"),), document="{}")

    assert ledger.not_passed([first, second, clean, "nothing"]) == {first: failed, second: failed[:1]}
    assert ledger.not_passed([second]) == {second: failed[:1]}
    assert ledger.not_passed([]) == {}


def test_a_document_comes_back_as_it_was(ledger: Ledger) -> None:
    attempt = opened(ledger)

    ledger.record_validation(attempt.id, [], document='{"é": 1}')

    assert ledger.document(attempt.id) == '{"é": 1}'


def test_recording_a_validation_again_changes_nothing(ledger: Ledger) -> None:
    attempt = opened(ledger)
    ledger.record_validation(attempt.id, [a_check_result("first")], document="first")

    ledger.record_validation(attempt.id, [a_check_result("second")], document="second")

    assert (ledger.document(attempt.id), [r.rule_id for r in ledger.results(attempt.id)]) == ("first", ["first"])


def test_an_attempt_that_was_not_validated_has_no_findings(ledger: Ledger) -> None:
    attempt = opened(ledger)

    assert (ledger.results(attempt.id), ledger.document(attempt.id)) == ((), None)


# Visible partitions, and what they counted


def visible(ledger: Ledger, key: str, *, unexpected: int, minutes: int = 0, **settled: PartitionOutcome) -> Attempt:
    """An attempt that counted so many of 100 rows, and its end."""
    attempt = opened(ledger, key)
    found = (a_check_result("nulls", unexpected=unexpected), a_check_result("other", unexpected=9))
    ledger.record_validation(attempt.id, found, document="{}")
    settlement = a_settlement(attempt.id, partition_key=key, settled_at=NOON + minutes * MINUTE, **settled)
    ledger.settle(settlement)
    return attempt


def test_visible_partitions_come_in_the_order_of_the_keys_with_the_counters_that_were_asked_for(ledger: Ledger) -> None:
    for number, key in enumerate(("2026-11-02", "2026-11-01", "2026-11-03")):
        visible(ledger, key, unexpected=number)

    found = ledger.published("orders", ("2026-11-02", "2026-11-09", "2026-11-01"), rule_ids=["nulls"])

    counts = [Counts(rule_id="nulls", element_count=100, unexpected_count=number) for number in (0, 1)]
    assert [(one.partition_key, one.counts) for one in found] == [
        ("2026-11-02", (counts[0],)),
        ("2026-11-01", (counts[1],)),
    ]


def test_a_partitions_counters_are_those_of_its_newest_visible_attempt(ledger: Ledger) -> None:
    visible(ledger, "2026-11-01", unexpected=1)
    visible(ledger, "2026-11-01", unexpected=2, minutes=1, outcome=PartitionOutcome.PUBLISHED_WITH_QUARANTINE)
    visible(ledger, "2026-11-01", unexpected=3, minutes=2, outcome=PartitionOutcome.REJECTED)
    visible(ledger, "2026-11-01", unexpected=4, minutes=3, outcome=PartitionOutcome.SUPERSEDED)
    opened(ledger, "2026-11-01")

    (found,) = ledger.published("orders", ["2026-11-01"], rule_ids=["nulls"])

    assert [one.unexpected_count for one in found.counts] == [2]


def test_a_visible_partition_says_which_rules_its_newest_attempt_kept_and_broke(ledger: Ledger) -> None:
    attempt = opened(ledger)
    words = (CheckOutcome.PASSED, CheckOutcome.FAILED, CheckOutcome.WARNED, CheckOutcome.UNKNOWN, CheckOutcome.ERRORED)
    found = [a_check_result(word.value, outcome=word, unexpected=None) for word in words]
    ledger.record_validation(attempt.id, [*found, a_check_result("other")], document="{}")
    ledger.settle(a_settlement(attempt.id))

    (published,) = ledger.published("orders", ["2026-11-01"], rule_ids=[word.value for word in words])

    assert (published.kept, published.broken) == (("passed",), ("failed", "warned", "unknown", "errored"))
    assert published.counts == ()


def test_a_partition_that_never_became_visible_is_not_among_the_published(ledger: Ledger) -> None:
    visible(ledger, "2026-11-01", unexpected=1, outcome=PartitionOutcome.HELD)
    ledger.settle(a_settlement("x", partition_key="2026-11-02", outcome=PartitionOutcome.MISSING))
    opened(ledger, "2026-11-03")

    assert ledger.published("orders", ["2026-11-01", "2026-11-02", "2026-11-03"], rule_ids=["nulls"]) == ()


def test_a_window_may_hold_any_number_of_partitions(ledger: Ledger) -> None:
    visible(ledger, "2026-11-01", unexpected=1)
    keys = [*(f"2026-11-01/{number}" for number in range(40_000)), "2026-11-01"]

    assert [one.partition_key for one in ledger.published("orders", keys, rule_ids=["nulls"])] == ["2026-11-01"]


# What was counted of columns


def a_profile(nulls: int = 1) -> PartitionProfile:
    return PartitionProfile(
        row_count=100, columns=(ColumnCounters(column="id", row_count=100, null_count=nulls, invalid_count=2),)
    )


def profiled(
    ledger: Ledger, key: str, profile: PartitionProfile | None, *, minutes: int = 0, **settled: PartitionOutcome
) -> Attempt:
    attempt = opened(ledger, key)
    ledger.record_validation(attempt.id, [], document="{}", profile=profile)
    ledger.settle(a_settlement(attempt.id, partition_key=key, settled_at=NOON + minutes * MINUTE, **settled))
    return attempt


SKETCH = DistinctSketch(registers=bytes([*range(56), *bytes(968)]), hashing="duckdb 2.0.0 BIGINT")
MOMENT = datetime(2026, 11, 1, 7, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    "parts",
    [
        {"minimum": -(2**100), "maximum": 2**100, "total": 1},
        {"minimum": Decimal("-0.10"), "maximum": Decimal("1.10"), "total": Decimal("3.00")},
        {"minimum": -0.0, "maximum": float("inf"), "total": 0.1},
        {"minimum": date(2026, 11, 1), "maximum": date(9999, 12, 31)},
        {"minimum": MOMENT, "maximum": datetime(2026, 11, 2, tzinfo=UTC)},
        {"distinct": SKETCH, "invalid_count": None},
        {"column": 'a "column" \n of ünusual\x1b name', "invalid_count": 2**40},
    ],
)
def test_counters_come_back_exactly(ledger: Ledger, parts: dict[str, object]) -> None:
    counters = ColumnCounters.model_validate({"column": "id", "row_count": 2**40, "null_count": 1, **parts})
    profile = PartitionProfile(row_count=2**40, columns=(counters, counters.model_copy(update={"column": "a"})))
    profiled(ledger, "2026-11-01", profile)

    (found,) = ledger.profiles("orders", ["2026-11-01"])

    assert repr(found.profile) == repr(profile)


def test_a_profile_of_a_partition_without_columns_comes_back(ledger: Ledger) -> None:
    profiled(ledger, "2026-11-01", PartitionProfile(row_count=7, columns=()))

    (found,) = ledger.profiles("orders", ["2026-11-01"])

    assert found.profile == PartitionProfile(row_count=7, columns=())


def test_profiles_come_in_the_order_of_the_keys(ledger: Ledger) -> None:
    for nulls, key in enumerate(("2026-11-02", "2026-11-01", "2026-11-03")):
        profiled(ledger, key, a_profile(nulls))

    found = ledger.profiles("orders", ("2026-11-02", "2026-11-09", "2026-11-01"))

    assert [(one.partition_key, one.profile) for one in found] == [
        ("2026-11-02", a_profile(0)),
        ("2026-11-01", a_profile(1)),
    ]


def test_a_profile_is_of_the_newest_visible_attempt(ledger: Ledger) -> None:
    profiled(ledger, "2026-11-01", a_profile(1))
    profiled(ledger, "2026-11-01", a_profile(2), minutes=1, outcome=PartitionOutcome.PUBLISHED_WITH_QUARANTINE)
    profiled(ledger, "2026-11-01", a_profile(3), minutes=2, outcome=PartitionOutcome.REJECTED)
    ledger.record_validation(opened(ledger).id, [], document="{}", profile=a_profile(4))

    assert [one.profile for one in ledger.profiles("orders", ["2026-11-01"])] == [a_profile(2)]


def test_a_partition_whose_newest_attempt_was_not_counted_has_no_profile(ledger: Ledger) -> None:
    profiled(ledger, "2026-11-01", a_profile())
    profiled(ledger, "2026-11-01", None, minutes=1)

    assert ledger.profiles("orders", ["2026-11-01"]) == ()


def test_a_partition_that_never_became_visible_has_no_profile(ledger: Ledger) -> None:
    profiled(ledger, "2026-11-01", a_profile(), outcome=PartitionOutcome.HELD)

    assert ledger.profiles("orders", ["2026-11-01", "2026-11-02"]) == ()


def test_another_datasets_profile_is_not_given(ledger: Ledger) -> None:
    profiled(ledger, "2026-11-01", a_profile())

    assert ledger.profiles("flights", ["2026-11-01"]) == ()


@pytest.mark.parametrize("first", [None, a_profile(1)])
def test_recording_a_profile_again_changes_nothing(ledger: Ledger, first: PartitionProfile | None) -> None:
    attempt = profiled(ledger, "2026-11-01", first)

    ledger.record_validation(attempt.id, [], document="{}", profile=a_profile(2))

    assert [one.profile for one in ledger.profiles("orders", ["2026-11-01"])] == ([first] if first else [])


def test_what_was_counted_of_an_attempt_is_given_whether_it_is_visible_or_not(ledger: Ledger) -> None:
    attempt = opened(ledger)
    measured = [Measurement(rule_id=rule, state=State.KEPT, sentence="in time") for rule in ("latency", "age")]
    ledger.record_validation(attempt.id, [], document="{}", profile=a_profile(1), measurements=measured)

    found = ledger.counted(attempt.id)

    assert found == CountedAttempt(profile=a_profile(1), measurements=tuple(reversed(measured)))


def test_an_attempt_without_a_profile_was_not_counted(ledger: Ledger) -> None:
    attempt = profiled(ledger, "2026-11-01", None)

    assert (ledger.counted(attempt.id), ledger.counted("nobody")) == (None, None)


def test_profiles_of_any_number_of_partitions_may_be_asked_for(ledger: Ledger) -> None:
    profiled(ledger, "2026-11-01", a_profile())
    keys = [*(f"2026-11-01/{number}" for number in range(70_000)), "2026-11-01"]

    assert [one.partition_key for one in ledger.profiles("orders", keys)] == ["2026-11-01"]


# Settlements


def test_a_settlement_comes_back_as_it_was(ledger: Ledger) -> None:
    settlement = a_settlement(opened(ledger).id, outcome=PartitionOutcome.REJECTED)

    ledger.settle(settlement)

    assert ledger.settlement(settlement.attempt_id) == settlement


def test_settling_again_changes_nothing(ledger: Ledger) -> None:
    settlement = a_settlement(opened(ledger).id)
    ledger.settle(settlement, an_assessment(a_problem("one")))

    ledger.settle(settlement.model_copy(update={"settled_at": NOON + MINUTE}), an_assessment(a_problem("two")))

    assert ledger.settlement(settlement.attempt_id) == settlement
    assert causes(ledger) == ["one"]


def test_the_outcome_of_a_partition_is_that_of_its_greatest_fence_whatever_the_clock_says(ledger: Ledger) -> None:
    older, newer = opened(ledger), opened(ledger)
    ledger.settle(a_settlement(newer.id, outcome=PartitionOutcome.REJECTED))

    ledger.settle(a_settlement(older.id, settled_at=NOON + MINUTE))

    outcome = ledger.outcome("orders", "2026-11-01")
    assert (outcome and outcome.attempt_id, ledger.outcome("orders", "2026-11-02")) == (newer.id, None)


def test_the_same_judgement_again_says_nothing_new(ledger: Ledger) -> None:
    for _ in range(2):
        ledger.settle(a_settlement(opened(ledger).id), an_assessment(a_problem()))
        told = [ledger.announce(news, (), now=NOON) for news in ledger.unannounced()]

    assert (causes(ledger), told) == (["missing"], [])


def test_a_superseded_judgement_has_no_part_in_incidents(ledger: Ledger) -> None:
    older, newer = opened(ledger), opened(ledger)
    ledger.settle(a_settlement(newer.id))

    ledger.settle(a_settlement(older.id), an_assessment(a_problem()))

    assert causes(ledger) == []


def test_another_reason_for_the_same_outcome_is_the_newest(ledger: Ledger) -> None:
    for why in ("first", "second"):
        settlement = a_settlement(opened(ledger).id, outcome=PartitionOutcome.ERRORED, idempotency_key="")
        ledger.settle(settlement.model_copy(update={"why": (why,)}))

    assert [settlement.why for settlement in ledger.latest()] == [("second",)]


def test_an_attempt_that_could_not_be_judged_may_still_be_by_a_retry(ledger: Ledger) -> None:
    attempt = opened(ledger)
    ledger.settle(a_settlement(attempt.id, outcome=PartitionOutcome.ERRORED), an_assessment(a_problem("one")))

    ledger.settle(a_settlement(attempt.id), an_assessment(a_problem("two")))
    ledger.settle(a_settlement(attempt.id, outcome=PartitionOutcome.ERRORED), an_assessment(a_problem("three")))

    assert [settlement.outcome for settlement in ledger.latest()] == [PartitionOutcome.PUBLISHED]
    assert causes(ledger) == ["two", "one"]


def test_the_visible_settlement_stays_known_when_a_newer_attempt_ends_otherwise(ledger: Ledger) -> None:
    visible(ledger, "2026-11-01", unexpected=1)
    visible(ledger, "2026-11-01", unexpected=2, outcome=PartitionOutcome.REJECTED)

    assert [settlement.attempt_id for settlement in ledger.visible("orders")] == ["orders-2026-11-01-1"]


def test_a_forgotten_outcome_is_gone_from_its_incident_too(ledger: Ledger) -> None:
    attempt = opened(ledger)
    missing = an_assessment(a_problem(blocks=True))
    ledger.settle(a_settlement(attempt.id, outcome=PartitionOutcome.MISSING), missing)

    ledger.forget(a_forgotten(attempt))

    assert (ledger.outcome("orders", "2026-11-01"), ledger.incidents()) == (None, ())
    assert causes(ledger) == ["missing"]


def test_the_latest_settlements_are_one_a_partition_by_dataset_and_key(ledger: Ledger) -> None:
    for dataset, key in (
        ("orders", "2026-11-02"),
        ("orders", "2026-11-01"),
        ("flights", "x"),
        ("orders", "2026-11-01"),
    ):
        attempt = opened(ledger, key, dataset=dataset)
        ledger.settle(a_settlement(attempt.id, dataset=dataset, partition_key=key))

    ids = [settlement.attempt_id for settlement in ledger.latest()]

    assert ids == ["flights-x-1", "orders-2026-11-01-2", "orders-2026-11-02-1"]


def test_the_latest_settlements_of_one_dataset(ledger: Ledger) -> None:
    for dataset in ("orders", "flights"):
        ledger.settle(a_settlement(opened(ledger, dataset=dataset).id, dataset=dataset))

    assert [settlement.dataset for settlement in ledger.latest("flights")] == ["flights"]


def test_an_older_attempt_that_settles_at_the_same_moment_is_not_the_latest(ledger: Ledger) -> None:
    older, newer = opened(ledger), opened(ledger)
    ledger.settle(a_settlement(newer.id))

    ledger.settle(a_settlement(older.id, outcome=PartitionOutcome.SUPERSEDED))

    assert [settlement.attempt_id for settlement in ledger.latest()] == [newer.id]


def test_a_decision_is_about_one_version_and_the_newest_one_counts(ledger: Ledger) -> None:
    decision = HeldDecision(
        dataset="orders",
        partition_key="2026-11-01",
        idempotency_key="key-1",
        is_approved=False,
        who="ann",
        why="too few",
        at=NOON,
    )
    approved = decision.model_copy(update={"is_approved": True, "who": "ben"})
    ledger.decide(decision)
    ledger.decide(approved)

    found = [ledger.decision("orders", "2026-11-01", key) for key in ("key-1", "key-2")]
    assert found == [approved, None]


# Incidents


def test_an_incident_has_its_history_and_its_thread(ledger: Ledger) -> None:
    ledger.assess(an_assessment(a_problem(blocks=True)), now=NOON)
    ledger.assess(an_assessment(a_problem(blocks=True), key="2026-11-02"), now=NOON + MINUTE)

    (incident,) = ledger.incidents("orders")
    assert (incident.id, incident.opened_at, incident.blocked) == (1, NOON, ("2026-11-01", "2026-11-02"))
    assert ledger.incident(1) == incident
    assert [event.kind for event in ledger.incident_events(1)] == ["opened", "again"]
    assert [(thread.revision, thread.announced) for thread in ledger.threads(1)] == [(2, 0)]


def test_a_digest_is_out_of_date_until_its_day_ends(ledger: Ledger) -> None:
    of_the_day = a_notice("missing").model_copy(update={"is_digest": True})
    ledger.assess(an_assessment(a_problem(), notices=(of_the_day,)), now=NOON)
    ledger.assess(an_assessment(a_problem(), key="2026-11-02"), now=NOON + MINUTE)
    ledger.assess(an_assessment(a_problem(), key="2026-11-03", notices=()), now=NOON + timedelta(days=1))

    assert [(thread.kind, thread.revision) for thread in ledger.threads(1)] == [("digest", 2)]


def test_a_resolved_incident_is_no_longer_active(ledger: Ledger) -> None:
    ledger.assess(an_assessment(a_problem(), a_problem("other")), now=NOON)
    ledger.assess(an_assessment(in_order=frozenset({"missing"})), now=NOON + MINUTE)

    active, everything = ledger.incidents(), ledger.incidents(active_only=False)
    assert ([each.cause for each in active], len(everything)) == (["other"], 2)
    assert [each.resolved_at for each in everything if not each.is_active] == [NOON + MINUTE]


def test_news_are_announced_once(ledger: Ledger) -> None:
    ledger.assess(an_assessment(a_problem()), now=NOON)
    (news,) = ledger.unannounced()

    first, second = (ledger.announce(news, [a_message(name)], now=NOON) for name in ("m1", "m2"))

    assert (first, second, ledger.unannounced()) == (True, False, ())
    assert [entry.message.id for entry in ledger.unsent()] == ["m1"]


def test_what_happens_while_news_are_announced_is_news_of_the_next_time(ledger: Ledger) -> None:
    ledger.assess(an_assessment(a_problem(blocks=True)), now=NOON)
    (news,) = ledger.unannounced()
    ledger.assess(an_assessment(a_problem(blocks=True), key="2026-11-02"), now=NOON)

    ledger.announce(news, [a_message("m1")], now=NOON)

    (later,) = ledger.unannounced()
    assert [event.kind for event in later.events] == ["again"]
    assert (later.thread.is_told, later.thread.announced) == (True, 1)


def test_a_newer_edit_replaces_one_that_was_not_tried(ledger: Ledger) -> None:
    for number, key in enumerate(("2026-11-01", "2026-11-02", "2026-11-03")):
        ledger.assess(an_assessment(a_problem(), key=key), now=NOON)
        (news,) = ledger.unannounced()
        changes: dict[str, Any] = {"root": news.thread.id, "is_edit": True} if number else {}
        message = a_message(f"e{number}" if number else news.thread.id, **changes)
        ledger.announce(news, [message], now=NOON)

    waiting = [entry.message.id for entry in ledger.unsent()]
    assert (waiting[1:], len(waiting)) == (["e2"], 2)


def test_a_reply_waits_for_its_root_and_for_the_replies_before_it(ledger: Ledger) -> None:
    queue(ledger, a_message("m1"), a_message("m2", root="m1"), a_message("m3", root="m1"), a_message("m4"))

    at_first = [claimed(ledger), claimed(ledger), claimed(ledger)]
    ledger.mark_sent("m1", ts="17.5", now=NOON)
    reply = ledger.claim_message(now=NOON, lease=LEASE)

    assert at_first == ["m1", "m4", None]
    assert reply is not None
    assert (reply.message.id, reply.root_ts, claimed(ledger)) == ("m2", "17.5", None)


def test_an_incident_says_when_its_first_message_was_queued_and_delivered(ledger: Ledger) -> None:
    ledger.assess(an_assessment(a_problem()), now=NOON)
    (news,) = ledger.unannounced()
    ledger.announce(news, [a_message(news.thread.id)], now=NOON + MINUTE, told_by=news.thread.id)
    (waiting,) = ledger.responses("orders", since=NOON - MINUTE)

    ledger.mark_sent(news.thread.id, ts="17.5", now=NOON + 2 * MINUTE)

    (told,) = ledger.responses("orders", since=NOON - MINUTE)
    assert (waiting.is_told, waiting.queued_at, waiting.notified_at) == (True, NOON + MINUTE, None)
    assert (told.queued_at, told.notified_at) == (NOON + MINUTE, NOON + 2 * MINUTE)
    assert told.incident == ledger.incident(1)


def test_a_later_message_does_not_change_when_people_were_first_told(ledger: Ledger) -> None:
    ledger.assess(an_assessment(a_problem(blocks=True)), now=NOON)
    for number in range(2):
        (news,) = ledger.unannounced()
        message = a_message(f"m{number}", root="" if number == 0 else "m0")
        ledger.announce(news, [message], now=NOON, told_by=message.id)
        ledger.mark_sent(message.id, ts="1", now=NOON + number * MINUTE)
        ledger.assess(an_assessment(a_problem(blocks=True), key="2026-11-02"), now=NOON)

    assert [each.notified_at for each in ledger.responses("orders", since=NOON - MINUTE)] == [NOON]


def test_an_edit_that_a_newer_one_replaces_tells_nobody(ledger: Ledger) -> None:
    ledger.assess(an_assessment(a_problem(blocks=True)), now=NOON)
    (news,) = ledger.unannounced()
    for name in ("e1", "e2"):
        message = a_message(name, root=news.thread.id, is_edit=True)
        ledger.announce(news, [message], now=NOON, told_by=name)
        ledger.assess(an_assessment(a_problem(blocks=True), key=f"key of {name}"), now=NOON)
        (news,) = ledger.unannounced()
    ledger.mark_sent("e2", ts="1", now=NOON + MINUTE)

    assert [each.notified_at for each in ledger.responses("orders", since=NOON - MINUTE)] == [NOON + MINUTE]


def test_an_incident_that_only_a_digest_mentions_is_told_to_nobody(ledger: Ledger) -> None:
    ledger.assess(an_assessment(a_problem(), is_quiet=True), now=NOON)

    assert [each.is_told for each in ledger.responses("orders", since=NOON - MINUTE)] == [False]


def test_responses_are_of_one_dataset_and_since_a_moment(ledger: Ledger) -> None:
    ledger.assess(an_assessment(a_problem("old")), now=NOON)
    ledger.assess(an_assessment(a_problem("new")), now=NOON + MINUTE)
    ledger.assess(an_assessment(a_problem("another"), dataset="flights"), now=NOON + MINUTE)

    assert [each.incident.cause for each in ledger.responses("orders", since=NOON)] == ["new"]


def test_an_incident_says_when_it_was_reopened(ledger: Ledger) -> None:
    ledger.assess(an_assessment(a_problem(), a_problem("other")), now=NOON)
    ledger.assess(an_assessment(in_order=frozenset({"missing"})), now=NOON + MINUTE)
    ledger.assess(an_assessment(a_problem(), key="2026-11-02"), now=NOON + 2 * MINUTE)

    found = {each.incident.cause: each.reopened_at for each in ledger.responses("orders", since=NOON - MINUTE)}
    assert found == {"missing": (NOON + 2 * MINUTE,), "other": ()}


def test_an_action_is_in_the_history_with_its_author(ledger: Ledger) -> None:
    ledger.assess(an_assessment(a_problem()), now=NOON)

    muted = ledger.act(1, Action(kind=ActionKind.MUTE, who="ann", why="known", until=NOON + LEASE), now=NOON)
    (unmuted,) = ledger.unmute_due(now=NOON + LEASE)

    assert (muted.state, muted.who, unmuted.state) == ("muted", "ann", "open")
    assert [(event.kind, event.who) for event in ledger.incident_events(1)][1:] == [("muted", "ann"), ("unmuted", "")]


def test_an_incident_that_does_not_exist_is_refused_by_number(ledger: Ledger) -> None:
    with pytest.raises(CannotAct, match="there is no incident 7"):
        ledger.act(7, Action(kind=ActionKind.ACK, who="ann"), now=NOON)


def test_partitions_judged_at_once_open_one_incident(shared: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        days = [f"2026-11-{day:02}" for day in range(1, 21)]
        list(pool.map(lambda key: shared.assess(an_assessment(a_problem(blocks=True), key=key), now=NOON), days))

    (incident,) = shared.incidents()
    assert sorted(incident.blocked) == days


# The outbox


def test_messages_are_claimed_oldest_first(ledger: Ledger) -> None:
    queued(ledger, "m1", "m2")

    assert [claimed(ledger), claimed(ledger), claimed(ledger)] == ["m1", "m2", None]


def test_a_claim_shows_the_state_before(ledger: Ledger) -> None:
    (message,) = queued(ledger, "m1")

    entry = ledger.claim_message(now=NOON, lease=LEASE)

    assert entry is not None
    assert (entry.message, entry.state, entry.tries, entry.first_try_at) == (message, "pending", 0, None)


def test_a_message_whose_worker_died_is_claimed_again_after_its_lease(ledger: Ledger) -> None:
    queued(ledger, "m1")
    ledger.claim_message(now=NOON, lease=LEASE)

    early, late = claimed(ledger, after=MINUTE), ledger.claim_message(now=NOON + LEASE, lease=LEASE)

    assert early is None
    assert late is not None
    assert (late.state, late.tries, late.first_try_at) == ("sending", 1, NOON)


def test_what_was_not_delivered_yet_can_be_listed(ledger: Ledger) -> None:
    queued(ledger, "m1", "m2", "m3")
    ledger.claim_message(now=NOON, lease=LEASE)
    ledger.mark_sent("m1", ts="1.0", now=NOON)
    ledger.claim_message(now=NOON, lease=LEASE)

    assert [(entry.message.id, entry.state) for entry in ledger.unsent()] == [("m2", "sending"), ("m3", "pending")]


def test_a_sent_message_is_never_claimed_again(ledger: Ledger) -> None:
    queued(ledger, "m1")
    ledger.claim_message(now=NOON, lease=LEASE)

    ledger.mark_sent("m1", ts="17.5", now=NOON)

    assert claimed(ledger, after=timedelta(days=1)) is None
    assert [(entry.state, entry.sent_ts) for entry in ledger.messages()] == [("sent", "17.5")]


@pytest.mark.parametrize(("surely_unsent", "state"), [(True, "pending"), (False, "sending")])
def test_a_postponed_message_waits(ledger: Ledger, *, surely_unsent: bool, state: str) -> None:
    queued(ledger, "m1")
    ledger.claim_message(now=NOON, lease=LEASE)

    ledger.postpone("m1", until=NOON + 10 * MINUTE, surely_unsent=surely_unsent)

    early, late = claimed(ledger, after=9 * MINUTE), ledger.claim_message(now=NOON + 10 * MINUTE, lease=LEASE)
    assert early is None
    assert late is not None
    assert late.state == state


def test_messages_to_whoever_does_not_answer_are_left_alone(ledger: Ledger) -> None:
    hooks = [a_message(f"h{number}", tool="webhook", channel=f"https://{number}.example") for number in (1, 2)]
    queue(ledger, a_message("m1"), *hooks, a_message("m2", tool="email"))
    silent = Silent(tools=frozenset({"slack"}), channels=frozenset({("webhook", "https://1.example")}))

    found = [ledger.claim_message(now=NOON, lease=LEASE, silent=silent) for _ in range(3)]

    assert [entry and entry.message.id for entry in found] == ["h2", "m2", None]
    assert [claimed(ledger), claimed(ledger)] == ["m1", "h1"]


def test_only_what_certainly_was_not_sent_can_be_tried_earlier(ledger: Ledger) -> None:
    queued(ledger, "refused", "unknown", "leased")
    for name in ("refused", "unknown"):
        ledger.claim_message(now=NOON, lease=LEASE)
        ledger.postpone(name, until=NOON + 10 * MINUTE, surely_unsent=name == "refused")
    ledger.claim_message(now=NOON, lease=LEASE)

    ledger.retry_now()

    assert [claimed(ledger), claimed(ledger)] == ["refused", None]


def test_a_reply_knows_the_text_that_its_root_was_sent_with(ledger: Ledger) -> None:
    queue(ledger, a_message("m1", text="orders rejected"), a_message("m2", root="m1"))
    ledger.claim_message(now=NOON, lease=LEASE)
    ledger.mark_sent("m1", ts="1.0", now=NOON)

    reply = ledger.claim_message(now=NOON, lease=LEASE)

    assert reply is not None
    assert (reply.message.id, reply.root_ts, reply.root_text) == ("m2", "1.0", "orders rejected")


def test_a_message_that_a_clock_hours_ahead_postponed_does_not_wait_for_that_clock(ledger: Ledger) -> None:
    queued(ledger, "m1")
    ahead = NOON + timedelta(hours=2)
    ledger.claim_message(now=ahead, lease=LEASE)
    ledger.postpone("m1", until=ahead + 10 * MINUTE, surely_unsent=True)

    assert claimed(ledger, after=MINUTE) is not None


def test_a_backlog_counts_what_waits_in_each_channel_with_the_error_of_its_oldest_message(ledger: Ledger) -> None:
    queue(ledger, a_message("m1"), now=NOON)
    queue(ledger, a_message("m2"), a_message("m3", tool="email", channel="a@b.example"), now=NOON + MINUTE)
    queue(ledger, a_message("m4", channel="#sent"), now=NOON)
    ledger.mark_sent("m4", ts="1", now=NOON)
    ledger.postpone("m2", until=NOON, surely_unsent=True, why="newer")
    ledger.postpone("m1", until=NOON, surely_unsent=False, why="older")

    assert ledger.backlog() == (
        Backlog(tool="slack", channel=a_message("m1").channel, messages=2, since=NOON, last_error="older"),
        Backlog(tool="email", channel="a@b.example", messages=1, since=NOON + MINUTE),
    )


def test_a_sent_message_cannot_be_postponed(ledger: Ledger) -> None:
    queued(ledger, "m1")
    ledger.mark_sent("m1", ts="17.5", now=NOON)

    ledger.postpone("m1", until=NOON, surely_unsent=True)

    assert claimed(ledger, after=MINUTE) is None


def test_messages_are_listed_newest_first(ledger: Ledger) -> None:
    queued(ledger, "m1", "m2")
    queue(ledger, a_message("m3", attempt_id="orders-2026-11-02-1"))

    everything = [entry.message.id for entry in ledger.messages()]
    one_attempt = [entry.message.id for entry in ledger.messages("orders-2026-11-02-1")]

    assert (everything, one_attempt) == (["m3", "m2", "m1"], ["m3"])


def test_workers_at_once_never_claim_the_same_message(shared: Ledger) -> None:
    queued(shared, *(f"m{number}" for number in range(40)))

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: claimed(shared), range(40)))

    assert sorted(str(message_id) for message_id in ids) == sorted(f"m{number}" for number in range(40))


# Measurements of promises over time


LATE = Measurement(
    rule_id="latency",
    state=State.BROKEN,
    sentence="landed late",
    figures=Amount(unit="seconds", at_most=14_400, observed=15_000.25),
)
ON_TIME = Measurement(
    rule_id="timeOfAvailability",
    state=State.KEPT,
    sentence="published",
    figures=Moment(promised=NOON + MINUTE, observed=NOON + timedelta(microseconds=1)),
)
UNJUDGED = Measurement(rule_id="freshness.at", state=State.NOT_JUDGED, sentence="no row has a value in at")


def measured(
    ledger: Ledger,
    *measurements: Measurement,
    key: str = "2026-11-01",
    outcome: PartitionOutcome = PartitionOutcome.PUBLISHED,
    minutes: int = 0,
) -> Attempt:
    """An attempt whose promises were measured, and its end."""
    attempt = opened(ledger, key)
    ledger.record_validation(attempt.id, [], document="{}", measurements=measurements)
    settled_at = NOON + minutes * MINUTE
    ledger.settle(a_settlement(attempt.id, partition_key=key, outcome=outcome, settled_at=settled_at))
    return attempt


def states(ledger: Ledger, key: str = "2026-11-01") -> list[str]:
    return [each.sentence for found in ledger.measured("orders", [key]) for each in found.measurements]


def test_measurements_come_back_exactly_by_rule_in_the_order_of_the_keys(ledger: Ledger) -> None:
    measured(ledger, LATE, key="2026-11-02")
    measured(ledger, ON_TIME, LATE, UNJUDGED)

    found = ledger.measured("orders", ["2026-11-02", "2026-11-09", "2026-11-01", "2026-11-02"])

    assert [(each.partition_key, each.measurements) for each in found] == [
        ("2026-11-02", (LATE,)),
        ("2026-11-01", (UNJUDGED, LATE, ON_TIME)),
    ]
    assert (found[0].version, found[0].outcome, found[0].settled_at) == ("1.0.0", PartitionOutcome.PUBLISHED, NOON)


def test_a_partition_without_promises_is_measured_without_measurements(ledger: Ledger) -> None:
    measured(ledger)

    (found,) = ledger.measured("orders", ["2026-11-01"])

    assert (found.is_visible, found.measurements) == (True, ())


def test_measuring_an_attempt_again_changes_nothing(ledger: Ledger) -> None:
    attempt = measured(ledger, LATE)

    ledger.record_validation(attempt.id, [], document="{}", measurements=[ON_TIME])
    ledger.record_measurements(attempt.id, [ON_TIME])

    assert states(ledger) == ["landed late"]


def test_a_partition_that_was_not_validated_has_measurements_and_no_document(ledger: Ledger) -> None:
    attempt = opened(ledger)
    ledger.record_measurements(attempt.id, [LATE])
    ledger.settle(a_settlement(attempt.id, outcome=PartitionOutcome.MISSING))

    (found,) = ledger.measured("orders", ["2026-11-01"])

    assert (found.outcome, found.is_visible, found.measurements) == (PartitionOutcome.MISSING, False, (LATE,))
    assert ledger.document(attempt.id) is None


def test_the_newest_visible_attempt_counts_then_the_current_outcome(ledger: Ledger) -> None:
    measured(ledger, UNJUDGED, outcome=PartitionOutcome.MISSING)
    assert states(ledger) == [UNJUDGED.sentence]

    measured(ledger, LATE, minutes=1)
    measured(ledger, ON_TIME, minutes=2, outcome=PartitionOutcome.PUBLISHED_WITH_QUARANTINE)
    measured(ledger, UNJUDGED, minutes=3, outcome=PartitionOutcome.REJECTED)
    opened(ledger)

    assert states(ledger) == ["published"]


def test_what_was_recorded_before_an_outcome_was_forgotten_does_not_count(ledger: Ledger) -> None:
    attempt = measured(ledger, LATE)
    ledger.forget(a_forgotten(attempt))
    assert ledger.measured("orders", ["2026-11-01"]) == ()

    measured(ledger, UNJUDGED, minutes=1, outcome=PartitionOutcome.REJECTED)
    assert states(ledger) == [UNJUDGED.sentence]

    measured(ledger, ON_TIME, minutes=2)
    assert states(ledger) == ["published"]


def test_an_outcome_recorded_in_the_moment_of_forgetting_counts(ledger: Ledger) -> None:
    ledger.forget(a_forgotten(measured(ledger, LATE)))

    measured(ledger, ON_TIME)

    assert states(ledger) == ["published"]


def test_datasets_have_measurements_and_keys_of_their_own(ledger: Ledger) -> None:
    measured(ledger, LATE, key="2026-11-02")
    measured(ledger, LATE)
    other = opened(ledger, "2026-11-03", dataset="flights")
    ledger.settle(a_settlement(other.id, dataset="flights", partition_key="2026-11-03"))

    assert ledger.recorded_keys("orders") == ("2026-11-01", "2026-11-02")
    assert ledger.measured("flights", ["2026-11-01"]) == ()


def test_the_last_keys_and_the_outcomes_of_some_partitions_come_by_key(ledger: Ledger) -> None:
    for key in ("2026-11-03", "2026-11-01", "2026-11-04", "2026-11-02"):
        measured(ledger, ON_TIME, key=key)

    assert ledger.recorded_keys("orders", limit=2) == ("2026-11-03", "2026-11-04")
    assert ledger.recorded_keys("orders", limit=2, up_to="2026-11-03") == ("2026-11-02", "2026-11-03")
    found = ledger.current("orders", ["2026-11-04", "2026-11-09", "2026-11-01"])
    assert [each.partition_key for each in found] == ["2026-11-01", "2026-11-04"]
    assert ledger.current("flights", ["2026-11-01"]) == ()


def test_every_attempt_of_a_partition_is_remembered_the_newest_last(ledger: Ledger) -> None:
    first, second = opened(ledger), opened(ledger)
    opened(ledger, "2026-11-02")
    ledger.settle(a_settlement(second.id))
    ledger.settle(a_settlement(first.id, outcome=PartitionOutcome.SUPERSEDED))

    assert [each.attempt_id for each in ledger.settlements("orders", "2026-11-01")] == [first.id, second.id]
    assert ledger.settlements("orders", "2026-11-02") == ()


def test_a_partition_knows_the_keys_beside_its_own(ledger: Ledger) -> None:
    for key in ("2026-11-05", "2026-11-01", "2026-11-03"):
        measured(ledger, ON_TIME, key=key)

    assert ledger.beside("orders", "2026-11-03") == ("2026-11-01", "2026-11-05")
    assert ledger.beside("orders", "2026-11-01") == (None, "2026-11-03")
    assert ledger.beside("orders", "2026-11-04") == ("2026-11-03", "2026-11-05")
    assert ledger.beside("flights", "2026-11-03") == (None, None)


def test_the_attempts_that_were_settled_in_a_month_are_found_by_the_month(ledger: Ledger) -> None:
    moments = ("2026-10-31T23:59:59", "2026-11-01T00:00:00", "2026-11-30T23:59:59", "2026-12-01T00:00:00")
    for number, moment in enumerate(moments):
        attempt, at = opened(ledger, key=f"2026-11-0{number + 1}"), datetime.fromisoformat(f"{moment}+00:00")
        ledger.settle(a_settlement(attempt.id, partition_key=attempt.partition_key, settled_at=at))

    found = ledger.settled_in("orders", Month(2026, 11))

    assert [settlement.partition_key for settlement in found] == ["2026-11-02", "2026-11-03"]
    assert ledger.settled_in("orders", Month(2026, 12))[0].partition_key == "2026-11-04"
    assert ledger.settled_in("flights", Month(2026, 11)) == ()


# The watch


def settled(ledger: Ledger, key: str, outcome: PartitionOutcome, fingerprint: str = "f1") -> None:
    claim = a_claim(key=key).model_copy(update={"fingerprint": fingerprint})
    attempt = ledger.open_attempt(claim, idempotency_key="k", after_fence=0, now=NOON)
    assert attempt is not None
    ledger.settle(a_settlement(attempt.id, partition_key=key, outcome=outcome))


def test_the_outcomes_of_some_partitions_come_in_the_order_of_their_keys(ledger: Ledger) -> None:
    for key in ("2026-11-01", "2026-11-02", "2026-11-03"):
        settled(ledger, key, PartitionOutcome.PUBLISHED)

    found = ledger.outcomes("orders", ["2026-11-03", "2026-11-01", "2026-11-09"])

    assert [outcome.partition_key for outcome in found] == ["2026-11-03", "2026-11-01"]
    assert ledger.outcomes("items", ["2026-11-01"]) == ()


def test_an_outcome_names_the_files_that_were_judged(ledger: Ledger) -> None:
    settled(ledger, "2026-11-01", PartitionOutcome.PUBLISHED, "f1")
    settled(ledger, "2026-11-01", PartitionOutcome.PUBLISHED, "f2")

    (found,) = ledger.outcomes("orders", ["2026-11-01"])

    assert (found.fingerprint, found.settled_at) == ("f2", NOON)


@pytest.mark.parametrize(
    ("outcomes", "is_visible"),
    [
        ((PartitionOutcome.PUBLISHED, PartitionOutcome.REJECTED), True),
        ((PartitionOutcome.REJECTED,), False),
        ((PartitionOutcome.MISSING, PartitionOutcome.PUBLISHED_WITH_QUARANTINE), True),
    ],
)
def test_a_partition_stays_visible_whatever_its_outcome_is_later(
    ledger: Ledger,
    outcomes: tuple[PartitionOutcome, ...],
    *,
    is_visible: bool,
) -> None:
    for outcome in outcomes:
        settled(ledger, "2026-11-01", outcome)

    (found,) = ledger.outcomes("orders", ["2026-11-01"])

    assert (found.outcome, found.is_visible) == (outcomes[-1], is_visible)


def test_more_keys_than_fit_into_one_statement_have_their_outcomes(ledger: Ledger) -> None:
    settled(ledger, "2026-11-01", PartitionOutcome.PUBLISHED)
    keys = [*(f"key-{number}" for number in range(1_200)), "2026-11-01"]

    assert [outcome.partition_key for outcome in ledger.outcomes("orders", keys)] == ["2026-11-01"]


def test_a_watch_that_never_ran_has_no_heartbeat(ledger: Ledger) -> None:
    assert ledger.heartbeat() is None


def test_the_newest_pass_of_the_watch_is_its_heartbeat(ledger: Ledger) -> None:
    first = Heartbeat(at=NOON, interval=5 * MINUTE)
    second = first.next(now=NOON + 5 * MINUTE, interval=MINUTE).model_copy(update={"swept_at": NOON})
    ledger.beat(first)
    ledger.beat(second)

    assert ledger.heartbeat() == second
    assert (second.passes, second.interval) == (2, MINUTE)


def test_a_pass_that_was_overtaken_does_not_replace_the_heartbeat_of_a_later_one(ledger: Ledger) -> None:
    first = Heartbeat(at=NOON, interval=5 * MINUTE)
    second = first.next(now=NOON + 5 * MINUTE, interval=5 * MINUTE)
    ledger.beat(second)
    ledger.beat(first)

    assert ledger.heartbeat() == second


# Baselines


def test_a_dataset_without_a_baseline_has_none(ledger: Ledger) -> None:
    assert (ledger.baseline("orders"), ledger.baselines(), ledger.unpin("orders")) == (None, (), False)


def test_a_baseline_is_read_back_as_it_was_pinned(ledger: Ledger) -> None:
    baseline = a_baseline()
    ledger.pin(baseline)

    assert ledger.baseline("orders") == baseline
    assert ledger.baseline("refunds") is None


def test_a_new_baseline_replaces_the_earlier_one_of_its_dataset_only(ledger: Ledger) -> None:
    other = a_baseline("refunds")
    ledger.pin(a_baseline())
    ledger.pin(other)
    second = a_baseline(keys=("2026-12-01",))
    ledger.pin(second)

    assert ledger.baselines() == (second, other)


def test_a_baseline_that_is_unpinned_is_gone(ledger: Ledger) -> None:
    ledger.pin(a_baseline())
    ledger.pin(a_baseline("refunds"))

    assert ledger.unpin("orders") is True
    assert [each.dataset for each in ledger.baselines()] == ["refunds"]


def test_attempts_are_added_up_by_dataset_and_outcome_within_a_time(ledger: Ledger) -> None:
    for day in (1, 2, 3):
        key = f"2026-11-0{day}"
        began = NOON + timedelta(days=day)
        attempt = ledger.open_attempt(a_claim(key=key), idempotency_key=key, after_fence=0, now=began)
        assert attempt is not None
        outcome = PartitionOutcome.REJECTED if day == 3 else PartitionOutcome.PUBLISHED
        settled = a_settlement(attempt.id, partition_key=key, outcome=outcome, settled_at=began + 90 * MINUTE)
        ledger.settle(settled.model_copy(update={"rows_in": 10, "rows_published": 7, "rows_quarantined": 3}))

    first = NOON + timedelta(days=1) + 90 * MINUTE
    every = ledger.settled_totals()
    assert [(each.outcome.value, each.attempts, each.rows_published, each.rows_quarantined) for each in every] == [
        ("published", 2, 14, 6),
        ("rejected", 1, 7, 3),
    ]
    assert [round(each.seconds, 2) for each in every] == [10_800, 5_400]
    assert [each.attempts for each in ledger.settled_totals(before=first)] == []
    assert [each.attempts for each in ledger.settled_totals(since=first, before=first + MINUTE)] == [1]
