"""What the watch finds out about a dataset: partitions that are overdue, wait or changed; promises and folders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.test_odcs import minimal, read

from partition_gate.checks.compiling.compiled import CompiledDataset, compiled
from partition_gate.core.partition import DataFile, LandedKeys, Partition
from partition_gate.incidents.model import Incident, IncidentState, Problem, ProblemKind
from partition_gate.judging.attempt import RecordedOutcome
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.watching.heartbeat import STOPPED, Heartbeat, silence, stopped
from partition_gate.watching.partitions import (
    LOOK_BACK,
    Window,
    has_changed,
    overdue,
    overdue_at,
    promised,
    to_compare,
    waiting,
    window,
    without_strays,
)
from partition_gate.watching.problems import Seen, news, of_contracts, seen, unreadable

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTES = timedelta(minutes=1)
NOBODY: frozenset[str] = frozenset()


def server(path: str) -> list[dict[str, str]]:
    return [{"server": "x", "type": "local", "path": path, "format": "parquet"}]


HOURLY = server("/d/dt=*/hour=*/*.parquet")
REGIONS = server("/d/region=*/dt=*/*.parquet")
SNAPSHOT = server("/d/*.parquet")
LATENCY = {"property": "latency", "value": 4, "unit": "h"}


def contract(*slas: dict[str, Any], **changes: Any) -> CompiledDataset:
    """The daily dataset of `minimal`, with these service levels; keywords starting a custom property are camel case."""
    custom = [{"property": name, "value": changes.pop(name)} for name in ("startDate", "calendar") if name in changes]
    return compiled(read(minimal(slaProperties=list(slas), customProperties=custom, **changes)))


class Found:
    """A window of a dataset with outcomes, and everything that the watch concludes from them."""

    def __init__(
        self, of: CompiledDataset, *landed: str, now: datetime = NOW, earlier: bool = False, **outcomes: str
    ) -> None:
        self.of, self.dataset, self.now = of, of.dataset, now
        keys = LandedKeys(keys=tuple(sorted(landed, key=of.dataset.location.order)), has_earlier=earlier)
        self.outcomes = {key.replace("_", "-").removeprefix("d"): _outcome(key, word) for key, word in outcomes.items()}
        whole = window(of.dataset, keys, now=now)
        self.window = without_strays(of.dataset, whole, self.outcomes, now=now)

    @property
    def promised(self) -> tuple[tuple[str, ...], ...]:
        return promised(self.dataset, self.window, self.outcomes, now=self.now)

    @property
    def overdue(self) -> tuple[str, ...]:
        return overdue(lambda key: self.of.in_force(key).dataset, self.promised, self.outcomes, now=self.now)

    @property
    def absent(self) -> tuple[str, ...]:
        """The overdue partitions that are not in landing."""
        return tuple(key for key in self.overdue if key not in self.window.landed)

    @property
    def problems(self) -> dict[str, str]:
        found = seen(
            self.dataset, self.of.suite.suite, self.window, self.promised, self.outcomes, now=self.now
        ).problems
        return {problem.cause: problem.finding for problem in found}


def _outcome(key: str, word: str, *, fingerprint: str = "f1") -> RecordedOutcome:
    outcome = PartitionOutcome(word)
    return RecordedOutcome(
        partition_key=key.replace("_", "-").removeprefix("d"),
        outcome=outcome,
        settled_at=NOW - timedelta(hours=1),
        fingerprint=fingerprint,
        is_visible=word.startswith("published"),
    )


def days(first: int, last: int) -> tuple[str, ...]:
    return tuple(f"2026-11-{day:02}" for day in range(first, last + 1))


# Overdue


def test_a_day_that_never_came_is_overdue_after_its_deadline():
    assert Found(contract(LATENCY), "2026-11-17", "2026-11-18").absent == ("2026-11-19",)


def test_before_its_deadline_nothing_is_overdue():
    almost = datetime(2026, 11, 20, 3, 59, tzinfo=UTC)

    assert Found(contract(LATENCY), "2026-11-17", "2026-11-18", now=almost).absent == ()


def test_a_day_with_an_outcome_is_not_overdue():
    assert Found(contract(LATENCY), "2026-11-18", d2026_11_19="missing").absent == ()


def test_what_landed_is_overdue_too_because_it_may_be_incomplete():
    assert Found(contract(LATENCY), "2026-11-18", "2026-11-19").overdue == ("2026-11-18", "2026-11-19")


def test_a_new_contract_without_data_and_without_a_start_misses_nothing():
    assert Found(contract(LATENCY)).overdue == ()


def test_nothing_is_missed_before_the_first_partition_that_landed():
    assert Found(contract(LATENCY), "2026-11-16", d2026_11_16="published", d2026_11_18="published").overdue == (
        "2026-11-17",
        "2026-11-19",
    )


def test_a_producer_that_stopped_before_the_look_back_is_missed_on_every_day_of_it():
    missed = Found(contract(LATENCY), earlier=True).overdue

    assert (missed[0], missed[-1], len(missed)) == ("2026-10-21", "2026-11-19", LOOK_BACK.days)


def test_a_start_date_bounds_what_is_missed():
    assert Found(contract(LATENCY, startDate="2026-11-18")).overdue == ("2026-11-18", "2026-11-19")


def test_nothing_is_missed_that_was_due_before_general_availability():
    available = {"property": "generalAvailability", "value": "2026-11-19"}

    assert Found(contract(LATENCY, available, startDate="2026-01-01")).overdue == ("2026-11-18", "2026-11-19")


def test_the_calendar_decides_which_days_are_missed():
    found = Found(contract(LATENCY, startDate="2026-11-12", calendar="weekdays"), now=NOW - timedelta(days=3))

    assert found.overdue == ("2026-11-12", "2026-11-13", "2026-11-16")


def test_every_region_that_landed_is_missed_on_its_own():
    found = Found(contract(LATENCY, servers=REGIONS), "EU/2026-11-18", "US/2026-11-17", "US/2026-11-18")

    assert found.absent == ("EU/2026-11-19", "US/2026-11-19")


def test_an_hour_is_missed_after_its_own_deadline():
    found = Found(contract({"property": "latency", "value": 1, "unit": "h"}, servers=HOURLY), "2026-11-20/08")

    assert found.overdue == ("2026-11-20/08", "2026-11-20/09", "2026-11-20/10")


def test_a_snapshot_is_never_overdue():
    assert Found(contract(LATENCY, servers=SNAPSHOT), "snapshot").overdue == ()


@pytest.mark.parametrize(
    ("slas", "at"),
    [
        ([LATENCY], "2026-11-20T04:00"),
        ([{"property": "timeOfAvailability", "value": "07:30"}], "2026-11-20T07:30"),
        ([LATENCY, {"property": "timeOfAvailability", "value": "07:30"}], "2026-11-20T04:00"),
        ([], "2026-11-21T00:00"),
    ],
)
def test_a_partition_is_overdue_by_the_first_promise_of_time_that_it_has(slas, at):
    expected = datetime.fromisoformat(at).replace(tzinfo=UTC)

    assert overdue_at(contract(*slas).dataset, "2026-11-19") == expected


def test_a_contract_that_promises_no_time_waits_for_one_more_period():
    landed = "2026-11-18"

    assert Found(contract(), landed).absent == ()
    assert Found(contract(), landed, now=NOW + timedelta(hours=12)).absent == ("2026-11-19",)


# Waiting, and changed


def test_what_landed_without_an_outcome_waits_late_or_not():
    found = Found(contract(LATENCY), *days(15, 20), d2026_11_16="published", d2026_11_17="missing")

    assert waiting(found.window, found.outcomes, NOBODY) == (*days(15, 15), *days(17, 20))


@pytest.mark.parametrize("outcome", ["rejected", "held", "errored", "published_with_quarantine"])
def test_what_has_been_judged_does_not_wait(outcome):
    found = Found(contract(), "2026-11-19", d2026_11_19=outcome)

    assert waiting(found.window, found.outcomes, NOBODY) == ()


def test_a_partition_that_a_run_works_on_does_not_wait():
    assert waiting(Found(contract(), "2026-11-19").window, {}, frozenset({"2026-11-19"})) == ()


def test_what_landed_for_a_time_before_the_look_back_does_not_wait():
    found = Found(contract(), "2026-10-19", "2026-10-20", "2026-10-21")

    assert (found.window.landed, found.window.has_earlier) == (("2026-10-21",), True)


def test_a_snapshot_without_an_outcome_waits():
    assert waiting(Found(contract(servers=SNAPSHOT), "snapshot").window, {}, NOBODY) == ("snapshot",)


def test_every_settled_partition_is_compared_once_a_cycle_and_the_newest_in_every_pass():
    keys = days(1, 19)
    found = Found(contract(), *keys)
    found.outcomes = {key: _outcome(key, "published") for key in keys}

    passes = [
        to_compare(found.window, found.outcomes, NOBODY, number=number, interval=5 * MINUTES) for number in range(18)
    ]

    assert all(compared[-1] == "2026-11-19" for compared in passes)
    assert sorted(key for compared in passes for key in compared[:-1]) == list(days(1, 18))


def test_a_month_of_hours_is_compared_once_a_day_with_few_listings_in_a_pass():
    keys = [f"2026-11-{day:02}/{hour:02}" for day in range(1, 20) for hour in range(24)]
    found = Found(contract(servers=HOURLY), *keys)
    outcomes = {key: _outcome(key, "published") for key in keys}

    passes = [to_compare(found.window, outcomes, NOBODY, number=n, interval=5 * MINUTES) for n in range(288)]

    assert sorted(key for compared in passes for key in compared[:-1]) == keys[:-1]
    assert max(map(len, passes)) < 10


def test_missing_partitions_are_not_compared():
    found = Found(contract(), "2026-11-19", d2026_11_19="missing")

    assert to_compare(found.window, found.outcomes, NOBODY, number=0, interval=5 * MINUTES) == ()


def a_partition(modified_at: datetime = NOW) -> Partition:
    file = DataFile(path="/d/dt=2026-11-19/a.parquet", etag="1", size_bytes=1, modified_at=modified_at)
    return Partition(dataset="t", key="2026-11-19", files=(file,))


def test_other_files_than_the_judged_ones_are_a_change_whenever_they_were_written():
    judged = _outcome("2026-11-19", "published", fingerprint="other")
    same = _outcome("2026-11-19", "published", fingerprint=a_partition().fingerprint)

    assert (has_changed(judged, a_partition(NOW - LOOK_BACK)), has_changed(same, a_partition())) == (True, False)


def test_without_a_fingerprint_a_file_that_landed_after_the_outcome_is_a_change():
    judged = _outcome("2026-11-19", "published", fingerprint="")
    errored = _outcome("2026-11-19", "errored", fingerprint="")
    before = a_partition(judged.settled_at - MINUTES)

    assert (has_changed(judged, a_partition()), has_changed(judged, before)) == (True, False)
    assert not has_changed(errored, a_partition())


# Folders


def test_a_day_that_the_calendar_does_not_expect_is_a_problem_of_its_folder():
    found = Found(contract(calendar="weekdays"), "2026-11-13", "2026-11-14")

    assert found.window.landed == ("2026-11-13",)
    assert found.problems == {
        "folder dt=2026-11-14": "dt=2026-11-14 is not judged: the contract's calendar does not expect 2026-11-14"
    }


def test_a_day_in_the_future_is_a_problem_of_its_folder():
    found = Found(contract(), "2062-11-13")

    assert found.window.landed == ()
    assert list(found.problems) == ["folder dt=2062-11-13"]


def test_a_folder_without_a_key_is_a_problem_with_its_reason():
    keys = LandedKeys(keys=(), refused=(("dt=soon", "dt: 'soon' is not a calendar date"),))
    of = contract()
    found = seen(of.dataset, of.suite.suite, window(of.dataset, keys, now=NOW), (), {}, now=NOW)

    assert [(p.cause, p.kind) for p in found.problems] == [("folder dt=soon", ProblemKind.LANDING)]


def test_an_unexpected_partition_that_a_person_ran_is_no_problem():
    assert Found(contract(calendar="weekdays"), "2026-11-14", d2026_11_14="published").problems == {}


def test_many_folders_are_counted_instead_of_named():
    refused = tuple((f"dt=x{number:02}", "no date") for number in range(25))
    of, keys = contract(), LandedKeys(keys=(), refused=refused)
    found = seen(of.dataset, of.suite.suite, window(of.dataset, keys, now=NOW), (), {}, now=NOW)

    assert len(found.problems) == 21
    assert found.problems[-1].finding == "5 more folders are not judged"


# Promises between runs


FRESH = {"property": "freshness", "value": 30, "unit": "h", "element": "at"}
TIMES = [{"name": "t", "properties": [{"name": "at", "logicalType": "timestamp"}]}]


def test_a_dataset_is_stale_when_its_next_partition_can_no_longer_be_fresh():
    found = Found(contract(FRESH, schema=TIMES), "2026-11-17", d2026_11_17="published")

    assert found.problems == {
        "freshness.at": (
            "2026-11-18 is not published, and was due 2026-11-20 06:00 UTC (newest at at most 30 hours old when the "
            "partition is published); the newest published partition is 2026-11-17"
        )
    }


def test_a_dataset_is_fresh_until_its_next_partition_is_due():
    assert Found(contract(FRESH, schema=TIMES), "2026-11-18", d2026_11_18="published").problems == {}


def test_a_time_of_availability_that_passed_without_a_publication_is_a_problem():
    found = Found(contract({"property": "timeOfAvailability", "value": "07:30"}), "2026-11-18", d2026_11_18="published")

    assert found.problems["timeOfAvailability"].startswith("2026-11-19 is not published, and was due 2026-11-20 07:30")


def test_a_snapshot_is_stale_when_its_publication_is_older_than_its_promise():
    of = contract({**FRESH, "value": 1}, schema=TIMES, servers=SNAPSHOT)
    stale = Found(of, "snapshot", snapshot="published", now=NOW + MINUTES)
    fresh = Found(of, "snapshot", snapshot="published")

    assert (list(stale.problems), fresh.problems) == (["freshness.at"], {})


def test_a_draft_promises_nothing():
    assert Found(contract(FRESH, schema=TIMES, status="draft"), "2026-11-15", d2026_11_15="published").problems == {}


LANDS = "but data still lands (2026-11-19)"


@pytest.mark.parametrize(
    ("word", "day", "landed", "finding"),
    [
        ("endOfSupport", "2026-12-04", "2026-11-19", "support ends on 2026-12-04"),
        ("endOfSupport", "2026-12-05", "2026-11-19", None),
        ("endOfSupport", "2026-11-18", "2026-11-19", f"support ended on 2026-11-18, {LANDS}"),
        ("endOfSupport", "2026-11-18", "2026-11-17", None),
        ("endOfLife", "2026-11-21", "2026-11-19", "the data's life ends on 2026-11-21"),
        ("endOfLife", "2026-11-19", "2026-11-18", None),
        ("endOfLife", "2026-11-18", "2026-11-19", f"the data's life ended on 2026-11-18, {LANDS}"),
    ],
)
def test_the_end_of_a_contract_is_a_problem_two_weeks_before_and_while_data_still_lands(word, day, landed, finding):
    found = Found(contract({"property": word, "value": day}), landed)
    found.outcomes = {landed: _outcome(landed, "published")}

    assert found.problems == ({word: finding} if finding else {})


# What is recorded


def an_incident(cause: str, finding: str = "x", *, keys: tuple[str, ...] = ("",)) -> Incident:
    return Incident(
        dataset="t",
        contract="t",
        cause=cause,
        kind=ProblemKind.LANDING,
        state=IncidentState.OPEN,
        finding=finding,
        opened_at=NOW,
        since="",
        last_key="",
        last_position="",
        last_at=NOW,
        keys=keys,
    )


def a_look(*causes: str, examined: frozenset[str] = frozenset({"a", "b", "folder "})) -> Seen:
    problems = tuple(Problem(cause=cause, kind=ProblemKind.LANDING, finding="x") for cause in causes)
    return Seen(problems=problems, examined=examined)


def test_only_news_are_recorded():
    first, again = news(a_look("a"), ()), news(a_look("a"), [an_incident("a")])

    assert first is not None
    assert ([problem.cause for problem in first.problems], again) == (["a"], None)


def test_a_problem_with_another_finding_is_news():
    assert news(a_look("a"), [an_incident("a", "y")]) is not None


def test_a_folder_that_is_gone_and_a_promise_that_is_kept_again_are_in_order():
    found = news(a_look("a"), [an_incident("b"), an_incident("folder dt=x"), an_incident("missing")])

    assert found is not None
    assert found.in_order == frozenset({"b", "folder dt=x"})


def test_an_incident_of_partitions_only_is_left_to_their_runs():
    assert news(a_look(), [an_incident("a", keys=("2026-11-19",))]) is None


def test_a_landing_that_cannot_be_listed_says_nothing_about_folders():
    found = news(unreadable("no answer"), [an_incident("folder dt=x"), an_incident("a")])

    assert found is not None
    assert ([problem.cause for problem in found.problems], found.in_order) == (["landing unreadable"], frozenset())


def test_a_contract_file_that_can_be_used_again_is_in_order_and_so_is_the_watch():
    active = [an_incident("contract a.odcs.yaml"), an_incident("contract b.odcs.yaml"), an_incident(STOPPED)]
    found = news(of_contracts([("b.odcs.yaml", "line 1: no id\nline 2")]), active)

    assert found is not None
    assert found.problems[0].finding == ("b.odcs.yaml cannot be used, so its partitions are not judged: line 1: no id")
    assert found.in_order == frozenset({"contract a.odcs.yaml", STOPPED})


# The heartbeat


@pytest.mark.parametrize(("minutes", "is_silent"), [(15, False), (16, True)])
def test_a_watch_is_silent_after_three_intervals(minutes, is_silent):
    beat = Heartbeat(at=NOW, interval=5 * MINUTES)
    now = NOW + minutes * MINUTES

    assert (silence(beat, now=now) is not None, stopped(beat, now=now) is not None) == (is_silent, is_silent)


def test_a_silent_watch_is_described_with_the_next_step():
    said = silence(Heartbeat(at=NOW, interval=5 * MINUTES), now=NOW + 45 * MINUTES)

    assert said == (
        "The watch has not run for 45 min (it ran every 5 minutes, last at 2026-11-20 12:00 UTC), so a partition that "
        "does not come is not noticed; unpause the DAG gate_watch in Airflow, or run: gate watch --every 5m"
    )


def test_leftovers_are_swept_at_most_once_an_hour():
    beat = Heartbeat(at=NOW, interval=5 * MINUTES)
    swept = beat.model_copy(update={"swept_at": NOW})

    assert beat.is_sweep_due(NOW)
    assert [swept.is_sweep_due(NOW + minutes * MINUTES) for minutes in (59, 60)] == [False, True]


def test_a_window_is_a_record_of_few_keys():
    found = Found(contract(LATENCY), *days(1, 19))

    assert isinstance(found.window, Window)
    assert len(found.window.keys) == LOOK_BACK.days
