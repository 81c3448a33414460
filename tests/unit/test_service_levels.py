"""Service levels over time: each kept just inside of its bound and broken just outside."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.unit.test_odcs import minimal, read

from partition_gate.checks.compiling.compiled import CompiledDataset, compiled
from partition_gate.checks.compiling.compiler import compile_dataset
from partition_gate.contract.calendar import due, is_expected
from partition_gate.contract.limits import Limits
from partition_gate.core.errors import ContractError
from partition_gate.core.partition import DataFile, Partition
from partition_gate.core.partition_key import NULL
from partition_gate.core.severity import Scope, Severity
from partition_gate.judging.attempt import PublishedPartition
from partition_gate.judging.promises import verdict_over_time
from partition_gate.judging.sla_context import SlaContext
from partition_gate.judging.validation import Evaluated, Validation
from partition_gate.judging.verdict import CheckOutcome, CheckResult

KEY = "2026-11-08"
ENDS = datetime(2026, 11, 9, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
COLUMNS = [
    {"name": "dt", "logicalType": "date", "partitioned": True},
    {"name": "at", "logicalType": "timestamp"},
    {"name": "note", "logicalType": "string"},
    {"name": "secret", "logicalType": "timestamp", "classification": "pii"},
]
LATENCY = {"property": "latency", "value": 4, "unit": "h"}
BERLIN = {"property": "timezone", "value": "Europe/Berlin"}


def a_contract(*levels: dict[str, Any], custom: tuple[dict[str, Any], ...] = (), **changes: Any) -> CompiledDataset:
    schema = [{"name": "orders", "properties": COLUMNS}]
    return compiled(read(minimal(schema=schema, slaProperties=list(levels), customProperties=list(custom), **changes)))


def judged(
    contract: CompiledDataset,
    rule: str,
    *,
    landed: datetime = ENDS,
    now: datetime = ENDS + HOUR,
    seen: str | None = None,
    rows: int | None = None,
    key: str = KEY,
    **known: Any,
) -> CheckResult:
    """What becomes of one rule of a partition of 1,000 bytes whose other rules passed."""
    file = DataFile(path="/p", etag="1", size_bytes=1000, modified_at=landed)
    context = SlaContext(
        dataset=contract.dataset,
        partition=Partition(dataset="orders", key=key, files=(file,)),
        now=now,
        **known,
    )
    moment = _moment(seen)
    held = tuple(
        Evaluated(rule_id=check.rule_id, success=seen is not None, observed=seen, moment=moment, element_count=rows)
        for check in contract.suite.suite.checks
    )
    validation = Validation(row_count=rows, observations=held, predicates=(), document={"results": []})
    verdict = verdict_over_time(contract.suite.suite, validation, context)
    return next(result for result in verdict.results if result.rule_id == rule)


def _moment(seen: str | None) -> datetime | date | None:
    """The value that Great Expectations would have observed, typed as its column."""
    try:
        return None if seen is None else date.fromisoformat(seen) if len(seen) == 10 else datetime.fromisoformat(seen)
    except ValueError:
        return None


def both(contract: CompiledDataset, rule: str, inside: dict[str, Any], outside: dict[str, Any]) -> list[str]:
    return [judged(contract, rule, **facts).outcome.value for facts in (inside, outside)]


KEPT_THEN_BROKEN = ["passed", "failed"]


def test_a_partition_lands_within_its_latency_to_the_second() -> None:
    inside, outside = {"landed": ENDS + 4 * HOUR}, {"landed": ENDS + 4 * HOUR + SECOND}

    assert both(a_contract(LATENCY), "latency", inside, outside) == KEPT_THEN_BROKEN


def test_a_late_partition_says_when_it_landed_how_late_and_when_it_was_due_on_the_contracts_clock() -> None:
    found = judged(a_contract(LATENCY, custom=(BERLIN,)), "latency", landed=ENDS + 5 * HOUR)

    assert found.observed == "landed 2026-11-09 06:00 CET, 2 h 0 min late; due 2026-11-09 04:00 CET"


def test_a_latency_with_an_element_counts_from_the_newest_moment_too() -> None:
    contract, newest = a_contract({**LATENCY, "element": "orders.at"}), ENDS - 2 * HOUR
    inside = {"seen": newest.isoformat(), "landed": newest + 4 * HOUR}
    outside = {**inside, "landed": newest + 4 * HOUR + SECOND}

    assert both(contract, "latency.at", inside, outside) == KEPT_THEN_BROKEN
    assert judged(contract, "latency", landed=ENDS).outcome is CheckOutcome.PASSED


@pytest.mark.parametrize(
    ("clock", "due_at"),
    [
        ("07:30", datetime(2026, 11, 9, 6, 30, tzinfo=UTC)),
        ("7:30", datetime(2026, 11, 9, 6, 30, tzinfo=UTC)),
        ("07:30-05:00", datetime(2026, 11, 9, 12, 30, tzinfo=UTC)),
        ("23:30Z", datetime(2026, 11, 8, 23, 30, tzinfo=UTC)),
        ("00:00", datetime(2026, 11, 8, 23, 0, tzinfo=UTC)),
    ],
)
def test_a_partition_is_published_by_the_clock(clock: str, due_at: datetime) -> None:
    contract = a_contract({"property": "timeOfAvailability", "value": clock}, custom=(BERLIN,))

    assert both(contract, "timeOfAvailability", {"now": due_at}, {"now": due_at + SECOND}) == KEPT_THEN_BROKEN


def test_a_partition_that_is_not_published_has_not_kept_its_time_nor_broken_it_before() -> None:
    contract = a_contract({"property": "ta", "value": "07:30"})
    early, late = (ENDS + timedelta(hours=hours) for hours in (7, 8))

    found = [judged(contract, "timeOfAvailability", now=now, is_published=False).outcome for now in (early, late)]

    assert found == [CheckOutcome.UNKNOWN, CheckOutcome.FAILED]


@pytest.mark.parametrize(
    ("column", "seen", "oldest"),
    [
        ("at", "2026-11-08T12:00:00", datetime(2026, 11, 8, 12, tzinfo=UTC)),
        ("at", "2026-11-08T12:00:00+02:00", datetime(2026, 11, 8, 10, tzinfo=UTC)),
        ("dt", "2026-11-08", datetime(2026, 11, 8, 23, tzinfo=UTC)),
    ],
)
def test_fresh_data_is_not_older_than_promised_when_it_is_published(column: str, seen: str, oldest: datetime) -> None:
    contract = a_contract({"property": "freshness", "value": "PT26H", "element": column}, custom=(BERLIN,))
    inside = {"seen": seen, "now": oldest + 26 * HOUR}

    kept = both(contract, f"freshness.{column}", inside, {**inside, "now": oldest + 26 * HOUR + SECOND})

    assert kept == KEPT_THEN_BROKEN


def test_an_age_is_unknown_where_no_row_has_a_value_or_nothing_is_published() -> None:
    contract = a_contract({"property": "freshness", "value": "1d", "element": "at"})

    empty = judged(contract, "freshness.at", seen=None)
    rejected = judged(contract, "freshness.at", seen="2026-11-08T12:00:00", is_published=False)

    assert (empty.outcome, empty.observed) == (CheckOutcome.UNKNOWN, "no row has a value in at")
    assert rejected.outcome is CheckOutcome.UNKNOWN


def test_data_that_is_kept_is_not_older_than_its_retention() -> None:
    now = ENDS + timedelta(days=20)
    by_period = a_contract({"property": "retention", "value": 20, "unit": "d"})
    by_element = a_contract({"property": "retention", "value": 20, "unit": "d", "element": "at"})
    moment = {"seen": ENDS.isoformat()}

    assert both(by_period, "retention", {"now": now}, {"now": now + SECOND}) == KEPT_THEN_BROKEN
    assert both(by_element, "retention.at", {**moment, "now": now}, {**moment, "now": now + SECOND}) == KEPT_THEN_BROKEN


@pytest.mark.parametrize(
    ("unit", "facts"),
    [
        ("rows", [{"rows": 999}, {"rows": 1000}, {"rows": 2000}, {"rows": 2001}]),
        ("records/day", [{"rows": 999}, {"rows": 1000}, {"rows": 2000}, {"rows": 2001}]),
    ],
)
def test_a_volume_lies_within_both_bounds(unit: str, facts: list[dict[str, Any]]) -> None:
    contract = a_contract({"property": "throughput", "value": 1000, "valueExt": 2000, "unit": unit})

    found = [judged(contract, "throughput", **each).outcome.value for each in facts]

    assert found == ["failed", "passed", "passed", "failed"]


@pytest.mark.parametrize(("least", "unit", "outcome"), [(1, "KB", "passed"), (1001, "bytes", "failed")])
def test_a_volume_may_be_of_bytes(least: int, unit: str, outcome: str) -> None:
    contract = a_contract({"property": "throughput", "value": least, "unit": unit})

    assert judged(contract, "throughput").outcome.value == outcome


def test_support_ends_on_its_day_and_is_recorded_without_a_word_to_producers() -> None:
    contract = a_contract({"property": "endOfSupport", "value": "2026-11-10"}, custom=(BERLIN,))
    midnight = datetime(2026, 11, 9, 23, tzinfo=UTC)

    last, first = (judged(contract, "endOfSupport", now=now) for now in (midnight - SECOND, midnight))

    assert [last.outcome, first.outcome] == [CheckOutcome.PASSED, CheckOutcome.WARNED]
    assert first.severity is Severity.INFO


# Availability


def published(day: int, *, in_time: bool = True) -> PublishedPartition:
    rules = {"kept" if in_time else "broken": ("latency",)}
    return PublishedPartition(partition_key=f"2026-11-{day:02}", **rules)


SINCE = {"property": "startDate", "value": "2026-11-01"}


def attained(*partitions: PublishedPartition, target: float = 75, custom: Any = (SINCE,), **facts: Any) -> CheckResult:
    """Over the four days that end with the 8th, which is in time."""
    level = {"property": "availability", "value": target, "unit": "percent", "valueExt": "4d"}
    return judged(a_contract(LATENCY, level, custom=custom), "availability", published=partitions, **facts)


def test_the_share_of_partitions_in_time_is_held_against_the_target_with_its_error_budget() -> None:
    others = (published(5), published(6))

    found, missed = attained(*others, published(7, in_time=False)), attained(published(5), published(7, in_time=False))

    assert (found.outcome, found.observed) == (
        CheckOutcome.PASSED,
        "3 of 4 partitions on time (75.00%); 1 late, 1 allowed",
    )
    assert (missed.outcome, missed.observed) == (
        CheckOutcome.FAILED,
        "2 of 4 partitions on time (50.00%); 2 late, 1 allowed",
    )


def test_a_target_is_compared_exactly() -> None:
    days = [published(5), published(6), published(7)]

    assert attained(*days[:2], published(7, in_time=False), target=75.000001).outcome is CheckOutcome.FAILED
    assert attained(*days, target=100).outcome is CheckOutcome.PASSED


def test_a_partition_that_comes_late_or_is_not_published_is_not_in_time_itself() -> None:
    days = (published(5), published(6), published(7))

    late = attained(*days, target=100, landed=ENDS + 5 * HOUR)
    rejected = attained(*days, target=100, is_published=False)

    assert [late.outcome, rejected.outcome] == [CheckOutcome.FAILED, CheckOutcome.FAILED]


def test_a_partition_judged_before_the_promise_was_made_is_left_out() -> None:
    found = attained(PublishedPartition(partition_key="2026-11-07"), published(6), published(5), target=100)

    assert found.observed == "3 of 3 partitions on time (100%); 0 late, 0 allowed"


@pytest.mark.parametrize(
    ("custom", "whole"),
    [
        ((SINCE,), 4),
        (({"property": "startDate", "value": "2026-11-07"},), 2),
        ((SINCE, {"property": "calendar", "value": "weekdays"}), 3),  # the 7th is a Saturday, the 8th is judged
    ],
)
def test_only_expected_partitions_are_counted(custom: Any, whole: int) -> None:
    assert f"of {whole} partitions" in str(attained(custom=custom).observed)


def test_without_a_start_date_counting_begins_with_the_first_partition_that_came() -> None:
    assert "1 of 1 partitions" in str(attained(custom=()).observed)
    assert "2 of 3 partitions" in str(attained(published(6), custom=()).observed)


def test_partitions_that_are_not_due_yet_are_not_counted() -> None:
    assert "of 1 partitions" in str(attained(now=datetime(2026, 11, 6, 3, 59, tzinfo=UTC)).observed)


def test_partitions_due_before_general_availability_are_not_counted() -> None:
    level = {"property": "availability", "value": 100, "valueExt": "4d", "unit": "percent"}
    contract = a_contract(LATENCY, level, {"property": "generalAvailability", "value": "2026-11-08"}, custom=(SINCE,))

    assert "of 2 partitions" in str(judged(contract, "availability").observed)


# What time alone does not break


def test_a_correction_of_a_partition_that_was_in_time_is_not_late() -> None:
    contract, late = a_contract(LATENCY), ENDS + 50 * HOUR

    was_in_time = judged(contract, "latency", landed=late, published=(published(8),))
    was_late = judged(contract, "latency", landed=late, published=(published(8, in_time=False),))

    assert [was_in_time.outcome, was_late.outcome] == [CheckOutcome.PASSED, CheckOutcome.FAILED]


def test_old_data_that_is_loaded_is_recorded_as_late_and_nobody_is_told() -> None:
    found = judged(a_contract(LATENCY), "latency", landed=ENDS + timedelta(days=31), now=ENDS + timedelta(days=31))

    assert (found.outcome, found.severity) == (CheckOutcome.WARNED, Severity.INFO)


def test_data_that_comes_a_month_late_is_still_late() -> None:
    moment = ENDS + timedelta(days=29)

    found = judged(a_contract(LATENCY), "latency", landed=moment, now=moment)

    assert (found.outcome, found.severity) == (CheckOutcome.FAILED, Severity.ERROR)


def test_the_age_of_a_classified_column_is_not_known() -> None:
    contract = a_contract({"property": "freshness", "value": "PT26H", "element": "at"})

    found = judged(contract, "freshness.at", seen="a hash instead of a moment")

    assert (found.outcome, found.observed) == (
        CheckOutcome.UNKNOWN,
        "at is classified, so its age would show its values",
    )


def test_nothing_is_promised_about_time_after_the_end_of_life() -> None:
    contract = a_contract(LATENCY, {"property": "endOfLife", "value": "2026-11-10"})
    late = {"landed": ENDS + 5 * HOUR}

    outcomes = both(contract, "latency", {**late, "now": ENDS + 25 * HOUR}, {**late, "now": ENDS + 23 * HOUR})

    assert outcomes == KEPT_THEN_BROKEN


def test_a_key_without_a_date_is_unknown() -> None:
    level = {"property": "availability", "value": 99, "unit": "percent"}
    contract = a_contract(
        LATENCY, level, {"property": "retention", "value": "1d"}, {"property": "ta", "value": "07:00"}
    )

    for rule in ("latency", "availability", "retention", "timeOfAvailability"):
        assert judged(contract, rule, key=NULL).outcome is CheckOutcome.UNKNOWN


# Compiling


def test_every_service_level_is_of_scope_sla_and_carries_its_severity() -> None:
    level = {**LATENCY, "element": "at", "customProperties": [{"property": "severity", "value": "warning"}]}
    checks = [check for check in a_contract(level, apiVersion="v3.2.0").suite.suite.checks if check.promise]

    assert [(check.rule_id, check.scope, check.severity) for check in checks] == [
        ("latency", Scope.SLA, Severity.WARNING),
        ("latency.at", Scope.SLA, Severity.WARNING),
    ]


def test_the_table_as_element_means_the_partition() -> None:
    checks = [check for check in a_contract({**LATENCY, "element": "orders"}).suite.suite.checks if check.promise]

    assert [check.rule_id for check in checks] == ["latency"]


@pytest.mark.parametrize(
    ("level", "why"),
    [
        ({"property": "freshness", "value": "1d"}, "element is missing"),
        ({"property": "freshness", "value": "1d", "element": "note"}, "has type string"),
        ({"property": "freshness", "value": "1d", "element": "nowhere"}, "is not a column"),
        ({"property": "freshness", "value": "1d", "element": "secret"}, "is classified"),
        ({"property": "freshness", "value": "soon", "element": "at"}, "is not a time span"),
        ({"property": "availability", "value": 400, "unit": "percent"}, "is not a percentage"),
        ({"property": "availability", "value": 99, "valueExt": "often"}, "is not a time span of at most a year"),
        ({"property": "availability", "value": 99, "valueExt": "367d"}, "is not a time span of at most a year"),
        ({"property": "throughput", "value": "much", "unit": "rows"}, "is not a number"),
        ({"property": "throughput", "value": 5, "unit": "parsecs"}, "is not known"),
    ],
)
def test_a_service_level_that_can_not_be_held_says_why(level: dict[str, Any], why: str) -> None:
    (refused,) = a_contract(level).compilation.not_executable

    assert why in refused.why


@pytest.mark.parametrize("level", [LATENCY, {"property": "ta", "value": "07:30"}, {"property": "av", "value": 99}])
def test_one_partition_without_a_period_promises_nothing_about_it(level: dict[str, Any]) -> None:
    servers = [{"server": "x", "type": "local", "path": "data/*.parquet", "format": "parquet"}]

    assert len(a_contract(level, servers=servers).compilation.not_executable) == 1


@pytest.mark.parametrize(
    ("custom", "place"),
    [
        ([{"property": "calendar", "value": "sometimes"}], "calendar: 'sometimes' is not a calendar"),
        ([{"property": "calendar", "value": "* * 32 * *"}], "is not a calendar"),
    ],
)
def test_what_cannot_be_read_names_its_place(custom: list[Any], place: str) -> None:
    with pytest.raises(ContractError, match=place):
        read(minimal(customProperties=custom))


@pytest.mark.parametrize(
    ("level", "why"),
    [
        ({"property": "latency", "value": 3}, "3 is not a time span: write `value: 4` with `unit: h`, or PT4H"),
        ({"property": "timeOfAvailability", "value": "soon"}, "'soon' is not a time of day"),
        ({"property": "errorRate", "value": 500}, "500 is not a percentage"),
        ({"property": "frequency", "value": "often"}, "'often' is not a time span"),
        ({"property": "frequency", "value": 1, "schedule": "daily", "unit": "d"}, "'daily' is not a cron expression"),
        ({"property": "generalAvailability", "value": "now"}, "'now' is not a date"),
        ({"property": "endOfLife", "value": "Available 24/7"}, "'Available 24/7' is not a date"),
        ({"property": "endOfSupport", "value": "never"}, "'never' is not a date"),
        ({"property": "throughput", "value": 10, "valueExt": 5}, "10 is above valueExt 5"),
    ],
)
def test_a_level_that_cannot_be_read_promises_nothing_and_says_so(level: dict[str, Any], why: str) -> None:
    compilation = compile_dataset(read(minimal(apiVersion="v3.2.0", slaProperties=[level])))

    (unread,) = compilation.not_executable
    assert unread.clause == "slaProperties[0]"
    assert why in unread.why
    assert [check for check in compilation.suite.checks if check.clause == "slaProperties[0]"] == []


def test_a_limit_that_cannot_be_read_keeps_its_default() -> None:
    read_limits = read(minimal(slaProperties=[{"property": "errorRate", "value": "few"}])).limits

    assert read_limits.quarantine_limit == Limits().quarantine_limit


# The calendar


@pytest.mark.parametrize(
    ("calendar", "schedule", "expected"),
    [
        ("all", None, [6, 7, 8, 9]),
        ("weekdays", None, [6, 9]),
        ("0 0 * * SAT,sun", None, [7, 8]),
        ("0 0 7-31/2 * *", None, [7, 9]),
        ("0 0 7 11 FRI", None, [6, 7]),
        ("* * * 12 *", None, []),
        ("@weekly", None, [8]),
        ("all", "15 2 * * 7", [8]),
        ("all", "a line that only Airflow reads", [6, 7, 8, 9]),
    ],
)
def test_a_calendar_says_which_days_are_expected(calendar: str, schedule: str | None, expected: list[int]) -> None:
    frequency = [{"property": "frequency", "value": 1, "unit": "d", "schedule": schedule}] if schedule else []
    contract = read(minimal(customProperties=[{"property": "calendar", "value": calendar}], slaProperties=frequency))

    assert [day for day in (6, 7, 8, 9) if is_expected(contract, f"2026-11-{day:02}")] == expected


def test_a_calendar_of_hours_says_which_hours_are_expected() -> None:
    servers = [{"server": "x", "type": "local", "path": "/d/dt=*/hour=*/*.parquet", "format": "parquet"}]
    calendar = [{"property": "calendar", "value": "0 8-17 * * 1-5"}]
    contract = read(minimal(servers=servers, customProperties=calendar))

    keys = ["2026-11-06/07", "2026-11-06/08", "2026-11-06/17", "2026-11-06/18", "2026-11-07/08"]
    assert [is_expected(contract, key) for key in keys] == [False, True, True, False, False]


@pytest.mark.parametrize(
    ("levels", "hour"), [([], 0), ([LATENCY], 4), ([LATENCY, {"property": "ta", "value": "07:00"}], 7)]
)
def test_a_partition_is_due_by_its_clock_else_its_latency_else_when_its_period_ends(levels: Any, hour: int) -> None:
    assert due(a_contract(*levels).dataset, KEY) == ENDS + hour * HOUR
