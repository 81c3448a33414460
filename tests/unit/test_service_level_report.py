"""What `gate sla` counts: expected, due partitions, each by its current version and by what was promised for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.test_odcs import minimal, read

from partition_gate.checks.compiling.compiled import CompiledDataset, compiled
from partition_gate.contract.calendar import expected_periods, is_expected, newest_ended, period, window_keys
from partition_gate.contract.schedule import example_key
from partition_gate.core.errors import OperatorError
from partition_gate.gate.operations import forget
from partition_gate.gate.pipeline import run_partition
from partition_gate.gate.service_levels import service_level_reports
from partition_gate.judging.attempt import Attempt
from partition_gate.judging.burn_rate import BurnSeverity
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.judging.measurement import Amount, Measurement, State
from partition_gate.judging.service_level_report import ClauseReport
from partition_gate.testing.builders import a_claim, a_settlement
from partition_gate.testing.ledger import InMemoryLedger
from partition_gate.testing.ports import FakePorts, failing

LATENCY = {"property": "latency", "value": 4, "unit": "h"}
READY_BY = {"property": "timeOfAvailability", "value": "07:30"}
AVAILABLE = {"property": "availability", "value": 90, "unit": "percent"}
SINCE = {"property": "startDate", "value": "2026-11-01"}
COLUMNS = [{"name": "dt", "logicalType": "date", "partitioned": True}, {"name": "id", "logicalType": "integer"}]
NOW = datetime(2026, 11, 11, 12, tzinfo=UTC)
WEEK = timedelta(days=7)


def a_document(*levels: dict[str, Any], custom: Sequence[dict[str, Any]] = (SINCE,), **changes: Any) -> str:
    quality = [{"id": "rows", "metric": "rowCount", "mustBeGreaterThan": 0}]
    schema = [{"name": "orders", "properties": COLUMNS, "quality": quality}]
    return minimal(**{"schema": schema, "slaProperties": list(levels), "customProperties": list(custom), **changes})


def a_contract(*levels: dict[str, Any], **changes: Any) -> CompiledDataset:
    return compiled(read(a_document(*levels, **changes)))


class Days:
    """The gate over ports in memory, and a clock that tests set."""

    def __init__(self, folder: Path) -> None:
        self.ports = FakePorts(folder / "spool")

    def run(self, contract: CompiledDataset, day: int, *, at: datetime, ids: Sequence[int] | None = (1, 2)) -> str:
        """Judge a day of November; without ids, nothing has landed."""
        key = f"2026-11-{day:02}"
        if ids is not None:
            self.ports.store.land(key, ids)
        self.ports.clock.time = at
        return run_partition(contract, key, ports=self.ports).settlement.outcome.value

    def on_time(self, contract: CompiledDataset, *days: int) -> None:
        for day in days:
            assert self.run(contract, day, at=morning(day, 7)) == "published"

    def reports(self, contract: CompiledDataset, *, window: timedelta = WEEK, now: datetime = NOW) -> dict[str, Any]:
        return reports(contract, self.ports.ledger, window=window, now=now)


def morning(day: int, hour: int, minute: int = 0) -> datetime:
    """The morning after a day of November."""
    return datetime(2026, 11, day + 1, hour, minute, tzinfo=UTC)


def reports(
    contract: CompiledDataset, ledger: InMemoryLedger, *, window: timedelta = WEEK, now: datetime = NOW
) -> dict[str, ClauseReport]:
    found = service_level_reports([contract], window=window, now=now, ledger=ledger)
    return {report.rule_id: report for report in found}


def counts(report: ClauseReport) -> tuple[int, int, int]:
    """Kept, broken, unknown."""
    return report.attainment.kept, report.attainment.broken, report.attainment.unknown


def broken(report: ClauseReport) -> list[str]:
    return [each.partition_key for each in report.broken]


@pytest.fixture
def days(tmp_path: Path) -> Days:
    return Days(tmp_path)


# Which version of a partition counts


def test_a_kept_promise_stays_kept_and_a_broken_one_broken_although_both_are_corrected(days: Days) -> None:
    contract = a_contract(READY_BY)
    days.on_time(contract, 4)
    days.run(contract, 5, at=morning(5, 8))

    days.run(contract, 4, at=morning(9, 12), ids=(1, 2, 3))
    days.run(contract, 5, at=morning(5, 7, 30), ids=(1, 2, 3))
    days.run(contract, 5, at=morning(9, 12), ids=(1, 2, 3, 4))

    found = days.reports(contract)["timeOfAvailability"]
    margins = [each.measurement.margin for each in found.broken if each.partition_key == "2026-11-05"]
    assert "2026-11-04" not in broken(found)
    assert margins == [-1800]


def test_a_missing_partition_is_counted_without_a_validation_until_it_comes(days: Days) -> None:
    contract = a_contract({**LATENCY, "value": 16})

    assert days.run(contract, 4, at=morning(4, 17), ids=None) == "missing"
    absent = days.reports(contract)["latency"]
    days.run(contract, 4, at=morning(4, 18))
    came = days.reports(contract)["latency"]

    assert broken(absent) == ["2026-11-04"]
    assert absent.worst is not None
    assert absent.worst.measurement.margin is None
    assert (counts(came)[:2], broken(came)) == ((1, 0), [])


def test_a_rejected_delivery_does_not_hide_the_version_that_consumers_see(days: Days) -> None:
    contract = a_contract(READY_BY, AVAILABLE)
    days.on_time(contract, 4)
    days.ports.validator.broken = {"rows"}

    assert days.run(contract, 4, at=morning(9, 12), ids=(1,)) == "rejected"

    assert counts(days.reports(contract)["availability"])[0] == 1


def test_a_partition_that_is_rejected_before_it_is_due_is_late_once_that_has_passed(days: Days) -> None:
    contract = a_contract(READY_BY, AVAILABLE)
    days.ports.validator.broken = {"rows"}

    assert days.run(contract, 10, at=morning(10, 7)) == "rejected"

    found = days.reports(contract)
    assert "2026-11-10" in broken(found["timeOfAvailability"])
    assert "2026-11-10" in broken(found["availability"])


def test_a_publish_that_failed_has_kept_nothing(days: Days) -> None:
    contract = a_contract(LATENCY, READY_BY, custom=())
    with failing(days.ports.warehouse, "publish", OperatorError("the disk is full")):
        assert days.run(contract, 10, at=morning(10, 7)) == "errored"

    found = days.reports(contract)

    assert (counts(found["latency"]), counts(found["timeOfAvailability"])) == ((0, 0, 1), (0, 1, 0))
    assert "2026-11-10" in broken(found["timeOfAvailability"])


def test_a_forgotten_outcome_is_not_counted(days: Days) -> None:
    contract = a_contract({**LATENCY, "value": 16}, custom=())
    days.run(contract, 4, at=morning(4, 17), ids=None)
    days.run(contract, 5, at=morning(5, 17), ids=None)

    forget(contract, "2026-11-05", who="ann", why="typo", ports=days.ports)

    assert broken(days.reports(contract)["latency"]) == ["2026-11-04"]


# Which promises count


def test_a_clause_that_did_not_exist_is_not_counted_and_a_changed_one_is_counted_as_it_was(days: Days) -> None:
    before = a_contract(READY_BY)
    days.run(before, 4, at=morning(4, 8))
    days.on_time(before, 5)
    later = a_contract(LATENCY, {**READY_BY, "value": "09:00"}, version="2.0.0")
    days.run(later, 6, at=morning(6, 8))

    found = days.reports(later)

    assert counts(found["latency"])[:2] == (1, 0)
    assert [key for key in broken(found["timeOfAvailability"]) if key <= "2026-11-06"] == ["2026-11-04"]
    assert found["timeOfAvailability"].promised == "published by 09:00 (UTC) after its period ends"


def test_a_missing_partition_is_counted_by_the_promises_of_its_own_version(days: Days) -> None:
    before = a_contract(READY_BY)
    assert days.run(before, 4, at=morning(4, 17), ids=None) == "missing"

    found = days.reports(a_contract(LATENCY, {**READY_BY, "value": "23:00"}, version="2.0.0", custom=()))

    assert "2026-11-04" in broken(found["timeOfAvailability"])
    assert "2026-11-04" not in broken(found["latency"])


def test_each_partition_is_due_by_the_version_in_force_in_its_period(days: Days) -> None:
    effective = {"property": "effectiveFrom", "value": "2026-11-08"}
    first = read(a_document(READY_BY))
    today = read(a_document(LATENCY, version="2.0.0", custom=(SINCE, effective)))

    found = days.reports(compiled(today, [first]))["latency"]

    assert counts(found) == (0, 0, 3)


@pytest.mark.parametrize(("before", "after", "whole"), [("04:00", "23:00", 6), ("23:00", "04:00", 8)])
def test_a_version_decides_when_its_own_partitions_are_due(days: Days, before: str, after: str, whole: int) -> None:
    effective = {"property": "effectiveFrom", "value": "2026-11-08"}
    first = read(a_document({**READY_BY, "value": before}))
    today = read(a_document({**READY_BY, "value": after}, version="2.0.0", custom=(SINCE, effective)))

    assert counts(days.reports(compiled(today, [first]))["timeOfAvailability"]) == (0, whole, 0)


def test_a_former_version_may_have_allowed_far_more_time(days: Days) -> None:
    effective = {"property": "effectiveFrom", "value": "2026-11-08"}
    first = read(a_document({**LATENCY, "value": 120}))
    today = read(a_document(LATENCY, version="2.0.0", custom=(SINCE, effective)))

    found = days.reports(compiled(today, [first]), window=timedelta(days=2))["latency"]

    assert counts(found) == (0, 0, 4)  # the 4th and the 5th, and the 9th and the 10th


def test_the_end_of_support_is_a_date_and_not_a_level_that_can_be_missed(days: Days) -> None:
    assert days.reports(a_contract({"property": "endOfSupport", "value": "2026-01-01"})) == {}


# Targets


def test_the_availability_is_the_target_of_what_decides_whether_a_partition_is_on_time(days: Days) -> None:
    retention = {"property": "retention", "value": 3, "unit": "y"}

    found = days.reports(a_contract(LATENCY, READY_BY, AVAILABLE, retention))

    targets = {
        rule: (each.attainment.target.fraction, each.attainment.target.is_default) for rule, each in found.items()
    }
    own = dict.fromkeys(("latency", "timeOfAvailability", "availability"), (0.9, False))
    assert targets == {**own, "retention": (0.99, True)}


def test_without_an_availability_the_target_is_the_default(days: Days) -> None:
    assert days.reports(a_contract(LATENCY))["latency"].attainment.target.is_default


def test_a_partition_is_available_if_it_is_published_and_kept_what_makes_it_on_time(days: Days) -> None:
    contract = a_contract(READY_BY, AVAILABLE)
    days.on_time(contract, 4, 5, 6)
    days.run(contract, 7, at=morning(7, 8))

    found = days.reports(contract)["availability"]

    assert counts(found) == (3, 4, 0)
    assert broken(found) == ["2026-11-07", "2026-11-08", "2026-11-09", "2026-11-10"]
    assert found.alert.severity is BurnSeverity.PAGE


def test_a_promise_that_is_only_recorded_alerts_nobody(days: Days) -> None:
    level = {**READY_BY, "customProperties": [{"property": "severity", "value": "info"}]}

    found = days.reports(a_contract(level, apiVersion="v3.2.0"))["timeOfAvailability"]

    assert (counts(found), found.alert.severity) == ((0, 7, 0), BurnSeverity.NONE)


def test_the_worst_come_first(days: Days) -> None:
    days.on_time(a_contract(LATENCY, READY_BY), 4, 5, 6, 7, 8, 9)
    days.run(a_contract(LATENCY, READY_BY), 10, at=morning(10, 8))

    assert list(days.reports(a_contract(LATENCY, READY_BY))) == ["timeOfAvailability", "latency"]


# Which partitions count


@pytest.mark.parametrize(
    ("custom", "levels", "whole"),
    [
        ((SINCE,), (), 7),
        (({"property": "startDate", "value": "2026-11-09"},), (), 2),
        ((SINCE, {"property": "calendar", "value": "weekdays"}), (), 5),
        ((SINCE,), ({"property": "generalAvailability", "value": "2026-11-10"},), 2),
        ((SINCE,), ({"property": "endOfLife", "value": "2026-11-06"},), 0),
        ((), (), 0),  # nothing says that a partition was expected
    ],
)
def test_only_expected_partitions_that_became_due_in_the_window_count(
    days: Days, custom: Any, levels: Any, whole: int
) -> None:
    assert sum(counts(days.reports(a_contract(LATENCY, *levels, custom=custom))["latency"])) == whole


@pytest.mark.parametrize(("hour", "newest"), [(3, "2026-11-09"), (4, "2026-11-10")])
def test_a_partition_counts_from_the_moment_when_it_is_due(days: Days, hour: int, newest: str) -> None:
    found = days.reports(a_contract(READY_BY | {"value": "04:00"}), now=morning(10, hour, 1))

    assert (counts(found["timeOfAvailability"]), broken(found["timeOfAvailability"])[-1]) == ((0, 7, 0), newest)


def test_without_a_start_date_counting_begins_with_the_first_recorded_partition(days: Days) -> None:
    contract = a_contract(LATENCY, custom=())
    days.on_time(contract, 9)

    assert counts(days.reports(contract)["latency"]) == (1, 0, 1)


def recorded(ledger: InMemoryLedger, key: str, state: State = State.KEPT) -> Attempt:
    attempt = ledger.open_attempt(a_claim(key=key), idempotency_key="k", after_fence=0, now=NOW)
    assert attempt is not None
    figures = Amount(unit="seconds", at_most=60, observed=30)
    measurement = Measurement(rule_id="latency", state=state, sentence="", figures=figures)
    ledger.record_validation(attempt.id, (), document="{}", measurements=[measurement])
    ledger.settle(a_settlement(attempt.id, partition_key=key))
    return attempt


def test_each_region_has_partitions_of_its_own() -> None:
    columns = [*COLUMNS, {"name": "region", "logicalType": "string", "partitioned": True}]
    servers = [{"server": "x", "type": "local", "path": "/d/dt=*/region=*/*.parquet", "format": "parquet"}]
    schema = [{"name": "orders", "properties": columns}]
    ledger = InMemoryLedger()
    for day, region in ((4, "east"), (4, "west"), (5, "east")):
        recorded(ledger, f"2026-11-{day:02}/{region}")
    recorded(ledger, "2026-11-04")  # by an earlier version, whose location had no region

    found = reports(a_contract(LATENCY, schema=schema, servers=servers), ledger)["latency"]

    assert counts(found) == (3, 0, 11)


def test_the_only_partition_of_a_dataset_counts_once() -> None:
    servers = [{"server": "x", "type": "local", "path": "/d/*.parquet", "format": "parquet"}]
    columns = [{"name": "at", "logicalType": "timestamp"}]
    contract = a_contract(
        {"property": "freshness", "value": "1d", "element": "at"},
        schema=[{"name": "orders", "properties": columns}],
        servers=servers,
        custom=(),
    )
    ledger = InMemoryLedger()
    attempt = ledger.open_attempt(a_claim(key="snapshot"), idempotency_key="k", after_fence=0, now=NOW)
    assert attempt is not None
    late = Measurement(rule_id="freshness.at", state=State.BROKEN, sentence="old")
    ledger.record_validation(attempt.id, (), document="{}", measurements=[late])
    ledger.settle(a_settlement(attempt.id, partition_key="snapshot"))

    found = reports(contract, ledger)["freshness.at"]

    assert (counts(found), broken(found)) == ((0, 1, 0), ["snapshot"])


def test_an_outcome_whose_promises_are_not_known_any_more_is_not_counted() -> None:
    ledger = InMemoryLedger()
    attempt = ledger.open_attempt(a_claim(key="2026-11-10"), idempotency_key="k", after_fence=0, now=NOW)
    assert attempt is not None
    ledger.settle(a_settlement(attempt.id, partition_key="2026-11-10", outcome=PartitionOutcome.ERRORED))

    today, changed = (a_contract(READY_BY, version=version, custom=()) for version in ("1.0.0", "2.0.0"))

    assert counts(reports(today, ledger)["timeOfAvailability"]) == (0, 1, 0)
    assert counts(reports(changed, ledger)["timeOfAvailability"]) == (0, 0, 0)


# The calendar


NEW_YORK = {"property": "timezone", "value": "America/New_York"}
HOURLY = [{"server": "x", "type": "local", "path": "/d/dt=*/hour=*/*.parquet", "format": "parquet"}]


@pytest.mark.parametrize(
    ("servers", "key"), [(None, "2026-11-03"), (HOURLY, "2026-11-01/05"), (HOURLY, "2026-03-08/05")]
)
def test_the_periods_of_a_window_are_those_of_its_keys(servers: Any, key: str) -> None:
    calendar = {"property": "calendar", "value": "* 0-3 * * *"}
    own = {} if servers is None else {"servers": servers}
    dataset = a_contract(custom=(NEW_YORK, calendar), **own).dataset

    found = list(expected_periods(dataset, key, WEEK))

    expected = [each for each in window_keys(dataset, key, WEEK) if is_expected(dataset, each)]
    assert found == [(each, *(period(dataset, each) or ())) for each in expected]
    assert len(expected) > 5


@pytest.mark.parametrize(("servers", "key"), [(None, "2026-11-10"), (HOURLY, "2026-11-11/06")])
def test_an_example_leads_to_the_newest_period_that_has_ended(servers: Any, key: str) -> None:
    dataset = a_contract(custom=(NEW_YORK,), **({} if servers is None else {"servers": servers})).dataset

    example = example_key(dataset, NOW.date())

    assert example is not None
    assert newest_ended(dataset, example, now=NOW) == key
